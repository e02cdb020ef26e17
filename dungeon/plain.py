"""The game as lines: stdin to stdout, no escape codes, for pipes, scripts and screen readers.

The story streams sentence by sentence, so nothing that was printed is ever taken back. stdout has the story; notes
of the game go to stderr. The same commands as in the app, each a line that starts with a slash; at the end of input
the game ends as with /quit.
"""

import asyncio
import codecs
import io
import sys
import threading
from typing import cast

from corpus.turns import ACTION_MARK, Kind
from dungeon.commands import COMMANDS, Request, read_line
from dungeon.errors import DungeonError
from dungeon.paths import shelf_file
from dungeon.scenario import Scenario, all_scenarios, filled, find_scenario, own_scenario
from dungeon.session import Session
from dungeon.shelf import Shelf
from dungeon.storyteller.local import LocalStoryteller
from dungeon.storyteller.open import Storyteller
from dungeon.tale.adventure import Node
from dungeon.tale.prose import sentence_end

_LAST_TURNS = 4


def play_plain(storyteller: Storyteller, *, scenario: Scenario | None, go_on: bool, seed: int | None) -> None:
    """Plays until /quit or the end of input.

    Raises:
        DungeonError: nothing could be played.
    """
    for stream in (sys.stdout, sys.stderr):
        # Whatever the locale says: a story is not lost to a console that can't show a letter of it.
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    shelf = Shelf(shelf_file())
    try:
        asyncio.run(_Game(Session(shelf, storyteller, seed)).play(scenario, go_on))
    except KeyboardInterrupt:
        _note("Stopped. Everything is saved; --continue goes on.")
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has left: there is nobody to tell.
        sys.stderr.close()
    finally:
        shelf.close()


class _Quit(Exception):
    pass


class _Game:
    def __init__(self, session: Session) -> None:
        self.session = session
        self.mode = Kind.DO

    async def play(self, scenario: Scenario | None, go_on: bool) -> None:
        self.lines = _Lines()
        storyteller = self.session.storyteller
        if isinstance(storyteller, LocalStoryteller):
            storyteller.on_fetch = _FetchNote()
        loading = asyncio.create_task(storyteller.start())
        try:
            if go_on:
                self.session.resume()
                self._show()
            else:
                await self._begin(scenario or await self._choose())
            await loading
            while True:
                await self._line(await self.lines.next())
        except (_Quit, EOFError):
            pass
        finally:
            loading.cancel()
            await asyncio.wait([loading])
            await storyteller.close()

    # ---- beginning -------------------------------------------------------------------------------------------

    async def _choose(self) -> Scenario:
        for number, scenario in enumerate(all_scenarios(), 1):
            _say(f"{number}. {filled(scenario, {}).title} ({scenario.genre})")
        _say("Type a number or a name, or write your own opening in one line.")
        while True:
            line = (await self.lines.next()).strip()
            try:
                return _chosen(line)
            except DungeonError as error:
                _note(str(error))

    async def _begin(self, scenario: Scenario) -> None:
        answers = {}
        for placeholder in scenario.placeholders:
            _say(f"{placeholder.ask} (an empty line: {placeholder.default})")
            answers[placeholder.name] = await self.lines.next()
        self.session.begin(filled(scenario, answers))
        self._show()

    # ---- a line ----------------------------------------------------------------------------------------------

    async def _line(self, line: str) -> None:
        try:
            request = read_line(line, self.mode, self.session.suggestions())
            await self._obey(request)
        except DungeonError as error:
            _note(str(error))

    async def _obey(self, request: Request) -> None:
        session = self.session
        if request.kind is not None:
            printer = _Printer()
            printer.end(await session.turn(request.kind, request.words, printer.grew, printer.began))
        elif request.command == "retry":
            printer = _Printer()
            printer.end(await session.retry(printer.grew, printer.began))
        elif request.command in ("undo", "redo"):
            moved = session.undo() if request.command == "undo" else session.redo()
            if moved is None:
                _note(f"There is nothing to {request.command}.")
            else:
                self._show(1)
        elif request.command == "print":
            self._show()
        elif request.command == "mode":
            order = [Kind.DO, Kind.SAY, Kind.STORY]
            self.mode = order[(order.index(self.mode) + 1) % len(order)]
            _note(f"A bare line is now: {self.mode}.")
        elif request.command == "help":
            _say("\n".join(_help_lines()))
        elif request.command == "new":
            await self._begin(await self._choose())
        elif request.command == "stop":
            _note("Nothing is running. Ctrl-C stops the game in the middle of a turn; what came is kept.")
        else:
            raise _Quit

    def _show(self, turns: int = _LAST_TURNS) -> None:
        """The last turns, from the opening if they reach back to it."""
        adventure = self.session.adventure
        path = adventure.path()
        if len(path) <= turns:
            _say(f"{adventure.title}\n\n{adventure.opening}")
        for node in path[-turns:]:
            _say("")
            _say("\n\n".join(block for block in (_heading(node), node.prose) if block))
        if suggestions := self.session.suggestions():
            _say("")
            for number, action in enumerate(suggestions, 1):
                _say(f"{number}. {action}")


class _Printer:
    """Prints a growing turn in whole sentences."""

    def __init__(self) -> None:
        self.printed = 0

    def began(self, node: Node) -> None:
        _say("")
        if heading := _heading(node):
            _say(f"{heading}\n")

    def grew(self, prose: str) -> None:
        end = sentence_end(prose)
        if end > self.printed:
            self._print(prose[self.printed : end])
            self.printed = end

    def end(self, node: Node) -> None:
        self._print(node.prose[self.printed :] + "\n")
        if not node.prose:
            _note("The storyteller has nothing to say. Try /retry, or do something else.")

    @staticmethod
    def _print(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


class _FetchNote:
    """Tells on stderr, in tenths, how far the weights have come."""

    def __init__(self) -> None:
        self.told = -1

    def __call__(self, done: int, total: int) -> None:
        tenth = done * 10 // total
        if tenth > self.told:
            self.told = tenth
            _note(f"Fetching the voice, once: {done / 1e6:.0f} of {total / 1e6:.0f} MB")


def _chosen(line: str) -> Scenario:
    scenarios = all_scenarios()
    if len(line) < 3 and line.isdecimal() and 1 <= int(line) <= len(scenarios):
        return scenarios[int(line) - 1]
    if line == "/quit":
        raise _Quit
    if len(line.split()) > 4:
        return own_scenario(line)
    return find_scenario(line)


def _heading(node: Node) -> str:
    """How the player's part of a turn is shown."""
    if node.kind is Kind.STORY:
        return node.input
    return ACTION_MARK + node.action if node.action else ""


def _help_lines() -> list[str]:
    rows = [(f"/{command.name} {command.argument}".rstrip(), command.summary) for command in COMMANDS]
    width = max(len(row[0]) for row in rows)
    return [f"{usage:{width}}  {summary}" for usage, summary in rows]


class _Lines:
    """The lines of stdin, read by a thread that nobody has to wait for when the game ends.

    What is not UTF-8 becomes U+FFFD: one odd character must not end a game. The raw stream is read, because a thread
    that waits inside a buffered one keeps Python from exiting.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        threading.Thread(target=self._pump, daemon=True).start()

    async def next(self) -> str:
        """The next line, without its end.

        Raises:
            EOFError: there is none.
        """
        line = await self._queue.get()
        if line is None:
            raise EOFError
        return line

    def _pump(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        rest = ""
        raw = cast(io.BufferedReader, sys.stdin.buffer).raw
        while block := raw.read(1 << 16):
            *lines, rest = (rest + decoder.decode(block)).split("\n")
            for line in lines:
                self._put(line)
        if rest:
            self._put(rest)
        self._put(None)

    def _put(self, line: str | None) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._queue.put_nowait, line)


def _say(text: str) -> None:
    print(text, flush=True)


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)

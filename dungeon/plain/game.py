"""The game as lines: stdin to stdout, no escape codes, for pipes, scripts and screen readers.

The story streams sentence by sentence, so nothing that was printed is ever taken back. stdout has the story; notes
of the game go to stderr. The same commands as in the app, each a line that starts with a slash; at the end of input
the game ends as with /quit.
"""

import asyncio
import sys

from corpus.turns import Kind
from dungeon.errors import DungeonError
from dungeon.generation.context_view import context_lines, count_tokens
from dungeon.paths import shelf_file
from dungeon.plain.lines import LineReader, TurnPrinter, note, say, turn_heading
from dungeon.play.commands import COMMANDS, Request, read_line
from dungeon.play.keys import check_keys
from dungeon.play.run_command import node_of, obey
from dungeon.play.session import Session
from dungeon.scenarios.library import builtin_scenarios
from dungeon.scenarios.model import Scenario, fill_placeholders, scenario_from_opening
from dungeon.scenarios.user import find_scenario, user_scenarios
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.local import LocalStoryteller
from dungeon.storyteller.open import Storyteller
from dungeon.tale.adventure import Node

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
        session = Session(shelf, storyteller, seed)
        check_keys(session.settings.global_settings)
        asyncio.run(_Game(session).play(scenario, go_on))
    except KeyboardInterrupt:
        note("Stopped. Everything is saved; --continue goes on.")
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
        self.lines = LineReader()
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
        scenarios = self._scenarios()
        for number, scenario in enumerate(scenarios, 1):
            say(f"{number}. {fill_placeholders(scenario, {}).title} ({scenario.genre or 'yours'})")
        say("Type a number or a name, or write your own opening in one line.")
        while True:
            line = (await self.lines.next()).strip()
            try:
                return _chosen(line, scenarios)
            except DungeonError as error:
                note(str(error))

    @staticmethod
    def _scenarios() -> list[Scenario]:
        """The player's own, and ours."""
        own, broken = user_scenarios()
        for file in broken:
            note(file.message)
        return [*own, *builtin_scenarios()]

    async def _begin(self, scenario: Scenario) -> None:
        answers = {}
        for placeholder in scenario.placeholders:
            say(f"{placeholder.ask} (an empty line: {placeholder.default})")
            answers[placeholder.name] = await self.lines.next()
        self.session.begin(fill_placeholders(scenario, answers))
        self._show()

    # ---- a line ----------------------------------------------------------------------------------------------

    async def _line(self, line: str) -> None:
        try:
            request = read_line(line, self.mode, self.session.suggestions())
            await self._obey(request)
        except DungeonError as error:
            note(str(error))

    async def _obey(self, request: Request) -> None:
        session, command = self.session, request.command
        if request.kind is not None:
            printer = TurnPrinter()
            self._end(printer, await session.play_turn(request.kind, request.words, printer.grew, printer.began))
        elif command == "retry":
            printer = TurnPrinter()
            self._end(printer, await session.retry(printer.grew, printer.began))
        elif command in ("undo", "redo"):
            moved = session.undo() if command == "undo" else session.redo()
            self._moved(moved, f"There is nothing to {command}.")
        elif command in ("left", "right"):
            moved = session.step_take(-1 if command == "left" else 1)
            self._moved(moved, f"There is no take {'before' if command == 'left' else 'after'} this one.")
        elif command == "edit":
            await self._edit(node_of(session, request))
        elif command == "suggest":
            await self._suggest()
        elif command == "context":
            context = session.context()
            say("\n".join(context_lines(context, await count_tokens(session.storyteller, context))))
        elif command == "mode":
            order = [Kind.DO, Kind.SAY, Kind.STORY]
            self.mode = order[(order.index(self.mode) + 1) % len(order)]
            note(f"A bare line is now: {self.mode}.")
        elif command in ("print", "copy"):
            self._show(_LAST_TURNS if command == "print" else 1)
        elif command == "help":
            say("\n".join(_help_lines()))
        elif command == "new":
            await self._begin(await self._choose())
        elif command == "shelf":
            await self._shelf(request.words)
        elif command == "purge":
            await self._purge(node_of(session, request))
        elif command == "stop":
            note("Nothing is running. Ctrl-C stops the game in the middle of a turn; what came is kept.")
        elif command == "quit":
            raise _Quit
        else:
            before = session.adventure.head
            say("\n".join(obey(session, request)))
            if session.adventure.head != before:
                self._show(1)

    def _end(self, printer: TurnPrinter, node: Node) -> None:
        printer.end(node)
        for said in self.session.notes:
            note(said)

    def _moved(self, moved: Node | None, otherwise: str) -> None:
        if moved is None:
            note(otherwise)
        else:
            self._show(1)

    async def _edit(self, node: Node) -> None:
        """Asks for both parts of the turn; a line break is written as \\n."""
        changed = []
        for whose, now in (("Yours", node.input), ("The storyteller's", node.prose)):
            say(f"{whose}, an empty line to leave it:\n{now or '(nothing)'}")
            line = (await self.lines.next()).strip()
            changed.append(line.replace("\\n", "\n") or now)
        self.session.edit(node.id, words=changed[0], prose=changed[1])
        self._show(1)

    async def _suggest(self) -> None:
        self.session.request_suggestions()
        await self.session.suggest()
        for number, action in enumerate(self.session.suggestions(), 1):
            say(f"{number}. {action}")
        if not self.session.suggestions():
            note("Nothing comes to the voice's mind. What do you do?")

    async def _shelf(self, search: str) -> None:
        listed = self.session.shelf.list_adventures(search)
        for number, adventure in enumerate(listed, 1):
            tags = f" [{', '.join(adventure.tags)}]" if adventure.tags else ""
            say(f"{number}. {adventure.title}{tags}: {adventure.turns} turns, {adventure.words} words")
        if not listed:
            note(f"No adventure holds '{search}'.")
            return
        note("A number goes on with that adventure, an empty line stays here.")
        line = (await self.lines.next()).strip()
        if line:
            if len(line) > 9 or not line.isdecimal() or not 0 < int(line) <= len(listed):
                raise DungeonError(f"There is no adventure '{line[:30]}' in this list.")
            self.session.resume(listed[int(line) - 1].id)
            self._show()

    async def _purge(self, node: Node) -> None:
        gone = 1 + len(self.session.adventure.below(node.id))
        note(f"{gone} turns would be gone from the disk for good. Type yes to do it.")
        if (await self.lines.next()).strip().lower() == "yes":
            self.session.purge_turn(node.id)
            self._show(1)
        else:
            note("Nothing was purged.")

    def _show(self, turns: int = _LAST_TURNS) -> None:
        """The last turns, from the opening if they reach back to it."""
        adventure = self.session.adventure
        path = adventure.path()
        if len(path) <= turns:
            say(f"{adventure.title}\n\n{adventure.opening}")
        for node in path[-turns:]:
            say("")
            say("\n\n".join(block for block in (turn_heading(node), node.prose) if block))
        if suggestions := self.session.suggestions():
            say("")
            for number, action in enumerate(suggestions, 1):
                say(f"{number}. {action}")


class _FetchNote:
    """Tells on stderr, in tenths, how far the weights have come."""

    def __init__(self) -> None:
        self.told = -1

    def __call__(self, done: int, total: int) -> None:
        tenth = done * 10 // total
        if tenth > self.told:
            self.told = tenth
            note(f"Fetching the voice, once: {done / 1e6:.0f} of {total / 1e6:.0f} MB")


def _chosen(line: str, scenarios: list[Scenario]) -> Scenario:
    if len(line) < 4 and line.isdecimal() and 1 <= int(line) <= len(scenarios):
        return scenarios[int(line) - 1]
    if line == "/quit":
        raise _Quit
    if len(line.split()) > 4:
        return scenario_from_opening(line)
    return find_scenario(line)


def _help_lines() -> list[str]:
    rows = [(f"/{command.name} {command.argument}".rstrip(), command.summary) for command in COMMANDS]
    width = max(len(row[0]) for row in rows)
    return [f"{usage:{width}}  {summary}" for usage, summary in rows]

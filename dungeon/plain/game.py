"""The game as lines: stdin to stdout, no escape codes, for pipes, scripts and screen readers.

The story streams sentence by sentence, so nothing that was printed is ever taken back. stdout has the story; notes of
the game go to stderr. The commands are the app's, each a line that starts with a slash; the end of the input is /quit.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence

from corpus.actions import read_input
from corpus.turns import Kind
from dungeon.authored.books import Book
from dungeon.errors import DungeonError
from dungeon.paths import shelf_file
from dungeon.plain.lines import LineReader, TurnPrinter, note, say, turn_heading
from dungeon.play.adventures import plural
from dungeon.play.director import open_story
from dungeon.play.keys import check_keys
from dungeon.play.registry import COMMANDS, parse_line
from dungeon.play.session import Session
from dungeon.scenarios.library import builtin_scenarios
from dungeon.scenarios.model import Scenario, fill_placeholders, scenario_from_opening
from dungeon.scenarios.user import find_scenario, user_scenarios
from dungeon.storage.backups import start_daily_backup
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.local.storyteller import LocalStoryteller
from dungeon.storyteller.none import NoStoryteller
from dungeon.storyteller.protocol import Storyteller
from dungeon.storyteller.voices.find import find_voice
from dungeon.storyteller.voices.overview import check_is_here
from dungeon.tale.adventure import Node
from dungeon.tale.authored import endings_line, has_ended

_LAST_TURNS = 4


def play_plain(
    storyteller: Storyteller,
    *,
    scenario: Scenario | None = None,
    books: Sequence[Book] = (),
    go_on: bool = False,
    seed: int | None = None,
) -> None:
    """Plays until /quit or the end of the input. Of several books the player chooses one.

    With `NoStoryteller` they are read, by number.

    Raises:
        DungeonError: nothing could be played.
    """
    for stream in (sys.stdout, sys.stderr):
        # Whatever the locale says: a story is not lost to a console that can't show a letter of it.
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    shelf = Shelf(shelf_file())
    start_daily_backup(shelf.path, note)
    try:
        session = Session(shelf, storyteller, seed)
        session.may_type = not isinstance(storyteller, NoStoryteller)
        session.on_notice = lambda text: note(f"{text} Ctrl+C stops waiting.")
        check_keys(session.settings.global_settings)
        asyncio.run(_Game(session, books).play(scenario, go_on))
    except KeyboardInterrupt:
        note("Stopped. Everything is saved; --continue goes on.")
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has left: nobody is there to read a message.
        sys.stderr.close()
    finally:
        shelf.close()


class _Quit(Exception):
    """The player leaves."""


class _Game:
    """A `PlayFrontend` of lines."""

    def __init__(self, session: Session, books: Sequence[Book]) -> None:
        self.session = session
        self._books = books
        self.mode = Kind.DO

    async def play(self, scenario: Scenario | None, go_on: bool) -> None:
        """Runs the game."""
        self._lines = LineReader()
        storyteller = self.session.storyteller
        if isinstance(storyteller, LocalStoryteller):
            storyteller.on_download = _DownloadNotes()
            note(f"The voice is {storyteller.name}.")
        loading = asyncio.create_task(storyteller.start())
        try:
            if go_on:
                self.session.resume()
                self._print_story()
            elif scenario:
                await self._begin(scenario)
            else:
                await self.choose_adventure()
            if not self.session.ways_on:  # the author needs no voice
                await loading
            while True:
                await self._run_line(await self._lines.next())
        except (_Quit, EOFError):
            pass
        finally:
            loading.cancel()
            await asyncio.gather(loading, return_exceptions=True)  # a voice that failed was reported when it was asked
            await self.session.storyteller.close()

    async def _run_line(self, line: str) -> None:
        try:
            request = parse_line(line, self.mode, self.session.suggestions())
            await COMMANDS[request.command].handler(self, request)
        except DungeonError as error:
            note(str(error))

    # ---- beginning -------------------------------------------------------------------------------------------

    async def _choose_book(self) -> Book:
        if len(self._books) == 1:
            return self._books[0]
        genre = ""
        for number, book in enumerate(self._books, 1):
            if book.genre != genre:
                genre = book.genre
                say(genre.capitalize())
            seen = self.session.shelf.seen_passages(book.key)
            say(f"  {number}. {book.title}" + (f" ({endings_line(book.story, seen).lower()})" if seen else ""))
        say("Type a number.")
        while True:
            line = (await self._lines.next()).strip()
            if line == "/quit":
                raise _Quit
            if line.isascii() and line.isdecimal() and len(line) < 6 and 1 <= int(line) <= len(self._books):
                return self._books[int(line) - 1]
            note(f"Type a number from 1 to {len(self._books)}, or /quit.")

    async def _choose_scenario(self) -> Scenario:
        users, broken = user_scenarios()
        for trouble in broken:
            note(trouble.message)
        scenarios = [*users, *builtin_scenarios()]
        for number, scenario in enumerate(scenarios, 1):
            say(f"{number}. {fill_placeholders(scenario, {}).title} ({scenario.genre or 'yours'})")
        say("Type a number or a name, or write your own opening in one line.")
        while True:
            line = (await self._lines.next()).strip()
            try:
                return _chosen(line, scenarios)
            except DungeonError as error:
                note(str(error))

    async def _begin(self, scenario: Scenario) -> None:
        answers = {}
        for placeholder in scenario.placeholders:
            say(placeholder.ask + (f" (an empty line: {placeholder.default})" if placeholder.default else ""))
            answers[placeholder.name] = await self._lines.next()
            while not placeholder.is_answered(answers[placeholder.name]):
                note("The story needs an answer to this.")
                answers[placeholder.name] = await self._lines.next()
        self.session.begin(fill_placeholders(scenario, answers))
        self._print_story()

    # ---- what commands need (`PlayFrontend`) ---------------------------------------------------------------------

    def show_message(self, text: str) -> None:
        """Prints a note to stderr."""
        note(text)

    def show_lines(self, title: str, lines: Sequence[str]) -> None:
        """Prints the output of a command."""
        say("\n".join(lines))

    async def show_story(self) -> None:
        """Prints the turn where the player is."""
        say("")
        self._print_story(1)

    async def show_latest(self) -> None:
        """Prints the last turns."""
        self._print_story()

    async def play_turn(self, kind: Kind, words: str, *, leaves_author: bool = False) -> None:
        """Has the storyteller play a turn and prints it while it streams."""
        printer = TurnPrinter()
        node = await self.session.play_turn(kind, words, printer.update, leaves_author=leaves_author)
        self._finish(printer, node)

    async def play_suggestion(self, action: str) -> None:
        """Plays an action that the voice has suggested."""
        await self.play_turn(*read_input(action))

    async def show_authored_turn(self, node_id: int) -> None:
        """Prints a turn that the author has answered, and the choices."""
        printer = TurnPrinter()
        printer.finish(self.session.adventure.nodes[node_id])
        self._print_ways_on()

    def show_offer(self, label: str) -> None:
        """Asks whether the player meant this choice."""
        note(f"Did you mean “{label}”? An empty line: yes. no: as you typed it.")

    async def retry(self) -> None:
        """Plays the last action again."""
        printer = TurnPrinter()
        self._finish(printer, await self.session.retry(printer.update))

    def _finish(self, printer: TurnPrinter, node: Node) -> None:
        printer.finish(node)
        for message in self.session.notes:
            note(message)
        if self.session.ways_on:
            self._print_ways_on()

    def stop_turn(self) -> None:
        """No line is read while a turn streams."""
        note("Nothing is running. Ctrl-C stops the game in the middle of a turn; what came is kept.")

    async def edit_turn(self, node_id: int) -> None:
        """Asks for both parts of the turn; a line break is written as \\n."""
        node = self.session.adventure.nodes[node_id]
        texts = []
        for whose, text in (("Yours", node.input), ("The storyteller's", node.prose)):
            say(f"{whose}, an empty line to leave it:\n{text or '(nothing)'}")
            line = (await self._lines.next()).strip()
            texts.append(line.replace("\\n", "\n") or text)
        self.session.edit(node_id, words=texts[0], prose=texts[1])
        self._print_story(1)

    async def suggest(self) -> None:
        """Waits for the suggestions and prints them."""
        await self.session.suggest()
        for number, action in enumerate(self.session.suggestions(), 1):
            say(f"{number}. {action}")
        if not self.session.suggestions():
            note("Nothing comes to the voice's mind. What do you do?")

    def set_mode(self, mode: Kind) -> None:
        """Changes what a bare line means."""
        self.mode = mode
        note(f"A bare line is now: {mode}.")

    def toggle_panel(self) -> None:
        """Lines have nothing beside them."""
        note("Only the screen has a panel. /memory, /cards and /summary print what it shows.")

    async def confirm(self, question: str, yes: str, action: Callable[[], Awaitable[None]]) -> None:
        """Asks for the word yes."""
        note(f"{question} Type yes to do it.")
        if (await self._lines.next()).strip().lower() == "yes":
            await action()
        else:
            note(f"Not done: {yes.lower()}.")

    def copy(self, text: str) -> None:
        """Prints it: a pipe has no clipboard."""
        say(text)

    async def open_shelf(self, search: str) -> None:
        """Lists the adventures and goes on with one."""
        entries = self.session.shelf.list_adventures(search)
        for number, entry in enumerate(entries, 1):
            tags = f" [{', '.join(entry.tags)}]" if entry.tags else ""
            say(f"{number}. {entry.title}{tags}: {plural(entry.turns, 'turn')}, {plural(entry.words, 'word')}")
        if not entries:
            note(f"No adventure holds '{search}'.")
            return
        note("A number goes on with that adventure, an empty line stays here.")
        line = (await self._lines.next()).strip()
        if line:
            if len(line) > 9 or not line.isdecimal() or not 0 < int(line) <= len(entries):
                raise DungeonError(f"There is no adventure '{line[:30]}' in this list.")
            self.session.resume(entries[int(line) - 1].id)
            self._print_story()

    async def switch_voice(self, name: str) -> None:
        """Goes on with another voice, once it is loaded."""
        voice = find_voice(name)
        check_is_here(voice)
        storyteller = LocalStoryteller(voice, _DownloadNotes())
        await self.session.switch_storyteller(storyteller).close()  # first: two voices may not fit into the memory
        await storyteller.start()
        note(f"The voice is {storyteller.name}.")

    async def choose_adventure(self) -> None:
        """Begins another adventure, or goes on with an authored story."""
        if not self._books:
            await self._begin(await self._choose_scenario())
            return
        book = await self._choose_book()
        open_story(self.session, book)
        for left_out in book.story.notes:
            note(left_out)
        if self.session.adventure.head is not None:
            note("You go on where you were. /go 0 goes back to the beginning.")
        if self.session.may_type:
            note("Pick a number, or type what you do.")
        self._print_story()

    def leave(self) -> None:
        """Leaves the game."""
        raise _Quit

    def _print_story(self, turns: int = _LAST_TURNS) -> None:
        """The last turns, from the opening if they reach back to it, and the suggestions."""
        adventure = self.session.adventure
        path = adventure.path()
        if len(path) <= turns:
            say(f"{adventure.title}\n\n{adventure.opening}")
        for node in path[-turns:]:
            say("")
            say("\n\n".join(block for block in (turn_heading(node), node.prose) if block))
        self._print_ways_on()

    def _print_ways_on(self) -> None:
        """What can be picked by number: the author's choices, or suggestions."""
        adventure = self.session.adventure
        suggestions = self.session.suggestions()
        if suggestions:
            say("")
        if adventure.story and has_ended(adventure):
            say(f"The end. {endings_line(adventure.story, self.session.shelf.seen_passages(adventure.book))}.")
        for number, action in enumerate(suggestions, 1):
            say(f"{number}. {action}")


class _DownloadNotes:
    """Notes on stderr, in tenths, how far the weights are downloaded."""

    def __init__(self) -> None:
        self._tenth = -1

    def __call__(self, done: int, total: int) -> None:
        tenth = done * 10 // total if total else 0  # another game fetches it: how much there is, only that one knows
        if tenth > self._tenth:
            self._tenth = tenth
            of_all = f" of {total / 1e6:.0f}" if total else ""
            note(f"Fetching the voice, once: {done / 1e6:.0f}{of_all} MB")


def _chosen(line: str, scenarios: list[Scenario]) -> Scenario:
    if len(line) < 4 and line.isdecimal() and 1 <= int(line) <= len(scenarios):
        return scenarios[int(line) - 1]
    if line == "/quit":
        raise _Quit
    if len(line.split()) > 4:
        return scenario_from_opening(line)
    return find_scenario(line)

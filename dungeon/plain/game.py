"""The game as lines: stdin to stdout, no escape codes, for pipes, scripts and screen readers.

The story streams sentence by sentence, so nothing that was printed is ever taken back. stdout has the story; notes of
the game go to stderr. The commands are the app's, each a line that starts with a slash; the end of the input is /quit.
What begins is chosen in `dungeon.plain.menu`. On a terminal, signs say when it is the player's move (the setting
`plain_cues`), and Ctrl+C stops a turn (`dungeon.plain.interrupts`).
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence

from corpus.actions import read_input
from corpus.turns import Kind
from dungeon.authored.books import Book
from dungeon.errors import DungeonError
from dungeon.paths import shelf_file
from dungeon.plain.interrupts import Interrupts
from dungeon.plain.lines import DownloadNotes, LineReader, is_terminal, note, say
from dungeon.plain.menu import ANYWHERE, Choice, Menu
from dungeon.plain.questions import Back, Questions
from dungeon.plain.story import StoryPrinter, TurnPrinter
from dungeon.play.adventures import delete_unplayed, find_adventure, plural
from dungeon.play.director import open_story
from dungeon.play.keys import check_keys
from dungeon.play.registry import COMMANDS, parse_line
from dungeon.play.session import OnUpdate, Session
from dungeon.scenarios.model import Scenario, fill_placeholders
from dungeon.storage.backups import start_daily_backup
from dungeon.storage.entries import ShelfEntry
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.local.storyteller import LocalStoryteller
from dungeon.storyteller.none import NoStoryteller
from dungeon.storyteller.protocol import Storyteller
from dungeon.storyteller.voices.find import find_voice
from dungeon.storyteller.voices.overview import check_is_here
from dungeon.tale.adventure import Adventure, Node, State

_YOUR_TURN = "Your turn."


def play_plain(
    storyteller: Storyteller,
    *,
    scenario: Scenario | None = None,
    books: Sequence[Book] = (),
    go_on: bool = False,
    seed: int | None = None,
) -> None:
    """Plays until /quit or the end of the input. Of several books the player chooses one.

    With `NoStoryteller` they are read, by number. Exits with 1 if a turn failed and nothing was played.

    Raises:
        DungeonError: nothing could be played.
    """
    for stream in (sys.stdout, sys.stderr):
        # Whatever the locale says: a story is not lost to a console that can't show a letter of it.
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    shelf = Shelf(shelf_file())
    delete_unplayed(shelf)
    start_daily_backup(shelf.path, note)
    try:
        session = Session(shelf, storyteller, seed)
        session.may_type = not isinstance(storyteller, NoStoryteller)
        check_keys(session.settings.global_settings)
        game = _Game(session, books)
        asyncio.run(game.play(scenario, go_on))
        if game.has_failed and not game.has_played:
            sys.exit(1)
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
        self.has_played = False
        """Whether the author or the storyteller has answered anything."""
        self.has_failed = False
        """Whether a turn ended with an error."""
        self._story = StoryPrinter(session)
        self._is_their_turn = False
        """Whether the story has moved on since the player was told that it is their turn."""
        self._has_answered = False
        """Whether the command that runs has printed anything."""

    async def play(self, scenario: Scenario | None, go_on: bool) -> None:
        """Runs the game.

        Raises:
            KeyboardInterrupt: the player leaves by Ctrl+C.
        """
        self._lines = LineReader(self._has_cues)
        self._menu = Menu(self.session, self._books, self._lines, self._run_anywhere)
        self._questions = Questions(self._lines, self._run_anywhere)
        self.session.on_notice = lambda text: self._lines.interject(f"{text} Ctrl+C stops waiting.")
        storyteller = self.session.storyteller
        if isinstance(storyteller, LocalStoryteller):
            storyteller.on_download = DownloadNotes(self._lines)
            note(f"The voice is {storyteller.name}.")
        loading = asyncio.create_task(storyteller.start())
        try:
            with Interrupts(self._lines) as self._interrupts:
                if go_on:
                    self.session.resume()
                    await self.show_latest()
                else:
                    await self._choose(scenario or (self._books[0] if len(self._books) == 1 else None))
                if not self.session.ways_on:  # the author needs no voice
                    await loading
                while True:
                    await self._interrupts.run(self._run_line(await self._next_line()))
        except (_Quit, EOFError):
            pass
        except asyncio.CancelledError:
            if not self._interrupts.is_leaving:
                raise
            raise KeyboardInterrupt from None
        finally:
            loading.cancel()
            await asyncio.gather(loading, return_exceptions=True)  # a voice that failed was reported when it was asked
            await self.session.storyteller.close()

    async def _next_line(self) -> str:
        if self._is_their_turn and self._has_cues():
            say(_YOUR_TURN)
        self._is_their_turn = False
        return await self._lines.next()

    def _has_cues(self) -> bool:
        chosen = self.session.settings.value("plain_cues")
        return chosen == "on" or (chosen == "auto" and is_terminal())

    async def _run_line(self, line: str) -> None:
        self._has_answered = False
        try:
            if Menu.has_command(line):
                await self._choose(left=self.session.adventure, line=line)
                return
            request = parse_line(line, self.mode, self.session.suggestions())
            await COMMANDS[request.command].handler(self, request)
        except DungeonError as error:
            note(str(error))
        except Back:
            note("Nothing has changed.")

    # ---- beginning -------------------------------------------------------------------------------------------

    async def _choose(
        self, choice: Choice | None = None, left: Adventure | None = None, line: str | None = None
    ) -> None:
        """Begins the choice, or else what the player chooses, for which see `Menu.choose`."""
        while True:
            try:
                await self._begin(choice or await self._menu.choose(left, line))
                return
            except Back:
                choice = line = None

    async def _begin(self, choice: Choice) -> None:
        if isinstance(choice, Scenario):
            answers = {}
            for placeholder in choice.placeholders:
                answers[placeholder.name] = await self._questions.ask_placeholder(placeholder)
            self.session.begin(fill_placeholders(choice, answers))
        elif isinstance(choice, Book):
            self._open_book(choice)
        elif isinstance(choice, ShelfEntry):
            self.session.resume(choice.id)
        await self.show_latest()

    def _open_book(self, book: Book) -> None:
        open_story(self.session, book)
        for left_out in book.story.notes:
            note(left_out)
        if self.session.adventure.head is not None:
            note("You go on where you were. /go 0 goes back to the beginning.")
        if self.session.may_type:
            note("Pick a number, or type what you do.")

    async def _run_anywhere(self, line: str, otherwise: str) -> None:
        """Runs a command that needs no adventure.

        Raises:
            DungeonError: there is no such command, or it has to wait, and `otherwise` says for what.
        """
        request = parse_line(line)
        if request.command not in ANYWHERE:
            raise DungeonError(f"/{request.command} has to wait. {otherwise}")
        await self._interrupts.run(COMMANDS[request.command].handler(self, request))

    # ---- what commands need (`PlayFrontend`) ---------------------------------------------------------------------

    def show_message(self, text: str) -> None:
        """Prints a note to stderr."""
        self._has_answered = True
        note(text)

    def show_lines(self, title: str, lines: Sequence[str]) -> None:
        """Prints the output of a command."""
        self._has_answered = True
        say("\n".join(lines))

    async def show_story(self) -> None:
        """Prints the turn where the player is, unless that is what was printed last."""
        if not self._story.is_printed:
            say("")
            self._story.print_here()
            self._is_their_turn = True
        elif not self._has_answered:
            note("You are there already. /print shows the last turns again.")

    async def show_latest(self) -> None:
        """Prints the last turns."""
        self._story.print_latest()
        self._is_their_turn = True

    async def play_turn(self, kind: Kind, words: str, *, leaves_author: bool = False) -> None:
        """Has the storyteller play a turn and prints it while it streams."""
        session = self.session
        await self._stream(lambda printed: session.play_turn(kind, words, printed, leaves_author=leaves_author))

    async def play_suggestion(self, action: str) -> None:
        """Plays an action that the voice has suggested."""
        await self.play_turn(*read_input(action))

    async def show_authored_turn(self, node_id: int) -> None:
        """Prints a turn that the author has answered, and the choices."""
        TurnPrinter().finish(self.session.adventure.nodes[node_id])
        self.has_played = True
        self._story.print_ways_on()
        self._is_their_turn = True

    def show_offer(self, label: str) -> None:
        """Asks whether the player meant this choice."""
        note(f"Did you mean “{label}”? An empty line: yes. no: as you typed it.")

    async def retry(self) -> None:
        """Plays the last action again."""
        await self._stream(self.session.retry)

    async def _stream(self, play: Callable[[OnUpdate], Awaitable[Node]]) -> None:
        """Prints a turn while it is played. What came of a turn that failed, or was stopped, is printed and kept."""
        printer = TurnPrinter()
        head = self.session.adventure.head
        try:
            printer.finish(await play(printer.update))
            for message in self.session.notes:
                note(message)
        except DungeonError:
            self.has_failed = True
            if node := self._begun(printer):
                printer.print_rest(node)
                say("")
            raise
        except asyncio.CancelledError:
            if self._interrupts.is_stopping:
                self._stopped(printer, head)
            raise
        finally:
            node = self._begun(printer)
            self.has_played |= node is not None and bool(node.prose)
            self._is_their_turn = True
        self._story.was_printed()
        if self.session.ways_on:
            self._story.print_ways_on()

    def _begun(self, printer: TurnPrinter) -> Node | None:
        return self.session.adventure.nodes.get(printer.node_id or 0)

    def _stopped(self, printer: TurnPrinter, head: int | None) -> None:
        node = self._begun(printer)
        if node is None or not node.prose:
            if node:
                self.session.abandon_turn(node.id, head)
            note("\nStopped before the first word came: the line is taken back.")
        else:
            printer.break_line(node)
            if printer.print_rest(node):
                say("")
            if node.state is not State.DONE:  # else it had just come to its end
                note("Stopped. What came is kept; an empty line goes on from there.")
        self._story.print_ways_on()

    def stop_turn(self) -> None:
        """No line is run while a turn streams; on a terminal it has been stopped before."""
        if is_terminal():
            note("Nothing is running. Ctrl+C or /stop stops a turn; what came is kept.")
        else:
            note("Nothing is running. Ctrl-C stops the game in the middle of a turn; what came is kept.")

    async def edit_turn(self, node_id: int) -> None:
        """Asks for both parts of the turn; a line break is written as \\n."""
        node = self.session.adventure.nodes[node_id]
        texts = []
        for whose, text in (("Yours", node.input), ("The storyteller's", node.prose)):
            line = (await self._questions.ask(f"{whose}, an empty line to leave it:\n{text or '(nothing)'}")).strip()
            texts.append(line.replace("\\n", "\n") or text)
        self.session.edit(node_id, words=texts[0], prose=texts[1])
        self._story.print_here()
        self._is_their_turn = True

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
        if (await self._questions.ask(f"{question} Type yes to do it.", note)).strip().lower() == "yes":
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
        question = "A number or a title goes on with that adventure, an empty line stays here."
        if line := (await self._questions.ask(question, note)).strip():
            listed = line.isdecimal() and len(line) < 9
            if listed and not 0 < int(line) <= len(entries):
                raise DungeonError(f"There is no adventure {line} in this list. You stay where you are.")
            chosen = entries[int(line) - 1].id if listed else find_adventure(self.session.shelf, line)
            self.session.resume(chosen)
            await self.show_latest()

    async def switch_voice(self, name: str) -> None:
        """Goes on with another voice, once it is loaded."""
        voice = find_voice(name)
        check_is_here(voice)
        storyteller = LocalStoryteller(voice, DownloadNotes(self._lines))
        await self.session.switch_storyteller(storyteller).close()  # first: two voices may not fit into the memory
        await storyteller.start()
        note(f"The voice is {storyteller.name}.")

    async def choose_adventure(self) -> None:
        """Lets the player choose what to play next."""
        await self._choose(left=self.session.adventure)

    def leave(self) -> None:
        """Leaves the game."""
        raise _Quit

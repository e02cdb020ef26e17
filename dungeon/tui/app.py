"""The game in the terminal: a Textual app around one session.

The voice starts loading when the app does; the player can choose and type meanwhile. Screens ask the app, as
`dungeon.tui.host.Game`, to begin, resume and leave; the app owns the shelf, the storyteller and the session.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from typing import Any, cast

from textual import work
from textual.app import SystemCommand
from textual.reactive import reactive
from textual.screen import Screen
from textual.worker import WorkerCancelled

from corpus.text import printable
from dungeon.authored.books import Book
from dungeon.errors import DungeonError
from dungeon.paths import shelf_file
from dungeon.play.adventures import delete_unplayed
from dungeon.play.director import open_story
from dungeon.play.frontend import PlayFrontend
from dungeon.play.keys import check_keys, key_name, keymap, keys_for
from dungeon.play.registry import COMMANDS, Request
from dungeon.play.session import Session
from dungeon.scenarios.model import Scenario
from dungeon.storage.backups import start_daily_backup
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.download.weights import DownloadCancelled
from dungeon.storyteller.local.storyteller import LocalStoryteller
from dungeon.storyteller.none import NoStoryteller
from dungeon.storyteller.protocol import Storyteller
from dungeon.storyteller.voices.background import Fetch, Fetches, FetchState
from dungeon.storyteller.voices.find import find_voice
from dungeon.storyteller.voices.overview import check_is_here
from dungeon.tui.base_app import BaseApp
from dungeon.tui.bindings import bindings
from dungeon.tui.host import KeepsText, ShowsFetches
from dungeon.tui.screens.by_command import open_screen
from dungeon.tui.screens.play import PlayScreen
from dungeon.tui.themes import theme_of
from dungeon.tui.widgets.header import NO_ANSWER, NO_VOICE, READY

_TOAST_LENGTH = 200
"""Characters of a command's output that a toast holds; a longer one gets a page."""

_TWICE_SECONDS = 5.0
"""Within which a second Ctrl+C leaves."""


class DungeonApp(BaseApp):
    """`scenario`, `go_on` and a single one of `books` skip the choice of an adventure; several are what is offered.

    With `NoStoryteller` authored stories are read, by number, and nothing is typed.

    Raises:
        DungeonError: the shelf or the settings can't be read, or there is nothing to go on with.
    """

    BINDINGS = bindings("help", "voices", "quit", shown=True) + bindings("theme")

    voice_state: reactive[str] = reactive("loading")
    """What the storyteller is doing while no turn streams, for the status line."""
    fetch_state: reactive[str] = reactive("")
    """How far the voices are that are fetched in the background, for the status line."""

    def __init__(
        self,
        storyteller: Storyteller,
        *,
        scenario: Scenario | None = None,
        books: Sequence[Book] = (),
        go_on: bool = False,
        seed: int | None = None,
        today: Callable[[], date] = date.today,
    ) -> None:
        super().__init__()
        self.storyteller = storyteller
        self.shelf = Shelf(shelf_file())
        delete_unplayed(self.shelf)
        self.session = Session(self.shelf, storyteller, seed)
        check_keys(self.session.settings.global_settings)
        for palette in self.session.settings.themes.own.values():
            self.register_theme(theme_of(palette))
        self.session.may_type = not isinstance(storyteller, NoStoryteller)
        self.books = books
        self._today = today
        self._scenario = scenario
        if go_on:
            self.session.resume()  # an empty shelf is reported before the screen changes
        self._go_on = go_on
        self._interrupted = -_TWICE_SECONDS
        """When Ctrl+C was pressed last, in monotonic seconds."""
        if isinstance(storyteller, LocalStoryteller):
            storyteller.on_download = self._on_download
        self.fetches = Fetches(lambda fetch: self.call_later(self._fetch_changed, fetch))

    def on_mount(self) -> None:
        self.session.settings.on_change = self.apply_settings
        self.apply_settings()
        self._report_themes()
        self._show_start()
        if self._go_on:
            self._play()
        elif self._scenario:
            self.begin(self._scenario)
        elif len(self.books) == 1:
            self.open_story(self.books[0])
        if self.session.may_type:
            self.load_voice()
        else:
            self.voice_state = ""
        self.call_after_refresh(start_daily_backup, self.shelf.path, self._backup_failed)

    def _backup_failed(self, problem: str) -> None:
        """Called from the thread of the backup."""
        self.call_later(partial(self.toast, problem, error=True))

    # ---- adventures ------------------------------------------------------------------------------------------

    def choose(self) -> None:
        """Leaves the adventure, and shows the first screen with nothing above it."""
        self.session.settings.unbind()
        self._show_start()

    def _show_start(self) -> None:
        from dungeon.tui.screens.start import StartScreen

        self.show_first(StartScreen(self._today()))

    def begin(self, scenario: Scenario) -> None:
        """Plays a new adventure, after the player has answered what its scenario asks."""
        if scenario.placeholders:
            from dungeon.tui.screens.ask import AskScreen

            self.push_screen(AskScreen(scenario), self._placeholders_filled)
            return
        with self.toast_errors():
            self.session.begin(scenario)
            self._play()

    def open_story(self, book: Book) -> None:
        """Goes on with an authored story, or begins it. Says what its file has that can't be played."""
        with self.toast_errors():
            adventure = open_story(self.session, book)
            again = "You go on where you were. /go 0 goes back to the beginning; nothing is lost."
            self._play("" if adventure.head is None else again)
            if book.story.notes:
                self.show_lines(book.title, [*book.story.notes])

    @property
    def is_playing(self) -> bool:
        """Whether an adventure is on a screen, perhaps below others: the session keeps the one that was left."""
        return any(isinstance(screen, PlayScreen) for screen in self.screen_stack)

    @property
    def voice_is_missing(self) -> bool:
        """Whether the voice is still being fetched, or could not be started. A server may answer the next time."""
        if self.voice_state == NO_VOICE:
            return isinstance(self.storyteller, LocalStoryteller)
        return self.voice_state not in (READY, NO_ANSWER, "loading", "loading the voice")

    def _placeholders_filled(self, scenario: Scenario | None) -> None:
        if scenario:
            self.begin(scenario)

    def resume(self, adventure_id: int | None = None) -> None:
        """Plays an adventure of the shelf, or the latest."""
        with self.toast_errors():
            self.session.resume(adventure_id)
            self._play()

    def _play(self, message: str = "") -> None:
        self.push_screen(PlayScreen(self.session, message))

    # ---- commands --------------------------------------------------------------------------------------------

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: every command that can be given here; one that needs words is begun in the prompt."""
        playing = isinstance(screen, PlayScreen)
        for command in COMMANDS.values():
            if command.stands_alone and (playing or not command.needs_adventure):
                runs_it = screen if playing else self
                run = partial(self.call_later, self.run_action, f"command('{command.name}')", runs_it)
                yield SystemCommand(command.name.capitalize(), command.summary, run)
            elif isinstance(screen, PlayScreen) and screen.session.may_type:
                begin = partial(self.call_later, screen.begin_command, command.name)
                yield SystemCommand(f"{command.name.capitalize()} {command.argument}", command.summary, begin)

    async def action_command(self, name: str) -> None:
        """A command that needs no adventure, by its key."""
        await self.run_command(Request(name))

    async def run_command(self, request: Request) -> None:
        """Runs a command that needs no adventure in play."""
        with self.toast_errors():
            screen = open_screen(self.session, request)
            if screen is None:
                # Such a command uses no more of a frontend than the app has.
                await COMMANDS[request.command].handler(cast(PlayFrontend, self), request)
            elif isinstance(self.screen, type(screen)):
                self.pop_screen()  # the same key closes it
            else:
                self.push_screen(screen, self._chosen)

    async def _chosen(self, chosen: object) -> None:
        """Runs or begins the command that the player chose in a screen, as they do in the help."""
        if isinstance(chosen, Request):
            run = self.screen.run_command if isinstance(self.screen, PlayScreen) else self.run_command
            await run(chosen)
        elif isinstance(chosen, str) and isinstance(self.screen, PlayScreen):
            self.screen.prompt.set_line(chosen)

    def toast(self, text: str, *, error: bool = False) -> None:
        """Shows a short message: above the prompt while the story is on the screen."""
        if isinstance(self.screen, PlayScreen) and self.screen.is_mounted:
            self.screen.show_error(text) if error else self.screen.show_message(text)
        else:
            super().toast(text, error=error)

    def show_message(self, text: str) -> None:
        """Shows a short message."""
        self.toast(text)

    def show_lines(self, title: str, lines: Sequence[str]) -> None:
        """Shows the output of a command: a toast, or a page where that is too little."""
        text = "\n".join(lines)
        if len(text) > _TOAST_LENGTH or len(lines) > 3:
            from dungeon.tui.screens.text import TextScreen

            self.push_screen(TextScreen(title, text))
        elif text:
            self.toast(text)

    async def open_shelf(self, search: str = "") -> None:
        """Shows the adventures that match the search."""
        from dungeon.tui.screens.shelf import ShelfScreen

        self.push_screen(ShelfScreen(self.session, search), self._adventure_chosen)

    def _adventure_chosen(self, adventure_id: int | None) -> None:
        if adventure_id is not None:
            self.choose()
            self.resume(adventure_id)

    def apply_settings(self) -> None:
        """The theme and the keys, as the player has set them."""
        self.use_theme(self.session.settings.theme)
        self.set_keymap(keymap(self.session.settings.global_settings))
        if isinstance(self.screen, PlayScreen):
            self.screen.apply_settings()

    def _report_themes(self) -> None:
        """Says which of the player's themes can't be used, and that the one that is set is gone."""
        settings = self.session.settings
        notes = list(settings.themes.problems.values())
        chosen = settings.global_settings.theme
        if chosen not in (settings.theme, *settings.themes.problems):
            name = printable(chosen)[:30]
            notes.append(f"There is no theme '{name}' any more: this is {settings.theme}. /theme NAME chooses another.")
        if notes:
            self.toast("\n".join(notes), error=bool(settings.themes.problems))

    # ---- the voice -------------------------------------------------------------------------------------------

    @work(group="voice", exit_on_error=False)
    async def load_voice(self) -> None:
        """Starts the storyteller and shows how that goes in `voice_state`."""
        storyteller = self.storyteller
        try:
            await storyteller.start()
        except DungeonError as error:
            if storyteller is self.storyteller:  # else the player has switched to another meanwhile
                self.voice_state = NO_VOICE
                self.toast(str(error), error=True)
        except DownloadCancelled:
            return
        else:
            if storyteller is self.storyteller:
                self.voice_state = READY

    def _on_download(self, done: int, total: int) -> None:
        """Called from the thread that downloads; `total` is 0 while another game fetches the file."""
        of_all = f" of {total / 1e6:.0f}" if total else ""
        state = f"is being fetched, once: {done / 1e6:.0f}{of_all} MB"
        self.call_later(partial(setattr, self, "voice_state", state))

    async def switch_voice(self, name: str) -> None:
        """Goes on with another voice; the adventure stays where it is."""
        voice = find_voice(name)
        check_is_here(voice)
        self._switch(LocalStoryteller(voice, self._on_download))

    async def switch_server(self, url: str, model: str) -> None:
        """Goes on with a model of a server."""
        from dungeon.storyteller.servers.remote import RemoteStoryteller

        # The key of the environment is for the server of the command line, not for what happens to hold a port.
        remote = RemoteStoryteller(url, model, use_environment_key=False)
        await remote.identify()
        self._switch(remote)

    def _switch(self, storyteller: Storyteller) -> None:
        playing = [screen for screen in self.screen_stack if isinstance(screen, PlayScreen)]
        if any(screen.busy for screen in playing):
            raise DungeonError("A turn is being written. Esc stops it; then switch the voice.")
        self.storyteller = storyteller
        before = self.session.switch_storyteller(storyteller)
        self.session.settings.on_change()
        self.voice_state = "loading the voice"
        self.run_worker(self._load_after(before, playing), group="switch", exit_on_error=False)

    async def _load_after(self, before: Storyteller, playing: Sequence[PlayScreen]) -> None:
        """Ends a storyteller first, because two voices may not fit into the memory, and then loads the new one."""
        await before.close()
        with suppress(WorkerCancelled):
            await self.load_voice().wait()
        for screen in playing:
            if screen.is_attached:
                screen.voice_switched()

    def _fetch_changed(self, fetch: Fetch) -> None:
        """A voice that is fetched in the background has come further."""
        running = self.fetches.running()
        self.fetch_state = ", ".join(f"fetching {each.wish.name} {each.percent}%" for each in running)
        if fetch.state is FetchState.DONE:
            self.toast(f"The voice {fetch.wish.name} is here. {self._voices_hint()} goes on with it.")
        elif fetch.state is FetchState.FAILED:
            self.toast(fetch.error, error=True)
        for screen in self.screen_stack:
            if isinstance(screen, ShowsFetches):
                screen.fetch_changed(fetch)

    def _voices_hint(self) -> str:
        """The key of the voices' screen, or else its command."""
        return self._key_or_command("voices")

    def _key_or_command(self, name: str) -> str:
        return key_name(keys_for(self.session.settings.global_settings)[name]) or f"/{name}"

    def action_help_quit(self) -> None:
        """Ctrl+C with nothing selected says how to leave; soon once more, it leaves."""
        now = time.monotonic()
        if now - self._interrupted < _TWICE_SECONDS:
            self.leave()
        else:
            self._interrupted = now
            self.toast(f"{self._key_or_command('quit')} leaves, and so does Ctrl+C once more. Everything is saved.")

    # ---- the end ---------------------------------------------------------------------------------------------

    def leave(self) -> None:
        """Ends the game, after what streams or is being edited has been kept."""
        self.run_worker(self.end_game(), group="leave", exclusive=True)

    async def end_game(self) -> None:
        """Keeps what streams or is being edited, ends the engine, and exits. Stays if something could not be kept."""
        try:
            for screen in self.screen_stack:
                if isinstance(screen, KeepsText):
                    screen.keep_text()
        except DungeonError as error:  # the disk is full, say: the text is still on the screen
            self.toast(str(error), error=True)
            return
        for worker in [worker for worker in self.workers if worker.group == "turn" and not worker.is_finished]:
            worker.cancel()
            with suppress(WorkerCancelled):
                await worker.wait()
        await asyncio.to_thread(self.fetches.close)
        await self.storyteller.close()
        self.shelf.close()
        self.exit()

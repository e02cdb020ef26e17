"""The game in the terminal: a Textual app around one session.

The voice starts loading when the app does; the player can choose and type meanwhile. Screens ask the app to begin,
resume and quit; the app owns the shelf, the storyteller and the session.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from textual import work
from textual.app import App, SystemCommand
from textual.filter import LineFilter
from textual.reactive import reactive
from textual.screen import Screen
from textual.worker import WorkerCancelled

from dungeon.errors import DungeonError
from dungeon.paths import shelf_file
from dungeon.play.commands import COMMANDS, Request
from dungeon.play.keys import check_keys, keymap
from dungeon.play.session import Session
from dungeon.scenarios.model import Scenario
from dungeon.settings.themes import THEME_HELP
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.download import DownloadCancelled
from dungeon.storyteller.local import LocalStoryteller
from dungeon.storyteller.open import Storyteller
from dungeon.tui.bindings import bindings
from dungeon.tui.printable_filter import PRINTABLE_ONLY
from dungeon.tui.themes import textual_themes
from dungeon.tui.widgets.status import READY

if TYPE_CHECKING:
    from dungeon.tui.screens.play import PlayScreen

_OWN = ("help", "quit", "theme", "shelf")
"""Commands that need no adventure in play."""


@runtime_checkable
class HasText(Protocol):
    """A screen where the player types what is kept when they leave it."""

    def keep_text(self) -> None:
        """Keeps it. Raises DungeonError if that can't be."""


class DungeonApp(App[None]):
    """`scenario` and `go_on` skip the choice of an adventure."""

    TITLE = "Dungeon"
    CSS_PATH = "app.tcss"
    BINDINGS = bindings("help", "quit", "theme")

    voice_state: reactive[str] = reactive("loading")
    """What the storyteller is doing while no turn runs, for the status line."""

    def __init__(
        self,
        storyteller: Storyteller,
        *,
        scenario: Scenario | None = None,
        go_on: bool = False,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        self.storyteller = storyteller
        self.shelf = Shelf(shelf_file())
        self.session = Session(self.shelf, storyteller, seed)
        check_keys(self.session.settings.global_settings)
        self._scenario = scenario
        if go_on:
            self.session.resume()  # an empty shelf is told before the screen changes
        self._go_on = go_on
        if isinstance(storyteller, LocalStoryteller):
            storyteller.on_fetch = self._on_fetch

    def on_mount(self) -> None:
        for theme in textual_themes():
            self.register_theme(theme)
        self.session.settings.on_change = self.take_settings
        self.take_settings()
        self.choose()
        if self._go_on:
            self._play()
        elif self._scenario:
            self.begin(self._scenario)
        self.load_voice()

    # ---- adventures ------------------------------------------------------------------------------------------

    def choose(self) -> None:
        """Shows the scenarios, with nothing above them."""
        from dungeon.tui.screens.start import StartScreen

        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.push_screen(StartScreen())

    def begin(self, scenario: Scenario) -> None:
        """Plays a new adventure, once the player has answered what its scenario asks."""
        if scenario.placeholders:
            from dungeon.tui.screens.ask import AskScreen

            self.push_screen(AskScreen(scenario), self._answered)
            return
        with self.toast_errors():
            self.session.begin(scenario)
            self._play()

    def _answered(self, scenario: Scenario | None) -> None:
        if scenario:
            self.begin(scenario)

    def resume(self, id: int | None = None) -> None:  # noqa: A002
        """Plays on."""
        with self.toast_errors():
            self.session.resume(id)
            self._play()

    def _play(self) -> None:
        from dungeon.tui.screens.play import PlayScreen

        self.push_screen(PlayScreen(self.session))

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, and behind them one that lets nothing but text through."""
        return [*super().get_line_filters(), PRINTABLE_ONLY]

    # ---- commands --------------------------------------------------------------------------------------------

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: every command that the screen has, and that can stand alone."""
        for command in COMMANDS:
            alone = not command.argument or command.argument.startswith("[")
            if alone and (command.name in _OWN or self._playing(screen)):
                yield SystemCommand(
                    command.name.capitalize(), command.summary, partial(self._run, screen, command.name)
                )

    def _playing(self, screen: Screen[Any]) -> "PlayScreen | None":
        """The screen, if an adventure is played on it."""
        from dungeon.tui.screens.play import PlayScreen

        return screen if isinstance(screen, PlayScreen) else None

    def _run(self, screen: Screen[Any], name: str) -> None:
        self.call_later(partial(self.run_action, f"command('{name}')", screen))

    async def action_command(self, name: str) -> None:
        """One of the app's own commands, by its key."""
        self.run_command(Request(name))

    def run_command(self, request: Request) -> None:
        """Does what needs no adventure in play."""
        command = request.command
        if command == "help":
            self._help()
        elif command == "quit":
            self.run_worker(self.leave(), group="leave", exclusive=True)
        elif command == "theme":
            names = list(THEME_HELP)
            name = request.words or names[(names.index(self.theme) + 1) % len(names)]
            with self.toast_errors():
                self.toast(self.session.settings.set("theme", name, globally=True))
        elif command == "shelf":
            self.open_shelf(request.words)
        else:
            self.choose()

    def open_shelf(self, search: str = "") -> None:
        """Shows the adventures, those that match the search."""
        from dungeon.tui.screens.shelf import ShelfScreen

        self.push_screen(ShelfScreen(self.session, search), self._chosen)

    def _chosen(self, adventure: int | None) -> None:
        if adventure is not None:
            self.choose()
            self.resume(adventure)

    def take_settings(self) -> None:
        """Theme and keys as they are set now."""
        self.theme = str(self.session.settings.value("theme"))
        self.set_keymap(keymap(self.session.settings.global_settings))
        if play := self._playing(self.screen):
            play.fit()

    # ---- the voice -------------------------------------------------------------------------------------------

    @work(group="voice", exit_on_error=False)
    async def load_voice(self) -> None:
        """Starts the storyteller and says how that goes in `voice_state`."""
        try:
            await self.storyteller.start()
        except DungeonError as error:
            self.voice_state = "no voice"
            self.toast(str(error), error=True)
        except DownloadCancelled:
            return
        else:
            self.voice_state = READY

    def _on_fetch(self, done: int, total: int) -> None:
        width = 20
        filled = done * width // total
        bar = "█" * filled + "░" * (width - filled)
        state = f"fetching the voice, once {bar} {done / 1e6:.0f} of {total / 1e6:.0f} MB"
        self.call_later(partial(setattr, self, "voice_state", state))

    # ---- common ----------------------------------------------------------------------------------------------

    def toast(self, text: str, *, error: bool = False) -> None:
        """A note to the player; long in sight if something failed. The text may come from anywhere: never markup."""
        self.notify(text, severity="error" if error else "information", timeout=30 if error else 4, markup=False)

    @contextmanager
    def toast_errors(self) -> Iterator[None]:
        """What the player can mend (a full disk, a damaged shelf) is told and does not end the game."""
        try:
            yield
        except DungeonError as error:
            self.toast(str(error), error=True)

    def _help(self) -> None:
        """Shows every command; again to close."""
        from dungeon.tui.screens.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.pop_screen()
        else:
            self.push_screen(HelpScreen(self.session.settings.global_settings))

    async def leave(self) -> None:
        """Ends the game: what streams or is being edited is kept, the engine is ended, and nothing is asked."""
        try:
            for screen in self.screen_stack:
                if isinstance(screen, HasText):
                    screen.keep_text()
        except DungeonError as error:  # the disk is full, say: the text is still on the screen
            self.toast(str(error), error=True)
            return
        for worker in [worker for worker in self.workers if worker.group == "turn" and not worker.is_finished]:
            worker.cancel()
            with suppress(WorkerCancelled):
                await worker.wait()
        await self.storyteller.close()
        self.shelf.close()
        self.exit()

"""The game in the terminal: a Textual app around one session.

The voice starts loading when the app does; the player can choose and type meanwhile. Screens ask the app to begin,
resume and quit; the app owns the shelf, the storyteller and the session.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

from textual import work
from textual.app import App
from textual.binding import Binding
from textual.reactive import reactive
from textual.theme import Theme
from textual.worker import WorkerCancelled

from dungeon.commands import BY_NAME
from dungeon.errors import DungeonError
from dungeon.paths import shelf_file
from dungeon.scenario import Scenario
from dungeon.session import Session
from dungeon.shelf import Shelf
from dungeon.storyteller.fetch import FetchCancelled
from dungeon.storyteller.local import LocalStoryteller
from dungeon.storyteller.open import Storyteller
from dungeon.widgets.status import READY

LAMPLIGHT = Theme(
    name="lamplight",
    primary="#d9a441",
    secondary="#8fb3a5",
    accent="#e8c37a",
    foreground="#e6dfd1",
    background="#16140f",
    surface="#1d1a14",
    panel="#2a251c",
    warning="#e0913a",
    error="#d9634c",
    success="#8fb573",
    dark=True,
)


class DungeonApp(App[None]):
    """`scenario` and `go_on` skip the choice of an adventure."""

    TITLE = "Dungeon"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [
        Binding(BY_NAME["quit"].key, "leave", "Quit", priority=True),
        Binding(BY_NAME["help"].key, "help", "Help", priority=True),
    ]

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
        self._scenario = scenario
        if go_on:
            self.session.resume()  # an empty shelf is told before the screen changes
        self._go_on = go_on
        if isinstance(storyteller, LocalStoryteller):
            storyteller.on_fetch = self._on_fetch

    def on_mount(self) -> None:
        self.register_theme(LAMPLIGHT)
        self.theme = LAMPLIGHT.name
        self.choose()
        if self._go_on:
            self._play()
        elif self._scenario:
            self.begin(self._scenario)
        self.load_voice()

    # ---- adventures ------------------------------------------------------------------------------------------

    def choose(self) -> None:
        """Shows the scenarios, with nothing above them."""
        from dungeon.screens.pick import PickScreen

        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.push_screen(PickScreen())

    def begin(self, scenario: Scenario) -> None:
        """Plays a new adventure, once the player has answered what its scenario asks."""
        if scenario.placeholders:
            from dungeon.screens.ask import AskScreen

            self.push_screen(AskScreen(scenario), self._answered)
            return
        with self.telling():
            self.session.begin(scenario)
            self._play()

    def _answered(self, scenario: Scenario | None) -> None:
        if scenario:
            self.begin(scenario)

    def resume(self, id: int | None = None) -> None:  # noqa: A002
        """Plays on."""
        with self.telling():
            self.session.resume(id)
            self._play()

    def _play(self) -> None:
        from dungeon.screens.play import PlayScreen

        self.push_screen(PlayScreen(self.session))

    # ---- the voice -------------------------------------------------------------------------------------------

    @work(group="voice", exit_on_error=False)
    async def load_voice(self) -> None:
        """Starts the storyteller and says how that goes in `voice_state`."""
        try:
            await self.storyteller.start()
        except DungeonError as error:
            self.voice_state = "no voice"
            self.tell(str(error), failed=True)
        except FetchCancelled:
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

    def tell(self, text: str, *, failed: bool = False) -> None:
        """A note to the player; long in sight if something failed. The text may come from anywhere: never markup."""
        self.notify(text, severity="error" if failed else "information", timeout=30 if failed else 4, markup=False)

    @contextmanager
    def telling(self) -> Iterator[None]:
        """What the player can mend (a full disk, a damaged shelf) is told and does not end the game."""
        try:
            yield
        except DungeonError as error:
            self.tell(str(error), failed=True)

    def action_help(self) -> None:
        """Shows every command; again to close."""
        from dungeon.screens.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.pop_screen()
        else:
            self.push_screen(HelpScreen())

    async def action_leave(self) -> None:
        """Ends the game: what streams is saved, the engine is ended, and nothing is asked."""
        for worker in [worker for worker in self.workers if worker.group == "turn" and not worker.is_finished]:
            worker.cancel()
            with suppress(WorkerCancelled):
                await worker.wait()
        await self.storyteller.close()
        self.shelf.close()
        self.exit()

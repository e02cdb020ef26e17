"""Writing an opening of one's own."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Button, Input, Label, TextArea

from dungeon.errors import DungeonError
from dungeon.scenario import Scenario, own_scenario


class WriteScreen(Screen[Scenario | None]):
    """Returns the scenario, or None if the player went back."""

    CSS_PATH = "write.tcss"
    BINDINGS = [
        Binding("escape", "dismiss(None)", "Back"),
        Binding("ctrl+s", "begin", "Begin", priority=True),
    ]

    def compose(self) -> ComposeResult:
        yield Label("Your own adventure", id="heading")
        yield Input(placeholder="Title (optional)", id="own-title", max_length=60)
        yield TextArea(
            id="own-opening",
            soft_wrap=True,
            tab_behavior="focus",
            placeholder="You are … Write in the present tense, a few sentences, and end where something must be done.",
        )
        yield Button("Begin  (Ctrl+S)", id="begin", variant="primary")

    def on_mount(self) -> None:
        self.query_one("#own-opening").focus()

    @on(Button.Pressed, "#begin")
    def action_begin(self) -> None:
        """Begins, if there is an opening."""
        opening = self.query_one("#own-opening", TextArea).text
        try:
            self.dismiss(own_scenario(opening, self.query_one("#own-title", Input).value))
        except DungeonError as error:
            self.notify(str(error), severity="warning", markup=False)

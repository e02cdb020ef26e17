"""What a scenario asks the player before it begins."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, Input, Label

from dungeon.scenario import Scenario, filled


class AskScreen(Screen[Scenario | None]):
    """One line for each placeholder. Returns the scenario with the answers in it, or None if the player went back."""

    CSS_PATH = "ask.tcss"
    BINDINGS = [
        Binding("escape", "dismiss(None)", "Back"),
        Binding("ctrl+s", "begin", "Begin", priority=True),
    ]

    def __init__(self, scenario: Scenario) -> None:
        super().__init__()
        self.scenario = scenario

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield Label(Content(filled(self.scenario, {}).title), id="heading")
            for placeholder in self.scenario.placeholders:
                yield Label(Content(placeholder.ask))
                yield Input(placeholder=placeholder.default, max_length=60)
        yield Button("Begin  (Enter, or Ctrl+S)", id="begin", variant="primary")

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        """Enter goes to the next question, and from the last one into the story."""
        if event.input is self.query(Input).last():
            self.action_begin()
        else:
            self.focus_next(Input)

    @on(Button.Pressed, "#begin")
    def action_begin(self) -> None:
        """Begins; a question that was left empty gets the scenario's own answer."""
        names = (placeholder.name for placeholder in self.scenario.placeholders)
        answers = dict(zip(names, (field.value for field in self.query(Input)), strict=True))
        self.dismiss(filled(self.scenario, answers))

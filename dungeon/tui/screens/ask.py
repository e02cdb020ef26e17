"""Questions to the player: those of a scenario before it begins, and for one line of anything."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, Input, Label, Static

from dungeon.scenarios.model import ANSWER_LENGTH, Scenario, fill_placeholders
from dungeon.tui.host import game
from dungeon.tui.screens.box import BoxScreen
from dungeon.tui.widgets.footer import KeyFooter
from dungeon.tui.widgets.line_field import LineField
from dungeon.tui.widgets.pane import Pane

_BLANK = "…"
"""Stands in the opening for an answer that is still to be given."""


class AskScreen(Screen[Scenario | None]):
    """One line for each placeholder, and where there is room, the opening with the answers in it.

    Returns the scenario with the answers in it, or None if the player went back.
    """

    CSS_PATH = "ask.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]
    BINDINGS = [
        Binding("ctrl+s", "begin", "Begin", priority=True),
        Binding("escape", "dismiss(None)", "Back"),
    ]

    def __init__(self, scenario: Scenario) -> None:
        super().__init__()
        self.scenario = scenario

    def compose(self) -> ComposeResult:
        title = fill_placeholders(self.scenario, self._answers(_BLANK)).title
        with Pane(title, widget_id="asked"), VerticalScroll(can_focus=False):
            for placeholder in self.scenario.placeholders:
                yield Label(Content(placeholder.ask))
                yield LineField(placeholder=placeholder.default or "Your answer", max_length=ANSWER_LENGTH)
            yield Button("Begin", id="begin", variant="primary", compact=True)
        with Pane("How it begins", widget_id="preview"), VerticalScroll(can_focus=False):
            yield Static(id="opening", markup=False)
        yield KeyFooter()

    def on_mount(self) -> None:
        if any(placeholder.default for placeholder in self.scenario.placeholders):
            self.query_one("#asked").border_subtitle = "empty: the grey answer"
        self._show_opening()

    def _answers(self, blank: str = "") -> dict[str, str]:
        """Return the answers by placeholder; `blank` stands for one that is missing and has no default."""
        fields = self.query(Input)
        typed = [field.value for field in fields] if fields else [""] * len(self.scenario.placeholders)
        asked = zip(self.scenario.placeholders, typed, strict=True)
        return {each.name: answer if each.is_answered(answer) else blank for each, answer in asked}

    @on(Input.Changed)
    def _show_opening(self) -> None:
        """Show the opening as the answers make it."""
        self.query_one("#opening", Static).update(
            Content(fill_placeholders(self.scenario, self._answers(_BLANK)).opening)
        )

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        """Go to the next question, and from the last one into the story."""
        if event.input is self.query(Input).last():
            self.action_begin()
        else:
            self.focus_next(Input)

    @on(Button.Pressed, "#begin")
    def action_begin(self) -> None:
        """Begin; a question that was left empty gets the scenario's own answer, if it has one."""
        for placeholder, field in zip(self.scenario.placeholders, self.query(Input), strict=True):
            if not placeholder.is_answered(field.value):
                field.focus()
                game(self).toast(f"This needs an answer: {placeholder.ask}")
                return
        self.dismiss(fill_placeholders(self.scenario, self._answers()))


class LineScreen(BoxScreen[str | None]):
    """Asks for one line, given a line to change. Returns it, or None if the player went back."""

    DEFAULT_CSS = "LineScreen Input { border: none; height: 1; margin: 1 0 0 0; padding: 0 1; background: $panel; }"
    BINDINGS = [Binding("escape", "dismiss(None)", "Back")]

    def __init__(self, question: str, line: str = "", hint: str = "") -> None:
        super().__init__()
        self._question = question
        self._line = line
        self._hint = hint or "Enter takes it, Esc goes back."

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(Content(self._question), markup=False)
            yield LineField(self._line, select_on_focus=False)
            yield Static(Content(self._hint), id="hint", markup=False)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)

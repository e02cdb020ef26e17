"""Yes or no, before what can't be undone."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from dungeon.tui.screens.box import BoxScreen
from dungeon.tui.widgets.footer import KeyFooter
from dungeon.tui.widgets.pane import Pane


class ConfirmScreen(BoxScreen[bool]):
    """Returns whether the player said yes. Enter alone and Esc mean no."""

    CSS_PATH = "confirm.tcss"
    AUTO_FOCUS = "#no"
    BINDINGS = [
        Binding("escape,n", "dismiss(False)", "No"),
        Binding("y", "dismiss(True)", "Yes"),
        Binding("left,up", "app.focus_previous", "Other", show=False),
        Binding("right,down", "app.focus_next", "Other", show=False),
    ]

    def __init__(self, question: str, yes: str = "Yes", no: str = "No") -> None:
        super().__init__()
        self._question = question
        self._yes = yes
        self._no = no

    def compose(self) -> ComposeResult:
        with Pane(self._yes, widget_id="box"):
            with VerticalScroll(id="words", can_focus=False):
                yield Static(Content(self._question), id="question", markup=False)
            with Horizontal(id="answers"):
                yield Button(Content(f"{self._no} (n)"), id="no", compact=True)
                yield Button(Content(f"{self._yes} (y)"), id="yes", variant="error", compact=True)
        yield KeyFooter()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

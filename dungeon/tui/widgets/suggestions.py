"""What the player may pick, by number, mouse or keyboard: the author's choices, or what the voice suggests."""

from textual import events
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Static


class Suggestion(Horizontal, can_focus=True):
    """One of them. Its text is wrapped beside its number."""

    DEFAULT_CSS = """
    Suggestion {
        height: auto;
        color: $secondary;
        & > .number { width: auto; margin: 0 1 0 0; }
        & > .text { width: 1fr; }
        &:hover { background: $surface; }
        &:focus { background: $primary; color: $background; text-style: bold; }
        &:focus:ansi { background: ansi_default; color: ansi_default; text-style: bold underline; }
        &.-first { margin-top: 1; }
    }
    """
    BINDINGS = [
        Binding("enter,space", "pick", "Pick", show=False),
        Binding("up", "app.focus_previous", "Before", show=False),
        Binding("down", "app.focus_next", "After", show=False),
    ]

    class Picked(Message):
        """The player chose it."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, number: int, action: str, *, ready: bool = False) -> None:
        """`ready`: its turn is there already, and starts at once."""
        self._number_view = Static(classes="number", markup=False)
        super().__init__(self._number_view, Static(Content(action), classes="text", markup=False), classes="suggestion")
        self.set_class(number == 1, "-first")
        self.number = number
        self.action = action
        self.is_leaving = False
        """Whether it is being removed, which takes a moment."""
        self.show_ready(ready)

    def show_ready(self, ready: bool) -> None:
        """Marks that its turn is there already."""
        self._number_view.update(Content(f"{'▸' if ready else ' '}{self.number}."))
        self.tooltip = "Its turn is there already: it starts at once." if ready else None

    def action_pick(self) -> None:
        """Picks it."""
        self.post_message(self.Picked(self.number))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.action_pick()

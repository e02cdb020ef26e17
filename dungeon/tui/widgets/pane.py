"""A part of a screen: a frame with a title in its upper edge.

    with Pane("The takes of turn 9", widget_id="left"):
        yield Rows(widget_id="takes")

The frame of the pane that has the focus is brighter. Titles are text, never markup, and are cropped with an ellipsis.
"""

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from corpus.text import one_line


class Pane(Vertical):
    """Holds what stands in the frame, one below the other."""

    DEFAULT_CSS = """
    Pane {
        height: 1fr;
        padding: 0 1;
        border: round $foreground 30%;
        border-title-color: $foreground;
        border-title-style: bold;
        &:focus-within { border: round $primary; }
    }
    """

    def __init__(self, title: str = "", *children: Widget, widget_id: str | None = None) -> None:
        super().__init__(*children, id=widget_id)
        self.set_title(title)

    def set_title(self, title: str) -> None:
        """Show another title."""
        self.title = one_line(title)
        self.border_title = Content(self.title)

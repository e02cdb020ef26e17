"""The text area in which the player writes: compact, wrapped, and left with Tab."""

from textual.binding import Binding
from textual.widgets import TextArea

from dungeon.tui.widgets.line_field import EditsInOrder


class Field(EditsInOrder, TextArea):
    """Knows the keys for its first and its last letter, too."""

    BINDINGS = [
        Binding("ctrl+home", "to_end(False)", "To the beginning", show=False),
        Binding("ctrl+end", "to_end(True)", "To the end", show=False),
    ]

    def action_to_end(self, last: bool) -> None:
        """Moves the cursor to the beginning of the text, or behind its end."""
        self.move_cursor(self.document.end if last else (0, 0))


def text_area(widget_id: str, text: str = "", placeholder: str = "") -> TextArea:
    """Return a text area that holds `text`."""
    return Field(
        text,
        id=widget_id,
        placeholder=placeholder,
        compact=True,
        soft_wrap=True,
        tab_behavior="focus",
        highlight_cursor_line=False,
    )

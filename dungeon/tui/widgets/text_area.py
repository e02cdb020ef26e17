"""The text area in which the player writes: compact, wrapped, and left with Tab."""

from textual.widgets import TextArea


def text_area(widget_id: str, text: str = "", placeholder: str = "") -> TextArea:
    """Return a text area that holds `text`."""
    return TextArea(
        text,
        id=widget_id,
        placeholder=placeholder,
        compact=True,
        soft_wrap=True,
        tab_behavior="focus",
        highlight_cursor_line=False,
    )

"""A page of text over the screen below: long answers of commands, the reader's map, lists of keys."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from dungeon.tui.screens.box import BoxScreen


class TextScreen(BoxScreen[None]):
    """Shows text without reading markup in it. Escape closes it, and so does `key`."""

    DEFAULT_CSS = "TextScreen #text { margin: 1 0 0 0; }"
    BINDINGS = [("escape", "dismiss", "Close")]

    def __init__(self, title: str, text: str, key: str = "escape") -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._bindings.bind(key, "dismiss")

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box"):
            yield Static(Content(self._title), id="title", markup=False)
            yield Static(Content(self._text), id="text", markup=False)
            yield Static("Esc closes this.", id="hint")

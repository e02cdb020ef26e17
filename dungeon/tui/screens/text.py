"""A page of text over whatever was there: the reader's map, and the keys."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static


class TextScreen(ModalScreen[None]):
    """`text` is shown as it is, never as markup. Escape closes it, and so does `key`."""

    CSS_PATH = "text.tcss"
    BINDINGS = [("escape", "dismiss", "Close")]

    def __init__(self, title: str, text: str, key: str = "escape") -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._bindings.bind(key, "dismiss")

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="sheet"):
            yield Static(Content(self._title), id="sheet-title", markup=False)
            yield Static(Content(self._text), id="sheet-text", markup=False)
            yield Static("Esc closes this.", id="sheet-hint")

"""A page of text over the screen below: long answers of commands, the map, lists of keys."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.visual import Visual
from textual.widgets import Static

from dungeon.tui.screens.box import BoxScreen
from dungeon.tui.widgets.footer import KeyFooter
from dungeon.tui.widgets.pane import Pane


class TextScreen(BoxScreen[None]):
    """Shows text without reading markup in it, or lines that are drawn already. Escape closes it, and so does `key`."""

    DEFAULT_CSS = """
    TextScreen {
        #page { height: auto; max-height: 75vh; scrollbar-size-vertical: 1; }
    }
    """
    BINDINGS = [Binding("escape", "dismiss", "Close")]

    def __init__(self, title: str, text: str | Sequence[Visual], key: str = "escape") -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._bindings.bind(key, "dismiss")

    def compose(self) -> ComposeResult:
        with Pane(self._title, widget_id="box"), VerticalScroll(id="page"):
            if isinstance(self._text, str):
                yield Static(Content(self._text), id="text", markup=False)
            else:
                yield from (Static(line) for line in self._text)
        yield KeyFooter()

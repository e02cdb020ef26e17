"""Small screens for one choice: one option out of several, or a key."""

from collections.abc import Callable, Mapping

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from dungeon.tui.screens.box import BoxScreen
from dungeon.tui.widgets.rows import Options


class ChooseScreen(BoxScreen[str | None]):
    """Lists options, each with a line of help. Returns the chosen one's key, or None if the player went back.

    `options` are label and help by key. `on_highlight` is called with the key of each option that is highlighted, and
    `on_delete` where Delete is pressed on one: it returns whether the option is gone.
    """

    DEFAULT_CSS = """
    ChooseScreen {
        #box { padding: 0 1; }
        Options { max-height: 100%; background: $surface; background-tint: $surface 0%; padding: 0; }
    }
    """
    BINDINGS = [Binding("escape", "dismiss(None)", "Back"), Binding("delete", "delete", "Delete", show=False)]

    def __init__(
        self,
        title: str,
        options: Mapping[str, tuple[str, str]],
        current: str,
        *,
        on_highlight: Callable[[str], None] = lambda key: None,
        on_delete: Callable[[str], bool] = lambda key: False,
    ) -> None:
        super().__init__()
        self._heading = title
        self._options = options
        self._current = current
        self._on_highlight = on_highlight
        self._on_delete = on_delete

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(Content(self._heading), id="title")
            yield Options(*(Option(self._row(key), id=key) for key in self._options), widget_id="options")

    def on_mount(self) -> None:
        options = self.query_one(Options)
        options.highlighted = list(self._options).index(self._current) if self._current in self._options else 0
        options.focus()

    def _row(self, key: str) -> Content:
        label, help_text = self._options[key]
        return Content.assemble((label, "bold" if key == self._current else ""), "\n  ", (help_text, "dim"))

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self._on_highlight(event.option_id or "")

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def action_delete(self) -> None:
        """Delete the highlighted option, where that can be."""
        option = self.query_one(Options).highlighted_option
        if option and option.id and self._on_delete(option.id):
            self.query_one(Options).remove_option(option.id)


class KeyScreen(BoxScreen[str | None]):
    """Waits for the key that a command is to have. Returns it; "" for none, None if the player went back."""

    DEFAULT_CSS = "KeyScreen #box { width: auto; max-width: 90%; }"

    def __init__(self, command: str) -> None:
        super().__init__()
        self._command = command

    def compose(self) -> ComposeResult:
        text = f"Press the key for {self._command}.\nDel: no key. Esc: leave it as it is."
        yield Static(Content(text), id="box", markup=False)

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        self.dismiss({"escape": None, "delete": ""}.get(event.key, event.key))

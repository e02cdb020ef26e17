"""Small screens for one choice: one option out of several, or a key."""

from collections.abc import Callable, Mapping

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from dungeon.tui.screens.box import BoxScreen
from dungeon.tui.widgets.footer import KeyFooter
from dungeon.tui.widgets.pane import Pane
from dungeon.tui.widgets.rows import Fitted, Options, hanging

_LABEL = 20
"""Cells of a label beside which its help can stand."""


class Choices(Options):
    """The options."""

    BINDINGS = [
        Binding("enter", "select", "Choose"),
        Binding("delete", "screen.delete", "Delete"),
    ]


class ChooseScreen(BoxScreen[str | None]):
    """Lists options, each with a line of help. Returns the chosen one's key, or None if the player went back.

    `options` are label and help by key. `on_highlight` is called with the key of each option that is highlighted, and
    `on_delete`, if the options can be deleted, where Delete is pressed on one: it returns whether the option is gone.
    """

    DEFAULT_CSS = """
    ChooseScreen {
        #box { padding: 0 1; }
        Choices { height: auto; max-height: 75vh; background: $surface; background-tint: $surface 0%; padding: 0; }
    }
    """
    BINDINGS = [Binding("escape", "dismiss(None)", "Back")]

    def __init__(
        self,
        title: str,
        options: Mapping[str, tuple[str, str]],
        current: str,
        *,
        on_highlight: Callable[[str], None] = lambda key: None,
        on_delete: Callable[[str], bool] | None = None,
    ) -> None:
        super().__init__()
        self._heading = title
        self._options = options
        self._current = current
        self._on_highlight = on_highlight
        self._on_delete = on_delete

    def compose(self) -> ComposeResult:
        with Pane(self._heading, widget_id="box"):
            yield Choices(*(Option(self._row(key), id=key) for key in self._options), widget_id="options")
        yield KeyFooter()

    def on_mount(self) -> None:
        options = self.query_one(Options)
        options.highlighted = list(self._options).index(self._current) if self._current in self._options else 0
        options.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to delete only where that can be."""
        return action != "delete" or self._on_delete is not None

    def _row(self, key: str) -> Fitted:
        label, help_text = self._options[key]
        head, text = Content.styled(label, "bold" if key == self._current else ""), Content.styled(help_text, "dim")
        indent = max(len(name) for name, _ in self._options.values() if len(name) <= _LABEL) + 2
        return Fitted(lambda width: hanging(head, text, indent, width))

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self._on_highlight(event.option_id or "")

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def action_delete(self) -> None:
        """Delete the highlighted option, where that can be."""
        option = self.query_one(Options).highlighted_option
        if option and option.id and self._on_delete and self._on_delete(option.id):
            self.query_one(Options).remove_option(option.id)


class KeyScreen(BoxScreen[str | None]):
    """Waits for the key that a command is to have. Returns it; "" for none, None if the player went back."""

    DEFAULT_CSS = "KeyScreen #box { width: 44; max-width: 90%; }"
    BINDINGS = [Binding("escape", "dismiss(None)", "Leave it"), Binding("delete", "dismiss('')", "No key")]

    def __init__(self, command: str) -> None:
        super().__init__()
        self._command = command

    def compose(self) -> ComposeResult:
        with Pane(f"The key of {self._command}", widget_id="box"):
            yield Static("Press the key that it is to have.", id="text", markup=False)
        yield KeyFooter()

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        self.dismiss({"escape": None, "delete": ""}.get(event.key, event.key))

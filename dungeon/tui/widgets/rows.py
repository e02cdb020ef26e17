"""Lists of options in the look of the game. Options are `Content`, never markup."""

from textual import events
from textual.style import Style
from textual.widgets import OptionList
from textual.widgets.option_list import Option


class Options(OptionList):
    """A list without a border. Enter or a click selects an option."""

    DEFAULT_CSS = """
    Options {
        border: none;
        background: $background;
        background-tint: $background 0%;
        padding: 0 1;
        scrollbar-size-vertical: 1;
        &:focus { border: none; background-tint: $background 0%; }
    }
    """

    def __init__(self, *options: Option, widget_id: str) -> None:
        super().__init__(*options, id=widget_id, markup=False)

    def get_visual_style(self, *component_classes: str, partial: bool = False) -> Style:
        """Return Textual's style of a part of the list, reversed where the style sheet says so: Textual drops that."""
        style = super().get_visual_style(*component_classes, partial=partial)
        reverse = any(self.get_component_styles(name).text_style.reverse for name in component_classes)
        return style + Style(reverse=True) if reverse else style


class Rows(Options):
    """Options of one line, which are cropped. A click highlights one; Enter or a double click selects it."""

    DEFAULT_CSS = """
    Rows { text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def on_click(self, event: events.Click) -> None:
        """Highlight what is clicked, and select it at the second click only; the base class selects at the first."""
        event.prevent_default()
        row: int | None = event.style.meta.get("option")
        if row is not None:
            self.highlighted = row
            if event.chain == 2:
                self.action_select()

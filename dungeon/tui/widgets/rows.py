"""Lists of options in the look of the game. Options are `Content`, never markup.

    Option(Fitted(lambda width: hanging(Content("theme"), Content("The colours."), 12, width)))

What a row shows may depend on the width of the list, which is known only when it is drawn: such a row is `Fitted`.
"""

from collections.abc import Callable

from textual import events
from textual.content import Content
from textual.css.styles import RulesMap
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual
from textual.widgets import OptionList
from textual.widgets.option_list import Option

_LEAST_BESIDE = 20
"""Cells that a text needs to stand beside a heading; if there are fewer, it stands below it."""
_STEP = 2
"""Cells by which a text below its heading is indented."""


class Fitted(Visual):
    """What `draw` makes of the width, in cells, that there is."""

    def __init__(self, draw: Callable[[int], Content]) -> None:
        self._draw = draw

    def __str__(self) -> str:
        return self._draw(120).plain

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        return self._draw(width).render_strips(width, height, style, options)

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        return self._draw(container_width).get_optimal_width(rules, container_width)

    def get_height(self, rules: RulesMap, width: int) -> int:
        return self._draw(width).get_height(rules, width)


def hanging(head: Content, text: Content, indent: int, width: int) -> Content:
    """Return a text beside its heading, every line of it indented; below the heading where that leaves no room."""
    beside = head.cell_length < indent and width - indent >= _LEAST_BESIDE
    indent = indent if beside else _STEP
    lines = [line.pad_left(indent) for line in text.wrap(max(1, width - indent))]
    if beside:
        lines[0] = Content.assemble(head, lines[0][head.cell_length :])
    else:
        lines.insert(0, head)
    return Content("\n").join(lines)


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
        if not self.app.native_ansi_color:  # the other themes reverse nothing
            return style
        reverse = any(self.get_component_styles(name).text_style.reverse for name in component_classes)
        return style + Style(reverse=True) if reverse else style

    def scroll_to_highlight(self, top: bool = False) -> None:
        """Show the highlighted option, and with the first one that can be highlighted the headings above it."""
        super().scroll_to_highlight(top)
        highlighted = self.highlighted
        if not highlighted or not all(option.disabled for option in self.options[:highlighted]):
            return
        # Private: OptionList tells nobody on which line an option is.
        end = self._index_to_line.get(highlighted, 0) + self._heights.get(highlighted, 0)
        if end <= self.scrollable_content_region.height:
            self.scroll_home(animate=False, force=True, immediate=True)


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

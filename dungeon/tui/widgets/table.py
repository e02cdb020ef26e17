"""Rows in columns, of which only those in sight cost anything: thousands are there at once.

    table = Table((Column("Title"), Column("Words", 8, right=True, from_width=60)))
    table.show([("The Lamp Road", "3,400"), …])

The first column takes what the others leave. A column is shown from a width of the table on. Cells are text, never
markup. The table posts `Table.Marked` and `Table.Chosen` with the number of the row.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

_GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    """A column and how wide it is; the first is as wide as there is room."""

    title: str
    width: int = 0
    right: bool = False
    """Whether its cells stand to the right, as numbers do."""
    from_width: int = 0
    """How wide the table must be to have it."""


class Table(ScrollView, can_focus=True):
    """A list with a mark that the keys and the mouse move."""

    COMPONENT_CLASSES = {"table--head", "table--mark", "table--faint"}
    DEFAULT_CSS = """
    Table {
        height: 1fr;
        background: $background;
        scrollbar-size-vertical: 1;
        & > .table--head { color: $primary; text-style: bold; }
        & > .table--faint { color: $foreground 70%; }
        & > .table--mark { background: $panel; color: $foreground; text-style: bold; }
        &:focus > .table--mark { background: $primary; color: $background; }
        &:nocolor > .table--mark { text-style: reverse; }
    }
    """
    BINDINGS = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "move_page(-1)", "Page up", show=False),
        Binding("pagedown", "move_page(1)", "Page down", show=False),
        Binding("home", "move_to(0)", "First", show=False),
        Binding("end", "move_to(-1)", "Last", show=False),
        Binding("enter", "choose", "Choose", show=False),
    ]

    mark: reactive[int] = reactive(0)
    """The row that is marked."""

    @dataclass
    class Marked(Message):
        """The mark stands on another row; None: there is no row."""

        row: int | None

    @dataclass
    class Chosen(Message):
        """Enter was pressed on a row, or the marked one clicked."""

        row: int

    def __init__(self, columns: Sequence[Column], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.rows: Sequence[Sequence[str]] = ()

    def show(self, rows: Sequence[Sequence[str]], mark: int = 0, columns: Sequence[Column] = ()) -> None:
        """Shows other rows, of the same columns or of these."""
        self.rows = rows
        self.columns = tuple(columns) or self.columns
        self.virtual_size = Size(0, len(rows) + 1)
        self.set_reactive(Table.mark, max(0, min(mark, len(rows) - 1)))
        self.refresh()
        self._follow()

    def watch_mark(self) -> None:
        self.refresh()
        self._follow()

    def validate_mark(self, mark: int) -> int:
        return max(0, min(mark, len(self.rows) - 1))

    def _follow(self) -> None:
        """The marked row comes into sight, and is told of."""
        # The head covers the first line, so a row is in sight where both its own line and the one above are.
        self.scroll_to_region(Region(0, self.mark, 1, 2), animate=False, force=True)
        self.post_message(self.Marked(self.mark if self.rows else None))

    def action_move(self, by: int) -> None:
        """By so many rows."""
        self.mark += by

    def action_move_page(self, by: int) -> None:
        """By so many pages."""
        self.mark += by * max(1, self.size.height - 2)

    def action_move_to(self, row: int) -> None:
        """To a row, from the end if negative."""
        self.mark = row % max(1, len(self.rows))

    def action_choose(self) -> None:
        """The marked row is what is wanted."""
        if self.rows:
            self.post_message(self.Chosen(self.mark))

    def on_click(self, event: events.Click) -> None:
        row = event.y - 1 + int(self.scroll_offset.y)
        if event.y >= 1 and row < len(self.rows):
            if row == self.mark:
                self.action_choose()
            self.mark = row

    # ---- drawing ---------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            return self._line([column.title for column in self.columns], width, "table--head", "table--head")
        row = y - 1 + int(self.scroll_offset.y)
        if row >= len(self.rows):
            return Strip.blank(width, self.rich_style)
        if row == self.mark:
            return self._line(self.rows[row], width, "table--mark", "table--mark")
        return self._line(self.rows[row], width, "", "table--faint")

    def _line(self, cells: Sequence[str], width: int, first: str, others: str) -> Strip:
        shown = [(column, cell) for column, cell in zip(self.columns, cells, strict=True) if column.from_width <= width]
        left = width - 2 - sum(column.width + _GAP for column, _ in shown[1:])
        segments = [Segment(" ", self._style(first))]
        for number, (column, cell) in enumerate(shown):
            wide = column.width if number else max(1, left)
            segments.append(Segment(_fitted(cell, wide, column.right), self._style(others if number else first)))
            segments.append(Segment(" " * _GAP, self._style(others)))
        return Strip(segments).adjust_cell_length(width, self._style(others)).simplify()

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name) if name else self.rich_style


def _fitted(text: str, width: int, right: bool) -> str:
    size = cell_len(text)
    if size > width:
        return set_cell_size(text, width - 1) + "…"
    return " " * (width - size) + text if right else text + " " * (width - size)

"""Rows in columns, of which only the visible ones are drawn: a table of thousands of rows opens at once.

    table = Table((Column("Title"), Column("Words", 8, right=True, from_width=60)))
    table.set_rows([("The Lamp Road", "3,400"), …])

The first column takes the width that the others leave. Columns with a larger `from_width` than the table are hidden.
Cells are text, never markup. The table posts `Table.RowHighlighted` and `Table.RowSelected` with the row's index.

Textual's DataTable measures every cell of every row: to show 5,000 adventures took it 0.8 to 1.4 s, an OptionList 0.4 s
and this table 0.1 s (2 cores, Textual 8.2.8, with 0.03 s of each to read the shelf). Each search, sort or resize shows
the rows again, and DataTable neither hides columns nor lets one fill the width.
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
"""Cells between two columns."""


@dataclass(frozen=True, slots=True)
class Column:
    """The heading and the width of a column; the first column takes what the others leave."""

    title: str
    width: int = 0
    right: bool = False
    """Whether its cells are aligned right, as numbers are."""
    from_width: int = 0
    """The width of the table from which the column is shown."""


class Table(ScrollView, can_focus=True):
    """A table with a cursor that the keys and the mouse move."""

    COMPONENT_CLASSES = {"table--header", "table--cursor", "table--faint"}
    DEFAULT_CSS = """
    Table {
        height: 1fr;
        background: $background;
        scrollbar-size-vertical: 1;
        & > .table--header { color: $foreground 75%; text-style: bold; }
        & > .table--faint { color: $foreground 70%; }
        & > .table--cursor {
            background: $block-cursor-blurred-background;
            text-style: $block-cursor-blurred-text-style;
        }
        &:focus > .table--cursor { background: $block-cursor-background; text-style: $block-cursor-text-style; }
    }
    """
    BINDINGS = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "move_page(-1)", "Page up", show=False),
        Binding("pagedown", "move_page(1)", "Page down", show=False),
        Binding("home", "move_to(0)", "First", show=False),
        Binding("end", "move_to(-1)", "Last", show=False),
        Binding("enter", "select", "Select", show=False),
    ]

    cursor_row: reactive[int] = reactive(0)
    """The index of the highlighted row."""

    @dataclass
    class RowHighlighted(Message):
        """The cursor is on this row; None: the table is empty."""

        row: int | None

    @dataclass
    class RowSelected(Message):
        """Enter was pressed on a row, or the highlighted row was clicked."""

        row: int

    def __init__(self, columns: Sequence[Column], *, widget_id: str | None = None) -> None:
        super().__init__(id=widget_id)
        self.columns = tuple(columns)
        self.rows: Sequence[Sequence[str]] = ()

    def set_rows(self, rows: Sequence[Sequence[str]], cursor_row: int = 0, columns: Sequence[Column] = ()) -> None:
        """Show other rows with the cursor on one of them, and other columns if they are given."""
        self.rows = rows
        self.columns = tuple(columns) or self.columns
        self.virtual_size = Size(0, len(rows) + 1)
        self.set_reactive(Table.cursor_row, self.validate_cursor_row(cursor_row))
        self.watch_cursor_row()

    def validate_cursor_row(self, row: int) -> int:
        return max(0, min(row, len(self.rows) - 1))

    def watch_cursor_row(self) -> None:
        self.refresh()
        # The header covers the first line, so a row is visible where both its own line and the one above it are.
        self.scroll_to_region(Region(0, self.cursor_row, 1, 2), animate=False, force=True)
        self.post_message(self.RowHighlighted(self.cursor_row if self.rows else None))

    def action_move(self, rows: int) -> None:
        """Move the cursor by this many rows."""
        self.cursor_row += rows

    def action_move_page(self, pages: int) -> None:
        """Move the cursor by this many pages."""
        self.cursor_row += pages * max(1, self.size.height - 2)

    def action_move_to(self, row: int) -> None:
        """Move the cursor to a row, counted from the end if negative."""
        self.cursor_row = row % max(1, len(self.rows))

    def action_select(self) -> None:
        """Select the highlighted row."""
        if self.rows:
            self.post_message(self.RowSelected(self.cursor_row))

    def on_click(self, event: events.Click) -> None:
        row = event.y - 1 + int(self.scroll_offset.y)
        if event.y >= 1 and row < len(self.rows):
            if row == self.cursor_row:
                self.action_select()
            self.cursor_row = row

    # ---- drawing ---------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            return self._line([column.title for column in self.columns], width, "table--header", "table--header")
        row = y - 1 + int(self.scroll_offset.y)
        if row >= len(self.rows):
            return Strip.blank(width, self.rich_style)
        if row == self.cursor_row:
            return self._line(self.rows[row], width, "table--cursor", "table--cursor")
        return self._line(self.rows[row], width, "", "table--faint")

    def _line(self, cells: Sequence[str], width: int, first: str, others: str) -> Strip:
        """Draw cells: the first in the style of one component class, the others in that of another."""
        shown = [(column, cell) for column, cell in zip(self.columns, cells, strict=True) if column.from_width <= width]
        left = max(1, width - 2 - sum(column.width + _GAP for column, _ in shown[1:]))
        segments = [Segment(" ", self._style(first))]
        for number, (column, cell) in enumerate(shown):
            text = fit(cell, column.width if number else left, column.right)
            segments.append(Segment(text, self._style(others if number else first)))
            segments.append(Segment(" " * _GAP, self._style(others)))
        return Strip(segments).adjust_cell_length(width, self._style(others)).simplify()

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name) if name else self.rich_style


def fit(text: str, width: int, right: bool = False) -> str:
    """Return the text cropped or padded to exactly this many cells."""
    size = cell_len(text)
    if size > width:
        return set_cell_size(text, width - 1) + "…" if width > 0 else ""
    return " " * (width - size) + text if right else text + " " * (width - size)

"""The rows of the story tree as they are drawn, and the keys that one walks them with."""

from textual.binding import Binding
from textual.content import Content

from dungeon.tale.outline import Row, RowKind, placeholder_text, remarks
from dungeon.tui.widgets.rows import Rows

HINT = (
    "? keys · Esc back · Enter go on · ← → fold · n name · b bookmark · c compare · e edit · / find · t takes · x purge"
)
KEYS = """\
↑ ↓          walk; PgUp, PgDn, Home and End as well
Enter        go on from this turn; or show what "…" stands for
→            show what is folded, or what "…" stands for
←            fold this branch, or go to the turn before it
Space        fold or unfold what follows this turn
n            name this place
b            bookmark it, or take the bookmark away
[ and ]      the bookmark before, the bookmark after
c            mark a turn to compare; on another turn: what differs
t            the takes of this turn
e            edit it; the old text is kept
x            purge it and all that follows it, for good
/            show the turns with these words alone
a            show every turn, or the overview
h            where you are
Esc          back to the story

The way to where you are stands straight, marked ●. What was played beside it hangs above the turn that was played \
instead, marked ○. ◆ is a bookmark, ▸ is folded, ◉ is where you are.

After an edit the old text hangs beside the new, and what followed it was copied below the new.

A double click goes on from a turn."""
_INDENTED = 6
"""Steps to the right that are drawn; from there on their number is."""


class TreeRows(Rows):
    """The rows. Its keys are the screen's, but only while one walks here and does not type."""

    BINDINGS = [
        Binding("left", "screen.close", "Fold", show=False),
        Binding("right", "screen.open", "Unfold", show=False),
        Binding("space", "screen.fold", "Fold or unfold", show=False),
        Binding("n", "screen.name", "Name", show=False),
        Binding("b", "screen.bookmark", "Bookmark", show=False),
        Binding("left_square_bracket", "screen.next_bookmark(-1)", "Bookmark before", show=False),
        Binding("right_square_bracket", "screen.next_bookmark(1)", "Bookmark after", show=False),
        Binding("c", "screen.compare", "Compare", show=False),
        Binding("t", "screen.takes", "Takes", show=False),
        Binding("e", "screen.edit", "Edit", show=False),
        Binding("x", "screen.purge", "Purge", show=False),
        Binding("slash", "screen.search", "Search", show=False),
        Binding("a", "screen.all", "All", show=False),
        Binding("h", "screen.here", "Here", show=False),
        Binding("question_mark", "screen.keys", "Keys", show=False),
    ]


def drawn(row: Row, digits: int, *, compared: bool) -> Content:
    """One row of the tree."""
    depth = min(row.depth, _INDENTED)
    guide = "│ " * (depth - row.starts_branch) + "├─" * row.starts_branch if depth else ""
    if row.depth > _INDENTED:
        guide += f"{row.depth} "
    if row.kind is not RowKind.TURN:
        return Content.assemble((f"{'':{digits}} {guide}⋮ {placeholder_text(row)}", "$foreground 60%"))
    sign = "◉" if row.is_head else "▸" if row.folded else "◆" if row.bookmarked else "●" if row.on_path else "○"
    colour = "$primary" if row.on_path else "$secondary"
    text = "$foreground" if row.on_path else "$foreground 60%" if row.same_on_path else "$foreground 80%"
    return Content.assemble(
        (f"{row.number:{digits}} {guide}", "$foreground 60%"),
        (f"{sign} ", f"bold {'$warning' if row.bookmarked or row.is_head else colour}"),
        ("⇄ " if compared else "", "bold $warning"),
        (f"{row.name} " if row.name else "", f"bold {colour}"),
        (f"{row.take}/{row.take_count} " if row.take_count > 1 else "", "$foreground 60%"),
        (_noted(row, sign), "$foreground 60%"),
        (f"> {row.action} " if row.action else "", colour),
        (row.preview, text),
    )


def _noted(row: Row, sign: str) -> str:
    """What the sign and the colours do not say."""
    said = {"you are here", f"take {row.take} of {row.take_count}", "bookmarked" if sign == "◆" else ""}
    rest = [remark for remark in remarks(row) if remark not in said]
    return f"({', '.join(rest)}) " if rest else ""

"""The rows of the story tree, and the keys that work on them."""

from textual.binding import Binding
from textual.content import Content

from dungeon.tale.outline import Row, RowKind, placeholder_text, remarks
from dungeon.tui.widgets.rows import Rows

HINT = "? all keys · Esc back · Enter go on · n name · b bookmark · c compare · e edit · / find · x purge"
KEYS = """\
↑ ↓          move; PgUp, PgDn, Home and End as well
Enter        go on from this turn; or show what "…" stands for
→            show what is folded, or what "…" stands for
←            fold this branch, or go to the turn before it
Space        fold or unfold what follows this turn
n            name this place
b            bookmark it, or remove the bookmark
[ and ]      the bookmark before, the bookmark after
c            pick a turn to compare; on another turn: what differs
t            the takes of this turn
e            edit it; the old text is kept
x            purge it and all that follows it, for good
/            show only the turns with these words
a            show every turn, or the overview
h            where you are
Esc          back to the story

Your branch is the straight line of turns marked ●. Turns of other branches are marked ○; they stand above the turn \
of yours that took their place. ◆ is a bookmark, ▸ is folded, ◉ is where you are.

After an edit the old text is another branch, and what followed it was copied below the new text.

A double click goes on from a turn."""
_MOST_STEPS = 6
"""Steps to the right that are drawn; a deeper row has its depth as a number instead."""


class TreeRows(Rows):
    """The rows. The keys call actions of the screen, and work only while the list has the focus."""

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


def row_content(row: Row, digits: int, *, compared: bool) -> Content:
    """Draw a row of the tree; `digits` is the width of the turn numbers, `compared` whether it is picked to compare."""
    depth = min(row.depth, _MOST_STEPS)
    guide = "│ " * (depth - row.starts_branch) + "├─" * row.starts_branch if depth else ""
    if row.depth > _MOST_STEPS:
        guide += f"{row.depth} "
    if row.kind is not RowKind.TURN:
        return Content.assemble((f"{'':{digits}} {guide}⋮ {placeholder_text(row)}", "$foreground 60%"))
    signs = (("◉", row.is_head), ("▸", row.folded), ("◆", row.bookmarked), ("●", row.on_path), ("○", True))
    sign = next(sign for sign, holds in signs if holds)
    colour = "$primary" if row.on_path else "$secondary"
    text = "$foreground" if row.on_path else "$foreground 60%" if row.same_on_path else "$foreground 80%"
    return Content.assemble(
        (f"{row.number:{digits}} {guide}", "$foreground 60%"),
        (f"{sign} ", f"bold {'$warning' if row.bookmarked or row.is_head else colour}"),
        ("⇄ " if compared else "", "bold $warning"),
        (f"{row.name} " if row.name else "", f"bold {colour}"),
        (f"{row.take}/{row.take_count} " if row.take_count > 1 else "", "$foreground 60%"),
        (_other_remarks(row, sign), "$foreground 60%"),
        (f"> {row.action} " if row.action else "", colour),
        (row.preview, text),
    )


def _other_remarks(row: Row, sign: str) -> str:
    """The remarks that neither the sign nor the take number shows, in brackets."""
    shown = {"you are here", f"take {row.take} of {row.take_count}", "bookmarked" if sign == "◆" else ""}
    rest = [remark for remark in remarks(row) if remark not in shown]
    return f"({', '.join(rest)}) " if rest else ""

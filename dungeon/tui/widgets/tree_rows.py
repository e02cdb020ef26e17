"""The rows of the story tree, and the keys that work on them."""

from collections.abc import Callable

from textual.binding import Binding
from textual.content import Content
from textual.widgets import OptionList

from dungeon.tale.outline import Row, RowKind, placeholder_text, remarks
from dungeon.tui.widgets.rows import Fitted, Rows, hanging

_SIGNS = """
Your branch is the straight line of turns marked ●. Turns of other branches are marked ○; they stand above the turn \
of yours that took their place. ◆ is a bookmark, ▸ is folded, ◉ is where you are.

After an edit the old text is another branch, and what followed it was copied below the new text.

A double click goes on from a turn."""
_MOST_STEPS = 6
"""Steps to the right that are drawn; a deeper row has its depth as a number instead."""


class TreeRows(Rows, inherit_bindings=False):
    """The rows. The keys call actions of the screen, and work only while the list has the focus.

    A key's tooltip is what the list of keys says of it.
    """

    BINDINGS = [
        Binding("question_mark", "screen.keys", "Keys", tooltip="this list"),
        Binding("enter", "select", "Go", tooltip='go on from this turn; or show what "…" stands for'),
        Binding("n", "screen.name", "Name", tooltip="name this place"),
        Binding("b", "screen.bookmark", "Bookmark", tooltip="bookmark it, or remove the bookmark"),
        Binding("slash", "screen.search", "Find", tooltip="show only the turns with these words"),
        Binding("e", "screen.edit", "Edit", tooltip="edit it; the old text is kept"),
        Binding("t", "screen.takes", "Takes", tooltip="the takes of this turn"),
        Binding("c", "screen.compare", "Compare", tooltip="pick a turn; on another turn: what differs"),
        Binding("space", "screen.fold", "Fold", tooltip="fold or unfold what follows this turn"),
        Binding("x", "screen.purge", "Purge", tooltip="purge it and all that follows it, for good"),
        Binding("a", "screen.all", "All", tooltip="show every turn, or the overview"),
        Binding("h", "screen.here", "Here", tooltip="where you are"),
        Binding("right", "screen.open", "Open", show=False, tooltip='show what is folded, or what "…" stands for'),
        Binding("left", "screen.close", "Close", show=False, tooltip="fold this branch, or go to the turn before it"),
        Binding("left_square_bracket", "screen.next_bookmark(-1)", show=False, tooltip="the bookmark before"),
        Binding("right_square_bracket", "screen.next_bookmark(1)", show=False, tooltip="the bookmark after"),
        *OptionList.BINDINGS,
    ]


def key_lines(key_name: Callable[[Binding], str]) -> list[Fitted | Content]:
    """Return the list of all keys, and below it what the signs mean; `key_name` names the key of a binding."""
    texts = {key_name(binding): binding.tooltip for binding in _bindings() if binding.tooltip}
    texts["↑ ↓"] = "move; PgUp, PgDn, Home and End as well"
    texts["Esc"] = "leave the field, the search, the tree"
    lines = [_key_line(key, text) for key, text in texts.items()]
    return [*lines, Content(_SIGNS)]


def _bindings() -> list[Binding]:
    return [binding for binding in TreeRows.BINDINGS if isinstance(binding, Binding)]


def _key_line(key: str, text: str) -> Fitted:
    return Fitted(lambda width: hanging(Content.styled(key, "bold"), Content(text), 8, width))


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
        (f"{row.name} " if row.name else "", f"bold {text}"),
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

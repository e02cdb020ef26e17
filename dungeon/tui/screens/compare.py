"""What differs between two branches: what is gone struck out, what is new underlined."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from dungeon.tale.adventure import Adventure
from dungeon.tale.diff import (
    Op,
    Piece,
    diff,
    leading_turns,
    plain_diff,
    render_turns,
    similarity,
    split_paths,
    visible_pieces,
)
from dungeon.tale.outline import turn_number

_STYLES = {Op.EQUAL: "", Op.DELETED: "strike $error", Op.INSERTED: "underline $success"}
_MOST = 60_000
"""Characters of each branch that are compared, some 10,000 words: more makes the screen slow, and nobody reads it."""


def difference(pieces: tuple[Piece, ...], *, colours: bool) -> Content:
    """The pieces to read; without colours, with marks in the text in their place."""
    if not colours:
        return Content(plain_diff(pieces))
    return Content.assemble(*((piece.text, _STYLES[piece.op]) for piece in visible_pieces(pieces)))


def kept(pieces: tuple[Piece, ...]) -> str:
    """In words, how much is the same."""
    return f"{similarity(pieces):.0%} of the words are the same"


class CompareScreen(Screen[None]):
    """The ways to two turns (None: the opening), each from where they part. `d` turns to each in full."""

    CSS_PATH = "compare.tcss"
    BINDINGS = [
        Binding("escape,c", "dismiss", "Close"),
        Binding("d", "turn_over", "In full"),
    ]

    def __init__(self, adventure: Adventure, one: int | None, other: int | None) -> None:
        super().__init__()
        parting, *branches = split_paths(adventure, one, other)
        self._parting = turn_number(adventure, parting)
        self._numbers = turn_number(adventure, one), turn_number(adventure, other)
        short = [leading_turns(branch, _MOST) for branch in branches]
        self._left_off = sum(map(len, branches)) - sum(map(len, short))
        self._texts = [render_turns(branch, _MOST) for branch in short]
        self._pieces = diff(*self._texts)
        self._page = 0
        """0: what differs; 1 and 2: each branch in full."""

    def compose(self) -> ComposeResult:
        one, other = self._numbers
        yield Static(f"The way to turn {one}, and the way to turn {other}", id="title")
        yield Static(id="about", markup=False)
        with VerticalScroll(id="page"):
            yield Static(id="text", markup=False)
        yield Static("d what differs, or each in full · ↑ ↓ scroll · Esc back", id="hint")

    def on_mount(self) -> None:
        self._show()

    def _show(self) -> None:
        self.query_one("#about", Static).update(Content(self._about()))
        if self._page:
            text = Content(self._texts[self._page - 1] or "Nothing: it ends where they part.")
        else:
            text = difference(self._pieces, colours=not self.app.no_color)
        self.query_one("#text", Static).update(text)
        page = self.query_one("#page", VerticalScroll)
        page.scroll_home(animate=False)
        page.focus()

    def _about(self) -> str:
        if all(self._texts):
            where = f"after turn {self._parting}" if self._parting else "at the opening"
            about = f"They part {where}; {kept(self._pieces)}."
        else:
            about = "One lies on the way to the other; this follows it there."
        if self._page:
            about += f" Here: the way to turn {self._numbers[self._page - 1]}, in full."
        else:
            gone, new = ("[-so-]", "{+so+}") if self.app.no_color else ("struck out", "underlined")
            about += f" Only in the first: {gone}. Only in the second: {new}."
        if self._left_off:
            about += f" Only the beginning of each; {self._left_off:,} turns are left off."
        return about

    def action_turn_over(self) -> None:
        """What differs, then the first in full, then the second."""
        self._page = (self._page + 1) % 3
        self._show()

"""What differs between two branches: deleted words are struck out, new ones underlined."""

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
from dungeon.tui.widgets.footer import KeyFooter
from dungeon.tui.widgets.pane import Pane

_STYLES = {Op.EQUAL: "", Op.DELETED: "strike $error", Op.INSERTED: "underline $success"}
_LONGEST = 60_000
"""Characters of each branch that are compared, about 10,000 words: more makes the screen slow, and nobody reads it."""


def diff_content(pieces: tuple[Piece, ...], *, colours: bool) -> Content:
    """Return a diff to read; without colours, brackets in the text mark what differs."""
    if not colours:
        return Content(plain_diff(pieces))
    return Content.assemble(*((piece.text, _STYLES[piece.op]) for piece in visible_pieces(pieces)))


def similarity_text(pieces: tuple[Piece, ...]) -> str:
    """Return in words how much of the two texts is the same."""
    return f"{similarity(pieces):.0%} of the words are the same"


class CompareScreen(Screen[None]):
    """The branches up to two turns (None: the opening), from where they part; `d` shows each in full."""

    CSS_PATH = "compare.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-tall")]
    BINDINGS = [
        Binding("d", "next_view", "Difference or text"),
        Binding("escape,c", "dismiss", "Close"),
    ]

    def __init__(self, adventure: Adventure, first_id: int | None, second_id: int | None) -> None:
        super().__init__()
        parting_id, *branches = split_paths(adventure, first_id, second_id)
        self._parting = turn_number(adventure, parting_id)
        self._numbers = turn_number(adventure, first_id), turn_number(adventure, second_id)
        compared = [leading_turns(branch, _LONGEST) for branch in branches]
        self._omitted = sum(map(len, branches)) - sum(map(len, compared))
        """Turns that are not compared, for the branches are too long."""
        self._texts = [render_turns(branch, _LONGEST) for branch in compared]
        self._pieces = diff(*self._texts)
        self._view = 0
        """0: what differs; 1 and 2: the first and the second branch in full."""

    def compose(self) -> ComposeResult:
        with Pane(widget_id="pane"):
            yield Static(id="about", markup=False)
            with VerticalScroll(id="page"):
                yield Static(id="text", markup=False)
        yield KeyFooter()

    def on_mount(self) -> None:
        self._show()

    def _show(self) -> None:
        first, second = self._numbers
        titles = (f"What differs: turn {first} and turn {second}", f"The branch to turn {first}, in full")
        self.query_one("#pane", Pane).set_title((*titles, f"The branch to turn {second}, in full")[self._view])
        self.query_one("#about", Static).update(Content(self._about()))
        if self._view:
            text = Content(self._texts[self._view - 1] or "Nothing: this branch ends where they part.")
        else:
            text = diff_content(self._pieces, colours=not self.app.no_color)
        self.query_one("#text", Static).update(text)
        page = self.query_one("#page", VerticalScroll)
        page.scroll_home(animate=False)
        page.focus()

    def _about(self) -> str:
        if all(self._texts):
            where = f"after turn {self._parting}" if self._parting else "at the opening"
            about = f"They part {where}; {similarity_text(self._pieces)}."
        else:
            about = "One branch goes on where the other ends."
        if not self._view:
            first, second = ("[-like this-]", "{+like this+}") if self.app.no_color else ("Struck out", "Underlined")
            about += f" {first}: only in the first. {second}: only in the second."
        if self._omitted:
            about += f" Only the beginning of each; {self._omitted:,} more turns are not compared."
        return about

    def action_next_view(self) -> None:
        """Show what differs, then the first branch in full, then the second."""
        self._view = (self._view + 1) % 3
        self._show()

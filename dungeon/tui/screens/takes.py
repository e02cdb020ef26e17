"""The takes of one turn: every way the story went on from the turn before, and what differs between them."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from dungeon.play.session import Session
from dungeon.tale.adventure import Node, State
from dungeon.tale.diff import diff, render_turns
from dungeon.tale.outline import is_edit, prose_preview, turn_number
from dungeon.tui.host import game
from dungeon.tui.screens.compare import difference, kept
from dungeon.tui.widgets.rows import Rows

_MOST = 20_000
"""Characters of a take that are shown."""


class TakesScreen(Screen[bool]):
    """The takes in a list; the marked one beside or below it, held against the one on the player's path.

    Returns whether the player stands elsewhere now.
    """

    CSS_PATH = "takes.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (90, "-wide")]
    BINDINGS = [
        Binding("escape", "dismiss(False)", "Back"),
        Binding("left", "step(-1)", "Before", priority=True),
        Binding("right", "step(1)", "After", priority=True),
        Binding("d", "turn_over", "Difference or text"),
        Binding("pageup", "page(-1)", "Scroll up", priority=True),
        Binding("pagedown,space", "page(1)", "Scroll down", priority=True),
    ]

    def __init__(self, session: Session, node_id: int) -> None:
        super().__init__()
        self.session = session
        adventure = session.adventure
        self._takes = adventure.takes(node_id)
        on_path = {node.id for node in adventure.path()}
        self._in_use = next((node for node in self._takes if node.id in on_path), adventure.nodes[node_id])
        self._in_full = False

    def compose(self) -> ComposeResult:
        turn = turn_number(self.session.adventure, self._in_use.id)
        yield Static(f"The takes of turn {turn}", id="title", markup=False)
        with Container(id="both"):
            yield Rows(id="takes")
            with VerticalScroll(id="page", can_focus=False):
                yield Static(id="about", markup=False)
                yield Static(id="text", markup=False)
        yield Static("← → the takes · Enter takes one · d difference or text · Esc back", id="hint")

    def on_mount(self) -> None:
        takes = self.query_one("#takes", OptionList)
        takes.add_options(Option(self._line(place, node), id=str(node.id)) for place, node in enumerate(self._takes, 1))
        takes.highlighted = self._takes.index(self._in_use)
        takes.focus()

    def _line(self, place: int, node: Node) -> Content:
        sign = "●" if node is self._in_use else " "
        action = f"> {node.action} " if node.action != self._in_use.action else ""
        words = prose_preview(node) or "(no text)"
        return Content.assemble(
            (f"{sign} {place} ", "$primary"),
            (self._remarks(node), "dim"),
            (action, "$primary"),
            words.replace("\n", " "),
        )

    def _remarks(self, node: Node) -> str:
        remarks = {
            "bookmarked": node.bookmarked,
            "edited": is_edit(self.session.adventure, node),
            "stopped": node.state is State.STOPPED,
            "cut off": node.state is State.STREAMING,
        }
        said = ", ".join(remark for remark, holds in remarks.items() if holds)
        return f"({said}) " if said else ""

    @on(OptionList.OptionHighlighted)
    def _show(self) -> None:
        node = self._marked()
        place = self._takes.index(node) + 1
        about = f"Take {place} of {len(self._takes)}, turn {turn_number(self.session.adventure, node.id)}"
        below = len(self.session.adventure.below(node.id))
        if below:
            about += f", on which {'1 turn follows' if below == 1 else f'{below:,} turns follow'}"
        text = Content(render_turns([node], _MOST))
        if node is self._in_use:
            about += ". This is the one in use."
            if len(self._takes) == 1:
                about += " There is no other yet: retry the turn, and this one is kept."
        elif self._in_full:
            about += "."
        else:
            pieces = diff(render_turns([self._in_use], _MOST), render_turns([node], _MOST))
            text = difference(pieces, colours=not self.app.no_color)
            about += f", held against the one in use: {kept(pieces)}."
        self.query_one("#about", Static).update(Content(about))
        self.query_one("#text", Static).update(text)
        self.query_one("#page", VerticalScroll).scroll_home(animate=False)

    def _marked(self) -> Node:
        return self._takes[self.query_one("#takes", OptionList).highlighted or 0]

    def action_step(self, step: int) -> None:
        """The take before or after, as far as there is one."""
        takes = self.query_one("#takes", OptionList)
        takes.highlighted = min(max(0, (takes.highlighted or 0) + step), len(self._takes) - 1)

    def action_turn_over(self) -> None:
        """What differs, or the text as it is."""
        self._in_full = not self._in_full
        self._show()

    def action_page(self, direction: int) -> None:
        """Scrolls a long text."""
        page = self.query_one("#page", VerticalScroll)
        page.scroll_page_up() if direction < 0 else page.scroll_page_down()

    @on(OptionList.OptionSelected)
    def _take(self) -> None:
        """Stands on the marked take; the one in use leaves everything as it is."""
        node = self._marked()
        if node is self._in_use:
            self.dismiss(False)
            return
        with game(self).toast_errors():
            self.session.go_to(node.id)
            self.dismiss(True)

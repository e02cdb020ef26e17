"""The takes of one turn: every way the story went on from the turn before, and what differs between them."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from dungeon.play.adventures import plural
from dungeon.play.session import Session
from dungeon.tale.adventure import Node, State
from dungeon.tale.diff import diff, render_turns
from dungeon.tale.outline import is_edit, prose_preview, turn_number
from dungeon.tui.bindings import PAGE_KEYS, scroll_page
from dungeon.tui.host import game
from dungeon.tui.screens.compare import diff_content, similarity_text
from dungeon.tui.widgets.footer import KeyFooter
from dungeon.tui.widgets.pane import Pane
from dungeon.tui.widgets.rows import Rows

_LONGEST = 20_000
"""Characters of a take that are shown."""


class TakeRows(Rows, inherit_bindings=False):
    """The takes, a row each."""

    BINDINGS = [
        Binding("enter", "select", "Use"),
        Binding("left", "screen.step(-1)", "Other take", key_display="← →"),
        Binding("right", "screen.step(1)", "Other take", show=False),
        Binding("d", "screen.next_view", "Difference or text"),
        *OptionList.BINDINGS,
    ]


class TakesScreen(Screen[bool]):
    """A list of the takes; the highlighted one is shown beside or below it, compared with the one in use.

    In use is the take on the player's branch. Returns whether the player chose another.
    """

    CSS_PATH = "takes.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (90, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-tall")]
    BINDINGS = [
        Binding("escape", "dismiss(False)", "Back"),
        *PAGE_KEYS,
        Binding("space", "page(1)", "Scroll down", show=False, priority=True),
    ]

    def __init__(self, session: Session, node_id: int) -> None:
        super().__init__()
        self.session = session
        self._take_ids = [take.id for take in session.adventure.takes(node_id)]
        on_path = {node.id for node in session.adventure.path()}
        self._used_id = next((take_id for take_id in self._take_ids if take_id in on_path), node_id)
        self._in_full = False

    def compose(self) -> ComposeResult:
        turn = turn_number(self.session.adventure, self._used_id)
        with Container(id="both"):
            with Pane(f"The takes of turn {turn}", widget_id="left"):
                yield TakeRows(widget_id="takes")
            with Pane(widget_id="right"), VerticalScroll(id="page", can_focus=False):
                yield Static(id="about", markup=False)
                yield Static(id="text", markup=False)
        yield KeyFooter()

    def on_mount(self) -> None:
        self._list.add_options(
            Option(self._row(number), id=str(number)) for number in range(1, len(self._take_ids) + 1)
        )
        self._list.highlighted = self._take_ids.index(self._used_id)
        self._list.focus()

    @property
    def _list(self) -> Rows:
        return self.query_one("#takes", Rows)

    def _node(self, take_id: int) -> Node:
        return self.session.adventure.nodes[take_id]

    def _row(self, number: int) -> Content:
        """Draw the take of this number, counted from 1."""
        node = self._node(self._take_ids[number - 1])
        sign = "●" if node.id == self._used_id else " "
        action = f"> {node.action} " if node.action not in ("", self._node(self._used_id).action) else ""
        return Content.assemble(
            (f"{sign} {number} ", "$primary"),
            (self._remarks(node), "dim"),
            (action, "$primary"),
            prose_preview(node) or "(no text)",
        )

    def _remarks(self, node: Node) -> str:
        remarks = {
            "bookmarked": node.bookmarked,
            "edited": is_edit(self.session.adventure, node),
            "stopped": node.state is State.STOPPED,
            "cut off": node.state is State.STREAMING,
        }
        shown = ", ".join(remark for remark, holds in remarks.items() if holds)
        return f"({shown}) " if shown else ""

    @on(Rows.OptionHighlighted)
    def _show(self) -> None:
        place = self._list.highlighted or 0
        node = self._node(self._take_ids[place])
        title = f"Take {place + 1} of {len(self._take_ids)}, turn {turn_number(self.session.adventure, node.id)}"
        about = ""
        text = Content(render_turns([node], _LONGEST))
        if node.id == self._used_id:
            about = "This is the one in use."
            if len(self._take_ids) == 1:
                about += " There is no other yet: retry the turn, and this one is kept."
        elif not self._in_full:
            pieces = diff(render_turns([self._node(self._used_id)], _LONGEST), render_turns([node], _LONGEST))
            text = diff_content(pieces, colours=not self.app.no_color)
            about = f"Compared with the one in use: {similarity_text(pieces)}."
        if following := len(self.session.adventure.below(node.id)):
            about = f"{about} It has {plural(following, 'turn')} after it.".lstrip()
        self.query_one("#right", Pane).set_title(title)
        self.query_one("#about", Static).update(Content(about))
        self.query_one("#text", Static).update(text)
        self.query_one("#page", VerticalScroll).scroll_home(animate=False)

    def action_step(self, step: int) -> None:
        """Highlight the take before or after, if there is one."""
        self._list.highlighted = min(max(0, (self._list.highlighted or 0) + step), len(self._take_ids) - 1)

    def action_next_view(self) -> None:
        """Show what differs, or the text of the take."""
        self._in_full = not self._in_full
        self._show()

    def action_page(self, direction: int) -> None:
        """Scroll a long text."""
        scroll_page(self.query_one("#page", VerticalScroll), direction)

    @on(Rows.OptionSelected)
    def _use(self) -> None:
        """Go to the highlighted take; selecting the one in use changes nothing."""
        take_id = self._take_ids[self._list.highlighted or 0]
        if take_id == self._used_id:
            self.dismiss(False)
            return
        with game(self).toast_errors():
            self.session.go_to(take_id)
            self.dismiss(True)

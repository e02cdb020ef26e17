"""The story tree: the whole adventure to walk, name, bookmark, fold, compare, edit, purge, and go on from anywhere."""

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from corpus.turns import ACTION_MARK, Kind
from dungeon.play.session import Session
from dungeon.tale.adventure import Node
from dungeon.tale.outline import (
    Outline,
    Row,
    RowKind,
    bookmarked_turns,
    outline,
    placeholder_text,
    remarks,
    search,
    turn_number,
)
from dungeon.tui.host import game
from dungeon.tui.widgets.tree_rows import HINT, KEYS, TreeRows, drawn

_PREVIEW = 4000
"""Characters of a turn that are shown beside the tree."""


class TreeScreen(Screen[bool]):
    """Returns whether something that the story shows has changed: where the player stands, a text, a mark."""

    CSS_PATH = "tree.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-tall")]
    BINDINGS = [Binding("escape", "back", "Back", priority=True)]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._outline = Outline((), {})
        self._whole = False
        self._opened: frozenset[int] = frozenset()
        self._words = ""
        """What is searched for."""
        self._naming: int | None = None
        """The turn that is being named."""
        self._compared: int | None = None
        """The turn that is marked to compare; None: none is."""
        self._changed = False

    def compose(self) -> ComposeResult:
        yield Static(id="title", markup=False)
        with Container(id="both"):
            yield TreeRows(id="tree")
            with VerticalScroll(id="preview", can_focus=False):
                yield Static(id="about", markup=False)
                yield Static(id="action", markup=False)
                yield Static(id="prose", markup=False)
        yield Input(id="line", compact=True, select_on_focus=False)
        yield Static(HINT, id="hint", markup=False)

    def on_mount(self) -> None:
        self.query_one("#line").display = False
        self._fill(self.session.adventure.head)
        self._tree.focus()

    # ---- what is shown ---------------------------------------------------------------------------------------

    @property
    def _tree(self) -> TreeRows:
        return self.query_one("#tree", TreeRows)

    def _fill(self, mark: int | None) -> None:
        """Makes the rows anew and marks that turn, or what hides it."""
        adventure = self.session.adventure
        if self._words:
            self._outline = search(adventure, self._words)
        else:
            self._outline = outline(adventure, expanded=self._whole, open_runs=self._opened)
        rows = self._outline.rows
        digits = len(str(len(adventure.nodes)))
        self._tree.set_options(
            Option(drawn(row, digits, compared=row.node_id is not None and row.node_id == self._compared))
            for row in rows
        )
        if rows:
            self._tree.highlighted = self._outline.row_index.get(mark, 0)
        self._title()

    def _title(self) -> None:
        adventure = self.session.adventure
        turns = len(adventure.nodes)
        ends = turns - len({node.parent for node in adventure.nodes.values() if node.parent is not None})
        what = f"{turns:,} turns, {ends:,} ends"
        if self._words:
            what = f"{len(self._outline.rows):,} of {turns:,} turns have “{self._words}”"
        self.query_one("#title", Static).update(Content(f"{adventure.title} · {what}"))
        if not self._outline.rows:
            for id_ in ("#about", "#action", "#prose"):
                self.query_one(id_, Static).update("")

    @on(OptionList.OptionHighlighted)
    def _preview(self) -> None:
        row = self._row()
        if row is None:
            return
        node = self._node(row)
        if node is None or row.kind is not RowKind.TURN:
            about = "Where the story begins" if node is None else f"{placeholder_text(row)}  (→ shows them)"
            action, prose = "", self.session.adventure.opening if node is None else ""
        else:
            name = f"{row.name}: " if row.name else ""
            about = " · ".join((f"{name}turn {row.number}", *remarks(row)))
            action = node.input if node.kind is Kind.STORY else ACTION_MARK + node.action if node.action else ""
            prose = node.prose
        for id_, text in (("#about", about), ("#action", action), ("#prose", prose)):
            static = self.query_one(id_, Static)
            static.update(Content(text if len(text) <= _PREVIEW else f"{text[:_PREVIEW]}…"))
            static.display = bool(text)
        self.query_one("#preview", VerticalScroll).scroll_home(animate=False)

    def _row(self) -> Row | None:
        at = self._tree.highlighted
        return None if at is None or at >= len(self._outline.rows) else self._outline.rows[at]

    def _node(self, row: Row) -> Node | None:
        return None if row.node_id is None else self.session.adventure.nodes[row.node_id]

    def _turn(self) -> Node | None:
        """The marked turn; None, and a word on it, where the row is not one turn."""
        row = self._row()
        if row is None:
            return None
        if row.kind is not RowKind.TURN:
            game(self).toast("These are several turns. → shows them.")
            return None
        node = self._node(row)
        if node is None:
            game(self).toast("That is the opening. It belongs to the scenario, and stays as it is.")
        return node

    # ---- walking ---------------------------------------------------------------------------------------------

    @on(OptionList.OptionSelected)
    def _select(self) -> None:
        row = self._row()
        if row is None:
            return
        if row.kind is not RowKind.TURN:
            self.action_open()
            return
        with game(self).toast_errors():
            self.session.go_to(row.node_id)
            self.dismiss(True)

    def action_open(self) -> None:
        """Shows what the row hides, or walks on."""
        row = self._row()
        if row is None:
            return
        if row.kind is not RowKind.TURN and row.node_id is not None:
            self._opened |= {row.node_id}
            self._fill(row.node_id)
        elif row.folded and row.node_id is not None:
            self._mark(row.node_id, folded=False)
        else:
            self._tree.action_cursor_down()

    def action_close(self) -> None:
        """Hides again what was opened, folds a branch at its beginning, or else goes to the turn before."""
        row = self._row()
        if row is None or row.node_id is None:
            return
        if row.open_run is not None:
            self._opened -= {row.open_run}
            self._fill(row.open_run)
        elif row.starts_branch and not row.folded and self.session.adventure.children(row.node_id):
            self._mark(row.node_id, folded=True)
        else:
            parent = self.session.adventure.nodes[row.node_id].parent
            self._tree.highlighted = self._outline.row_index.get(parent, 0)

    def action_fold(self) -> None:
        """Folds or unfolds what follows the turn."""
        row = self._row()
        if row is not None and row.kind is not RowKind.TURN:
            self.action_open()
        elif (node := self._turn()) is not None:
            if self.session.adventure.children(node.id):
                self._mark(node.id, folded=not node.folded)
            else:
                game(self).toast("Nothing follows this turn.")

    def action_here(self) -> None:
        """Marks where the player stands."""
        self._words = ""
        self._fill(self.session.adventure.head)

    def action_all(self) -> None:
        """Every turn, or the overview."""
        row = self._row()
        self._whole = not self._whole
        self._fill(row.node_id if row else None)

    def action_next_bookmark(self, step: int) -> None:
        """The bookmark before or after the marked row, and from the last on to the first."""
        marked = [node.id for node in bookmarked_turns(self.session.adventure)]
        if not marked:
            game(self).toast("There is no bookmark yet. b sets one.")
            return
        row = self._row()
        order = {node.id: place for place, node in enumerate(self.session.adventure.below(None))}
        here = order.get(row.node_id, -1) if row and row.node_id is not None else -1
        if step > 0:
            to = next((id_ for id_ in marked if order[id_] > here), marked[0])
        else:
            to = next((id_ for id_ in reversed(marked) if order[id_] < here), marked[-1])
        self._words = ""
        with game(self).toast_errors():
            for node in self.session.adventure.path(to)[:-1]:
                if node.folded:
                    self.session.label_turn(node.id, folded=False)
        self._fill(to)

    def action_keys(self) -> None:
        """What can be done here."""
        from dungeon.tui.screens.text import TextScreen

        self.app.push_screen(TextScreen("The story tree", KEYS, key="question_mark"))

    def action_back(self) -> None:
        """Out of the line, then out of the search, then back to the story."""
        if self.query_one("#line").display:
            self._words = "" if self._naming is None else self._words
            self._close_line()
        elif self._words:
            row = self._row()
            self._words = ""
            self._fill(row.node_id if row else self.session.adventure.head)
        else:
            self.dismiss(self._changed)

    # ---- marks -----------------------------------------------------------------------------------------------

    def _mark(
        self, id_: int, *, folded: bool | None = None, bookmarked: bool | None = None, name: str | None = None
    ) -> None:
        with game(self).toast_errors():
            self.session.label_turn(id_, folded=folded, bookmarked=bookmarked, name=name)
            self._changed = self._changed or folded is None
        self._fill(id_)

    def action_bookmark(self) -> None:
        """Sets a bookmark or takes it away."""
        if node := self._turn():
            self._mark(node.id, bookmarked=not node.bookmarked)

    def action_name(self) -> None:
        """Asks for the place's name."""
        if node := self._turn():
            self._naming = node.id
            self._open_line(node.name, "A name for this place; empty for none")

    def action_search(self) -> None:
        """Asks for words."""
        self._naming = None
        self._open_line(self._words, "Words to look for")

    def _open_line(self, text: str, placeholder: str) -> None:
        line = self.query_one("#line", Input)
        line.placeholder = placeholder
        line.value = text
        line.display = True
        line.focus()

    def _close_line(self) -> None:
        self.query_one("#line").display = False
        row = self._row()
        self._fill(row.node_id if row else self.session.adventure.head)
        self._tree.focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if self._naming is None and event.input.display:
            row = self._row()
            self._words = event.value.strip()
            self._fill(row.node_id if row else None)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        if self._naming is not None:
            self._mark(self._naming, name=event.value)
            self._naming = None
        self._close_line()

    # ---- other screens ---------------------------------------------------------------------------------------

    def action_compare(self) -> None:
        """Marks the turn; where another is marked, shows what differs between the ways to both."""
        node = self._turn()
        if node is None:
            return
        if self._compared is None or self._compared not in self.session.adventure.nodes:
            self._compared = node.id
            game(self).toast(f"Turn {turn_number(self.session.adventure, node.id)} is marked. c on another compares.")
        elif self._compared == node.id:
            self._compared = None
        else:
            from dungeon.tui.screens.compare import CompareScreen

            self.app.push_screen(CompareScreen(self.session.adventure, self._compared, node.id))
            self._compared = None
        self._fill(node.id)

    def action_takes(self) -> None:
        """All takes of the turn."""
        from dungeon.tui.screens.takes import TakesScreen

        if node := self._turn():
            self.app.push_screen(TakesScreen(self.session, node.id), self._after(node.id))

    def action_edit(self) -> None:
        """The turn's text."""
        from dungeon.tui.screens.edit import EditScreen

        if node := self._turn():
            with game(self).toast_errors():
                self.app.push_screen(EditScreen(self.session, node.id), self._after(node.id))

    def _after(self, id_: int) -> Callable[[bool | None], None]:
        def fill(changed: bool | None) -> None:
            self._changed = self._changed or bool(changed)
            edits = [node.id for node in self.session.adventure.nodes.values() if node.edit_of == id_]
            self._fill(max(edits, default=id_) if changed else id_)

        return fill

    def action_purge(self) -> None:
        """Takes the turn and all that follows it off the disk, once the player has confirmed it."""
        from dungeon.tui.screens.confirm import ConfirmScreen

        node = self._turn()
        if node is None:
            return
        adventure = self.session.adventure
        gone = [node, *adventure.below(node.id)]
        words = sum(len(turn.input.split()) + len(turn.prose.split()) for turn in gone)
        what = "this turn" if len(gone) == 1 else f"this turn and all that follows it, {len(gone):,} turns"
        here = " You stand there, and will stand on the turn before." if adventure.head in {n.id for n in gone} else ""
        question = f"Take {what}, {words:,} words, off the disk?{here} This can't be undone."

        def answered(yes: bool | None) -> None:
            if yes:
                with game(self).toast_errors():
                    self.session.purge_turn(node.id)
                    self._changed = True
                self._fill(node.parent)

        self.app.push_screen(ConfirmScreen(question, "Purge", "Keep"), answered)

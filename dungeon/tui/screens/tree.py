"""The story tree: every turn of the adventure, to go on from, name, bookmark, fold, search, compare, edit and purge."""

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
from dungeon.play.adventures import plural
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
from dungeon.tui.widgets.footer import KeyFooter
from dungeon.tui.widgets.line_field import LineField
from dungeon.tui.widgets.pane import Pane
from dungeon.tui.widgets.tree_rows import TreeRows, key_lines, row_content

_LONGEST = 4000
"""Characters of a turn that are shown beside the tree."""


class Line(LineField):
    """Where a name is typed, or words to look for."""

    BINDINGS = [Binding("enter", "submit", "Keep")]


class TreeScreen(Screen[bool]):
    """Returns whether something that the story shows has changed: where the player is, a text, a name, a bookmark."""

    CSS_PATH = "tree.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-tall")]
    BINDINGS = [Binding("escape", "back", "Back", priority=True)]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._outline = Outline((), {})
        self._show_all = False
        """Whether every turn has a row, or long stretches are hidden behind "…"."""
        self._opened: frozenset[int] = frozenset()
        """What the player opened of an overview, by its first turn."""
        self._words = ""
        """What is searched for."""
        self._naming: int | None = None
        """The turn whose name is being typed; None while words to search for are."""
        self._compared: int | None = None
        """The turn that is picked to compare; None: none is."""
        self._changed = False

    def compose(self) -> ComposeResult:
        with Container(id="both"):
            with Pane(widget_id="left"):
                yield TreeRows(widget_id="tree")
                yield Line(id="line", select_on_focus=False)
            with Pane(widget_id="right"), VerticalScroll(id="preview", can_focus=False):
                yield Static(id="about", markup=False)
                yield Static(id="action", markup=False)
                yield Static(id="prose", markup=False)
        yield KeyFooter()

    def on_mount(self) -> None:
        self.query_one("#line").display = False
        self._fill(self.session.adventure.head)
        self._tree.focus()

    # ---- what is shown ---------------------------------------------------------------------------------------

    @property
    def _tree(self) -> TreeRows:
        return self.query_one("#tree", TreeRows)

    def _fill(self, node_id: int | None) -> None:
        """Make the rows again and highlight the one that shows, or hides, this turn."""
        adventure = self.session.adventure
        if self._words:
            self._outline = search(adventure, self._words)
        else:
            self._outline = outline(adventure, expanded=self._show_all, open_runs=self._opened)
        rows = self._outline.rows
        digits = len(str(len(adventure.nodes)))
        self._tree.set_options(
            Option(row_content(row, digits, compared=row.node_id is not None and row.node_id == self._compared))
            for row in rows
        )
        if rows:
            self._tree.highlighted = self._outline.row_index.get(node_id, 0)
        else:
            for widget_id in ("#about", "#action", "#prose"):
                self.query_one(widget_id, Static).update("")
        self._show_title()

    def _show_title(self) -> None:
        nodes = self.session.adventure.nodes
        if self._words:
            what = f"{len(self._outline.rows):,} of {plural(len(nodes), 'turn')} have “{self._words}”"
        else:
            ends = len(nodes) - len({node.parent for node in nodes.values() if node.parent is not None})
            what = f"{plural(len(nodes), 'turn')}, {plural(max(1, ends), 'branch')}"
        # The title last, because what does not fit is cropped at the end.
        self.query_one("#left", Pane).set_title(f"Tree · {what} · {self.session.adventure.title}")

    @on(OptionList.OptionHighlighted)
    def _preview(self) -> None:
        row = self._row()
        if row is None:
            return
        title, *parts = self._preview_texts(row)
        self.query_one("#right", Pane).set_title(title)
        texts = dict(zip(("#about", "#action", "#prose"), parts, strict=True))
        for widget_id, text in texts.items():
            static = self.query_one(widget_id, Static)
            static.update(Content(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"))
            static.display = bool(text)
        self.query_one("#preview", VerticalScroll).scroll_home(animate=False)

    def _preview_texts(self, row: Row) -> tuple[str, str, str, str]:
        """Return a title for the row, what else there is to say of it, the player's part and the storyteller's."""
        node = self._node(row)
        if node is None:
            return "The opening", "Where the story begins", "", self.session.adventure.opening
        if row.kind is not RowKind.TURN:
            return "Several turns", f"{placeholder_text(row)}  (→ shows them)", "", ""
        about = " · ".join((*([row.name] if row.name else []), *remarks(row)))
        action = node.input if node.kind is Kind.STORY else ACTION_MARK + node.action if node.action else ""
        return f"Turn {row.number}", about, action, node.prose

    # ---- the highlighted row ---------------------------------------------------------------------------------

    def _row(self) -> Row | None:
        place = self._tree.highlighted
        return None if place is None or place >= len(self._outline.rows) else self._outline.rows[place]

    def _row_id(self) -> int | None:
        """The turn of the highlighted row; None for the opening, and where there is no row."""
        row = self._row()
        return row.node_id if row else None

    def _node(self, row: Row) -> Node | None:
        return None if row.node_id is None else self.session.adventure.nodes[row.node_id]

    def _turn(self) -> Node | None:
        """Return the highlighted turn; None, with a toast that says why, if the row is not one turn."""
        row = self._row()
        if row is None:
            return None
        if row.kind is not RowKind.TURN:
            game(self).toast("These are several turns. → shows them.")
            return None
        node = self._node(row)
        if node is None:
            game(self).toast("This is the opening. It belongs to the scenario and stays as it is.")
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
        """Show what the row hides, or else go down."""
        row = self._row()
        if row is None:
            return
        if row.kind is not RowKind.TURN and row.node_id is not None:
            self._opened |= {row.node_id}
            self._fill(row.node_id)
        elif row.folded and row.node_id is not None:
            self._label(row.node_id, folded=False)
        else:
            self._tree.action_cursor_down()

    def action_close(self) -> None:
        """Hide again what was opened, fold a branch at its first turn, or else go to the turn before."""
        row = self._row()
        if row is None or row.node_id is None:
            return
        if row.open_run is not None:
            self._opened -= {row.open_run}
            self._fill(row.open_run)
        elif row.starts_branch and not row.folded and self.session.adventure.children(row.node_id):
            self._label(row.node_id, folded=True)
        else:
            parent = self.session.adventure.nodes[row.node_id].parent
            self._tree.highlighted = self._outline.row_index.get(parent, 0)

    def action_fold(self) -> None:
        """Fold or unfold what follows the turn."""
        row = self._row()
        if row is not None and row.kind is not RowKind.TURN:
            self.action_open()
        elif (node := self._turn()) is not None:
            if self.session.adventure.children(node.id):
                self._label(node.id, folded=not node.folded)
            else:
                game(self).toast("Nothing follows this turn.")

    def action_here(self) -> None:
        """Go to the turn where the player is."""
        self._words = ""
        self._fill(self.session.adventure.head)

    def action_all(self) -> None:
        """Show every turn, or the overview."""
        self._show_all = not self._show_all
        self._fill(self._row_id())

    def action_next_bookmark(self, step: int) -> None:
        """Go to the bookmark before (-1) or after (1) the highlighted row, and from the last on to the first."""
        adventure = self.session.adventure
        bookmarked = [node.id for node in bookmarked_turns(adventure)]
        if not bookmarked:
            game(self).toast("There is no bookmark yet. b sets one.")
            return
        places = {node.id: place for place, node in enumerate(adventure.below(None))}
        here = places.get(self._row_id() or 0, -1)
        if step > 0:
            found = next((node_id for node_id in bookmarked if places[node_id] > here), bookmarked[0])
        else:
            found = next((node_id for node_id in reversed(bookmarked) if places[node_id] < here), bookmarked[-1])
        self._words = ""
        with game(self).toast_errors():
            for node in adventure.path(found)[:-1]:
                if node.folded:
                    self.session.label_turn(node.id, folded=False)
        self._fill(found)

    def action_keys(self) -> None:
        """Show the keys of this screen."""
        from dungeon.tui.screens.text import TextScreen

        lines = key_lines(self.app.get_key_display)
        self.app.push_screen(TextScreen("The keys of the tree", lines, key="question_mark"))

    def action_back(self) -> None:
        """Leave the line, then the search, then the screen."""
        if self.query_one("#line").display:
            if self._naming is None:
                self._words = ""
            self._close_line()
        elif self._words:
            self._words = ""
            self._fill_again()
        else:
            self.dismiss(self._changed)

    def _fill_again(self) -> None:
        """Make the rows again; the same turn stays highlighted, or the player's where there was none."""
        self._fill(self._row_id() if self._row() else self.session.adventure.head)

    # ---- names, bookmarks, folds -----------------------------------------------------------------------------

    def _label(
        self, node_id: int, *, folded: bool | None = None, bookmarked: bool | None = None, name: str | None = None
    ) -> None:
        with game(self).toast_errors():
            self.session.label_turn(node_id, folded=folded, bookmarked=bookmarked, name=name)
            self._changed = self._changed or folded is None
        self._fill(node_id)

    def action_bookmark(self) -> None:
        """Set a bookmark or remove it."""
        if node := self._turn():
            self._label(node.id, bookmarked=not node.bookmarked)

    def action_name(self) -> None:
        """Ask for the name of the turn."""
        if node := self._turn():
            self._naming = node.id
            self._open_line(node.name, "A name for this place; empty for none")

    def action_search(self) -> None:
        """Ask for words to search for."""
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
        self._fill_again()
        self._tree.focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if self._naming is None and event.input.display:
            self._words = event.value.strip()
            self._fill(self._row_id())

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        if self._naming is not None:
            self._label(self._naming, name=event.value)
            self._naming = None
        self._close_line()

    # ---- other screens ---------------------------------------------------------------------------------------

    def action_compare(self) -> None:
        """Pick the turn to compare; where another is picked, show what differs between the branches to both."""
        node = self._turn()
        if node is None:
            return
        if self._compared is None or self._compared not in self.session.adventure.nodes:
            self._compared = node.id
            game(self).toast(f"Turn {turn_number(self.session.adventure, node.id)} is picked. c on another compares.")
        elif self._compared == node.id:
            self._compared = None
        else:
            from dungeon.tui.screens.compare import CompareScreen

            self.app.push_screen(CompareScreen(self.session.adventure, self._compared, node.id))
            self._compared = None
        self._fill(node.id)

    def action_takes(self) -> None:
        """Show the takes of the turn."""
        from dungeon.tui.screens.takes import TakesScreen

        if node := self._turn():
            self.app.push_screen(TakesScreen(self.session, node.id), self._after(node.id))

    def action_edit(self) -> None:
        """Edit the text of the turn."""
        from dungeon.tui.screens.edit import EditScreen

        if node := self._turn():
            with game(self).toast_errors():
                self.app.push_screen(EditScreen(self.session, node.id), self._after(node.id))

    def _after(self, node_id: int) -> Callable[[bool | None], None]:
        """Return what to do when a screen about this turn closes: highlight the turn, or its last edit."""

        def closed(changed: bool | None) -> None:
            self._changed = self._changed or bool(changed)
            edits = [node.id for node in self.session.adventure.nodes.values() if node.edit_of == node_id]
            self._fill(max(edits, default=node_id) if changed else node_id)

        return closed

    def action_purge(self) -> None:
        """Delete the turn and all that follows it from the disk, once the player has confirmed it."""
        from dungeon.tui.screens.confirm import ConfirmScreen

        node = self._turn()
        if node is None:
            return
        adventure = self.session.adventure
        turns = [node, *adventure.below(node.id)]
        words = sum(len(turn.input.split()) + len(turn.prose.split()) for turn in turns)
        what = "this turn" if len(turns) == 1 else f"this turn and all that follows it, {len(turns):,} turns"
        here = " You are there, and will be at the turn before." if adventure.head in {t.id for t in turns} else ""
        question = f"Delete {what}, {plural(words, 'word')}, from the disk?{here} This can't be undone."
        node_id, parent_id = node.id, node.parent

        def answered(yes: bool | None) -> None:
            if yes:
                with game(self).toast_errors():
                    self.session.purge_turn(node_id)
                    self._changed = True
                self._fill(parent_id)

        self.app.push_screen(ConfirmScreen(question, "Purge", "Keep"), answered)

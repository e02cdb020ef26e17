"""Changing the text of a turn: the player's words, the storyteller's answer, or both."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, Static, TextArea

from corpus.actions import action_line
from corpus.turns import ACTION_MARK, Kind
from dungeon.errors import DungeonError
from dungeon.play.editing import Change
from dungeon.play.session import Session
from dungeon.tale.adventure import Node
from dungeon.tale.outline import turn_number
from dungeon.tui.host import game
from dungeon.tui.screens.confirm import ConfirmScreen
from dungeon.tui.widgets.footer import KeyFooter
from dungeon.tui.widgets.pane import Pane
from dungeon.tui.widgets.text_area import text_area

_WORDS_LABELS = {
    Kind.DO: "What you do",
    Kind.SAY: "What you say",
    Kind.STORY: "What you write",
    Kind.CONTINUE: "What you do (nothing: the story went on by itself)",
}
_LONGEST = 200_000
"""Characters of a turn that can be edited: a text area takes seconds for more."""


class EditScreen(Screen[bool]):
    """Shows one turn at a time; changes made in other turns of the branch are remembered until all are kept.

    Ctrl+S keeps all changes at once and returns True. If the shelf can't take them, the screen stays with all that was
    typed. Returns False if nothing was changed or the player left.

    Raises:
        DungeonError: the turn is too long to be edited here.
    """

    CSS_PATH = "edit.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (70, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-tall")]
    BINDINGS = [
        Binding("ctrl+s", "keep", "Keep", priority=True),
        Binding("ctrl+up,alt+up", "step(-1)", "Other turn", key_display="Ctrl+↑ ↓", priority=True),
        Binding("ctrl+down,alt+down", "step(1)", "Other turn", show=False, priority=True),
        Binding("escape", "leave", "Back", priority=True),
    ]

    def __init__(self, session: Session, node_id: int) -> None:
        super().__init__()
        self.session = session
        path = [node.id for node in session.adventure.path()]
        self._branch = path if node_id in path else [node.id for node in session.adventure.timeline(node_id)]
        """The ids of the turns that can be edited here, in order."""
        self._place = self._branch.index(node_id)
        _check_length(self._node)
        self._drafts: dict[int, tuple[str, str]] = {}
        """By turn id, the words and the prose in the fields when the player went on to another turn."""

    @property
    def _node(self) -> Node:
        return self.session.adventure.nodes[self._branch[self._place]]

    def compose(self) -> ComposeResult:
        yield Static(id="title", markup=False)
        with Pane(widget_id="words-pane"):
            yield text_area("words")
            yield Static(id="action", markup=False)
        with Pane("The storyteller's answer", widget_id="prose-pane"):
            yield text_area("prose")
        with Horizontal(id="buttons"):
            yield Button("Leave", id="leave", compact=True)
            yield Button("Keep", id="keep", compact=True)
        yield KeyFooter()

    def on_mount(self) -> None:
        self._load()
        self._prose.focus()

    @property
    def _words(self) -> TextArea:
        return self.query_one("#words", TextArea)

    @property
    def _prose(self) -> TextArea:
        return self.query_one("#prose", TextArea)

    def _load(self) -> None:
        """Show the turn, with the changes made to it before."""
        node = self._node
        words, prose = self._drafts.get(node.id, (node.input, node.prose))
        self._words.load_text(words)
        self._prose.load_text(prose)
        self._prose.move_cursor(self._prose.document.end)  # what streamed last is what one corrects most
        self.query_one("#words-pane", Pane).set_title(_WORDS_LABELS[node.kind])
        self._show_action()

    @on(TextArea.Changed)
    def _show_action(self) -> None:
        """Show the sentence that the player's words become, and how many turns are changed."""
        kind = self._node.kind
        action = action_line(Kind.DO if kind is Kind.CONTINUE else kind, self._words.text)
        line = self.query_one("#action", Static)
        line.update(Content(ACTION_MARK + action))
        line.set_class(not action, "-empty")
        changed = len(self._changes())
        note = "" if not changed else " · changed" if changed == 1 else f" · {changed} turns changed"
        number = turn_number(self.session.adventure, self._node.id)
        title = f"Turn {number} in the tree: turn {self._place + 1} of {len(self._branch)} on this branch{note}"
        self.query_one("#title", Static).update(Content(title))

    def _changes(self) -> list[Change]:
        """Return the turns whose text was changed."""
        drafts = {**self._drafts, self._node.id: (self._words.text, self._prose.text)}
        nodes = (self.session.adventure.nodes[node_id] for node_id in self._branch if node_id in drafts)
        return [Change(node.id, *drafts[node.id]) for node in nodes if drafts[node.id] != (node.input, node.prose)]

    def action_step(self, step: int) -> None:
        """Go to the turn before or after on this branch."""
        place = self._place + step
        if not 0 <= place < len(self._branch):
            at_opening = "Before the first turn is the opening, which can't be edited."
            game(self).toast(at_opening if step < 0 else "This is the last turn of the branch.")
            return
        with game(self).toast_errors():
            _check_length(self.session.adventure.nodes[self._branch[place]])
            self._drafts[self._node.id] = self._words.text, self._prose.text
            self._place = place
            self._load()

    def action_keep(self) -> None:
        """Keep every change, each as a new turn beside the old one."""
        with game(self).toast_errors():
            self.dismiss(bool(self.session.edit_all(self._changes())))

    def keep_text(self) -> None:
        """Keep the changes when the game ends."""
        self.session.edit_all(self._changes())

    def action_leave(self) -> None:
        """Leave without a change; ask first if there are any."""
        changed = len(self._changes())
        if not changed:
            self.dismiss(False)
            return
        what = "your change" if changed == 1 else f"your changes to {changed} turns"
        self.app.push_screen(ConfirmScreen(f"Leave without {what}?", "Leave", "Stay"), self._left)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "keep":
            self.action_keep()
        else:
            self.action_leave()

    def _left(self, yes: bool | None) -> None:
        if yes:
            self.dismiss(False)


def _check_length(node: Node) -> None:
    length = len(node.input) + len(node.prose)
    if length > _LONGEST:
        raise DungeonError(f"That turn has {length:,} characters; up to {_LONGEST:,} can be edited here.")

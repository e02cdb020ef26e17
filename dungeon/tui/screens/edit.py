"""Changing the text of a turn: the player's words, the storyteller's prose, or both."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Label, Static, TextArea

from corpus.actions import action_line
from corpus.turns import ACTION_MARK, Kind
from dungeon.errors import DungeonError
from dungeon.play.editing import Change
from dungeon.play.session import Session
from dungeon.tale.adventure import Node
from dungeon.tale.outline import turn_number
from dungeon.tui.host import game
from dungeon.tui.screens.confirm import ConfirmScreen

_YOURS = {
    Kind.DO: "What you do",
    Kind.SAY: "What you say",
    Kind.STORY: "What you tell",
    Kind.CONTINUE: "What you do (nothing: the story went on by itself)",
}
_MOST = 200_000
"""Characters of a turn that can be edited: a text area takes seconds for more."""


class EditScreen(Screen[bool]):
    """One turn at a time; what was changed in the others on the way here waits with it.

    Ctrl+S keeps all changes at once and returns True. The screen stays, with all that was typed, if the shelf can't
    take them. False: there was nothing to keep, or the player left.

    Raises:
        DungeonError: the turn is too long for it.
    """

    CSS_PATH = "edit.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (70, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-tall")]
    BINDINGS = [
        Binding("escape", "leave", "Back", priority=True),
        Binding("ctrl+s", "keep", "Keep", priority=True),
        Binding("ctrl+up,alt+up", "step(-1)", "The turn before", priority=True),
        Binding("ctrl+down,alt+down", "step(1)", "The turn after", priority=True),
    ]

    def __init__(self, session: Session, node_id: int) -> None:
        super().__init__()
        self.session = session
        adventure = session.adventure
        path = adventure.path()
        self._way = path if adventure.nodes[node_id] in path else adventure.timeline(node_id)
        self._at = self._way.index(adventure.nodes[node_id])
        _check_length(self._node)
        self._drafts: dict[int, tuple[str, str]] = {}
        """Words and prose of the turns that were changed."""

    @property
    def _node(self) -> Node:
        return self._way[self._at]

    def compose(self) -> ComposeResult:
        yield Static(id="title", markup=False)
        yield Label(id="words-label", markup=False)
        yield TextArea(id="words", soft_wrap=True, tab_behavior="focus", compact=True, highlight_cursor_line=False)
        yield Static(id="action", markup=False)
        yield Label("What comes of it", id="prose-label")
        yield TextArea(id="prose", soft_wrap=True, tab_behavior="focus", compact=True, highlight_cursor_line=False)
        yield Static("Ctrl+S keeps · Ctrl+↑ ↓ other turns · Esc back", id="hint")

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
        """Shows the turn, with what was changed in it before."""
        node = self._node
        words, prose = self._drafts.get(node.id, (node.input, node.prose))
        self._words.load_text(words)
        self._prose.load_text(prose)
        self.query_one("#words-label", Label).update(Content(_YOURS[node.kind]))
        self._show_action()

    @on(TextArea.Changed)
    def _show_action(self) -> None:
        """How the player's words will stand in the tale, and how many turns were changed."""
        kind = self._node.kind
        action = action_line(Kind.DO if kind is Kind.CONTINUE else kind, self._words.text)
        line = self.query_one("#action", Static)
        line.update(Content(ACTION_MARK + action))
        line.display = bool(action)
        changed = len(self._changes())
        note = "" if not changed else " · changed" if changed == 1 else f" · {changed} turns changed"
        number = turn_number(self.session.adventure, self._node.id)
        title = f"Turn {number}, {self._at + 1} of {len(self._way)} on this way{note}"
        self.query_one("#title", Static).update(Content(title))

    def _changes(self) -> list[Change]:
        drafts = {**self._drafts, self._node.id: (self._words.text, self._prose.text)}
        return [
            Change(node.id, *drafts[node.id])
            for node in self._way
            if node.id in drafts and drafts[node.id] != (node.input, node.prose)
        ]

    def action_step(self, step: int) -> None:
        """The turn before or after, on the way that is being edited."""
        if not 0 <= self._at + step < len(self._way):
            game(self).toast(
                "Before the first turn is the opening, which can't be edited." if step < 0 else "No further."
            )
            return
        with game(self).toast_errors():
            _check_length(self._way[self._at + step])
            self._drafts[self._node.id] = self._words.text, self._prose.text
            self._at += step
            self._load()

    def action_keep(self) -> None:
        """Keeps every change, each as a new turn beside the old one."""
        with game(self).toast_errors():
            self.dismiss(bool(self.session.edit_all(self._changes())))

    def keep_text(self) -> None:
        """Keeps the changes when the game ends: the old text stays beside them."""
        self.session.edit_all(self._changes())

    def action_leave(self) -> None:
        """Leaves everything as it was; asks first if something was typed."""
        if not self._changes():
            self.dismiss(False)
            return
        count = len(self._changes())
        what = "your change" if count == 1 else f"your changes to {count} turns"
        self.app.push_screen(ConfirmScreen(f"Leave without {what}?", "Leave", "Stay"), self._left)

    def _left(self, yes: bool | None) -> None:
        if yes:
            self.dismiss(False)


def _check_length(node: Node) -> None:
    length = len(node.input) + len(node.prose)
    if length > _MOST:
        raise DungeonError(f"That turn has {length:,} characters; up to {_MOST:,} can be edited here.")

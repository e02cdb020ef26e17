"""One turn on the screen: the player's part set apart from the prose that answers it.

All of it is shown as plain `Content`: nothing that a model or a player writes is ever markup.
"""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from corpus.turns import ACTION_MARK, Kind
from dungeon.tale.adventure import Adventure, Node, State

_SHOWN = 2000


class TurnLabels(Static):
    """What is to be known of a turn beside its text, in one line; a click shows its takes."""

    class Clicked(Message):
        """The player clicked on it."""

        def __init__(self, node: int) -> None:
            super().__init__()
            self.node = node

    def __init__(self, node: int, text: str) -> None:
        super().__init__(Content(text), classes="marks", markup=False)
        self._node = node

    def on_click(self) -> None:
        self.post_message(self.Clicked(self._node))


class TurnView(Vertical):
    """A node of the adventure; `grow` shows more of its prose."""

    DEFAULT_CSS = """
    TurnView {
        height: auto;
        .action { color: $primary; margin: 1 0 0 0; }
        .narration { color: $secondary; margin: 1 0 0 0; }
        .prose { margin: 1 0 0 0; }
        .marks { color: $foreground 60%; width: auto; &:hover { color: $primary; } }
    }
    """

    def __init__(self, node: Node, marks: str = "") -> None:
        super().__init__()
        self.node = node
        self._marks = marks
        self._prose = Static(Content(node.prose), classes="prose", markup=False)

    def compose(self) -> ComposeResult:
        if self.node.kind is Kind.STORY:
            yield Static(Content(_shortened(self.node.input)), classes="narration", markup=False)
        elif self.node.action:
            yield Static(Content(_shortened(ACTION_MARK + self.node.action)), classes="action", markup=False)
        self._prose.display = bool(self.node.prose)
        yield self._prose
        if self._marks:
            yield TurnLabels(self.node.id, self._marks)

    def grow(self, prose: str) -> None:
        """Shows the prose as it is now."""
        self._prose.display = bool(prose)
        self._prose.update(Content(prose))


def turn_labels(adventure: Adventure, node: Node) -> str:
    """Name, bookmark, which take it is, whether it was edited or broke off; "" if there is nothing to say."""
    marks = []
    if node.bookmarked or node.name:
        marks.append(f"{'★ ' * node.bookmarked}{node.name}".rstrip())
    takes = adventure.takes(node.id)
    if len(takes) > 1:
        marks.append(f"take {takes.index(node) + 1} of {len(takes)}")
    old = adventure.nodes.get(node.edit_of or 0)
    if old and (old.input, old.prose) != (node.input, node.prose):
        marks.append("edited")
    if node.state is State.STOPPED:
        marks.append("stopped")
    return " · ".join(marks)


def _shortened(text: str) -> str:
    """A very long action takes no thousand lines of screen; the adventure has all of it."""
    if len(text) <= _SHOWN:
        return text
    return f"{text[:_SHOWN]}… ({len(text) - _SHOWN:,} more characters, all kept)"

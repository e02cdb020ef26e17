"""One turn on the screen: the player's action, the storyteller's prose below it, and a line of labels.

    view = TurnView(node, turn_labels(adventure, node.id))
    view.show_prose("The door op")  # while the turn streams

Text is shown as plain `Content`: nothing that a model or a player writes is ever markup. Widgets and messages carry the
turn's id and not its `Node`: nodes are frozen, and another takes the place of the first as the turn grows.
"""

from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from corpus.turns import ACTION_MARK, Kind
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.outline import is_edit

_LONGEST_ACTION = 2000
"""Characters of an action that are shown; a paste may be as long as a book."""


class TurnLabels(Static):
    """The line below a turn: its name, its take, how it ended. A click asks for its takes."""

    class Clicked(Message):
        """The player clicked on the labels of a turn."""

        def __init__(self, node_id: int) -> None:
            super().__init__()
            self.node_id = node_id

    def __init__(self, node_id: int, text: str) -> None:
        super().__init__(Content(text), classes="labels", markup=False)
        self._node_id = node_id

    def on_click(self) -> None:
        self.post_message(self.Clicked(self._node_id))


class TurnView(Vertical):
    """A turn of the adventure; `show_prose` shows more of it while it streams."""

    DEFAULT_CSS = """
    TurnView {
        height: auto;
        .action { color: $primary; margin: 1 0 0 0; }
        .narration { color: $secondary; margin: 1 0 0 0; }
        .prose { margin: 1 0 0 0; }
        &.-improvised .prose { border-left: solid $secondary; padding: 0 0 0 1; }
        .labels { color: $foreground 60%; width: auto; &:hover { color: $primary; } }
    }
    """

    def __init__(self, node: Node, labels: str = "", *, improvised: bool = False) -> None:
        """`improvised` marks in the margin that the storyteller, not the author, answers."""
        parts: list[Static] = []
        if node.kind is Kind.STORY:
            parts.append(Static(Content(_shortened(node.input)), classes="narration", markup=False))
        elif node.action:
            parts.append(Static(Content(_shortened(ACTION_MARK + node.action)), classes="action", markup=False))
        prose = Static(classes="prose", markup=False)
        parts.append(prose)
        if labels:
            parts.append(TurnLabels(node.id, labels))
        super().__init__(*parts)
        self.set_class(improvised, "-improvised")
        self.node_id = node.id
        self.prose = ""
        """What is shown."""
        self._prose_view = prose
        self.show_prose(node.prose)

    def show_prose(self, prose: str) -> None:
        """Shows the prose as far as it has come."""
        self.prose = prose
        self._prose_view.display = bool(prose)
        self._prose_view.update(Content(prose))


def turn_labels(adventure: Adventure, node_id: int) -> str:
    """Return the labels of a turn in one line: bookmark, name, take, "edited", "stopped"; "" if there are none."""
    node = adventure.nodes[node_id]
    labels = []
    if node.bookmarked or node.name:
        labels.append(f"{'★ ' * node.bookmarked}{node.name}".rstrip())
    takes = len(adventure.takes(node_id))
    if takes > 1:
        labels.append(f"take {adventure.take_number(node_id)} of {takes}")
    if is_edit(adventure, node):
        labels.append("edited")
    if node.state is State.STOPPED:
        labels.append("stopped")
    return " · ".join(labels)


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST_ACTION:
        return text
    return f"{text[:_LONGEST_ACTION]}… ({len(text) - _LONGEST_ACTION:,} more characters, all kept)"

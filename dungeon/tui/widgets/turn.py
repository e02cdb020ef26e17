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

        def __init__(self, node_id: int) -> None:
            super().__init__()
            self.node_id = node_id

    def __init__(self, node_id: int, text: str) -> None:
        super().__init__(Content(text), classes="marks", markup=False)
        self._node_id = node_id

    def on_click(self) -> None:
        self.post_message(self.Clicked(self._node_id))


class TurnView(Vertical):
    """A node of the adventure; `show_prose` shows more of its prose."""

    DEFAULT_CSS = """
    TurnView {
        height: auto;
        .action { color: $primary; margin: 1 0 0 0; }
        .narration { color: $secondary; margin: 1 0 0 0; }
        .prose { margin: 1 0 0 0; }
        .marks { color: $foreground 60%; width: auto; &:hover { color: $primary; } }
    }
    """

    def __init__(self, node: Node, labels: str = "") -> None:
        super().__init__()
        self.node_id = node.id
        self.prose = node.prose
        self._labels = labels
        self._heading = Static(classes="narration" if node.kind is Kind.STORY else "action", markup=False)
        heading = node.input if node.kind is Kind.STORY else ACTION_MARK + node.action if node.action else ""
        self._heading.update(Content(_shortened(heading)))
        self._heading.display = bool(heading)
        self._prose_view = Static(Content(node.prose), classes="prose", markup=False)
        self._prose_view.display = bool(node.prose)

    def compose(self) -> ComposeResult:
        yield self._heading
        yield self._prose_view
        if self._labels:
            yield TurnLabels(self.node_id, self._labels)

    def show_prose(self, prose: str) -> None:
        """Shows this prose in place of the one before."""
        self.prose = prose
        self._prose_view.display = bool(prose)
        self._prose_view.update(Content(prose))


def turn_labels(adventure: Adventure, node_id: int) -> str:
    """Name, bookmark, which take it is, whether it was edited or stopped; "" if there is nothing to say."""
    node = adventure.nodes[node_id]
    labels = []
    if node.bookmarked or node.name:
        labels.append(f"{'★ ' * node.bookmarked}{node.name}".rstrip())
    takes = adventure.takes(node_id)
    if len(takes) > 1:
        labels.append(f"take {adventure.take_number(node_id)} of {len(takes)}")
    old = adventure.nodes.get(node.edit_of or 0)
    if old and (old.input, old.prose) != (node.input, node.prose):
        labels.append("edited")
    if node.state is State.STOPPED:
        labels.append("stopped")
    return " · ".join(labels)


def _shortened(text: str) -> str:
    """A very long action takes no thousand lines of screen; the adventure has all of it."""
    if len(text) <= _SHOWN:
        return text
    return f"{text[:_SHOWN]}… ({len(text) - _SHOWN:,} more characters, all kept)"

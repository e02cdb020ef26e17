"""One turn on the screen: the player's action, the storyteller's prose below it, and signs in the margin.

    view = TurnView(node, turn_signs(adventure, node.id))
    view.show_prose("The door op")  # while the turn streams

Text is shown as plain `Content`: nothing that a model or a player writes is ever markup. Widgets and messages carry the
turn's id and not its `Node`: nodes are frozen, and another takes the place of the first as the turn grows.
"""

from dataclasses import dataclass

from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from corpus.turns import ACTION_MARK, Kind
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.authored import is_improvised
from dungeon.tale.outline import is_edit

MARGIN = 5
"""Cells on the left of a turn, where its signs stand."""
_LONGEST_ACTION = 2000
"""Characters of an action that are shown; a paste may be as long as a book."""


class TurnLabels(Static):
    """What is to be said of a turn beside its texts. A click asks for its takes."""

    class Clicked(Message):
        """The player clicked on the labels of a turn."""

        def __init__(self, node_id: int) -> None:
            super().__init__()
            self.node_id = node_id

    def __init__(self, node_id: int, text: str, classes: str) -> None:
        super().__init__(Content(text), classes=classes, markup=False)
        self._node_id = node_id

    def on_click(self) -> None:
        self.post_message(self.Clicked(self._node_id))


@dataclass(frozen=True, slots=True)
class TurnSigns:
    """What is to be said of a turn."""

    signs: str = ""
    """For the margin, one below the other, at most four cells each."""
    words: str = ""
    """The same in one line of words."""


class TurnView(Vertical):
    """A turn of the adventure; `show_prose` shows more of it while it streams.

    In its margin stand the signs of `turn_signs`; on a narrow screen, which has no margin, the same in words below it.
    """

    DEFAULT_CSS = """
    TurnView {
        height: auto;
        layout: grid;
        grid-size: 2;
        grid-columns: 5 1fr;
        grid-rows: auto;
        .margin { width: 5; height: auto; margin: 1 0 0 0; color: $foreground 60%; &:hover { color: $primary; } }
        .body { height: auto; }
        .action { color: $primary; margin: 1 0 0 0; }
        .narration { color: $secondary; margin: 1 0 0 0; &:ansi { text-style: italic; } }
        .prose { margin: 1 0 0 0; }
        &.-improvised .prose { border-left: solid $secondary; padding: 0 0 0 1; }
        .labels { display: none; color: $foreground 60%; width: auto; &:hover { color: $primary; } }
        .name { color: $foreground 60%; text-style: italic; }
    }
    .-narrow TurnView {
        layout: vertical;
        .margin { display: none; }
        .labels { display: block; }
    }
    """

    def __init__(self, node: Node, labels: TurnSigns | None = None) -> None:
        labels = labels or TurnSigns()
        parts: list[Static] = []
        if node.kind is Kind.STORY:
            parts.append(Static(Content(_shortened(node.input)), classes="narration", markup=False))
        elif node.action:
            parts.append(Static(Content(_shortened(ACTION_MARK + node.action)), classes="action", markup=False))
        prose = Static(classes="prose", markup=False)
        parts.append(prose)
        if node.name:
            parts.append(Static(Content(f"— {node.name}"), classes="name", markup=False))
        if labels.words:
            parts.append(TurnLabels(node.id, labels.words, "labels"))
        margin = TurnLabels(node.id, labels.signs, "margin")
        margin.tooltip = labels.words or None
        super().__init__(margin, Vertical(*parts, classes="body"))
        self.set_class("improvised" in labels.words, "-improvised")
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


def turn_signs(adventure: Adventure, node_id: int) -> TurnSigns:
    """What is to be said of a turn: its bookmark, which take it is, and that it was edited, stopped or improvised."""
    node = adventure.nodes[node_id]
    takes = len(adventure.takes(node_id))
    said = []
    if node.bookmarked:
        said.append(("★", "bookmarked"))
    if takes > 1:
        number = adventure.take_number(node_id)
        said.append((f"{number}/{takes}", f"take {number} of {takes}"))
    if is_edit(adventure, node):
        said.append(("✎", "edited"))
    if node.state is State.STOPPED:
        said.append(("■", "stopped"))
    if is_improvised(adventure, node):
        said.append(("~", "improvised"))
    return TurnSigns("\n".join(sign for sign, _ in said), " · ".join(words for _, words in said))


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST_ACTION:
        return text
    return f"{text[:_LONGEST_ACTION]}… ({len(text) - _LONGEST_ACTION:,} more characters, all kept)"

"""One turn on the screen: the player's part set apart from the prose that answers it.

All of it is shown as plain `Content`: nothing that a model or a player writes is ever markup.
"""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from corpus.turns import ACTION_MARK, Kind
from dungeon.tale.adventure import Node

_SHOWN = 2000


class TurnView(Vertical):
    """A node of the adventure; `grow` shows more of its prose."""

    DEFAULT_CSS = """
    TurnView {
        height: auto;
        .action { color: $primary; margin: 1 0 0 0; }
        .narration { color: $secondary; margin: 1 0 0 0; }
        .prose { margin: 1 0 0 0; }
    }
    """

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.node = node
        self._prose = Static(Content(node.prose), classes="prose", markup=False)

    def compose(self) -> ComposeResult:
        if self.node.kind is Kind.STORY:
            yield Static(Content(_shortened(self.node.input)), classes="narration", markup=False)
        elif self.node.action:
            yield Static(Content(_shortened(ACTION_MARK + self.node.action)), classes="action", markup=False)
        self._prose.display = bool(self.node.prose)
        yield self._prose

    def grow(self, prose: str) -> None:
        """Shows the prose as it is now."""
        self._prose.display = bool(prose)
        self._prose.update(Content(prose))


def _shortened(text: str) -> str:
    """A very long action takes no thousand lines of screen; the adventure has all of it."""
    if len(text) <= _SHOWN:
        return text
    return f"{text[:_SHOWN]}… ({len(text) - _SHOWN:,} more characters, all kept)"

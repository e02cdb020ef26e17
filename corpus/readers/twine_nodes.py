"""What a Twine passage consists of, whatever its story format: text, variables, conditions, links.

The modules of the formats parse a passage into these nodes; `twine_reading` reads them.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from corpus.readers.twine_expressions import Const, Expr

BACK = "\x04"
"""The target of a link that leads to wherever the player came from."""


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """Passage source without macros; it may have links, emphasis and HTML."""

    source: str


@dataclass(frozen=True, slots=True)
class Show:
    """A value that the player sees."""

    value: Expr


@dataclass(frozen=True, slots=True)
class Set:
    """An assignment."""

    name: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Choose:
    """A condition: the first branch whose test holds is shown. A branch without a test always holds."""

    branches: tuple[tuple[Expr | None, "Nodes"], ...]


@dataclass(frozen=True, slots=True)
class Click:
    """Something to click: a link to a passage, or one that runs its body, which may lead on or show more."""

    label: "Nodes"
    target: Expr | None
    body: "Nodes" = ()
    stays: bool = False
    """Whether the label is still there after the click."""


@dataclass(frozen=True, slots=True)
class Jump:
    """The story goes on in another passage, without a click."""

    target: Expr


@dataclass(frozen=True, slots=True)
class Later:
    """Nodes that are shown after a while."""

    nodes: "Nodes"


@dataclass(frozen=True, slots=True)
class Include:
    """Another passage, in place."""

    name: Expr


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro that is not the format's own: the story's, or an extension's."""

    name: str
    texts: tuple[str, ...]


Node = Text | Show | Set | Choose | Click | Jump | Later | Include | Macro
Nodes = tuple[Node, ...]


@dataclass(slots=True)
class Frame:
    """A macro or hook whose content is being parsed."""

    name: str = ""
    arguments: str = ""
    nodes: list[Node] = field(default_factory=list)
    branches: list[tuple[Expr | None, Nodes]] = field(default_factory=list)
    """The finished branches of a condition."""
    test: Expr | None = None
    """The test of the branch that is being parsed."""

    def close_branch(self) -> None:
        """Finish the current branch."""
        self.branches.append((self.test, tuple(self.nodes)))
        self.nodes = []


def text_of(label: str) -> Nodes:
    """Return a text that is the same in every reading."""
    return (Text(label),)


def parts_of(label: str, pattern: re.Pattern[str], shown: Callable[[str], Nodes]) -> Nodes:
    """Return a text with what `pattern` matches replaced by the nodes that `shown` returns for its match."""
    nodes: list[Node] = []
    at = 0
    for match in pattern.finditer(label):
        nodes += (Text(label[at : match.start()]), *shown(match[0]))
        at = match.end()
    return (*nodes, Text(label[at:]))


def target_of(name: str) -> Expr | None:
    """Return a target that is the same in every reading; None for no target."""
    return Const(name) if name else None


def walk(nodes: Nodes) -> Iterator[Node]:
    """Yield all nodes, those inside others after them."""
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        yield node
        inner: list[Nodes] = []
        if isinstance(node, Choose):
            inner = [branch for _, branch in node.branches]
        elif isinstance(node, Click):
            inner = [node.label, node.body]
        elif isinstance(node, Later):
            inner = [node.nodes]
        for branch in reversed(inner):
            waiting += reversed(branch)

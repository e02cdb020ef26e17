"""The adventure: a tree of turns and the place in it where the player stands.

Nothing is ever taken out. Undo moves the head to the parent, redo to the child that was visited last, a retry adds a
sibling, and so does an edit. Ids come from whoever keeps the tree (`dungeon.storage.shelf`) and grow with time.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from corpus.turns import PARAGRAPH, Kind, Turn
from dungeon.tale.lore import Lore
from dungeon.tale.prose import complete_sentences


class State(StrEnum):
    """How far the storyteller came with a turn."""

    STREAMING = "streaming"
    """Still growing; in an adventure that was opened again: cut off when the game died."""
    DONE = "done"
    STOPPED = "stopped"
    """By the player, or because the storyteller failed."""


@dataclass(frozen=True, slots=True)
class Node:
    """One turn as it was played."""

    id: int
    parent: int | None
    kind: Kind
    input: str
    """The player's own words."""
    action: str
    """The sentence made of them, as in `corpus.turns`; "" for story and continue."""
    prose: str = ""
    """The storyteller's answer, so far."""
    state: State = State.STREAMING
    edit_of: int | None = None
    """The turn whose text the player changed into this one, or whose copy this is, below such an edit."""
    name: str = ""
    """What the player calls this place in the tree."""
    bookmarked: bool = False
    """Whether it is bookmarked."""
    folded: bool = False
    """Whether the tree is shown without what follows it."""

    @property
    def has_text(self) -> bool:
        """Whether anything of it is part of the tale: the storyteller's prose, or the player's own."""
        return bool(self.prose or (self.kind is Kind.STORY and self.input))

    def turn(self) -> Turn:
        """As the corpus writes it: the player's narration is prose like any other."""
        if self.kind is Kind.STORY:
            return Turn("", PARAGRAPH.join(part for part in (self.input, self.prose) if part))
        return Turn(self.action, self.prose)


class Adventure:
    """The tree, and the head: the node the player stands on (None: at the opening)."""

    def __init__(
        self,
        id: int,  # noqa: A002
        title: str,
        opening: str,
        scenario: str = "",
        voice: str = "",
        lore: Lore = Lore(),  # noqa: B008 - frozen
        ideas: tuple[str, ...] = (),
        tags: tuple[str, ...] = (),
        overrides: str = "{}",
    ) -> None:
        self.id = id
        self.title = title
        self.opening = opening
        self.scenario = scenario
        """The scenario's name; "" for the player's own."""
        self.voice = voice
        """The voice it was last played with."""
        self.lore = lore
        self.ideas = ideas
        """What the player might do first."""
        self.tags = tags
        self.overrides = overrides
        """JSON: what its settings are where they differ from the game's (`dungeon.settings`)."""
        self.nodes: dict[int, Node] = {}
        self.head: int | None = None
        self._visited: dict[int | None, int] = {}
        self._children: dict[int | None, list[int]] = {}

    def add(self, node: Node) -> None:
        """Puts a new node under its parent and the head on it."""
        self.nodes[node.id] = node
        self._children.setdefault(node.parent, []).append(node.id)
        self._visited[node.parent] = node.id
        self.head = node.id

    def replace(self, node: Node) -> None:
        """The node of that id as it is now."""
        self.nodes[node.id] = node

    def children(self, id: int | None) -> list[Node]:  # noqa: A002
        """The turns that answer this one (None: the opening), oldest first."""
        return [self.nodes[child] for child in self._children.get(id, ())]

    def takes(self, id: int) -> list[Node]:  # noqa: A002
        """Every way the story went on from the turn before this one, oldest first; this one is among them.

        Turns of which nothing came are left out, but for this one.
        """
        return [node for node in self.children(self.nodes[id].parent) if node.has_text or node.id == id]

    def below(self, id: int | None) -> list[Node]:  # noqa: A002
        """All that follows the turn, in every branch; each after its parent."""
        found = []
        todo = self.children(id)[::-1]
        while todo:
            node = todo.pop()
            found.append(node)
            todo += self.children(node.id)[::-1]
        return found

    def set_prose(self, id: int, prose: str, state: State) -> Node:  # noqa: A002
        """The node with more prose."""
        node = self.nodes[id] = replace(self.nodes[id], prose=prose, state=state)
        return node

    def move(self, head: int | None) -> None:
        """Puts the head anywhere in the tree, and remembers the way there for redo."""
        self.head = head
        while head is not None:
            parent = self.nodes[head].parent
            self._visited[parent] = head
            head = parent

    def abandon(self, id: int, to: int | None) -> None:  # noqa: A002
        """Stands on `to` as if the turn `id`, of which nothing came, had not been entered; it stays in the tree.

        Redo then leads to the latest answered turn beside it, if there is one.
        """
        parent = self.nodes[id].parent
        self._visited.pop(parent, None)
        for node in self.children(parent):
            if node.prose:
                self._visited[parent] = node.id
        self.move(to)

    def path(self, to: int | None = None) -> list[Node]:
        """The turns from the opening to that one, or else to the head."""
        path = []
        at = self.head if to is None else to
        while at is not None:
            path.append(self.nodes[at])
            at = self.nodes[at].parent
        return path[::-1]

    def timeline(self, id: int) -> list[Node]:  # noqa: A002
        """The turns from the opening through that one and on, as redo would go, to the end."""
        way = self.path(id)
        while (forward := self._visited.get(way[-1].id)) is not None:
            way.append(self.nodes[forward])
        return way

    def unfinished(self) -> Node | None:
        """The turn at the head, if it broke off within a sentence."""
        node = None if self.head is None else self.nodes[self.head]
        broke_off = node and node.state is not State.DONE and complete_sentences(node.prose) != node.prose
        return node if broke_off else None

    def undo(self) -> Node | None:
        """One turn back: the turn that was left, or None at the opening."""
        if self.head is None:
            return None
        left = self.nodes[self.head]
        self.head = left.parent
        return left

    def redo(self) -> Node | None:
        """One turn forward, where the player was last: the turn that was entered, or None where nothing follows."""
        forward = self._visited.get(self.head)
        if forward is None:
            return None
        self.head = forward
        return self.nodes[forward]

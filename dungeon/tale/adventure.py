"""The adventure: a tree of turns, and the head, the turn where the player is.

Nothing is ever removed from the tree. Undo moves the head to its parent, redo to the child that was visited last; a
retry and an edit add a sibling. `dungeon.storage.shelf` gives out the ids; they grow with time.

Nodes are frozen: a turn that streams is replaced by a longer copy for every piece of text. So keep a node's id, not the
node, whenever the tree may change before it is used.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from corpus.story import Story
from corpus.turns import PARAGRAPH, Kind, Turn
from dungeon.tale.lore import Lore
from dungeon.tale.prose import complete_sentences


class State(StrEnum):
    """How far the storyteller came with a turn."""

    STREAMING = "streaming"
    """Still growing. In an adventure that was opened again: interrupted when the game died."""
    DONE = "done"
    STOPPED = "stopped"
    """Stopped by the player, or by an error of the storyteller."""


@dataclass(frozen=True, slots=True)
class Node:
    """One turn as it was played."""

    id: int
    parent: int | None
    """The id of the turn before; None for the first turn after the opening."""
    kind: Kind
    input: str
    """The player's own words."""
    action: str
    """The sentence made of them, as in `corpus.turns`; "" for story and continue."""
    prose: str = ""
    """The storyteller's answer, so far."""
    state: State = State.STREAMING
    edit_of: int | None = None
    """The turn that the player edited into this one, or of which this is a copy below such an edit."""
    name: str = ""
    """The player's name for this place in the tree."""
    bookmarked: bool = False
    folded: bool = False
    """Whether the tree hides what follows."""
    passage: str | None = None
    """The author's passage that is the prose, by its name; None for what a storyteller or the player wrote."""
    leaves_author: bool = False
    """Whether the player leaves an authored story here: from this turn on it is free play."""

    @property
    def has_text(self) -> bool:
        """Whether the turn adds anything to the story: the storyteller's prose, or the player's narration."""
        return bool(self.prose or (self.kind is Kind.STORY and self.input))

    def turn(self) -> Turn:
        """The turn as the corpus writes it; the player's narration counts as prose."""
        if self.kind is Kind.STORY:
            return Turn("", PARAGRAPH.join(part for part in (self.input, self.prose) if part))
        return Turn(self.action, self.prose)


class Adventure:
    """The tree, its head (None at the opening), and what belongs to the whole adventure."""

    def __init__(
        self,
        adventure_id: int,
        title: str,
        opening: str,
        scenario: str = "",
        voice: str = "",
        lore: Lore = Lore(),  # noqa: B008 - frozen
        ideas: tuple[str, ...] = (),
        tags: tuple[str, ...] = (),
        overrides: str = "{}",
        story: Story | None = None,
        book: str = "",
    ) -> None:
        self.id = adventure_id
        self.title = title
        self.opening = opening
        self.scenario = scenario
        """The scenario's name; "" for an opening that the player wrote."""
        self.voice = voice
        """The voice that generated the latest turn."""
        self.lore = lore
        self.ideas = ideas
        """The scenario's suggestions for the first action."""
        self.tags = tags
        self.overrides = overrides
        """JSON: the settings of this adventure where they differ from the game's (`dungeon.settings`)."""
        self.story = story
        """The authored story that is played; None for an adventure that only the storyteller writes."""
        self.book = book
        """Which authored story that is, whatever its version (`dungeon.authored.books`)."""
        self.nodes: dict[int, Node] = {}
        self.head: int | None = None
        self._last_visited: dict[int | None, int] = {}
        """The child that was visited last, by its parent: where redo goes."""
        self._children: dict[int | None, list[int]] = {}

    # ---- reading the tree ------------------------------------------------------------------------------------

    def children(self, node_id: int | None) -> list[Node]:
        """The turns that follow this one (None: the opening), oldest first."""
        return [self.nodes[child] for child in self._children.get(node_id, ())]

    def takes(self, node_id: int) -> list[Node]:
        """The turn and its siblings, oldest first; siblings without any text are left out.

        In an authored story other actions are other ways, not takes, and an author's passage has no other take.
        """
        taken = self.nodes[node_id]
        siblings = [node for node in self.children(taken.parent) if node.has_text or node.id == node_id]
        if self.story is None:
            return siblings
        return [node for node in siblings if (node.action, node.passage) == (taken.action, taken.passage)]

    def take_number(self, node_id: int) -> int:
        """The place of the turn among its takes, from 1."""
        return 1 + [node.id for node in self.takes(node_id)].index(node_id)

    def below(self, node_id: int | None) -> list[Node]:
        """All turns that follow, in every branch; each after its parent."""
        found = []
        stack = self.children(node_id)[::-1]
        while stack:
            node = stack.pop()
            found.append(node)
            stack += self.children(node.id)[::-1]
        return found

    def path(self, to: int | None = None) -> list[Node]:
        """The turns from the opening to that one, or else to the head."""
        path = []
        node_id = self.head if to is None else to
        while node_id is not None:
            path.append(self.nodes[node_id])
            node_id = self.nodes[node_id].parent
        return path[::-1]

    def timeline(self, node_id: int) -> list[Node]:
        """The turns from the opening through that one and on to the end, as redo would go."""
        timeline = self.path(node_id)
        while (following := self._last_visited.get(timeline[-1].id)) is not None:
            timeline.append(self.nodes[following])
        return timeline

    def unfinished(self) -> Node | None:
        """The turn at the head, if it was interrupted within a sentence."""
        if self.head is None:
            return None
        node = self.nodes[self.head]
        return node if node.state is not State.DONE and complete_sentences(node.prose) != node.prose else None

    # ---- changing it -----------------------------------------------------------------------------------------

    def add(self, node: Node) -> None:
        """Adds a node under its parent and moves the head to it."""
        self.nodes[node.id] = node
        self._children.setdefault(node.parent, []).append(node.id)
        self._last_visited[node.parent] = node.id
        self.head = node.id

    def replace(self, node: Node) -> None:
        """Puts this version of a node in place of the one with the same id."""
        self.nodes[node.id] = node

    def set_prose(self, node_id: int, prose: str, state: State) -> Node:
        """Replaces the prose and the state of a node; returns the new node."""
        node = self.nodes[node_id] = replace(self.nodes[node_id], prose=prose, state=state)
        return node

    def move(self, head: int | None) -> None:
        """Moves the head anywhere in the tree; redo will lead along the path to it."""
        self.head = head
        while head is not None:
            parent = self.nodes[head].parent
            self._last_visited[parent] = head
            head = parent

    def abandon(self, node_id: int, return_to: int | None) -> None:
        """Moves the head to `return_to`, as if the turn `node_id`, which got no text, had not been entered.

        It stays in the tree. Redo will lead to the latest sibling that has prose, if there is one.
        """
        parent = self.nodes[node_id].parent
        self._last_visited.pop(parent, None)
        for node in self.children(parent):
            if node.prose:
                self._last_visited[parent] = node.id
        self.move(return_to)

    def undo(self) -> Node | None:
        """Moves the head one turn back. Returns the turn that was left, None at the opening."""
        if self.head is None:
            return None
        left = self.nodes[self.head]
        self.head = left.parent
        return left

    def redo(self) -> Node | None:
        """Moves the head one turn forward, where it was last. Returns that turn, None where nothing follows."""
        following = self._last_visited.get(self.head)
        if following is None:
            return None
        self.head = following
        return self.nodes[following]

"""Where a player is in an authored story: the author's passage, its choices, and the endings. Pure.

    passage = passage_at(adventure, adventure.head)     # None in free play
    ways_on(adventure)                                  # what the player can pick by number

A node with a `passage` shows the author's text. A node without one was improvised in the scene of the last passage
above it, which stays open; from a node that leaves the author on, everything below is free play.

Limits: choices whose passage does not exist are not offered.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass

from corpus.story import Choice, Passage, Story
from corpus.text import one_line
from dungeon.tale.adventure import Adventure, Node

BACK = "Go back to the last choice"
AGAIN = "Begin this story again"
_BEGINNING = "The beginning"
ANOTHER = "Another story or scenario"
AT_THE_END = (BACK, AGAIN, ANOTHER)
"""What can be picked where a story has ended."""


def passage_at(adventure: Adventure, node_id: int | None) -> Passage | None:
    """Return the author's passage that is open at a turn (None: the opening); None in free play."""
    story = adventure.story
    if story is None:
        return None
    while node_id is not None:
        node = adventure.nodes[node_id]
        if node.leaves_author:
            return None
        if node.passage is not None:
            return story.passages.get(node.passage)
        node_id = node.parent
    return story.passages[story.start]


def is_improvised(adventure: Adventure, node: Node) -> bool:
    """Return whether the storyteller answers, or answered, this turn within the author's scene."""
    return node.passage is None and not node.leaves_author and passage_at(adventure, node.parent) is not None


def choices_of(story: Story, passage: Passage) -> tuple[Choice, ...]:
    """Return the choices of a passage that lead to a passage; none at an ending."""
    return tuple(choice for choice in passage.choices if choice.target in story.passages)


def choices_at(adventure: Adventure, node_id: int | None) -> tuple[Choice, ...]:
    """Return the author's choices at a turn; none at an ending and in free play."""
    passage = passage_at(adventure, node_id)
    if passage is None or adventure.story is None:
        return ()
    return choices_of(adventure.story, passage)


def ways_on(adventure: Adventure) -> tuple[str, ...]:
    """Return what the player can pick at the head: the author's choices, or what an ending offers; () in free play."""
    if passage_at(adventure, adventure.head) is None:
        return ()
    labels = tuple(one_line(choice.label) for choice in choices_at(adventure, adventure.head))
    return labels or AT_THE_END


def has_ended(adventure: Adventure) -> bool:
    """Return whether the player is at an ending of the author's."""
    return passage_at(adventure, adventure.head) is not None and not choices_at(adventure, adventure.head)


def last_choice(adventure: Adventure) -> int | None:
    """Return the turn nearest above the head whose passage has several choices; None is the opening.

    In free play it is the turn where the player has left the author.
    """
    here = passage_at(adventure, adventure.head)
    for node in reversed(adventure.path()):
        if node.leaves_author:
            return node.parent
        passage = passage_at(adventure, node.id)
        if node.passage is not None and passage is not here and len(choices_at(adventure, node.id)) > 1:
            return node.id
    return None


# ---- endings and the map ---------------------------------------------------------------------------------------


def endings(story: Story) -> tuple[str, ...]:
    """Return the names of the endings that can be reached, in the order of the source."""
    reachable = story.reachable()
    passages = story.passages.values()
    return tuple(passage.name for passage in passages if passage.name in reachable and not choices_of(story, passage))


def endings_line(story: Story, seen: Set[str]) -> str:
    """Return how many endings the player has found."""
    of_all = endings(story)
    return f"Endings found: {sum(name in seen for name in of_all)} of {len(of_all)}"


@dataclass(frozen=True, slots=True)
class MapEntry:
    """A line of the map: one passage that was seen."""

    label: str
    """The choice that leads there; passages have names for their author only."""
    depth: int
    """Choices from the start to the passage, by the shortest path over passages that were seen."""
    untried: int
    """Choices that lead to passages which the player hasn't seen."""
    is_ending: bool
    is_here: bool


def map_lines(story: Story, seen: Set[str], here: str) -> list[str]:
    """Return the map, a line for each passage that was seen, and how many endings were found."""
    lines = []
    for entry in story_map(story, seen, here):
        remarks = [
            *(["you are here"] if entry.is_here else []),
            *(["an ending"] if entry.is_ending else []),
            *([f"{entry.untried} not tried"] if entry.untried else []),
        ]
        lines.append("  " * entry.depth + entry.label + (f" ({', '.join(remarks)})" if remarks else ""))
    return [*lines, "", endings_line(story, seen)]


def story_map(story: Story, seen: Set[str], here: str) -> Iterator[MapEntry]:
    """Yield every seen passage once, below the passage that the shortest path to it comes from."""
    seen = seen | {story.start}
    children: dict[str, list[str]] = {story.start: []}
    labels = {story.start: _BEGINNING}
    queue = deque([story.start])
    while queue:
        name = queue.popleft()
        for choice in choices_of(story, story.passages[name]):
            if choice.target in seen and choice.target not in children:
                children[choice.target] = []
                labels[choice.target] = one_line(choice.label)
                children[name].append(choice.target)
                queue.append(choice.target)
    stack = [(story.start, 0)]
    while stack:
        name, depth = stack.pop()
        choices = choices_of(story, story.passages[name])
        yield MapEntry(
            labels[name],
            depth,
            untried=sum(choice.target not in seen for choice in choices),
            is_ending=not choices,
            is_here=name == here,
        )
        stack += [(child, depth + 1) for child in reversed(children[name])]


def targets(choices: Iterable[Choice], story: Story) -> tuple[str, ...]:
    """Return the texts of the passages that choices lead to."""
    return tuple(story.passages[choice.target].text for choice in choices)

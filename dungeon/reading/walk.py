"""A reader's walk through a story: pure, no screen and no disk.

    walk = start_walk(story)
    walk = take_choice(walk, 2)  # the second choice
    walk = go_back(walk)

A walk is never changed: each step returns a new one. Going back and starting again keep what was visited, and a new
start is itself a step that can be taken back.

Limits: choices whose target does not exist are not offered.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from corpus.story import Choice, Passage, Story
from corpus.text import printable


@dataclass(frozen=True, slots=True)
class Step:
    """A passage that the reader came to, and the label of the choice that led there ("" for a start)."""

    passage: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a reader is in a story."""

    story: Story
    steps: tuple[Step, ...]
    """From the first page to this one; never empty."""
    visited: frozenset[str]
    """Every passage that the reader has seen in this story."""

    @property
    def passage(self) -> Passage:
        """The open passage."""
        return self.story.passages[self.steps[-1].passage]

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The choices of the open passage; none at an ending."""
        return _choices(self.story, self.passage)

    @property
    def endings(self) -> tuple[str, ...]:
        """The names of the endings that can be reached, in the order of the source."""
        reachable = self.story.reachable()
        passages = self.story.passages.values()
        return tuple(
            passage.name for passage in passages if passage.name in reachable and not _choices(self.story, passage)
        )

    @property
    def endings_found(self) -> tuple[str, ...]:
        """The names of the endings that the reader has seen."""
        return tuple(name for name in self.endings if name in self.visited)


@dataclass(frozen=True, slots=True)
class MapEntry:
    """A line of the map: one visited passage."""

    passage: str
    depth: int
    """Choices from the start to the passage, by the shortest path over visited passages."""
    untried: int
    """Choices that lead to passages which the reader hasn't seen."""
    is_ending: bool
    is_here: bool


# ---- steps -----------------------------------------------------------------------------------------------------


def start_walk(story: Story) -> Walk:
    """Return a walk at the first page, with nothing else seen."""
    return Walk(story, (Step(story.start),), frozenset({story.start}))


def resume_walk(story: Story, steps: tuple[Step, ...], visited: frozenset[str]) -> Walk:
    """Return a saved walk. A passage that the story no longer has is forgotten, with the steps after it."""
    kept = []
    for step in steps:
        if step.passage not in story.passages:
            break
        kept.append(step)
    walk = start_walk(story)
    seen = walk.visited | (visited & story.passages.keys())
    return replace(walk, steps=tuple(kept) or walk.steps, visited=seen)


def take_choice(walk: Walk, number: int) -> Walk:
    """Take a choice; `number` counts from 1. Raises IndexError if there is no such choice."""
    if not 1 <= number <= len(walk.choices):
        raise IndexError(number)
    choice = walk.choices[number - 1]
    return _step(walk, Step(choice.target, choice.label))


def go_back(walk: Walk) -> Walk:
    """Take the last step back; return the same walk at its first step."""
    return replace(walk, steps=walk.steps[:-1]) if len(walk.steps) > 1 else walk


def restart(walk: Walk) -> Walk:
    """Go to the first page; return the same walk if it has just started there."""
    return walk if walk.steps[-1] == Step(walk.story.start) else _step(walk, Step(walk.story.start))


def _step(walk: Walk, step: Step) -> Walk:
    return replace(walk, steps=(*walk.steps, step), visited=walk.visited | {step.passage})


def _choices(story: Story, passage: Passage) -> tuple[Choice, ...]:
    return tuple(choice for choice in passage.choices if choice.target in story.passages)


# ---- what readers see ------------------------------------------------------------------------------------------


def endings_line(walk: Walk) -> str:
    """Return how many endings the reader has found."""
    return f"Endings found: {len(walk.endings_found)} of {len(walk.endings)}"


def map_lines(walk: Walk) -> list[str]:
    """Return the map, a line for each visited passage, and how many endings were found."""
    lines = []
    for entry in story_map(walk):
        remarks = [
            *(["you are here"] if entry.is_here else []),
            *(["an ending"] if entry.is_ending else []),
            *([f"{entry.untried} not tried"] if entry.untried else []),
        ]
        lines.append("  " * entry.depth + printable(entry.passage) + (f" ({', '.join(remarks)})" if remarks else ""))
    return [*lines, "", endings_line(walk)]


def story_map(walk: Walk) -> Iterator[MapEntry]:
    """Yield every visited passage once, below the passage that the shortest path to it comes from."""
    children: dict[str, list[str]] = {walk.story.start: []}
    queue = deque([walk.story.start])
    while queue:
        name = queue.popleft()
        for choice in _choices(walk.story, walk.story.passages[name]):
            if choice.target in walk.visited and choice.target not in children:
                children[choice.target] = []
                children[name].append(choice.target)
                queue.append(choice.target)
    stack = [(walk.story.start, 0)]
    while stack:
        name, depth = stack.pop()
        choices = _choices(walk.story, walk.story.passages[name])
        untried = sum(choice.target not in walk.visited for choice in choices)
        yield MapEntry(name, depth, untried, is_ending=not choices, is_here=name == walk.passage.name)
        stack += [(child, depth + 1) for child in reversed(children[name])]

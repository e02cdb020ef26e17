"""A reader's walk through a story: pure, no screen and no disk.

    walk = begin(story)
    walk = take(walk, 2)  # the second choice
    walk = back(walk)

Nothing is lost on the way: going back and beginning again keep what was visited, and a new beginning is a step that
can be taken back.

Limits: choices that lead to a passage which isn't there are not offered.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from corpus.story import Choice, Passage, Story
from corpus.text import printable


@dataclass(frozen=True, slots=True)
class Step:
    """A passage that the reader came to, and the label of the choice that led there ("" for a beginning)."""

    passage: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a reader is in a story."""

    story: Story
    steps: tuple[Step, ...]
    """The way here; never empty."""
    visited: frozenset[str]
    """Every passage the reader has seen in any walk through this story."""

    @property
    def here(self) -> Passage:
        """The passage that is open."""
        return self.story.passages[self.steps[-1].passage]

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The ways on from here; none at an ending."""
        return _ways(self.story, self.here)

    @property
    def endings(self) -> tuple[str, ...]:
        """The names of the endings that can be reached, in the order of the source."""
        reachable = self.story.reachable()
        passages = self.story.passages.values()
        return tuple(
            passage.name for passage in passages if passage.name in reachable and not _ways(self.story, passage)
        )

    @property
    def found(self) -> tuple[str, ...]:
        """The endings that the reader has seen."""
        return tuple(name for name in self.endings if name in self.visited)


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the map."""

    passage: str
    depth: int
    """Choices between the beginning and here, by the shortest way over passages that were visited."""
    untried: int
    """Choices here that lead to passages which the reader hasn't seen."""
    ending: bool
    here: bool


def begin(story: Story) -> Walk:
    """At the first page, nothing else seen."""
    return Walk(story, (Step(story.start),), frozenset({story.start}))


def resume(story: Story, steps: tuple[Step, ...], visited: frozenset[str]) -> Walk:
    """Where the reader was. Passages that the story no longer has are forgotten; so is the way after them."""
    kept = []
    for step in steps:
        if step.passage not in story.passages:
            break
        kept.append(step)
    walk = begin(story)
    seen = walk.visited | (visited & story.passages.keys())
    return replace(walk, steps=tuple(kept) or walk.steps, visited=seen)


def take(walk: Walk, number: int) -> Walk:
    """One choice on; `number` counts from 1. Raises IndexError if there is no such choice."""
    if not 1 <= number <= len(walk.choices):
        raise IndexError(number)
    choice = walk.choices[number - 1]
    return _on(walk, Step(choice.target, choice.label))


def back(walk: Walk) -> Walk:
    """One step back; the same walk where there is none."""
    return replace(walk, steps=walk.steps[:-1]) if len(walk.steps) > 1 else walk


def restart(walk: Walk) -> Walk:
    """At the first page again; the same walk for a reader who hasn't left it."""
    return walk if walk.steps[-1] == Step(walk.story.start) else _on(walk, Step(walk.story.start))


def places(walk: Walk) -> list[Place]:
    """The map: every visited passage once, below the passage that the shortest way comes from."""
    came_from: dict[str, list[str]] = {walk.story.start: []}
    queue = deque([walk.story.start])
    while queue:
        name = queue.popleft()
        for choice in _ways(walk.story, walk.story.passages[name]):
            if choice.target in walk.visited and choice.target not in came_from:
                came_from[choice.target] = []
                came_from[name].append(choice.target)
                queue.append(choice.target)
    return list(_below(walk, came_from))


def map_lines(walk: Walk) -> list[str]:
    """The map, a line for each passage, and the endings found."""
    lines = []
    for place in places(walk):
        marks = [
            *(["you are here"] if place.here else []),
            *(["an ending"] if place.ending else []),
            *([f"{place.untried} not tried"] if place.untried else []),
        ]
        lines.append("  " * place.depth + printable(place.passage) + (f" ({', '.join(marks)})" if marks else ""))
    found = ", ".join(printable(name) for name in walk.found)
    return [*lines, "", endings_line(walk) + (f": {found}" if found else "")]


def endings_line(walk: Walk) -> str:
    """How many endings were found."""
    return f"Endings found: {len(walk.found)} of {len(walk.endings)}"


def _below(walk: Walk, branches: dict[str, list[str]]) -> Iterator[Place]:
    stack = [(walk.story.start, 0)]
    while stack:
        name, depth = stack.pop()
        ways = _ways(walk.story, walk.story.passages[name])
        untried = sum(choice.target not in walk.visited for choice in ways)
        yield Place(name, depth, untried, not ways, name == walk.here.name)
        stack += [(branch, depth + 1) for branch in reversed(branches[name])]


def _on(walk: Walk, step: Step) -> Walk:
    return replace(walk, steps=(*walk.steps, step), visited=walk.visited | {step.passage})


def _ways(story: Story, passage: Passage) -> tuple[Choice, ...]:
    return tuple(choice for choice in passage.choices if choice.target in story.passages)

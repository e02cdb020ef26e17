"""The branching story: what every reader makes and the builder takes.

A `Story` is a graph: passages by name, each with the choices that lead out of it. It holds text only:
no markup, no scripts, no position of the passage on somebody's map. Loops and merges are ordinary edges.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


class StoryError(Exception):
    """A story that can't be read; the message says what is wrong, where, and what to do."""


class NoStoryError(StoryError):
    """A file that is whole and has no story in it: empty, or without a sentence. Among others, it is passed over."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One way on: the words the player sees, and the name of the passage they lead to."""

    label: str
    target: str


UNFINISHED = "unfinished"
"""The tag of a passage after which nobody wrote or played on: the story breaks off there, it does not end."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of prose, paragraphs separated by blank lines, and the choices under it (none: an ending)."""

    name: str
    text: str
    choices: tuple[Choice, ...] = ()
    tags: frozenset[str] = frozenset()
    """What its author marked it with. Our own stories mark an `ending`, and an `odd` answer to an odd action."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a story that was fetched comes from, as its site states it. Ratings are of the site's own scale."""

    url: str
    fetched: str
    """When it was fetched: ISO 8601 with its time zone."""
    sha256: str
    """Of its pages, in the order of discovery."""
    length: int | None = None
    difficulty: int | None = None
    maturity: int | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """Passages by name, in the order of the source, and where to begin."""

    title: str
    start: str
    passages: Mapping[str, Passage]
    source: str = ""
    """Where it was read from: a path or an address, for reports."""
    author: str = ""
    rights: str = "unknown"
    """The licence as its author states it; "unknown" means that nobody stated one."""
    genre: str = ""
    provenance: Provenance | None = None
    """None for a story that lay on this disk."""
    notes: tuple[str, ...] = field(default=())
    """What the reader had to leave out or guess, one sentence each."""

    def edges(self) -> Iterator[tuple[Passage, Choice]]:
        """Each choice with the passage it stands in, in the order of the source."""
        for passage in self.passages.values():
            for choice in passage.choices:
                yield passage, choice

    def dangling(self) -> list[tuple[Passage, Choice]]:
        """The choices that lead to a passage which isn't there."""
        return [(passage, choice) for passage, choice in self.edges() if choice.target not in self.passages]

    def reachable(self) -> set[str]:
        """The names of the passages that a reader can come to from the start."""
        seen = {self.start}
        queue = deque(seen)
        while queue:
            for choice in self.passages[queue.popleft()].choices:
                if choice.target in self.passages and choice.target not in seen:
                    seen.add(choice.target)
                    queue.append(choice.target)
        return seen

    def endings(self) -> list[Passage]:
        """The passages without a way on."""
        return [passage for passage in self.passages.values() if not passage.choices]

    def words(self) -> int:
        """Running words of prose, labels not counted."""
        return sum(len(passage.text.split()) for passage in self.passages.values())

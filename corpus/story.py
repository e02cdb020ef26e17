"""The branching story: the data model that every reader returns and the builder takes.

A `Story` is a graph: passages by name, each with its choices. It holds text only: no markup, no scripts, no layout of
the author's editor. Loops and merges are ordinary edges.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


class StoryError(Exception):
    """A story can't be read; the message says what is wrong, where, and what to do."""


class NoStoryError(StoryError):
    """An intact file has no story in it: it is empty or has no sentence. In a folder, such a file is skipped."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file, or a folder without any story, that was skipped because it could not be read."""

    source: str
    """Its path."""
    reason: str
    """What is wrong, where, and what to do: a sentence that names the file."""
    without_story: bool = False
    """Whether it is intact but has no story in it, such as a picture."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice: the words that the player sees, and the name of the passage they lead to."""

    label: str
    target: str


UNFINISHED = "unfinished"
"""The tag of a passage where writing or playing stopped: the story breaks off there without an ending."""

PLAYED = "played"
"""The tag of a passage of a playthrough: its choices are what the player did or typed, not an author's links."""

CONTEXT_ONLY = "context-only"
"""The tag of a passage that is context and never trained on: what an author wrote, in a playthrough of the story.

One word, so that it survives in Twee and Twine.
"""

BEGINNING = "beginning"
"""The tag of a passage that only a script leads to: what follows it is read, too, without anything before it.

One word, like the tags above.
"""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of prose, paragraphs separated by blank lines, and its choices (an ending has none)."""

    name: str
    text: str
    choices: tuple[Choice, ...] = ()
    tags: frozenset[str] = frozenset()
    """The author's tags. Our own stories tag an `ending`, and an `odd` answer to an unusual action."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a fetched story comes from, as its site states it. Ratings are on the site's own scale."""

    url: str
    fetched: str
    """The time of fetching: ISO 8601 with its time zone."""
    sha256: str
    """The hash of its pages, in the order of discovery."""
    length: int | None = None
    difficulty: int | None = None
    maturity: int | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """Passages by name, in the order of the source, and the name of the first passage."""

    title: str
    start: str
    passages: Mapping[str, Passage]
    source: str = ""
    """The path or address that it was read from, for reports."""
    author: str = ""
    rights: str = "unknown"
    """The licence as its author states it, or "unknown"."""
    genre: str = ""
    work: str = ""
    """The id that its source gives the story (the IFID of Twine, `tree_id` of a scraped tree), equal in all versions.

    Empty if the source gives none.
    """
    provenance: Provenance | None = None
    """None for a story from a local file."""
    notes: tuple[str, ...] = field(default=())
    """What the reader left out or guessed, one sentence each."""

    left_out: int = 0
    """Words of the source that its reader found no way to, so that they are in no passage."""

    def edges(self) -> Iterator[tuple[Passage, Choice]]:
        """Yield each choice with its passage, in the order of the source."""
        for passage in self.passages.values():
            for choice in passage.choices:
                yield passage, choice

    def dangling(self) -> list[tuple[Passage, Choice]]:
        """Return the choices whose target doesn't exist, each with its passage."""
        return [(passage, choice) for passage, choice in self.edges() if choice.target not in self.passages]

    def reachable(self, *, from_beginnings: bool = False) -> set[str]:
        """Return the names of the passages that can be reached from the start, or also from passages so tagged."""
        seen = {self.start}
        if from_beginnings:
            seen.update(name for name, passage in self.passages.items() if BEGINNING in passage.tags)
        queue = deque(seen)
        while queue:
            for choice in self.passages[queue.popleft()].choices:
                if choice.target in self.passages and choice.target not in seen:
                    seen.add(choice.target)
                    queue.append(choice.target)
        return seen

    def endings(self) -> list[Passage]:
        """Return the passages without choices."""
        return [passage for passage in self.passages.values() if not passage.choices]

    def words(self) -> int:
        """Return the number of words of prose; labels are not counted."""
        return sum(len(passage.text.split()) for passage in self.passages.values())

"""A written document, whatever its file format: blocks of text in reading order, and what is known about it.

The readers of .txt, .md, .docx, .odt, .epub and .html make a `Document`; `corpus.readers.prose` makes a story of it.
"""

from collections import Counter
from dataclasses import dataclass, field

from corpus.text import printable

PARAGRAPH = 0
SCENE_BREAK = -1
"""A level for the blank, ruled or starred line between two scenes; its block has no text."""
PAGE_BREAK = -2
"""A level for the end of a page, over which a sentence may run on; its block has no text."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a heading or a break between scenes. Newlines in the text are the author's (verse, letters)."""

    text: str
    level: int = PARAGRAPH
    """PARAGRAPH, SCENE_BREAK, PAGE_BREAK, or the rank of a heading: 1 and up."""


@dataclass(slots=True)
class Document:
    """What a file says, before anything is left out of it. Readers fill it as they go."""

    title: str = ""
    author: str = ""
    rights: str = ""
    blocks: list[Block] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    """What the reader did not take, counted by its name in the singular: "footnote", "page number"."""
    notes: list[str] = field(default_factory=list)
    """Whatever else the user should know, one sentence each."""

    def add(self, text: str, level: int = PARAGRAPH) -> None:
        """A paragraph or a heading as a reader found it, if there is anything in it but white space."""
        text = spaced(text)
        if text:
            self.blocks.append(Block(" ".join(text.split()) if level > PARAGRAPH else text, level))


def spaced(text: str) -> str:
    """`text` with one space between words and without blank lines and control characters."""
    lines = (" ".join(line.split()) for line in printable(text).split("\n"))
    return "\n".join(line for line in lines if line)


def told(left_out: Counter[str]) -> list[str]:
    """The counts as a sentence for `Story.notes`; none where nothing was left out."""
    parts = [f"{count} {name}{'s' * (count > 1)}" for name, count in left_out.items() if count]
    return [f"Left out: {', '.join(parts)}."] if parts else []

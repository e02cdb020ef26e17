"""A document in any file format: blocks of text in reading order, and what it states about itself.

The readers of .txt, .md, .docx, .odt, .epub and .html return a `Document`; `corpus.readers.prose` turns it into a
story.
"""

import re
from collections import Counter
from dataclasses import dataclass, field

from corpus.text import printable

BETWEEN_SPEECHES = re.compile(r"(?<=[\"”»])[\n\x01]\s*(?=[\"“«„])")
"""A line end between the words of two speakers: such a line end is the author's, even if all others are not."""
PARAGRAPH = 0
SCENE_BREAK = -1
"""The level of a blank, ruled or starred line between two scenes; its block has no text."""
PAGE_BREAK = -2
"""The level of a page's end, which may interrupt a sentence; its block has no text."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a heading or a break. Newlines in the text are the author's (verse, letters)."""

    text: str
    level: int = PARAGRAPH
    """PARAGRAPH, SCENE_BREAK, PAGE_BREAK, or the level of a heading: 1 and up."""


@dataclass(slots=True)
class Document:
    """The content of a file, before anything is left out. Readers fill it step by step."""

    title: str = ""
    author: str = ""
    rights: str = ""
    blocks: list[Block] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    """What the reader left out, counted by its name in the singular: "footnote", "page number"."""
    notes: list[str] = field(default_factory=list)
    """What else the user should know, one sentence each."""

    def add(self, text: str, level: int = PARAGRAPH) -> None:
        """Add a paragraph or heading as a reader found it, unless it is blank."""
        text = spaced(text)
        if text:
            self.blocks.append(Block(" ".join(text.split()) if level > PARAGRAPH else text, level))


def spaced(text: str) -> str:
    """Return `text` with one space between words, without blank lines and control characters."""
    lines = (" ".join(line.split()) for line in printable(text).split("\n"))
    return "\n".join(line for line in lines if line)


def left_out_note(left_out: Counter[str]) -> list[str]:
    """Return the counts as one sentence for `Story.notes`; an empty list if nothing was left out."""
    parts = [f"{count} {name}{'s' * (count > 1)}" for name, count in left_out.items() if count]
    return [f"Left out: {', '.join(parts)}."] if parts else []

"""Split prose without choices into a chain of passages of a few hundred words, at the ends of paragraphs.

A chapter always begins a new passage; a scene does if the passage is long enough. Passages are named after their
chapter, whose heading is not in their text. Each passage has one choice, "Continue", which has no action.

Limits: words are counted by spaces, so scripts without spaces make long passages.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain

from corpus.readers.document import PARAGRAPH, SCENE_BREAK, Block
from corpus.story import Choice, Passage
from corpus.turns import PARAGRAPH as BLANK_LINE

CONTINUE = "Continue"
_WORDS = 250
"""Words of a full passage."""
_LONG_PARAGRAPH = 500
"""Words; a longer paragraph is split between sentences."""
_SHORT_REST = 60
"""Words; a shorter rest of a chapter joins the passage before it, and a shorter scene doesn't end a passage."""
_MAX_NAME = 80
_SENTENCE = re.compile(r"(?<=[.!?…])[\"”’')]*\s+(?=[\"“‘'(]*[^\W\d_a-z])")

_WORDS_IN_A_ROW = re.compile(rf"\S+(?:\s+\S+){{0,{_LONG_PARAGRAPH - 1}}}")


def split_into_passages(blocks: Iterable[Block], title: str = "") -> dict[str, Passage]:
    """Return the passages by name, each with a choice that leads to the next; empty without paragraphs.

    A heading that repeats the title doesn't begin a chapter.
    """
    texts = list(_texts(blocks, title.casefold()))
    names = _names([chapter for chapter, _ in texts])
    return {
        name: Passage(name, text, (Choice(CONTINUE, after),) if after else ())
        for name, after, (_, text) in zip(names, [*names[1:], ""], texts, strict=False)
    }


def _texts(blocks: Iterable[Block], title: str) -> Iterator[tuple[str, str]]:
    """Yield the chapter and text of each passage."""
    chapter, heading = "", False
    pending = ""  # a passage that may still take the rest of its chapter
    paragraphs: list[str] = []
    words = 0
    for block in blocks:
        if block.level > PARAGRAPH:
            if block.text.casefold() == title:
                continue
            yield from _chapter_end(chapter, pending, paragraphs, words)
            pending, paragraphs, words = "", [], 0
            chapter = f"{chapter}: {block.text}"[: 2 * _MAX_NAME] if heading else block.text
            heading = True
            continue
        if block.level == SCENE_BREAK:
            if words >= _SHORT_REST:
                if pending:
                    yield chapter, pending
                pending, paragraphs, words = BLANK_LINE.join(paragraphs), [], 0
            continue
        heading = False
        count = block.text.count(" ") + block.text.count("\n") + 1
        for part, size in [(block.text, count)] if count <= _LONG_PARAGRAPH else _split_paragraph(block.text):
            paragraphs.append(part)
            words += size
            if words >= _WORDS:
                if pending:
                    yield chapter, pending
                pending, paragraphs, words = BLANK_LINE.join(paragraphs), [], 0
    yield from _chapter_end(chapter, pending, paragraphs, words)


def _chapter_end(chapter: str, pending: str, paragraphs: list[str], words: int) -> Iterator[tuple[str, str]]:
    rest = BLANK_LINE.join(paragraphs)
    if pending and rest and words < _SHORT_REST:
        yield chapter, pending + BLANK_LINE + rest
        return
    if pending:
        yield chapter, pending
    if rest:
        yield chapter, rest


def _split_paragraph(paragraph: str) -> Iterator[tuple[str, int]]:
    """Yield the parts of a long paragraph with their sizes: whole sentences, or words if one sentence is that long."""
    part: list[str] = []
    words = 0
    start = 0
    for end in chain((match.end() for match in _SENTENCE.finditer(paragraph)), (len(paragraph),)):
        for piece in _WORDS_IN_A_ROW.finditer(paragraph, start, end):
            part.append(piece[0])
            words += piece[0].count(" ") + 1
            if words >= _WORDS:
                yield " ".join(part), words
                part, words = [], 0
        start = end
    if part:
        yield " ".join(part), words


def _names(chapters: Iterable[str]) -> list[str]:
    """Return a unique name for each passage: that of its chapter, numbered from the second passage on."""
    names: list[str] = []
    taken: Counter[str] = Counter()
    count, last = 0, None
    for chapter in chapters:
        count = count + 1 if chapter == last else 1
        last = chapter
        stem = " ".join(chapter.split())[:_MAX_NAME].strip()
        name = f"{stem} – {count}" if stem and count > 1 else stem or str(count)
        taken[name] += 1
        while taken[name] > 1:
            name = f"{name} ({taken[name]})"
            taken[name] += 1
        names.append(name)
    return names

"""Prose without choices -> a chain of passages, each a few hundred words, cut where paragraphs end.

A new chapter always begins a passage, and so does a new scene where the passage has some length already. Passages are
named after their chapter, whose heading is not in their text; the way on is called "Continue", which turns into no
action.

Limits: words are counted by spaces, so scripts that have none make long passages.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain as chained

from corpus.readers.document import PARAGRAPH, SCENE_BREAK, Block
from corpus.story import Choice, Passage
from corpus.turns import PARAGRAPH as BLANK_LINE

CONTINUE = "Continue"
_WORDS = 250
"""A passage is full when it has so many."""
_LONG_PARAGRAPH = 500
"""A paragraph of more words is cut between sentences."""
_SHORT_REST = 60
"""What is left of a chapter with fewer words goes with the passage before it; a scene with fewer is no passage yet."""
_MAX_NAME = 80
_SENTENCE = re.compile(r"(?<=[.!?…])[\"”’')]*\s+(?=[\"“‘'(]*[^\W\d_a-z])")

_WORDS_IN_A_ROW = re.compile(rf"\S+(?:\s+\S+){{0,{_LONG_PARAGRAPH - 1}}}")


def chain(blocks: Iterable[Block], title: str = "") -> dict[str, Passage]:
    """The passages by name, each with the choice that leads to the next; empty where there is no paragraph.

    A heading that only repeats the title begins no chapter.
    """
    texts = list(_texts(blocks, title.casefold()))
    names = _names([chapter for chapter, _ in texts])
    return {
        name: Passage(name, text, (Choice(CONTINUE, after),) if after else ())
        for name, after, (_, text) in zip(names, [*names[1:], ""], texts, strict=False)
    }


def _texts(blocks: Iterable[Block], title: str) -> Iterator[tuple[str, str]]:
    """Chapter and text of each passage."""
    chapter, heading = "", False
    held = ""  # a passage that may still take what is left of its chapter
    paragraphs: list[str] = []
    words = 0
    for block in blocks:
        if block.level > PARAGRAPH:
            if block.text.casefold() == title:
                continue
            yield from _last(chapter, held, paragraphs, words)
            held, paragraphs, words = "", [], 0
            chapter = f"{chapter}: {block.text}"[: 2 * _MAX_NAME] if heading else block.text
            heading = True
            continue
        if block.level == SCENE_BREAK:
            if words >= _SHORT_REST:
                if held:
                    yield chapter, held
                held, paragraphs, words = BLANK_LINE.join(paragraphs), [], 0
            continue
        heading = False
        count = block.text.count(" ") + block.text.count("\n") + 1
        for part, size in [(block.text, count)] if count <= _LONG_PARAGRAPH else _cut(block.text):
            paragraphs.append(part)
            words += size
            if words >= _WORDS:
                if held:
                    yield chapter, held
                held, paragraphs, words = BLANK_LINE.join(paragraphs), [], 0
    yield from _last(chapter, held, paragraphs, words)


def _last(chapter: str, held: str, paragraphs: list[str], words: int) -> Iterator[tuple[str, str]]:
    """The end of a chapter."""
    rest = BLANK_LINE.join(paragraphs)
    if held and rest and words < _SHORT_REST:
        yield chapter, held + BLANK_LINE + rest
        return
    if held:
        yield chapter, held
    if rest:
        yield chapter, rest


def _cut(paragraph: str) -> Iterator[tuple[str, int]]:
    """A very long paragraph in parts of whole sentences, or of words where a sentence is as long, with their sizes."""
    part: list[str] = []
    words = 0
    start = 0
    for end in chained((match.end() for match in _SENTENCE.finditer(paragraph)), (len(paragraph),)):
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
    """A name for each passage: its chapter's, numbered from the second on; none is given twice."""
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

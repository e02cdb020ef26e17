"""Numbered sections ("turn to 42"), as in printed gamebooks -> passages and choices.

    passages = numbered(document.blocks)      # None where the document is no gamebook

A section begins with a line that is a bare number, "Section 12", or a heading that starts with one. Sentences that
send the reader to a section become choices and leave the prose: "If you open the door, turn to 42" is the choice
"Open the door". What comes before the first section is an introduction that leads to it.

Limits: English; dice, items and scores aren't kept, so a choice that asks for them is open to all.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from corpus.readers.chain import CONTINUE, chain
from corpus.readers.conditions import label
from corpus.readers.document import PARAGRAPH, Block
from corpus.readers.tidy import tidy
from corpus.story import Choice, Passage
from corpus.turns import PARAGRAPH as BLANK_LINE

_NUMBER = re.compile(r"[\[(\-–—* ]*(?:(?:section|paragraph|entry|passage|§)\s*)?[#§]?\s*(\d{1,4})[\])\-–—*.: ]*", re.IGNORECASE)
_NUMBERED_HEADING = re.compile(r"(?:(?:section|paragraph|entry|passage|§)\s*)?[#§]?(\d{1,4})\b.{0,80}", re.IGNORECASE)
_SEND = re.compile(
    r"\b(?:turn|go|goes|proceed|continue|return|move|skip|jump|flip|head|turning|going|read on)"
    r"(?:\s+(?:on|back|over|straight|immediately|directly|now|at once|instead|quickly|again))*"
    r"\s+(?:to|at|from)\s+(?:(?:section|paragraph|page|entry|passage|number|no\.|reference|§)\s*)?[#§\[(*]*(\d{1,4})\b[\])*]*"
    r"(?!\s*(?:a\.?m|p\.?m|o['’]clock|feet|miles|years|minutes|hours|days|steps|paces|percent|%))",
    re.IGNORECASE,
)
_PARENTHESISED = re.compile(r"\s?\([^()]{0,40}\b\d{1,4}[^()]{0,20}\)")
_SENTENCE = re.compile(r"(?<=[.!?])([\"”’')]*\s+)(?=[\"“‘'(\[]*[^\W_a-z])|\n")
_MIN_SECTIONS = 3
_MIN_KNOWN = 0.5
"""The share of the numbers that readers are sent to which must be sections."""
_INTRODUCTION = "Introduction"


@dataclass(frozen=True, slots=True)
class Gamebook:
    """What `numbered` found."""

    start: str
    passages: dict[str, Passage]
    left_out: Counter[str]
    notes: list[str]


def numbered(blocks: Sequence[Block]) -> Gamebook | None:
    """The graph of a gamebook, or None where the document isn't one."""
    heads = [(n, number) for n, block in enumerate(blocks) if (number := _section_number(block)) is not None]
    if len(heads) < _MIN_SECTIONS:
        return None
    sent = {int(match[1]) for block in blocks if "o" in block.text for match in _SEND.finditer(block.text)}
    known = {number for _, number in heads}
    if len(sent) < 2 or len(sent & known) < _MIN_KNOWN * len(sent):
        return None
    left_out: Counter[str] = Counter()
    notes: list[str] = []
    heads = _without_page_numbers(heads, sent, left_out)
    passages, start = _introduction(blocks[: heads[0][0]], left_out)
    doubled: list[str] = []
    last = _names(heads, doubled)
    if start:
        leaf = next(reversed(passages.values()))
        first = "1" if 1 in known else last[0]
        passages[leaf.name] = Passage(leaf.name, leaf.text, (Choice(CONTINUE, first),))
    ends = [n for n, _ in heads[1:]] + [len(blocks)]
    for (head, _), end, name in zip(heads, ends, last, strict=True):
        kept, counted = tidy(blocks[head + 1 : end])
        left_out.update(counted)
        passages[name] = _section(name, kept)
    start = start or ("1" if "1" in passages else last[0])
    if doubled:
        notes.append(f"Numbers that two sections have, of which the first is meant: {_some(doubled)}.")
    notes += _unreached(start, passages)
    return Gamebook(start, passages, left_out, notes)


def _section_number(block: Block) -> int | None:
    if len(block.text) > 100 or not block.text:
        return None
    match = _NUMBER.fullmatch(block.text) or (_NUMBERED_HEADING.fullmatch(block.text) if block.level > PARAGRAPH else None)
    return int(match[1]) if match else None


def _without_page_numbers(heads: list[tuple[int, int]], sent: set[int], left_out: Counter[str]) -> list[tuple[int, int]]:
    """The heads that are sections: where pages are numbered too, those that count up one by one."""
    numbers = [number for _, number in heads]
    if len(numbers) - len(set(numbers)) <= 0.1 * len(numbers):
        return heads
    for first in (1, min(sent)):
        sections: list[tuple[int, int]] = []
        for place, number in heads:
            if number == first + len(sections):
                sections.append((place, number))
        if len({number for _, number in sections} & sent) >= _MIN_KNOWN * len(sent):
            left_out["page number"] += len(heads) - len(sections)
            return sections
    return heads


def _introduction(blocks: Sequence[Block], left_out: Counter[str]) -> tuple[dict[str, Passage], str]:
    """The passages in front of the first section, and the first one's name; nothing where there is hardly a text."""
    kept, counted = tidy(blocks)
    left_out.update(counted)
    prose = [block for block in kept if block.level == PARAGRAPH and block.text.count(" ") > 6]
    passages = chain(prose)
    names = {name: f"{_INTRODUCTION} {n}" if n > 1 else _INTRODUCTION for n, name in enumerate(passages, 1)}
    renamed = {
        names[name]: Passage(
            names[name], passage.text, tuple(Choice(way.label, names[way.target]) for way in passage.choices)
        )
        for name, passage in passages.items()
    }
    return renamed, next(iter(renamed), "")


def _names(heads: Sequence[tuple[int, int]], doubled: list[str]) -> list[str]:
    """A name for each section: its number. A number's second section is told apart, and noted."""
    names = []
    seen: Counter[int] = Counter()
    for _, number in heads:
        seen[number] += 1
        if seen[number] > 1:
            doubled.append(str(number))
        names.append(str(number) if seen[number] == 1 else f"{number} ({seen[number]})")
    return names


def _section(name: str, blocks: Sequence[Block]) -> Passage:
    """Prose and choices of one section."""
    prose: list[str] = []
    choices: list[Choice] = []
    for block in blocks:
        if not block.text or block.level > PARAGRAPH:
            continue
        if not _SEND.search(block.text):
            prose.append(block.text)
            continue
        kept = []
        for sentence, gap in _sentences(block.text):
            rest, ways = _ways(sentence, choices[-1].label if choices else "")
            choices += ways
            if rest:
                kept.append(rest + gap)
        text = "".join(kept).strip()
        if text:
            prose.append(text)
    if not prose and choices:
        # All of it sends the reader on. "Will you fight (turn to 6) or run (turn to 3)?" asks well without the numbers.
        asked = [
            _PARENTHESISED.sub("", sentence)
            for block in blocks
            for sentence, _ in _sentences(block.text)
            if block.level == PARAGRAPH
        ]
        prose = [" ".join(text for text in asked if text and not _SEND.search(text))]
    return Passage(name, BLANK_LINE.join(prose), tuple(choices))


def _sentences(text: str) -> Iterator[tuple[str, str]]:
    """The sentences of a paragraph, each with the white space after it."""
    start = 0
    for match in _SENTENCE.finditer(text):
        gap = match[0].lstrip("\"”’')")
        yield text[start : match.end() - len(gap)], gap
        start = match.end()
    yield text[start:], ""


def _ways(sentence: str, last: str) -> tuple[str, list[Choice]]:
    """What of a sentence stays prose, and the choices in it; `last` is the label of the choice before."""
    ways: list[Choice] = []
    kept = ""
    start = 0
    for match in _SEND.finditer(sentence):
        clause = sentence[start : match.start()]
        words, narration = label(clause, ways[-1].label if ways else last)
        if narration:
            kept = f"{kept} {narration}".strip()
        ways.append(Choice(words or CONTINUE, match[1]))
        start = match.end()
    if not ways:
        return sentence, []
    if "if " in sentence[start:] and len(ways) == 1 and ways[0].label == CONTINUE:
        # The condition stands behind: "Turn to 42 if you open the door."
        words, _ = label(sentence[start:], last)
        ways[0] = Choice(words or CONTINUE, ways[0].target)
    return kept, ways


def _unreached(start: str, passages: dict[str, Passage]) -> list[str]:
    notes = []
    targets = {way.target for passage in passages.values() for way in passage.choices}
    unreached = [name for name in passages if name not in targets and name != start]
    missing = [target for target in sorted(targets, key=lambda name: (len(name), name)) if target not in passages]
    if unreached:
        notes.append(f"No choice leads to section {_some(unreached)}.")
    if missing:
        notes.append(f"Choices lead to sections that are not there: {_some(missing)}.")
    return notes


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")

"""Turn numbered sections ("turn to 42"), as in printed gamebooks, into passages and choices.

    book = read_gamebook(document.blocks)      # None if the document is not a gamebook

A section begins with a line that is only a number, "Section 12", or a heading that starts with a number. Sentences that
send the reader to a section become choices and are removed from the prose: "If you open the door, turn to 42" becomes
the choice "Open the door". So do paragraphs of only a speech and its section, if a section has several. Text before the
first section is an introduction that leads to it.

Limits: English; dice, items and scores are not tracked, so choices that require them are always open. Narration in such
a sentence ("otherwise the guard wakes and you must turn to 9") is lost unless it is a separate clause.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from corpus.readers.document import PAGE_BREAK, PARAGRAPH, Block
from corpus.readers.document_cleanup import clean_document
from corpus.readers.gamebook_labels import choice_label, offer_label, outside_quotes
from corpus.readers.passage_splitter import CONTINUE, split_into_passages
from corpus.story import Choice, Passage
from corpus.turns import PARAGRAPH as BLANK_LINE

_PLACE = r"(?:section|paragraph|page|entry|passage|number|reference|no\.|§)"
_NUMBER = re.compile(rf"[\[(\-–—* ]*(?:{_PLACE}\s*)?[#§]?\s*(\d{{1,4}})[\])\-–—*.: ]*", re.IGNORECASE)
_NUMBERED_HEADING = re.compile(rf"(?:{_PLACE}\s*)?[#§]?(\d{{1,4}})\b.{{0,80}}", re.IGNORECASE)
_SEND = re.compile(
    r"\b(?:turn|go|goes|proceed|continue|return|move|skip|jump|flip|head|turning|going|read on)"
    r"(?:\s+(?:on|back|over|straight|immediately|directly|now|at once|instead|quickly|again))*"
    rf"\s+(?:to|at|from)\s+(?:{_PLACE}\s*)?[#§\[(*]*(\d{{1,4}})\b(?! (?-i:[A-Z]))[\])*]*"
    r"(?!\s*(?:a\.?m|p\.?m|o['’]clock|feet|miles|years|minutes|hours|days|steps|paces|men|percent|%))",
    re.IGNORECASE,
)
_CONDITION_AFTER = re.compile(r"[\s,]*(?:only\s+)?(?:if|when|unless|should)\b", re.IGNORECASE)
_OR_TO = re.compile(r",?\s+or\s+(?:to\s+)?(\d{1,4})\s+(?=if\b|when\b|unless\b)", re.IGNORECASE)
_PARENTHESISED = re.compile(r"\s?\([^()]{0,40}\b\d{1,4}[^()]{0,20}\)")
_SENTENCE = re.compile(r"(?<=[.!?])(?<!\b[Nn]o\.)([\"”’')]*\s+)(?=[\"“‘'(\[]*[^\W_a-z])|\n")
_MORE = re.compile(
    r"[\s,;:.–—)]+(?:and\s+)?(?=(?:but\s+)?(?:you|the|he|she|it|they|your|his|her|their)\b)", re.IGNORECASE
)
_PROMPT = re.compile(
    r"(?:^|(?<=[.!?…\"”’])\s+)(?:(?:will|would|do|can|could) you|you (?:can|may|could))(?: either| now)?\s*:$",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"(?:will|would|do|can|could) you\b(?!\s*:)", re.IGNORECASE)
_SPEECH = re.compile(r"[\"“][^\"“”]+[\"”]")
_MIN_SECTIONS = 3
_MIN_KNOWN = 0.5
"""The share of the numbers in choices that must be sections."""
_MIN_SENDERS = 0.3
"""The share of the sections that must lead to others; of a novel's chapters, hardly one does."""
_SAMPLE = 2000
"""Blocks, one of which must have a choice; searching a long novel takes a second."""
_INTRODUCTION = "Introduction"
_PROSE_WORDS = 8


@dataclass(frozen=True, slots=True)
class Gamebook:
    """The result of `read_gamebook`."""

    start: str
    passages: dict[str, Passage]
    left_out: Counter[str]
    notes: list[str]


def read_gamebook(blocks: Sequence[Block]) -> Gamebook | None:
    """Return the graph of a gamebook, or None if the document isn't one."""
    heads = [(n, number) for n, block in enumerate(blocks) if (number := _section_number(block)) is not None]
    known = {number for _, number in heads}
    if len(known) < _MIN_SECTIONS or not any(_SEND.search(block.text) for block in blocks[:_SAMPLE]):
        return None
    targets, senders = _targets(blocks, heads)
    if len(targets & known) < max(2, _MIN_KNOWN * len(targets)) or senders < _MIN_SENDERS * len(heads):
        return None
    left_out: Counter[str] = Counter()
    notes: list[str] = []
    heads = _without_page_numbers(heads, targets)
    names, repeated = _names([number for _, number in heads])
    first = "1" if "1" in names else names[0]
    passages = _introduction(blocks[: heads[0][0]], first, left_out)
    start = next(iter(passages), first)
    ends = [n for n, _ in heads[1:]] + [len(blocks)]
    for (head, _), end, name in zip(heads, ends, names, strict=True):
        passages[name] = _section(name, _clean_section(blocks[head + 1 : end], left_out))
    if repeated:
        notes.append(f"Numbers of two sections, of which the first is used: {_some(repeated)}.")
    notes += _unreached(start, passages)
    return Gamebook(start, passages, left_out, notes)


def _targets(blocks: Sequence[Block], heads: Sequence[tuple[int, int]]) -> tuple[set[int], int]:
    """Return the numbers to which readers are sent, and the number of sections that send them."""
    targets: set[int] = set()
    senders = 0
    places = [place for place, _ in heads] + [len(blocks)]
    for begin, end in pairwise(places):
        found = {int(match[1]) for block in blocks[begin:end] for match in _SEND.finditer(block.text)}
        targets |= found
        senders += bool(found)
    return targets, senders


def _section_number(block: Block) -> int | None:
    if len(block.text) > 100 or not block.text:
        return None
    match = _NUMBER.fullmatch(block.text)
    if match is None and block.level > PARAGRAPH:
        match = _NUMBERED_HEADING.fullmatch(block.text)
    return int(match[1]) if match else None


def _without_page_numbers(heads: list[tuple[int, int]], targets: set[int]) -> list[tuple[int, int]]:
    """Return the heads that are sections: if there are page numbers, too, the heads that count up one by one."""
    numbers = [number for _, number in heads]
    if len(numbers) - len(set(numbers)) <= 0.1 * len(numbers):
        return heads
    for first in (1, min(targets)):
        sections: list[tuple[int, int]] = []
        for place, number in heads:
            if number == first + len(sections):
                sections.append((place, number))
        if len({number for _, number in sections} & targets) >= _MIN_KNOWN * len(targets):
            return sections
    return heads


def _clean_section(blocks: Sequence[Block], left_out: Counter[str]) -> list[Block]:
    """Return the paragraphs of a section. A number that isn't a section's is a page number."""
    without_numbers = []
    for block in blocks:
        if _section_number(block) is not None:
            left_out["page number"] += 1
            without_numbers.append(Block("", PAGE_BREAK))
        else:
            without_numbers.append(block)
    kept, counted = clean_document(without_numbers, by_look=False)
    left_out.update(counted)
    left_out["heading"] += sum(block.level > PARAGRAPH for block in kept)
    return [block for block in kept if block.level == PARAGRAPH]


def _introduction(blocks: Sequence[Block], first: str, left_out: Counter[str]) -> dict[str, Passage]:
    """Return the passages before the first section, which lead to it; empty if there is hardly any text."""
    paragraphs = _clean_section(blocks, left_out)
    begin = next((n for n, block in enumerate(paragraphs) if block.text.count(" ") >= _PROSE_WORDS), len(paragraphs))
    left_out["title page line"] += begin
    texts = [passage.text for passage in split_into_passages(paragraphs[begin:]).values()]
    names = [_INTRODUCTION if n == 1 else f"{_INTRODUCTION} {n}" for n in range(1, len(texts) + 1)]
    return {
        name: Passage(name, text, (Choice(CONTINUE, after),))
        for name, after, text in zip(names, [*names[1:], first], texts, strict=False)
    }


def _names(numbers: Sequence[int]) -> tuple[list[str], list[str]]:
    """Return a unique name for each section, usually its number; and the numbers that are repeated."""
    names = []
    repeated = []
    seen: Counter[int] = Counter()
    for number in numbers:
        seen[number] += 1
        if seen[number] > 1:
            repeated.append(str(number))
        names.append(str(number) if seen[number] == 1 else f"{number} ({seen[number]})")
    return names, repeated


def _section(name: str, blocks: Sequence[Block]) -> Passage:
    """Return the prose and choices of one section."""
    prose: list[str] = []
    choices: list[Choice] = []
    said = [_said(block.text) for block in blocks]
    for block, line in zip(blocks, said, strict=True):
        if line and len(said) - said.count(None) > 1:
            choices.append(line)
            continue
        if not _SEND.search(block.text):
            prose.append(_PROMPT.sub("", block.text))
            continue
        text, found = _split_paragraph(block.text, choices[-1].label if choices else "")
        choices += found
        if text:
            prose.append(text)
    if not prose and choices:
        # All sentences send the reader on. "Will you fight (turn to 6) or run (turn to 3)?" works without numbers.
        asked = [_PARENTHESISED.sub("", sentence) for block in blocks for sentence, _ in _sentences(block.text)]
        prose = [" ".join(text for text in asked if text and not _SEND.search(text))]
    return Passage(name, BLANK_LINE.join(filter(None, prose)), tuple(choices))


def _said(text: str) -> Choice | None:
    """Return the choice if the paragraph is only something to say and where to turn: a list of them is on offer."""
    speech = _SPEECH.match(text)
    send = _SEND.search(text, speech.end()) if speech else None
    if speech is None or send is None or any(map(str.isalnum, text[speech.end() : send.start()] + text[send.end() :])):
        return None
    return Choice(speech[0], send[1])


def _split_paragraph(text: str, last: str) -> tuple[str, list[Choice]]:
    """Return what of a paragraph stays prose, and the choices in it; `last` is the label of the choice before."""
    kept: list[str] = []
    choices: list[Choice] = []
    asked = ""
    for sentence, gap in _sentences(text):
        rest, found = _split_sentence(sentence, choices[-1].label if choices else last, asked)
        if found and asked and found[0].label == offer_label(asked) and not _QUESTION.match(asked):
            kept.pop()  # "Open the box? Turn to 5": a label, not a question
        choices += found
        if rest:
            kept.append(rest + gap)
        asked = sentence if sentence.endswith("?") and not found else ""
    return _PROMPT.sub("", "".join(kept).strip()), choices


def _sentences(text: str) -> Iterator[tuple[str, str]]:
    """Yield the sentences of a paragraph, each with the white space after it."""
    start = 0
    for match in outside_quotes(_SENTENCE, text):
        gap = match[0].lstrip("\"”’')")
        yield text[start : match.end() - len(gap)], gap
        start = match.end()
    yield text[start:], ""


def _split_sentence(sentence: str, last: str, asked: str) -> tuple[str, list[Choice]]:
    """Return what of a sentence stays prose, and the choices in it; `asked` is the question before it."""
    sends = list(_SEND.finditer(sentence))
    if not sends:
        return sentence, []
    before = sentence[: sends[0].start()]
    ends = [after.start() for after in sends[1:]] + [len(sentence)]
    after = [sentence[send.end() : end] for send, end in zip(sends, ends, strict=True)]
    label, kept = choice_label(before, last, asked)
    if not label and _CONDITION_AFTER.match(after[0]):
        return kept, _with_conditions_after([send[1] for send in sends], after, last)
    choices = [Choice(label or CONTINUE, sends[0][1])]
    for send, clause in zip(sends[1:], after, strict=False):
        label, narration = choice_label(clause, choices[-1].label)
        kept = f"{kept} {narration}".strip()
        choices.append(Choice(label or CONTINUE, send[1]))
    more = _MORE.match(after[-1])
    if more:
        rest = after[-1][more.end() :]
        kept = f"{kept} {rest[:1].upper()}{rest[1:]}".strip()
    return kept, choices


def _with_conditions_after(targets: list[str], conditions: list[str], last: str) -> list[Choice]:
    """Return the choices of a sentence like "Turn to 12 if you open the door, or to 13 if you don't."."""
    more = _OR_TO.search(conditions[-1])
    if more:
        conditions = [*conditions[:-1], conditions[-1][: more.start()], conditions[-1][more.end() :]]
        targets = [*targets, more[1]]
    choices: list[Choice] = []
    for target, condition in zip(targets, conditions, strict=True):
        label, _ = choice_label(condition.rstrip(".!"), choices[-1].label if choices else last)
        choices.append(Choice(label or CONTINUE, target))
    return choices


def _unreached(start: str, passages: dict[str, Passage]) -> list[str]:
    notes = []
    targets = {choice.target for passage in passages.values() for choice in passage.choices}
    unreached = [name for name in passages if name not in targets and name != start]
    missing = [target for target in sorted(targets, key=lambda name: (len(name), name)) if target not in passages]
    if unreached:
        notes.append(f"No choice leads to section {_some(unreached)}.")
    if missing:
        notes.append(f"Choices lead to sections that do not exist: {_some(missing)}.")
    return notes


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")

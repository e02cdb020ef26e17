"""The rules against sameness: worn phrases, the same beginnings, the same words twice, the same names.

A library teaches a model what it repeats, so most of these look at all stories together.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from corpus.check.analysis import Reading
from corpus.check.finding import ALL_STORIES, Finding
from corpus.check.tokenizer import Word
from corpus.check.word_lists import NO_FIRST_NAMES

PHRASE_USES = 3
"""How often a worn phrase may stand in all stories together."""

SAME_BEGINNING = 0.05
"""The share of all passages, at most, that begin with the same two words."""

SAME_BEGINNING_IN_STORY = 0.12
"""The share of a story's passages above which a note says so."""

RUN = 8
"""No two stories share a sequence of that many words."""

RUN_USES = 2
"""How often such a sequence may stand in one story before a note says so."""

NAME_USES = 3
"""In how many stories a first name may live."""

# A name in fewer places may be a ship, a street, or a word that somebody stressed.
_NAME_PLACES = 3


@dataclass(frozen=True, slots=True)
class Phrase:
    """A worn phrase: what finds it in small letters, and words that it is never without."""

    pattern: re.Pattern[str]
    words: frozenset[str]
    """Looked up first, which is ten times as fast."""


@cache
def worn_phrases() -> dict[str, Phrase]:
    """The entries of `phrases.txt`."""
    lines = (Path(__file__).parent / "phrases.txt").read_text(encoding="utf-8").splitlines()
    entries = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return {entry: _phrase(entry) for entry in entries}


def phrases(readings: Sequence[Reading]) -> Iterator[Finding]:
    """A worn phrase stands at most `PHRASE_USES` times in all stories together; fewer are notes."""
    found: defaultdict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for reading in readings:
        for passage in reading.story.passages.values():
            text = passage.text.lower()
            here = {word.lower for word in reading.prose[passage.name]}
            for entry, phrase in worn_phrases().items():
                if phrase.words <= here:
                    matches = phrase.pattern.finditer(text)
                    found[entry] += [(reading.story.source, passage.name, match[0]) for match in matches]
    for places in found.values():
        for source, name, words in places:
            often = f"{len(places)} times in all, at most {PHRASE_USES}"
            yield Finding(
                source, name, f"worn phrase '{' '.join(words.split())}' ({often}).", note=len(places) <= PHRASE_USES
            )


def beginnings_in_story(reading: Reading) -> Iterator[Finding]:
    """A note where a story's passages begin alike."""
    total = len(reading.prose)
    for beginning, count in _beginnings([reading]).items():
        if count > 2 and count / total > SAME_BEGINNING_IN_STORY:
            yield Finding(
                reading.story.source, "", f"{count} of its {total} passages begin with '{beginning} …'.", note=True
            )


def beginnings(readings: Sequence[Reading]) -> Iterator[Finding]:
    """No more than `SAME_BEGINNING` of all passages begin with the same two words."""
    total = sum(len(reading.prose) for reading in readings)
    for beginning, count in _beginnings(readings).items():
        if count / total > SAME_BEGINNING:
            yield Finding(
                ALL_STORIES,
                "",
                f"{count / total:.1%} of the passages begin with '{beginning} …', at most {SAME_BEGINNING:.0%}.",
            )


def runs_in_story(reading: Reading) -> Iterator[Finding]:
    """A note where a story says the same `RUN` words more than `RUN_USES` times."""
    places: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, found in reading.prose.items():
        for run in _runs(found):
            places[run].append(name)
    often = {run: names for run, names in places.items() if len(names) > RUN_USES}
    ends = {run[1:] for run in often}
    for run, names in often.items():
        if run[:-1] not in ends:  # otherwise it goes on a run that was told already
            says = f"'{' '.join(run)}' is said {len(names)} times in this story."
            yield Finding(reading.story.source, names[0], says, note=True)


def runs(readings: Sequence[Reading]) -> Iterator[Finding]:
    """No `RUN` words in a row stand in two stories."""
    first: dict[tuple[str, ...], tuple[int, str]] = {}
    for number, reading in enumerate(readings):
        for name, found in reading.prose.items():
            told = False
            for run in _runs(found):
                story, passage = first.setdefault(run, (number, name))
                if story != number and not told:
                    where = f"{readings[story].story.source}, passage '{passage}'"
                    yield Finding(reading.story.source, name, f"'{' '.join(run)}' also stands in {where}.")
                told = story != number  # a longer sequence is told once


def names(readings: Sequence[Reading]) -> Iterator[Finding]:
    """No first name lives in more than `NAME_USES` stories."""
    living: defaultdict[str, list[str]] = defaultdict(list)
    for reading in readings:
        for name in _people(reading):
            living[name].append(reading.story.source)
    for name, sources in living.items():
        if len(sources) > NAME_USES:
            often = f"the name {name.capitalize()} is in {len(sources)} stories, at most {NAME_USES}"
            for source in sources:
                yield Finding(source, "", f"{often}: {', '.join(sources)}.")


def _phrase(entry: str) -> Phrase:
    without_groups = re.sub(r"\([^)]*\)\??", "?", entry).split()
    words = frozenset(word for word in without_groups if word.isalpha())
    return Phrase(re.compile(r"\b" + entry.replace(" ", r"\s+") + r"\b"), words)


def _beginnings(readings: Sequence[Reading]) -> Counter[str]:
    return Counter(
        " ".join(word.written for word in found[:2])
        for reading in readings
        for found in reading.prose.values()
        if found
    )


def _runs(found: tuple[Word, ...]) -> Iterator[tuple[str, ...]]:
    small = [word.lower for word in found]
    return zip(*(small[start:] for start in range(RUN)), strict=False)


def _people(reading: Reading) -> set[str]:
    """The first names in a story: names throughout that are met inside sentences without an article or a name in front.

    Limits: a place that is never called "the" counts as a person; a name that is also an ordinary word in the story
    ("Rose" beside "rose") is not found.
    """
    counts: Counter[str] = Counter()
    for found in reading.prose.values():
        before: Word | None = None
        for word in found:
            bare = word.lower.removesuffix("'s")
            if word.capital and not word.opens and bare in reading.names and before is not None and _leads(before):
                counts[bare] += 1
            before = word
    return {name for name, count in counts.items() if count >= _NAME_PLACES and name not in NO_FIRST_NAMES}


def _leads(before: Word) -> bool:
    """Whether a first name may follow: no "the Swan", no second name."""
    if before.capital:
        return before.lower in NO_FIRST_NAMES
    return before.lower not in ("the", "a", "an", "of", "this", "that", "in", "to", "at")

"""The rules against repetition: worn phrases, equal beginnings, shared sequences of words, the same names.

A model learns what its training stories repeat, so most of these rules look at all stories together.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from corpus.check.analysis import Analysis
from corpus.check.finding import ALL_STORIES, Finding
from corpus.check.tokenizer import Word
from corpus.check.word_lists import NO_FIRST_NAMES

WORN_PHRASE_USES = 3
"""How often a worn phrase may occur in all stories together."""

SAME_BEGINNING = 0.05
"""The share of all passages, at most, that begin with the same two words."""

SAME_BEGINNING_IN_STORY = 0.12
"""The same share in one story; above it there is a note."""

NGRAM = 8
"""Two stories don't share a sequence of this many words."""

NGRAM_USES = 2
"""How often such a sequence may occur in one story; above it there is a note."""

NAME_USES = 3
"""The number of stories, at most, in which a first name may occur."""

# A name with fewer occurrences may be a ship, a street, or a stressed word.
_NAME_PLACES = 3


@dataclass(frozen=True, slots=True)
class WornPhrase:
    """A worn phrase: a pattern for lower-case text, and words that every match contains."""

    pattern: re.Pattern[str]
    words: frozenset[str]
    """Looked up first, which is ten times as fast."""


@cache
def worn_phrases() -> dict[str, WornPhrase]:
    """Return the entries of `phrases.txt`."""
    lines = (Path(__file__).parent / "phrases.txt").read_text(encoding="utf-8").splitlines()
    entries = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return {entry: _worn_phrase(entry) for entry in entries}


def uses_of_worn_phrases(analyses: Sequence[Analysis]) -> Iterator[Finding]:
    """A worn phrase occurs at most `WORN_PHRASE_USES` times in all stories together; up to that it is a note."""
    found: defaultdict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for analysis in analyses:
        for passage in analysis.story.passages.values():
            text = passage.text.lower()
            passage_words = {word.lower for word in analysis.prose[passage.name]}
            for entry, phrase in worn_phrases().items():
                if phrase.words <= passage_words:
                    matches = phrase.pattern.finditer(text)
                    found[entry] += [(analysis.story.source, passage.name, match[0]) for match in matches]
    for places in found.values():
        for source, name, words in places:
            total = f"{len(places)} times in all, at most {WORN_PHRASE_USES}"
            message = f"worn phrase '{' '.join(words.split())}' ({total})."
            yield Finding(source, name, message, note=len(places) <= WORN_PHRASE_USES)


def beginnings_in_story(analysis: Analysis) -> Iterator[Finding]:
    """The passages of a story begin with different words (a note)."""
    total = len(analysis.prose)
    for beginning, count in _beginnings([analysis]).items():
        if count > 2 and count / total > SAME_BEGINNING_IN_STORY:
            message = f"{count} of its {total} passages begin with '{beginning} …'."
            yield Finding(analysis.story.source, "", message, note=True)


def beginnings(analyses: Sequence[Analysis]) -> Iterator[Finding]:
    """At most `SAME_BEGINNING` of all passages begin with the same two words."""
    total = sum(len(analysis.prose) for analysis in analyses)
    for beginning, count in _beginnings(analyses).items():
        if count / total > SAME_BEGINNING:
            message = f"{count / total:.1%} of the passages begin with '{beginning} …', at most {SAME_BEGINNING:.0%}."
            yield Finding(ALL_STORIES, "", message)


def ngrams_in_story(analysis: Analysis) -> Iterator[Finding]:
    """A story doesn't repeat a sequence of `NGRAM` words more than `NGRAM_USES` times (a note)."""
    places: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, found in analysis.prose.items():
        for ngram in _ngrams(found):
            places[ngram].append(name)
    repeated = {ngram: names for ngram, names in places.items() if len(names) > NGRAM_USES}
    continued = {ngram[1:] for ngram in repeated}
    for ngram, names in repeated.items():
        if ngram[:-1] not in continued:  # otherwise it continues a sequence that is already reported
            message = f"'{' '.join(ngram)}' occurs {len(names)} times in this story."
            yield Finding(analysis.story.source, names[0], message, note=True)


def ngrams(analyses: Sequence[Analysis]) -> Iterator[Finding]:
    """No sequence of `NGRAM` words occurs in two stories."""
    first: dict[tuple[str, ...], tuple[int, str]] = {}
    for number, analysis in enumerate(analyses):
        for name, found in analysis.prose.items():
            reported = False
            for ngram in _ngrams(found):
                story, passage = first.setdefault(ngram, (number, name))
                if story != number and not reported:
                    where = f"{analyses[story].story.source}, passage '{passage}'"
                    yield Finding(analysis.story.source, name, f"'{' '.join(ngram)}' is also in {where}.")
                reported = story != number  # a longer sequence is reported once


def names(analyses: Sequence[Analysis]) -> Iterator[Finding]:
    """No first name occurs in more than `NAME_USES` stories."""
    sources_of: defaultdict[str, list[str]] = defaultdict(list)
    for analysis in analyses:
        for name in _first_names(analysis):
            sources_of[name].append(analysis.story.source)
    for name, sources in sources_of.items():
        if len(sources) > NAME_USES:
            total = f"the name {name.capitalize()} is in {len(sources)} stories, at most {NAME_USES}"
            for source in sources:
                yield Finding(source, "", f"{total}: {', '.join(sources)}.")


def _worn_phrase(entry: str) -> WornPhrase:
    without_groups = re.sub(r"\([^)]*\)\??", "?", entry).split()
    words = frozenset(word for word in without_groups if word.isalpha())
    return WornPhrase(re.compile(r"\b" + entry.replace(" ", r"\s+") + r"\b"), words)


def _beginnings(analyses: Sequence[Analysis]) -> Counter[str]:
    return Counter(
        " ".join(word.written for word in found[:2])
        for analysis in analyses
        for found in analysis.prose.values()
        if found
    )


def _ngrams(found: tuple[Word, ...]) -> Iterator[tuple[str, ...]]:
    lower = [word.lower for word in found]
    return zip(*(lower[start:] for start in range(NGRAM)), strict=False)


def _first_names(analysis: Analysis) -> set[str]:
    """Return the first names in a story: names inside sentences without an article or another name before them.

    Limits: a place without an article counts as a person; a name that is also an ordinary word in the story ("Rose" and
    "rose") is not found.
    """
    counts: Counter[str] = Counter()
    for found in analysis.prose.values():
        before: Word | None = None
        for word in found:
            bare = word.lower.removesuffix("'s")
            is_known = bare in analysis.names and not word.opens
            if word.capital and is_known and before is not None and _may_precede_name(before):
                counts[bare] += 1
            before = word
    return {name for name, count in counts.items() if count >= _NAME_PLACES and name not in NO_FIRST_NAMES}


def _may_precede_name(before: Word) -> bool:
    """Return whether the next word may be a first name: not after an article ("the Swan") or another name."""
    if before.capital:
        return before.lower in NO_FIRST_NAMES
    return before.lower not in ("the", "a", "an", "of", "this", "that", "in", "to", "at")

"""Faults of a turn, found by rules that share no code with the game's output policy.

`FAULTS` maps a fault's name to a function of a recorded turn and a text: its raw output, or the prose shown. "Speaks
for the player" and "ends in a cut sentence" are measures of `dungeon evaluate`.

Limits: English. The rules find faults of form. Whether a turn contradicts an earlier one only a reader can say.
"""

import difflib
import re
import statistics
from collections.abc import Callable, Iterable, Sequence

from corpus.check.passage import tense
from corpus.story import Passage, Story
from finetune.compare.measures import GeneratedTurn, cut_off, repetition, speaks_for_player
from tests.benchmarks.recorded_turns import RecordedTurn

_RECENT_TURNS = 6
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]{2,}")
"""A capitalised word inside a sentence."""
_CHAT = re.compile(
    r"""(?mix) ^ \s* (?:
        \#{1,6}\s | [-*•–]\s | \d{1,2}[.):]\s | \*\*[^*\n]+\*\* | ``` | -{3,} | \[
        | (?:chapter|scene|act|part|step|option)\s+(?:\d|[ivx]+\b)
        | (?:assistant|user|system|human|ai|narrator|prompt|title|note|author's\ note|q|a)\s*:
        | sure[,!.] | certainly[,!.] | of\ course[,!] | as\ an\ ai\b | i'm\ sorry,\ but\b
        | i\ (?:can't|cannot)\ (?:help|assist)
        | here(?:'s|\ is|\ are)\ (?:a|an|the|some|your)\b [^.\n]* :
    ) | <\| | \|> | \blanguage\ model\b | \bauthor's\ note\b"""
)


def repeats_sentence(turn: RecordedTurn, text: str) -> bool:
    """Return whether a sentence of five words or more occurs twice in `text`, or also in the last six turns."""
    known = {sentence for earlier in _recent(turn) for sentence in _sentences(earlier)}
    found = _sentences(text)
    return len(set(found)) < len(found) or not known.isdisjoint(found)


def loops(turn: RecordedTurn, text: str) -> bool:
    """Return whether a four-word phrase occurs three times, 30% is repetition, or `text` is nearly a recent turn."""
    words = re.findall(r"\w+", text.lower())
    ngrams = _four_words(text)
    three_times = any(ngrams.count(ngram) >= 3 for ngram in set(ngrams))
    copied = any(difflib.SequenceMatcher(None, text, old).ratio() > 0.9 for old in _recent(turn) if len(old) > 40)
    return three_times or (len(ngrams) > 0 and repetition(words, 4) > 0.3) or copied


def past_tense(text: str) -> bool:
    """Return whether `text` is in the past tense, by the rule that checks the library."""
    return any(tense(Story("", "", {"": Passage("", text)})))


FAULTS: dict[str, Callable[[RecordedTurn, str], bool]] = {
    "speaks for the player": lambda turn, text: speaks_for_player(GeneratedTurn(turn.action, text)),
    "contains >": lambda _, text: ">" in text,
    "ends in a cut sentence": lambda _, text: cut_off(text),
    "unbalanced quotation marks": lambda _, text: any(len(re.findall('["“”]', line)) % 2 for line in text.split("\n")),
    "repeats a sentence": repeats_sentence,
    "loops": loops,
    "chat, list or heading": lambda _, text: bool(_CHAT.search(text)),
    "empty": lambda _, text: not text.strip(),
}


# ---- people ------------------------------------------------------------------------------------------------------


def names_someone_known(turn: RecordedTurn, text: str) -> bool | None:
    """Return whether `text` names someone of the last four turns; None where these name nobody."""
    known = _names(turn.before[-8:])
    return any(name in text for name in known) if known else None


def names_stranger(turn: RecordedTurn, text: str) -> bool:
    """Return whether `text` names someone who does not occur before."""
    before = " ".join(turn.before)
    return any(name not in before for name in _names([text]))


def misspells_name(turn: RecordedTurn, text: str) -> bool:
    """Return whether `text` has a name that is nearly, but not quite, an earlier one: Vinn for Venn."""
    before = " ".join(turn.before)
    known = _names([before])
    new = {name for name in _names([text]) if name.lower() not in before.lower()}
    return any(difflib.get_close_matches(name, known, 1, 0.75) for name in new)


# ---- shares ------------------------------------------------------------------------------------------------------


def repeated_phrases(turn: RecordedTurn, text: str) -> float:
    """Return the share of the four-word phrases of `text` that also occur in the ten turns before."""
    known = {ngram for earlier in turn.before[-20:] for ngram in _four_words(earlier)}
    ngrams = _four_words(text)
    return statistics.mean(ngram in known for ngram in ngrams) if ngrams else 0.0


def share(values: Iterable[bool | None]) -> float | None:
    """Return the share of true values, None left out; None where no value is left."""
    known = [value for value in values if value is not None]
    return statistics.mean(known) if known else None


def _recent(turn: RecordedTurn) -> Sequence[str]:
    return turn.before[-2 * _RECENT_TURNS :]


def _sentences(text: str) -> list[str]:
    """Return the sentences and lines of `text` as lower-case words; those of fewer than five words are left out."""
    parts = re.split(r"""(?<=[.!?…])["'”’)]*\s+|\n""", text)
    words = (re.findall(r"\w+", part.lower()) for part in parts)
    return [" ".join(found) for found in words if len(found) >= 5]


def _four_words(text: str) -> list[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return list(zip(*(words[first:] for first in range(4)), strict=False))


def _names(texts: Iterable[str]) -> set[str]:
    return {name for text in texts for name in _NAME.findall(text)}

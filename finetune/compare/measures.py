"""Measures of generated turns: repetition, variety, and whether they leave the player's part to the player.

    found = measure([GeneratedTurn("You open the door.", "The hinges scream. A cold draught comes out.")])
    found.seq_rep_4, found.second_person

Pure functions on text, with the standard library and the corpus's word lists; every share is between 0 and 1.
`MEASURES` says what each measure is and where it comes from; the command's help and its JSON print it.

Limits: English. Words are compared by their regular forms only (opens, opening, opened; not went). A share over n turns
moves in steps of 1/n: differences of a few turns are chance.
"""

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files

from corpus.actions import QUOTES
from corpus.turns import clean_prose
from corpus.words import (
    ASKING,
    DETERMINERS,
    GERUNDS,
    HELPERS,
    IS,
    JOINS,
    NUMBERS,
    OTHERS,
    PARTICLES,
    PRONOUNS,
    SUBJECTS,
    THIRDS,
    WAYS,
    word_set,
)
from finetune.data.player_speech import in_first_person, in_second_person, past_tense, player_speech

_WORD = re.compile(r"\w+(?:['-]\w+)*|[^\w\s]")
_SENTENCE_END = re.compile(r"[.!?…][\"')\]*_]*$")
_BASE_FORMS = {past_tense(verb): verb for verb in GERUNDS.values()} | THIRDS | GERUNDS
_SMALL_WORDS = (
    (DETERMINERS | PRONOUNS | PARTICLES | WAYS | ASKING | HELPERS | SUBJECTS | OTHERS | IS | JOINS | NUMBERS) - {"left"}
) | word_set("be do go say said choose wait not then so yes no very too just and about his hers")


@dataclass(frozen=True, slots=True)
class Measure:
    """A row of the table."""

    key: str
    """Its name in the JSON."""
    label: str
    definition: str
    source: str = "this program"
    share: bool = False
    """Whether it is a share of the turns."""


_LISTED = tomllib.loads((files("finetune.compare") / "measures.toml").read_text(encoding="utf-8"))
MEASURES = tuple(Measure(**entry) for entry in _LISTED["measure"])


@dataclass(frozen=True, slots=True)
class GeneratedTurn:
    """An action, as the sentence that stands in the tale, and what a voice generated to answer it."""

    action: str
    text: str
    """Up to the next action, which the game does not show."""

    @property
    def prose(self) -> str:
        """What the game would show: nothing where the voice begins with an action of its own."""
        return "" if self.starts_with_action else clean_prose(self.text).strip()

    @property
    def starts_with_action(self) -> bool:
        return self.text.lstrip().startswith(">")


@dataclass(frozen=True, slots=True)
class Measurements:
    """The measures of some turns; None where there was nothing to count. `MEASURES` says what each is."""

    turns: int
    seq_rep_4: float | None
    distinct_1: float | None
    distinct_2: float | None
    distinct_3: float | None
    cut_off: float
    second_person: float
    speaks_for_player: float
    uses_action: float | None
    is_empty: float
    words_per_turn: float


def measure(turns: Sequence[GeneratedTurn]) -> Measurements:
    """Return the measures of `turns`, of which there is at least one."""
    proses = [turn.prose for turn in turns]
    counted = [_words(prose) for prose in proses]
    with_content = [turn for turn in turns if content_words(turn.action)]
    return Measurements(
        turns=len(turns),
        seq_rep_4=_mean(repetition(words, 4) for words in counted if len(words) >= 4),
        distinct_1=distinct(counted, 1),
        distinct_2=distinct(counted, 2),
        distinct_3=distinct(counted, 3),
        cut_off=_mean(map(cut_off, proses)) or 0.0,
        second_person=_mean(map(in_second_person, proses)) or 0.0,
        speaks_for_player=_mean(map(speaks_for_player, turns)) or 0.0,
        uses_action=_mean(uses_action(turn.action, turn.prose) for turn in with_content),
        is_empty=_mean(not prose for prose in proses) or 0.0,
        words_per_turn=sum(sum(word[0].isalnum() for word in words) for words in counted) / len(turns),
    )


def _mean(values: Iterable[float]) -> float | None:
    known = list(values)
    return sum(known) / len(known) if known else None


def repetition(words: Sequence[str], n: int) -> float:
    """Return seq-rep-n of one text: 1 - different n-grams / n-grams. `words` holds at least `n`."""
    ngrams = _ngrams(words, n)
    return 1 - len(set(ngrams)) / len(ngrams)


def distinct(texts: Iterable[Sequence[str]], n: int) -> float | None:
    """Return distinct-n: different n-grams / words, over all texts together; None where there is not one word."""
    ngrams: set[tuple[str, ...]] = set()
    count = 0
    for words in texts:
        ngrams.update(_ngrams(words, n))
        count += len(words)
    return len(ngrams) / count if count else None


def _words(text: str) -> list[str]:
    """Return words and punctuation marks, as the papers count."""
    return _WORD.findall(text.translate(QUOTES))


def _ngrams(words: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return list(zip(*(words[first:] for first in range(n)), strict=False))


def cut_off(prose: str) -> bool:
    """Return whether a text stops inside a sentence; an empty one does not."""
    text = prose.translate(QUOTES).rstrip()
    closes = text.endswith('"') and text.rpartition("\n")[2].count('"') % 2 == 0
    return bool(text) and not closes and not _SENTENCE_END.search(text)


def speaks_for_player(turn: GeneratedTurn) -> bool:
    """Return whether a turn takes the player's part: an action of its own, a narrator "I", or `player_speech`."""
    return turn.starts_with_action or in_first_person(turn.prose) or any(player_speech(turn.action, turn.prose))


def uses_action(action: str, prose: str) -> bool:
    """Return whether a content word of the action stands in the answer, in any regular form."""
    return not content_words(action).isdisjoint(content_words(prose))


def content_words(text: str) -> set[str]:
    """Return the words that carry a meaning of their own, in their base form."""
    words = re.findall(r"\w+(?:'\w+)?", text.translate(QUOTES).lower())
    return {_base_form(word) for word in words if len(word) > 1 and word not in _SMALL_WORDS} - _SMALL_WORDS


def _base_form(word: str) -> str:
    word = word.removesuffix("'s")
    if word in _BASE_FORMS:
        return _BASE_FORMS[word]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word

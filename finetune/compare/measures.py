"""How a voice tells, measured on the turns it writes: repetition, variety, and whether it keeps to the player's part.

    manner = measure([Told("You open the door.", "The hinges scream. A cold draught comes out.")])
    manner.seq_rep_4, manner.second_person

Pure functions on text, of the standard library and the corpus's word lists; every share lies between 0 and 1. What
each measure is and where it comes from stands in `MEASURES`, which the command's help and its JSON print.

Limits: English. Words are compared by their regular forms only (opens, opening, opened; not went). Speech in single
quotes is known by its marks alone. A share over n turns moves in steps of 1/n: differences of a few turns are chance.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from corpus.actions import QUOTES, TELLS
from corpus.person import second_person
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
    gerund,
    word_set,
)


@dataclass(frozen=True, slots=True)
class Measure:
    """A row of the table."""

    key: str
    """Its name in the JSON."""
    label: str
    definition: str
    source: str


MEASURES = (
    Measure(
        "nats_per_token", "nats a token", "held-out loss; compares where the tokenizer is the same", "cross-entropy"
    ),
    Measure(
        "bits_per_byte", "bits a byte", "held-out loss over UTF-8 bytes; compares all bases", "nats / (ln 2 * bytes)"
    ),
    Measure(
        "seq_rep_4",
        "seq-rep-4",
        "1 - different / all runs of four words, the mean over turns; less is better",
        "Welleck et al. 2019, arXiv 1908.04319",
    ),
    Measure(
        "distinct_1",
        "distinct-1",
        "different words / words, over all turns together; falls as turns grow longer",
        "Li et al. 2016, arXiv 1510.03055",
    ),
    Measure("distinct_2", "distinct-2", "different pairs of words / words, likewise", "the same"),
    Measure("distinct_3", "distinct-3", "different runs of three words / words, likewise", "the same"),
    Measure(
        "cut_off",
        "cut off",
        "turns whose last sentence has no end (. ! ? … or a closing quote) within their tokens",
        "this program",
    ),
    Measure(
        "second_person", "second person", "turns that say you, and never I, outside quotation marks", "this program"
    ),
    Measure(
        "speaks_for_player",
        "speaks for the player",
        'turns that begin with an action, say I outside quotes, tell what "you say", or what "you decide"',
        "this program",
    ),
    Measure(
        "uses_action",
        "uses the action",
        "turns with a content word of the action in them, of those whose action has one",
        "this program",
    ),
    Measure("says_nothing", "says nothing", "turns without any prose", "this program"),
    Measure("words_per_turn", "words a turn", "mean", "this program"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """An action, as the sentence that stands in the tale, and what a voice wrote to answer it."""

    action: str
    written: str
    """Up to the next action, which the game does not show."""

    @property
    def prose(self) -> str:
        """What the game would show: nothing where the voice begins with an action of its own."""
        return "" if _took_turn(self.written) else clean_prose(self.written).strip()


@dataclass(frozen=True, slots=True)
class Manner:
    """The measures of some turns; None where nothing could be counted. `MEASURES` says what each is."""

    turns: int
    seq_rep_4: float | None
    distinct_1: float | None
    distinct_2: float | None
    distinct_3: float | None
    cut_off: float
    second_person: float
    speaks_for_player: float
    uses_action: float | None
    says_nothing: float
    words_per_turn: float


def measure(turns: Sequence[Told]) -> Manner:
    """The measures of `turns`, of which there is at least one."""
    proses = [told.prose for told in turns]
    counted = [_words(prose) for prose in proses]
    named = [told for told in turns if content_words(told.action)]
    return Manner(
        turns=len(turns),
        seq_rep_4=_mean(repetition(words, 4) for words in counted if len(words) >= 4),
        distinct_1=distinct(counted, 1),
        distinct_2=distinct(counted, 2),
        distinct_3=distinct(counted, 3),
        cut_off=_share(cut_off(prose) for prose in proses),
        second_person=_share(in_second_person(prose) for prose in proses),
        speaks_for_player=_share(speaks_for_player(told) for told in turns),
        uses_action=_mean(float(uses_action(told.action, told.prose)) for told in named),
        says_nothing=_share(not prose for prose in proses),
        words_per_turn=sum(sum(word[0].isalnum() for word in words) for words in counted) / len(turns),
    )


# ---- repetition and variety ----------------------------------------------------------------------------------


def repetition(words: Sequence[str], n: int) -> float:
    """seq-rep-n of one text: 1 - different n-grams / n-grams. `words` holds at least `n`."""
    grams = _grams(words, n)
    return 1 - len(set(grams)) / len(grams)


def distinct(texts: Iterable[Sequence[str]], n: int) -> float | None:
    """distinct-n: different n-grams / words, over all texts together; None where there is not one word."""
    grams: set[tuple[str, ...]] = set()
    count = 0
    for words in texts:
        grams.update(_grams(words, n))
        count += len(words)
    return len(grams) / count if count else None


_WORD = re.compile(r"\w+(?:['-]\w+)*|[^\w\s]")


def _words(text: str) -> list[str]:
    """Words and punctuation marks, as the papers count."""
    return _WORD.findall(text.translate(QUOTES))


def _grams(words: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return list(zip(*(words[first:] for first in range(n)), strict=False))


# ---- sentences and persons -----------------------------------------------------------------------------------

_ENDS = re.compile(r"[.!?…][\"')\]*_]*$")
_YOU = re.compile(r"\byou(?:r|rs|rself|rselves)?\b", re.IGNORECASE)
_LETTER = re.compile(r"\b[a-z]$")  # of a word that was cut: an "i" at the end is no pronoun
_SINGLE_QUOTES = re.compile(r"(?<!\w)'((?:[^'\n]|(?<=\w)'(?=\w))+)'(?!\w)")


def cut_off(prose: str) -> bool:
    """Whether a text stops inside a sentence; an empty one does not."""
    text = prose.translate(QUOTES).rstrip()
    closes = text.endswith('"') and text.rpartition("\n")[2].count('"') % 2 == 0
    return bool(text) and not closes and not _ENDS.search(text)


def in_second_person(prose: str) -> bool:
    """Whether the narration addresses the player, and no narrator speaks of himself."""
    lines = _narration(prose)
    return any(map(_YOU.search, lines)) and not _says_i(lines)


def _narration(prose: str) -> list[str]:
    """The pieces of a text outside quotation marks; a quote that is left open ends with its line."""
    lines = _LETTER.sub("", _marked(prose)).split("\n")
    return [piece for line in lines for piece in line.split('"')[::2]]


def _marked(prose: str) -> str:
    """The text with typed double quotes around all speech; single ones inside double ones stay."""
    lines = prose.translate(QUOTES).split("\n")
    return "\n".join(line if '"' in line else _SINGLE_QUOTES.sub(r'"\1"', line) for line in lines)


def _says_i(lines: Iterable[str]) -> bool:
    # What `second_person` would change is a first person, and no numeral or initial.
    return any(second_person(line) != line for line in lines)


# ---- the player's part ---------------------------------------------------------------------------------------


def _past(verb: str) -> str:
    """The regular past: open, opened; stop, stopped; cry, cried."""
    if verb.endswith("y") and verb[-2:-1] not in "aeou":
        return verb[:-1] + "ied"
    return verb + "d" if verb.endswith("e") else gerund(verb)[:-3] + "ed"


_BASE_FORMS = {_past(verb): verb for verb in GERUNDS.values()} | THIRDS | GERUNDS
_SPOKE = "|".join(sorted({"ask", "say", "said", "told", "thought"} | TELLS | {_past(verb) for verb in TELLS}))
_DECIDE = r"decided?|choose|chose|agreed?|accept(?:ed)?|refused?|promised?|resolved?|vow(?:ed)?|make up your mind"
_ADVERB = r"(?:\w+ly |then |finally |just |also )?"
_SAYS = re.compile(
    rf'\byou {_ADVERB}(?:{_SPOKE})\b[^".!?]{{0,60}}"([^"]*)|"([^"]*)" you {_ADVERB}(?:{_SPOKE})\b', re.IGNORECASE
)
_DECIDES = re.compile(rf"\byou {_ADVERB}(?:{_DECIDE})\b", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"\n]*(?:"|$)', re.MULTILINE)
_STOP = re.compile(r"""[.!?…]["')\]]*(?=\s|$)|\n""")
_CLOSED = re.compile(r'[.!?…]"\Z')
_SAID_ON = re.compile(r' *"[^"\n]*[.!?…]"(?! [a-z])')
_FORMULAS = word_set("be do go say said choose wait not then so yes no very too just and about his hers")
_SMALL = (
    (DETERMINERS | PRONOUNS | PARTICLES | WAYS | ASKING | HELPERS | SUBJECTS | OTHERS | IS | JOINS | NUMBERS) - {"left"}
) | _FORMULAS


def _took_turn(written: str) -> bool:
    return written.lstrip().startswith(">")


def speaks_for_player(told: Told) -> bool:
    """Whether a turn does the player's part: an action of its own, an I who tells, speech or a decision of "you".

    Speech that the action itself has is no sin. Deeds are none either: what follows from an action ("You open it
    and step in") can't be told from what was not asked for.
    """
    if _took_turn(told.written) or _says_i(_narration(told.prose)):
        return True
    return any(True for _ in played(told.action, told.prose))


def played(action: str, prose: str) -> Iterator[tuple[int, int]]:
    """Where in a turn's prose the sentences stand in which "you" say what the action has not, or decide."""
    marked = _marked(prose)  # as long as the prose
    asked = _bare(action)
    for match in _SAYS.finditer(marked):
        if _bare(match[1] or match[2] or "") not in asked:
            yield _sentence(marked, *match.span())
    for match in _DECIDES.finditer(_QUOTED.sub(lambda quote: '"' * len(quote[0]), marked)):
        yield _sentence(marked, *match.span())


def _sentence(text: str, start: int, stop: int) -> tuple[int, int]:
    """The sentence around a part of a line, and what is said on behind it: `"No," you say. "Never."`"""
    begin = max((end.end() for end in _STOP.finditer(text, 0, start)), default=0)
    if not _CLOSED.search(text, begin, stop):
        end = _STOP.search(text, stop)
        stop = end.end() if end else len(text)
        if more := _SAID_ON.match(text, stop):
            stop = more.end()
    return begin, stop


def _bare(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def uses_action(action: str, prose: str) -> bool:
    """Whether a content word of the action stands in the answer, in whatever regular form."""
    return not content_words(action).isdisjoint(content_words(prose))


def content_words(text: str) -> set[str]:
    """The words that carry a meaning of their own, in their base form."""
    words = re.findall(r"\w+(?:'\w+)?", text.translate(QUOTES).lower())
    return {_base(word) for word in words if len(word) > 1 and word not in _SMALL} - _SMALL


def _base(word: str) -> str:
    word = word.removesuffix("'s")
    if word in _BASE_FORMS:
        return _BASE_FORMS[word]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


# ---- means ---------------------------------------------------------------------------------------------------


def _mean(values: Iterable[float]) -> float | None:
    known = list(values)
    return sum(known) / len(known) if known else None


def _share(flags: Iterable[bool]) -> float:
    known = list(flags)
    return sum(known) / len(known)

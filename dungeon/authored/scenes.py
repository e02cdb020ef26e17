"""What a place says of the words typed there: its names, who goes by several of them, and each choice as terms.

    place = read_place(prose, choices, answers)
    read_line("shake gault awake", place.names, place)      # spelt as the place spells it

Limits: a name is a word with a capital inside a sentence, or at its start if it isn't an ordinary word. Two names, or a
name and a noun, are the same person only where they stand together: `Captain Ames`, `Koldo the shepherd`, `his wife
Anna`. A pronoun is never resolved.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from rapidfuzz import fuzz, process

from corpus.actions import QUOTES
from corpus.words import ASKING, HELPERS, word_set
from dungeon.authored.base_forms import base_form
from dungeon.authored.terms import Term, is_speaking, known_words, terms_of, tokens
from dungeon.tale.ordinary_words import is_ordinary

_OPENING = 170
"""Characters of an answer that are read: its first sentence often says what was done."""


@dataclass(frozen=True, slots=True)
class Line:
    """A typed line or a label, read."""

    terms: tuple[Term, ...]
    speaks: bool
    """Whether it is speech: quoted, a question, or a verb of speech with what is said."""
    quoted: bool
    """Whether it is speech as it stands."""
    asks: bool
    """Whether it is a question, or says what to ask."""
    question: bool
    """Whether it is a question as it stands."""
    begs: bool
    """Whether it says that something is asked, or asked for."""
    requests: bool
    """Whether its question is "can you" or the like, which asks for a deed."""
    asking: frozenset[str]
    """Its question words."""
    addressed: frozenset[str]
    """The names that are called, set off by commas."""
    pronouns: frozenset[str]
    agrees: int
    """1 if it begins with yes, -1 if with no."""
    company: int
    """1 if it is done with somebody, -1 if alone."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place, read."""

    names: frozenset[str]
    aliases: dict[str, frozenset[str]]
    """What else a name or a noun is called here."""
    labels: tuple[Line, ...]
    answers: tuple[frozenset[Term], ...]
    prose: frozenset[Term]
    words: dict[str, None]
    """As they are spelt here, in the order of the text."""


@lru_cache(maxsize=64)
def read_place(prose: str, choices: tuple[str, ...], answers: tuple[str, ...]) -> Place:
    """Return a place, read; it is kept, because players type several lines in one place."""
    openings = [answer if len(answer) <= _OPENING else answer[:_OPENING].rpartition(" ")[0] for answer in answers]
    texts = [text.translate(QUOTES) for text in (prose, *choices, *openings)]
    names = frozenset(name for text in texts for name in _names(text))
    words = [tokens(text) for text in texts]
    first_answer = 1 + len(choices)
    return Place(
        names,
        _aliases(texts, names),
        tuple(read_line(label, names) for label in choices),
        tuple(frozenset(terms_of(opening, names)) for opening in words[first_answer:]),
        frozenset(terms_of(words[0], names)),
        dict.fromkeys(word for text in words for word in text if word[0].isalnum()),
    )


# ---- names -----------------------------------------------------------------------------------------------------

_FORMAL = word_set("mr mrs ms dr st i")
_NAME = re.compile(r"(?<![\w'])[A-Z]\w+")
_INSIDE = re.compile(r"(?:(?<=[\w,;:] )|(?<=\w, \"))[A-Z]\w+")
_TOGETHER = re.compile(r"\b([A-Z]\w+)\.? ([A-Z]\w+)\b")
_APPOSED = re.compile(
    r"\b(?P<name>[A-Z]\w+),? (?:the|an?|your|my|his|her) (?:\w+ )?(?P<noun>[a-z]+)\b(?=[,.;:\" ])"
    r"|\b(?:[Tt]he|[Yy]our|[Mm]y|[Hh]is|[Hh]er|[Oo]ld) (?P<noun_before>[a-z]+),? (?P<name_after>[A-Z]\w+)\b"
)


def _names(text: str) -> set[str]:
    inside = {word.lower() for word in _INSIDE.findall(text)}
    return inside.union(word for word in map(str.lower, _NAME.findall(text)) if not is_ordinary(word)) - _FORMAL


def _aliases(texts: Sequence[str], names: frozenset[str]) -> dict[str, frozenset[str]]:
    pairs: set[tuple[str, str]] = set()
    for text in texts:
        for match in _TOGETHER.finditer(text):
            one, other = match[1].lower(), match[2].lower()
            if one in names and other in names:
                pairs.add((one, other))
        for match in _APPOSED.finditer(text):
            name = (match["name"] or match["name_after"]).lower()
            if name in names:
                pairs.add((name, base_form(match["noun"] or match["noun_before"])))
    found: dict[str, set[str]] = {}
    for one, other in pairs:
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return {word: frozenset(others) for word, others in found.items()}


# ---- lines -----------------------------------------------------------------------------------------------------

_REQUEST = re.compile(r"\b(?:can|could|would|will|may|might) (?:not )?(?:you|we|i)\b")
_ASKS = word_set("ask inquire enquire")
_BEGS = _ASKS | word_set("beg demand question")
_ASKED = ASKING | word_set("whether if about for")
_PRONOUNS = word_set("he him his she her they them it")
_YES = word_set("yes yeah yep aye")
_NO = word_set("no nope never")
_TITLES = word_set("""
    captain colonel major sergeant general lord lady sir madam madame mister mr mrs ms miss doctor dr professor master
    mistress father mother brother sister uncle aunt grandfather grandmother king queen prince princess mayor judge
    inspector baron count duke dona don frau herr monsieur officer commander marshal bishop
    """)


def read_line(text: str, names: frozenset[str], place: Place | None = None) -> Line:
    """Return a line, read; with a place, its words are first spelt as the place spells them."""
    words = tokens(text)
    if place:
        words = [_respelt(word, place) for word in words]
    plain = [word for word in words if word != '"']
    first = plain[0] if plain else ""
    question = "?" in words or first in ASKING or (first in HELPERS - {"do", "have"} and len(plain) > 2)
    addressed = _addressed(words, names)
    # Whoever is called matters less than what is said.
    terms = [
        replace(term, weight=term.weight / 2) if term.word in addressed else term for term in terms_of(words, names)
    ]
    quoted = words[:1] == ['"'] or question
    speaks = quoted or bool(terms and is_speaking(terms[0]))
    asks = question or (bool(terms) and terms[0].word in _ASKS and not _ASKED.isdisjoint(words))
    return Line(
        tuple(terms),
        speaks,
        quoted,
        asks,
        question,
        any(term.word in _BEGS for term in terms[:2]),
        _REQUEST.search(" ".join(plain)) is not None,
        ASKING.intersection(words),
        addressed,
        _PRONOUNS.intersection(words),
        (first in _YES) - (first in _NO),
        -1 if "alone" in words or "without" in words else int("with" in words or "together" in words),
    )


def _addressed(words: Sequence[str], names: frozenset[str]) -> frozenset[str]:
    """Return the names that stand between marks, alone or after a title."""
    found: set[str] = set()
    between: list[str] = []
    for word in (*words, "."):
        if word[0].isalnum():
            between.append(word)
            continue
        if len(between) < 3 and all(part in names or part in _TITLES for part in between):
            found.update(between)
        between.clear()
    return frozenset(found)


# ---- spelling --------------------------------------------------------------------------------------------------

_SHORTEST = 5
"""Letters of a word that may be mistyped; a shorter one has too many neighbours."""
_ALIKE_HERE = 82
_ALIKE_IF_ORDINARY = 90
_ALIKE_ANYWHERE = 86
"""How much of a mistyped word must be right, in percent."""


def _respelt(word: str, place: Place) -> str:
    """Return a long word that nobody knows as the place spells it, or else as English does."""
    if len(word) < _SHORTEST or word in place.words or not word.isalpha() or base_form(word) in known_words():
        return word
    ordinary = is_ordinary(word)  # "hamer" passes for a form of "ham"
    near = _nearest(word, place.words, _ALIKE_IF_ORDINARY if ordinary else _ALIKE_HERE)
    return near or ("" if ordinary else _nearest(word, _long_words(), _ALIKE_ANYWHERE)) or word


def _nearest(word: str, known: dict[str, None], alike: float) -> str:
    near = process.extractOne(word, known.keys(), scorer=fuzz.ratio, score_cutoff=alike)
    return near[0] if near and len(near[0]) >= _SHORTEST else ""


@cache
def _long_words() -> dict[str, None]:
    return dict.fromkeys(word for word in known_words() if len(word) >= _SHORTEST)

"""Read a line as its terms: the words that carry its meaning, in their base form, with the classes they belong to.

    terms_of(tokens("I'm picking the coins up!"), names)      # pick_up, coin

Small words are left out. A verb and its particle are one term, also with the object between them, and so is each phrase
of the classes (`dungeon.authored.deeds`, `.synonyms`); the longest counts.

Limits: English. A "not" is taken for the next two terms, up to a mark.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from corpus.actions import QUOTES
from corpus.words import PARTICLES, VERBS, word_set
from dungeon.authored import deeds, synonyms
from dungeon.authored.base_forms import base_form


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase of a line."""

    word: str
    """Its base form; the words of a phrase are joined by underscores."""
    weight: float
    """How much it says: 1 for most words."""
    classes: frozenset[int]
    opposites: frozenset[int]
    """The classes that mean the opposite."""
    parts: frozenset[str]
    """The words of a phrase that say something by themselves."""
    classes_of_parts: frozenset[int]
    is_deed: bool = False
    is_name: bool = False
    negated: bool = False
    way: int = 0
    """1 after "to" and the like, -1 after "from"."""


# ---- classes ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Classes:
    of_word: dict[str, frozenset[int]]
    opposites: dict[int, frozenset[int]]
    phrases: dict[str, tuple[tuple[str, ...], ...]]
    """By their first word, the longest first."""
    deeds: frozenset[int]
    moving: frozenset[int]
    manners: frozenset[int]


@cache
def _classes() -> _Classes:
    """Return the classes; they are read with the first line, not at every start of the game."""
    of_word: dict[str, set[int]] = {}
    named: dict[str, set[int]] = {}
    ends: list[int] = []
    count = 0
    for text in (*deeds.ALL, synonyms.THINGS, synonyms.MANNERS):
        for line in text.split(";"):
            words = [_base_phrase(word) for word in line.split()]
            for word in words:
                of_word.setdefault(word, set()).add(count)
            if words:
                named.setdefault(words[0], set()).add(count)
                count += 1
        ends.append(count)
    opposites: dict[int, set[int]] = {}
    for line in synonyms.OPPOSITES.split(";"):
        pair = [_base_phrase(word) for word in line.split()]
        for word in pair:
            if word not in named:
                named[word] = {count}
                of_word.setdefault(word, set()).add(count)
                count += 1
        for one, other in zip(pair, pair[::-1], strict=True):
            for number in named[one]:
                opposites.setdefault(number, set()).update(named[other])
    phrases: dict[str, list[tuple[str, ...]]] = {}
    for word in of_word:
        if "_" in word:
            phrase = tuple(word.split("_"))
            phrases.setdefault(phrase[0], []).append(phrase)
    return _Classes(
        {word: frozenset(numbers) for word, numbers in of_word.items()},
        {number: frozenset(others) for number, others in opposites.items()},
        {word: tuple(sorted(found, key=lambda phrase: (-len(phrase), phrase))) for word, found in phrases.items()},
        frozenset(range(ends[len(deeds.ALL) - 1])),
        frozenset(range(ends[0])),
        frozenset(range(ends[-2], count)),
    )


def _base_phrase(word: str) -> str:
    return "_".join(map(base_form, word.split("_")))


@cache
def known_words() -> frozenset[str]:
    """Return the words of the classes, in their base form, without the phrases."""
    return frozenset(word for word in _classes().of_word if "_" not in word)


# ---- words -----------------------------------------------------------------------------------------------------

_SHORT_FORMS = (
    (re.compile(r"\b(?:won't|wont)\b"), "will not"),
    (re.compile(r"\b(?:can't|cant|cannot)\b"), "can not"),
    (re.compile(r"\bshan't\b"), "shall not"),
    (re.compile(r"\b(?:gonna|wanna)\b"), "want to"),
    (re.compile(r"\bgotta\b"), "have to"),
    (re.compile(r"\bgimme\b"), "give me"),
    (re.compile(r"\b(?:pls|plz)\b"), "please"),
    (re.compile(r"\bthx\b"), "thanks"),
    (re.compile(r"\bu\b"), "you"),
    (re.compile(r"\bur\b"), "your"),
    (re.compile(r"\b(do|does|did|is|are|was|were|has|have|had|would|should|could|must|need|ai)n'?t\b"), r"\1 not"),
    (re.compile(r"\b(?:i'm|im)\b"), "i am"),
    (re.compile(r"\b(?:lets|let's)\b"), "let us"),
    (re.compile(r"\bi'll\b|\bill (?=[a-z])"), "i will "),
    (re.compile(r"\b(?:have|has|need|got|ought|be going|want|wants) to\b"), "must"),
    (re.compile(r"'(?:ll|ve|re|d|m)\b"), " "),
    (re.compile(r"\b(who|what|where|when|how|why|it|that|there|he|she|here)'s\b"), r"\1 is"),
    (re.compile(r"'s\b|(?<=s)'(?!\w)"), ""),
    (re.compile(r"\b(?:what|which) (?:is )?(?:the )?reason\b|\bhow come\b|\bwhat for\b"), "why"),
    (re.compile(r"\b(?:in )?(?:what|which) (?:place|spot)\b"), "where"),
    (re.compile(r"\b(?:what|which) (?:person|man|woman)\b"), "who"),
    (re.compile(r"\bwhat time\b"), "when"),
)
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[.,;:?!\"]")
_STOPS = word_set("""
    a an the this that these those some any each every such i you we they he she it him them his her its their my mine
    yours ours myself yourself himself herself itself themselves yourselves who whom whose what where when why which
    how be do will would can could shall should may might must of to for from with at by as on into onto in and or but
    so then than if because while though although that there please just only very really quite too also well oh ah
    okay ok hey now yes one let get about toward towards upon until till over own same us no not never without nor
    neither none whether ever even still already soon want going better dear thing something anything everything kind
    bit sort way hm um er decide like else maybe perhaps your
    mr mrs ms dr st
    """)
_LIGHT = word_set("""
    go come take put make give get set walk run move turn look keep bring tell say ask see old little small big good new
    other another again first next back left_over anyway quickly slowly quick know think need once more try have hold
    start begin show hear feel find mean use help like lot all whole both last time place happen instead
    """)
"""Words that nearly every line could have."""
_FAINT = word_set("up down out off away around through along past across over in back here there under behind inside")
_NEGATIVE = word_set("not never without nor neither no none")
_ENDING = word_set("stop quit cease avoid")
_REFUSING = word_set("refuse decline forget")
"""Verbs after which the next verb isn't done: the -ing form, or the one with "to"."""
_CLAUSES = word_set("so till until when while because since before whenever")
"""They open a clause that says when or why, and matters less than the deed."""
_IN_CLAUSE = 0.5
_WAYS = {"to": 1, "into": 1, "toward": 1, "towards": 1, "from": -1}
_SAYING = word_set("""
    ask tell say explain inform repeat claim admit confess shout yell call cry beg promise let_know reply answer insist
    announce whisper demand order request suggest propose mention inquire enquire declare warn remark speak talk
    murmur mutter plead implore question call_out cry_out shout_out swear state point_out scream command
    """)
_NAME_WEIGHT = 1.2


def tokens(text: str) -> list[str]:
    """Return the words and marks of a line, in lower case, short forms written out."""
    text = " ".join(text.translate(QUOTES).lower().split())
    for pattern, instead in _SHORT_FORMS:
        text = pattern.sub(instead, text)
    return _WORD.findall(text)


def terms_of(words: Sequence[str], names: frozenset[str]) -> list[Term]:
    """Return the terms of the words and marks of a line; `names` are those of the place, in lower case."""
    bases = [word if word in names else base_form(word) for word in words]
    found: list[Term] = []
    taken: set[int] = set()
    n = denied = way = 0
    share = 1.0
    while n < len(bases):
        word = bases[n]
        length = 1
        if not word[0].isalnum():
            denied, share = 0, 1.0
        elif n in taken:
            pass
        elif phrase := _phrase_at(bases, n):
            found.append(_term("_".join(phrase), share, way, negated=denied > 0))
            denied -= 1
            way = _WAYS.get(phrase[-1], 0)
            length = len(phrase)
        elif word in _NEGATIVE:
            denied = 2
        elif bases[n : n + 2] in (["instead", "of"], ["rather", "than"]):
            denied, length = 2, 2
        else:
            way = _WAYS.get(word, way)
            denied = 1 if word == "to" and "too" in bases[max(0, n - 3) : n] else denied  # too dark to see
            share = _IN_CLAUSE if word in _CLAUSES and found else share
            is_name = words[n] in names
            following = words[n + 1] if n + 1 < len(words) else ""
            ends = (word in _ENDING and following.endswith("ing")) or (word in _REFUSING and following == "to")
            if particle := _particle_after(bases, n):
                taken.add(particle)
                word = f"{word}_{bases[particle]}"
            if is_name or word not in _STOPS:
                found.append(_term(word, share, way, negated=denied > 0, is_name=is_name))
                denied = 1 if ends else denied - 1
                way = 0
        n += length
    return found


def _phrase_at(bases: Sequence[str], n: int) -> tuple[str, ...]:
    for phrase in _classes().phrases.get(bases[n], ()):
        if tuple(bases[n : n + len(phrase)]) == phrase:
            return phrase
    return ()


def _particle_after(bases: Sequence[str], n: int) -> int:
    """Return where the particle of a phrase stands, if its object stands between: `pick the coins up`; else 0."""
    for phrase in _classes().phrases.get(bases[n], ()):
        if len(phrase) == 2 and phrase[1] in PARTICLES:
            for place in range(n + 2, min(n + 5, len(bases))):
                if bases[place] == phrase[1] and (place + 1 == len(bases) or not bases[place + 1][0].isalnum()):
                    return place
                if not bases[place][0].isalnum() or bases[place] in PARTICLES or bases[place] == "and":
                    break
    return 0


@lru_cache(maxsize=20_000)
def _term(word: str, share: float, way: int, *, negated: bool, is_name: bool = False) -> Term:
    of_word = _classes().of_word
    classes = of_word.get(word, frozenset())
    denied = word.removeprefix("not_")
    parts = frozenset(part for part in word.split("_") if part not in _STOPS and part not in _FAINT)
    meant = [part for part in parts if "_" in word and _weight(part) == 1]
    opposites = {other for number in classes for other in _classes().opposites.get(number, ())}
    if denied != word:  # "don't touch" is the opposite of "touch", and has no part of it
        opposites |= of_word.get(denied, frozenset()) - classes
        parts, meant = frozenset(), []
    return Term(
        word,
        share * (_NAME_WEIGHT if is_name else _weight(word)),
        classes,
        frozenset(opposites),
        parts,
        frozenset(number for part in meant for number in of_word.get(part, ())),
        is_deed=not _classes().deeds.isdisjoint(classes) or word in VERBS,
        is_name=is_name,
        negated=negated,
        way=way,
    )


def _weight(word: str) -> float:
    """Return how much a word says. What place it is in or how one goes there says less than the place."""
    if word in _FAINT:
        return 0.3
    if word in _LIGHT:
        return 0.5
    classes = _classes().of_word.get(word)
    return 0.6 if classes and (classes <= _classes().manners or classes <= _classes().moving) else 1.0


def is_speaking(term: Term) -> bool:
    """Return whether the term says that something is said: ask, tell, shout."""
    return term.word in _SAYING


def is_moving(term: Term) -> bool:
    """Return whether the term is a verb of motion: go, climb, follow."""
    return not _classes().moving.isdisjoint(term.classes)

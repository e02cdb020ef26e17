"""How a typed line fits each label of a place: what both say, what only one says, and what contradicts.

    fits = line_fits(read_line(typed, place.names, place), place)

Limits: those of the terms; and what a label leaves to a pronoun may be any one thing of the prose.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from corpus.words import NUMBERS, word_set
from dungeon.authored.scenes import Line, Place
from dungeon.authored.terms import Term, is_moving, is_speaking


@dataclass(frozen=True, slots=True)
class Fit:
    """How a line fits one label."""

    said: float
    """The share of the label that the line says."""
    meant: float
    """The share of the line that the label says, or the first sentence of its answer."""
    lead: float
    """How much better the line fits this label than the best of its sisters."""
    added: float
    """What the line says besides, as far as it has the label's own words."""
    unsaid: float
    """What of the label the line leaves out, as far as it has the label's own words."""
    deeds: float
    """What else the line does."""
    same_kind: bool
    """Whether both are speech, or both are deeds."""
    asks_alike: int
    """0 if both ask or neither does; less if not, or if one asks who and the other why."""
    opposite: bool
    """Whether the line says the opposite of something: left for right, three for two, from for to."""
    negation: bool
    """Whether one of them denies what the other says."""
    denies: bool
    """Whether the line denies something of which the label doesn't speak."""
    other_name: bool
    """Whether the line names somebody else."""
    missing_name: bool
    """Whether the line leaves out whom the label names."""
    asks_otherwise: bool
    """Whether one is a question, and the other is no other form of it."""
    short: bool
    """Whether the line is hardly more than one word, and not all of the label."""
    grounded: bool
    """Whether they have more in common than that one goes somewhere."""
    other_deed: bool
    """Whether the line begins with another deed than the label's."""
    trails: bool
    """Whether what the line leaves out comes last in the label."""
    strays: float
    """What else of the prose the line is about."""


def line_fits(typed: Line, place: Place) -> list[Fit]:
    """Return how a line fits each label of a place."""
    fits = [_fit(typed, n, place) for n in range(len(place.labels))]
    totals = [fit.lead for fit in fits]
    return [replace(fit, lead=fit.lead - max([0.0, *totals[:n], *totals[n + 1 :]])) for n, fit in enumerate(fits)]


# ---- terms alike -----------------------------------------------------------------------------------------------

_ALIKE = 0.7
"""From here two terms may mean the same."""
_SHARED_MATE = 0.6
"""What a likeness is worth to a word that another word of the line has already."""
_KIN = 0.6
"""How much alike two ways of going somewhere are: less than two words for the same, more than nothing."""


def likeness(one: Term, other: Term, place: Place) -> float:
    """Return how nearly two terms mean the same in a place, from 0 to 1."""
    if one.word == other.word:
        return 1.0
    if one.classes & other.classes:
        return 0.9
    if _are_opposite(one, other):
        return 0.8 if one.negated != other.negated else 0.0  # not slowly: quickly
    if other.word in place.aliases.get(one.word, ()) or _is_derived(one.word, other.word):
        return 0.8
    if one.parts & other.parts or one.classes_of_parts & other.classes or one.classes & other.classes_of_parts:
        return _ALIKE
    return _KIN if is_moving(one) and is_moving(other) else 0.0


def _are_opposite(one: Term, other: Term) -> bool:
    return bool(one.opposites & other.classes or other.opposites & one.classes)


_ENDINGS = word_set("er r ing ment ion y ery ry ness ful ly less ist or ian ship keeper man en")


def _is_derived(one: str, other: str) -> bool:
    """Return whether two words have the same root, as far as letters show: judge, judgment; chess, chessboard."""
    short, long = sorted((one, other), key=len)
    if len(short) < 4 or "_" in one or "_" in other:
        return False
    if len(short) > 4 and short[:5] == long[:5]:
        return True
    stem = short.rstrip("ey") if len(short) > 4 else short
    rest = long.removeprefix(stem)
    return rest != long and (rest in _ENDINGS or (rest[:1] == stem[-1] and rest[1:] in _ENDINGS))


def _likest(term: Term, others: Iterable[Term], place: Place) -> float:
    return max((likeness(term, other, place) for other in others), default=0.0)


def _likenesses(terms: Sequence[Term], others: Sequence[Term], place: Place) -> list[float]:
    """Return how nearly each term is among the others; the mate of one word counts for less to another."""
    words = {term.word for term in terms}
    free = [other for other in others if other.word not in words]
    return [
        1.0
        if any(term.word == other.word for other in others)
        else max(_likest(term, free, place), _SHARED_MATE * _likest(term, others, place))
        for term in terms
    ]


def _is_in(term: Term, answer: Iterable[Term]) -> bool:
    """Return whether an answer restates a term: a thing in the same word, a deed in any word."""
    return any(term.word == other.word or (term.is_deed and term.classes & other.classes) for other in answer)


# ---- a label ---------------------------------------------------------------------------------------------------

_LITTLE = 0.6
_FAINT = 0.55
"""Terms of a line, or of a label, that weigh no more are no matter if they are left over."""
_DIFFERENT = 0.6
"""Terms less alike than this are left over."""
_FRAME = 0.3
"""What a verb of speech weighs beside what is said."""
_RESTATED = 0.7
"""What a term is worth that only the answer has."""
_MOST = 2.0
"""What is left over counts up to this."""
_ONE_WORD = 1.3
"""What hardly more than one word weighs."""


def _fit(typed: Line, n: int, place: Place) -> Fit:
    """Return how a line fits a label; the lead is how well it fits, before the sisters are compared."""
    label, answer = place.labels[n], place.answers[n]
    says = label.quoted or (label.speaks and bool(label.terms))
    frames = [says and place_of < 3 and is_speaking(term) for place_of, term in enumerate(typed.terms)]
    weights = [term.weight * (_FRAME if frame else 1) for term, frame in zip(typed.terms, frames, strict=True)]
    label_weights = [
        term.weight * (_FRAME if label.quoted and is_speaking(term) and term.weight < 1 else 1) for term in label.terms
    ]
    in_line = _likenesses(label.terms, typed.terms, place)
    in_label = _likenesses(typed.terms, label.terms, place)
    _resolve_pronoun(in_label, typed, n, place)
    in_both = [
        max(like, _RESTATED if term.weight > 0.5 and _is_in(term, answer) else 0.0)
        for term, like in zip(typed.terms, in_label, strict=True)
    ]
    own_words = {term.word for term in label.terms}
    shared = _share(weights, [float(term.word in own_words) for term in typed.terms])
    said = _share(label_weights, in_line)
    meant = _share(weights, in_both)
    left = [
        (term, (1 - like) * term.weight)
        for term, like, frame in zip(typed.terms, in_both, frames, strict=True)
        if like < _DIFFERENT and not frame and term.weight > _LITTLE
    ]
    deeds = sum(amount for term, amount in left if _is_another_deed(term))
    unsaid = [
        weight * (1 - like) if weight > _FAINT and like < _DIFFERENT and not (term.is_name and typed.pronouns) else 0.0
        for term, weight, like in zip(label.terms, label_weights, in_line, strict=True)
    ]
    return Fit(
        said=said,
        meant=meant,
        lead=said + meant + _share(weights, in_label),
        added=min(_MOST, sum(amount for _, amount in left)) * shared,
        unsaid=sum(unsaid) * shared,
        deeds=deeds,
        same_kind=typed.speaks == label.speaks,
        asks_alike=-(typed.asks != label.asks) - _asks_something_else(typed, label),
        opposite=_is_opposite(typed, label, in_label, in_line, place),
        negation=_is_negation(typed, label, in_label, place),
        denies=any(term.negated and like < _ALIKE for term, like in zip(typed.terms, in_label, strict=True)),
        other_name=_names_another(typed, label, in_label),
        missing_name=not typed.pronouns
        and any(
            term.is_name and like < _ALIKE and term.word not in label.addressed
            for term, like in zip(label.terms, in_line, strict=True)
        ),
        asks_otherwise=label.quoted and _asks_otherwise(typed, label),
        short=sum(term.weight for term in typed.terms) < _ONE_WORD and not (said > 0.75 and meant > 0.8),
        grounded=any(like >= _ALIKE and term.weight >= 0.5 for term, like in zip(typed.terms, in_label, strict=True)),
        other_deed=not label.quoted and _does_otherwise(typed, label, in_label, in_line),
        trails=_trails(unsaid, in_line),
        strays=sum(amount for term, amount in left if any(term.word == other.word for other in place.prose)),
    )


def _trails(unsaid: list[float], in_line: list[float]) -> bool:
    """Return whether nothing is left out before the last term that the line says."""
    last_said = max((number for number, like in enumerate(in_line) if like >= _DIFFERENT), default=0)
    return not any(unsaid[:last_said])


def _share(weights: list[float], values: list[float]) -> float:
    """Return the weighted mean; 0 if nothing weighs."""
    return sum(weight * value for weight, value in zip(weights, values, strict=True)) / (sum(weights) or 1.0)


def _is_another_deed(term: Term) -> bool:
    return term.is_deed and bool(term.classes) and term.weight == 1


def _resolve_pronoun(in_label: list[float], typed: Line, n: int, place: Place) -> None:
    """Take one thing of the prose for what a pronoun of the label stands for, if the line has no such pronoun."""
    label = place.labels[n]
    if label.quoted or not label.pronouns - typed.pronouns:
        return
    sisters = [term for other, label in enumerate(place.labels) if other != n for term in label.terms]
    for number, term in enumerate(typed.terms):
        if (
            in_label[number] < 0.5
            and not term.is_deed
            and _likest(term, place.prose, place) >= 0.9
            and _likest(term, sisters, place) < _ALIKE
        ):
            in_label[number] = _DIFFERENT
            return


# ---- what contradicts ------------------------------------------------------------------------------------------

_COUNTS = (NUMBERS - word_set("few many more most several half number")) | word_set(
    "eleven twelve twenty thirty forty fifty sixty seventy eighty ninety hundred thousand once"
)


def _is_opposite(typed: Line, label: Line, in_label: list[float], in_line: list[float], place: Place) -> bool:
    if typed.agrees * label.agrees < 0 or typed.company * label.company < 0:
        return True
    counts = [{term.word for term in line.terms if term.word in _COUNTS} for line in (typed, label)]
    if all(counts) and counts[0].isdisjoint(counts[1]):
        return True
    for term, like in zip(typed.terms, in_label, strict=True):
        for other, other_like in zip(label.terms, in_line, strict=True):
            if term.way * other.way < 0 and likeness(term, other, place) > _ALIKE:
                return True
            left_over = like < 0.5 and other_like < _ALIKE
            if left_over and _are_opposite(term, other) and term.negated == other.negated:
                return True
    return False


def _does_otherwise(typed: Line, label: Line, in_label: list[float], in_line: list[float]) -> bool:
    if not label.terms or not label.terms[0].is_deed or in_line[0] >= _DIFFERENT:
        return False
    first = next((number for number, term in enumerate(typed.terms) if term.is_deed), None)
    return first is not None and _is_another_deed(typed.terms[first]) and in_label[first] < _DIFFERENT


def _is_negation(typed: Line, label: Line, in_label: list[float], place: Place) -> bool:
    for term, like in zip(typed.terms, in_label, strict=True):
        if like < 0.5:
            continue
        mates = [other for other in label.terms if likeness(term, other, place) >= _ALIKE]
        if any(_are_opposite(term, other) and not term.classes & other.classes for other in mates):
            continue
        if mates and all(other.negated != term.negated for other in mates):
            return True
    return False


def _names_another(typed: Line, label: Line, in_label: list[float]) -> bool:
    """Return whether a line names somebody whom the label doesn't, unless it only says to whom it speaks."""
    for number, (term, like) in enumerate(zip(typed.terms, in_label, strict=True)):
        if term.is_name and like < _DIFFERENT:
            called = term.word in typed.addressed or (number > 0 and is_speaking(typed.terms[number - 1]))
            if not (called and label.quoted and not label.addressed):
                return True
    return False


def _asks_something_else(typed: Line, label: Line) -> bool:
    """Return whether both ask, but with other question words: who, why."""
    return bool(typed.asking) and bool(label.asking) and label.question and typed.asking.isdisjoint(label.asking)


_TO_BE_TOLD = word_set("tell show teach explain ask")


def _asks_otherwise(typed: Line, label: Line) -> bool:
    if _asks_something_else(typed, label):
        return True
    if label.question and not label.requests:
        return not (typed.question or typed.begs)
    tells = bool(label.terms) and label.terms[0].word in _TO_BE_TOLD
    return typed.question and not typed.requests and not label.question and not tells

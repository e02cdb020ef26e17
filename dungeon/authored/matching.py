"""Which of the author's choices a typed line means, if it means one.

    scene = Scene(prose, ("Shake Mr. Gault awake", "Leave him"), answers)
    match_line("wake gault", scene)      # Match(choice=0, sure=True)
    match_line("gault", scene)           # Match(choice=0, sure=False): did you mean this?
    match_line("wake Nyberg", scene)     # None

A line and a label are compared by their terms (`dungeon.authored.terms`): the same word, a word of the same class, a
name and what else that person is called. What a line has beyond the label may stand in the passage that answers, whose
first sentence often says what was done. A small logistic model weighs how well they fit and offers the best choice;
whether the author answers unasked is decided by rules that anybody can read (`_is_sure`). A line that has the label's
own words and something else besides is seldom a paraphrase: it is what the player would rather do.

Limits: English, and the words of `.deeds` and `.synonyms`. What must be inferred is missed ("I do as she says" for
"Read it loud"). A line that adds to a label in the label's spirit is offered at most, and a substitution within a class
(bread for cheese) is not noticed.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corpus.actions import QUOTES
from dungeon.authored.fitting import Fit, line_fits
from dungeon.authored.scenes import read_line, read_place


@dataclass(frozen=True, slots=True)
class Scene:
    """What matching needs to know of a place."""

    prose: str
    choices: tuple[str, ...]
    answers: tuple[str, ...]
    """The texts of the passages that the choices lead to."""


@dataclass(frozen=True, slots=True)
class Match:
    """The choice that a line means."""

    choice: int
    sure: bool
    """Whether the author answers; else the game asks whether it was meant."""


_LONGEST = 300
"""Characters of a line that can be a choice in other words; a longer one tells a story of its own."""
_OFFERED = 0.25
_SURE = 0.6
"""The least chance that an offered choice, or one that is answered unasked, is meant. A wrong offer costs the player a
key, a choice that is missed an improvised turn that may contradict it."""
_SAID = 0.2
"""The least share of the label that a line says which is offered."""
_AHEAD = 0.15
"""How much less likely the next choice must be that leads elsewhere."""


def match_line(typed: str, scene: Scene, weights: Mapping[str, float] | None = None) -> Match | None:
    """Return the choice that a line means; None if it means none of them. Other weights are for cross-validation."""
    exact = _exact(typed, scene.choices)
    if exact:
        return Match(exact[0], sure=len(exact) == 1)
    if not scene.choices or len(typed) > _LONGEST:
        return None
    place = read_place(scene.prose, scene.choices, scene.answers)
    fits = line_fits(read_line(typed, place.names, place), place)
    chances = [chance(fit, weights or WEIGHTS) for fit in fits]
    best = max(range(len(fits)), key=chances.__getitem__)
    fit = fits[best]
    if chances[best] < _OFFERED or fit.said < _SAID:
        return None
    rivals = [other for n, other in enumerate(chances) if scene.answers[n] != scene.answers[best]]
    ahead = all(chances[best] - other >= _AHEAD for other in rivals)
    return Match(best, sure=ahead and chances[best] >= _SURE and _is_sure(fit))


# ---- the label itself ------------------------------------------------------------------------------------------

_SPEECH_FIRST = re.compile(r'"([^"]+)"')


def _exact(typed: str, choices: Sequence[str]) -> list[int]:
    """Return which labels the line is, whatever its case, marks and subject."""
    key = _key(typed)
    if not key:
        return []
    found = [n for n, label in enumerate(choices) if key == _key(label)]
    if found:
        return found
    starts = [_SPEECH_FIRST.match(label.translate(QUOTES)) for label in choices]
    return [n for n, start in enumerate(starts) if start and key == _key(start[1])]


def _key(text: str) -> str:
    words = re.findall(r"[^\W_]+", text.translate(QUOTES).replace("'", "").lower())
    return " ".join(words[1:] if words[:1] in (["i"], ["you"]) else words)


# ---- how sure -------------------------------------------------------------------------------------------------


_ENOUGH = 0.65
"""The least that must be said of the label and meant by the line, together; 2 would be all of both."""
_ENOUGH_OF_SPEECH = 0.6
"""The least that must be said of speech by a line that says what to do, and of a deed by speech."""
_MOST_ADDED = 0.35
_MOST_UNSAID = 0.8
_MOST_DEEDS = 1.2
_ALL_MEANT = 0.9
"""A line that says nothing else may leave out how, and with what."""
_HALF = 0.5
_A_THING = 0.9


def _is_sure(fit: Fit) -> bool:
    """Return whether nothing in the line speaks against the choice, so that the author may answer unasked."""
    if fit.opposite or fit.negation or fit.denies or fit.other_name or fit.other_deed or fit.asks_otherwise:
        return False
    if fit.short or not fit.grounded or fit.said + fit.meant < _ENOUGH:
        return False
    if not fit.same_kind and fit.said < _ENOUGH_OF_SPEECH:
        return False
    if fit.strays >= _A_THING and min(fit.meant, fit.said) < _HALF:
        return False
    leaves_out = fit.unsaid > _MOST_UNSAID and not (fit.meant >= _ALL_MEANT and fit.trails)
    return not leaves_out and fit.added <= _MOST_ADDED and fit.deeds <= _MOST_DEEDS


def chance(fit: Fit, weights: Mapping[str, float]) -> float:
    """Return how likely the label is meant, by a logistic model."""
    logit = sum(weights[name] * value for name, value in features(fit).items())
    return 1 / (1 + math.exp(-logit))


WEIGHTS = {  # fitted by `python -m tests.benchmarks.matching --fit`
    "bias": -1.95,
    "said": 2.0,
    "lead": 1.25,
    "added": -1.45,
    "same_kind": 0.3,
    "asks_alike": 0.65,
    "opposite": -1.55,
    "negation": -1.9,
    "name": -0.6,
    "short": -0.8,
}


def features(fit: Fit) -> dict[str, float]:
    """Return what the model weighs."""
    return {
        "bias": 1.0,
        "said": fit.said,
        "lead": fit.lead,
        "added": fit.added,
        "same_kind": 1.0 if fit.same_kind else -1.0,
        "asks_alike": fit.asks_alike,
        "opposite": fit.opposite,
        "negation": fit.negation,
        "name": fit.other_name or fit.missing_name,
        "short": fit.short,
    }

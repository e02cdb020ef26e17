"""What the figures of a study show, in sentences.

    headline, *others = findings(study)

A sentence says no more than the figures do: where random weights win, or where the budget ended before a run had
finished learning, it says that.
"""

from collections.abc import Sequence
from operator import attrgetter

from finetune.report.study import Run, Study
from finetune.report.units import dollars, duration, percent, stories

_TUNED = ("last-layers", "lora", "full")
_WHOLE_PASS = 0.95
"""Passes from which on a run has seen its text; the last batch of a pass may be left out."""


def findings(study: Study) -> list[str]:
    """Return what the figures show; the first sentence is the headline."""
    base = study.base_run
    tuned = [run for method in _TUNED for run in study.of(method)]
    scratch = min(study.of("scratch"), key=attrgetter("bits_per_byte"), default=None)
    sentences = []
    if scratch and (tuned or base):
        sentences.append(_transfer(base, tuned, scratch))
        if scratch.unfinished:
            sentences.append(
                f"The model from random weights was still learning when its {scratch.budget:,} steps were over: with "
                "more time it would get lower. The comparison holds for this budget of steps."
            )
    if tuned:
        best = min(tuned, key=attrgetter("bits_per_byte"))
        sentences += [_best_tuned(best, base), *_gain_by_share(base, study.of(best.method))]
    return [*sentences, *_budget(study)]


def _transfer(base: Run | None, tuned: Sequence[Run], scratch: Run) -> str:
    """Return what the base's own training was worth against random weights."""
    bound = min(scratch.bits_per_byte, base.bits_per_byte if base else float("inf"))
    better = [run for run in tuned if run.bits_per_byte < bound]
    random_weights = (
        f"the same model from random weights, on {_text_learned(scratch)}, reaches {scratch.bits_per_byte:.3f} "
        f"after {duration(scratch.seconds)}"
    )
    if better:
        least = min(better, key=lambda run: (run.share, run.bits_per_byte))
        untuned = f" (untuned: {base.bits_per_byte:.3f})" if base else ""
        return (
            f"{least.label} on {_text_learned(least)} reaches {least.bits_per_byte:.3f} bits per byte in "
            f"{duration(least.seconds)}{untuned}; {random_weights}."
        )
    if base and base.bits_per_byte < scratch.bits_per_byte:
        return (
            f"Untuned, the base is at {base.bits_per_byte:.3f} bits per byte, and no tuning improved on it; "
            f"{random_weights}. What the base knew was worth more than this text; tuning added nothing."
        )
    best = min([*tuned, *([base] if base else [])], key=attrgetter("bits_per_byte"))
    return (
        f"Transfer bought nothing here: {random_weights}, and the best with the base's weights, {best.label}, "
        f"{best.bits_per_byte:.3f} bits per byte."
    )


def _best_tuned(best: Run, base: Run | None) -> str:
    compared = "the lowest of the tuned runs"
    if base:
        change = 1 - best.bits_per_byte / base.bits_per_byte
        compared = f"{abs(change):.1%} {'below' if change > 0 else 'above'} the untuned base's {base.bits_per_byte:.3f}"
    return (
        f"Best of the tuned: {best.label} on {_share(best)}, {best.bits_per_byte:.3f} bits per byte after "
        f"{duration(best.seconds)}, {compared}."
    )


def _gain_by_share(base: Run | None, runs: Sequence[Run]) -> list[str]:
    """Return how much of the gain of all the text the smaller shares of it bring."""
    whole = runs[-1]
    if base is None or len(runs) < 2 or (gain := base.bits_per_byte - whole.bits_per_byte) <= 0:
        return []
    parts = [f"{(base.bits_per_byte - run.bits_per_byte) / gain:.0%} with {percent(run.share)}" for run in runs[:-1]]
    return [f"Of what {whole.label} gains with {_share(whole)}, it has {', '.join(parts)} of it."]


def _budget(study: Study) -> list[str]:
    """Return whether the budget of steps covers the text, and what the trainings cost."""
    trained = [run for run in study.runs if run.steps]
    if not trained:
        return []
    sentences = []
    seen = max((run.share * run.passes for run in study.largest_trained), default=100.0)
    if seen < 100 * _WHOLE_PASS:
        sentences.append(
            f"The budget is small: its steps go over {percent(seen)} of the whole text. Beyond that share a run learns "
            "from other stories, not from more of them."
        )
    seconds = sum(run.seconds for run in trained)
    sentences.append(
        f"The {len(trained)} trainings of this page took {duration(seconds)}: {dollars(study.cost(seconds))} at "
        f"{dollars(study.price)} an hour."
    )
    return sentences


def _text_learned(run: Run) -> str:
    """Return the text that a run learned from: "10% of the text (7 stories, 9,213 words)"."""
    if not run.stories:
        return "none of the text"
    seen = f", of which it saw {percent(100 * run.passes)}" if run.passes < _WHOLE_PASS else ""
    return f"{_share(run)} ({stories(run.stories)}, {run.words:,} words{seen})"


def _share(run: Run) -> str:
    return "all of the text" if run.share >= 99.95 else f"{percent(run.share)} of the text"

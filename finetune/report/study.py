"""What a report is about: the runs of a study, as data, and what their figures show, in sentences.

    study = Study(...)            # `transfer.measure` makes one
    for sentence in findings(study): ...

A run is one method on one share of the training text. A sentence says no more than the figures do: where random
weights win, or where the budget ended before a run had finished learning, that is what it says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corpus.text import did_you_mean
from finetune.errors import FinetuneError

METHODS = ("base", "last-layers", "lora", "full", "scratch")
LABELS = {
    "base": "Untuned base",
    "last-layers": "Last layers",
    "lora": "LoRA",
    "full": "Full tuning",
    "scratch": "Random weights",
}
_TUNED = ("last-layers", "lora", "full")
_WHOLE = 0.95
"""Passes from which on a run has seen its text; the last batch of a pass may be left out."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An evaluation in the middle of a run."""

    step: int
    seconds: float
    """Of training until then, without evaluations."""
    bits_per_byte: float
    """On the validation split."""


@dataclass(frozen=True, slots=True)
class Run:
    """One method on one share of the training text, and what came of it."""

    method: str
    stories: int
    """Stories learned from; 0 for the untuned base."""
    share: float
    """Of the training text, in percent of its characters that are learned."""
    words: int
    """Learned, each counted once."""
    learning_rate: float
    trained: int
    """Numbers that training changed."""
    steps: int
    """Optimizer steps that were made."""
    budget: int
    """Optimizer steps that were allowed."""
    passes: float
    """How often it went over its share; below 1 it has not seen all of it."""
    best_step: int
    """The step whose weights were kept: the best on the validation split."""
    bits_per_byte: float
    """On the held-out split, as is `nats_per_token`."""
    nats_per_token: float
    seconds: float
    """Of training proper, without its evaluations."""
    tokens_per_second: float
    """Context and padding counted."""
    memory: int
    """Bytes that the run needed at most: weights, gradients, optimizer and activations, without the program itself."""
    curve: tuple[Moment, ...] = ()
    samples: tuple[str, ...] = ()
    """A turn for each of the study's prompts, or nothing."""

    @property
    def label(self) -> str:
        return LABELS[self.method]

    @property
    def unfinished(self) -> bool:
        """Whether the budget ended while the loss was still falling."""
        return 0 < self.budget <= self.steps == self.best_step

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> "Run":
        """A run from its JSON. Raises TypeError or KeyError where it is another form's."""
        moments = tuple(Moment(**moment) for moment in values["curve"])
        return cls(**{**values, "curve": moments, "samples": tuple(values["samples"])})


@dataclass(frozen=True, slots=True)
class Study:
    """All runs of a report and what they share."""

    base: str
    parameters: int
    """Of the base."""
    device: str
    precision: str
    stories: int
    """In the training split, as are `words`."""
    words: int
    split: str
    """The split that is held out and measured."""
    held_out_tokens: int
    held_out_bytes: int
    recipe_name: str
    recipe: Mapping[str, Any]
    price: float
    """Dollars an hour of this machine."""
    prompts: tuple[str, ...]
    runs: tuple[Run, ...]

    def of(self, method: str) -> list[Run]:
        """The runs of a method, the smallest share first."""
        return sorted((run for run in self.runs if run.method == method), key=lambda run: run.share)

    @property
    def methods(self) -> list[str]:
        return [method for method in METHODS if self.of(method)]

    @property
    def largest(self) -> list[Run]:
        """Each method's run on the most text."""
        return [self.of(method)[-1] for method in self.methods]

    @property
    def seconds(self) -> float:
        """Of training, in all runs."""
        return sum(run.seconds for run in self.runs)

    def cost(self, seconds: float) -> float:
        """Dollars."""
        return seconds / 3600 * self.price


def findings(study: Study) -> list[str]:
    """What the figures show; the first sentence is the headline."""
    base = next(iter(study.of("base")), None)
    tuned = [run for method in _TUNED for run in study.of(method)]
    scratch = min(study.of("scratch"), key=_loss, default=None)
    said = []
    if scratch and (tuned or base):
        said.append(_transfer(base, tuned, scratch))
        if scratch.unfinished:
            said.append(
                f"The model from random weights was still learning when its {scratch.budget:,} steps were over: with "
                "more time it would get lower. The comparison holds for this budget of steps."
            )
    if tuned:
        best = min(tuned, key=_loss)
        if base:
            change = 1 - best.bits_per_byte / base.bits_per_byte
            there = (
                f"{abs(change):.1%} {'below' if change > 0 else 'above'} the untuned base's {base.bits_per_byte:.3f}"
            )
        else:
            there = "the lowest of the tuned runs"
        said.append(
            f"Best of the tuned: {best.label} on {_part(best)}, {best.bits_per_byte:.3f} bits a byte after "
            f"{duration(best.seconds)}, {there}."
        )
        said += _small_data(base, study.of(best.method))
    trained = [run for run in study.runs if run.steps]
    seen = max((run.share * run.passes for run in study.largest if run.steps), default=100.0)
    if seen < 100 * _WHOLE:
        said.append(
            f"The budget is small: its steps go over {percent(seen)} of the whole text. Beyond that share a run learns "
            "from other stories, not from more of them."
        )
    if trained:
        said.append(
            f"The {len(trained)} trainings of this page took {duration(study.seconds)}: "
            f"{dollars(study.cost(study.seconds))} at {dollars(study.price)} an hour."
        )
    return said


def _transfer(base: Run | None, tuned: Sequence[Run], scratch: Run) -> str:
    """What the base's own training was worth against random weights."""
    bound = min(scratch.bits_per_byte, base.bits_per_byte if base else float("inf"))
    ahead = [run for run in tuned if run.bits_per_byte < bound]
    alone = (
        f"the same model from random weights, on {_text(scratch)}, reaches {scratch.bits_per_byte:.3f} "
        f"after {duration(scratch.seconds)}"
    )
    if ahead:
        least = min(ahead, key=lambda run: (run.share, run.bits_per_byte))
        untuned = f" (untuned: {base.bits_per_byte:.3f})" if base else ""
        return (
            f"{least.label} on {_text(least)} reaches {least.bits_per_byte:.3f} bits a byte in "
            f"{duration(least.seconds)}{untuned}; {alone}."
        )
    if base and base.bits_per_byte < scratch.bits_per_byte:
        return (
            f"Untuned, the base is at {base.bits_per_byte:.3f} bits a byte, and no tuning improved on it; {alone}. "
            "What the base knew was worth more than this text; tuning added nothing."
        )
    best = min([*tuned, *([base] if base else [])], key=_loss)
    return (
        f"Transfer bought nothing here: {alone}, and the best with the base's weights, {best.label}, "
        f"{best.bits_per_byte:.3f} bits a byte."
    )


def _small_data(base: Run | None, runs: Sequence[Run]) -> list[str]:
    """How much of the gain of all the text a small share of it has."""
    whole = runs[-1]
    if base is None or len(runs) < 2 or (gain := base.bits_per_byte - whole.bits_per_byte) <= 0:
        return []
    parts = [f"{(base.bits_per_byte - run.bits_per_byte) / gain:.0%} with {percent(run.share)}" for run in runs[:-1]]
    return [f"Of what {whole.label} gains with {_part(whole)}, it has {', '.join(parts)} of it."]


def _loss(run: Run) -> float:
    return run.bits_per_byte


def _text(run: Run) -> str:
    """The text that a run learned from: "10% of the text (7 stories, 9,213 words)"."""
    if not run.stories:
        return "none of the text"
    seen = f", of which it saw {percent(100 * run.passes)}" if run.passes < _WHOLE else ""
    return f"{_part(run)} ({run.stories} {'story' if run.stories == 1 else 'stories'}, {run.words:,} words{seen})"


def _part(run: Run) -> str:
    return "all of the text" if run.share >= 99.95 else f"{percent(run.share)} of the text"


# ---- words in figures ----------------------------------------------------------------------------------------


def read_shares(text: str) -> tuple[float, ...]:
    """ "1,3,100" -> percentages. Raises FinetuneError for what is none."""
    shares = []
    for word in text.split(","):
        try:
            share = float(word.strip().removesuffix("%"))
        except ValueError:
            share = 0.0
        if not 0 < share <= 100:
            raise FinetuneError(
                f"--shares {text}: '{word.strip()}' is no share. Each is above 0 and at most 100, for example 1,10,100."
            )
        shares.append(share)
    return tuple(shares)


def read_methods(text: str) -> tuple[str, ...]:
    """ "lora,full" -> methods. Raises FinetuneError for what is none."""
    methods = tuple(word.strip() for word in text.split(","))
    for method in methods:
        if method not in METHODS:
            hint = did_you_mean(method, METHODS)
            raise FinetuneError(f"--methods: there is no '{method}'.{hint} There are {', '.join(METHODS)}.")
    return methods


# ---- figures in words ----------------------------------------------------------------------------------------


def percent(share: float) -> str:
    """12.34 -> "12%", 0.87 -> "0.9%"."""
    return f"{share:.1f}%" if share < 9.95 else f"{share:.0f}%"


def duration(seconds: float) -> str:
    """40 -> "40 s", 400 -> "6.7 minutes", 9000 -> "2.5 hours"."""
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def dollars(amount: float) -> str:
    """1234.5 -> "$1,235", 0.0456 -> "$0.046"."""
    if amount == 0 or amount >= 10:
        return f"${amount:,.0f}"
    if amount < 1e-5:
        return "under $0.00001"
    return f"${amount:.2f}" if amount >= 0.1 else f"${float(f'{amount:.2g}'):f}".rstrip("0")


def size(count: float) -> str:
    """134515008 -> "135M"; numbers, not bytes."""
    for unit, of in (("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= of:
            return f"{count / of:.3g}{unit}"
    return f"{count:.0f}"


def gibibytes(count: float) -> str:
    """Bytes in words."""
    return f"{count / 2**30:.2f} GiB" if count >= 2**30 / 10 else f"{count / 2**20:.0f} MiB"

"""The data of a report: its runs, each one method on one share of the training text, and what they have in common.

The names of the fields are keys in the files of a report.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from finetune.report.job import METHODS

LABELS = {
    "base": "Untuned base",
    "last-layers": "Last layers",
    "lora": "LoRA",
    "full": "Full tuning",
    "scratch": "Random weights",
}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An evaluation in the middle of a run."""

    step: int
    seconds: float
    """Of training until then, without evaluations."""
    bits_per_byte: float
    """On the validation split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One method on one share of the training text, and its figures. The defaults are those of the untuned base."""

    method: str
    stories: int = 0
    """Stories learned from."""
    share: float = 0.0
    """Of the training text, in percent of its characters that are learned."""
    words: int = 0
    """Learned, each counted once."""
    learning_rate: float = 0.0
    trained: int = 0
    """Parameters that training changed."""
    steps: int = 0
    """Optimizer steps that were made."""
    budget: int = 0
    """Optimizer steps that were allowed."""
    passes: float = 0.0
    """How often it went over its share; below 1 it has not seen all of it."""
    best_step: int = 0
    """The step whose weights were kept: the best on the validation split."""
    bits_per_byte: float
    """On the held-out split, as is `nats_per_token`."""
    nats_per_token: float
    seconds: float = 0.0
    """Of training, without its evaluations."""
    tokens_per_second: float = 0.0
    """Context and padding counted."""
    memory: int
    """Bytes at the peak: weights, gradients, optimizer and activations, without the program itself."""
    curve: tuple[Evaluation, ...] = ()
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
    def from_json(cls, values: Mapping[str, Any]) -> "Run":
        """Return a run that was stored. Raises TypeError or KeyError where its keys are others."""
        curve = tuple(Evaluation(**evaluation) for evaluation in values["curve"])
        return cls(**{**values, "curve": curve, "samples": tuple(values["samples"])})


@dataclass(frozen=True, slots=True)
class Study:
    """All runs of a report and what they have in common."""

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
    """Dollars per hour of this machine."""
    prompts: tuple[str, ...]
    runs: tuple[Run, ...]

    def of(self, method: str) -> list[Run]:
        """Return the runs of a method, the smallest share first."""
        return sorted((run for run in self.runs if run.method == method), key=lambda run: run.share)

    @property
    def base_run(self) -> Run | None:
        return next(iter(self.of("base")), None)

    @property
    def methods(self) -> list[str]:
        return [method for method in METHODS if self.of(method)]

    @property
    def largest(self) -> list[Run]:
        """Each method's run on the most text."""
        return [self.of(method)[-1] for method in self.methods]

    @property
    def largest_trained(self) -> list[Run]:
        return [run for run in self.largest if run.steps]

    def cost(self, seconds: float) -> float:
        """Return dollars."""
        return seconds / 3600 * self.price

"""What a training found out: its figures, and everything that the files of a voice speak of."""

import platform
from dataclasses import asdict, dataclass
from typing import Any

import torch

from finetune.data.corpus import Corpus
from finetune.models.base import Base
from finetune.models.held_out import HeldOutLoss
from finetune.models.precision import Precision
from finetune.recipe import Recipe


@dataclass(frozen=True, slots=True)
class TrainingFigures:
    """The figures of a training. The names are keys in training.json."""

    split: str
    """The split that was measured before and after."""
    before: HeldOutLoss
    after: HeldOutLoss
    validation_loss: float
    """Nats per token with the weights that were kept, the lowest of those measured."""
    best_step: int
    """Optimizer steps after which it was the lowest."""
    steps: int
    target_tokens: int
    """Target tokens of the training split, each of which is learned once per epoch; estimated where the steps end long
    before an epoch."""
    seconds: float
    """Spent in training since the last start."""
    target_tokens_per_second: float
    tokens_per_second: float
    """Context and padding counted."""
    leaked: float | None
    """The share of the validation text, 0 to 1, that is also in the training text; None where nobody measured."""

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "before": self.before.as_json(), "after": self.after.as_json()}

    def table(self) -> str:
        """Return the held-out loss before and after, aligned, and how much of the held-out text was learned from."""
        rows = [
            (f"held out ({self.split}, {self.after.tokens:,} tokens)", "before", "after"),
            ("nats per token", f"{self.before.nats_per_token:.3f}", f"{self.after.nats_per_token:.3f}"),
            ("bits per byte", f"{self.before.bits_per_byte:.3f}", f"{self.after.bits_per_byte:.3f}"),
        ]
        if self.leaked is not None:
            rows.append(("validation text also in train", "", f"{self.leaked:.1%}"))
        width = max(len(row[0]) for row in rows)
        return "\n".join(f"{name:<{width}}  {before:>8}  {after:>8}" for name, before, after in rows)


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """A finished training: what went into it, and its figures."""

    base: Base
    corpus: Corpus
    recipe_name: str
    recipe: Recipe
    precision: Precision
    device: str
    processes: int
    figures: TrainingFigures

    @property
    def is_chat(self) -> bool:
        """Whether the voice was tuned in its base's chat frame."""
        return self.recipe.prompt_format == "frame"


def device_name(device: torch.device) -> str:
    """Return what the device is, without this machine's name."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "cpu":
        return f"CPU ({platform.machine()}, {torch.get_num_threads()} threads)"
    return device.type

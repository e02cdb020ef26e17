"""How well a model predicts text it has not learned: loss per token, and bits per byte.

    found = held_out_loss(model, rows, rows_at_once=4, precision=precision, collator=collator)
    print(found.nats_per_token, found.bits_per_byte)

Only targets count, each once, whatever row it stands in. Bits per byte compare across tokenizers.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from accelerate.utils import send_to_device  # type: ignore[import-untyped]
from datasets import Dataset
from torch import nn

from finetune.data.batches import Collator, count_batch_targets
from finetune.data.encoders import Encoder
from finetune.data.rows import Row
from finetune.models.loss import target_loss
from finetune.models.precision import Precision


@dataclass(frozen=True, slots=True)
class HeldOutLoss:
    """The loss on a split. The names are keys in the files that hold it."""

    nats: float
    """Cross-entropy in nats, summed over all target tokens."""
    tokens: int
    """Target tokens, ends of story among them."""
    utf8_bytes: int
    """Of the targets' text."""

    @property
    def nats_per_token(self) -> float:
        return self.nats / self.tokens

    @property
    def bits_per_byte(self) -> float:
        return self.nats / (math.log(2) * self.utf8_bytes)

    def as_json(self) -> dict[str, float]:
        return {**asdict(self), "nats_per_token": self.nats_per_token, "bits_per_byte": self.bits_per_byte}

    @classmethod
    def from_json(cls, values: Any) -> "HeldOutLoss":
        """Return the loss that was stored. Raises KeyError, TypeError or ValueError where there is none."""
        return cls(float(values["nats"]), int(values["tokens"]), int(values["utf8_bytes"]))


@dataclass(frozen=True, slots=True)
class HeldOutRows:
    """What is measured: rows, and how many bytes of text their targets are."""

    rows: list[Row]
    utf8_bytes: int

    def share(self, process: int, processes: int) -> "HeldOutRows":
        """Return what one of several processes measures: as many rows as any other, give or take one, and as long."""
        rows = sorted(self.rows, key=lambda row: len(row["input_ids"]))
        return HeldOutRows(rows[process::processes], self.utf8_bytes)


@torch.inference_mode()
def held_out_loss(
    model: nn.Module, part: HeldOutRows, rows_at_once: int, precision: Precision, collator: Collator
) -> HeldOutLoss:
    """Measure `model`, on whatever device it is, and leave it in the mode it was in."""
    device = next(model.parameters()).device
    rows = sorted(part.rows, key=lambda row: len(row["input_ids"]))  # similar lengths together: little padding
    losses, tokens = [], 0
    training = model.training
    model.eval()
    for first in range(0, len(rows), rows_at_once):
        batch = send_to_device(collator(rows[first : first + rows_at_once]), device)
        # Rows of all lengths: not worth compiling for.
        with precision.autocast(device), torch.compiler.set_stance("force_eager"):
            losses.append(target_loss(model, batch))
        tokens += count_batch_targets(batch)
    model.train(training)
    nats = sum(loss.item() for loss in losses)  # not before all are under way: a device isn't waited for in between
    return HeldOutLoss(nats, tokens, part.utf8_bytes)


def choose_held_out(examples: Dataset, encoder: Encoder, length: int, most: int) -> HeldOutRows:
    """Return the rows of a split that are measured: all, or about `most`, those of whole examples spread evenly.

    All of their targets are, whatever is learned.
    """
    rows_by_example = encoder.rows(examples, length)
    count = sum(len(rows) for rows in rows_by_example)
    share = 1.0 if not most else min(1.0, most / count)
    picked = [n for n in range(len(examples)) if math.floor((n + 1) * share) > math.floor(n * share)] or [0]
    rows = [row for n in picked for row in rows_by_example[n]]
    return HeldOutRows(rows, sum(encoder.target_bytes(examples.select(picked))))

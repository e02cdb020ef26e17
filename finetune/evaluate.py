"""How well a model predicts text it has not learned: nats a token, and bits a byte, which compares across tokenizers.

    figure = held_out(model, rows, target_bytes, batch=4, arithmetic=arithmetic, collator=collator)
    print(figure.nats_per_token, figure.bits_per_byte)

Only targets count; each once, whatever the row it stands in.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from datasets import Dataset
from torch import nn

from finetune.data import IGNORED, Collator, Row
from finetune.model import Arithmetic


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The loss on a split."""

    nats: float
    """Summed over all target tokens."""
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


@dataclass(frozen=True, slots=True)
class HeldOutRows:
    """What is measured: rows, and how many bytes of text their targets are."""

    rows: list[Row]
    utf8_bytes: int


def target_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Cross-entropy in nats, summed over the targets. `logits` B x K x V, `labels` B x K (`Collator`)."""
    logits = logits[:, -labels.shape[1] :]  # a model that can't keep the last columns only returns all
    return nn.functional.cross_entropy(
        logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten(), ignore_index=IGNORED, reduction="sum"
    )


@torch.inference_mode()
def held_out(model: nn.Module, part: HeldOutRows, batch: int, arithmetic: Arithmetic, collator: Collator) -> HeldOut:
    """Measures `model`, wherever it lies, on rows; leaves it in the mode it was in."""
    device = next(model.parameters()).device
    rows = sorted(part.rows, key=lambda row: len(row["input_ids"]))  # alike beside alike: little padding
    nats, tokens = 0.0, 0
    training = model.training
    model.eval()
    for first in range(0, len(rows), batch):
        inputs = collator(rows[first : first + batch])
        labels = inputs.pop("labels").to(device)
        inputs = {key: value.to(device) if torch.is_tensor(value) else value for key, value in inputs.items()}
        with arithmetic.autocast(device):
            logits = model(**inputs, use_cache=False).logits
        nats += target_loss(logits, labels).item()
        tokens += int((labels[:, 1:] != IGNORED).sum())
    model.train(training)
    return HeldOut(nats, tokens, part.utf8_bytes)


def choose_rows(examples: Dataset, rows_by_example: Sequence[list[Row]], most: int) -> HeldOutRows:
    """The rows of a split that are measured: all, or those of whole examples spread evenly, about `most` rows."""
    count = sum(len(rows) for rows in rows_by_example)
    share = 1.0 if not most else min(1.0, most / count)
    picked = [n for n in range(len(examples)) if math.floor((n + 1) * share) > math.floor(n * share)] or [0]
    return HeldOutRows(
        [row for n in picked for row in rows_by_example[n]],
        sum(len(examples[n]["target"].encode()) for n in picked),
    )

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

from finetune.data.rows import Collator, Row
from finetune.models.base import Arithmetic
from finetune.models.loss import target_nats


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


@torch.inference_mode()
def held_out(model: nn.Module, part: HeldOutRows, batch: int, arithmetic: Arithmetic, collator: Collator) -> HeldOut:
    """Measures `model`, wherever it lies, on rows; leaves it in the mode it was in."""
    device = next(model.parameters()).device
    rows = sorted(part.rows, key=lambda row: len(row["input_ids"]))  # alike beside alike: little padding
    nats, tokens = 0.0, 0
    training = model.training
    model.eval()
    for first in range(0, len(rows), batch):
        inputs = {key: value.to(device) for key, value in collator(rows[first : first + batch]).items()}
        labels = inputs.pop("labels")
        # Rows of all lengths: not worth compiling for.
        with arithmetic.autocast(device), torch.compiler.set_stance("force_eager"):
            loss, targets = target_nats(model, inputs, labels)
        nats += loss.item()
        tokens += targets
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

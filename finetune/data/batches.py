"""Rows -> batches of tensors.

    Collator(pad_id)(rows[:4])["input_ids"].shape       # rows x tokens

transformers' Trainer calls the collator; evaluation calls it too.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from finetune.data.rows import IGNORED, Row

_WIDTH_MULTIPLE = 8  # rows are padded to a multiple of it: few distinct shapes, which kernels and caches like


@dataclass(frozen=True, slots=True)
class Collator:
    """Rows -> tensors B x T, padded on the right: `input_ids`, `labels`, and of packed rows `position_ids`.

    There is no attention mask. What follows a token can't change it, so padding on the right needs none, and attention
    runs in its fastest form, causal alone. Positions that start again at 0 tell transformers that a row
    holds several, and it lets none of them attend to another.
    """

    pad_id: int
    length: int = 2**31
    """The longest row that the model takes."""
    fixed_rows: int = 0
    """Where it isn't 0, every batch is `fixed_rows` x `length`: compiled code then sees one shape."""

    def __call__(self, rows: Sequence[Row]) -> dict[str, torch.Tensor]:
        longest = max(len(row["input_ids"]) for row in rows)
        width = min(math.ceil(longest / _WIDTH_MULTIPLE) * _WIDTH_MULTIPLE, self.length)
        shape = (self.fixed_rows, self.length) if self.fixed_rows else (len(rows), width)
        batch = {"input_ids": np.full(shape, self.pad_id), "labels": np.full(shape, IGNORED)}
        if any("position_ids" in row for row in rows):
            batch["position_ids"] = np.tile(np.arange(shape[1]), (shape[0], 1))
        for n, row in enumerate(rows):
            stop = len(row["input_ids"])
            batch["input_ids"][n, :stop] = row["input_ids"]
            batch["labels"][n, :stop] = row["labels"]
            if "position_ids" in row:
                batch["position_ids"][n, :stop] = row["position_ids"]
                # Padding continues the last row that is packed here, so that a lone one needs no mask.
                batch["position_ids"][n, stop:] = np.arange(shape[1] - stop) + row["position_ids"][-1] + 1
        return {name: torch.from_numpy(values) for name, values in batch.items()}

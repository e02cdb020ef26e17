"""Rows -> batches of tensors.

    batch = Collator(pad_id)(rows[:4])
    batch["input_ids"].shape                # rows x tokens
    count_batch_targets(batch)
    first_half = take_rows(batch, 0, 2)
    model(**model_inputs(batch))

transformers' Trainer calls the collator; evaluation calls it too. Where the targets are is found here, on the CPU: a
device that had to find it would keep the program waiting for the answer at every batch.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from finetune.data.rows import IGNORED, Row

_WIDTH_MULTIPLE = 8  # rows are padded to a multiple of it: few distinct shapes, which kernels and caches like
_OF_ROWS = ("input_ids", "position_ids")
"""What the model takes: a row of the batch each."""
Batch = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Collator:
    """Rows -> a batch.

    - `input_ids`, and of packed rows `position_ids`: B x T, padded on the right;
    - `targets`: the N tokens that are learned, of all rows one after the other;
    - `places`: where each of them is predicted, the token before it, counted through B x T from 0;
    - `ends`: for each row, how many targets there are up to its end, as numbers of Python's.

    There is no attention mask. What follows a token can't change it, so padding on the right needs none, and attention
    runs in its fastest form, causal alone. Positions that start again at 0 tell transformers that a row
    holds several, and it lets none of them attend to another.
    """

    pad_id: int
    length: int = 2**31
    """The longest row that the model takes."""
    fixed_rows: int = 0
    """Where it isn't 0, every batch is `fixed_rows` x `length`: compiled code then sees one shape."""

    def __call__(self, rows: Sequence[Row]) -> Batch:
        longest = max(len(row["input_ids"]) for row in rows)
        width = min(math.ceil(longest / _WIDTH_MULTIPLE) * _WIDTH_MULTIPLE, self.length)
        shape = (self.fixed_rows, self.length) if self.fixed_rows else (len(rows), width)
        ids, labels = np.full(shape, self.pad_id), np.full(shape, IGNORED)
        packed = any("position_ids" in row for row in rows)
        positions = np.tile(np.arange(shape[1]), (shape[0], 1))
        for n, row in enumerate(rows):
            stop = len(row["input_ids"])
            ids[n, :stop] = row["input_ids"]
            labels[n, :stop] = row["labels"]
            if "position_ids" in row:
                positions[n, :stop] = row["position_ids"]
                # Padding continues the last row that is packed here, so that a lone one needs no mask.
                positions[n, stop:] = np.arange(shape[1] - stop) + row["position_ids"][-1] + 1
        labels[:, 0] = IGNORED  # nothing stands before it in its row
        places = np.flatnonzero(labels != IGNORED)
        tensors = {
            "input_ids": ids,
            **({"position_ids": positions} if packed else {}),
            "places": places - 1,
            "targets": labels.ravel()[places],
        }
        ends = np.cumsum(np.count_nonzero(labels != IGNORED, axis=1)).tolist()
        return {**{name: torch.from_numpy(values) for name, values in tensors.items()}, "ends": ends}


def count_batch_targets(batch: Mapping[str, Any]) -> int:
    """Return how many targets a batch has."""
    return int(batch["ends"][-1])


def model_inputs(batch: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """Return what the model's forward pass takes of a batch."""
    return {name: batch[name] for name in _OF_ROWS if name in batch}


def take_rows(batch: Mapping[str, Any], first: int, last: int) -> Batch:
    """Return the rows `first` to `last` of a batch, as a batch."""
    ends = [0, *batch["ends"]]
    last = min(last, len(ends) - 1)
    targets = slice(ends[first], ends[last])
    return {
        **{name: values[first:last] for name, values in model_inputs(batch).items()},
        "places": batch["places"][targets] - first * batch["input_ids"].shape[1],
        "targets": batch["targets"][targets],
        "ends": [end - ends[first] for end in ends[first + 1 : last + 1]],
    }

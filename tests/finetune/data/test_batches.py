"""Batches: their shapes, and the loss with padding."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from finetune.data.batches import Collator, count_batch_targets, take_rows
from finetune.data.rows import IGNORED, Row
from finetune.models.held_out import HeldOutRows, held_out_loss
from finetune.models.precision import Precision


def row(first: int, length: int, context: int = 1) -> Row:
    ids = np.arange(first, first + length, dtype=np.int32)
    return Row(input_ids=ids, labels=np.where(np.arange(length) < context, np.int32(IGNORED), ids))


def test_a_batch_has_the_fixed_shape() -> None:
    """Blank rows and padding are not targets."""
    batch = Collator(0, 64, 3)([row(2, 30, 12), row(200, 11)])
    assert batch["input_ids"].shape == (3, 64)
    assert batch["ends"] == [18, 28, 28] and count_batch_targets(batch) == 28
    assert batch["targets"].tolist() == [*range(14, 32), *range(201, 211)]
    assert torch.equal(batch["input_ids"].flatten()[batch["places"] + 1], batch["targets"])


def test_the_rows_of_a_batch_are_a_batch() -> None:
    rows = [row(2, 30, 12), row(200, 11), row(300, 31), row(400, 30, 30)]
    collate = Collator(0, 32)
    batch = collate(rows)
    for first, last in ((0, 4), (0, 2), (1, 3), (3, 4)):
        part, alone = take_rows(batch, first, last), collate(rows[first:last])
        assert part.keys() == alone.keys() and part["ends"] == alone["ends"]
        assert part["targets"].tolist() == alone["targets"].tolist()
        assert part["places"].tolist() == alone["places"].tolist()
        assert len(part["input_ids"]) == last - first
    assert take_rows(batch, 2, 99)["ends"] == [30, 30]


def test_a_batch_is_not_longer_than_the_models_positions() -> None:
    """Rows are rounded up to few widths, but not beyond what the model takes."""
    assert Collator(0, 30)([row(2, 29)])["input_ids"].shape == (1, 30)
    assert Collator(0, 100)([row(2, 29)])["input_ids"].shape == (1, 32)


def test_several_processes_measure_all_rows_once_and_none_waits_for_another() -> None:
    rows = [row(start, start) for start in range(2, 25)]
    shares = [HeldOutRows(rows, 100).share(process, 3) for process in range(3)]
    measured = sorted(one["input_ids"].tolist() for share in shares for one in share.rows)
    assert measured == [one["input_ids"].tolist() for one in rows]
    tokens = [sum(len(one["input_ids"]) for one in share.rows) for share in shares]
    assert max(tokens) - min(tokens) <= 24  # the longest row
    assert [len(share.rows) for share in shares] == [8, 8, 7]
    assert HeldOutRows(rows[:1], 100).share(1, 2).rows == []


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_padding_and_batching_do_not_change_the_loss(name: str, bases: dict[str, Path]) -> None:
    model = AutoModelForCausalLM.from_pretrained(bases[name])
    rows = [row(2, 38, 30), row(50, 10)]
    plain = 0.0
    for one in rows:
        logits = torch.log_softmax(model(torch.tensor(one["input_ids"])[None]).logits[0].detach(), -1)
        plain -= sum(float(logits[n - 1, label]) for n, label in enumerate(one["labels"]) if label != IGNORED)
    found = held_out_loss(model, HeldOutRows(rows, 100), 2, Precision("fp32", ""), Collator(0))
    assert found.tokens == 17
    assert found.nats == pytest.approx(plain, rel=1e-4)
    assert found.bits_per_byte == pytest.approx(plain / math.log(2) / 100, rel=1e-4)

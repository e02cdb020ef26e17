"""Packed rows: each row whole and once, in few packed rows, with the loss that it has alone."""

import random
from itertools import combinations
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM

from finetune.data.batches import Collator, count_batch_targets
from finetune.data.packing import pack, padding_share
from finetune.models.loss import target_loss
from tests.finetune.data.test_batches import row


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60))
def test_each_row_is_packed_whole_and_once(lengths: list[int]) -> None:
    rows = [row(100 * n, length) for n, length in enumerate(lengths)]
    packed = pack(rows, 40)
    found = []
    for one in packed:
        assert len(one["input_ids"]) == len(one["labels"]) == len(one["position_ids"]) <= 40
        starts = [n for n, place in enumerate(one["position_ids"]) if place == 0]
        for start, stop in zip(starts, [*starts[1:], len(one["input_ids"])], strict=True):
            assert one["position_ids"][start:stop].tolist() == list(range(stop - start))
            found.append((one["input_ids"][start:stop].tolist(), one["labels"][start:stop].tolist()))
    assert sorted(found) == sorted((one["input_ids"].tolist(), one["labels"].tolist()) for one in rows)
    again = pack(rows, 40)
    assert [one["input_ids"].tolist() for one in packed] == [one["input_ids"].tolist() for one in again]
    # No two packed rows would fit into one.
    assert all(len(one["input_ids"]) + len(other["input_ids"]) > 40 for one, other in combinations(packed, 2))


def fewest(lengths: list[int], rooms: tuple[int, ...] = ()) -> int:
    """The fewest rows of 40 tokens for rows of these lengths, with `rooms` left in open ones: tries everything."""
    if not lengths:
        return len(rooms)
    first, *rest = lengths
    tries = [fewest(rest, (*rooms, 40 - first))]
    for n, room in enumerate(rooms):
        if room >= first:
            tries.append(fewest(rest, (*rooms[:n], room - first, *rooms[n + 1 :])))
    return min(tries)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=7))
def test_packing_needs_at_most_half_as_many_rows_again_as_the_optimum(lengths: list[int]) -> None:
    """Best-fit decreasing needs at most 3/2 of the fewest possible (Simchi-Levi 1994)."""
    assert len(pack([row(0, length) for length in lengths], 40)) <= 1.5 * fewest(lengths)


def test_packing_leaves_little_padding() -> None:
    chance = random.Random(0)
    rows = [row(0, chance.randint(20, 500)) for _ in range(300)]
    assert padding_share(rows, 512) > 0.4
    assert padding_share(pack(rows, 512), 512) < 0.05


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_a_packed_row_has_the_loss_of_its_rows_alone(name: str, bases: dict[str, Path]) -> None:
    model = AutoModelForCausalLM.from_pretrained(bases[name]).eval()
    rows = [row(2, 30, 12), row(200, 11), row(300, 40, 3), row(400, 5)]
    collate = Collator(0, 64)
    alone = [collate([one]) for one in rows]
    packed = collate(pack(rows, 64))
    assert len(packed["input_ids"]) == 2
    assert count_batch_targets(packed) == sum(map(count_batch_targets, alone)) == 18 + 10 + 37 + 4
    expected = sum(target_loss(model, one).item() for one in alone)
    assert target_loss(model, packed).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_packed_rows_do_not_attend_to_each_other(name: str, bases: dict[str, Path]) -> None:
    model = AutoModelForCausalLM.from_pretrained(bases[name]).eval()
    inputs = [Collator(0, 64)(pack([row(first, 20), row(300, 10)], 64)) for first in (2, 150)]
    logits = [
        model(input_ids=one["input_ids"], position_ids=one["position_ids"], use_cache=False).logits for one in inputs
    ]
    assert torch.equal(logits[0][0, 20:30], logits[1][0, 20:30])
    assert not torch.allclose(logits[0][0, :20], logits[1][0, :20])

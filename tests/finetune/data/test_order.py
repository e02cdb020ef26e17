"""The order of the rows: each once, whatever the devices, and of similar lengths within a step."""

import pytest

from finetune.data.order import RowOrder


@pytest.mark.parametrize("count", [1, 7, 24, 1000])
def test_each_row_comes_once_per_epoch_with_any_number_of_processes(count: int) -> None:
    lengths = [(n * 7919) % 97 + 1 for n in range(count)]
    alone = RowOrder(lengths, 8, seed=3)
    assert sorted(alone) == list(range(count)) and list(alone) == list(alone)
    shared = RowOrder(lengths, 8, seed=3, processes=2, batch=4)
    assert len(list(shared)) == len(shared) == -(-count // 8) * 8
    assert [row for row in shared if row < count] == list(alone)
    first = list(alone)
    alone.epoch = 1
    assert count < 8 or list(alone) != first


def test_rows_of_a_step_have_similar_lengths_and_the_longest_comes_first() -> None:
    lengths = [(n * 7919) % 97 + 1 for n in range(1000)]
    order = [lengths[row] for row in RowOrder(lengths, 8, seed=0)]
    steps = [order[n : n + 8] for n in range(0, 1000, 8)]
    assert max(lengths) in steps[0]
    assert sum(max(step) * 8 for step in steps) < 1.1 * sum(lengths)  # little padding
    assert [max(step) for step in steps] != sorted((max(step) for step in steps), reverse=True)  # not sorted by length

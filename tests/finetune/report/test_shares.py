"""Shares of a training split: whole stories, and a larger share has all stories of a smaller one."""

from itertools import pairwise

import pytest
from datasets import Dataset

from finetune.report.shares import nested_shares


def examples(*lengths: int) -> Dataset:
    """Stories of these lengths, two examples each, in turns."""
    rows = [{"story": f"s{n}", "target": "x" * length} for _ in range(2) for n, length in enumerate(lengths)]
    return Dataset.from_list(rows)


def test_a_larger_share_has_all_stories_of_a_smaller_one() -> None:
    parts = nested_shares(examples(*range(10, 60)), (100, 1, 30, 10), seed=3)
    assert [part.stories for part in parts] == sorted({part.stories for part in parts}) and len(parts) == 4
    assert [part.percent for part in parts] == pytest.approx([1, 10, 30, 100], abs=1.5)
    for small, large in pairwise(parts):
        assert set(small.examples["story"]) < set(large.examples["story"])
    assert all(len(part.examples) == 2 * part.stories for part in parts)  # whole stories
    again, other = (nested_shares(examples(*range(10, 60)), (10,), seed=seed)[0].examples["story"] for seed in (3, 4))
    assert again == parts[1].examples["story"] != other


def test_a_share_has_at_least_one_story_and_equal_shares_are_merged() -> None:
    (only,) = nested_shares(examples(50, 50, 50), (0.1, 1, 3), seed=0)
    assert only.stories == 1 and only.percent == pytest.approx(100 / 3)

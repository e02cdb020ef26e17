"""Shares of a training split: whole stories in a seeded order, so that a larger share has all of a smaller one's."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from datasets import Dataset


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the training split."""

    examples: Dataset
    stories: int
    percent: float
    """Of the characters of all targets."""


def nested_shares(examples: Dataset, percentages: Sequence[float], seed: int) -> list[Share]:
    """Return parts of a training split by their size in percent, smallest first.

    Each has the number of stories that comes nearest to its percentage, at least one; percentages that come to the same
    part make one.
    """
    sizes: Counter[str] = Counter()
    for story, target in zip(examples["story"], examples["target"], strict=True):
        sizes[story] += len(target)
    order = list(sizes)
    random.Random(seed).shuffle(order)  # noqa: S311  # an order, not a secret
    total = sum(sizes.values())
    reached = [0.0]
    for story in order:
        reached.append(reached[-1] + 100 * sizes[story] / total)
    counts = {min(range(1, len(reached)), key=lambda n: abs(reached[n] - share)) for share in percentages}
    parts = []
    for count in sorted(counts):
        chosen = set(order[:count])
        rows = [n for n, story in enumerate(examples["story"]) if story in chosen]
        parts.append(Share(examples.select(rows), count, reached[count]))
    return parts

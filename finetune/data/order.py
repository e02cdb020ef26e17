"""The order in which rows are learned: alike beside alike, and the same however many devices share a step.

    order = Order([len(row["input_ids"]) for row in rows], step=batch * accumulate * processes, seed=0)
    order.epoch = 1
    list(order)     # indices of rows; each run of `step` is what one optimizer step learns

Two processes with batches of 2 learn in every step what one with batches of 4 does, or one that accumulates 2 of 2: the
order depends on their product alone, and on the seed and the epoch, never on how often torch's generator was asked. So
a training that was cut off goes on with the rows that would have come.
"""

from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import Sampler

_WINDOW = 50
"""Steps whose rows are sorted by length together: enough for little padding, and chance still decides the company."""
_BLUR = 0.1


class Order(Sampler[int]):
    """Indices of all rows, each once an epoch; of rows grouped by length, in random order."""

    def __init__(self, lengths: Sequence[int], step: int, seed: int, filler: int = 0) -> None:
        """`lengths` in tokens; `step` rows an optimizer step, on all devices together.

        Up to `filler` - 1 indices of a row behind the last one, which teaches nothing, make the whole divisible by
        `filler`: so no process has fewer batches than another, and no row has to be learned twice for that.
        """
        self.lengths = lengths
        self.step = step
        self.seed = seed
        self.fillers = -len(lengths) % filler if filler else 0
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.lengths) + self.fillers

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed((self.seed << 20) + self.epoch)
        rows = torch.randperm(len(self.lengths), generator=generator).tolist()
        # Each length a little off by chance, or in a small corpus the same rows would meet in every epoch.
        chance = torch.rand(len(self.lengths), generator=generator).tolist()
        sizes = [length * (1 - _BLUR * part) for length, part in zip(self.lengths, chance, strict=True)]
        steps: list[list[int]] = []
        for first in range(0, len(rows), _WINDOW * self.step):
            window = sorted(rows[first : first + _WINDOW * self.step], key=lambda row: -sizes[row])
            steps += [window[n : n + self.step] for n in range(0, len(window), self.step)]
        last = [steps.pop()] if steps and len(steps[-1]) < self.step else []  # the short one
        shuffled = [steps[n] for n in torch.randperm(len(steps), generator=generator).tolist()]
        # The longest first: where memory does not suffice, that is known at once.
        longest = max(range(len(shuffled)), key=lambda n: max(self.lengths[row] for row in shuffled[n]), default=0)
        for step in [*shuffled[longest : longest + 1], *shuffled[:longest], *shuffled[longest + 1 :], *last]:
            yield from step
        yield from [len(self.lengths)] * self.fillers

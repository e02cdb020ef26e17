"""The order in which rows are learned: similar lengths together, and the same however many devices share a step.

    order = RowOrder([len(row["input_ids"]) for row in rows], step=batch * accumulate * processes, seed=0)
    order.epoch = 1
    list(order)     # indices of rows; each run of `step` is what one optimizer step learns

Two processes with batches of 2 learn in every step what one with batches of 4 does, or one that accumulates 2 of 2: the
order depends on their product alone, and on the seed and the epoch, never on how often torch's generator was used. So
a training that was interrupted goes on with the rows that would have come.
"""

from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import Sampler

_WINDOW = 50
"""Steps whose rows are sorted by length together: enough for little padding, and chance still decides the company."""
_LENGTH_NOISE = 0.1


class RowOrder(Sampler[int]):
    """Indices of all rows, each once per epoch; of steps of similar lengths, in random order."""

    def __init__(self, lengths: Sequence[int], step: int, seed: int, processes: int = 1, batch: int = 1) -> None:
        """`lengths` in tokens; `step` rows per optimizer step, on all devices together.

        With several `processes`, up to `batch * processes - 1` indices of a filler row, `len(lengths)`, make the whole
        divisible by that: so no process has fewer batches than another, and no row has to be learned twice for it.
        """
        self.lengths = lengths
        self.step = step
        self.seed = seed
        self.fillers = -len(lengths) % (batch * processes) if processes > 1 else 0
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.lengths) + self.fillers

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed((self.seed << 20) + self.epoch)
        rows = torch.randperm(len(self.lengths), generator=generator).tolist()
        # Each length a little off by chance, or in a small corpus the same rows would meet in every epoch.
        noise = torch.rand(len(self.lengths), generator=generator).tolist()
        sizes = [length * (1 - _LENGTH_NOISE * share) for length, share in zip(self.lengths, noise, strict=True)]
        steps: list[list[int]] = []
        for first in range(0, len(rows), _WINDOW * self.step):
            window = sorted(rows[first : first + _WINDOW * self.step], key=lambda row: -sizes[row])
            steps += [window[n : n + self.step] for n in range(0, len(window), self.step)]
        last = [steps.pop()] if steps and len(steps[-1]) < self.step else []  # the short one
        shuffled = [steps[n] for n in torch.randperm(len(steps), generator=generator).tolist()]
        # The longest first: too little memory shows at once.
        longest = max(range(len(shuffled)), key=lambda n: max(self.lengths[row] for row in shuffled[n]), default=0)
        for step in [*shuffled[longest : longest + 1], *shuffled[:longest], *shuffled[longest + 1 :], *last]:
            yield from step
        yield from [len(self.lengths)] * self.fillers

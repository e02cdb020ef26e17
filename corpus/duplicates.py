"""Which stories are nearly the same, by MinHash.

    signatures = np.array([signature(words) for words in ...])
    for a, b, similarity in similar_pairs(signatures): ...

Two stories are compared by the runs of five words that both have: the Jaccard similarity, shared runs by all runs. A
signature of 128 numbers estimates it (package rensa; standard error below 0.045), and pairs worth comparing are
found by locality-sensitive hashing: 32 bands of 4 numbers, so that a pair of similarity 0.5 is found with probability
0.87, of 0.7 with 0.9998 (Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", section 3.4).

Limits: a story that is a small part of another is not similar to it. In memory are 512 bytes a story.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from rensa import RMinHash

SIMILAR = 0.5
"""Stories from here on are kept on one side of the split."""
COPY = 0.9
"""From here on, one of the two says nothing new."""

NUMBERS = 128
_BANDS = 32
_RUN = 5
_SEED = 1

Signature = npt.NDArray[np.uint32]
_Hashes = npt.NDArray[np.uint64]


def signature(words: Sequence[str]) -> Signature:
    """The signature of a text in words: 128 numbers, those of the same place comparable between texts."""
    runs = _runs(np.array(RMinHash.hash_token_sets([words])[0], dtype=np.uint64))
    ends = np.array([0, len(runs)], dtype=np.uint64)
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(runs, ends, NUMBERS, _SEED)
    return np.array(matrix.to_rows()[0], dtype=np.uint32)


def _runs(words: _Hashes) -> _Hashes:
    """A hash of each run of five words; of a shorter text, of its one run."""
    run = min(_RUN, len(words))
    hashes = np.zeros(len(words) - run + 1 if run else 0, dtype=np.uint64)
    for place in range(run):
        # The constants are splitmix64's: they spread words, which rensa hashes quickly, over all 64 bits.
        hashes ^= hashes >> np.uint64(30)
        hashes *= np.uint64(0xBF58476D1CE4E5B9)
        hashes += words[place : place + len(hashes)]
    hashes ^= hashes >> np.uint64(27)
    hashes *= np.uint64(0x94D049BB133111EB)
    hashes ^= hashes >> np.uint64(31)
    return hashes


def similar_pairs(signatures: npt.NDArray[np.uint32]) -> Iterator[tuple[int, int, float]]:
    """Rows (a < b) whose estimated similarity is `SIMILAR` or more, and that estimate; each pair once, in order.

    Of many rows with an equal band, each is compared with the first only: they are all similar to it, or the
    band is a coincidence.
    """
    candidates: set[tuple[int, int]] = set()
    width = NUMBERS // _BANDS
    for band in range(_BANDS):
        # One number of 16 bytes a row; equal ones stand together after sorting, in the order of the rows.
        keys = np.ascontiguousarray(signatures[:, band * width : (band + 1) * width]).view(f"V{4 * width}").ravel()
        order = np.argsort(keys, kind="stable")
        same = keys[order[1:]] == keys[order[:-1]]
        first = 0
        for place in np.flatnonzero(same).tolist():
            if not place or not same[place - 1]:
                first = int(order[place])
            candidates.add((first, int(order[place + 1])))
    for a, b in sorted(candidates):
        similarity = float(np.mean(signatures[a] == signatures[b]))
        if similarity >= SIMILAR:
            yield a, b, similarity


class Clusters:
    """Things that belong together, directly or through others (union-find); the first of a cluster names it."""

    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def of(self, thing: int) -> int:
        """The least number in the cluster of `thing`."""
        while self._above[thing] != thing:
            self._above[thing] = self._above[self._above[thing]]
            thing = self._above[thing]
        return thing

    def join(self, a: int, b: int) -> None:
        """Makes one cluster of those of `a` and `b`."""
        first, second = sorted((self.of(a), self.of(b)))
        self._above[second] = first

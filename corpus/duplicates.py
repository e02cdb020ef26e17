"""Find stories that are nearly the same, with MinHash.

    signatures = np.array([signature(words) for words in ...])
    for a, b, similarity in similar_pairs(signatures): ...

Stories are compared by their runs of five words: the Jaccard similarity is the number of shared runs divided by the
number of all runs. A signature of 128 numbers estimates it (package rensa; standard error below 0.045), and candidate
pairs are found by locality-sensitive hashing: with 32 bands of 4 numbers, a pair of similarity 0.5 is found with
probability 0.87, of 0.7 with 0.9998 (Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", section 3.4).

Limits: a story that is a small part of another doesn't count as similar. Memory is 512 bytes per story.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from rensa import RMinHash

SIMILAR = 0.5
"""Stories that are at least this similar are kept in the same split."""
COPY = 0.9
"""Of stories that are at least this similar, only one is kept."""

SIGNATURE_SIZE = 128
_BANDS = 32
_RUN_WORDS = 5
_SEED = 1

Signature = npt.NDArray[np.uint32]
_Hashes = npt.NDArray[np.uint64]


def signature(words: Sequence[str]) -> Signature:
    """Return the signature of a text given as words: 128 numbers, comparable position by position."""
    runs = _runs(np.array(RMinHash.hash_token_sets([words])[0], dtype=np.uint64))
    ends = np.array([0, len(runs)], dtype=np.uint64)
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(runs, ends, SIGNATURE_SIZE, _SEED)
    return np.array(matrix.to_rows()[0], dtype=np.uint32)


def _runs(words: _Hashes) -> _Hashes:
    """Return a hash of each run of five words; a shorter text is one run."""
    run = min(_RUN_WORDS, len(words))
    hashes = np.zeros(len(words) - run + 1 if run else 0, dtype=np.uint64)
    for place in range(run):
        # The constants are from splitmix64: they spread rensa's quick word hashes over all 64 bits.
        hashes ^= hashes >> np.uint64(30)
        hashes *= np.uint64(0xBF58476D1CE4E5B9)
        hashes += words[place : place + len(hashes)]
    hashes ^= hashes >> np.uint64(27)
    hashes *= np.uint64(0x94D049BB133111EB)
    hashes ^= hashes >> np.uint64(31)
    return hashes


def similar_pairs(signatures: npt.NDArray[np.uint32]) -> Iterator[tuple[int, int, float]]:
    """Yield (a, b, similarity) for rows a < b with an estimated similarity of at least `SIMILAR`, sorted.

    Of many rows with an equal band, each is compared with the first only: they are all similar to it, or the
    band is a coincidence.
    """
    candidates: set[tuple[int, int]] = set()
    width = SIGNATURE_SIZE // _BANDS
    for band in range(_BANDS):
        # One value of 16 bytes per row; sorting puts equal ones next to each other, in the order of the rows.
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
    """Union-find over the numbers 0 to `count` - 1; the smallest member of a cluster represents it."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def find(self, member: int) -> int:
        """Return the smallest number in the cluster of `member`."""
        while self._parent[member] != member:
            self._parent[member] = self._parent[self._parent[member]]
            member = self._parent[member]
        return member

    def join(self, a: int, b: int) -> None:
        """Merge the clusters of `a` and `b`."""
        first, second = sorted((self.find(a), self.find(b)))
        self._parent[second] = first

"""Find stories that have text in common: copies, and stories that contain a part of another.

    for found in overlaps(sketches): found.contained, found.similarity

Stories are compared by their runs of eight words. A sketch has the hashes of a sixteenth of the runs, the smallest, and
of at least 128. As every story keeps the smallest, two sketches estimate how many runs two stories share (FracMinHash:
Irber et al., "Lightweight compositional analysis of metagenomes with FracMinHash", 2022), also if one is a small part
of the other; the standard error for a story of few runs is 0.045.

Limits: of many stories with the same run, each is compared with the `_NEIGHBOURS` that follow it only. Memory is about
30 bytes for each of `_AT_ONCE` hashes; more are compared in several passes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_RUN_WORDS = 8
_SHARE = 1 << 60
"""Hashes below are kept: a sixteenth of all."""
_FEWEST = 128
_NEIGHBOURS = 16
_AT_ONCE = 2_000_000
_CERTAIN = 4
"""Fewer common hashes are taken for chance, unless the smaller sketch has no more."""
_FEW, _FEW_SHARE = 8, 0.1
"""A run in so many stories, or in such a share of them, is not yet boilerplate."""

Hashes = npt.NDArray[np.uint64]

# From splitmix64: they spread the bits of a word over all 64.
_SPREAD = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB), np.uint64(0x9E3779B97F4A7C15))
# By the length of a word, at most 9: which of its first eight bytes count, and whether its last eight do.
_FIRST = np.array([(1 << 8 * min(length, 8)) - 1 for length in range(10)], np.uint64)
_LAST = np.array([0] * 9 + [(1 << 64) - 1], np.uint64)


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two stories, `a` < `b`, have in common: estimates from 0 to 1."""

    a: int
    b: int
    similarity: float
    """The share of all their runs that both have (Jaccard)."""
    contained: float
    """The share of the smaller one's runs that the larger one has."""
    own: float
    """Like `contained`, but only of runs that few other stories have, so that they are no boilerplate."""


def sketch(text: str) -> Hashes:
    """Return the sketch of a text: sorted hashes of some of its runs; of a text without words, none."""
    words = _words(text.encode())
    if not len(words):
        return words
    runs = np.concatenate((words, np.zeros(max(0, _RUN_WORDS - len(words)), np.uint64)))
    for step, factor in zip((1, 2, 4), _SPREAD, strict=True):  # of 2, of 4, of 8 words
        runs = runs[:-step] * factor + runs[step:]
    runs = _spread(runs)
    kept = runs[runs < _SHARE]
    if len(kept) < _FEWEST:
        kept = np.partition(runs, _FEWEST)[:_FEWEST] if len(runs) > _FEWEST else runs
    kept = np.sort(kept)  # np.unique would be slower
    return kept[np.concatenate(([True], kept[1:] != kept[:-1]))]


def _words(text: bytes) -> Hashes:
    """Return a hash of each word, from its length and its first and last eight bytes."""
    padded = b" " * 8 + text + b" " * 8
    solid = np.frombuffer(padded, np.uint8) > ord(" ")
    edges = np.flatnonzero(solid[1:] != solid[:-1]) + 1
    starts, ends = edges[::2], edges[1::2]
    lengths = ends - starts
    eights: Hashes = np.ndarray(len(padded) - 7, "<u8", padded, strides=(1,))
    kinds = np.minimum(lengths, 9)
    firsts, lasts = eights[starts] & _FIRST[kinds], eights[ends - 8] & _LAST[kinds]
    return _spread(firsts * _SPREAD[0] + lasts * _SPREAD[1] + lengths.astype(np.uint64))


def _spread(hashes: Hashes) -> Hashes:
    hashes ^= hashes >> np.uint64(30)
    hashes *= _SPREAD[0]
    hashes ^= hashes >> np.uint64(27)
    hashes *= _SPREAD[1]
    hashes ^= hashes >> np.uint64(31)
    return hashes


def overlaps(sizes: Sequence[int], sketch_of: Callable[[int], Hashes]) -> Iterator[Overlap]:
    """Yield what pairs of stories have in common, sorted, except for what may be chance.

    `sizes` has the length of each story's sketch, and `sketch_of` returns it by the story's number.
    """
    limits = np.full(len(sizes), _SHARE, np.uint64)
    pairs, common, own = _common_hashes(sizes, sketch_of, limits)
    for pair, together, alone in zip(pairs.tolist(), common.tolist(), own.tolist(), strict=True):
        a, b = divmod(pair, len(sizes))
        count_a, count_b = sizes[a], sizes[b]
        if limits[a] != limits[b]:  # they are comparable up to the lower limit
            limit = min(limits[a], limits[b])
            count_a, count_b = (int(np.searchsorted(sketch_of(n), limit, side="right")) for n in (a, b))
        smaller = min(count_a, count_b)
        if together >= min(_CERTAIN, smaller):
            similarity = together / (count_a + count_b - together)
            yield Overlap(a, b, similarity, together / smaller, alone / smaller if alone >= _CERTAIN else 0.0)


def _common_hashes(
    sizes: Sequence[int], sketch_of: Callable[[int], Hashes], limits: Hashes
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return pairs of stories as `a * count + b`, how many hashes each has in common, and how many that few have.

    Sets the limit up to which a sketch has all hashes.
    """
    count = len(sizes)
    few = min(max(_FEW, int(_FEW_SHARE * count)), count // 2)
    passes = np.uint64(1 + sum(sizes) // _AT_ONCE)
    found: list[npt.NDArray[np.int64]] = [np.empty(0, np.int64)]
    rare: list[npt.NDArray[np.bool_]] = [np.empty(0, bool)]
    for n in range(int(passes)):
        parts = []
        for story in range(count):
            hashes = sketch_of(story)
            if len(hashes):
                limits[story] = max(limits[story], hashes[-1])
            parts.append(hashes[hashes % passes == n] if passes > 1 else hashes)
        hashes = np.concatenate([np.empty(0, np.uint64), *parts])
        stories = np.repeat(np.arange(count), [len(part) for part in parts])
        order = np.argsort(hashes, kind="stable")
        hashes, stories = hashes[order], stories[order]
        for lag in range(1, _NEIGHBOURS + 1):
            places = np.flatnonzero(hashes[lag:] == hashes[:-lag])
            if not len(places):
                break
            found.append(stories[places] * count + stories[places + lag])
            # How many stories have the hash is the distance between its first place and its last.
            holders = np.searchsorted(hashes, hashes[places], "right") - np.searchsorted(hashes, hashes[places])
            rare.append(holders <= few)
    pairs, index = np.unique(np.concatenate(found), return_inverse=True)
    own = np.bincount(index, np.concatenate(rare), len(pairs)).astype(np.int64)
    return pairs, np.bincount(index, minlength=len(pairs)), own


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

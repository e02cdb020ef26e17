"""Measure how much of the held-out text is also in the training text.

    share = leaked(held_out=[paragraphs(text)], learned=[paragraphs(other)])

Paragraphs are compared by a digest of 8 bytes, so memory is 12 bytes per held-out paragraph. Short paragraphs are
ignored: "You win." is in many stories and reveals nothing.
"""

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from corpus.scratch_file import Piece
from corpus.turns import PARAGRAPH

SHORTEST = 40
"""Characters of the shortest paragraph that counts."""
TARGET = 0.001
"""The highest share of leaked text that needs no warning."""

PARAGRAPHS = np.dtype([("digest", "<u8"), ("length", "<u4")])
"""A paragraph: its digest, and its length in characters."""
Paragraphs = npt.NDArray[np.void]


def paragraphs(texts: Iterable[str]) -> Paragraphs:
    """Return the paragraphs that count, in order."""
    blocks = [block for text in texts for block in text.split(PARAGRAPH) if len(block) >= SHORTEST]
    found = np.empty(len(blocks), dtype=PARAGRAPHS)
    digests = b"".join(blake2b(block.encode(), digest_size=8).digest() for block in blocks)
    found["digest"] = np.frombuffer(digests, "<u8")
    found["length"] = np.fromiter(map(len, blocks), "<u4", len(blocks))
    return found


def read_paragraphs(piece: Piece) -> Paragraphs:
    """Return paragraphs from a scratch file."""
    return np.frombuffer(piece.read() if piece.length else b"", PARAGRAPHS)


def leaked(held_out: Iterable[Paragraphs], learned: Iterable[Paragraphs]) -> float:
    """Return the share of the held-out characters, 0 to 1, that are in a paragraph which is also among `learned`."""
    rows = np.concatenate([np.empty(0, PARAGRAPHS), *held_out])
    digests = np.unique(rows["digest"])
    found = np.zeros(len(digests), dtype=bool)
    for part in learned:
        index = np.searchsorted(digests, part["digest"])
        index[index == len(digests)] = 0
        if len(digests):
            found[index[digests[index] == part["digest"]]] = True
    total = int(rows["length"].sum(dtype=np.int64))
    in_both = found[np.searchsorted(digests, rows["digest"])]
    return int(rows["length"][in_both].sum(dtype=np.int64)) / total if total else 0.0

"""How much of what is held out can be read in what is learned.

    share = leaked(held_out=[paragraphs(text)], learned=[paragraphs(other)])

Paragraphs are compared by a digest of 8 bytes, so the memory is that of the held-out ones: 12 bytes each. Short
paragraphs are left out: "You win." stands in many stories and gives nothing away.
"""

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from corpus.turns import PARAGRAPH

SHORTEST = 40
"""Characters of a paragraph that counts."""
TARGET = 0.001
"""The share above which a corpus deserves a warning."""

PARAGRAPHS = np.dtype([("digest", "<u8"), ("length", "<u4")])
"""A paragraph: its digest, and its length in characters."""
Paragraphs = npt.NDArray[np.void]


def paragraphs(texts: Iterable[str]) -> Paragraphs:
    """The paragraphs that count, in order."""
    blocks = [block for text in texts for block in text.split(PARAGRAPH) if len(block) >= SHORTEST]
    found = np.empty(len(blocks), dtype=PARAGRAPHS)
    digests = b"".join(blake2b(block.encode(), digest_size=8).digest() for block in blocks)
    found["digest"] = np.frombuffer(digests, "<u8")
    found["length"] = np.fromiter(map(len, blocks), "<u4", len(blocks))
    return found


def leaked(held_out: Iterable[Paragraphs], learned: Iterable[Paragraphs]) -> float:
    """The share of the held-out characters, 0 to 1, that stand in a paragraph which is also among the learned."""
    held = np.concatenate([np.empty(0, PARAGRAPHS), *held_out])
    digests = np.unique(held["digest"])
    known = np.zeros(len(digests), dtype=bool)
    for part in learned:
        place = np.searchsorted(digests, part["digest"])
        place[place == len(digests)] = 0
        if len(digests):
            known[place[digests[place] == part["digest"]]] = True
    total = int(held["length"].sum(dtype=np.int64))
    seen = known[np.searchsorted(digests, held["digest"])]
    return int(held["length"][seen].sum(dtype=np.int64)) / total if total else 0.0

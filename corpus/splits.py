"""Assign stories to training, validation and test.

    split([["the-bell-1f", "the-bell-22"], ["cold-orbit-9a"], …], seed=0)   # {"the-bell-1f": "train", …}

The split of a story depends only on the seed, its own id and the number of stories, so adding a story moves few others.
The similar stories of a cluster stay together.
"""

import hashlib
from collections import deque
from collections.abc import Mapping, Sequence

SPLITS = ("train", "validation", "test")
_SHARE = 0.1


def split(clusters: Sequence[Sequence[str]], seed: int) -> dict[str, str]:
    """Return the split of each story; about a tenth is for validation, and another tenth for the test.

    Needs at least 3 clusters. Each split gets at least one; clusters larger than a tenth are for training if there are
    others to hold out.
    """
    assert len(clusters) >= len(SPLITS)
    size = max(1, round(_SHARE * sum(map(len, clusters))))
    order = deque(sorted(clusters, key=lambda stories: (len(stories) > size, rank(min(stories), seed))))
    split_of = {}
    for name, reserved in (("validation", 2), ("test", 1)):
        count = 0
        while count < size and len(order) > reserved:
            stories = order.popleft()
            count += len(stories)
            split_of.update(dict.fromkeys(stories, name))
    for stories in order:
        split_of.update(dict.fromkeys(stories, "train"))
    return split_of


def split_examples(openings: Mapping[str, bool], seed: int) -> dict[str, str]:
    """Return the split of each example, by name, if there are too few stories; openings are for training if possible.

    `openings` says which examples are openings. It has at least 3 examples, and each split gets at least one.
    """
    assert len(openings) >= len(SPLITS)
    size = max(1, round(_SHARE * len(openings)))
    order = sorted(openings, key=lambda name: (openings[name], rank(name, seed)))
    names = ["validation"] * size + ["test"] * size
    return dict(zip(order, names + ["train"] * (len(order) - len(names)), strict=True))


def rank(name: str, seed: int) -> bytes:
    """Return a sort key that shuffles names, the same way for the same seed."""
    return hashlib.sha256(f"{seed} {name}".encode()).digest()

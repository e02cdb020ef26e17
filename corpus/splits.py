"""Which stories are learned, and which are held out to validate and to test.

    split([["the-bell-1f", "the-bell-22"], ["cold-orbit-9a"], …], seed=0)   # {"the-bell-1f": "train", …}

A story's place depends on the seed and its own id, and on nothing else but how many stories there are: a story that is
added moves few others. Similar stories, a cluster, stay together.
"""

import hashlib
from collections.abc import Mapping, Sequence

SPLITS = ("train", "validation", "test")
_SHARE = 0.1


def split(clusters: Sequence[Sequence[str]], seed: int) -> dict[str, str]:
    """The split of each story; a tenth of them validates, another tests.

    There are at least 3 clusters, and each split has at least one. Clusters larger than a tenth are learned where there
    are others to hold out.
    """
    assert len(clusters) >= len(SPLITS)
    held = max(1, round(_SHARE * sum(map(len, clusters))))
    order = sorted(clusters, key=lambda stories: (len(stories) > held, rank(min(stories), seed)))
    place = {}
    for name, reserved in (("validation", 2), ("test", 1)):
        count = 0
        while count < held and len(order) > reserved:
            stories = order.pop(0)
            count += len(stories)
            place.update(dict.fromkeys(stories, name))
    for stories in order:
        place.update(dict.fromkeys(stories, "train"))
    return place


def split_examples(openings: Mapping[str, bool], seed: int) -> dict[str, str]:
    """The split of each example, by name, for want of stories; those that are openings are learned if they can be.

    `openings` has at least 3 examples. Each split has at least one.
    """
    assert len(openings) >= len(SPLITS)
    held = max(1, round(_SHARE * len(openings)))
    order = sorted(openings, key=lambda name: (openings[name], rank(name, seed)))
    names = ["validation"] * held + ["test"] * held
    return dict(zip(order, names + ["train"] * (len(order) - len(names)), strict=True))


def rank(name: str, seed: int) -> bytes:
    """A place in a line that is shuffled by chance, the same each time."""
    return hashlib.sha256(f"{seed} {name}".encode()).digest()

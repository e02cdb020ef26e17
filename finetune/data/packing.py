"""Several short rows in one row: no padding, and every batch of one shape.

    packed = pack(rows, length=512)

In a packed row `position_ids` start again at 0 with each of the rows in it. transformers' models take that as a border
that attention does not cross, so each row has the loss that it has alone. The price is an attention mask, which the
fastest attention kernels don't take.
"""

import bisect
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from finetune.data.rows import IGNORED, Row


def padding_share(rows: Sequence[Row], length: int) -> float:
    """Return what share of all tokens would be padding if each row were padded to `length`."""
    return 1 - sum(len(row["input_ids"]) for row in rows) / (length * len(rows))


def pack(rows: Sequence[Row], length: int) -> list[Row]:
    """Return the rows, none longer than `length`, in few rows of at most `length` tokens; each row stays whole.

    Longest first, each goes where it leaves the least room (best-fit decreasing; Johnson and others 1974: at most 11/9
    of the fewest possible, and 4 more). The same rows give the same packing.
    """
    packed: list[list[Row]] = []
    by_room: defaultdict[int, list[list[Row]]] = defaultdict(list)
    rooms: list[int] = []  # the keys of by_room, sorted
    for row in sorted(rows, key=lambda row: len(row["input_ids"]), reverse=True):
        size = len(row["input_ids"])
        place = bisect.bisect_left(rooms, size)
        if place < len(rooms):
            room = rooms[place]
            members = by_room[room].pop()
            if not by_room[room]:
                del by_room[room], rooms[place]
        else:
            room, members = length, []
            packed.append(members)
        members.append(row)
        if left := room - size:
            if left not in by_room:
                bisect.insort(rooms, left)
            by_room[left].append(members)
    return [_join(members) for members in packed]


def _join(rows: Sequence[Row]) -> Row:
    lengths = [len(row["input_ids"]) for row in rows]
    labels = np.concatenate([row["labels"] for row in rows])
    labels[np.cumsum([0, *lengths[:-1]])] = IGNORED  # a row's first token is not predicted from the row before it
    return Row(
        input_ids=np.concatenate([row["input_ids"] for row in rows]),
        labels=labels,
        position_ids=np.concatenate([np.arange(length, dtype=np.int32) for length in lengths]),
    )

"""Short rows share a longer one: no padding, and every batch of one shape.

    rows = pack_where_it_pays(rows, length, base)

In a packed row `position_ids` begin again at 0 with each of the rows in it. transformers' models read that as a border
that attention does not cross, so each row has the loss that it has alone; `keeps_apart` makes sure of it. The price is
an attention mask, which the fastest attention kernels don't take: where rows are long enough already, it isn't paid.
"""

import bisect
import inspect
from collections import defaultdict
from collections.abc import Sequence

import torch
from accelerate import PartialState  # type: ignore[import-untyped]
from peft import PeftModel
from torch import Tensor, nn

from finetune.data.rows import IGNORED, Row
from finetune.models.base import Base
from finetune.training.work_folder import narrate

_WASTE = 0.1
"""Share of padding above which rows are packed."""


def pack_where_it_pays(rows: list[Row], length: int, base: Base) -> list[Row]:
    """The rows packed, where more than a tenth would be padding otherwise and the base keeps packed rows apart."""
    if padding(rows, length) <= _WASTE:
        return rows
    apart = keeps_apart(base.model)
    packed = pack(rows, length) if apart else rows
    if PartialState().is_main_process:
        narrate(
            f"{len(rows)} rows are packed into {len(packed)} of at most {length} tokens."
            if apart
            else f"{base.name} would let packed rows see each other, so they are not packed."
        )
    return packed


def padding(rows: Sequence[Row], length: int) -> float:
    """What share of all tokens would be padding if each row were padded to `length`."""
    return 1 - sum(len(row["input_ids"]) for row in rows) / (length * len(rows))


def pack(rows: Sequence[Row], length: int) -> list[Row]:
    """The rows, none of them longer than `length`, in as few rows of at most `length` tokens as best-fit finds.

    Longest first, each goes where it leaves the least room (best-fit decreasing; Johnson and others 1974: at most 11/9
    of the fewest possible). Each row stays whole; the same rows give the same packing.
    """
    shared: list[list[Row]] = []
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
            shared.append(members)
        members.append(row)
        if left := room - size:
            if left not in by_room:
                bisect.insort(rooms, left)
            by_room[left].append(members)
    return [_join(members) for members in shared]


def _join(rows: Sequence[Row]) -> Row:
    return Row(
        input_ids=[token for row in rows for token in row["input_ids"]],
        # A row's first token has nothing before it to be predicted from: least of all the row before it here.
        labels=[label for row in rows for label in (IGNORED, *row["labels"][1:])],
        position_ids=[place for row in rows for place in range(len(row["input_ids"]))],
    )


@torch.no_grad()
def keeps_apart(model: nn.Module) -> bool:
    """Whether the model, as it is, keeps the rows of a packed row apart: tried on a dozen tokens."""
    inner = model.get_base_model() if isinstance(model, PeftModel) else model
    if "position_ids" not in inspect.signature(inner.forward).parameters:
        return False
    device = next(model.parameters()).device
    before, other, row = torch.arange(1, 5), torch.arange(5, 9), torch.arange(9, 17)
    positions = torch.cat([torch.arange(4), torch.arange(8)])

    def logits(ids: Tensor, places: Tensor) -> Tensor:
        made: Tensor = model(
            input_ids=ids[None].to(device), position_ids=places[None].to(device), use_cache=False
        ).logits
        return made[0, -8:].float()

    training = model.training
    model.eval()
    alone = logits(row, torch.arange(8))
    beside, beside_other = (logits(torch.cat([first, row]), positions) for first in (before, other))
    model.train(training)
    return torch.equal(beside, beside_other) and bool((beside - alone).abs().max() < 0.01 * alone.std())

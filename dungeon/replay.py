"""`dungeon replay`: tells the turns of an adventure again and says which come out the same.

    replayed = await run_replay(shelf, storyteller, adventure_id, print)
    replayed.differ                       # 0: all that can be compared agree

Each turn on the way to the head is asked for as it was: with the turns before it as they stand, the lore that was in
force, and the sampling, seed and budget that the shelf has kept. The prompt is compared first, by its hash: where the
program has changed it, another answer says nothing. A turn that was prepared while the player read was told in two
parts (`dungeon.ahead`), so one that comes out different in one part is tried in two. Of a turn that the player stopped,
what came is compared.

Limits: the last digits of what an engine computes hang on what it had cached, and now and then a word on these digits.
A turn that goes on sensibly from where it differs is of that sort.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from dungeon.ahead import first_words
from dungeon.prompt import build_prompt
from dungeon.shelf import Shelf, Told
from dungeon.storyteller.open import Storyteller
from dungeon.storyteller.voices import Sampling
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.telling import How, Pace, tell


@dataclass(slots=True)
class Replayed:
    """How many turns came to what."""

    agree: int = 0
    differ: int = 0
    other_voice: int = 0
    other_prompt: int = 0
    by_hand: int = 0
    """Written or edited by the player, copied below an edit, or empty: nothing to tell again."""

    def __str__(self) -> str:
        """The summary."""
        compared = self.agree + self.differ
        told = f"{self.agree} of {compared} turns agree." if compared else "No turn could be compared."
        passed = [
            f"{count} {what}"
            for count, what in (
                (self.other_prompt, "with another prompt"),
                (self.other_voice, "by another voice"),
                (self.by_hand, "by hand or empty"),
            )
            if count
        ]
        return told + (f" Not compared: {', '.join(passed)}." if passed else "")


async def run_replay(
    shelf: Shelf, storyteller: Storyteller, adventure_id: int, out: Callable[[str], object]
) -> Replayed:
    """Tells every turn on the way to the adventure's head again; `out` gets a line a turn, and a summary.

    Raises:
        DungeonError: there is no such adventure, or the storyteller failed.
    """
    adventure = shelf.open(adventure_id)
    replayed = Replayed()
    await storyteller.start()
    for number, node in enumerate(adventure.path(), 1):
        told = shelf.how(node.id)
        if node.edit_of is not None or not told.voice or not node.prose:
            replayed.by_hand += 1
            continue
        # As it stood when the turn began.
        adventure.move(node.id)
        adventure.replace(replace(node, prose=""))
        adventure.lore = adventure.lore if told.lore is None else shelf.lore(told.lore)
        out(f"{number:5}  {await _verdict(storyteller, adventure, node, told, replayed)}")
        adventure.replace(node)
    out(str(replayed))
    return replayed


async def _verdict(storyteller: Storyteller, adventure: Adventure, node: Node, told: Told, replayed: Replayed) -> str:
    """What comes of telling `node` again, which stands in the adventure without its prose."""
    if told.voice != storyteller.name or (told.adapter and told.adapter != storyteller.fingerprint):
        replayed.other_voice += 1
        return f"another voice: {told.voice} {told.adapter[:12]}".rstrip()
    try:
        how = How(msgspec.json.decode(told.sampling, type=Sampling), told.seed, told.budget)
    except msgspec.DecodeError:
        replayed.other_prompt += 1
        return "another dungeon: this one can't read how it was told"
    blank = adventure.nodes[node.id]
    prompt = build_prompt(adventure, blank, how.budget)
    if told.prompt and told.prompt != hashlib.sha256(prompt.encode()).hexdigest():
        replayed.other_prompt += 1
        return "another prompt: the text or the program has changed"
    whole = node.state is State.DONE
    came = await _again(storyteller, adventure, blank, how, parted=False)
    in_two = came
    if not _agrees(node.prose, came, whole=whole):
        in_two = await _again(storyteller, adventure, blank, how, parted=True)
    if _agrees(node.prose, in_two, whole=whole):
        replayed.agree += 1
        return "agrees"
    replayed.differ += 1
    same = max(_same(node.prose, came[-1]), _same(node.prose, in_two[-1]))
    return f"differs at character {same + 1} of {len(node.prose)}"


async def _again(storyteller: Storyteller, adventure: Adventure, node: Node, how: How, *, parted: bool) -> list[str]:
    """The turn as it grew, the last being all of it; told in two parts, if `parted`."""
    came = [""]

    def heard(prose: str, _: Pace) -> None:
        came.append(prose)

    begun = await first_words(storyteller, adventure, node, how, lambda _: None) if parted else ""
    answer = await tell(storyteller, adventure, node, how, heard, begun=begun)
    return [*came, answer.prose]


def _agrees(prose: str, came: list[str], *, whole: bool) -> bool:
    return prose == came[-1] if whole else any(growing.startswith(prose) for growing in came)


def _same(one: str, other: str) -> int:
    """How many characters the two have in common at the beginning."""
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )

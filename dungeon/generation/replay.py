"""`dungeon replay`: tells the turns of an adventure again and says which come out the same.

    replayed = await run_replay(shelf, storyteller, adventure_id, print)
    replayed.differ                       # 0: all that can be compared agree

Each turn on the way to the head is asked for as it was: with the turns before it as they stand, the lore that was in
force, and the sampling, seed and budget that the shelf has kept. The prompt is compared first, by its hash: where the
program has changed it, another answer says nothing. A turn that was prepared while the player read was told in two
parts (`dungeon.generation.prefetch`), so one that comes out different in one part is tried in two. Of a turn that the player stopped,
what came is compared.

Limits: the last digits of what an engine computes hang on what it had cached, and now and then a word on these digits.
A turn that goes on sensibly from where it differs is of that sort.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from dungeon.generation.generate import GenerationParams, StreamStats
from dungeon.generation.prefetch import first_words, generate_prefilled, prefill_timeline
from dungeon.storage.shelf import GenerationRecord, Shelf
from dungeon.storyteller.open import Storyteller
from dungeon.storyteller.sampling import Sampling
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.context import build_prompt, context_to_continue
from dungeon.tale.lore import Lore


@dataclass(slots=True)
class Replayed:
    """How many turns came to what."""

    agree: int = 0
    differ: int = 0
    other_voice: int = 0
    other_prompt: int = 0
    by_hand: int = 0
    """Written or edited by the player, stopped and finished, copied below an edit, or empty: not to be told again."""

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


@dataclass(frozen=True, slots=True)
class _Case:
    """A turn that can be told again."""

    number: int
    node: Node
    lore: Lore
    how: GenerationParams


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
    cases: list[_Case] = []
    differ: list[_Case] = []
    for number, node in enumerate(adventure.path(), 1):
        told = shelf.generation_record(node.id)
        finished_later = node.state is State.DONE and not told.prompt
        if node.edit_of is not None or not told.voice or not node.prose or finished_later:
            replayed.by_hand += 1
            continue
        lore = adventure.lore if told.lore is None else shelf.lore(told.lore)
        case = _case(storyteller, adventure, number, node, told, lore, replayed)
        if isinstance(case, _Case):
            cases.append(case)
            differs = await _differs(storyteller, adventure, case, paused=True)
            if differs:
                differ.append(case)
            out(f"{number:5}  {differs or 'agrees'}")
        else:
            out(f"{number:5}  {case}")
    if differ:
        out("Some differ. All of them once more, without the pauses:")
    for case in cases if differ else ():
        differs = await _differs(storyteller, adventure, case, paused=False)
        if case in differ:
            if not differs:
                differ.remove(case)
            out(f"{case.number:5}  {differs or 'agrees'}")
    replayed.differ = len(differ)
    replayed.agree = len(cases) - len(differ)
    out(str(replayed))
    return replayed


def _case(
    storyteller: Storyteller,
    adventure: Adventure,
    number: int,
    node: Node,
    told: GenerationRecord,
    lore: Lore,
    replayed: Replayed,
) -> _Case | str:
    """The turn as it was told, or why it can't be compared."""
    if told.voice != storyteller.name or (told.adapter and told.adapter != storyteller.fingerprint):
        replayed.other_voice += 1
        return f"another voice: {told.voice} {told.adapter[:12]}".rstrip()
    try:
        how = GenerationParams(msgspec.json.decode(told.sampling, type=Sampling), told.seed, told.budget)
    except msgspec.DecodeError:
        replayed.other_prompt += 1
        return "another dungeon: this one can't read how it was told"
    adventure.lore = lore
    prompt = build_prompt(adventure, replace(node, prose=""), how.budget)
    if told.prompt and told.prompt != hashlib.sha256(prompt.encode()).hexdigest():
        replayed.other_prompt += 1
        return "another prompt: the text or the program has changed"
    return _Case(number, node, lore, how)


async def _differs(storyteller: Storyteller, adventure: Adventure, case: _Case, *, paused: bool) -> str:
    """Where the turn comes out another, told as after a pause or right after the last one; "" if it agrees."""
    node = case.node
    adventure.lore = case.lore
    if paused:
        adventure.move(node.parent)
        tale = context_to_continue(adventure, case.how.budget).text
        await prefill_timeline(storyteller, tale, adventure, case.how.sampling)
    blank = replace(node, prose="")
    adventure.replace(blank)
    adventure.move(node.id)
    places: list[int] = []
    for parted in (False, True) if paused else (False,):
        place = _place(node, await _again(storyteller, adventure, blank, case.how, parted=parted))
        places.append(place)
        if not place:
            break
    adventure.replace(node)
    return f"differs at character {max(places)} of {len(node.prose)}" if all(places) else ""


async def _again(
    storyteller: Storyteller, adventure: Adventure, node: Node, how: GenerationParams, *, parted: bool
) -> list[str]:
    """The turn as it grew, the last being all of it; told in two parts, if `parted`."""
    came = [""]

    def heard(prose: str, _: StreamStats) -> None:
        came.append(prose)

    begun = await first_words(storyteller, adventure, node, how, lambda _: None) if parted else ""
    answer = await generate_prefilled(storyteller, adventure, node, how, heard, begun=begun)
    return [*came, answer.prose]


def _place(node: Node, came: list[str]) -> int:
    """The first character, counted from 1, in which what came is another prose than the node's; 0 if it is the same."""
    told = came[-1]
    if told == node.prose or (node.state is not State.DONE and any(prose.startswith(node.prose) for prose in came)):
        return 0
    return 1 + next((at for at, (a, b) in enumerate(zip(node.prose, told, strict=False)) if a != b), len(told))

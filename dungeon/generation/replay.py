"""`dungeon replay`: generates the turns of an adventure again and says which come out the same.

    result = await run_replay(shelf, storyteller, adventure_id, print)
    result.differ                       # 0: every turn that can be compared agrees

Each turn on the path to the head is requested as it was: with the turns before it, the lore in force at the time, and
the sampling, seed and budget that the shelf has recorded. The prompt is compared first, by its hash: if the program now
makes another prompt, another answer means nothing. A turn that was prefetched was generated in two phases
(`dungeon.generation.prefetch`), so one that differs when generated in one phase is tried in two. Of a turn that the
player stopped, the prose that came is compared.

Limits: the last digits of what an engine computes depend on what it had cached, and now and then a word depends on
these digits. A turn that goes on sensibly from where it differs is of that sort.
"""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from dungeon.generation.generate import StreamStats, generate, turn_policy, turn_request
from dungeon.generation.prefetch import first_words
from dungeon.generation.prefill import prefill_context
from dungeon.storage.record import GenerationRecord
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.protocol import Storyteller
from dungeon.storyteller.request import GenerationParams, GenerationRequest
from dungeon.storyteller.sampling import Sampling
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.context import build_context, context_to_continue
from dungeon.tale.lore import Lore
from dungeon.tale.prompt_format import PromptFormat, with_instructions

OTHER_PROMPT = "with another prompt"
OTHER_VOICE = "by another voice"
NOT_GENERATED = "written by hand or empty"
"""Written or edited by the player, stopped and finished later, copied below an edit, or without prose."""


@dataclass(slots=True)
class ReplayResult:
    """How many turns came out how."""

    agree: int
    differ: int
    skipped: Counter[str]
    """Turns that could not be compared, by the reason."""

    def __str__(self) -> str:
        compared = self.agree + self.differ
        text = f"{self.agree} of {compared} turns agree." if compared else "No turn could be compared."
        reasons = [
            f"{self.skipped[why]} {why}" for why in (OTHER_PROMPT, OTHER_VOICE, NOT_GENERATED) if self.skipped[why]
        ]
        return text + (f" Not compared: {', '.join(reasons)}." if reasons else "")


@dataclass(frozen=True, slots=True)
class _Case:
    """A turn that can be generated again."""

    number: int
    node: Node
    lore: Lore
    params: GenerationParams


class _Skipped(Exception):
    """A turn that can't be compared: the reason, and what to print."""

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.message = message


async def run_replay(
    shelf: Shelf, storyteller: Storyteller, adventure_id: int, out: Callable[[str], object], instructions: str = ""
) -> ReplayResult:
    """Generates every turn on the path to the adventure's head again; `out` gets a line a turn, and a summary.

    `instructions` are the player's, for adventures without their own.

    Raises:
        DungeonError: there is no such adventure, or the storyteller failed.
    """
    adventure = shelf.open(adventure_id)
    await storyteller.start()
    prompt_format = with_instructions(storyteller.prompt_format, instructions)
    cases: list[_Case] = []
    differing: list[_Case] = []
    skipped = Counter[str]()
    for number, node in enumerate(adventure.path(), 1):
        try:
            case = _case(shelf, storyteller, prompt_format, adventure, number, node)
        except _Skipped as skip:
            skipped[skip.reason] += 1
            if skip.message:
                out(f"{number:5}  {skip.message}")
            continue
        cases.append(case)
        difference = await _difference(storyteller, adventure, case, after_a_pause=True)
        if difference:
            differing.append(case)
        out(f"{number:5}  {difference or 'agrees'}")
    if differing:
        differing = await _replay_without_pauses(storyteller, adventure, cases, differing, out)
    result = ReplayResult(len(cases) - len(differing), len(differing), skipped)
    out(str(result))
    return result


async def _replay_without_pauses(
    storyteller: Storyteller,
    adventure: Adventure,
    cases: list[_Case],
    differing: list[_Case],
    out: Callable[[str], object],
) -> list[_Case]:
    """All turns once more, as if the player had never paused between them; those that differ still."""
    out("Some differ. All of them once more, without the pauses:")
    still: list[_Case] = []
    for case in cases:
        difference = await _difference(storyteller, adventure, case, after_a_pause=False)
        if case in differing:
            out(f"{case.number:5}  {difference or 'agrees'}")
            still += [case] if difference else []
    return still


def _case(
    shelf: Shelf,
    storyteller: Storyteller,
    prompt_format: PromptFormat,
    adventure: Adventure,
    number: int,
    node: Node,
) -> _Case:
    """The turn, with what it was generated with. Raises _Skipped if it can't be compared."""
    record = shelf.generation_record(node.id)
    finished_later = node.state is State.DONE and not record.prompt
    if node.edit_of is not None or not record.voice or not node.prose or finished_later:
        raise _Skipped(NOT_GENERATED)
    if record.voice != storyteller.name or (record.adapter and record.adapter != storyteller.fingerprint):
        raise _Skipped(OTHER_VOICE, f"another voice: {record.voice} {record.adapter[:12]}".rstrip())
    params = replace(_params(record), prompt_format=prompt_format)
    lore = adventure.lore if record.lore is None else shelf.lore(record.lore)
    prompt = build_context(adventure, replace(node, prose=""), params.budget, lore, prompt_format).text
    if record.prompt and record.prompt != hashlib.sha256(prompt.encode()).hexdigest():
        raise _Skipped(OTHER_PROMPT, "another prompt: the text or the program has changed")
    return _Case(number, node, lore, params)


def _params(record: GenerationRecord) -> GenerationParams:
    try:
        return GenerationParams(msgspec.json.decode(record.sampling, type=Sampling), record.seed, record.budget)
    except msgspec.DecodeError:
        raise _Skipped(OTHER_PROMPT, "another dungeon: this one can't read its sampling") from None


async def _difference(storyteller: Storyteller, adventure: Adventure, case: _Case, *, after_a_pause: bool) -> str:
    """Where the turn differs when it is generated after a pause, or right after the one before; "" if it agrees."""
    node, params = case.node, case.params
    adventure.lore = case.lore
    blank = replace(node, prose="")
    if after_a_pause:
        adventure.move(node.parent)
        context = context_to_continue(adventure, params.budget, None, params.prompt_format)
        await prefill_context(storyteller, GenerationRequest(context, "", params, max_tokens=1))
    adventure.replace(blank)
    adventure.move(node.id)
    places: list[int] = []
    for in_two_phases in (False, True) if after_a_pause else (False,):
        versions = await _generate_again(storyteller, adventure, blank, params, in_two_phases=in_two_phases)
        places.append(_first_difference(node, versions))
        if not places[-1]:
            break
    adventure.replace(node)
    return f"differs at character {max(places)} of {len(node.prose)}" if all(places) else ""


async def _generate_again(
    storyteller: Storyteller, adventure: Adventure, node: Node, params: GenerationParams, *, in_two_phases: bool
) -> list[str]:
    """The turn's prose as it grew, the last being all of it."""
    versions = [""]

    def on_prose(prose: str, _: StreamStats) -> None:
        versions.append(prose)

    request = turn_request(adventure, node, params)
    if in_two_phases:
        request = replace(request, prefix=await first_words(storyteller, request, lambda _: None))
    turn = await generate(storyteller, request, turn_policy(adventure, node, params), on_prose)
    return [*versions, turn.prose]


def _first_difference(node: Node, versions: list[str]) -> int:
    """The first character, from 1, in which the generated prose differs from the node's; 0 if it is the same."""
    prose = versions[-1]
    stopped_early = node.state is not State.DONE and any(version.startswith(node.prose) for version in versions)
    if prose == node.prose or stopped_early:
        return 0
    return 1 + next((at for at, (a, b) in enumerate(zip(node.prose, prose, strict=False)) if a != b), len(prose))

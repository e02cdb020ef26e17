"""Fills the engine's prefix cache, so that a turn starts at once and can be generated again.

What an engine caches of a token that it generated differs, in the last digits, from what it caches of one that it read
as part of a prompt, and a few digits soon make another story. So where the engine is deterministic in reading
(`Capabilities.deterministic_prefill`), text that it generated is read again before anything is generated behind it:
half a second's work for a turn, done while the player reads. Then a turn depends on its prompt and seed alone.
"""

from dataclasses import replace

from dungeon.storyteller.protocol import Storyteller
from dungeon.storyteller.request import GenerationRequest
from dungeon.tale.context import Context, PartKind


async def prefill_context(storyteller: Storyteller, request: GenerationRequest) -> None:
    """Has the storyteller read the request's prompt, its last turn again if it has generated that.

    Raises:
        DungeonError: the storyteller failed.
    """
    before = _before_last_turn(request.context)
    if before and storyteller.capabilities.deterministic_prefill:
        await storyteller.evict_suffix(before)
    async for _ in storyteller.stream(replace(request, max_tokens=1)):
        pass


def _before_last_turn(context: Context) -> str:
    """The prompt up to the last turn that is in it; "" where there is none."""
    parts = [part for part in context.parts if part.included]
    turns = [number for number, part in enumerate(parts) if part.kind is PartKind.TURN]
    return "".join(part.text for part in parts[: turns[-1]]) if turns else ""


async def force_prefill(storyteller: Storyteller, prompt: str) -> None:
    """Sees to it that the end of the prompt, and all behind it, will be read, where the cache already holds all of it.

    Of a prompt that it holds whole, an engine computes the last token once more, alone, which is like generating it.
    """
    if storyteller.capabilities.deterministic_prefill and storyteller.cached_text.startswith(prompt):
        await storyteller.evict_suffix(prompt)

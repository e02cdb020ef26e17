"""Generation requests for a bare text, without an adventure."""

from dungeon.storyteller.request import GenerationParams, GenerationRequest
from dungeon.storyteller.sampling import Sampling
from dungeon.tale.context import Context, Part, PartKind


def completion(
    prompt: str, sampling: Sampling | None = None, *, max_tokens: int = 100, seed: int = 7
) -> GenerationRequest:
    """A request whose prompt is this text."""
    part = Part(PartKind.OPENING, "Opening", prompt, included=True, reason="always")
    params = GenerationParams(sampling or Sampling(), seed, budget=2000)
    return GenerationRequest(Context((part,), 2000, "", 0), "", params, max_tokens)

"""Generation requests for a bare text, without an adventure, and a client that sends them."""

from dungeon.storyteller.request import GenerationParams, GenerationRequest
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.servers.address import parse_address
from dungeon.storyteller.servers.completions import LlamaCpp
from dungeon.storyteller.servers.http import Connection
from dungeon.tale.context import Context, Part, PartKind


def completion(
    prompt: str, sampling: Sampling | None = None, *, max_tokens: int = 100, seed: int = 7
) -> GenerationRequest:
    """A request whose prompt is this text."""
    part = Part(PartKind.OPENING, "Opening", prompt, included=True, reason="always")
    params = GenerationParams(sampling or Sampling(), seed, budget=2000)
    return GenerationRequest(Context((part,), 2000, "", 0), "", params, max_tokens)


def llama_cpp(url: str, model: str, key: str | None = None) -> LlamaCpp:
    """A client of llama.cpp's server, as the game speaks to its own engine."""
    return LlamaCpp(Connection(parse_address(url), key), model)

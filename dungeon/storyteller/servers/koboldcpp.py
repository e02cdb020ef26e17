"""KoboldCpp: raw text by `/v1/completions`, with sampler names and a token counter of its own.

It generates for one request at a time. A request that comes while it still reads the prompt of another waits in its
queue, or is refused with 503; it notices that a client has left only when it writes. So a request that follows one
left early first asks it to abort, and a busy server is asked again for a while.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import ClassVar

from dungeon.errors import StorytellerError
from dungeon.storyteller.capabilities import Capabilities
from dungeon.storyteller.request import GenerationRequest
from dungeon.storyteller.servers.client import COUNT_SECONDS
from dungeon.storyteller.servers.completions import STANDARD_SAMPLING, LlamaCpp
from dungeon.storyteller.servers.http import Connection, Refusal
from dungeon.storyteller.servers.models import below

_BUSY = 503
_DRY = ("dry_multiplier", "dry_base", "dry_allowed_length", "dry_penalty_last_n")
_SAME = ("top_k", "min_p", *_DRY, "xtc_probability", "xtc_threshold")


class KoboldCpp(LlamaCpp):
    """A KoboldCpp server and the model that it was started with."""

    capabilities = Capabilities(raw_text=True, counts_tokens=True)
    sampling_names = {
        **STANDARD_SAMPLING,
        **{name: name for name in _SAME},
        "repeat_penalty": "rep_pen",
        "repeat_last_n": "rep_pen_range",
    }
    extra = {}
    busy_seconds: ClassVar[tuple[float, ...]] = (0.25, 0.5, 1.0, 2.0)
    """How long to wait before each new attempt while the server is busy."""

    def __init__(self, connection: Connection, model: str, context_size: int | None = None) -> None:
        super().__init__(connection, model, context_size)
        self._key = f"dungeon{secrets.randbelow(10**6)}"
        """Names our requests, so that aborting ours never aborts somebody else's."""
        self._left_early = False

    def body(self, request: GenerationRequest) -> dict[str, object]:
        """See `CompletionsClient.body`."""
        return super().body(request) | {"genkey": self._key}

    async def _pieces(self, body: dict[str, object]) -> AsyncGenerator[str]:
        if self._left_early:
            with suppress(StorytellerError):
                await self.connection.post_json(f"{self.url}/api/extra/abort", {"genkey": self._key}, COUNT_SECONDS)
        self._left_early = True
        for seconds in (*self.busy_seconds, None):
            try:
                async with aclosing(super()._pieces(body)) as pieces:
                    async for piece in pieces:
                        yield piece
                break
            except Refusal as refusal:
                if refusal.status != _BUSY or seconds is None:
                    self._left_early = False
                    raise
                await asyncio.sleep(seconds)
        self._left_early = False

    async def _count(self, text: str) -> object:
        body = {"prompt": text, "special": False}
        return below(await self.connection.post_json(f"{self.url}/api/extra/tokencount", body, COUNT_SECONDS), "value")

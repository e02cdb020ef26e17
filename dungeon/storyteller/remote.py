"""A server that somebody else runs, at `--endpoint URL --model NAME`. Its key is in the variable DUNGEON_API_KEY."""

import os
from collections.abc import AsyncGenerator, Sequence

from dungeon.storyteller.client import Client
from dungeon.storyteller.request import GenerationRequest
from dungeon.storyteller.sampling import Sampling

_CONTEXT_SIZE = 2048
"""Tokens. The API does not tell; this is small enough for any server worth playing."""


class RemoteStoryteller:
    """A `Storyteller` that needs no starting."""

    def __init__(self, url: str, model: str) -> None:
        self.name = model
        self.context_size = _CONTEXT_SIZE
        self.sampling = Sampling()
        self.deterministic_prefill = False
        self.fingerprint = ""
        self._client = Client(url, model, os.environ.get("DUNGEON_API_KEY"))
        self.is_local = self._client.is_local

    @property
    def cached_tokens(self) -> int | None:
        """See `Client.cached_tokens`."""
        return self._client.cached_tokens

    @property
    def cached_text(self) -> str:
        """See `Client.cached_text`."""
        return self._client.cached_text

    async def start(self) -> None:
        """Nothing to start."""

    def stream(self, request: GenerationRequest) -> AsyncGenerator[str]:
        """See `Client.stream`."""
        return self._client.stream(request)

    async def evict_suffix(self, prompt: str) -> None:
        """See `Client.evict_suffix`."""
        await self._client.evict_suffix(prompt)

    async def count_tokens(self, texts: Sequence[str]) -> list[int] | None:
        """See `Client.count_tokens`."""
        return await self._client.count_tokens(texts)

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()

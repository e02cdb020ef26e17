"""A server that somebody else runs, at `--endpoint URL --model NAME`. Its key is in the variable DUNGEON_API_KEY."""

import os

from dungeon.storyteller.http_client import Client
from dungeon.storyteller.sampling import Sampling
from dungeon.tale.prompt_format import TALE, PromptFormat

_CONTEXT_SIZE = 2048
"""Tokens. The API does not tell; this is small enough for any server worth playing."""


class RemoteStoryteller(Client):
    """A `Storyteller` that needs no starting."""

    deterministic_prefill = False
    fingerprint = ""

    def __init__(self, url: str, model: str) -> None:
        super().__init__(url, model, os.environ.get("DUNGEON_API_KEY"))
        self.name = model
        self.context_size = _CONTEXT_SIZE
        self.sampling = Sampling()
        self.prompt_format: PromptFormat = TALE

    async def start(self) -> None:
        """Nothing to start."""

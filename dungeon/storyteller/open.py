"""Which storyteller the player asked for."""

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.voices import DEFAULT_VOICE, find_voice


class Storyteller(Protocol):
    """What the session needs of a storyteller."""

    name: str
    context: int
    sampling: Sampling
    own: bool
    """Whether it runs on this machine, so that asking for more than the player did costs nobody anything."""
    exact: bool
    """Whether what it computes for a text is the same to the last digit in whatever pieces it reads it."""
    fingerprint: str
    """sha256 of what makes the voice: its adapter, or else its weights; "" while that is not known."""

    @property
    def cached(self) -> int | None:
        """Tokens of the last prompt that had been read before; None while that is not told."""

    @property
    def held(self) -> str:
        """The last prompt and what followed it: what can be gone on from without reading it again."""

    async def start(self) -> None:
        """Returns when it can be asked."""

    def stream(self, prompt: str, sampling: Sampling, *, max_tokens: int, seed: int) -> AsyncGenerator[str]:
        """The text that follows `prompt`, in pieces."""

    async def count(self, texts: Sequence[str]) -> list[int] | None:
        """The tokens of each text; None where nobody can tell."""

    async def close(self) -> None:
        """Lets go of everything it holds."""


def open_storyteller(voice: str | None, endpoint: str | None, model: str | None) -> Storyteller:
    """A storyteller for these options, not yet started.

    Raises:
        DungeonError: there is no such voice, or its files are not whole.
    """
    if endpoint and model:
        from dungeon.storyteller.client import RemoteStoryteller

        return RemoteStoryteller(endpoint, model)
    from dungeon.storyteller.local import LocalStoryteller

    return LocalStoryteller(find_voice(voice or DEFAULT_VOICE))

"""No storyteller: for `dungeon read`, where the author answers everything."""

from collections.abc import AsyncGenerator, Callable, Sequence

from dungeon.errors import DungeonError
from dungeon.storyteller.capabilities import Capabilities
from dungeon.storyteller.request import GenerationRequest
from dungeon.storyteller.sampling import Sampling
from dungeon.tale.prompt_format import TALE, PromptFormat


class NoStoryteller:
    """A `Storyteller` that is always ready and can't be asked for anything."""

    def __init__(self) -> None:
        self.name = "reading"
        self.context_size = 4096
        self.sampling = Sampling()
        self.is_local = True
        self.prompt_format: PromptFormat = TALE
        self.fingerprint = ""
        self.capabilities = Capabilities(raw_text=True, counts_tokens=False)
        self.cached_tokens: int | None = None
        self.cached_text = ""
        self.is_ready = True
        self.on_notice: Callable[[str], object] = lambda text: None

    async def start(self) -> None:
        """There is nothing to start."""

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[str]:
        """Raises DungeonError: nobody answers."""
        raise DungeonError("You are reading, without a voice: only the author answers. `dungeon` plays with one.")
        yield ""  # makes it a generator

    async def evict_suffix(self, prompt: str) -> None:
        """Nothing is cached."""

    async def count_tokens(self, texts: Sequence[str]) -> list[int] | None:
        """Nobody counts."""
        return None

    async def close(self) -> None:
        """There is nothing to end."""

"""What the game needs of a storyteller, wherever it runs.

    await storyteller.start()
    async for piece in storyteller.stream(request): ...
    await storyteller.close()

Leaving the loop, or cancelling the task, stops the generation.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Protocol

from dungeon.storyteller.capabilities import Capabilities
from dungeon.storyteller.request import GenerationRequest
from dungeon.storyteller.sampling import Sampling
from dungeon.tale.prompt_format import PromptFormat


class Storyteller(Protocol):
    """A voice behind an HTTP endpoint."""

    name: str
    context_size: int
    """Tokens of the prompt and the answer together."""
    sampling: Sampling
    """The voice's own defaults."""
    is_local: bool
    """Whether it runs on this machine, so that requests which the player did not ask for cost nobody anything."""
    prompt_format: PromptFormat
    """How a context becomes its prompt. Of a chat model, known for certain from the start on."""
    fingerprint: str
    """sha256 of what makes the voice: its adapter, or else its weights; "" while it is not known."""
    on_notice: Callable[[str], object]
    """Called in the event loop, while something is waited for, with a sentence for the player: that nothing has come
    for a while. It may be about a request that the player did not make."""

    @property
    def is_ready(self) -> bool:
        """Whether it can be asked: it has started, and its server has not failed since."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do, as far as that is known before the start."""

    @property
    def cached_tokens(self) -> int | None:
        """Tokens of the last prompt that were in the engine's cache; None where the server does not say."""

    @property
    def cached_text(self) -> str:
        """The last prompt and what was generated behind it: what the engine can continue without reading it again."""

    async def start(self) -> None:
        """Returns when the storyteller can be asked, at once if `is_ready`.

        Raises:
            DungeonError: it can't be started.
        """

    def stream(self, request: GenerationRequest) -> AsyncGenerator[str]:
        """Yields the text that follows the request's prompt, in pieces of about a token.

        Raises:
            StorytellerError: the server can't be reached, refused the request, or the stream broke off.
        """

    async def evict_suffix(self, prompt: str) -> None:
        """Has the engine drop from its cache what stands behind `prompt`, and the last words of it."""

    async def count_tokens(self, texts: Sequence[str]) -> list[int] | None:
        """The tokens of each text; None where the server has no tokenizer to ask."""

    async def close(self) -> None:
        """Ends connections, downloads and child processes."""

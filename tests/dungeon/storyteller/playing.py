"""A storyteller at a fake server, asked for turns as the game asks."""

from collections.abc import Callable
from dataclasses import dataclass

from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.servers.remote import REMOTE_SAMPLING, RemoteStoryteller
from tests.dungeon.completions import completion

STORY = "You stand before an iron door. " * 20


@dataclass(frozen=True)
class Playing:
    """A storyteller, and the request that the game makes of it."""

    storyteller: RemoteStoryteller

    async def text(self, prompt: str = STORY, sampling: Sampling = REMOTE_SAMPLING) -> str:
        request = completion(prompt, sampling, max_tokens=100, seed=7)
        return "".join([piece async for piece in self.storyteller.stream(request)])


Play = Callable[..., Playing]
"""Opens a storyteller at a server: `play(server)` with the model that the server wants named, `play(server, model)`."""

"""The client of the game's own engine, by its address.

async for piece in client.stream(request): ...
"""

from dungeon.storyteller.servers.address import parse_address
from dungeon.storyteller.servers.completions import LlamaCpp
from dungeon.storyteller.servers.http import Connection
from dungeon.storyteller.servers.keys import VARIABLE, check_key


class Client(LlamaCpp):
    """llama.cpp at an address.

    Raises:
        StorytellerError: the address or the key is not valid.
    """

    def __init__(self, url: str, model: str, key: str | None = None) -> None:
        super().__init__(Connection(parse_address(url), check_key(key, VARIABLE) if key else None), model)

"""Opens the storyteller that the player asked for."""

import asyncio

from dungeon.storyteller.protocol import Storyteller
from dungeon.storyteller.voices.find import find_voice


def open_storyteller(voice: str | None, endpoint: str | None, model: str | None) -> Storyteller:
    """A storyteller for these command-line options. A voice is not started yet; a server is asked what it is.

    Raises:
        DungeonError: there is no such voice, its files are not whole, or it must be fetched first; no such server or
            model, or it is not clear which of its models to take.
    """
    if endpoint:
        from dungeon.storyteller.servers.remote import RemoteStoryteller

        remote = RemoteStoryteller(endpoint, model)

        async def find_out() -> None:
            await remote.identify()
            await remote.disconnect()

        asyncio.run(find_out())
        return remote
    from dungeon.storyteller.local.storyteller import LocalStoryteller
    from dungeon.storyteller.voices.overview import check_is_here, default_voice

    chosen = find_voice(voice or default_voice())
    check_is_here(chosen)
    return LocalStoryteller(chosen)

"""Opens the storyteller that the player asked for."""

from dungeon.storyteller.protocol import Storyteller
from dungeon.storyteller.voices import find_voice


def open_storyteller(voice: str | None, endpoint: str | None, model: str | None) -> Storyteller:
    """A storyteller for these command-line options, not yet started.

    Raises:
        DungeonError: there is no such voice, its files are not whole, or it must be fetched first.
    """
    if endpoint and model:
        from dungeon.storyteller.remote import RemoteStoryteller

        return RemoteStoryteller(endpoint, model)
    from dungeon.storyteller.local import LocalStoryteller
    from dungeon.storyteller.overview import check_is_here, default_voice

    chosen = find_voice(voice or default_voice())
    check_is_here(chosen)
    return LocalStoryteller(chosen)

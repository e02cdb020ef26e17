"""A server's key: from the variable DUNGEON_API_KEY, or else from the system's keyring.

The keyring is asked if the package `keyring` is installed: service "dungeon", user = the server's origin.

    keyring set dungeon https://example.org

A key goes into the Authorization header of that server alone: never into an address, a log, a message or another host.
"""

import os
from importlib.util import find_spec

from dungeon.errors import StorytellerError

VARIABLE = "DUNGEON_API_KEY"
SERVICE = "dungeon"


def find_key(origin: str, *, use_environment: bool = True) -> str | None:
    """Return the key for the server at this origin, or None. The keyring may ask the player: run it in a thread.

    The variable names no server: `use_environment` is for the one that the player named beside it.

    Raises:
        StorytellerError: the key holds characters that no HTTP header may.
    """
    if use_environment and (key := os.environ.get(VARIABLE)):
        return check_key(key, VARIABLE)
    if key := _keyring_password(origin):
        return check_key(key, f"The keyring's entry '{SERVICE}' for {origin}")
    return None


def check_key(key: str, place: str) -> str:
    """Return the key if a header can carry it.

    Raises:
        StorytellerError: it can't; names the place where it came from, not the key.
    """
    if key.isascii() and key.isprintable():
        return key
    raise StorytellerError(f"{place} holds characters that no HTTP header may. Set it to the key alone.")


def _keyring_password(origin: str) -> str | None:
    if find_spec("keyring") is None:
        return None
    import keyring

    try:
        password: str | None = keyring.get_password(SERVICE, origin)
    except Exception:  # noqa: BLE001  each system's backend has errors of its own; without a keyring there is no key
        return None
    return password

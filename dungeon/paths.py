"""Where the game keeps things: settings, adventures, weights, logs.

Each system has its own places for these (platformdirs knows them). `DUNGEON_HOME` puts all of them below one
folder instead, for a stick, a test, or a second set of adventures.
"""

import os
from pathlib import Path


def _place(kind: str) -> Path:
    home = os.environ.get("DUNGEON_HOME")
    if home:
        return Path(home) / kind
    import platformdirs  # 20 ms that `dungeon --help` need not pay

    places = {
        "config": platformdirs.user_config_path,
        "data": platformdirs.user_data_path,
        "cache": platformdirs.user_cache_path,
        "state": platformdirs.user_state_path,
    }
    return places[kind]("dungeon", appauthor=False)


def settings_file() -> Path:
    """What the player has set for all adventures."""
    return _place("config") / "settings.toml"


def shelf_file() -> Path:
    """The adventures, one SQLite database."""
    return _place("data") / "shelf.db"


def readings_folder() -> Path:
    """Where a reader is in each story, a small file a story."""
    return _place("data") / "readings"


def scenarios_folder() -> Path:
    """The player's own scenarios, a file each."""
    return _place("data") / "scenarios"


def weights_folder() -> Path:
    """Model weights that were fetched; deleting it costs nothing but fetching again."""
    return _place("cache") / "weights"


def log_file() -> Path:
    """What the storyteller's engine wrote in this run and the last."""
    return _place("state") / "storyteller.log"


def crash_log() -> Path:
    """The tracebacks of errors in the program itself."""
    return _place("state") / "crash.log"

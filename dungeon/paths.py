"""Where the game keeps its files: settings, adventures, weights, logs.

platformdirs knows each system's folders. `DUNGEON_HOME` puts everything below one folder instead: on a memory stick,
for a test, or for a second set of adventures.
"""

import os
from pathlib import Path


def _folder(kind: str) -> Path:
    home = os.environ.get("DUNGEON_HOME")
    if home:
        return Path(home) / kind
    import platformdirs  # 20 ms that `dungeon --help` need not pay

    folders = {
        "config": platformdirs.user_config_path,
        "data": platformdirs.user_data_path,
        "cache": platformdirs.user_cache_path,
        "state": platformdirs.user_state_path,
    }
    return folders[kind]("dungeon", appauthor=False)


def settings_file() -> Path:
    """The settings for all adventures, TOML."""
    return _folder("config") / "settings.toml"


def themes_folder() -> Path:
    """The player's own themes, a file each."""
    return _folder("config") / "themes"


def shelf_file() -> Path:
    """The adventures, one SQLite database."""
    return _folder("data") / "shelf.db"


def readings_folder() -> Path:
    """The bookmarks that earlier versions kept, a small file a story; they are only read."""
    return _folder("data") / "readings"


def scenarios_folder() -> Path:
    """The player's own scenarios, a file each."""
    return _folder("data") / "scenarios"


def weights_folder() -> Path:
    """Fetched model weights. If they are deleted, the game fetches them again."""
    return _folder("cache") / "weights"


def voices_folder() -> Path:
    """The voices that the player added, a small file each."""
    return _folder("data") / "voices"


def measurements_file() -> Path:
    """What was measured on this machine: the speed of voices and of the network."""
    return _folder("state") / "measurements.json"


def log_file() -> Path:
    """The log of the storyteller's engine; the log of the run before is beside it."""
    return _folder("state") / "storyteller.log"


def crash_log() -> Path:
    """The tracebacks of errors in the program itself."""
    return _folder("state") / "crash.log"

"""Writing a file whole: whoever looks, and whatever happens to the game, finds the old one or the new one."""

import os
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Puts `text` at `path`, in UTF-8, in place of what was there; folders above it are made.

    Raises:
        OSError: it can't be written; what was there still is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = path.with_name(f".{path.name[:40]}.{os.getpid()}.new")
    try:
        with staging.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        staging.replace(path)
    except OSError:
        with suppress(OSError):  # it may never have come to be
            staging.unlink()
        raise

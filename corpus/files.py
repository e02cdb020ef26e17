"""Writes a file atomically: whoever reads it, and a crash at any moment, finds the old file or the new one."""

import os
import threading
from contextlib import suppress
from pathlib import Path


def write_atomic(path: Path, data: str | bytes) -> None:
    """Replaces `path` with `data` (text is written as UTF-8), flushed to the disk first. Makes missing folders.

    A symbolic link stays one: the file that it points to is replaced.

    Raises:
        OSError: the file can't be written; the old one is still there.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = path.with_name(f".{path.name[:40]}.{os.getpid()}-{threading.get_ident()}.new")
    try:
        with staging.open("wb") as file:
            file.write(data.encode("utf-8", "replace") if isinstance(data, str) else data)
            file.flush()
            os.fsync(file.fileno())
        staging.replace(path)
    except OSError:
        with suppress(OSError):  # it may not exist
            staging.unlink()
        raise

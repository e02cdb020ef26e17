"""A lock between processes, so that two games never write one file: held as long as the holder lives, however it dies.

    with file_lock(path, cancel, waiting=lambda: ...):
        ...

The lock is on `NAME.lock` beside the file, and that is removed at the end.
"""

import errno
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_POLL_SECONDS = 0.2
_BUSY = (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK)
"""What systems answer where another process has the lock."""


class LockCancelled(Exception):
    """`cancel` was set while another process held the lock."""


@contextmanager
def file_lock(path: Path, cancel: threading.Event, waiting: Callable[[], object]) -> Iterator[None]:
    """Hold the lock of `path` for the block; `waiting` is called several times a second while another holds it.

    Raises:
        LockCancelled: `cancel` was set.
        OSError: the lock's file can't be made.
    """
    lock = path.with_name(f"{path.name}.lock")
    file = _acquire(lock)
    while file is None:
        waiting()
        if cancel.wait(_POLL_SECONDS):
            raise LockCancelled
        file = _acquire(lock)
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes no file that is open; the next holder uses it again
            lock.unlink()
        file.close()


def _acquire(lock: Path) -> BinaryIO | None:
    """Return the locked file, or None while another has it."""
    file = lock.open("ab")
    try:
        _lock(file)
        # The holder before may have removed the file between our opening and our locking it: ours is then nobody's.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), lock.stat()):
                return file
    except OSError as error:
        if error.errno not in _BUSY:  # a file system without locks, as of some networks: then there is none
            return file
    file.close()
    return None


def _lock(file: BinaryIO) -> None:
    """Lock an open file or raise OSError at once."""
    if sys.platform == "win32":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

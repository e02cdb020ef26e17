"""Fetches one file from the first of its sources that delivers it: complete and verified, or not at all.

    fetch_file(path, attempts, is_there=path.is_file, progress=..., cancel=...)

Only one process fetches a file; others wait for it, and see its progress.
"""

import asyncio
import shutil
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from dungeon.errors import DungeonError
from dungeon.storyteller.download.disk import disk_trouble, no_room
from dungeon.storyteller.download.errors import DownloadCancelled, SourceFailed
from dungeon.storyteller.download.file_lock import LockCancelled, file_lock
from dungeon.storyteller.download.kept_file import part_size, starts_as_gguf, write_record
from dungeon.storyteller.download.packages import STAGING
from dungeon.storyteller.download.part_file import PartFile, PartMismatch, Progress
from dungeon.storyteller.hardware.measurements import keep_network_speed

T = TypeVar("T")
_STALE_SECONDS = 3600.0  # nobody uses a staging folder that has not changed for this long
_POLL_SECONDS = 0.1
_LEAST_MEASURED = 5_000_000
"""Bytes: a shorter download says little about the network."""
_NO_GGUF = "what arrived is not a GGUF file"

Attempt = Callable[[PartFile, Progress, threading.Event], str]
"""Fetches into the part from one source, and returns where the file comes from."""


class AllFailed(Exception):
    """No source delivered the file; the message has a line for each."""


def fetch_file(
    path: Path,
    attempts: Sequence[Attempt],
    is_there: Callable[[], bool],
    progress: Progress | None,
    cancel: threading.Event | None,
    size: int = 0,
) -> Path:
    """Fetch `path`, of about `size` bytes, from the first source that delivers it, unless it is there.

    Raises:
        AllFailed: no source did.
        DungeonError: there is no room, or the folder can't be written.
        DownloadCancelled: `cancel` was set.
    """
    cancel = cancel or threading.Event()
    watch = _Watch(path, progress or (lambda done, total: None), cancel, size)
    try:
        if is_there():
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale_folders(path.parent)
        with file_lock(path, cancel, waiting=watch.report_part), _part_file(path) as part:
            if not is_there():  # another game may have fetched it while we waited
                _run_attempts(part, attempts, watch, cancel)
    except LockCancelled as error:
        raise DownloadCancelled from error
    except OSError as error:
        raise DungeonError(disk_trouble(error, path, watch.missing)) from error
    return path


@contextmanager
def _part_file(path: Path) -> Iterator[PartFile]:
    part = PartFile(path)
    try:
        yield part
    finally:
        part.close()
        if not part_size(path):
            with suppress(OSError):
                part.discard()


def _run_attempts(part: PartFile, attempts: Sequence[Attempt], watch: "_Watch", cancel: threading.Event) -> None:
    failures = []
    for attempt in attempts:
        try:
            source = attempt(part, watch.progress, cancel)
            if not part.identity.sha256 and not starts_as_gguf(part.part):
                part.close()
                part.discard()
                raise SourceFailed(_NO_GGUF)
            write_record(part.path, part.finish(), source)
            arrived, seconds = part.done - part.resumed, time.monotonic() - part.opened
            if arrived >= _LEAST_MEASURED and seconds > 0:
                keep_network_speed(arrived / seconds)
            return
        except (SourceFailed, PartMismatch) as failed:
            failures.append(str(failed))
    raise AllFailed("".join(f"  - {failure}\n" for failure in failures))


class _Watch:
    """Passes progress on; notices that the player has left, and that there is no room."""

    def __init__(self, path: Path, progress: Progress, cancel: threading.Event, size: int) -> None:
        self._path = path
        self._progress = progress
        self._cancel = cancel
        self._size = size
        self._checked = False

    @property
    def missing(self) -> int:
        """The bytes that have not arrived; 0 if the size of the file is not known."""
        return max(0, self._size - part_size(self._path))

    def progress(self, done: int, total: int) -> None:
        """Report bytes done.

        Raises:
            DownloadCancelled: the player has left.
            DungeonError: the disk has no room for the rest.
        """
        if self._cancel.is_set():
            raise DownloadCancelled
        if total and not self._checked:
            self._checked = True
            self._size = total
            if shutil.disk_usage(self._path.parent).free < self.missing:
                raise DungeonError(no_room(self._path, self.missing))
        self._progress(done, total)

    def report_part(self) -> None:
        """Report what another game, which fetches the same file, has fetched."""
        self._progress(part_size(self._path), 0)


def run_cancellable(work: Coroutine[Any, Any, T], cancel: threading.Event) -> T:
    """Run a coroutine in this thread, and give it up as soon as `cancel` is set.

    Raises:
        DownloadCancelled: `cancel` was set.
    """

    async def run() -> T:
        task = asyncio.create_task(work)
        while not task.done():
            await asyncio.wait({task}, timeout=_POLL_SECONDS)
            if cancel.is_set() and not task.done():
                task.cancel()
        try:
            return await task
        except asyncio.CancelledError as error:
            raise DownloadCancelled from error

    return asyncio.run(run())


def _remove_stale_folders(folder: Path) -> None:
    """Delete the staging folders of downloads that were killed."""
    for leftover in folder.glob(f"{STAGING}*"):
        try:
            stale = time.time() - leftover.stat().st_mtime > _STALE_SECONDS
        except FileNotFoundError:  # another game has just removed it
            continue
        if stale:
            shutil.rmtree(leftover, ignore_errors=True)

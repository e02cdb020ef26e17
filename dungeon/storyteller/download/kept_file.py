"""A file that was fetched, on the disk: verified once, with a record beside it that says so.

    if not is_intact(path, size, sha256): ...
    write_record(path, sha256, source)

The record, `FILE.json`, has size, date and hash of the file: while size and date are those, it is not hashed again.
"""

import hashlib
from contextlib import suppress
from pathlib import Path

import msgspec

from corpus.files import write_atomic


class _Record(msgspec.Struct, frozen=True):
    """`FILE.json`: what was verified, and when the file looked so."""

    size: int
    mtime_ns: int
    sha256: str
    source: str = ""


def part_size(path: Path) -> int:
    """Return how many bytes of a file an unfinished download has left."""
    try:
        return path.with_name(f"{path.name}.part").stat().st_size
    except OSError:
        return 0


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
        write_record(path, sha256, "")
    return intact


def starts_as_gguf(path: Path) -> bool:
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


def write_record(path: Path, sha256: str, source: str) -> None:
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

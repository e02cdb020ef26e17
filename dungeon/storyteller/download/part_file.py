"""A file that is being fetched: what has arrived is in `NAME.part`, and `NAME.part.json` says what it is a part of.

    part = PartFile(path)
    done = part.open(Identity(source="…", sha256="…", size=1000))   # bytes that an earlier run has fetched
    part.write(data)
    part.finish()                                                   # checks size and hash, renames to `path`

Both files are there before the first byte arrives, so that a process which is killed at any moment leaves a part that
the next one continues. The hash is computed while the bytes pass; at a resumption what is there is read once.
"""

import hashlib
import os
import time
from collections.abc import Callable
from contextlib import suppress
from io import FileIO
from pathlib import Path

import msgspec

from corpus.files import write_atomic

Progress = Callable[[int, int], object]
"""Called with bytes done and bytes in all (0: not known), several times a second, from the thread that downloads."""

_BLOCK = 1 << 20


class PartMismatch(Exception):
    """What arrived is not the file that was expected; the part is deleted."""


class Identity(msgspec.Struct, frozen=True):
    """Which file a part is of."""

    source: str
    """Where it comes from."""
    sha256: str = ""
    """Of the whole file; "" if nobody states it."""
    size: int = 0
    """Bytes of the whole file; 0 if nobody states it."""
    validator: str = ""
    """The server's ETag or date: another one means another file. Only needed without a hash."""

    def is_same_file(self, other: "Identity") -> bool:
        """Return whether bytes of one may be followed by bytes of the other."""
        if self.sha256 and other.sha256:
            return self.sha256 == other.sha256
        return bool(self.validator) and (self.source, self.validator) == (other.source, other.validator)


class PartFile:
    """See the module. Use it under a `file_lock` of `path`. All methods may raise OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.part = path.with_name(f"{path.name}.part")
        self._about = path.with_name(f"{path.name}.part.json")
        self.identity = Identity("")
        self.done = 0
        """Bytes that are there."""
        self.resumed = 0
        """Bytes that an earlier run had fetched."""
        self.opened = time.monotonic()
        """When the first new byte was waited for."""
        self._digest = hashlib.sha256()
        self._file: FileIO | None = None

    def open(self, identity: Identity, multiple: int = 1, progress: Callable[[int], object] = lambda done: None) -> int:
        """Continue the part if it is of this file, else begin a new one. Return the bytes that are there.

        Kept is a multiple of `multiple` bytes. `progress` is called with the bytes that have been read again.
        """
        self.close()
        known = self._read_identity()
        keep = 0
        if known and known.is_same_file(identity) and self.part.is_file():
            size = self.part.stat().st_size
            keep = size if size == identity.size else size // multiple * multiple
            if identity.size and keep > identity.size:
                keep = 0
        # A hash or a size that an earlier run knew still holds.
        if keep and known:
            identity = Identity(
                identity.source, identity.sha256 or known.sha256, identity.size or known.size, identity.validator
            )
        self.identity = identity
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not keep:
            self.discard()
        write_atomic(self._about, msgspec.json.encode(identity))
        # Unbuffered: what was written is on its way to the disk, and a full disk is noticed here.
        self._file = self.part.open("r+b" if keep else "w+b", buffering=0)
        self._read_again(keep, progress)
        self.resumed, self.opened = self.done, time.monotonic()
        return self.done

    def rewind(self, size: int) -> None:
        """Go back to the first `size` bytes."""
        self._read_again(size, lambda done: None)

    def _read_again(self, keep: int, progress: Callable[[int], object]) -> None:
        """Hash the first `keep` bytes and drop the others."""
        assert self._file is not None, "open() first"
        self._file.seek(0)
        self._digest = hashlib.sha256()
        self.done = 0
        while self.done < keep and (block := self._file.read(min(_BLOCK, keep - self.done))):
            self._digest.update(block)
            self.done += len(block)
            progress(self.done)
        self._file.truncate(self.done)

    def restart(self, identity: Identity) -> None:
        """Throw away what has arrived, and begin a part of this file."""
        assert self._file is not None, "open() first"
        self.identity = identity
        write_atomic(self._about, msgspec.json.encode(identity))
        self._file.seek(0)
        self._file.truncate()
        self._digest = hashlib.sha256()
        self.done = 0

    def write(self, data: bytes) -> None:
        """Append what has arrived."""
        assert self._file is not None, "open() first"
        view = memoryview(data)
        while view:
            written = self._file.write(view) or 0
            self._digest.update(view[:written])
            self.done += written
            view = view[written:]

    def finish(self) -> str:
        """Check size and hash, flush to the disk, and rename to `path`. Return the hash.

        Raises:
            PartMismatch: size or hash is another than expected.
        """
        assert self._file is not None, "open() first"
        sha256 = self._digest.hexdigest()
        expected = self.identity
        if expected.size and self.done != expected.size:
            self._reject(f"the file has {self.done:,} bytes, not {expected.size:,}")
        if expected.sha256 and sha256 != expected.sha256:
            self._reject(f"the file has sha256 {sha256[:16]}…, not {expected.sha256[:16]}…")
        os.fsync(self._file.fileno())
        self.close()
        self.part.replace(self.path)
        with suppress(FileNotFoundError):
            self._about.unlink()
        return sha256

    def _reject(self, reason: str) -> None:
        self.close()
        self.discard()
        raise PartMismatch(reason)

    def discard(self) -> None:
        """Delete what has arrived."""
        for path in (self.part, self._about):
            with suppress(FileNotFoundError):
                path.unlink()

    def close(self) -> None:
        """Close the file; what has arrived stays."""
        if self._file:
            self._file.close()
            self._file = None

    def _read_identity(self) -> Identity | None:
        try:
            return msgspec.json.decode(self._about.read_bytes(), type=Identity)
        except (OSError, msgspec.DecodeError):  # there is none, or it was cut off
            return None

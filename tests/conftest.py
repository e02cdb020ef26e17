"""What every test needs: a home of its own for the game's files, and, for some, the real bundled weights."""

import os
import signal
from pathlib import Path

import platformdirs
import pytest
from hypothesis import settings

from dungeon.paths import weights_folder
from dungeon.storyteller.fetch import ensure
from dungeon.storyteller.voices import SMOLLM2

# A test run in the background has Ctrl-C ignored, and the programs that it starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is no bug.
settings.register_profile("dungeon", deadline=None)
settings.load_profile("dungeon")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Adventures, weights and logs of this test alone."""
    folder = tmp_path / "home"
    monkeypatch.setenv("DUNGEON_HOME", str(folder))
    monkeypatch.delenv("DUNGEON_API_KEY", raising=False)
    return folder


@pytest.fixture(scope="session")
def weights() -> Path:
    """The real bundled weights: DUNGEON_TEST_WEIGHTS, or fetched once a machine into the user's cache."""
    given = os.environ.get("DUNGEON_TEST_WEIGHTS")
    if given:
        return Path(given)
    cache = platformdirs.user_cache_path("dungeon-tests", appauthor=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DUNGEON_HOME", str(cache))
        return ensure(SMOLLM2)


@pytest.fixture
def home_with_weights(home: Path, weights: Path) -> Path:
    """A home in which the bundled voice is fetched already."""
    folder = weights_folder()
    folder.mkdir(parents=True)
    (folder / SMOLLM2.file).symlink_to(weights)
    return home

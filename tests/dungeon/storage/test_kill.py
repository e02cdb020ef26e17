"""Games and engines killed at random moments: no turn that was shown finished is ever lost.

A short run of `tests/benchmarks/kill.py`, which kills two hundred games.
"""

import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dungeon.paths import shelf_file
from dungeon.play.session import Session
from dungeon.scenarios.model import scenario_from_opening
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.local.storyteller import LocalStoryteller
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.voices.find import Voice
from tests.dungeon.killing import Ledger, Lost, RandomProseServer, kill_app, kill_engine, kill_plain, kill_session

pytestmark = pytest.mark.usefixtures("untraced")


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with RandomProseServer() as server:
        yield Ledger(shelf_file(), server)


@pytest.mark.parametrize(
    ("kill", "rounds"), [(kill_session, 10), (kill_plain, 6), (kill_app, 4)], ids=["session", "plain", "app"]
)
def test_nothing_that_was_shown_is_lost(
    ledger: Ledger, kill: Callable[[Ledger, random.Random], None], rounds: int
) -> None:
    chance = random.Random(rounds)
    for _ in range(rounds):
        kill(ledger, chance)
    assert ledger.kills.total() == rounds
    assert ledger.nodes, "at least one turn was played"


def test_the_ledger_notices_a_loss(ledger: Ledger) -> None:
    chance = random.Random(1)
    while not ledger.finished:
        kill_session(ledger, chance)
    last = max(ledger.nodes)
    ledger.nodes[last] = ledger.nodes[last] | {"prose": ledger.nodes[last]["prose"] + " And so on."}
    with pytest.raises(Lost, match="And so on"):
        ledger.check()
    ledger.nodes = {last + 1: ledger.nodes.pop(last)}
    with pytest.raises(Lost, match="turns are gone"):
        ledger.check()


_MAKE_SHELF = """
import os, signal, sys
from pathlib import Path
from dungeon.storage import database
from dungeon.storage.shelf import Shelf

calls = int(sys.argv[2])
def count(event, arguments):
    global calls
    if event in ("open", "sqlite3.connect", "sqlite3.connect/handle", "os.mkdir", "os.link", "os.remove", "os.rmdir"):
        calls -= 1
        if calls == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
Shelf(Path(sys.argv[1]))
"""


def test_a_game_killed_while_it_makes_its_shelf_leaves_a_whole_one_or_none(tmp_path: Path) -> None:
    """Killed at each of the system calls that make a new shelf; the next game starts with an empty one."""
    killed = 0
    while True:
        file = tmp_path / str(killed) / "shelf.db"
        game = subprocess.run([sys.executable, "-c", _MAKE_SHELF, str(file), str(killed + 1)], check=False)
        shelf = Shelf(file)
        assert shelf.list_adventures() == []
        shelf.close()
        if game.returncode == 0:
            break
        assert game.returncode == -signal.SIGKILL
        killed += 1
    assert killed >= 5


@pytest.mark.real
async def test_a_turn_continues_after_its_engine_was_killed(weights: Path, home: Path) -> None:
    shelf = Shelf(shelf_file())
    storyteller = LocalStoryteller(Voice("smollm2", weights, sampling=Sampling(length=30)))
    session = Session(shelf, storyteller, seed=7)
    session.begin(scenario_from_opening("You stand in the ash garden. An old man sits by the well and looks at you."))
    chance = random.Random(7)
    pids = set()
    for _ in range(2):
        await kill_engine(session, chance)
        pids.add(storyteller.pid)
    assert len(pids) == 2, "each time a new engine was started"
    await storyteller.close()
    shelf.close()

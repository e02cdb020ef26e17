"""Games and engines that are killed at random moments: no turn that was seen finished is ever lost.

A short run of what `tests/benchmarks/kill.py` does two hundred times.
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
from dungeon.storyteller.local import LocalStoryteller
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.voices import Voice
from tests.dungeon.killing import Ledger, Lost, Teller, kill_app, kill_engine, kill_moves, kill_plain

pytestmark = pytest.mark.usefixtures("untraced")


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Teller() as teller:
        yield Ledger(shelf_file(), teller)


@pytest.mark.parametrize(
    ("kill", "rounds"), [(kill_moves, 10), (kill_plain, 6), (kill_app, 4)], ids=["moves", "plain", "app"]
)
def test_nothing_that_was_seen_is_lost(
    ledger: Ledger, kill: Callable[[Ledger, random.Random], None], rounds: int
) -> None:
    chance = random.Random(rounds)
    for _ in range(rounds):
        kill(ledger, chance)
    assert ledger.struck.total() == rounds
    assert ledger.nodes, "something was played"


def test_a_loss_would_be_noticed(ledger: Ledger) -> None:
    chance = random.Random(1)
    while not ledger.finished:
        kill_moves(ledger, chance)
    some = max(ledger.nodes)
    ledger.nodes[some] = ledger.nodes[some] | {"prose": ledger.nodes[some]["prose"] + " And so on."}
    with pytest.raises(Lost, match="And so on"):
        ledger.check()
    ledger.nodes = {some + 1: ledger.nodes.pop(some)}
    with pytest.raises(Lost, match="turns are gone"):
        ledger.check()


_MAKER = """
import os, signal, sys
from pathlib import Path
from dungeon.storage import database
from dungeon.storage.shelf import Shelf

at = int(sys.argv[2])
def step(event, arguments):
    global at
    if event in ("open", "sqlite3.connect", "sqlite3.connect/handle", "os.mkdir", "os.link", "os.remove", "os.rmdir"):
        at -= 1
        if at == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(step)
Shelf(Path(sys.argv[1]))
"""


def test_a_game_that_is_killed_at_its_very_first_start_leaves_a_shelf_or_none(tmp_path: Path) -> None:
    """At each of the calls to the system that a new shelf is made with; the next game begins as if nothing had been."""
    killed = 0
    while True:
        file = tmp_path / str(killed) / "shelf.db"
        done = subprocess.run([sys.executable, "-c", _MAKER, str(file), str(killed + 1)], check=False)
        shelf = Shelf(file)
        assert shelf.list_adventures() == []
        shelf.close()
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
        killed += 1
    assert killed >= 5


@pytest.mark.real
async def test_the_engine_is_killed_and_the_turn_goes_on(weights: Path, home: Path) -> None:
    shelf = Shelf(shelf_file())
    storyteller = LocalStoryteller(Voice("smollm2", weights, sampling=Sampling(length=30)))
    session = Session(shelf, storyteller)
    session.begin(scenario_from_opening("You stand in the ash garden. An old man sits by the well and looks at you."))
    chance = random.Random(7)
    pids = set()
    for _ in range(2):
        await kill_engine(session, chance)
        pids.add(storyteller.pid)
    assert len(pids) == 2, "each time another one"
    await storyteller.close()
    shelf.close()

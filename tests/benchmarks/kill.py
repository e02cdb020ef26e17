"""Kills the game two hundred times and its engine twenty times, and tells what was lost: nothing, or it exits with 1.

    python -m tests.benchmarks.kill [--kills 200] [--engine-kills 20] [--seed 1]

The kills fall at random moments of scripted play, over one shelf that goes on growing; each game goes on where the one
before was killed. Three sorts of games take turns: moves of every sort straight on the session, `dungeon --plain`, and
the game on a pseudo-terminal. After each kill the shelf is looked through: SQLite's own check, every turn that was seen
finished, edits, marks, lore, the head, and that an unfinished turn is the beginning of what streamed. The engine's
kills need the bundled weights (fetched if missing). Needs Unix; about ten minutes.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from dungeon.paths import shelf_file
from dungeon.play.session import Session
from dungeon.scenarios.user import find_scenario
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.local import LocalStoryteller
from dungeon.storyteller.voices import DEFAULT_VOICE, find_voice
from tests.dungeon.killing import Ledger, Lost, RandomProseServer, kill_app, kill_engine, kill_plain, kill_session


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--engine-kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    try:
        games(arguments.kills, random.Random(arguments.seed))
        asyncio.run(engines(arguments.engine_kills, random.Random(arguments.seed)))
    except Lost as lost:
        print(f"LOST: {lost}")
        return 1
    return 0


def games(kills: int, chance: random.Random) -> None:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as home, RandomProseServer() as server:
        os.environ["DUNGEON_HOME"] = home
        ledger = Ledger(shelf_file(), server)
        for number in range(kills):
            (kill_session, kill_plain, kill_app)[number % 3](ledger, chance)
            if (number + 1) % 20 == 0:
                print(f"{number + 1} kills, {len(ledger.nodes)} turns on the shelf, nothing lost", flush=True)
        size = sum(file.stat().st_size for file in shelf_file().parent.iterdir())
        del os.environ["DUNGEON_HOME"]
    states = Counter(str(node["state"]) for node in ledger.nodes.values())
    print(f"{kills} kills of the game, lost: nothing ({time.monotonic() - began:.0f} s)")
    print(f"  struck in the middle of: {_counted(ledger.kills)}")
    turns = f"{len(ledger.nodes)} turns ({_counted(states)})"
    print(f"  on the shelf: {len(ledger.adventures)} adventures, {turns}, {size} bytes")
    print(f"  turns that a player had seen finished: {ledger.finished}, all of them there, whole")


async def engines(kills: int, chance: random.Random) -> None:
    began = time.monotonic()
    shown = words = 0
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder) / "shelf.db")
        storyteller = LocalStoryteller(find_voice(DEFAULT_VOICE))
        session = Session(shelf, storyteller)
        session.begin(find_scenario("iron-door"))
        for _ in range(kills):
            before, whole = await kill_engine(session, chance)
            shown += len(before.split())
            words += len(whole.split())
        await storyteller.close()
        shelf.close()
    print(f"{kills} kills of the engine, lost: nothing ({time.monotonic() - began:.0f} s)")
    print(f"  {kills} turns of {words} words, {shown} of them shown before the kill; each turn went on to its end")


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())


if __name__ == "__main__":
    sys.exit(main())

"""What is lost when the game, or its engine, is killed at random moments: nothing, or this exits with 1.

    python -m tests.benchmarks.kill [--kills 200] [--engine-kills 20] [--seed 1]

Kills scripted games, one after the other on the same shelf, each of which continues the one before. Three kinds take
turns: every kind of call on a session, `dungeon --plain`, and the game on a pseudo-terminal. After each kill it checks
the shelf: SQLite's own check, every turn that was seen finished, edits, labels, lore, the head, and that an unfinished
turn is the beginning of what was streamed. Then it kills the engine in the middle of turns, which must continue.

Prints the number of kills, what they interrupted, and the turns checked. Needs Unix. Downloads the bundled weights if
they are missing. About ten minutes.
"""

import asyncio
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from unittest import mock

from dungeon.paths import shelf_file
from dungeon.play.session import Session
from dungeon.scenarios.user import find_scenario
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.local.storyteller import LocalStoryteller
from dungeon.storyteller.voices.find import DEFAULT_VOICE, find_voice
from tests.benchmarks.figures import argument_parser
from tests.dungeon.killing import Ledger, Lost, RandomProseServer, kill_app, kill_engine, kill_plain, kill_session


def main() -> int:
    parser = argument_parser(__doc__)
    parser.add_argument("--kills", type=int, default=200, help="of the game")
    parser.add_argument("--engine-kills", type=int, default=20, help="of the engine")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    try:
        kill_games(arguments.kills, random.Random(arguments.seed))
        asyncio.run(kill_engines(arguments.engine_kills, random.Random(arguments.seed)))
    except Lost as lost:
        print(f"LOST: {lost}")
        return 1
    return 0


def kill_games(kills: int, chance: random.Random) -> None:
    """Kill games and print what the kills interrupted. Raises Lost."""
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as home,
        mock.patch.dict(os.environ, DUNGEON_HOME=home),
        RandomProseServer() as server,
    ):
        ledger = Ledger(shelf_file(), server)
        for number in range(kills):
            (kill_session, kill_plain, kill_app)[number % 3](ledger, chance)
            if (number + 1) % 20 == 0:
                print(f"{number + 1} kills, {len(ledger.nodes)} turns on the shelf, nothing lost", flush=True)
        size = sum(file.stat().st_size for file in shelf_file().parent.iterdir())
    states = Counter(str(node["state"]) for node in ledger.nodes.values())
    print(f"{kills} kills of the game, nothing lost ({time.monotonic() - began:.0f} s)")
    print(f"  interrupted: {_listed(ledger.kills)}")
    shelf = f"{len(ledger.adventures)} adventures, {len(ledger.nodes)} turns ({_listed(states)}), {size / 1e6:.1f} MB"
    print(f"  on the shelf: {shelf}")
    print(f"  turns that a player saw finished: {ledger.finished}, all of them complete")


async def kill_engines(kills: int, chance: random.Random) -> None:
    """Kill the engine in turns of one adventure and print what had been shown by then. Raises Lost."""
    began = time.monotonic()
    words_shown = words = 0
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder) / "shelf.db")
        storyteller = LocalStoryteller(find_voice(DEFAULT_VOICE))
        session = Session(shelf, storyteller)
        session.begin(find_scenario("iron-door"))
        for _ in range(kills):
            shown, prose = await kill_engine(session, chance)
            words_shown += len(shown.split())
            words += len(prose.split())
        await storyteller.close()
        shelf.close()
    print(f"{kills} kills of the engine, nothing lost ({time.monotonic() - began:.0f} s)")
    print(f"  {kills} turns of {words} words, {words_shown} of them shown before the kill; each turn was completed")


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())


if __name__ == "__main__":
    sys.exit(main())

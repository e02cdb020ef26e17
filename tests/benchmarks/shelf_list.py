"""How fast the shelf is with thousands of adventures: listing, searching, opening, its screen, and its backup.

    python -m tests.benchmarks.shelf_list [--adventures 2000] [--turns 50] [--runs 5]

Fills a temporary shelf with adventures of random words from the scenarios. Prints the median of the runs, with the
range. The machine should be idle.
"""

import asyncio
import random
import tempfile
import time
from pathlib import Path

from textual.app import App

from corpus.turns import Kind
from dungeon.play.session import Session
from dungeon.scenarios.library import builtin_scenarios
from dungeon.scenarios.model import scenario_from_opening
from dungeon.storage.backups import back_up
from dungeon.storage.record import NO_VOICE
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.servers.remote import RemoteStoryteller
from dungeon.tale.adventure import State
from dungeon.tale.transcript import render_markdown
from dungeon.tui.screens.shelf import ShelfScreen
from dungeon.tui.widgets.table import Table
from tests.benchmarks.figures import argument_parser, seconds, show
from tests.dungeon.host import Host


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--adventures", type=int, default=2000)
    parser.add_argument("--turns", type=int, default=50, help="in each adventure, of 80 words")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shelf = filled_shelf(Path(folder) / "shelf.db", arguments.adventures, arguments.turns)
        size = shelf.path.stat().st_size / 1e6
        print(f"{arguments.adventures} adventures, {arguments.adventures * arguments.turns} turns, {size:.0f} MB")
        for label, work in {
            "the list": lambda: shelf.list_adventures(),
            "the list's first four": lambda: shelf.list_adventures(limit=4),
            "a search for a word in every adventure": lambda: shelf.list_adventures("door"),
            "a search for a word in none": lambda: shelf.list_adventures("zqx"),
            "a search for four words": lambda: shelf.list_adventures("door lamp river night"),
            "the sentence with the words in one adventure": lambda: shelf.find_words(1, "door lamp river night"),
            "one adventure opened": lambda: shelf.open(1),
            "one adventure as Markdown, all branches": lambda: render_markdown(shelf.open(1), all_branches=True),
        }.items():
            show(label, [seconds(work) for _ in range(arguments.runs)])
        show("a backup", [backup_time(shelf) for _ in range(arguments.runs)])
        show("the shelf's screen, until it is painted", asyncio.run(screen_times(shelf, arguments.runs)))
        shelf.close()


def filled_shelf(path: Path, adventures: int, turns: int) -> Shelf:
    """Return a new shelf; every tenth turn of an adventure begins a branch at the opening."""
    chance = random.Random(1)
    words = " ".join(scenario.opening for scenario in builtin_scenarios()).split()
    shelf = Shelf(path)
    shelf._db.execute("PRAGMA synchronous=OFF")  # or filling it would take an hour
    for _ in range(adventures):
        title = " ".join(chance.choices(words, k=4))
        adventure = shelf.add_adventure(scenario_from_opening("You stand there.", title), "nobody")
        for number in range(turns):
            if number % 10 == 0:
                adventure.move(None)
            node = shelf.add_turn(adventure, Kind.DO, "wait", "You wait.", NO_VOICE)
            prose = " ".join(chance.choices(words, k=80))
            shelf.save_turn(adventure.set_prose(node.id, prose, State.DONE))
    return shelf


def backup_time(shelf: Shelf) -> float:
    """Return the seconds that the first backup of a day takes, in a thread of its own."""
    began = time.perf_counter()
    made = back_up(shelf.path)
    elapsed = time.perf_counter() - began
    assert made
    made.unlink()
    return elapsed


async def screen_times(shelf: Shelf, runs: int) -> list[float]:
    """Return the seconds from when the shelf's screen is opened until its table is painted."""
    times = []
    for _ in range(runs):
        app: App[None] = Host()
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            began = time.perf_counter()
            app.push_screen(ShelfScreen(Session(shelf, RemoteStoryteller("http://127.0.0.1:9", "nobody"))))
            while not app.screen.query(Table) or not app.screen.query_one(Table).rows:
                await pilot.pause()
            await pilot.pause()
            times.append(time.perf_counter() - began)
    return times


if __name__ == "__main__":
    main()

"""How fast a full shelf is: listing, searching, the first screen and the shelf's own. Prints, asserts nothing.

    python tests/benchmarks/shelf_list.py [--adventures 2000] [--turns 50] [--runs 5]

Each figure is the median of the runs, with the smallest and the largest. Nothing else should run meanwhile.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from textual.app import App

from corpus.turns import Kind
from dungeon.play.session import Session
from dungeon.scenarios.library import builtin_scenarios
from dungeon.scenarios.model import scenario_from_opening
from dungeon.storage.database import transaction
from dungeon.storage.record import WRITTEN_BY_PLAYER
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.remote import RemoteStoryteller
from dungeon.tale.adventure import Node, State
from dungeon.tale.transcript import render_markdown
from dungeon.tui.screens.shelf import ShelfScreen
from dungeon.tui.widgets.table import Table
from tests.dungeon.host import Host


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--adventures", type=int, default=2000)
    parser.add_argument("--turns", type=int, default=50, help="in each adventure, of 80 words")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shelf = filled_shelf(Path(folder) / "shelf.db", arguments.adventures, arguments.turns)
        size = shelf.path.stat().st_size / 1e6
        print(f"{arguments.adventures} adventures, {arguments.adventures * arguments.turns} turns, {size:.0f} MB")
        for what, work in {
            "the list": lambda: shelf.list_adventures(),
            "the list's first four": lambda: shelf.list_adventures(limit=4),
            "a search for a word in every adventure": lambda: shelf.list_adventures("door"),
            "a search for a word in none": lambda: shelf.list_adventures("zqx"),
            "one adventure opened": lambda: shelf.open(1),
            "one adventure as Markdown, all branches": lambda: render_markdown(shelf.open(1), all_branches=True),
        }.items():
            show(what, [timed(work) for _ in range(arguments.runs)])
        show("the shelf on the screen, until it is painted", asyncio.run(screens(shelf, arguments.runs)))


def filled_shelf(path: Path, adventures: int, turns: int) -> Shelf:
    random.seed(1)
    words = " ".join(scenario.opening for scenario in builtin_scenarios()).split()
    shelf = Shelf(path)
    for _ in range(adventures):
        adventure = shelf.add_adventure(
            scenario_from_opening("You stand there.", " ".join(random.choices(words, k=4))), "v"
        )
        with transaction(shelf._db):  # one for all, or it would take an hour
            for number in range(turns):
                parent = adventure.head if number % 10 else None
                node = Node(0, parent, Kind.DO, "wait", "You wait.", " ".join(random.choices(words, k=80)), State.DONE)
                adventure.add(shelf._insert(adventure, node, WRITTEN_BY_PLAYER))
            shelf._stand(adventure, adventure.head)
    return shelf


async def screens(shelf: Shelf, runs: int) -> list[float]:
    took = []
    for _ in range(runs):
        app: App[None] = Host()
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            start = time.perf_counter()
            app.push_screen(ShelfScreen(Session(shelf, RemoteStoryteller("http://127.0.0.1:9", "nobody"))))
            while not app.screen.query(Table) or not app.screen.query_one(Table).rows:
                await pilot.pause()
            await pilot.pause()
            took.append(time.perf_counter() - start)
    return took


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def show(what: str, values: list[float]) -> None:
    low, mid, high = (1000 * of(values) for of in (min, statistics.median, max))
    print(f"{what:46} {mid:7.1f} ms   ({low:.1f} to {high:.1f})", flush=True)


if __name__ == "__main__":
    main()

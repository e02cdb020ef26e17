"""How fast the story tree is in long adventures, and the diff on long texts. Prints, asserts nothing.

    python tests/benchmarks/story_tree.py [--runs 5]

The prose is that of the library's stories. Each figure is the median of the runs, with the smallest and the largest.
Nothing else should run meanwhile.
"""

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from corpus.turns import Kind
from dungeon.play.session import Session
from dungeon.reading.books import library
from dungeon.storage.shelf import WRITTEN_BY_PLAYER
from dungeon.tale.adventure import State
from dungeon.tale.diff import diff
from dungeon.tale.outline import outline, search
from dungeon.tui.screens.tree import TreeScreen
from tests.dungeon.host import new_session, showing

PASSAGES = [passage.text for book in library() for passage in book.story.passages.values() if passage.text]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    diffs(runs)
    for turns, branches, takes in ((1000, 40, 200), (4000, 100, 600)):
        with tempfile.TemporaryDirectory() as folder:
            os.environ["DUNGEON_HOME"] = folder
            tree(runs, grown(Path(folder), turns, branches, takes), turns)


def diffs(runs: int) -> None:
    words = " ".join(PASSAGES).split(" ")
    chance = random.Random(1)
    old, other = " ".join(words[:10_000]), " ".join(words[20_000:30_000])
    edited = " ".join(word if chance.random() > 1 / 15 else "changed" for word in words[:10_000])
    show("diff, 10,000 words, one in 15 changed", runs, lambda: diff(old, edited))
    show("diff, 10,000 words, nothing in common", runs, lambda: diff(old, other))
    show("diff, 10,000 words, one of them said without end", runs, lambda: diff("no " * 10_000, "no yes " * 5000))


def tree(runs: int, session: Session, turns: int) -> None:
    adventure = session.adventure
    count = len(adventure.nodes)
    rows = len(outline(adventure).rows)
    print(f"{count:,} turns, {turns:,} of them on the path; {rows:,} rows in the overview")
    show("  outline, overview", runs, lambda: outline(adventure))
    show("  outline, every turn", runs, lambda: outline(adventure, expanded=True))
    show("  search", runs, lambda: search(adventure, "the door"))

    async def opened(*keys: str) -> None:
        async with showing(TreeScreen(session), size=(120, 40)) as (_, pilot):
            began = time.perf_counter()
            await pilot.press(*keys)
            times.append(time.perf_counter() - began)

    async def open_app() -> None:
        async with showing(TreeScreen(session), size=(120, 40)):
            pass

    show("  an app with the tree on it, opened and closed", runs, lambda: asyncio.run(open_app()))
    for what, keys in (("a step", ["up"]), ("every turn, by the key a", ["a"])):
        times: list[float] = []
        for _ in range(runs):
            asyncio.run(opened(*keys))
        tell(f"  {what}, with the harness's own wait", times)
    first = adventure.path()[0].id
    show("  an edit of the first turn: all that follows is copied", 1, lambda: session.edit(first, prose="Otherwise."))
    session.shelf.close()


def grown(folder: Path, turns: int, branches: int, takes: int) -> Session:
    chance = random.Random(2)
    session = new_session(folder)
    path = [turn(session, chance) for _ in range(turns)]
    for _ in range(branches):
        session.adventure.move(chance.choice(path))
        for _ in range(chance.randrange(1, 20)):
            turn(session, chance)
    for id_ in chance.sample(path, takes):
        node = session.adventure.nodes[id_]
        session.adventure.move(node.parent)
        turn(session, chance, node.input, node.action)
    session.go_to(path[-1])
    return session


def turn(session: Session, chance: random.Random, words: str = "", action: str = "") -> int:
    prose = chance.choice(PASSAGES)
    words = words or f"try number {chance.randrange(10**6)}"
    node = session.shelf.add_turn(session.adventure, Kind.DO, words, action or f"You {words}.", WRITTEN_BY_PLAYER)
    session.shelf.save_turn(session.adventure.set_prose(node.id, prose, State.DONE))
    return node.id


def show(what: str, runs: int, work: Callable[[], object]) -> None:
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    tell(what, times)


def tell(what: str, times: list[float]) -> None:
    low, mid, high = (1000 * pick(times) for pick in (min, statistics.median, max))
    print(f"{what:58} {mid:8.1f} ms   ({low:.1f} to {high:.1f}, {len(times)} runs)", flush=True)


if __name__ == "__main__":
    main()

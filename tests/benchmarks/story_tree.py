"""How fast the story tree's screen is in long adventures, and the diff on long texts.

    python -m tests.benchmarks.story_tree [--turns 1000 4000] [--runs 5]

Builds adventures of the library's prose with that many turns on the path, a branch for every 30 of them and another
take for every sixth. Prints the median of the runs, with the range. The machine should be idle.
"""

import asyncio
import os
import tempfile
import time
from pathlib import Path
from random import Random
from unittest import mock

from corpus.turns import Kind
from dungeon.authored.books import library
from dungeon.play.session import Session
from dungeon.storage.record import NO_VOICE
from dungeon.tale.adventure import State
from dungeon.tale.diff import diff
from dungeon.tale.outline import outline, search
from dungeon.tui.screens.tree import TreeScreen
from tests.benchmarks.figures import argument_parser, seconds, show
from tests.dungeon.host import new_session, press, showing

_PASSAGES = [passage.text for book in library() for passage in book.story.passages.values() if passage.text]


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--turns", type=int, nargs="+", default=[1000, 4000], help="on the path of each adventure")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    measure_diff(arguments.runs)
    for turns in arguments.turns:
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, DUNGEON_HOME=folder):
            session = branching_session(Path(folder), turns)
            measure_tree(session, turns, arguments.runs)
            session.shelf.close()


def measure_diff(runs: int) -> None:
    """Print the times of a diff of two texts of 10,000 words."""
    words = " ".join(_PASSAGES).split(" ")
    chance = Random(1)
    old, other = " ".join(words[:10_000]), " ".join(words[20_000:30_000])
    edited = " ".join(word if chance.random() > 1 / 15 else "changed" for word in words[:10_000])
    show("diff, 10,000 words, one in 15 changed", [seconds(lambda: diff(old, edited)) for _ in range(runs)])
    show("diff, 10,000 words, nothing in common", [seconds(lambda: diff(old, other)) for _ in range(runs)])
    no, yes = "no " * 10_000, "no yes " * 5000
    show("diff, 10,000 words, one word repeated", [seconds(lambda: diff(no, yes)) for _ in range(runs)])


def measure_tree(session: Session, turns: int, runs: int) -> None:
    """Print the times of the outline, of the screen that shows it, and of an edit at the start."""
    adventure = session.adventure
    rows = len(outline(adventure).rows)
    print(f"{len(adventure.nodes):,} turns, {turns:,} of them on the path; {rows:,} rows in the overview")
    show("  outline, overview", [seconds(lambda: outline(adventure)) for _ in range(runs)])
    show("  outline, every turn", [seconds(lambda: outline(adventure, expanded=True)) for _ in range(runs)])
    show("  search", [seconds(lambda: search(adventure, "the door")) for _ in range(runs)])
    opened = [asyncio.run(screen_times(session)) for _ in range(runs)]
    for label, times in zip(
        ("an app with the tree's screen, until it is painted", "a step up", "every turn (key a)"),
        zip(*opened, strict=True),
        strict=True,
    ):
        show(f"  {label}", list(times))
    first = adventure.path()[0].id
    edit = seconds(lambda: session.edit(first, prose="Otherwise."))
    show("  an edit of the first turn, which copies all that follow", [edit])


async def screen_times(session: Session) -> tuple[float, float, float]:
    """Return the seconds until the app shows the tree, and those that two keys take."""
    began = time.perf_counter()
    async with showing(TreeScreen(session), size=(120, 40)) as (_, pilot):
        times = [time.perf_counter()]
        for key in ("up", "a"):
            await press(pilot, key)
            times.append(time.perf_counter())
    return times[0] - began, times[1] - times[0], times[2] - times[1]


def branching_session(folder: Path, turns: int) -> Session:
    """Return a session at the end of a path of `turns` turns, off which there are branches and other takes."""
    chance = Random(2)
    session = new_session(folder)
    session.shelf._db.execute("PRAGMA synchronous=OFF")  # building it is not what is measured
    path = [_add_turn(session, chance) for _ in range(turns)]
    for _ in range(turns // 30):
        session.adventure.move(chance.choice(path))
        for _ in range(chance.randrange(1, 20)):
            _add_turn(session, chance)
    for node_id in chance.sample(path, turns // 6):
        node = session.adventure.nodes[node_id]
        session.adventure.move(node.parent)
        _add_turn(session, chance, node.input, node.action)
    session.go_to(path[-1])
    session.shelf._db.execute("PRAGMA synchronous=FULL")
    return session


def _add_turn(session: Session, chance: Random, words: str = "", action: str = "") -> int:
    words = words or f"try number {chance.randrange(10**6)}"
    node = session.shelf.add_turn(session.adventure, Kind.DO, words, action or f"You {words}.", NO_VOICE)
    session.shelf.save_turn(session.adventure.set_prose(node.id, chance.choice(_PASSAGES), State.DONE))
    return node.id


if __name__ == "__main__":
    main()

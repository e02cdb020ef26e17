"""Improvised turns in authored stories, to be read: a typed line that no choice of its scene means, and the answer.

    python -m tests.benchmarks.improvised lantern [--kinds other,odd] [--half build] [--every 2] [--out FILE.jsonl]

The lines are those of `typed_lines/` that mean no choice. The player comes to each scene by the shortest way. Printed
are the scene, the line, the answer and the seconds that it took; at the end how many got no answer, and the median.
"""

import asyncio
import json
import tempfile
import time
from collections import deque
from dataclasses import replace
from pathlib import Path
from statistics import median

from corpus.actions import read_input
from corpus.labels import label_action
from corpus.turns import Kind
from dungeon.authored.books import Book, find_books
from dungeon.play.director import open_story
from dungeon.play.session import Session
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.open import open_storyteller
from dungeon.tale.authored import choices_of
from tests.benchmarks.figures import argument_parser

LINES = Path(__file__).parent / "typed_lines"


def way_to(book: Book, passage: str) -> list[tuple[str, str]]:
    """Return the labels and passages of the shortest way from the start."""
    ways: dict[str, list[tuple[str, str]]] = {book.story.start: []}
    queue = deque(ways)
    while passage not in ways:
        here = queue.popleft()
        for choice in choices_of(book.story, book.story.passages[here]):
            if choice.target not in ways:
                ways[choice.target] = [*ways[here], (choice.label, choice.target)]
                queue.append(choice.target)
    return ways[passage]


async def run(voice: str, rows: list[dict[str, str]], out: Path | None) -> None:
    storyteller = open_storyteller(voice, None, None)
    await storyteller.start()
    took: list[float] = []
    empty = 0
    with tempfile.TemporaryDirectory() as folder:
        session = Session(Shelf(Path(folder) / "shelf.db"), storyteller, seed=1)
        for number, row in enumerate(rows):
            (book,) = find_books(row["story"])
            open_story(session, replace(book, key=f"{number}"))
            for label, passage in way_to(book, row["passage"]):
                session.add_authored_turn(Kind.DO, "", label_action(label), passage)
            began = time.perf_counter()
            node = await session.play_turn(*read_input(row["typed"]), lambda _: None)
            took.append(time.perf_counter() - began)
            empty += not node.prose
            scene = book.story.passages[row["passage"]].text
            print(f"[{number}] {row['story']} / {row['passage']} ({row['kind']})\n{scene}\n")
            print(f"> {row['typed']}\n{node.prose or '(nothing)'}\n({took[-1]:.1f} s)\n", flush=True)
            if out:
                with out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({**row, "scene": scene, "answer": node.prose, "voice": voice}) + "\n")
    await storyteller.close()
    print(
        f"{voice}: {len(rows)} lines, {empty} without an answer, median {median(took):.1f} s, longest {max(took):.1f} s"
    )


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("voice")
    parser.add_argument("--kinds", default="other,odd")
    parser.add_argument("--half", choices=("build", "held-out"), default="build")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    lines = (LINES / f"{arguments.half}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["kind"] in arguments.kinds.split(",")]
    asyncio.run(run(arguments.voice, rows[:: arguments.every], arguments.out))


if __name__ == "__main__":
    main()

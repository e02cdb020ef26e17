"""How well and how fast labels become actions and text becomes prose. Prints, asserts nothing.

    python tests/benchmarks/corpus_labels.py

Right and wrong are those of tests/corpus/labels.tsv. Beside ours stand AI Dungeon's rules of 2019, written anew from a
description of them: first person to second outside quotation marks, `You say` before a quotation mark, else "You " and
a small letter, save before a few words. Of its 27 such words the ten that are known are used, and its person table is
reduced to the words that a label can hold. It ends no sentence, so it is also scored without the end mark.

Speed is the best of seven runs on one core, over the labels and the passages of the bundled library, which are clean.
"""

import re
import time
from collections.abc import Callable
from pathlib import Path

from corpus.clean import clean
from corpus.labels import label_action
from corpus.readers import read
from corpus.turns import clean_prose

ROOT = Path(__file__).parents[2]
RUNS = 7
_KEPT = frozenset(["the", "another", "next", "in", "monday", "back", "a", "years", "one", "onward"])
_PERSON = {
    "I'm": "you're", "I've": "you've", "I'll": "you'll", "I'd": "you'd", "I am": "you are", "I was": "you were",
    "am I": "are you", "was I": "were you", "I": "you", "me": "you", "my": "your", "mine": "yours",
    "myself": "yourself", "we": "you", "us": "you", "our": "your", "ourselves": "yourselves",
}  # fmt: skip


def ai_dungeon(label: str) -> str:
    """The action of 2019, without its mark."""
    action = label.strip()
    for first, second in _PERSON.items():
        action = re.sub(rf'\b{first}\b(?=(?:[^"]*"[^"]*")*[^"]*$)', second, action)
    action = action.replace("Years pass...", "").strip()
    if action.startswith('"'):
        return f'You say "{action[1 : action.rindex(chr(34))] if action.count(chr(34)) > 1 else action[1:]}"'
    word = action.partition(" ")[0].lower()
    return action if not action or word in _KEPT else f"You {action[0].lower()}{action[1:]}"


def main() -> None:
    lines = (ROOT / "tests/corpus/labels.tsv").read_text(encoding="utf-8").splitlines()
    table = [line.split("\t") for line in lines if line and not line.startswith("# ")]
    print(f"{'right of the hand-labelled table':44} {'ours':>16} {'AI Dungeon 2019':>16} {'its, without end mark':>22}")
    for name, rows in (
        ("tuned on", [row for row in table if len(row) == 2]),
        ("held out, mended afterwards", [row for row in table if len(row) == 3]),
        ("all", table),
    ):
        ours = sum(label_action(row[0]) == row[1] for row in rows)
        theirs = sum(ai_dungeon(row[0]) == row[1] for row in rows)
        lenient = sum(_bare(ai_dungeon(row[0])) == _bare(row[1]) for row in rows)
        print(f"{name:44}", *(f"{n:>6} = {n / len(rows):>6.1%}" for n in (ours, theirs, lenient)), f"of {len(rows)}")

    stories = [story for path in sorted((ROOT / "corpus/library").glob("*.twee")) for story in read(path)]
    labels = [choice.label for story in stories for _, choice in story.edges()]
    texts = [passage.text for story in stories for passage in story.passages.values()]
    curly = [text.replace("'", "’") for text in texts]
    mangled = [text.encode().decode("cp1252", "replace") for text in curly]
    print()
    print(f"{'label_action, library labels':44} {_speed(label_action, labels, len(labels)):>12,.0f} labels/s")
    odd = [row[0] for row in table]
    print(f"{'label_action, the table (mostly oddities)':44} {_speed(label_action, odd, len(odd)):>12,.0f} labels/s")
    for what, function, batch in (
        ("clean, ASCII", clean, texts),
        ("clean, curly quotes", clean, curly),
        ("clean, mojibake", clean, mangled),
        ("clean_prose, ASCII", clean_prose, texts),
    ):
        speed = _speed(function, batch, sum(map(len, batch))) / 1e6
        print(f"{what:44} {speed:>12,.1f} MB/s, passages of {sum(map(len, batch)) // len(batch)} characters")


def _bare(action: str) -> str:
    return action.rstrip('."')


def _speed(function: Callable[[str], object], batch: list[str], amount: int) -> float:
    """`amount` a second, of the best run."""
    best = float("inf")
    for _ in range(RUNS):
        start = time.perf_counter()
        for text in batch:
            function(text)
        best = min(best, time.perf_counter() - start)
    return amount / best


if __name__ == "__main__":
    main()

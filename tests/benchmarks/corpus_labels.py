"""How well, and how fast, choice labels become actions and passages become clean prose.

    python -m tests.benchmarks.corpus_labels

Prints the share of bad actions in `tests/corpus/labels_sample.tsv`: labels in the kinds and shares of stories.

Then the share of `tests/corpus/labels.tsv` that is right: ours, and that of AI Dungeon's rules of 2019, rewritten
from a description of them. These turn the first person into the second outside quotation marks, put `You say` before a
quotation mark, and else "You" before a small letter, except before a few words. Of these 27 words the ten that are
known are used. The rules add no end mark, so they are also scored without it.

Then prints labels and megabytes a second: the best of seven runs on one core, over the bundled library.
"""

import re
from collections.abc import Callable
from pathlib import Path

from corpus.clean import clean
from corpus.labels import label_action
from corpus.readers import read
from corpus.turns import clean_prose
from tests.benchmarks.figures import argument_parser, seconds

_ROOT = Path(__file__).parents[2]
_RUNS = 7
_NO_YOU = frozenset(["the", "another", "next", "in", "monday", "back", "a", "years", "one", "onward"])
_SECOND_PERSON = {
    "I'm": "you're", "I've": "you've", "I'll": "you'll", "I'd": "you'd", "I am": "you are", "I was": "you were",
    "am I": "are you", "was I": "were you", "I": "you", "me": "you", "my": "your", "mine": "yours",
    "myself": "yourself", "we": "you", "us": "you", "our": "your", "ourselves": "yourselves",
}  # fmt: skip


def main() -> None:
    argument_parser(__doc__).parse_args()
    print_bad_actions(_rows("labels_sample.tsv"))
    print()
    table = _rows("labels.tsv")
    print_quality(table)
    print()
    print_speed([row[0] for row in table])


def print_bad_actions(sample: list[list[str]]) -> None:
    """Print the share of wrong actions in rows of label, links, right actions, and a fourth column if held out."""
    for name, rows in (
        ("used to write the rules", [row for row in sample if len(row) == 3]),
        ("held out, fixed afterwards", [row for row in sample if len(row) == 4]),
    ):
        bad = sum((label_action(row[0], only=row[1] == "1") or "-") not in row[2].split("||") for row in rows)
        print(f"bad actions, {name:32} {bad:>4} of {len(rows)} = {bad / len(rows):.1%}")


def print_quality(table: list[list[str]]) -> None:
    """Print the share of the rows (label, action, and a third column if held out) that the rules get right."""
    print(f"{'right labels':32} {'ours':>16} {'AI Dungeon 2019':>16} {'without end mark':>16}")
    for name, rows in (
        ("used to write the rules", [row for row in table if len(row) == 2]),
        ("held out, fixed afterwards", [row for row in table if len(row) == 3]),
        ("all", table),
    ):
        counts = (
            sum(label_action(label) == action for label, action, *_ in rows),
            sum(ai_dungeon_action(label) == action for label, action, *_ in rows),
            sum(_without_end(ai_dungeon_action(label)) == _without_end(action) for label, action, *_ in rows),
        )
        print(f"{name:32}", *(f"{count:>8} ={count / len(rows):>6.1%}" for count in counts), f"of {len(rows)}")


def print_speed(odd_labels: list[str]) -> None:
    """Print the speed on the library, on labels of which most are unusual, and on text that needs cleaning."""
    stories = [story for path in sorted((_ROOT / "corpus/library").glob("*.twee")) for story in read(path)]
    labels = [choice.label for story in stories for _, choice in story.edges()]
    texts = [passage.text for story in stories for passage in story.passages.values()]
    curly = [text.replace("'", "’") for text in texts]
    mojibake = [text.encode().decode("cp1252", "replace") for text in curly]
    for name, batch in (("library", labels), ("labels.tsv, mostly unusual", odd_labels)):
        print(f"{f'label_action, {name}':44} {len(batch) / _best(label_action, batch):>12,.0f} labels/s")
    for name, function, batch in (
        ("clean, ASCII", clean, texts),
        ("clean, curly quotes", clean, curly),
        ("clean, mojibake", clean, mojibake),
        ("clean_prose, ASCII", clean_prose, texts),
    ):
        size = sum(map(len, batch))
        speed = size / 1e6 / _best(function, batch)
        print(f"{name:44} {speed:>12,.1f} MB/s, passages of {size // len(batch)} characters")


def ai_dungeon_action(label: str) -> str:
    """Return the action that the rules of 2019 make of a label."""
    action = label.strip()
    for first, second in _SECOND_PERSON.items():
        action = re.sub(rf'\b{first}\b(?=(?:[^"]*"[^"]*")*[^"]*$)', second, action)
    action = action.replace("Years pass...", "").strip()
    if action.startswith('"'):
        return f'You say "{action[1 : action.rindex(chr(34))] if action.count(chr(34)) > 1 else action[1:]}"'
    word = action.partition(" ")[0].lower()
    return action if not action or word in _NO_YOU else f"You {action[0].lower()}{action[1:]}"


def _rows(name: str) -> list[list[str]]:
    lines = (_ROOT / "tests/corpus" / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("# ")]


def _without_end(action: str) -> str:
    return action.rstrip('."')


def _best(function: Callable[[str], object], batch: list[str]) -> float:
    """Return the seconds of the fastest run over the batch."""
    return min(seconds(lambda: [function(text) for text in batch]) for _ in range(_RUNS))


if __name__ == "__main__":
    main()

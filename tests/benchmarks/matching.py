"""How well typed lines find the author's choice that they mean, by lines that people wrote and labelled.

    python -m tests.benchmarks.matching [--half build|held-out] [--show] [--fit]

The lines are in `typed_lines`: the story, the passage, what is typed, the choice that it means (null if it means none)
and its kind: paraphrase, near miss, other, odd or hostile. The half named build is for tuning, the other one is for
figures to report. Prints

- the precision of sure: of the lines that the author answers unasked, the share that mean this choice;
- the recall: of the lines that mean a choice, the share that find it, surely, or surely or as an offer;
- offers among the lines that mean none, by kind.

`--show` lists the wrong and the missed ones. `--fit` fits the weights of the model anew, prints them, and
cross-validates them by story, in six parts: what the figures are for stories that the weights have not seen.

Limits: near misses are made to mislead and are much more frequent here than in play, so the precision in play is
higher. Rules and word lists are chosen by people who have read the build half, so only the other half is a test of
those.
"""

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dungeon.authored.books import library
from dungeon.authored.fitting import line_fits
from dungeon.authored.matching import WEIGHTS, Match, Scene, features, match_line
from dungeon.authored.scenes import read_line, read_place
from tests.benchmarks.figures import argument_parser

LINES = Path(__file__).parent / "typed_lines"
_FOLDS = 6


@dataclass(frozen=True, slots=True)
class TypedLine:
    """A line, labelled."""

    story: str
    passage: str
    typed: str
    choice: str | None
    kind: str

    @property
    def scene(self) -> Scene:
        """The place in which it is typed."""
        return scene(self.story, self.passage)

    @property
    def meant(self) -> int | None:
        """The number of the choice that it means; None if it means none."""
        return None if self.choice is None else self.scene.choices.index(self.choice)


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--half", choices=("build", "held-out"), default="build", help="which lines")
    parser.add_argument("--show", action="store_true", help="print the lines that went wrong")
    parser.add_argument("--fit", action="store_true", help="fit the weights anew, and cross-validate them by story")
    arguments = parser.parse_args()
    lines = load(arguments.half)
    matches = [match_line(line.typed, line.scene) for line in lines]
    print_figures(lines, matches)
    if arguments.show:
        print_wrong(lines, matches)
    if arguments.fit:
        print_fit(lines)


def load(half: str) -> list[TypedLine]:
    """Return the lines of a half."""
    text = (LINES / f"{half}.jsonl").read_text(encoding="utf-8")
    return [TypedLine(**json.loads(line)) for line in text.splitlines()]


@cache
def scene(story: str, passage: str) -> Scene:
    """Return a place of the library."""
    passages = next(book.story.passages for book in library() if book.name == story)
    place = passages[passage]
    answers = (passages[choice.target].text if choice.target in passages else "" for choice in place.choices)
    return Scene(place.text, tuple(choice.label for choice in place.choices), tuple(answers))


def print_figures(lines: Sequence[TypedLine], matches: Sequence[Match | None]) -> None:
    """Print how many lines of each kind were answered, offered and neither, and the shares of them."""
    both = list(zip(lines, matches, strict=True))
    for kind, count in Counter(line.kind for line in lines).most_common():
        of_kind = [match for line, match in both if line.kind == kind]
        sure = sum(match is not None and match.sure for match in of_kind)
        offers = sum(match is not None and not match.sure for match in of_kind)
        print(f"{kind:12} {count:4} lines {sure:4} sure {offers:4} offered {count - sure - offers:4} neither")
    answered = [(line, match) for line, match in both if match and match.sure]
    right = sum(match.choice == line.meant for line, match in answered)
    meaning = [(line, match) for line, match in both if line.meant is not None]
    found = sum(match is not None and match.choice == line.meant for line, match in meaning)
    no_meaning = [match for line, match in both if line.meant is None]
    offers = sum(match is not None and not match.sure for match in no_meaning)
    print(f"precision of sure             {_share(right, len(answered))}")
    print(f"recall, sure                  {_share(right, len(meaning))}")
    print(f"recall, sure or offered       {_share(found, len(meaning))}")
    print(f"offers at lines that mean none {_share(offers, len(no_meaning))}")


def _share(part: int, whole: int) -> str:
    return f"{part / max(1, whole):6.1%} ({part} of {whole})"


def print_wrong(lines: Sequence[TypedLine], matches: Sequence[Match | None]) -> None:
    """Print the lines that found another choice than they mean, or only an offer, or none; the worst first."""

    def fault(line: TypedLine, match: Match | None) -> str:
        if match and match.choice != line.meant:
            return "1 wrong, sure" if match.sure else "2 wrong offer"
        if line.meant is not None and not (match and match.sure):
            return "4 offered" if match else "3 missed"
        return ""

    faults = [(fault(line, match), line, match) for line, match in zip(lines, matches, strict=True)]
    for name, line, match in sorted(faults, key=lambda item: item[0]):
        if name:
            got = line.scene.choices[match.choice] if match else None
            print(f"{name[2:]}: {line.kind}, {line.typed!r} means {line.choice!r}, got {got!r}")


# ---- the model -------------------------------------------------------------------------------------------------


def print_fit(lines: Sequence[TypedLine]) -> None:
    """Print weights fitted to the lines, and the figures of weights fitted to the other stories."""
    stories = sorted({line.story for line in lines})
    part = {story: number % _FOLDS for number, story in enumerate(stories)}
    weights = [fit([line for line in lines if part[line.story] != number]) for number in range(_FOLDS)]
    print(f"\nby cross-validation, in {_FOLDS} parts")
    print_figures(lines, [match_line(line.typed, line.scene, weights[part[line.story]]) for line in lines])
    print("\nweights")
    for name, weight in fit(lines).items():
        print(f"  {name:12} {weight:6.2f}  now {WEIGHTS[name]:6.2f}")


def fit(lines: Sequence[TypedLine], penalty: float = 1.0, steps: int = 400) -> dict[str, float]:
    """Return the weights of a logistic model of whether a choice is meant, by gradient descent with a penalty."""
    rows = [row for line in lines for row in _rows(line)]
    weights = dict.fromkeys(WEIGHTS, 0.0)
    rate = 3.0 / len(rows)
    for _ in range(steps):
        slopes = {name: 0.0 if name == "bias" else penalty * weight for name, weight in weights.items()}
        for values, meant in rows:
            error = 1 / (1 + math.exp(-sum(weights[name] * value for name, value in values.items()))) - meant
            for name, value in values.items():
                slopes[name] += error * value
        weights = {name: weight - rate * slopes[name] for name, weight in weights.items()}
    return weights


@cache
def _rows(line: TypedLine) -> list[tuple[dict[str, float], bool]]:
    place = read_place(line.scene.prose, line.scene.choices, line.scene.answers)
    fits = line_fits(read_line(line.typed, place.names, place), place)
    return [(features(fit), number == line.meant) for number, fit in enumerate(fits)]


if __name__ == "__main__":
    main()

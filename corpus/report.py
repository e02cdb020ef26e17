"""What became of the stories: the figures that `build` prints, `stats` shows, the card tells and `report.json` keeps.

    report = read_report(Path("my-corpus"))
    print(report.table())

Limits: a line a story is kept, so a corpus of a hundred thousand stories has a report of tens of megabytes.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from corpus.errors import CorpusFailure
from corpus.leaks import TARGET
from corpus.splits import SPLITS

REPORT = "report.json"


@dataclass(frozen=True, slots=True)
class StoryLine:
    """A story that is in the corpus, and whom it is by."""

    id: str
    title: str
    author: str
    rights: str
    source: str
    """Where it was read from: a path of the machine that built the corpus, or an address."""
    split: str
    """Where its examples are; several names with commas where a lone story was split inside."""
    words: int


@dataclass(frozen=True, slots=True)
class Report:
    """Counts are of what is in the corpus, `drops` of what isn't, by reason."""

    seed: int
    context: int
    """The most characters of an example's context."""
    stories: int
    passages: int
    choices: int
    words: int
    examples: Mapping[str, int]
    """By split, like the next three."""
    target_characters: Mapping[str, int]
    bytes: Mapping[str, int]
    """Of the columns in memory."""
    parquet_bytes: Mapping[str, int]
    """Of the files."""
    drops: Mapping[str, int]
    rights: Mapping[str, int]
    """Stories by licence."""
    titles: Mapping[str, list[str]]
    """The stories of each split."""
    near_duplicates: tuple[tuple[str, ...], ...]
    """Ids of stories that are alike, and so stand in one split; a tuple each group."""
    leaked: float
    """The share, 0 to 1, of validation paragraph characters that also stand in train: see `corpus.leaks`."""
    passage_words: list[int]
    """Histograms: see `corpus.histogram`."""
    example_characters: list[int]
    contents: tuple[StoryLine, ...]
    notes: tuple[str, ...]
    """What the readers left out or guessed, a sentence each."""
    warnings: tuple[str, ...]
    """What the user should know before relying on this corpus."""

    def table(self) -> str:
        """The figures as plain aligned lines: name, number."""
        rows = [
            ("stories", f"{self.stories:,}"),
            ("passages", f"{self.passages:,}"),
            ("choices", f"{self.choices:,}"),
            ("words", f"{self.words:,}"),
            ("examples", f"{sum(self.examples.values()):,}"),
            *((f"  {name}", f"{self.examples[name]:,}") for name in SPLITS),
            ("target characters", f"{sum(self.target_characters.values()):,}"),
            *((f"  {name}", f"{self.target_characters[name]:,}") for name in SPLITS),
            ("megabytes of parquet", f"{sum(self.parquet_bytes.values()) / 1e6:.1f}"),
            ("stories in groups of similar ones", f"{sum(map(len, self.near_duplicates)):,}"),
            ("validation text also in train", f"{self.leaked:.2%}"),
            *((f"rights: {rights}", f"{count:,}") for rights, count in sorted(self.rights.items())),
            *((f"left out: {reason}", f"{count:,}") for reason, count in sorted(self.drops.items())),
        ]
        wide = max(len(name) for name, _ in rows)
        digits = max(len(number) for _, number in rows)
        return "\n".join(f"{name:<{wide}}  {number:>{digits}}" for name, number in rows)


def leak_warning(leaked: float) -> str:
    """What to say of that share; "" where it is small enough."""
    if leaked < TARGET:
        return ""
    return (
        f"{leaked:.1%} of the validation text also stands in train (at most {TARGET:.1%} would be sound), so held-out "
        "figures will flatter. Look for the same passages in several stories."
    )


def write_report(report: Report, folder: Path) -> None:
    """Writes `report.json` into the folder."""
    text = json.dumps(asdict(report), ensure_ascii=False, indent=2) + "\n"
    # A file name need not be proper Unicode; Python's escape for what isn't is JSON's as well.
    (folder / REPORT).write_text(text, encoding="utf-8", errors="backslashreplace")


def read_report(folder: Path) -> Report:
    """The report of the corpus in `folder`. Raises CorpusFailure where there is none that can be read."""
    make = "Make a corpus with: dungeon corpus build STORIES --out FOLDER"
    try:
        content = json.loads((folder / REPORT).read_text(encoding="utf-8"))
        return msgspec.convert(content, Report)
    except FileNotFoundError as error:
        raise CorpusFailure(f"{folder} is no corpus: there is no {REPORT} in it. {make}") from error
    except OSError as error:
        raise CorpusFailure(f"{folder / REPORT} can't be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise CorpusFailure(
            f"{folder / REPORT} is not a report of this version: {error}. Build the corpus again."
        ) from error

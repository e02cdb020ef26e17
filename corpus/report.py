"""The figures of a build, which `build` and `stats` print, the dataset card shows and `report.json` stores.

    report = read_report(Path("my-corpus"))
    print(report.table())

Limits: it has a line for each story, so the report of a hundred thousand stories is tens of megabytes.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from corpus.errors import CorpusError
from corpus.leaks import TARGET
from corpus.splits import SPLITS
from corpus.story import Skipped

REPORT = "report.json"


@dataclass(frozen=True, slots=True)
class StoryLine:
    """A story in the corpus."""

    id: str
    title: str
    author: str
    rights: str
    source: str
    """The path, on the machine that built the corpus, or the address that it was read from."""
    split: str
    """The split of its examples; several, separated by commas, if the story itself was split."""
    words: int


@dataclass(frozen=True, slots=True)
class Report:
    """Counts of what is in the corpus; `drops` counts what was left out, by reason."""

    seed: int
    context: int
    """Characters of an example's context, at most."""
    stories: int
    passages: int
    choices: int
    words: int
    examples: Mapping[str, int]
    """By split, like the next three."""
    target_characters: Mapping[str, int]
    bytes: Mapping[str, int]
    """Of the columns in memory, by split."""
    parquet_bytes: Mapping[str, int]
    """Of the files, by split."""
    drops: Mapping[str, int]
    rights: Mapping[str, int]
    """Number of stories by licence."""
    titles: Mapping[str, list[str]]
    """Titles of the stories in each split."""
    near_duplicates: tuple[tuple[str, ...], ...]
    """Groups of versions of one story (see `corpus.versions`), by id; each group is in one split."""
    leaked: float
    """The share, 0 to 1, of validation characters in paragraphs that are also in train: see `corpus.leaks`."""
    passage_words: list[int]
    """A histogram, like the next one: see `corpus.histogram`."""
    example_characters: list[int]
    contents: tuple[StoryLine, ...]
    notes: tuple[str, ...]
    """What the readers left out or guessed, one sentence each."""
    warnings: tuple[str, ...]
    """What the user should know before relying on this corpus."""
    skipped: tuple[Skipped, ...] = ()
    """Files that can't be read or have no story."""

    def table(self) -> str:
        """Return the figures as aligned lines: name, number."""
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
            ("stories in groups of versions", f"{sum(map(len, self.near_duplicates)):,}"),
            ("validation text also in train", f"{self.leaked:.2%}"),
            *((f"rights: {rights}", f"{count:,}") for rights, count in sorted(self.rights.items())),
            *((f"left out: {reason}", f"{count:,}") for reason, count in sorted(self.drops.items())),
        ]
        name_width = max(len(name) for name, _ in rows)
        number_width = max(len(number) for _, number in rows)
        return "\n".join(f"{name:<{name_width}}  {number:>{number_width}}" for name, number in rows)


def leak_warning(leaked: float) -> str:
    """Return a warning about that share of leaked text; "" if it is small enough."""
    if leaked < TARGET:
        return ""
    return (
        f"{leaked:.1%} of the validation text is also in train ({TARGET:.1%} or less is fine), so held-out results "
        "will look too good. Many stories have the same passages, such as a licence; remove them from the sources."
    )


def write_report(report: Report, folder: Path) -> None:
    """Write `report.json` into the folder."""
    text = json.dumps(asdict(report), ensure_ascii=False, indent=2) + "\n"
    # A file name may not be valid Unicode; Python's escape for such bytes is also valid in JSON.
    (folder / REPORT).write_text(text, encoding="utf-8", errors="backslashreplace")


def read_report(folder: Path) -> Report:
    """Return the report of the corpus in `folder`. Raise CorpusError if it can't be read."""
    hint = "Build a corpus with: dungeon corpus build STORIES --out FOLDER"
    try:
        content = json.loads((folder / REPORT).read_text(encoding="utf-8"))
        return msgspec.convert(content, Report)
    except FileNotFoundError as error:
        raise CorpusError(f"{folder} is not a corpus: it has no {REPORT}. {hint}") from error
    except OSError as error:
        raise CorpusError(f"{folder / REPORT} can't be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise CorpusError(
            f"{folder / REPORT} is not a report of this version: {error}. Build the corpus again."
        ) from error

"""Reads a corpus folder, as `corpus.store` lays it out, and checks it.

    corpus = read_corpus(Path("my-corpus"))
    corpus.splits["train"][0]["target"]

The folder is read as it lies there: no network, no cache elsewhere, no code that the folder may hold.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset

from corpus.report import leak_warning
from finetune.data.corpus_files import BUILD_ONE, find_files
from finetune.errors import FinetuneError
from finetune.files import read_json

T = TypeVar("T")
_COLUMNS = ("story", "context", "target", "ends")


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus that was read and checked."""

    splits: Mapping[str, Dataset]
    """train, validation and, where it isn't empty, test; columns story, context, target, ends."""
    report: Mapping[str, Any]
    """What the builder wrote about it: rights (licence -> stories), titles (split -> titles), counts."""
    fingerprint: str
    """SHA-256 of every text in it."""

    @property
    def held_out_split(self) -> str:
        """The split that is measured before and after a training: test, or validation where there is no test."""
        return "test" if "test" in self.splits else "validation"

    @property
    def leaked(self) -> float | None:
        """The share of the validation text, 0 to 1, that is also in the training text; None where nobody measured."""
        share = self.report.get("leaked")
        return float(share) if isinstance(share, int | float) and math.isfinite(share) else None

    @property
    def leak_warning(self) -> str:
        """What is wrong with figures on held-out text where it was learned from, too; "" where little was."""
        return leak_warning(self.leaked or 0.0)


def read_corpus(folder: Path) -> Corpus:
    """Return the corpus in `folder`, in memory.

    Raises:
        FinetuneError: `folder` holds no corpus, it can't be read, or its train or validation split is empty.
    """
    parts = find_files(folder)
    try:
        splits = {split: table for split, files in parts.items() if (table := _read_split(folder, files)) is not None}
        report = read_json(folder / "report.json")
    except (OSError, ValueError) as error:  # pyarrow's errors are of these kinds
        raise FinetuneError(f"The corpus {folder} can't be read: {error}. Build it again.") from error
    if not isinstance(report, dict):
        raise FinetuneError(f"{folder} is not a corpus: its report.json holds no report. {BUILD_ONE}")
    for split in ("train", "validation"):
        if split not in splits:
            raise FinetuneError(f"The corpus {folder} has nothing in its {split} split. Build it from more stories.")
    digest = hashlib.sha256()
    for split in sorted(splits):
        for row in splits[split]:
            digest.update(json.dumps([split, *(row[name] for name in _COLUMNS)]).encode())
    return Corpus(splits, report, digest.hexdigest())


def spread_evenly(items: Sequence[T], count: int) -> list[T]:
    """Return at most `count` of the items, spread evenly over them."""
    count = min(count, len(items))
    return [items[(2 * n + 1) * len(items) // (2 * count)] for n in range(count)]


def _read_split(folder: Path, files: list[Path]) -> Dataset | None:
    """Return the examples of one split; None where it is empty."""
    for file in files:
        if missing := [name for name in _COLUMNS if name not in pq.read_schema(file).names]:
            raise FinetuneError(f"{folder} is not a corpus: {file.name} lacks the column '{missing[0]}'. {BUILD_ONE}")
    tables = [pq.read_table(file, columns=list(_COLUMNS)) for file in files]
    return Dataset(pa.concat_tables(tables)) if any(table.num_rows for table in tables) else None

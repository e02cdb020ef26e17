"""Reads a corpus and checks it: a folder, as `corpus.store` lays it out, or a data file or data set of documents.

    corpus = read_corpus(Path("my-corpus"))
    corpus.splits["train"][0]["target"]

A folder and a file are read as they lie there: no network, no cache elsewhere, no code that they may hold.
`document_corpus` says what becomes of a file or a data set.
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
from corpus.text import visible
from finetune.data.corpus_check import is_data_set, is_documents_file
from finetune.data.corpus_files import BUILD_ONE, find_files
from finetune.data.document_corpus import make_corpus
from finetune.errors import FinetuneError
from finetune.files import read_json

T = TypeVar("T")
_COLUMNS = ("story", "context", "target", "ends")
_ROWS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus that was read and checked."""

    splits: Mapping[str, Dataset]
    """train, validation and, where it isn't empty, test; columns story, context, target, ends."""
    report: Mapping[str, Any]
    """What the builder wrote about it: rights (licence -> stories), titles (split -> titles), counts."""
    fingerprint: str
    """SHA-256 of every text in it."""
    note: str = ""
    """How it was made from documents; "" for a corpus that was built."""

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

    @property
    def notes(self) -> list[str]:
        """What a user should know of it before it is learned, as lines to print."""
        warning = self.leak_warning and f"Warning: {self.leak_warning}"
        return [visible(note) for note in (self.note, warning) if note]


def read_corpus(source: Path) -> Corpus:
    """Return the corpus in a folder, a data file or a data set of the Hub, in memory.

    Raises:
        FinetuneError: `source` holds no corpus, it can't be read, or its train or validation split is empty.
    """
    if is_data_set(source) or is_documents_file(source):
        made = make_corpus(source)
        return Corpus(made.splits, made.report, _fingerprint(made.splits), made.note)
    splits, report = _read_folder(source)
    return Corpus(splits, report, _fingerprint(splits))


def _read_folder(folder: Path) -> tuple[dict[str, Dataset], dict[str, Any]]:
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
    return splits, report


def _fingerprint(splits: Mapping[str, Dataset]) -> str:
    digest = hashlib.sha256()
    for split in sorted(splits):
        for batch in splits[split].iter(_ROWS_AT_ONCE):
            for values in zip(*(batch[name] for name in _COLUMNS), strict=True):
                digest.update(json.dumps([split, *values]).encode())
    return digest.hexdigest()


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

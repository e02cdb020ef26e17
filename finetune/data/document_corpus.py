"""Makes a corpus of a data file, or of a data set on the Hub, whose rows are texts or chats.

    made = make_corpus(Path("stories.jsonl"))
    made.splits["train"], made.report["leaked"]

Splits of the source are kept: `test` is measured before and after, `validation` (or else the test) while it learns.
Where the source holds nothing out, a tenth of the documents is for validation and a tenth for the test, as in a corpus
that `corpus.build` makes: by the document's text, so that the same one is always held out. Repeated documents count
once. Nobody stated a licence, so the rights are unknown.

Limits: the text is held in memory; similar documents are not looked for, so what is held out may resemble what is
learned: the report has the share of its paragraphs that do.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import httpx2
import pyarrow as pa
from datasets import Dataset, DatasetDict, load_dataset
from datasets.exceptions import DatasetsError

from corpus.examples import Example
from corpus.leaks import leaked, paragraphs
from corpus.scratch_file import SCHEMA, to_record_batch
from corpus.splits import SPLITS, split
from finetune.data.corpus_check import FEWEST, is_data_set, no_data_set, read_documents, too_few
from finetune.data.documents import COLUMNS, document_id, examples
from finetune.data.parquet_rows import parquet_rows
from finetune.data.row_files import Row, is_parquet, read_rows
from finetune.errors import cause

_NAMES = {"train": ("train",), "validation": ("validation", "valid", "val", "dev"), "test": ("test",)}
"""What data sets call their splits."""
_DOCUMENTS_AT_ONCE = 1000
_SEED = 0

Rows = Iterable[tuple[str, Row]]


@dataclass(frozen=True, slots=True)
class DocumentCorpus:
    """The parts of a `Corpus`."""

    splits: dict[str, Dataset]
    report: dict[str, Any]
    note: str
    """How many documents each split has, and what was left out."""


def make_corpus(source: Path) -> DocumentCorpus:
    """Return the corpus of a data file, or of a data set by its name.

    Raises:
        FinetuneError: the source can't be read or fetched, it has no text, or too few documents.
    """
    if is_data_set(source):
        name = source.as_posix()
        parts = _data_set_rows(name)
    else:
        name = source.name
        parts = {"train": parquet_rows(source) if is_parquet(source) else read_rows(source)}
    counter = _Counter()
    tables = {part: _read(rows, source, counter) for part, rows in parts.items()}
    if not any(len(tables[part]) for part in tables.keys() - {"train"}):
        tables = _hold_out(tables["train"], source)
    elif not len(tables["train"]):
        raise too_few(f"The train split of {source}", 0)
    if not len(tables.get("validation", ())):
        tables["validation"] = tables.pop("test")
    tables = {part: tables[part] for part in SPLITS if len(tables.get(part, ()))}
    documents = {part: len(table["story"].unique()) for part, table in tables.items()}
    report = {
        "rights": {"unknown": sum(documents.values())},
        "titles": {part: [name] for part in tables},
        "leaked": leaked(
            [_paragraphs(tables["validation"], ["target"])], [_paragraphs(tables["train"], ["context", "target"])]
        ),
    }
    counts = ", ".join(f"{count:,} for {part}" for part, count in documents.items())
    note = (
        f"{name} has {sum(documents.values()):,} documents: {counts}{counter.left_out()}. Nobody stated their rights."
    )
    return DocumentCorpus({part: Dataset(table) for part, table in tables.items()}, report, note)


@dataclass(slots=True)
class _Counter:
    """What was left out."""

    empty: int = 0
    repeated: int = 0

    def left_out(self) -> str:
        counts = [f"{count:,} {what}" for what, count in (("empty", self.empty), ("repeated", self.repeated)) if count]
        return f"; left out: {', '.join(counts)}" if counts else ""


def _read(rows: Rows, source: Path, counter: _Counter) -> pa.Table:
    """Return the examples of a split."""
    seen: set[str] = set()
    documents = iter(read_documents(rows, str(source)))
    batches = []
    while part := list(islice(documents, _DOCUMENTS_AT_ONCE)):
        found: list[Example] = []
        for document in part:
            story = document_id(document)
            counter.empty += not document
            counter.repeated += bool(document) and story in seen
            if document and story not in seen:
                seen.add(story)
                found += examples(story, document)
        batches.append(to_record_batch(found))
    return pa.Table.from_batches(batches, SCHEMA)


def _hold_out(table: pa.Table, source: Path) -> dict[str, pa.Table]:
    """Return the splits of documents of which none was held out."""
    stories = table["story"].to_pylist()
    different = list(dict.fromkeys(stories))
    if len(different) < FEWEST:
        raise too_few(str(source), len(different))
    split_of = split([[story] for story in different], _SEED)
    return {part: table.filter(pa.array([split_of[story] == part for story in stories])) for part in SPLITS}


def _paragraphs(table: pa.Table, columns: list[str]) -> Any:
    return paragraphs(chain.from_iterable(chunk.to_pylist() for name in columns for chunk in table[name].chunks))


def _data_set_rows(name: str) -> dict[str, Rows]:
    """Return the rows of each split of a data set of the Hub, which is fetched, or was before."""
    try:
        loaded = load_dataset(name)
    except (DatasetsError, OSError, ValueError, RuntimeError, httpx2.HTTPError) as error:
        raise no_data_set(name, cause(error)) from error
    assert isinstance(loaded, DatasetDict)
    found: dict[str, Rows] = {}
    for part, known in _NAMES.items():
        if here := next((split for split in known if split in loaded), None):
            found[part] = _rows(loaded[here], here)
    if "train" not in found:
        raise no_data_set(name, f"it has no split train; its splits: {', '.join(map(str, loaded))}.")
    return found


def _rows(part: Dataset, name: str) -> Iterator[tuple[str, Row]]:
    column = next((name for name in COLUMNS if name in part.column_names), None)
    if column is not None:
        part = part.select_columns([column])
    number = 0
    for batch in part.iter(_DOCUMENTS_AT_ONCE):
        for values in zip(*batch.values(), strict=True):
            number += 1
            yield f"{name} row {number}", dict(zip(batch, values, strict=True))

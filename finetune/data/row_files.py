"""Rows of a data file, one by one: JSON Lines, JSON and CSV; `parquet_rows` reads the fourth kind, Parquet.

    for place, row in read_rows(Path("stories.jsonl")):
        row["text"]         # place: "line 1"

Limits: text is UTF-8. A .json file, a list of objects, is read as a whole; the others are streamed. Light: standard
library and msgspec.
"""

import csv
import gzip
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from finetune.errors import FinetuneError, cause

Row = Mapping[str, Any]
_LONGEST_FIELD = 1 << 30
"""Characters of a field in CSV; Python's own limit is shorter than a story."""


def is_row_file(path: Path) -> bool:
    """Return whether a path is named like a file of rows."""
    return _reader(path) is not None or is_parquet(path)


def is_parquet(path: Path) -> bool:
    """Return whether a path is named like a Parquet file."""
    return path.suffix.lower() == ".parquet"


def read_rows(path: Path) -> Iterator[tuple[str, Row]]:
    """Yield each row of a file that is not Parquet, with its place, for messages.

    Raises:
        FinetuneError: the file can't be read, is not UTF-8, or a row is not what the file's suffix promises.
    """
    reader = _reader(path)
    assert reader is not None
    try:
        yield from reader(path)
    except OSError as error:  # of gzip as well
        raise FinetuneError(f"{path} can't be read: {error.strerror or cause(error)}.") from error
    except EOFError as error:
        raise FinetuneError(f"{path} is cut off: its compressed text has no end. Fetch it again.") from error


def _reader(path: Path) -> Callable[[Path], Iterator[tuple[str, Row]]] | None:
    name = path.name.lower().removesuffix(".gz")
    if name.endswith((".jsonl", ".ndjson")):
        return _json_lines
    return {".json": _json, ".csv": _csv}.get(path.suffix.lower())


def _json_lines(path: Path) -> Iterator[tuple[str, Row]]:
    with _open(path) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield f"line {number}", _decoded(line, f"{path}, line {number}")


def _open(path: Path) -> BinaryIO:
    return gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def _json(path: Path) -> Iterator[tuple[str, Row]]:
    rows = _decoded(path.read_bytes(), str(path), list)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise FinetuneError(f"{path}, row {number} is not a JSON object. Write a list of objects: [{_EXAMPLE}, …]")
        yield f"row {number}", row


_EXAMPLE = '{"text": "…"}'


def _decoded(data: bytes, where: str, kind: type = dict) -> Any:
    """Return JSON as an object or a list."""
    try:
        return msgspec.json.decode(data.decode("utf-8-sig"), type=kind)
    except UnicodeDecodeError as error:
        raise _not_utf8(where) from error
    except msgspec.ValidationError as error:
        if kind is list:
            raise FinetuneError(
                f"{where} is not a list of objects: [{_EXAMPLE}, …]. For one on each line, name it .jsonl."
            ) from error
        raise FinetuneError(f"{where} is not a JSON object like {_EXAMPLE}.") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise FinetuneError(f"{where} is not valid JSON: {cause(error)}. Put it right, or take it out.") from error


def _csv(path: Path) -> Iterator[tuple[str, Row]]:
    csv.field_size_limit(_LONGEST_FIELD)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.DictReader(file, strict=True), 1):
                yield f"row {number}", {name: value for name, value in row.items() if name is not None}
    except UnicodeDecodeError as error:
        raise _not_utf8(str(path)) from error
    except csv.Error as error:
        raise FinetuneError(f"{path} is not valid CSV: {cause(error)}.") from error


def _not_utf8(where: str) -> FinetuneError:
    return FinetuneError(f"{where} is not UTF-8. Save the file as UTF-8, and give the same command again.")

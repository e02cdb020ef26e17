"""A temporary file for compiled stories, until the builder knows their split: pieces of bytes, each with its place.

    with ScratchFile(folder / "0") as file:
        piece = file.append(to_record_batch(examples).serialize())
    rows = read_record_batch(piece)

Limits: the examples of one story have less than 2 GiB in each column, because Arrow's string offsets have 31 bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpus.examples import Example

SCHEMA = pa.schema([("story", pa.string()), ("context", pa.string()), ("target", pa.string()), ("ends", pa.bool_())])
"""The columns of the corpus: `corpus.examples.Example`."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A range of bytes in a file."""

    file: Path
    start: int
    length: int

    def read(self) -> bytes:
        """Return the bytes."""
        with self.file.open("rb") as file:
            file.seek(self.start)
            return file.read(self.length)


class ScratchFile:
    """A file that pieces are appended to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._end = 0

    def append(self, data: bytes | pa.Buffer) -> Piece:
        """Write the data and return its place in the file."""
        length = self._file.write(data)
        self._end += length
        return Piece(self._path, self._end - length, length)

    def __enter__(self) -> "ScratchFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def to_record_batch(examples: Sequence[Example]) -> pa.RecordBatch:
    """Return the examples as columns, built from raw buffers: `pa.array` of a list imports pandas, which is slow."""
    ends = np.packbits(np.fromiter((example.ends for example in examples), bool, len(examples)), bitorder="little")
    return pa.record_batch(
        [
            _strings([example.story for example in examples]),
            _strings([example.context for example in examples]),
            _strings([example.target for example in examples]),
            pa.BooleanArray.from_buffers(pa.bool_(), len(examples), [None, pa.py_buffer(ends)]),
        ],
        schema=SCHEMA,
    )


def _strings(texts: Sequence[str]) -> pa.StringArray:
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)))


def read_record_batch(piece: Piece) -> pa.RecordBatch:
    """Return the examples in the piece."""
    return pa.ipc.read_record_batch(pa.py_buffer(piece.read()), SCHEMA)

"""Where compiled stories lie until the builder knows where they belong: files of pieces, each known by its place.

    with Spool(folder / "0") as spool:
        place = spool.add(to_rows(examples).serialize())
    rows = read_rows(place)

Limits: the examples of one story have less than 2 GiB in each column, for Arrow counts a column's bytes in 31 bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa

from corpus.examples import Example

SCHEMA = pa.schema([("story", pa.string()), ("context", pa.string()), ("target", pa.string()), ("ends", pa.bool_())])
"""The columns of the corpus: `corpus.examples.Example`."""


@dataclass(frozen=True, slots=True)
class Place:
    """Bytes in a file."""

    file: Path
    start: int
    length: int

    def read(self) -> bytes:
        """The bytes."""
        with self.file.open("rb") as file:
            file.seek(self.start)
            return file.read(self.length)


class Spool:
    """A file that grows by pieces, each known by its place."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._end = 0

    def add(self, piece: bytes | pa.Buffer) -> Place:
        """Writes a piece and says where it is."""
        length = self._file.write(piece)
        self._end += length
        return Place(self._path, self._end - length, length)

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def to_rows(examples: Sequence[Example]) -> pa.RecordBatch:
    """The examples as columns. Made of bare buffers, for `pa.array` of a list imports pandas, which takes a while."""
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


def read_rows(place: Place) -> pa.RecordBatch:
    """The examples that lie there."""
    return pa.ipc.read_record_batch(pa.py_buffer(place.read()), SCHEMA)

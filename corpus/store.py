"""A corpus on disk: a folder that `datasets.load_dataset` opens.

    data/train-00000-of-00002.parquet  data/validation-00000-of-00001.parquet  …   the examples
    README.md  passages.svg  examples.svg                                          the dataset card and its pictures
    report.json                                                                    the figures of the build

A corpus is written into a temporary folder beside its place and moved there when it is complete, so an incomplete
corpus is never visible. An earlier corpus is replaced; a folder with anything else is refused and left alone.
"""

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from corpus.errors import CorpusError
from corpus.pipeline import CompiledStory
from corpus.report import REPORT
from corpus.scratch_file import SCHEMA, read_record_batch

DATA = "data"
CARD = "README.md"
PICTURES = ("passages.svg", "examples.svg")

SHARD_BYTES = 512 << 20
"""Bytes of text after which a new file is started."""
_ROW_GROUP_BYTES = 8 << 20
"""Bytes in memory at a time, for each file that is being written."""

_ENTRIES = frozenset({REPORT, DATA, CARD, *PICTURES})
_SHARD = re.compile(r"(train|validation|test)-\d{5}-of-\d{5}\.parquet")
# Corpora of earlier versions, written with `datasets.DatasetDict.save_to_disk`.
_OLD_MARKER = "dataset_dict.json"
_OLD_ENTRIES = frozenset({REPORT, _OLD_MARKER, "train", "validation", "test"})


@dataclass(frozen=True, slots=True)
class Portion:
    """The examples of one story that go to the same split."""

    story: CompiledStory
    picked: tuple[int, ...] | None = None
    """Indices of the examples, in order; None for all."""

    def rows(self) -> pa.RecordBatch:
        """Return the examples."""
        rows = read_record_batch(self.story.rows)
        return rows if self.picked is None else rows.take(pa.array(self.picked, pa.int64()))

    def examples(self) -> int:
        """Return the number of examples."""
        return self.story.examples if self.picked is None else len(self.picked)

    def target_characters(self) -> int:
        """Return the length of all targets."""
        if self.picked is None:
            return self.story.target_characters
        return sum(map(len, self.rows().column("target").to_pylist()))


def check_place(out: Path) -> None:
    """Raise CorpusError if `out` holds something that must not be replaced."""
    if not out.exists():
        return
    old = (out / _OLD_MARKER).is_file()
    if not (out / REPORT).is_file() or not (old or (out / DATA).is_dir()):
        raise CorpusError(f"{out} already exists and is not a corpus. Name another place with --out.")
    foreign = [entry.name for entry in out.iterdir() if entry.name not in (_OLD_ENTRIES if old else _ENTRIES)]
    if not old:
        foreign += [f"{DATA}/{entry.name}" for entry in (out / DATA).iterdir() if not _SHARD.fullmatch(entry.name)]
    if foreign:
        raise CorpusError(
            f"{out} would be replaced, but it holds a file that is not part of a corpus: {min(foreign)}. "
            "Move the file away, or name another place with --out."
        )


@contextmanager
def replacing(out: Path) -> Iterator[tuple[Path, Path]]:
    """Give an empty folder that becomes `out` when the block succeeds, and a scratch folder that is deleted.

    Raises:
        CorpusError: `out` holds something that must not be replaced.
        OSError: a folder can't be written.
    """
    check_place(out)
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    # One staging folder on the same disk: the new corpus is written in it, the old one is deleted with it.
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as staging:
        new, old, scratch = (Path(staging, name) for name in ("new", "old", "scratch"))
        new.mkdir()
        scratch.mkdir()
        yield new, scratch
        check_place(out)  # again, because building may have taken hours
        if out.exists():
            out.rename(old)
        try:
            new.rename(out)
        except OSError:
            if old.exists():
                old.rename(out)
            raise


def write_splits(splits: Mapping[str, Sequence[Portion]], folder: Path, workers: int) -> dict[str, tuple[int, int]]:
    """Write the parquet files; return the bytes in memory and in files of each split.

    The file and row group of an example depend only on the portions. `workers` files are written at a time.
    """
    data = folder / DATA
    data.mkdir()
    plan: list[tuple[str, Path, list[Portion]]] = []
    for split, portions in splits.items():
        shards = _shards(portions)
        for n, shard in enumerate(shards):
            plan.append((split, data / f"{split}-{n:05}-of-{len(shards):05}.parquet", shard))
    sizes = dict.fromkeys(splits, (0, 0))
    with ThreadPoolExecutor(workers) as pool:
        written = pool.map(lambda item: _write_shard(item[1], item[2]), plan)
        for (split, path, _), size in zip(plan, written, strict=True):
            memory, files = sizes[split]
            sizes[split] = (memory + size, files + path.stat().st_size)
    return sizes


def _shards(portions: Sequence[Portion]) -> list[list[Portion]]:
    shards: list[list[Portion]] = [[]]
    room = SHARD_BYTES
    for portion in portions:
        if room <= 0:
            shards.append([])
            room = SHARD_BYTES
        shards[-1].append(portion)
        room -= portion.story.rows.length
    return shards


def _write_shard(path: Path, portions: Sequence[Portion]) -> int:
    """Write one file; return the bytes of its rows in memory."""
    schema = SCHEMA.with_metadata({"huggingface": json.dumps({"info": {"features": features()}})})
    total, size = 0, 0
    pending: list[pa.RecordBatch] = []
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=["story"], write_statistics=False) as writer:
        for n, portion in enumerate(portions, start=1):
            pending.append(portion.rows())
            size += pending[-1].nbytes
            if size >= _ROW_GROUP_BYTES or n == len(portions):
                table = pa.Table.from_batches(pending).combine_chunks()
                writer.write_table(table.replace_schema_metadata(schema.metadata))
                total, size = total + size, 0
                pending.clear()
    return total


def features() -> dict[str, dict[str, str]]:
    """Return the types of the columns, as `datasets` writes them."""
    types = {pa.string(): "string", pa.bool_(): "bool"}
    return {column.name: {"dtype": types[column.type], "_type": "Value"} for column in SCHEMA}

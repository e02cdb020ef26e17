"""A corpus on disk: a folder that `datasets.load_dataset` opens.

    data/train-00000-of-00002.parquet  data/validation-00000-of-00001.parquet  …   the examples
    README.md  passages.svg  examples.svg                                          the dataset card and its pictures
    report.json                                                                    its figures for programs

`replacing` gives a folder beside the place and moves it there when it is complete, so what lies there is always a
complete corpus. An earlier corpus is replaced; anything else that lies there is refused and left alone.
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

from corpus.errors import CorpusFailure
from corpus.pipeline import Entry
from corpus.report import REPORT
from corpus.scratch_file import SCHEMA, read_rows

DATA = "data"
CARD = "README.md"
PICTURES = ("passages.svg", "examples.svg")

SHARD_BYTES = 512 << 20
"""A file is begun anew when it has as much text."""
_ROW_GROUP_BYTES = 8 << 20
"""What is in memory at a time, for each file that is being written."""

_ENTRIES = frozenset({REPORT, DATA, CARD, *PICTURES})
_SHARD = re.compile(r"(train|validation|test)-\d{5}-of-\d{5}\.parquet")
# As earlier versions wrote it, with `datasets.DatasetDict.save_to_disk`.
_OLD_MARK = "dataset_dict.json"
_OLD_ENTRIES = frozenset({REPORT, _OLD_MARK, "train", "validation", "test"})


@dataclass(frozen=True, slots=True)
class Portion:
    """A story's examples that go to the same split."""

    entry: Entry
    picked: tuple[int, ...] | None = None
    """Which of them, in order; None for all."""

    def rows(self) -> pa.RecordBatch:
        """The examples."""
        rows = read_rows(self.entry.rows)
        return rows if self.picked is None else rows.take(pa.array(self.picked, pa.int64()))

    def examples(self) -> int:
        """How many there are."""
        return self.entry.examples if self.picked is None else len(self.picked)

    def target_characters(self) -> int:
        """The length of what is learned."""
        if self.picked is None:
            return self.entry.target_characters
        return sum(map(len, self.rows().column("target").to_pylist()))


def check_place(out: Path) -> None:
    """Raises CorpusFailure where something lies at `out` that a corpus must not replace."""
    if not out.exists():
        return
    old = (out / _OLD_MARK).is_file()
    if not (out / REPORT).is_file() or not (old or (out / DATA).is_dir()):
        raise CorpusFailure(f"{out} is there already and is no earlier corpus. Name another place with --out.")
    strange = [entry.name for entry in out.iterdir() if entry.name not in (_OLD_ENTRIES if old else _ENTRIES)]
    if not old:
        strange += [f"{DATA}/{entry.name}" for entry in (out / DATA).iterdir() if not _SHARD.fullmatch(entry.name)]
    if strange:
        raise CorpusFailure(
            f"{out} is to be replaced, but holds something that is no part of a corpus: {min(strange)}. "
            "Move it away, or name another place with --out."
        )


@contextmanager
def replacing(out: Path) -> Iterator[tuple[Path, Path]]:
    """An empty folder that becomes `out` when the block ends without an error, and one for what is to be thrown away.

    Raises CorpusFailure like `check_place`, and OSError where the place can't be written.
    """
    check_place(out)
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    # One staging folder on the same disk: the new corpus grows in it, the old one goes away with it.
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as staging:
        new, old, scratch = (Path(staging, name) for name in ("new", "old", "scratch"))
        new.mkdir()
        scratch.mkdir()
        yield new, scratch
        check_place(out)  # again, for the building may have taken hours
        if out.exists():
            out.rename(old)
        try:
            new.rename(out)
        except OSError:
            if old.exists():
                old.rename(out)
            raise


def write_splits(splits: Mapping[str, Sequence[Portion]], folder: Path, workers: int) -> dict[str, tuple[int, int]]:
    """Writes the parquet files; gives for each split the bytes in memory and in files.

    Which example is in which file and row group depends on the portions only. `workers` files are written at a time.
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
        room -= portion.entry.rows.length
    return shards


def _write_shard(path: Path, portions: Sequence[Portion]) -> int:
    """Writes one file; gives the bytes that its rows have in memory."""
    schema = SCHEMA.with_metadata({"huggingface": json.dumps({"info": {"features": features()}})})
    total, size = 0, 0
    waiting: list[pa.RecordBatch] = []
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=["story"], write_statistics=False) as writer:
        for n, portion in enumerate(portions, start=1):
            waiting.append(portion.rows())
            size += waiting[-1].nbytes
            if size >= _ROW_GROUP_BYTES or n == len(portions):
                table = pa.Table.from_batches(waiting).combine_chunks()
                writer.write_table(table.replace_schema_metadata(schema.metadata))
                total, size = total + size, 0
                waiting.clear()
    return total


def features() -> dict[str, dict[str, str]]:
    """The columns' types as `datasets` writes them."""
    types = {pa.string(): "string", pa.bool_(): "bool"}
    return {column.name: {"dtype": types[column.type], "_type": "Value"} for column in SCHEMA}

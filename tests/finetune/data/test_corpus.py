"""A corpus folder is read in place, and a folder that is not a corpus is an error that names it."""

import shutil
import socket
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset, DatasetDict

from finetune.data.corpus import read_corpus, spread_evenly
from finetune.errors import FinetuneError
from tests.finetune.conftest import WriteCorpus


def test_a_corpus_is_read_without_network_and_cache(
    corpus: Path, tmp_path: Path, write_corpus: WriteCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "socket", None)  # no network
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    read = read_corpus(corpus)
    assert {name: len(part) for name, part in read.splits.items()} == {"train": 32, "validation": 4, "test": 4}
    first = read.splits["validation"][0]
    assert first["story"] == "story-8"
    assert isinstance(first["ends"], bool)
    assert read.report["titles"]["test"] == ["Another"]
    assert all(not part.cache_files for part in read.splits.values())
    assert not (tmp_path / "home").exists()
    without_test = read_corpus(write_corpus(tmp_path / "two", test=False))
    assert set(without_test.splits) == {"train", "validation"}
    assert (read.held_out_split, without_test.held_out_split) == ("test", "validation")


def test_a_split_of_several_files_has_the_same_rows_and_fingerprint(corpus: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(corpus, tmp_path / "corpus")
    [whole] = (copy / "data").glob("train-*")
    table = pq.read_table(whole)
    pq.write_table(table.slice(0, 5), copy / "data" / "train-00000-of-00002.parquet")
    pq.write_table(table.slice(5), copy / "data" / "train-00001-of-00002.parquet")
    whole.unlink()
    read, before = read_corpus(copy), read_corpus(corpus)
    assert read.splits["train"].to_list() == before.splits["train"].to_list()
    assert read.fingerprint == before.fingerprint
    (copy / "data" / "train-00001-of-00002.parquet").unlink()
    assert read_corpus(copy).fingerprint != before.fingerprint


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("absent", "There is no corpus folder"),
        (
            "text",
            "is a file, and --corpus takes the folder of a corpus, or a .jsonl, .json, .csv or .parquet file",
        ),
        ("empty", "has no data/train"),
        ("foreign", "has no data/train"),
        ("save_to_disk", "built by an earlier version of this program, or by another one. Build it again"),
        ("no columns", "lacks the column 'story'"),
        ("empty split", "has nothing in its train split"),
        ("no split", "has nothing in its train split"),
        ("broken", "can't be read"),
        ("no report", "can't be read"),
        ("broken report", "its report.json holds no report"),
    ],
)
def test_a_folder_that_is_not_a_corpus_is_an_error(
    kind: str, message: str, tmp_path: Path, write_corpus: WriteCorpus
) -> None:
    folder = tmp_path / "corpus"
    train = folder / "data" / "train-00000-of-00001.parquet"
    if kind == "text":
        folder.write_text("You open the door.")
    elif kind in ("empty", "foreign", "save_to_disk"):
        folder.mkdir()
    elif kind != "absent":
        write_corpus(folder)
    if kind == "foreign":
        (folder / "train.csv").write_text("text\nYou open the door.\n")
    if kind == "save_to_disk":
        part = Dataset.from_list([{"story": "x"}])
        DatasetDict(train=part, validation=part, test=part).save_to_disk(folder)
        (folder / "report.json").write_text("{}")
    if kind == "no columns":
        pq.write_table(pa.table({"text": ["x"]}), train)
    if kind == "empty split":
        pq.write_table(pq.read_table(train).slice(0, 0), train)
    if kind == "no split":
        train.unlink()
    if kind == "broken":
        train.write_bytes(train.read_bytes()[:-100])
    if kind == "no report":
        (folder / "report.json").unlink()
    if kind == "broken report":
        (folder / "report.json").write_text("[]")
    with pytest.raises(FinetuneError, match=message) as caught:
        read_corpus(folder)
    assert str(folder) in caught.value.message


def test_items_are_spread_evenly() -> None:
    assert spread_evenly(range(10), 2) == [2, 7]
    assert spread_evenly("abc", 9) == ["a", "b", "c"]
    assert spread_evenly("", 2) == []

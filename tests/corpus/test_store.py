"""A corpus on disk: other programs can open it, and no other file is overwritten."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset, DatasetDict, load_dataset

from corpus import store
from corpus.build import build_stories
from corpus.errors import CorpusError
from corpus.pipeline import Settings
from corpus.rejects import rejects_file
from corpus.report import read_report, write_report
from corpus.store import check_place, replacing
from corpus.story import Choice, Passage, Story


def stories(count: int = 5) -> list[Story]:
    return [
        Story(
            f"Tale {n}",
            "A",
            {
                "A": Passage("A", f"You wake in the room of tale {n}.", (Choice("Go", "B"), Choice("Wait", "A"))),
                "B": Passage("B", f"You went away from tale {n}. " * 50),
            },
        )
        for n in range(count)
    ]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    build_stories(stories(), tmp_path / "corpus", Settings())
    return tmp_path / "corpus"


def neighbours(out: Path) -> list[str]:
    return sorted(entry.name for entry in out.parent.iterdir())


def test_datasets_opens_the_folder_with_types_and_sizes(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    dataset = load_dataset(str(corpus), cache_dir=str(tmp_path / "cache"))
    assert isinstance(dataset, DatasetDict)
    report = read_report(corpus)
    assert {name: len(part) for name, part in dataset.items()} == report.examples
    for part in dataset.values():
        types = {name: feature.dtype for name, feature in part.features.items()}
        assert types == {"story": "string", "context": "string", "target": "string", "ends": "bool"}
    # The types are also in each file, so that a single one can be read.
    single = Dataset.from_parquet(
        str(corpus / "data" / "test-00000-of-00001.parquet"), cache_dir=str(tmp_path / "alone")
    )
    assert single.features == dataset["test"].features


def test_large_splits_are_several_files_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_stories(stories(30), tmp_path / "one", Settings())
    monkeypatch.setattr(store, "SHARD_BYTES", 5000)
    build_stories(stories(30), tmp_path / "many", Settings())
    files = sorted((tmp_path / "many" / "data").glob("train-*.parquet"))
    assert len(files) > 3
    assert files[0].name == f"train-00000-of-{len(files):05}.parquet"
    one = pq.read_table(tmp_path / "one" / "data" / "train-00000-of-00001.parquet")
    assert pa.concat_tables([pq.read_table(file) for file in files]).to_pylist() == one.to_pylist()
    check_place(tmp_path / "many")


def test_corpus_of_an_earlier_version_is_replaced(corpus: Path, tmp_path: Path) -> None:
    build_stories(stories(7), corpus, Settings())
    assert read_report(corpus).stories == 7
    old = tmp_path / "old"
    DatasetDict({name: Dataset.from_dict({"a": [1]}) for name in ("train", "test")}).save_to_disk(old)
    (old / "report.json").write_text("{}")
    build_stories(stories(), old, Settings())
    assert neighbours(corpus) == ["corpus", "old"]
    assert sorted(entry.name for entry in old.iterdir()) == sorted(entry.name for entry in corpus.iterdir())


@pytest.mark.parametrize("name", ["novel.txt", "data/novel.txt", "data/train.parquet"])
def test_corpus_with_other_files_is_kept(corpus: Path, name: str) -> None:
    (corpus / name).write_text("mine")
    with pytest.raises(CorpusError, match=rf"not part of a corpus: {name}\. Move the file away"):
        build_stories(stories(), corpus, Settings())
    assert (corpus / name).read_text() == "mine"


@pytest.mark.parametrize("place", ["file", "folder", "report"])
def test_other_files_at_the_place_are_kept(place: str, tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    if place == "file":
        out.write_text("mine")
    else:
        out.mkdir()
        (out / ("report.json" if place == "report" else "novel.txt")).write_text("mine")
    with pytest.raises(CorpusError, match="already exists and is not a corpus"):
        build_stories(stories(), out, Settings())
    assert [file.read_text() for file in ([out] if place == "file" else out.iterdir())] == ["mine"]


def test_folder_that_appears_during_the_build_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    with pytest.raises(CorpusError, match="not a corpus"), replacing(out) as (_, _):
        out.write_text("mine")
    assert out.read_text() == "mine"
    assert neighbours(out) == ["corpus"]


def test_error_keeps_the_earlier_corpus(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (corpus / "report.json").read_text()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with pytest.raises(OSError, match="No space"):
        build_stories(stories(9), corpus, Settings())
    assert (corpus / "report.json").read_text() == before
    assert neighbours(corpus) == ["corpus"]


def test_failed_move_restores_the_earlier_corpus(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="Permission denied"):
        build_stories(stories(9), corpus, Settings())
    assert read_report(corpus).stories == 5
    assert neighbours(corpus) == ["corpus"]


def test_undecodable_file_name_is_in_the_report(tmp_path: Path) -> None:
    odd = Story("Tale", "A", stories(1)[0].passages, source="caf\udce9.twee")
    extra = Story("Empty", "A", {"A": Passage("A", "")}, source="caf\udce9.twee")
    rejects = tmp_path / "rejects.jsonl"
    build_stories([odd, extra, *stories()[1:]], tmp_path / "corpus", Settings(rejects=rejects))
    assert "caf\udce9.twee" in {line.source for line in read_report(tmp_path / "corpus").contents}
    assert json.loads(rejects.read_text(encoding="utf-8"))["source"] == "caf\udce9.twee"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is not a corpus: it has no report.json"),
        ("[1", "is not a report of this version"),
        ("{}", "is not a report of this version"),
        ('{"seed": "x"}', "Build the corpus again"),
    ],
)
def test_error_for_an_invalid_report(content: str | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "report.json").write_text(content)
    with pytest.raises(CorpusError, match=message):
        read_report(tmp_path)


def test_rejects_replace_only_earlier_rejects(tmp_path: Path) -> None:
    rejects, novel = tmp_path / "rejects.jsonl", tmp_path / "novel.txt"
    extra = Story("Empty", "A", {"A": Passage("A", "")})
    for _ in range(2):
        build_stories([*stories(), extra], tmp_path / "corpus", Settings(rejects=rejects))
        assert json.loads(rejects.read_text(encoding="utf-8"))["reason"] == "story without text"
    novel.write_text("mine")
    with pytest.raises(CorpusError, match=r"is not a file of rejects\. Name another file with --rejects"):
        build_stories(stories(), tmp_path / "corpus", Settings(rejects=novel))
    assert novel.read_text() == "mine"
    with pytest.raises(ZeroDivisionError), rejects_file(rejects) as write:
        write(b"")
        raise ZeroDivisionError
    assert "story without text" in rejects.read_text()
    assert neighbours(rejects) == ["corpus", "novel.txt", "rejects.jsonl"]


def test_report_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    splits = {"train": 1, "validation": 1, "test": 1}
    line = {"id": "a-1f", "title": "A", "author": "Ada", "rights": "CC0-1.0", "source": "a.twee", "split": "train"}
    stored = {
        "seed": 0,
        "context": 4000,
        "stories": 3,
        "passages": 6,
        "choices": 3,
        "words": 21,
        "examples": splits,
        "target_characters": splits,
        "bytes": splits,
        "parquet_bytes": splits,
        "drops": {"empty passage": 2},
        "rights": {"CC0-1.0": 3},
        "titles": {"train": ["A"], "validation": ["B"], "test": ["C"]},
        "near_duplicates": [["a-1f", "b-2e"]],
        "leaked": 0.5,
        "passage_words": [6] * 8,
        "example_characters": [3] * 8,
        "contents": [{**line, "words": 7}],
        "notes": ["A note."],
        "warnings": ["W."],
    }
    (tmp_path / "report.json").write_text(json.dumps(stored))
    report = read_report(tmp_path)
    assert (report.drops, report.leaked, report.contents[0].split) == ({"empty passage": 2}, 0.5, "train")
    write_report(report, tmp_path)
    assert json.loads((tmp_path / "report.json").read_text()) == {**stored, "skipped": []}

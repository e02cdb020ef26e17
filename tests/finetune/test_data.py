"""Rows: every target once, enough before it, the tokens of the whole text, padding that changes nothing."""

import math
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from datasets import Dataset, DatasetDict
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM

from finetune.data.rows import IGNORED, Collator, Row, beginning, encode, make_rows, read_corpus, unmannerly, windows
from finetune.errors import FinetuneError
from finetune.models.base import Arithmetic
from finetune.models.held_out import HeldOutRows, held_out


@given(st.lists(st.booleans(), max_size=300), st.integers(8, 80))
def test_each_target_stands_in_one_row_with_enough_before_it(learn: list[bool], length: int) -> None:
    ids = list(range(len(learn)))  # a token tells where it stood
    rows = windows(ids, learn, length)
    targets = []
    for row in rows:
        tokens, labels = row["input_ids"], row["labels"]
        assert len(tokens) == len(labels) <= length
        assert tokens == list(range(tokens[0], tokens[0] + len(tokens)))
        for place, label in enumerate(labels):
            assert label in (IGNORED, tokens[place])
            if label != IGNORED:
                assert place >= min(label, math.ceil(length / 4))
                targets.append(label)
    assert targets == [n for n, learned in enumerate(learn) if learned]


def test_context_that_is_too_long_loses_its_oldest_part() -> None:
    (row,) = windows(range(100), [False] * 90 + [True] * 10, 40)
    assert row["input_ids"] == list(range(60, 100))


def test_context_is_learned_where_it_is_asked_for(tokenizers: dict[str, Any]) -> None:
    examples = Dataset.from_list([{"context": "You wake. " * 20, "target": "It is dark. " * 20, "ends": True}])
    (usual,), (all_of_it,) = (make_rows(examples, tokenizers["llama"], 32, 0, learned) for learned in (False, True))
    assert [row["input_ids"] for row in usual] == [row["input_ids"] for row in all_of_it]
    assert IGNORED in usual[0]["labels"][1:]
    for row in all_of_it:
        assert row["labels"] == [IGNORED, *row["input_ids"][1:]]


def test_what_plays_the_player_or_is_slow_to_speak_to_him_is_found() -> None:
    good = [
        "The forge is dark.",
        '> You knock.\n\nYou wait in the rain. "Come in," says the smith.',
        '> You say "Hello."\n\n"Hello," you say, and you go in.',
    ]
    bad = [
        ('> You knock.\n\nYou wait in the rain. "Who is it?"', ' "Is it you?" you ask.', " Nobody answers."),
        ("> You knock.\n\nYou wait in the rain. You shiver.", " You decide to go home.", ""),
        ("> You knock.", '\n\n"You again," says the smith, and he opens the door.\n\n', ""),
        ("> You knock.", f"\n\n{'The rain falls. ' * 30}You are wet.\n\n", ""),
    ]
    tale = "\n\n".join([*good, *("".join(parts).strip() for parts in bad), good[1]])
    assert [tale[start:stop] for start, stop in unmannerly(tale)] == [wrong for _, wrong, _ in bad]
    assert unmannerly("") == [] and unmannerly("\n\n".join(good)) == []


_KNOCK = "\n\n> You knock.\n\nYou wait in the rain. The door is shut, and you look up at the old house."


@pytest.mark.parametrize("name", ["gpt2", "llama"])
@pytest.mark.parametrize("with_context", [False, True])
def test_what_is_unmannerly_is_read_and_never_learned(
    tokenizers: dict[str, Any], name: str, with_context: bool
) -> None:
    tokenizer = tokenizers[name]
    context = "You are here." + _KNOCK + ' "Who?" you ask.' + _KNOCK * 2
    target = _KNOCK * 2 + " You decide to go." + _KNOCK * 4 + "\n\n> You go.\n\nIt is cold. You go home."
    examples = Dataset.from_list([{"context": context, "target": target, "ends": False}])
    (rows,) = make_rows(examples, tokenizer, 4096, None, with_context, mannerly=True)
    (row,) = rows
    learned = tokenizer.decode([label for label in row["labels"] if label != IGNORED])
    read = tokenizer.decode(row["input_ids"], skip_special_tokens=True)
    assert "you ask" in read and "You decide to go" in read
    assert "Who" not in learned and "decide" not in learned
    assert "It is cold" in learned and learned.count("You knock.") == (9 if with_context else 6)
    assert all(label in (IGNORED, token) for label, token in zip(row["labels"], row["input_ids"], strict=True))


def test_rows_with_much_that_is_unmannerly_are_left_out(tokenizers: dict[str, Any]) -> None:
    tokenizer = tokenizers["llama"]
    slow = "\n\n> You wait.\n\nThe moon is up, and the road is wet, and nobody comes from the old house."
    examples = Dataset.from_list([{"context": "", "target": _KNOCK * 9 + slow * 9, "ends": False}])
    (every,) = make_rows(examples, tokenizer, 64, None)
    (rows,) = make_rows(examples, tokenizer, 64, None, mannerly=True)
    assert 0 < len(rows) < len(every)
    assert not any("the road is wet" in tokenizer.decode(row["input_ids"]) for row in rows)


@pytest.mark.parametrize("name", ["gpt2", "llama"])
@given(context=st.text(max_size=60), target=st.text(min_size=1, max_size=60))
def test_tokens_are_those_of_the_whole_text(name: str, tokenizers: dict[str, Any], context: str, target: str) -> None:
    tokenizer = tokenizers[name]
    ids, learn = encode(tokenizer, context, target, end=0)
    assert ids == [*tokenizer(context + target, add_special_tokens=False, split_special_tokens=True).input_ids, 0]
    learned = tokenizer.decode([token for token, wanted in zip(ids[:-1], learn, strict=False) if wanted])
    assert learn == sorted(learn) and learn[-1]
    assert learned.encode().endswith(target.encode()[-1:])
    assert len(learned.encode()) >= len(target.encode())


def test_only_the_target_is_learned(tokenizers: dict[str, Any]) -> None:
    tokenizer = tokenizers["gpt2"]
    ids, learn = encode(tokenizer, "The door is shut.", "\n\n> You knock.\n\nNobody answers.", end=None)
    assert tokenizer.decode([i for i, wanted in zip(ids, learn, strict=True) if not wanted]) == "The door is shut."


def test_special_tokens_in_a_story_are_prose(tokenizers: dict[str, Any]) -> None:
    ids, _ = encode(tokenizers["gpt2"], "", "He wrote <|endoftext|> on the wall.", end=None)
    assert 0 not in ids


def test_beginning_of_text_only_where_the_tokenizer_puts_one(tokenizers: dict[str, Any]) -> None:
    examples = Dataset.from_list([{"context": "", "target": "You wake. " * 40, "ends": True}])
    assert beginning(tokenizers["gpt2"]) == []
    (rows,) = make_rows(examples, tokenizers["llama"], 32, end=0)
    assert len(rows) > 1
    assert all(row["input_ids"][0] == 1 and row["labels"][0] == IGNORED for row in rows)
    assert rows[0]["labels"][1] != IGNORED  # the story's first word follows the beginning
    assert rows[-1]["labels"][-1] == 0
    (rows,) = make_rows(examples, tokenizers["gpt2"], 32, end=0)
    assert rows[0]["labels"][0] == IGNORED and rows[0]["labels"][1] != IGNORED


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_padding_and_batching_leave_the_loss_alone(name: str, bases: dict[str, Path]) -> None:
    model = AutoModelForCausalLM.from_pretrained(bases[name])
    rows = [
        Row(input_ids=list(range(2, 40)), labels=[IGNORED] * 30 + list(range(32, 40))),
        Row(input_ids=list(range(50, 60)), labels=[IGNORED, *range(51, 60)]),
    ]
    plain = 0.0
    for row in rows:
        ids = torch.tensor([row["input_ids"]])
        logits = torch.log_softmax(model(ids).logits[0].detach(), -1)
        plain -= sum(float(logits[n - 1, label]) for n, label in enumerate(row["labels"]) if label != IGNORED)
    figure = held_out(model, HeldOutRows(rows, 100), 2, Arithmetic("fp32", ""), Collator(0))
    assert figure.tokens == 17
    assert figure.nats == pytest.approx(plain, rel=1e-4)
    assert figure.bits_per_byte == pytest.approx(plain / math.log(2) / 100, rel=1e-4)


def test_a_corpus_is_read_as_it_lies_there(
    corpus: Path, tmp_path: Path, write_corpus: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "socket", None)  # nobody is asked
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    read = read_corpus(corpus)
    assert {name: len(part) for name, part in read.splits.items()} == {"train": 32, "validation": 4, "test": 4}
    first = read.splits["validation"][0]
    assert first["story"] == "story-8"
    assert isinstance(first["ends"], bool)
    assert read.report["titles"]["test"] == ["Another"]
    assert all(not part.cache_files for part in read.splits.values())
    assert not (tmp_path / "home").exists()
    assert set(read_corpus(write_corpus(tmp_path / "two", test=False)).splits) == {"train", "validation"}


def test_several_files_of_a_split_are_one_and_change_no_fingerprint(corpus: Path, tmp_path: Path) -> None:
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
    ("kind", "says"),
    [
        ("absent", "There is no corpus folder"),
        ("empty", "has no data/train"),
        ("foreign", "has no data/train"),
        ("old", "built by an earlier version of this program, or by another one. Build it again"),
        ("no columns", "lacks the column 'story'"),
        ("empty split", "has nothing in its train split"),
        ("no split", "has nothing in its train split"),
        ("broken", "can't be read"),
        ("no report", "can't be read"),
        ("broken report", "its report.json is no report"),
    ],
)
def test_a_bad_corpus_is_named(kind: str, says: str, tmp_path: Path, write_corpus: Callable[..., Path]) -> None:
    folder = tmp_path / "corpus"
    train = folder / "data" / "train-00000-of-00001.parquet"
    if kind in ("empty", "foreign", "old"):
        folder.mkdir()
    elif kind != "absent":
        write_corpus(folder)
    if kind == "foreign":
        (folder / "notes.txt").write_text("hello")
    if kind == "old":
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
    with pytest.raises(FinetuneError, match=says) as caught:
        read_corpus(folder)
    assert str(folder) in caught.value.message

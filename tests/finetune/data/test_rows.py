"""Rows: every target token once, with enough context, and the tokens of the whole text."""

import math
from typing import Any

import numpy as np
import pytest
from datasets import Dataset
from hypothesis import given
from hypothesis import strategies as st
from transformers import ByT5Tokenizer

from finetune.data.rows import IGNORED, bos_ids, encode, encode_all, make_rows, split_into_rows


@given(st.lists(st.booleans(), max_size=300), st.integers(8, 80))
def test_each_target_token_is_in_one_row_with_enough_context(learned: list[bool], length: int) -> None:
    ids = np.arange(len(learned), dtype=np.int32)  # each id is its own place
    rows = split_into_rows(ids, np.array(learned, np.bool_), length)
    targets = []
    for row in rows:
        tokens, labels = row["input_ids"].tolist(), row["labels"].tolist()
        assert len(tokens) == len(labels) <= length
        assert tokens == list(range(tokens[0], tokens[0] + len(tokens)))
        for place, label in enumerate(labels):
            assert label in (IGNORED, tokens[place])
            if label != IGNORED:
                assert place >= min(label, math.ceil(length / 4))
                targets.append(label)
    assert targets == [n for n, is_target in enumerate(learned) if is_target]


def test_the_oldest_part_of_a_long_context_is_cut() -> None:
    (row,) = split_into_rows(np.arange(100, dtype=np.int32), np.arange(100) >= 90, 40)
    assert row["input_ids"].tolist() == list(range(60, 100))


def test_context_is_learned_with_learn_context(tokenizers: dict[str, Any]) -> None:
    examples = Dataset.from_list([{"context": "You wake. " * 20, "target": "It is dark. " * 20, "ends": True}])
    (target_only,), (with_context,) = (
        make_rows(examples, tokenizers["llama"], 32, 0, learned) for learned in (False, True)
    )
    assert [row["input_ids"].tolist() for row in target_only] == [row["input_ids"].tolist() for row in with_context]
    assert IGNORED in target_only[0]["labels"][1:]
    for row in with_context:
        assert row["labels"].tolist() == [IGNORED, *row["input_ids"][1:]]


_KNOCK = "\n\n> You knock.\n\nYou wait in the rain. The door is shut, and you look up at the old house."


@pytest.mark.parametrize("name", ["gpt2", "llama"])
@pytest.mark.parametrize("learn_context", [False, True])
def test_player_speech_is_in_the_input_but_not_in_the_labels(
    tokenizers: dict[str, Any], name: str, learn_context: bool
) -> None:
    tokenizer = tokenizers[name]
    context = "You are here." + _KNOCK + ' "Who?" you ask.' + _KNOCK * 2
    target = _KNOCK * 2 + " You decide to go." + _KNOCK * 4 + "\n\n> You go.\n\nIt is cold. You go home."
    examples = Dataset.from_list([{"context": context, "target": target, "ends": False}])
    (rows,) = make_rows(examples, tokenizer, 4096, None, learn_context, skip_player_speech=True)
    (row,) = rows
    learned = tokenizer.decode([label for label in row["labels"] if label != IGNORED])
    read = tokenizer.decode(row["input_ids"], skip_special_tokens=True)
    assert "you ask" in read and "You decide to go" in read
    assert "Who" not in learned and "decide" not in learned
    assert "It is cold" in learned and learned.count("You knock.") == (9 if learn_context else 6)
    assert all(label in (IGNORED, token) for label, token in zip(row["labels"], row["input_ids"], strict=True))


def test_rows_with_much_player_speech_are_left_out(tokenizers: dict[str, Any]) -> None:
    tokenizer = tokenizers["llama"]
    slow = "\n\n> You wait.\n\nThe moon is up, and the road is wet, and nobody comes from the old house."
    examples = Dataset.from_list([{"context": "", "target": _KNOCK * 9 + slow * 9, "ends": False}])
    (every,) = make_rows(examples, tokenizer, 64, None)
    (rows,) = make_rows(examples, tokenizer, 64, None, skip_player_speech=True)
    assert 0 < len(rows) < len(every)
    assert not any("the road is wet" in tokenizer.decode(row["input_ids"]) for row in rows)


@pytest.mark.parametrize("name", ["gpt2", "llama"])
@given(context=st.text(max_size=60), target=st.text(min_size=1, max_size=60))
def test_context_and_target_are_tokenized_together(
    name: str, tokenizers: dict[str, Any], context: str, target: str
) -> None:
    tokenizer = tokenizers[name]
    ids, learned = encode(tokenizer, context, target, end_id=0)
    assert ids == [*tokenizer(context + target, add_special_tokens=False, split_special_tokens=True).input_ids, 0]
    decoded = tokenizer.decode([token for token, learn in zip(ids[:-1], learned, strict=False) if learn])
    assert learned == sorted(learned) and learned[-1]
    assert decoded.encode().endswith(target.encode()[-1:])
    assert len(decoded.encode()) >= len(target.encode())


def test_only_the_target_is_learned(tokenizers: dict[str, Any]) -> None:
    tokenizer = tokenizers["gpt2"]
    ids, learned = encode(tokenizer, "The door is shut.", "\n\n> You knock.\n\nNobody answers.", end_id=None)
    assert tokenizer.decode([i for i, learn in zip(ids, learned, strict=True) if not learn]) == "The door is shut."


def test_many_texts_are_encoded_as_one_by_one(tokenizers: dict[str, Any]) -> None:
    """Also by a tokenizer that can't say where in the text its tokens are."""
    texts = [("You are here.", "\n\n> You go."), ("", "It is dark."), ("A gar", "den."), ("A door", " opens.")]
    for tokenizer in (*tokenizers.values(), ByT5Tokenizer()):
        together = encode_all(tokenizer, *zip(*texts, strict=True))
        alone = [encode(tokenizer, context, target, None) for context, target in texts]
        assert [(one.ids.tolist(), one.learned.tolist()) for one in together] == alone
        for (_, target), one in zip(texts, together, strict=True):
            learned = tokenizer.decode(one.ids[one.learned])
            assert learned.endswith(target) and len(learned) < len(target) + 8  # a token's length


def test_special_tokens_in_a_story_are_encoded_as_prose(tokenizers: dict[str, Any]) -> None:
    ids, _ = encode(tokenizers["gpt2"], "", "He wrote <|endoftext|> on the wall.", end_id=None)
    assert 0 not in ids


def test_rows_start_with_bos_only_if_the_tokenizer_adds_it(tokenizers: dict[str, Any]) -> None:
    examples = Dataset.from_list([{"context": "", "target": "You wake. " * 40, "ends": True}])
    assert bos_ids(tokenizers["gpt2"]) == []
    (rows,) = make_rows(examples, tokenizers["llama"], 32, end_id=0)
    assert len(rows) > 1
    assert all(row["input_ids"][0] == 1 and row["labels"][0] == IGNORED for row in rows)
    assert rows[0]["labels"][1] != IGNORED  # the story's first word follows the bos_ids
    assert rows[-1]["labels"][-1] == 0
    (rows,) = make_rows(examples, tokenizers["gpt2"], 32, end_id=0)
    assert rows[0]["labels"][0] == IGNORED and rows[0]["labels"][1] != IGNORED

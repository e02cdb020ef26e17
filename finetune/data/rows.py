"""Text as rows of token ids: what is learned, and what is only context.

    rows = make_rows(corpus.splits["train"], tokenizer, length=512, end_id=tokenizer.eos_token_id)

A row's labels are its token ids where they are learned (targets) and `IGNORED` where they are context. Every target
stands in exactly one row, with at least a quarter of a row before it where the text has that much. Only where the
context is learned as well (`learn_context`) does a token count as often as it occurs. A text without a
beginning-of-text token can't teach its very first token: nothing stands before it to predict it from.
"""

import math
from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

from datasets import Dataset

from finetune.data.player_speech import unlearned_spans

IGNORED = -100
"""The label of a token that is not learned: torch's `ignore_index`."""
_MOST_UNLEARNED = 0.2
"""Share of a row that `skip_player_speech` may mask; a row with more costs as much time as others and teaches less."""


class Row(TypedDict):
    """Token ids and labels of the same length."""

    input_ids: list[int]
    labels: list[int]
    position_ids: NotRequired[list[int]]
    """Of a packed row: starts again at 0 where the next of its rows begins (`packing`)."""


def encode(tokenizer: Any, context: str, target: str, end_id: int | None) -> tuple[list[int], list[bool]]:
    """Return the token ids of `context + target`, and which of them are learned: those that hold any of the target.

    The whole is tokenised at once, because a blank line at a text's end has other tokens than one inside it. `end_id`
    is appended and learned where it is given. No special token is added, and none is read out of the text.
    """
    whole = token_ids(tokenizer, context + target)
    before = token_ids(tokenizer, context)
    shared = 0
    # The tokens that the context shares with the whole end where the target first shows.
    while shared < min(len(before), len(whole)) and before[shared] == whole[shared]:
        shared += 1
    learned = [False] * shared + [True] * (len(whole) - shared)
    return (whole, learned) if end_id is None else ([*whole, end_id], [*learned, True])


def token_ids(tokenizer: Any, text: str) -> list[int]:
    """Return a text's token ids; "<|endoftext|>" written in a story is prose, not a control token."""
    return list(tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]) if text else []


def bos_ids(tokenizer: Any) -> list[int]:
    """Return the token that this tokenizer puts in front of every text: one for Llama's family, none for GPT-2's."""
    first = tokenizer("a")["input_ids"][:1]
    return list(first) if first == [tokenizer.bos_token_id] else []


def split_into_rows(ids: Sequence[int], learned: Sequence[bool], length: int) -> list[Row]:
    """Cut `ids` into rows of at most `length` tokens, so that each learned token is a target in exactly one row.

    A later row repeats the tokens before its first target, masked: at least `length / 4` of them where they exist,
    and as many as there is room for. Tokens before that are left out: an over-long context loses its oldest part.
    """
    overlap = math.ceil(length / 4)
    stop = max((n for n, is_target in enumerate(learned) if is_target), default=-1) + 1
    rows = []
    first = 0
    while (first := next((n for n in range(first, stop) if learned[n]), stop)) < stop:
        last = min(stop, first + length - min(first, overlap))
        begin = max(0, last - length)
        labels = [ids[n] if learned[n] and n >= first else IGNORED for n in range(begin, last)]
        rows.append(Row(input_ids=list(ids[begin:last]), labels=labels))
        first = last
    return rows


def make_rows(
    examples: Dataset,
    tokenizer: Any,
    length: int,
    end_id: int | None,
    learn_context: bool = False,
    skip_player_speech: bool = False,
) -> list[list[Row]]:
    """Return each example's rows of at most `length` tokens, with beginning-of-text where the tokenizer has one.

    `learn_context`: what a row repeats as context is learned again there. `skip_player_speech`: the spans of
    `unlearned_spans` are context, never targets, and rows that hold many of them are left out; the tokenizer has to
    return the offsets of its tokens in the text.
    """
    start = bos_ids(tokenizer)
    made = []
    for example in examples:
        text = example["context"] + example["target"]
        ids, learned = encode(tokenizer, example["context"], example["target"], end_id if example["ends"] else None)
        if ids and not start:
            learned[0] = False
        allowed = _outside_player_speech(tokenizer, text, len(ids)) if skip_player_speech else [True] * len(ids)
        rows = []
        for row in split_into_rows(range(len(ids)), learned, length - len(start)):
            places = row["input_ids"]
            if sum(not allowed[n] for n in places) > _MOST_UNLEARNED * len(places):
                continue
            targets = {*places} if learn_context else {*row["labels"]}
            labels = [ids[n] if n in targets and allowed[n] else IGNORED for n in places]
            if any(label != IGNORED for label in labels):
                rows.append(Row(input_ids=[*start, *(ids[n] for n in places)], labels=[IGNORED] * len(start) + labels))
        made.append(rows)
    return made


def _outside_player_speech(tokenizer: Any, text: str, count: int) -> list[bool]:
    """Return for each of `count` tokens whether it may be learned; the last may be the end token, which may be."""
    encoded = tokenizer(text, add_special_tokens=False, split_special_tokens=True, return_offsets_mapping=True)
    spans = unlearned_spans(text)
    allowed = [
        all(stop <= first or start >= last for first, last in spans) for start, stop in encoded["offset_mapping"]
    ]
    return allowed + [True] * (count - len(allowed))


def count_targets(rows: Sequence[Row]) -> int:
    """Return how many tokens are targets; a row's first token never is, because nothing stands before it."""
    return sum(label != IGNORED for row in rows for label in row["labels"][1:])

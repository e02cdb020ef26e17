"""Text as rows of token ids: what is learned, and what is only context.

    rows = make_rows(corpus.splits["train"], tokenizer, length=512, end_id=tokenizer.eos_token_id)

A row's labels are its token ids where they are learned (targets) and `IGNORED` where they are context. Every target
stands in exactly one row, with at least a quarter of a row before it where the text has that much. Only where the
context is learned as well (`learn_context`) does a token count as often as it occurs. A text without a
beginning-of-text token can't teach its very first token: nothing stands before it to predict it from.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

import numpy as np
import numpy.typing as npt
from datasets import Dataset

from finetune.data.player_speech import unlearned_spans

IGNORED = -100
"""The label of a token that is not learned: torch's `ignore_index`."""
Tokens = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]
MOST_UNLEARNED = 0.2
"""Share of a row that `skip_player_speech` may mask; a row with more costs as much time as others and teaches less."""
_TEXTS_AT_ONCE = 512
"""For the tokenizer, which spreads them over the processor's cores."""


class Row(TypedDict):
    """Token ids and labels of the same length."""

    input_ids: Tokens
    labels: Tokens
    position_ids: NotRequired[Tokens]
    """Of a packed row: starts again at 0 where the next of its rows begins (`packing`)."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A context and its target as tokens."""

    ids: Tokens
    learned: Mask
    """Which of them hold any of the target."""
    offsets: list[tuple[int, int]]
    """Where each token stands in the text, where that was asked for; the tokenizer has to be a fast one."""


def encode(tokenizer: Any, context: str, target: str, end_id: int | None) -> tuple[list[int], list[bool]]:
    """Return the token ids of `context + target`, and which of them are learned: those that hold any of the target.

    The whole is tokenised at once, because a blank line at a text's end has other tokens than one inside it. `end_id`
    is appended and learned where it is given. No special token is added, and none is read out of the text.
    """
    [encoded] = encode_all(tokenizer, [context], [target])
    end = [] if end_id is None else [end_id]
    return [*encoded.ids.tolist(), *end], [*encoded.learned.tolist(), *(True for _ in end)]


def encode_all(
    tokenizer: Any, contexts: Sequence[str], targets: Sequence[str], with_offsets: bool = False
) -> list[Encoded]:
    """Return many pairs of context and target as tokens, as `encode` does for one, without ends."""
    texts = [context + target for context, target in zip(contexts, targets, strict=True)]
    batch = tokenizer(texts, add_special_tokens=False, split_special_tokens=True)
    found = []
    for n, ids in enumerate(batch["input_ids"]):
        if tokenizer.is_fast:
            first = _first_target_token(batch[n], len(contexts[n]), len(texts[n]))
        else:
            first = _shared_tokens(ids, token_ids(tokenizer, contexts[n]))
        learned = np.arange(len(ids)) >= first
        offsets = batch[n].offsets if with_offsets else []
        found.append(Encoded(np.array(ids, np.int32), learned, offsets))
    return found


def _first_target_token(encoding: Any, border: int, length: int) -> int:
    """Return the place of the first token that holds any of the text from `border` on."""
    # Some tokenizers leave a token's space out of its offsets, so that no token is at that place.
    places = (encoding.char_to_token(place) for place in range(border, length))
    first: int = next((place for place in places if place is not None), len(encoding.ids))
    while first and encoding.token_to_chars(first - 1)[1] > border:
        first -= 1
    return first


def _shared_tokens(whole: Sequence[int], before: Sequence[int]) -> int:
    """Return how many tokens the whole begins with that its context alone has, too."""
    shared = 0
    while shared < min(len(before), len(whole)) and before[shared] == whole[shared]:
        shared += 1
    return shared


def token_ids(tokenizer: Any, text: str) -> list[int]:
    """Return a text's token ids; "<|endoftext|>" written in a story is prose, not a control token."""
    return list(tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]) if text else []


def bos_ids(tokenizer: Any) -> list[int]:
    """Return the token that this tokenizer puts in front of every text: one for Llama's family, none for GPT-2's."""
    first = tokenizer("a")["input_ids"][:1]
    return list(first) if first == [tokenizer.bos_token_id] else []


def split_into_rows(ids: Tokens, learned: Mask, length: int) -> list[Row]:
    """Cut `ids` into rows of at most `length` tokens, so that each learned token is a target in exactly one row.

    A later row repeats the tokens before its first target, masked: at least `length / 4` of them where they exist,
    and as many as there is room for. Tokens before that are left out: an over-long context loses its oldest part.
    """
    rows = []
    for begin, first, last in _cuts(learned, length):
        targets = _from(learned[begin:last], first - begin)
        labels = np.where(targets, ids[begin:last], np.int32(IGNORED))
        rows.append(Row(input_ids=ids[begin:last], labels=labels))
    return rows


def _cuts(learned: Mask, length: int) -> Iterator[tuple[int, int, int]]:
    """Yield for each row where it begins, where its first target is, and where it ends."""
    targets = np.flatnonzero(learned)
    overlap = math.ceil(length / 4)
    done = 0  # targets that stand in a row
    while done < len(targets):
        first = int(targets[done])
        last = min(int(targets[-1]) + 1, first + length - min(first, overlap))
        yield max(0, last - length), first, last
        done = int(np.searchsorted(targets, last))


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
    start = np.array(bos_ids(tokenizer), np.int32)
    made = []
    for begin in range(0, len(examples), _TEXTS_AT_ONCE):
        part = examples[begin : begin + _TEXTS_AT_ONCE]
        encoded = encode_all(tokenizer, part["context"], part["target"], with_offsets=skip_player_speech)
        for text, context, target, ends in zip(encoded, part["context"], part["target"], part["ends"], strict=True):
            ids, learned = text.ids, text.learned
            allowed = np.ones(len(ids), np.bool_)
            if skip_player_speech:
                allowed = outside(unlearned_spans(context + target), text.offsets)
            if ends and end_id is not None:
                ids = np.append(ids, np.int32(end_id))
                learned, allowed = np.append(learned, True), np.append(allowed, True)
            if len(ids) and not len(start):
                learned[0] = False
            made.append(list(_rows_of(start, ids, learned, allowed, length, learn_context)))
    return made


def _rows_of(
    start: Tokens, ids: Tokens, learned: Mask, allowed: Mask, length: int, learn_context: bool
) -> Iterator[Row]:
    """Yield the rows of an example, each with `start` in front, as `make_rows` describes them."""
    for begin, first, last in _cuts(learned, length - len(start)):
        row, may_learn = ids[begin:last], allowed[begin:last]
        if np.mean(~may_learn) > MOST_UNLEARNED:
            continue
        targets = may_learn if learn_context else may_learn & _from(learned[begin:last], first - begin)
        if targets.any():
            labels = np.where(targets, row, np.int32(IGNORED))
            before = np.full(len(start), IGNORED, np.int32)
            yield Row(input_ids=np.concatenate([start, row]), labels=np.concatenate([before, labels]))


def _from(mask: Mask, first: int) -> Mask:
    """Return a mask that is off before `first`."""
    return mask & (np.arange(len(mask)) >= first)


def outside(spans: Sequence[tuple[int, int]], offsets: Sequence[tuple[int, int]]) -> Mask:
    """Return for each token of a text, by its place there, whether it holds nothing of any of the spans."""
    starts, stops = np.array(offsets, np.int64).reshape(-1, 2).T
    allowed = np.ones(len(starts), np.bool_)
    for first, last in spans:
        allowed &= (stops <= first) | (starts >= last)
    return allowed


def count_targets(rows: Sequence[Row]) -> int:
    """Return how many tokens are targets; a row's first token never is, because nothing stands before it."""
    return sum(int(np.count_nonzero(row["labels"][1:] != IGNORED)) for row in rows)

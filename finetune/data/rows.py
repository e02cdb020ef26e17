"""A corpus as rows of tokens: what is learned, what is only context, and how rows become a batch.

    corpus = read_corpus(Path("my-corpus"))
    rows = make_rows(corpus.splits["train"], tokenizer, length=512, end=tokenizer.eos_token_id)
    batch = Collator(pad_id)(rows[0])

A row's labels are its tokens where they are learned and `IGNORED` where they are context. Every learned token is a
target in exactly one row, with at least a quarter of a row before it where the text has that much; only where a recipe
has the context learned as well does it count as often as it stands. A text without a beginning-of-text token can't
teach its very first token: nothing stands before it to predict it from.
"""

import hashlib
import json
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from datasets import Dataset

from corpus.turns import ACTION_MARK
from finetune.compare.measures import in_second_person, played
from finetune.errors import FinetuneError

IGNORED = -100
"""The label of a token that is not learned, as the frameworks have it."""
_SPLITS = ("train", "validation", "test")
_COLUMNS = ("story", "context", "target", "ends")
_ACTION = re.compile(rf"^{ACTION_MARK}(.*)$", re.MULTILINE)
_SOON = 350
"""Characters of a turn, what plays the player left out, within which a mannerly one says "you": about as many as the
game shows of a turn."""
_MOST_UNMANNERLY = 0.2
"""The share of a row that may be only read; one that holds more costs as much time as the others and teaches less."""
_ALIGNMENT = 8  # rows are padded to a multiple of it: few distinct shapes, which kernels and caches like


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus that was read and checked."""

    splits: Mapping[str, Dataset]
    """train, validation and, where it isn't empty, test; columns story, context, target, ends."""
    report: Mapping[str, Any]
    """What the builder wrote about it: rights (licence -> stories), titles (split -> titles), counts."""
    fingerprint: str
    """SHA-256 of every text in it."""


class Row(TypedDict):
    """Tokens and labels of the same length; a mapping, for that is what the trainer's samplers look into."""

    input_ids: list[int]
    labels: list[int]
    position_ids: NotRequired[list[int]]
    """Of a packed row: counts from 0 again where the next of its rows begins (`packing`)."""


def read_corpus(folder: Path) -> Corpus:
    """The corpus in `folder`, as `corpus.store` lays it out, in memory.

    Read as it lies there: no network, no cache elsewhere, no code that the folder may hold. Raises FinetuneError where
    there is none, or nothing to learn from or to hold out.
    """
    make = "Make one with: dungeon corpus build STORIES --out FOLDER"
    if folder.is_file():
        raise FinetuneError(
            f"{folder} is a file, and --corpus takes the folder of a corpus. Make one of your text with: "
            f"dungeon corpus build {shlex.quote(str(folder))} --out FOLDER"
        )
    if not folder.is_dir():
        raise FinetuneError(f"There is no corpus folder {folder}. {make}")
    if (folder / "dataset_dict.json").is_file():
        raise FinetuneError(
            f"The corpus {folder} is in the form of save_to_disk; it was built by an earlier version of this program, "
            "or by another one. Build it again with: dungeon corpus build STORIES --out FOLDER"
        )
    files = {split: sorted(folder.glob(f"data/{split}-*.parquet")) for split in _SPLITS}
    if not any(files.values()):
        raise FinetuneError(f"{folder} is not a corpus: it has no data/train-….parquet. {make}")
    splits = {}
    try:
        for split, parts in files.items():
            for part in parts:
                if lacking := [name for name in _COLUMNS if name not in pq.read_schema(part).names]:
                    raise FinetuneError(
                        f"{folder} is not a corpus: {part.name} lacks the column '{lacking[0]}'. {make}"
                    )
            tables = [pq.read_table(part, columns=list(_COLUMNS)) for part in parts]
            if any(table.num_rows for table in tables):
                splits[split] = Dataset(pa.concat_tables(tables))
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # of which pyarrow's are
        raise FinetuneError(f"The corpus {folder} can't be read: {error}. Build it again.") from error
    if not isinstance(report, dict):
        raise FinetuneError(f"{folder} is not a corpus: its report.json is no report. {make}")
    for split in ("train", "validation"):
        if split not in splits:
            raise FinetuneError(f"The corpus {folder} has nothing in its {split} split. Build it from more stories.")
    digest = hashlib.sha256()
    for split in sorted(splits):
        for row in splits[split]:
            digest.update(json.dumps([split, *(row[name] for name in _COLUMNS)]).encode())
    return Corpus(splits, report, digest.hexdigest())


# ---- text -> tokens ------------------------------------------------------------------------------------------


def encode(tokenizer: Any, context: str, target: str, end: int | None) -> tuple[list[int], list[bool]]:
    """Tokens of `context + target`, and which of them are learned: those in which any of the target stands.

    The whole is tokenised at once, for a blank line at a text's end has other tokens than one inside it. `end` is
    appended and learned where it is given. No special token is added, and none is read out of the text.
    """
    whole = _tokens(tokenizer, context + target)
    before = _tokens(tokenizer, context)
    shared = 0
    # What the context's tokens have in common with the whole's ends where the target first shows.
    while shared < min(len(before), len(whole)) and before[shared] == whole[shared]:
        shared += 1
    learn = [False] * shared + [True] * (len(whole) - shared)
    return (whole, learn) if end is None else ([*whole, end], [*learn, True])


def _tokens(tokenizer: Any, text: str) -> list[int]:
    # split_special_tokens: "<|endoftext|>" written in a story is seven characters of prose, not an order.
    return list(tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]) if text else []


def windows(ids: Sequence[int], learn: Sequence[bool], length: int) -> list[Row]:
    """`ids` in rows of at most `length` tokens, so that each learned token is a target in exactly one row.

    A later row repeats the tokens before its first target, masked: at least `length / 4` of them where they exist,
    and as many as there is room for. Tokens before that are left out: an over-long context loses its oldest part.
    """
    overlap = math.ceil(length / 4)
    stop = max((n for n, learned in enumerate(learn) if learned), default=-1) + 1
    rows = []
    first = 0
    while (first := next((n for n in range(first, stop) if learn[n]), stop)) < stop:
        last = min(stop, first + length - min(first, overlap))
        begin = max(0, last - length)
        labels = [ids[n] if learn[n] and n >= first else IGNORED for n in range(begin, last)]
        rows.append(Row(input_ids=list(ids[begin:last]), labels=labels))
        first = last
    return rows


def make_rows(
    examples: Dataset,
    tokenizer: Any,
    length: int,
    end: int | None,
    with_context: bool = False,
    mannerly: bool = False,
) -> list[list[Row]]:
    """Each example's rows of at most `length` tokens, with the tokenizer's beginning-of-text where it has one.

    `with_context`: what a row repeats as context is learned again there. `mannerly`: what `unmannerly` finds is read as
    context and never learned, and rows with much of it are left out; the tokenizer has to know where in the text a
    token stands.
    """
    start = beginning(tokenizer)
    made = []
    for example in examples:
        ids, learn = encode(tokenizer, example["context"], example["target"], end if example["ends"] else None)
        if ids and not start:
            learn[0] = False
        fit = _fit(tokenizer, example["context"] + example["target"], len(ids)) if mannerly else [True] * len(ids)
        rows = []
        for row in windows(range(len(ids)), learn, length - len(start)):
            places = row["input_ids"]
            if sum(not fit[n] for n in places) > _MOST_UNMANNERLY * len(places):
                continue
            learned = {*places} if with_context else {*row["labels"]}
            labels = [ids[n] if n in learned and fit[n] else IGNORED for n in places]
            if any(label != IGNORED for label in labels):
                rows.append(Row(input_ids=[*start, *(ids[n] for n in places)], labels=[IGNORED] * len(start) + labels))
        made.append(rows)
    return made


def unmannerly(text: str) -> list[tuple[int, int]]:
    """Where in a tale the sentences stand that play the player's part, and the turns that are slow to say "you"."""
    lines = list(_ACTION.finditer(text))
    starts = [0, *(line.end() for line in lines)]
    stops = [*(line.start() for line in lines), len(text)]
    actions = ["", *(line[1] for line in lines)]
    found = []
    for action, start, stop in zip(actions, starts, stops, strict=True):
        parts = [(start + first, start + last) for first, last in played(action, text[start:stop])]
        told = text[start:stop]
        for first, last in parts:
            told = told[: first - start] + " " * (last - first) + told[last - start :]
        seen = " ".join(told.split())[:_SOON]
        # A tale may begin within a turn, which has no action here and may have said "you" before.
        slow = action and seen and not in_second_person(seen)
        found.extend([(start, stop)] if slow else parts)
    return found


def _fit(tokenizer: Any, text: str, count: int) -> list[bool]:
    """Of `count` tokens of a text, one more perhaps for its end, which may be learned."""
    spots = tokenizer(text, add_special_tokens=False, split_special_tokens=True, return_offsets_mapping=True)
    bad = unmannerly(text)
    fit = [all(stop <= first or start >= last for first, last in bad) for start, stop in spots["offset_mapping"]]
    return fit + [True] * (count - len(fit))


def beginning(tokenizer: Any) -> list[int]:
    """The token that this tokenizer puts in front of every text: one for Llama's family, none for GPT-2's."""
    first = tokenizer("a")["input_ids"][:1]
    return list(first) if first == [tokenizer.bos_token_id] else []


# ---- rows -> a batch -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Collator:
    """Rows -> tensors B x T, padded on the right: `input_ids`, `labels`, and of packed rows `position_ids`.

    There is no attention mask. What follows a token can't change it, so padding on the right needs none, and attention
    runs in its fastest form, causal and nothing else. Positions that begin again at 0 tell transformers that a row
    holds several, and it lets none of them see another.
    """

    pad_id: int
    length: int = 2**31
    """The longest row that the model takes."""
    rows: int = 0
    """Where it isn't 0, every batch is `rows` x `length`, whatever it holds: compiled code knows one shape."""

    def __call__(self, rows: Sequence[Row]) -> dict[str, torch.Tensor]:
        longest = max(len(row["input_ids"]) for row in rows)
        width = self.length if self.rows else min(math.ceil(longest / _ALIGNMENT) * _ALIGNMENT, self.length)
        shape = (max(self.rows, len(rows)), width)
        batch = {"input_ids": torch.full(shape, self.pad_id), "labels": torch.full(shape, IGNORED)}
        packed = any("position_ids" in row for row in rows)
        if packed:
            batch["position_ids"] = torch.arange(width).repeat(shape[0], 1)
        for n, row in enumerate(rows):
            stop = len(row["input_ids"])
            batch["input_ids"][n, :stop] = torch.tensor(row["input_ids"])
            batch["labels"][n, :stop] = torch.tensor(row["labels"])
            if positions := row.get("position_ids"):
                batch["position_ids"][n, :stop] = torch.tensor(positions)
                # Padding continues the last row that is packed here, so that a lone one needs no mask.
                batch["position_ids"][n, stop:] = torch.arange(width - stop) + positions[-1] + 1
        return batch

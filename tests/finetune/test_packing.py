"""Packed rows: every one whole and once, none of them seen by another, and no pass through the compiler that costs."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st
from peft import LoraConfig, get_peft_model
from torch._dynamo.testing import CompileCounter
from transformers import AutoConfig, AutoModelForCausalLM, BloomConfig, BloomForCausalLM

from finetune.data.packing import keeps_apart, pack, padding
from finetune.data.rows import IGNORED, Collator, Row
from finetune.errors import FinetuneError
from finetune.models.compiling import compile_blocks, worth_compiling
from finetune.models.loss import target_nats
from finetune.training import trainer

Run = Callable[..., Result]
MonkeyPatch = pytest.MonkeyPatch


def row(first: int, length: int, context: int = 1) -> Row:
    ids = list(range(first, first + length))
    return Row(input_ids=ids, labels=[IGNORED] * context + ids[context:])


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60))
def test_each_row_is_packed_whole_and_once(lengths: list[int]) -> None:
    rows = [row(100 * n, length) for n, length in enumerate(lengths)]
    packed = pack(rows, 40)
    found = []
    for one in packed:
        assert len(one["input_ids"]) == len(one["labels"]) == len(one["position_ids"]) <= 40
        begins = [n for n, place in enumerate(one["position_ids"]) if place == 0]
        for begin, stop in zip(begins, [*begins[1:], len(one["input_ids"])], strict=True):
            assert one["position_ids"][begin:stop] == list(range(stop - begin))
            found.append(Row(input_ids=one["input_ids"][begin:stop], labels=one["labels"][begin:stop]))
    assert sorted(found, key=str) == sorted(rows, key=str)
    assert len(packed) <= 11 / 9 * max(1, -(-sum(lengths) // 40)) + 1 or min(lengths) > 10
    assert packed == pack(rows, 40)


def test_packing_fills_rows() -> None:
    chance = random.Random(0)
    rows = [row(0, chance.randint(20, 500)) for _ in range(300)]
    assert padding(rows, 512) > 0.4
    assert padding(pack(rows, 512), 512) < 0.05


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_a_packed_row_has_the_loss_of_its_rows_alone(name: str, bases: dict[str, Path]) -> None:
    model = AutoModelForCausalLM.from_pretrained(bases[name]).eval()
    rows = [row(2, 30, 12), row(200, 11), row(300, 40, 3), row(400, 5)]
    collate = Collator(0, 64)
    alone = [target_nats(model, given, given.pop("labels")) for given in (collate([one]) for one in rows)]
    given = collate(pack(rows, 64))
    assert len(given["input_ids"]) == 2
    nats, targets = target_nats(model, given, given.pop("labels"))
    assert targets == sum(count for _, count in alone) == 18 + 10 + 37 + 4
    assert nats.item() == pytest.approx(sum(one.item() for one, _ in alone), rel=1e-5)


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_a_neighbour_changes_nothing(name: str, bases: dict[str, Path]) -> None:
    model = AutoModelForCausalLM.from_pretrained(bases[name]).eval()
    given = [Collator(0, 64)(pack([row(first, 20), row(300, 10)], 64)) for first in (2, 150)]
    logits = [
        model(input_ids=one["input_ids"], position_ids=one["position_ids"], use_cache=False).logits for one in given
    ]
    assert torch.equal(logits[0][0, 20:30], logits[1][0, 20:30])
    assert not torch.allclose(logits[0][0, :20], logits[1][0, :20])
    assert keeps_apart(model)


def test_a_model_that_would_mix_rows_is_found_out() -> None:
    """BLOOM has no positions to begin again."""
    assert not keeps_apart(BloomForCausalLM(BloomConfig(vocab_size=32, hidden_size=16, n_layer=1, n_head=2)))


def test_batches_of_one_shape() -> None:
    """Blank rows and padding are no targets."""
    batch = Collator(0, 64, 3)([row(2, 30, 12), row(200, 11)])
    assert {key: tuple(value.shape) for key, value in batch.items()} == {"input_ids": (3, 64), "labels": (3, 64)}
    assert int((batch["labels"] != IGNORED).sum()) == 18 + 10


def test_the_models_last_position_is_not_passed() -> None:
    """Rows are rounded up to few widths, but not beyond what the model takes."""
    assert Collator(0, 30)([row(2, 29)])["input_ids"].shape == (1, 30)
    assert Collator(0, 100)([row(2, 29)])["input_ids"].shape == (1, 32)


@pytest.mark.parametrize(
    ("wanted", "device", "parameters", "tokens", "compiles"),
    [
        ("on", "cpu", 1e6, 1, True),
        ("off", "cuda", 1e9, 1e12, False),
        ("auto", "cpu", 1e9, 1e12, False),
        ("auto", "cuda", 124e6, 1e6, False),  # 8 s of training: over before the compiler is
        ("auto", "cuda", 124e6, 33e6, True),  # 4 minutes
        ("auto", "cuda", 1.56e9, 1.2e6, True),  # 2 minutes
    ],
)
def test_compilation_is_for_runs_that_win_it_back(
    wanted: str, device: str, parameters: float, tokens: float, compiles: bool, monkeypatch: MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: name)
    assert worth_compiling(wanted, torch.device(device), int(parameters), tokens) is compiles


def test_compilation_needs_a_compiler(monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert not worth_compiling("auto", torch.device("cuda"), 10**9, 1e9)
    with pytest.raises(FinetuneError, match=r"no C\+\+ compiler"):
        worth_compiling("on", torch.device("cpu"), 10**6, 1e9)


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_all_blocks_share_one_compiled_form(name: str, bases: dict[str, Path]) -> None:
    """Otherwise a deep model would be compiled block by block, and beyond the eighth not at all.

    Two forms: what flows into the first block needs no gradient.
    """
    config = AutoConfig.from_pretrained(bases[name], num_hidden_layers=4)
    model: Any = AutoModelForCausalLM.from_config(config)
    adapted = get_peft_model(model, LoraConfig(target_modules="all-linear", init_lora_weights=False)).eval()
    rows = pack([row(2, 30, 12), row(200, 11), row(300, 40, 3)], 64)
    given = Collator(0, 64, 4)(rows)
    labels = given.pop("labels")
    expected, _ = target_nats(adapted, given, labels)
    counter = CompileCounter()
    compile_blocks(adapted, counter)
    nats, _ = target_nats(adapted, given, labels)
    nats.backward()
    assert nats.item() == pytest.approx(expected.item(), rel=1e-5)
    assert counter.frame_count == 2
    assert not [key for key in adapted.state_dict() if "_orig_mod" in key]


def test_a_packed_and_compiled_training_learns_what_a_plain_one_does(
    tmp_path: Path,
    bases: dict[str, Path],
    write_corpus: Callable[..., Path],
    run: Run,
    quick: tuple[str, ...],
    monkeypatch: MonkeyPatch,
) -> None:
    """A step of all rows has the same loss, however they are laid out; the compiler itself has its own test above."""
    compiled: list[Any] = []
    monkeypatch.setattr(trainer, "compile_blocks", compiled.append)
    corpus = write_corpus(tmp_path / "corpus")
    [train] = (corpus / "data").glob("train-*")
    examples = pq.read_table(train).to_pylist()
    short = [example | {"context": "", "target": example["target"][:100]} for example in examples[:12]]
    pq.write_table(pa.Table.from_pylist(short), train)
    losses = []
    for name, options in {"plain": ["compile=off"], "packed": ["packing=true", "compile=on"]}.items():
        out = tmp_path / name
        options += ["length=128", "batch=12", "max_steps=2", "warmup=0", "samples=0"]
        settings = [part for option in options for part in ("--set", option)]
        done = run("--corpus", corpus, "--base", bases["gpt2"], "--out", out, *quick, *settings)
        assert done.exit_code == 0, done.output
        assert (
            ("rows are packed into" in done.stderr)
            == ("is compiled" in done.stderr)
            == bool(compiled)
            == (name == "packed")
        )
        log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
        losses.append([line["loss"] for line in log if "loss" in line])
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    assert losses[0][-1] < losses[0][0]

"""The rows of a training: `skip_player_speech`, and packing."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from transformers import AutoModelForCausalLM, BloomConfig, BloomForCausalLM, ByT5Tokenizer

from finetune.data import encoders
from finetune.data.corpus import read_corpus
from finetune.data.rows import count_targets, make_rows
from finetune.errors import FinetuneError
from finetune.models.base import open_base
from finetune.recipe import Recipe
from finetune.training import trainer
from finetune.training.training_data import keeps_packed_rows_apart, prepare_data
from tests.finetune.conftest import QUICK, Run, WriteCorpus, logged, set_options


def test_a_corpus_in_which_every_turn_speaks_for_the_player_is_an_error(
    tmp_path: Path, bases: dict[str, Path], corpus: Path
) -> None:
    other = shutil.copytree(corpus, tmp_path / "corpus")
    row = {"story": "s", "context": "", "target": "\n\n> You wait.\n\nI am the king, and I go in.", "ends": False}
    pq.write_table(pa.Table.from_pylist([row] * 4), next(other.glob("data/train-*.parquet")))
    with pytest.raises(FinetuneError, match=r"Nothing is left to learn.*Tune without skip_player_speech"):
        prepare_data(read_corpus(other), open_base(str(bases["gpt2"])), Recipe(skip_player_speech=True))


def test_skip_player_speech_with_a_tokenizer_without_offsets_is_an_error(
    tmp_path: Path, bases: dict[str, Path], corpus: Path
) -> None:
    base = shutil.copytree(bases["gpt2"], tmp_path / "base", ignore=shutil.ignore_patterns("tokenizer*", "special*"))
    ByT5Tokenizer().save_pretrained(base)
    with pytest.raises(FinetuneError, match=r"the tokenizer of base can't give. Tune without skip_player_speech"):
        prepare_data(read_corpus(corpus), open_base(str(base)), Recipe(skip_player_speech=True))


def test_a_short_run_tokenises_no_more_than_it_can_learn(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = shutil.copytree(corpus, tmp_path / "corpus")
    [train] = other.glob("data/train-*.parquet")
    pq.write_table(pa.concat_tables([pq.read_table(train)] * 60), train)
    large, base, recipe = read_corpus(other), open_base(str(bases["llama"])), Recipe(length=64, batch=4, accumulate=2)
    whole = prepare_data(large, base, recipe)
    assert whole.target_tokens == count_targets(whole.train)
    tokenised: list[int] = []

    def counted(examples: Any, *arguments: Any) -> Any:
        tokenised.append(len(examples))
        return make_rows(examples, *arguments)

    monkeypatch.setattr(encoders, "make_rows", counted)
    for packing in (False, True):
        tokenised.clear()
        short = replace(recipe, max_steps=10, packing=packing)
        part, again = (prepare_data(large, base, short, processes=2) for _ in range(2))
        assert sum(tokenised) < 2 * len(large.splits["train"]) / 3
        assert 10 * 4 * 2 * 2 <= len(part.train) < len(whole.train) / 3
        assert part.target_tokens == pytest.approx(whole.target_tokens, rel=0.1)
        assert [row["input_ids"].tolist() for row in part.train] == [row["input_ids"].tolist() for row in again.train]


def test_which_models_keep_packed_rows_apart(bases: dict[str, Path]) -> None:
    """BLOOM has no positions that could start again."""
    assert all(keeps_packed_rows_apart(AutoModelForCausalLM.from_pretrained(base)) for base in bases.values())
    bloom = BloomForCausalLM(BloomConfig(vocab_size=32, hidden_size=16, n_layer=1, n_head=2))
    assert not keeps_packed_rows_apart(bloom)


@pytest.mark.usefixtures("no_conversion")
def test_a_packed_and_compiled_training_has_the_same_losses(
    tmp_path: Path, bases: dict[str, Path], write_corpus: WriteCorpus, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step of all rows has the same loss, however they are laid out; `test_compiling` tests the compiler itself."""
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
        result = run("--corpus", corpus, "--base", bases["gpt2"], "--out", out, *QUICK, *set_options(*options))
        assert result.exit_code == 0, result.output
        packed = name == "packed"
        assert ("rows are packed into" in result.stderr) == ("is compiled" in result.stderr) == bool(compiled) == packed
        losses.append(logged(out, "loss"))
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    assert losses[0][-1] < losses[0][0]

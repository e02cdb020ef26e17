"""What can be given wrongly, and that the answer says what it is and what to do: exit code 2, and nothing written."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from click.testing import Result
from datasets import Dataset, DatasetDict
from safetensors.torch import load_file, save_file
from transformers import ByT5Tokenizer

from finetune.errors import FinetuneError
from finetune.models.voice import open_voice
from finetune.recipe import load, names

Run = Callable[..., Result]
Refused = Callable[..., str]
pytestmark = pytest.mark.usefixtures("no_conversion")


@pytest.fixture
def refused(run: Run, corpus: Path, bases: dict[str, Path], tmp_path: Path) -> Refused:
    """Runs the training with these options over good ones, and returns what it says when it refuses."""

    def call(*options: object) -> str:
        out = tmp_path / "voice"
        done = run("--corpus", corpus, "--base", bases["gpt2"], "--out", out, *options)
        assert done.exit_code == 2, done.output
        assert done.stdout == "" and "Traceback" not in done.stderr
        assert not out.exists() and not list(tmp_path.glob("voice.partial/checkpoints/*"))
        return done.stderr

    return call


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_a_base_without_a_tokenizer(name: str, tmp_path: Path, bases: dict[str, Path], refused: Refused) -> None:
    base = shutil.copytree(bases[name], tmp_path / "base", ignore=shutil.ignore_patterns("tokenizer*", "special*"))
    said = refused("--base", base)
    assert f"The folder {base} has no tokenizer that works" in said and "tokenizer.json" in said


def test_a_base_with_the_tokenizer_of_another(
    tmp_path: Path, bases: dict[str, Path], tokenizers: dict[str, Any], refused: Refused
) -> None:
    base = shutil.copytree(bases["llama"], tmp_path / "base")
    larger = tokenizers["llama"].__class__.from_pretrained(base)
    larger.add_tokens(["zounds"])
    larger.save_pretrained(base)
    assert "a tokenizer of 601 tokens, but embeddings for 600" in refused("--base", base)


def test_a_base_that_is_not_whole(tmp_path: Path, bases: dict[str, Path], refused: Refused) -> None:
    base = shutil.copytree(bases["llama"], tmp_path / "base")
    tensors = load_file(base / "model.safetensors")
    del tensors["model.norm.weight"]
    save_file(tensors, base / "model.safetensors", {"format": "pt"})
    assert "lacks 1 tensors of a LlamaForCausalLM, model.norm.weight for one" in refused("--base", base)


def test_a_base_that_is_nowhere(tmp_path: Path, refused: Refused) -> None:
    said = refused("--base", tmp_path / "nowhere")
    assert f"There is no model folder {tmp_path / 'nowhere'}. --base takes a folder, a Hub id, or smollm2." in said


@pytest.mark.parametrize(
    ("form", "says"),
    [
        (
            "text",
            "is a file, and --corpus takes the folder of a corpus. Make one of your text with: dungeon corpus build",
        ),
        ("tables", "is not a corpus: it has no data/train-….parquet. Make one with: dungeon corpus build"),
        ("save_to_disk", "is in the form of save_to_disk"),
    ],
)
def test_a_corpus_in_another_format(form: str, says: str, tmp_path: Path, refused: Refused) -> None:
    place = tmp_path / "corpus"
    if form == "text":
        place.write_text("You open the door.")
    elif form == "tables":
        place.mkdir()
        (place / "train.csv").write_text("text\nYou open the door.\n")
    else:
        part = Dataset.from_list([{"text": "You open the door."}])
        DatasetDict(train=part, validation=part).save_to_disk(place)
    said = refused("--corpus", place)
    assert f"{place} {says}" in said


def test_longer_rows_than_the_base_has_positions_are_cut_and_it_is_said(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run
) -> None:
    few = ("--set", "length=4096", "--set", "max_steps=1", "--set", "samples=0", "--set", "held_out_rows=2")
    done = run("--corpus", corpus, "--base", bases["gpt2"], "--out", tmp_path / "voice", *few)
    assert done.exit_code == 0, done.output
    assert "Rows are cut to 128 tokens, all that tiny-gpt2 has positions for." in done.stderr


@pytest.mark.parametrize("name", [name for name in names() if load(name).gpu])
def test_a_recipe_for_a_card_where_there_is_none(name: str, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    said = refused("--recipe", name)
    assert f"The recipe {name} is for a CUDA card" in said and "--recipe laptop" in said


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--method", "qlora"], "'qlora' is not one of 'lora', 'last-layers', 'full', 'scratch'"),
        (["--set", "method=last_layers"], "it is one of lora, last-layers, full, scratch. Did you mean last-layers"),
        (
            ["--set", "init=olora"],
            "it is one of default, pissa, orthogonal. What was asked for does not work on GPT-2's layers.",
        ),
        (["--layers", "last-two"], "layers must be a whole number, not 'two'"),
        (["--layers", "last-3"], "layers is 3, but this base has 2 blocks"),
        (["--method", "full", "--layers", "1"], "method full trains every block"),
        (["--set", "precision=fp16"], "precision fp16 needs a CUDA device"),
        (["--set", "warm_up=0.1"], "A recipe has no 'warm_up'. Did you mean warmup"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_word(options: list[str], says: str, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert says in " ".join(refused(*options).split())


def test_a_voice_over_another_base(bases: dict[str, Path], voices: dict[str, tuple[Path, Result]]) -> None:
    with pytest.raises(FinetuneError, match="was tuned on other weights than tiny-llama has now") as caught:
        open_voice(voices["gpt2"][0], str(bases["llama"]))
    assert caught.value.exit_code == 2 and "--base" in caught.value.message


def test_a_corpus_in_which_every_turn_plays_the_player(tmp_path: Path, corpus: Path, refused: Refused) -> None:
    other = shutil.copytree(corpus, tmp_path / "corpus")
    row = {"story": "s", "context": "", "target": "\n\n> You wait.\n\nI am the king, and I go in.", "ends": False}
    pq.write_table(pa.Table.from_pylist([row] * 4), next(other.glob("data/train-*.parquet")))
    said = refused("--corpus", other, "--set", "mannerly=true")
    assert "so many of them that nothing is left to learn. Tune without mannerly" in " ".join(said.split())


def test_a_tokenizer_that_does_not_know_where_its_tokens_stand(
    tmp_path: Path, bases: dict[str, Path], refused: Refused
) -> None:
    base = shutil.copytree(bases["gpt2"], tmp_path / "base", ignore=shutil.ignore_patterns("tokenizer*", "special*"))
    ByT5Tokenizer().save_pretrained(base)
    said = refused("--base", base, "--set", "mannerly=true")
    assert "the tokenizer of base can't tell. Tune without mannerly" in " ".join(said.split())

"""Wrong options of a training: the message names the option and what to do, the exit code is 2, no file is written."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from finetune.recipe import load_recipe, recipe_names
from finetune.training import job, train
from tests.finetune.conftest import QUICK, Run, set_options

Refused = Callable[..., str]


@pytest.fixture
def refused(run: Run, corpus: Path, bases: dict[str, Path], tmp_path: Path) -> Refused:
    """Runs the training with these options over valid ones, and returns the error message."""

    def call(*options: object) -> str:
        out = tmp_path / "voice"
        result = run("--corpus", corpus, "--base", bases["gpt2"], "--out", out, *options)
        assert result.exit_code == 2, result.output
        assert result.stdout == "" and "Traceback" not in result.stderr
        assert not out.exists() and not (tmp_path / "voice.partial").exists()
        return " ".join(result.stderr.split())

    return call


@pytest.mark.parametrize("name", [name for name in recipe_names() if load_recipe(name).gpu])
def test_a_gpu_recipe_without_a_gpu_is_an_error(name: str, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    message = refused("--recipe", name)
    assert f"The recipe {name} is for a CUDA card" in message and "--recipe laptop" in message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--method", "qlora"], "'qlora' is not one of 'lora', 'last-layers', 'full', 'scratch'"),
        (["--set", "method=last_layers"], "it is one of lora, last-layers, full, scratch. Did you mean last-layers"),
        (["--set", "init=olora"], "it is one of default, pissa, orthogonal. peft's does not work on GPT-2's layers."),
        (["--layers", "last-two"], "layers must be a whole number, not 'two'"),
        (["--layers", "last-3"], "layers is 3, but this base has 2 blocks"),
        (["--method", "full", "--layers", "1"], "method full trains every block"),
        (["--set", "precision=fp16"], "precision fp16 needs a CUDA device"),
        (["--set", "warm_up=0.1"], "A recipe has no 'warm_up'. Did you mean warmup"),
        (["--report-to", "wandbb"], "--report-to: there is no board 'wandbb'. Did you mean wandb? There are azure_ml,"),
        (["--report-to", "comet_ml"], "--report-to comet_ml: it is not installed. Install it with:"),
        (["--corpus", "some/nowhere.jsonl"], "There is no file some/nowhere.jsonl. Check the path."),
        (["--corpus", "nowhere"], "There is no corpus folder nowhere"),
        (["--base", "./nowhere"], "There is no model folder, GGUF file or voice nowhere. --base takes one"),
    ],
    ids=" ".join,
)
def test_a_wrong_option_is_an_error(
    options: list[str], message: str, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert message in refused(*options)


def test_without_a_driver_no_card_is_looked_for_with_torch(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "may_have_card", lambda: False)
    monkeypatch.setattr(train, "train_voice", lambda _: pytest.fail("torch was imported for it"))
    assert "The recipe gpu is for a CUDA card" in refused("--recipe", "gpu")
    assert "precision fp16 needs a CUDA device" in refused("--set", "precision=fp16")


def test_a_folder_that_must_not_be_written_to_is_an_error(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(**given: Path) -> None:  # what a folder's permissions are to root
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(given["dir"]))

    monkeypatch.setattr(job, "TemporaryDirectory", read_only)
    expected = f"Nothing can be written to {tmp_path}: Read-only file system. Name another place with --out."
    assert expected in refused()


@pytest.mark.usefixtures("no_conversion")
def test_what_only_opening_shows_does_not_block_its_own_correction(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "read_layers", lambda _: None)  # as for a base whose files don't name its layers
    arguments = ("--corpus", corpus, "--base", bases["gpt2"], "--out", tmp_path / "voice", *QUICK)
    mistyped = run(*arguments, *set_options("modules=c_projj", "precision=bf16"))
    assert mistyped.exit_code == 2 and "names 'c_projj'" in mistyped.stderr
    corrected = run(*arguments, *set_options("modules=c_proj", "max_steps=1"))
    assert corrected.exit_code == 0, corrected.output
    made = json.loads((tmp_path / "voice" / "training.json").read_text())
    assert made["precision"]["precision"] == "fp32"  # nothing is left of the other plan


@pytest.mark.usefixtures("no_conversion")
def test_rows_longer_than_the_bases_positions_are_cut_with_a_note(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run
) -> None:
    few = set_options("length=4096", "max_steps=1", "samples=0", "held_out_rows=2")
    result = run("--corpus", corpus, "--base", bases["gpt2"], "--out", tmp_path / "voice", *few)
    assert result.exit_code == 0, result.output
    assert "Rows are cut to 128 tokens, all that tiny-gpt2 has positions for." in result.stderr

"""Going on from a voice: its adapter learns further, or is merged; either way from where it stood."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from finetune.models.base import open_base
from finetune.models.voice import open_voice
from finetune.recipe import load_recipe
from tests.finetune.conftest import QUICK, Run, Voices, set_options


def read(voice: Path) -> Any:
    return json.loads((voice / "training.json").read_text())


def nats(voice: Path, when: str) -> float:
    return float(read(voice)["figures"][when]["nats"])


@pytest.mark.usefixtures("no_conversion")
@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_an_adapter_goes_on_learning(name: str, run: Run, corpus: Path, tmp_path: Path, voices: Voices) -> None:
    first, out = voices[name][0], tmp_path / "second"
    result = run("--corpus", corpus, "--base", first, "--out", out, *QUICK)
    assert result.exit_code == 0 and f"goes on from the voice {first.name}, whose adapter goes on" in result.stderr
    assert nats(out, "before") == pytest.approx(nats(first, "after"), rel=1e-6)
    assert nats(out, "after") != nats(out, "before")
    training = read(out)
    assert training["base"] == read(first)["base"] and training["start"]["voice"] == str(first)
    assert "goes on learning" in (out / "README.md").read_text()
    # It is a voice over the first one's base: no longer in need of the first, and as large.
    assert (out / "adapter_model.safetensors").stat().st_size == (first / "adapter_model.safetensors").stat().st_size
    assert open_voice(out).base is not None


@pytest.mark.usefixtures("no_conversion")
@pytest.mark.parametrize("changes", [["rank=4"], ["method=full", "learning_rate=1e-3"]])
def test_another_shape_is_learned_over_the_merged_voice(
    changes: list[str], run: Run, corpus: Path, tmp_path: Path, voices: Voices
) -> None:
    first, out = voices["llama"][0], tmp_path / "second"
    result = run("--corpus", corpus, "--base", first, "--out", out, *QUICK, *set_options(*changes))
    assert result.exit_code == 0 and f"voice {first.name}, whose adapter is merged" in result.stderr, result.output
    assert ("With --set rank=16 the voice's adapter would go on" in result.stderr) == (changes == ["rank=4"])
    assert nats(out, "before") == pytest.approx(nats(first, "after"), rel=1e-4)
    assert read(out)["start"]["merged"] and read(out)["base"]["given"] == str(first)
    # Opened again, over the voice that it went on from, and gone on from in its turn.
    ids = torch.arange(3, 40)[None]
    with torch.inference_mode():
        opened = open_voice(out)
        expected = opened.model(ids).logits
        again = open_base(str(out)).model.eval()(ids).logits
    assert torch.allclose(again, expected, atol=1e-4)


@pytest.mark.usefixtures("no_conversion")
def test_a_voice_that_went_on_is_repeated_from_where_it_started(
    run: Run, corpus: Path, tmp_path: Path, voices: Voices
) -> None:
    first, second, third = voices["gpt2"][0], tmp_path / "second", tmp_path / "third"
    assert run("--corpus", corpus, "--base", first, "--out", second, *QUICK).exit_code == 0
    result = run("--corpus", corpus, "--like", second, "--out", third)
    assert result.exit_code == 0 and "goes on from the voice" in result.stderr, result.output
    assert nats(third, "after") == pytest.approx(nats(second, "after"), rel=1e-6)


@pytest.mark.usefixtures("no_conversion")
def test_an_interrupted_training_goes_on_over_the_same_adapter_only(
    run: Run, corpus: Path, tmp_path: Path, voices: Voices, monkeypatch: pytest.MonkeyPatch
) -> None:
    voice = shutil.copytree(voices["gpt2"][0], tmp_path / "voice")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("finetune.training.train.best_weights", interrupt)
        stopped = run("--corpus", corpus, "--base", voice, "--out", tmp_path / "second", *QUICK)
    assert stopped.exit_code == 130, stopped.output
    other = tmp_path / "other"
    assert run("--corpus", corpus, "--base", voice, "--out", other, *QUICK).exit_code == 0
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        shutil.copyfile(other / name, voice / name)
    result = run("--corpus", corpus, "--base", voice, "--out", tmp_path / "second", *QUICK)
    assert result.exit_code == 2 and "an unfinished training with another base" in result.stderr, result.output
    shutil.copytree(voices["gpt2"][0], voice, dirs_exist_ok=True)
    result = run("--corpus", corpus, "--base", voice, "--out", tmp_path / "second", *QUICK)
    assert result.exit_code == 0 and "Going on from" in result.stderr, result.output
    assert nats(tmp_path / "second", "after") == pytest.approx(nats(other, "after"), rel=1e-6)


@pytest.mark.usefixtures("no_conversion")
def test_a_voice_takes_its_own_place_only_where_it_does_not_need_itself(
    run: Run, corpus: Path, tmp_path: Path, voices: Voices
) -> None:
    voice = shutil.copytree(voices["gpt2"][0], tmp_path / "voice")
    options = ("--corpus", corpus, "--base", voice, "--out", voice, "--replace", *QUICK)
    result = run(*options, *set_options("rank=4"))
    assert result.exit_code == 2 and f"The new voice would need {voice}" in result.stderr, result.output
    assert run(*options).exit_code == 0
    assert nats(voice, "before") == pytest.approx(nats(voices["gpt2"][0], "after"), rel=1e-6)
    assert open_voice(voice).base is not None


def test_a_voice_without_its_base_is_an_error(run: Run, corpus: Path, tmp_path: Path, voices: Voices) -> None:
    voice = shutil.copytree(voices["gpt2"][0], tmp_path / "voice")
    training = read(voice)
    training["base"]["given"] = str(tmp_path / "moved")
    (voice / "training.json").write_text(json.dumps(training))
    result = run("--corpus", corpus, "--base", voice, "--out", tmp_path / "second")
    assert result.exit_code == 2 and f"GGUF file or voice {tmp_path / 'moved'}" in result.stderr


def test_held_in_16_bits_it_is_the_same_voice(voices: Voices) -> None:
    """Its identity doesn't depend on what a training holds it in."""
    voice = str(voices["llama"][0])
    merged = open_base(voice, load_recipe("quick", ["rank=4", "weights=half"]))
    assert merged.start and merged.start.merged and merged.sha256 == open_base(voice).sha256

"""The files of a voice, by method: the trained model, its card, and its GGUF for llama.cpp."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import ModelCard
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from finetune.models.gguf_convert import LlamaCppError
from finetune.models.voice import open_voice
from tests.finetune.conftest import Run, set_options

FEW = ("samples=0", "length=64", "precision=fp32")


@pytest.mark.usefixtures("no_conversion")
@pytest.mark.parametrize(
    ("name", "method", "message"),
    [
        ("gpt2", "last-layers", r"tiny\-gpt2, its last block and the final norm tuned, all else unchanged"),
        ("llama", "full", r"tiny\-llama, all of its weights tuned"),
        ("gpt2", "scratch", r"architecture of tiny\-gpt2, trained on this corpus alone from random weights"),
    ],
    ids=["last-layers", "full", "scratch"],
)
def test_a_voice_of_whole_weights(
    name: str, method: str, message: str, tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run
) -> None:
    voice = tmp_path / "voice"
    layers = ("--layers", "last-1") if method == "last-layers" else ()
    changes = set_options("max_steps=6", "learning_rate=0.005", *FEW)
    options = ("--corpus", corpus, "--base", bases[name], "--method", method, *layers, *changes)
    result = run(*options, "--out", voice)
    assert result.exit_code == 0, result.output

    base: Any = AutoModelForCausalLM.from_pretrained(bases[name])
    model: Any = AutoModelForCausalLM.from_pretrained(voice)
    assert len(AutoTokenizer.from_pretrained(voice)) == 600
    moved = {key for key, value in base.state_dict().items() if not torch.equal(value, model.state_dict()[key])}
    if method == "last-layers":
        assert {key.split("transformer.")[1].split(".")[0] for key in moved} == {"h", "ln_f"}
        assert not any(key.startswith("transformer.h.0.") for key in moved)
    else:
        assert moved == set(base.state_dict())

    figures = json.loads((voice / "training.json").read_text())["figures"]
    assert figures["after"]["nats_per_token"] < figures["before"]["nats_per_token"] - 0.05
    entry = json.loads((voice / "voice.json").read_text())
    assert entry["adapter"] is None and not list(voice.glob("adapter*"))
    assert "llama.cpp can't play this voice: the tokenizer is not known" in result.stderr
    assert f"Serve it instead: transformers serve {voice}" in result.stderr
    card = ModelCard.load(voice / "README.md")
    assert card.data.library_name == "transformers" and "lora" not in card.data.tags
    assert message in card.text and "adapter" not in card.text.split("## Recipe")[0]


@pytest.mark.usefixtures("no_conversion")
def test_a_full_disk_during_the_conversion_loses_no_step(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = set_options("max_steps=2", "save_every=1", "method=full", *FEW)
    options = ("--corpus", corpus, "--base", bases["gpt2"], *few, "--out", tmp_path / "voice")

    def full(*arguments: object, **options: object) -> None:
        raise LlamaCppError("OSError: [Errno 28] No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("finetune.training.voice_writer.write_gguf", full)
        stopped = run(*options)
    assert stopped.exit_code == 2 and "No space left on device. Make room" in stopped.stderr, stopped.output
    assert not (tmp_path / "voice").exists()
    again = run(*options)
    assert again.exit_code == 0 and "Going on from checkpoint-2" in again.stderr, again.output


@pytest.mark.usefixtures("no_conversion")
def test_a_pissa_voice_is_an_adapter_over_the_unchanged_base(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run
) -> None:
    voice = tmp_path / "voice"
    few = set_options("max_steps=4", "init=pissa", "rank=8", "learning_rate=0.01", *FEW)
    assert run("--corpus", corpus, "--base", bases["gpt2"], *few, "--out", voice).exit_code == 0
    opened = open_voice(voice)
    assert isinstance(opened.model, PeftModel) and opened.model.peft_config["default"].r == 16
    figures = json.loads((voice / "training.json").read_text())["figures"]
    assert figures["after"]["nats_per_token"] < figures["before"]["nats_per_token"] - 0.05


def test_a_dora_voice_is_converted_as_one_model(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GGUF can't store DoRA's magnitudes, so the game plays base and adapter merged."""
    converted: list[Any] = []

    def keep(model: Any, tokenizer: object, out: Path, precision: str, *, chat: bool) -> None:
        converted.append(model)
        out.write_bytes(b"GGUF")

    monkeypatch.setattr("finetune.training.voice_writer.write_gguf", keep)
    voice = tmp_path / "voice"
    few = set_options("max_steps=4", "dora=true", "learning_rate=0.02", *FEW)
    result = run("--corpus", corpus, "--base", bases["llama"], *few, "--out", voice)
    assert result.exit_code == 0 and "Play it: dungeon play" in result.stderr, result.output
    entry = json.loads((voice / "voice.json").read_text())
    assert entry["base"]["file"] == "base.gguf" and entry["adapter"] is None
    ids = torch.arange(40)[None] + 5
    with torch.no_grad():
        torch.testing.assert_close(converted[0](ids).logits, open_voice(voice).model(ids).logits, rtol=1e-4, atol=1e-4)

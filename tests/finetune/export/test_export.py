"""An export predicts the same as the voice, or it is deleted."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import Result
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from finetune.export import export
from finetune.models.gguf_convert import save_model
from finetune.models.voice import open_voice
from tests.finetune.conftest import Run, Voices


def divergences(result: Result) -> list[float]:
    """The divergence of the export from the voice, and of the base from it."""
    return [float(found) for found in re.findall(r"KL divergence (\S+) nats", result.stdout)]


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_merged_predicts_what_the_adapter_predicts(
    name: str, tmp_path: Path, bases: dict[str, Path], voices: Voices, run: Run
) -> None:
    voice, _ = voices[name]
    out = tmp_path / "merged"
    result = run("export", voice, "--to", "merged", "--out", out)
    assert result.exit_code == 0, result.output
    exported, untuned = divergences(result)
    assert abs(exported) < 1e-5 and untuned > 0.003
    tokenizer = AutoTokenizer.from_pretrained(out)
    ids = tokenizer("You open the door and look", return_tensors="pt").input_ids
    merged: Any = AutoModelForCausalLM.from_pretrained(out)
    base: Any = AutoModelForCausalLM.from_pretrained(bases[name])
    plain = base(ids).logits.detach()
    adapted = PeftModel.from_pretrained(base, str(voice)).eval()
    torch.testing.assert_close(merged(ids).logits, adapted(ids).logits, rtol=1e-3, atol=1e-3)
    assert (merged(ids).logits - plain).abs().max() > 0.1
    assert list(out.glob("*.safetensors")) and not list(out.glob("*.bin"))


@pytest.mark.parametrize(("precision", "dtype"), [("bf16", torch.bfloat16), ("fp16", torch.float16)])
def test_merged_in_16_bits(precision: str, dtype: torch.dtype, tmp_path: Path, voices: Voices, run: Run) -> None:
    out = tmp_path / "merged"
    result = run("export", voices["llama"][0], "--to", "merged", "--precision", precision, "--out", out)
    assert result.exit_code == 0, result.output
    assert next(AutoModelForCausalLM.from_pretrained(out).parameters()).dtype == dtype
    assert abs(divergences(result)[0]) < 0.001


def test_an_export_is_not_taken_for_a_chat_model(tmp_path: Path, bases: dict[str, Path]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(bases["llama"])
    tokenizer.chat_template = "{{ messages }}"
    save_model(AutoModelForCausalLM.from_pretrained(bases["llama"]), tokenizer, tmp_path / "merged")
    assert AutoTokenizer.from_pretrained(tmp_path / "merged").chat_template is None


def test_export_of_the_adapter(tmp_path: Path, bases: dict[str, Path], voices: Voices, run: Run) -> None:
    out = tmp_path / "adapter"
    result = run("export", voices["gpt2"][0], "--to", "adapter", "--out", out)
    assert result.exit_code == 0 and divergences(result)[0] == 0
    assert {path.name for path in out.iterdir()} == {"README.md", "adapter_config.json", "adapter_model.safetensors"}
    PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(bases["gpt2"]), str(out))


def test_export_of_a_voice_that_is_a_whole_model(tmp_path: Path, voices: Voices, run: Run) -> None:
    voice, again = tmp_path / "voice", tmp_path / "again"
    assert run("export", voices["llama"][0], "--to", "merged", "--out", voice).exit_code == 0
    for name in ("voice.json", "training.json", "prompts.json"):
        shutil.copy(voices["llama"][0] / name, voice)
    assert open_voice(voice).base is None
    for target in ("adapter", "gguf-adapter"):
        refused = run("export", voice, "--to", target, "--out", again)
        assert refused.exit_code == 2 and "is a whole model" in refused.stderr and "--to merged" in refused.stderr
    result = run("export", voice, "--to", "merged", "--out", again)
    assert result.exit_code == 0, result.output
    assert "base against voice" not in result.stdout
    assert (again / "model.safetensors").read_bytes() == (voice / "model.safetensors").read_bytes()


def test_an_export_with_other_predictions_is_deleted(
    tmp_path: Path, voices: Voices, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = export.save_model

    def spoiled(model: Any, tokenizer: Any, folder: Path, *, chat: bool) -> None:
        model.get_input_embeddings().weight.data[::7] *= -3
        real(model, tokenizer, folder, chat=chat)

    monkeypatch.setattr(export, "save_model", spoiled)
    result = run("export", voices["gpt2"][0], "--to", "merged", "--out", tmp_path / "merged")
    assert result.exit_code == 2 and "Little of the tuning is left" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_export_is_an_error(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, voices: Voices, run: Run
) -> None:
    voice, _ = voices["gpt2"]
    new = tmp_path / "new"
    promptless = shutil.copytree(voice, tmp_path / "promptless")
    (promptless / "prompts.json").unlink()
    garbled = shutil.copytree(voice, tmp_path / "garbled")
    for name in ("base.gguf", "adapter.gguf"):
        (garbled / name).write_bytes(b"no GGUF")
    for folder, arguments, message in (
        (tmp_path, ("--to", "merged", "--out", new), "is not a voice"),
        (voice, ("--to", "merged", "--out", bases["gpt2"]), "is there already"),
        (voice, ("--to", "merged", "--precision", "q4_0", "--out", new), "it has fp32, bf16, fp16"),
        (voice, ("--to", "adapter", "--precision", "fp32", "--out", new), "Leave --precision out"),
        (voice, ("--to", "gguf-adapter", "--out", new), "no adapter that llama.cpp can apply to a base"),
        (voice, ("--to", "gguf", "--out", new), "--to merged works"),  # a tokenizer that llama.cpp doesn't know
        (voice, ("--to", "merged", "--base", bases["llama"], "--out", new), "other weights"),
        (promptless, ("--to", "merged", "--out", new), "--corpus"),
        (garbled, ("--to", "gguf-adapter", "--out", new), "llama.cpp can't take this voice"),
    ):
        refused = run("export", folder, *arguments)
        assert refused.exit_code == 2 and message in refused.stderr, refused.output
        assert not new.exists() and not list(tmp_path.glob(".new*"))
    moved = shutil.copytree(bases["gpt2"], tmp_path / "moved")
    result = run("export", promptless, "--to", "merged", "--base", moved, "--corpus", corpus, "--out", new)
    assert result.exit_code == 0, result.output

"""The merged folder is the voice."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import Result
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

Run = Callable[..., Result]


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_merged_predicts_what_the_adapter_predicts(
    name: str, tmp_path: Path, bases: dict[str, Path], voices: dict[str, tuple[Path, Result]], run: Run
) -> None:
    voice, _ = voices[name]
    out = tmp_path / "merged"
    done = run("export", voice, "--to", "merged", "--out", out)
    assert done.exit_code == 0, done.output
    tokenizer = AutoTokenizer.from_pretrained(out)
    ids = tokenizer("You open the door and look", return_tensors="pt").input_ids
    merged: Any = AutoModelForCausalLM.from_pretrained(out)
    base: Any = AutoModelForCausalLM.from_pretrained(bases[name])
    plain = base(ids).logits.detach()
    adapted = PeftModel.from_pretrained(base, str(voice)).eval()
    torch.testing.assert_close(merged(ids).logits, adapted(ids).logits, rtol=1e-3, atol=1e-3)
    assert (merged(ids).logits - plain).abs().max() > 0.1
    assert list(out.glob("*.safetensors")) and not list(out.glob("*.bin"))


def test_merged_in_half_the_size(tmp_path: Path, voices: dict[str, tuple[Path, Result]], run: Run) -> None:
    out = tmp_path / "merged"
    assert run("export", voices["llama"][0], "--to", "merged", "--precision", "bf16", "--out", out).exit_code == 0
    model = AutoModelForCausalLM.from_pretrained(out)
    assert next(model.parameters()).dtype == torch.bfloat16


def test_what_can_not_be_exported(
    tmp_path: Path, bases: dict[str, Path], voices: dict[str, tuple[Path, Result]], run: Run
) -> None:
    voice, _ = voices["gpt2"]
    for folder, out, says in (
        (tmp_path, tmp_path / "new", "is not a voice"),
        (voice, bases["gpt2"], "is there already"),
    ):
        refused = run("export", folder, "--to", "merged", "--out", out)
        assert refused.exit_code == 2 and says in refused.stderr
    moved = shutil.copytree(bases["gpt2"], tmp_path / "moved")
    assert run("export", voice, "--to", "merged", "--base", moved, "--out", tmp_path / "new").exit_code == 0
    other = run("export", voice, "--to", "merged", "--base", bases["llama"], "--out", tmp_path / "newer")
    assert other.exit_code == 2 and "other weights" in other.stderr
    assert not (tmp_path / "newer").exists()

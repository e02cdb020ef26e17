"""Weights in 4 bits: refused where they can't be, at once; else loaded as QLoRA does. No card is needed here."""

from pathlib import Path
from typing import Any

import pytest
import torch

from finetune.errors import FinetuneError
from finetune.models import base, card_driver
from finetune.models.base_check import check_base
from finetune.models.card_driver import check_card
from finetune.recipe import Recipe
from tests.finetune.conftest import Run, set_options


def test_without_a_card_it_is_refused(run: Run, corpus: Path, bases: dict[str, Path], tmp_path: Path) -> None:
    options = ("--corpus", corpus, "--base", bases["llama"], "--out", tmp_path / "voice")
    if not card_driver.may_have_card():
        result = run(*options, *set_options("weights=4bit"))
        assert result.exit_code == 2 and "needs a CUDA card" in result.stderr and "weights=half" in result.stderr
    result = run(*options, *set_options("weights=4bit", "method=full"))
    assert result.exit_code == 2 and "weights 4bit, which can't be changed, and method full" in result.stderr


def test_without_bitsandbytes_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card_driver, "find_spec", lambda name: None)
    with pytest.raises(FinetuneError, match="pip install bitsandbytes"):
        check_card("laptop", Recipe(weights="4bit"), has_card=True)


@pytest.mark.parametrize("name", ["smollm2", "lantern"])
def test_a_gguf_file_or_an_adapter_is_refused(name: str) -> None:
    with pytest.raises(FinetuneError, match="weights 4bit is for a model folder or a Hub id"):
        check_base(name, Recipe(weights="4bit"))


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_model_is_loaded_as_qlora_does(
    precision: str, bases: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Double-quantised NF4, computed in the training's precision; its identity is that of the whole numbers."""
    given: list[Any] = []
    load = base.AutoModelForCausalLM.from_pretrained

    def from_pretrained(source: str, **options: Any) -> Any:
        if "quantization_config" not in options:
            return load(source, **options)
        given.append(options)
        return load(source, dtype=options["dtype"])

    monkeypatch.setattr(base.AutoModelForCausalLM, "from_pretrained", from_pretrained)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    opened = base.open_base(str(bases["llama"]), Recipe(weights="4bit", precision=precision))
    [options] = given
    config, dtype = options["quantization_config"], base.choose_precision(precision).dtype
    assert config.load_in_4bit and config.bnb_4bit_quant_type == "nf4" and config.bnb_4bit_use_double_quant
    assert config.bnb_4bit_compute_dtype == options["dtype"] == opened.model.dtype == dtype
    assert options["device_map"] == {"": 0} and options["use_safetensors"] and not options["trust_remote_code"]
    assert opened.sha256 == base.open_base(str(bases["llama"])).sha256

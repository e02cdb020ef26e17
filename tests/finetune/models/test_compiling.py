"""torch's compiler: for runs that gain by it, and one compiled form for all blocks."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch._dynamo.testing import CompileCounter
from transformers import AutoConfig, AutoModelForCausalLM

from finetune.data.batches import Collator
from finetune.data.packing import pack
from finetune.errors import FinetuneError
from finetune.models.compiling import compile_blocks, worth_compiling
from finetune.models.loss import target_loss
from tests.finetune.data.test_batches import row


@pytest.mark.parametrize(
    ("setting", "device", "parameters", "tokens", "compiles"),
    [
        ("on", "cpu", 1e6, 1, True),
        ("off", "cuda", 1e9, 1e12, False),
        ("auto", "cpu", 1e9, 1e12, False),
        ("auto", "cuda", 124e6, 1e6, False),  # 8 s of training: over before the compiler is
        ("auto", "cuda", 124e6, 33e6, True),  # 4 minutes
        ("auto", "cuda", 1.56e9, 1.2e6, True),  # 2 minutes
    ],
)
def test_only_trainings_that_get_faster_are_compiled(
    setting: str, device: str, parameters: float, tokens: float, compiles: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: name)
    assert worth_compiling(setting, torch.device(device), int(parameters), tokens) is compiles


def test_compilation_needs_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
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
    batch = Collator(0, 64, 4)(pack([row(2, 30, 12), row(200, 11), row(300, 40, 3)], 64))
    expected = target_loss(adapted, batch)
    counter = CompileCounter()
    compile_blocks(adapted, counter)
    loss = target_loss(adapted, batch)
    loss.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert counter.frame_count == 2
    assert not [key for key in adapted.state_dict() if "_orig_mod" in key]

"""A fused LoRA layer computes the same as peft's, in less time."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.lora import LoraLayer
from transformers import AutoModelForCausalLM

from finetune.data.batches import Collator
from finetune.data.rows import Row
from finetune.models.fused_lora import FusedLinear, fuse_lora
from finetune.models.loss import target_loss


def adapted(base: Path, **changes: Any) -> Any:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(base)
    config = LoraConfig(r=4, lora_alpha=12, target_modules="all-linear", init_lora_weights=False, **changes)
    return get_peft_model(model, config).eval()


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_loss_and_gradients_are_the_same_as_pefts(name: str, bases: dict[str, Path]) -> None:
    """GPT-2's layers are transposed and have a bias, Llama's neither."""
    model = adapted(bases[name])
    ids = torch.randint(2, 600, (2, 20))
    batch = Collator(0)([Row(input_ids=row, labels=row) for row in ids.to(torch.int32).numpy()])

    def learn() -> tuple[float, dict[str, torch.Tensor]]:
        model.zero_grad()
        loss = target_loss(model, batch)
        loss.backward()
        return loss.item(), {key: part.grad for key, part in model.named_parameters() if part.grad is not None}

    loss, gradients = learn()
    with torch.no_grad(), model.disable_adapter():
        base_logits = model(input_ids=ids).logits
    assert fuse_lora(model) == sum(isinstance(module, LoraLayer) for module in model.modules()) > 0
    fused_loss, fused_gradients = learn()
    assert fused_loss == pytest.approx(loss, rel=1e-6)
    assert fused_gradients.keys() == gradients.keys()
    for key, gradient in gradients.items():
        assert (fused_gradients[key] - gradient).norm() < 1e-4 * gradient.norm(), key

    with torch.no_grad():
        with model.disable_adapter():
            assert torch.equal(model(input_ids=ids).logits, base_logits)
        logits = model(input_ids=ids).logits
        with torch.autocast("cpu", torch.bfloat16):
            assert (model(input_ids=ids).logits - logits).norm() < 0.02 * logits.norm()
        merged = model.merge_and_unload()
        torch.testing.assert_close(merged(input_ids=ids).logits, logits, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("changes", [{"use_dora": True}, {"lora_dropout": 0.1}], ids=["DoRA", "dropout"])
def test_other_layers_are_not_fused(changes: dict[str, Any], bases: dict[str, Path]) -> None:
    model = adapted(bases["llama"], **changes)
    assert fuse_lora(model) == 0
    assert not any(isinstance(module, FusedLinear) for module in model.modules())

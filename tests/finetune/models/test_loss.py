"""The loss of the targets equals cross entropy over all logits, in value and gradient, and takes little memory."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch.nn.functional import cross_entropy, linear
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import AutoModelForCausalLM, CohereConfig, CohereForCausalLM, Gemma2Config, Gemma2ForCausalLM

from finetune.data.batches import Batch, Collator, count_batch_targets
from finetune.data.rows import IGNORED, Row
from finetune.models import loss
from finetune.models.loss import linear_cross_entropy, target_loss

SMALL: dict[str, Any] = {
    "vocab_size": 50,
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
}


def tokens_and_labels() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    ids = torch.randint(2, 50, (3, 24))
    labels = ids.clone()
    labels[:, 0] = labels[0, :20] = labels[1, 8:] = IGNORED
    return ids, labels


def batch_of(ids: torch.Tensor, labels: torch.Tensor) -> Batch:
    pairs = zip(ids.to(torch.int32).numpy(), labels.to(torch.int32).numpy(), strict=True)
    return Collator(0)([Row(input_ids=row, labels=learned) for row, learned in pairs])


def loss_of_all_logits(model: Any, ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    logits = model(input_ids=ids).logits
    return cross_entropy(logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten(), reduction="sum")


def gradients(model: Any, summed: torch.Tensor) -> dict[str, torch.Tensor]:
    model.zero_grad()
    summed.backward()
    return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}


@pytest.mark.parametrize("adapted", [False, True], ids=["full", "lora, checkpointed"])
@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_loss_and_gradients_are_the_same_as_with_all_logits(
    name: str, adapted: bool, bases: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """GPT-2's head is tied to its embedding, Llama's is not. Three pieces, the last one short."""
    monkeypatch.setitem(loss._PIECE_BYTES, "cpu", 4 * 600 * 16)
    model: Any = AutoModelForCausalLM.from_pretrained(bases[name])
    if adapted:
        model = get_peft_model(model, LoraConfig(target_modules="all-linear", init_lora_weights=False))
        model.enable_input_require_grads()
        model.gradient_checkpointing_enable()
    model.eval()
    ids, labels = tokens_and_labels()
    batch = batch_of(ids, labels)
    summed = target_loss(model, batch)
    expected = loss_of_all_logits(model, ids, labels)
    assert count_batch_targets(batch) == int((labels[:, 1:] != IGNORED).sum()) == 34
    assert summed.item() == pytest.approx(expected.item(), rel=1e-6)
    ours, theirs = gradients(model, 0.5 * summed), gradients(model, 0.5 * expected)
    assert ours.keys() == theirs.keys()
    for key in ours:
        assert (ours[key] - theirs[key]).norm() < 1e-4 * theirs[key].norm() + 1e-6, key


@pytest.mark.parametrize(
    "model",
    [
        Gemma2ForCausalLM(Gemma2Config(**SMALL, final_logit_softcapping=0.05)),
        CohereForCausalLM(CohereConfig(**SMALL, logit_scale=7.0)),
    ],
    ids=["capped", "scaled"],
)
def test_the_loss_of_a_model_that_changes_its_logits_after_the_head(model: Any) -> None:
    ids, labels = tokens_and_labels()
    summed = target_loss(model, batch_of(ids, labels))
    expected = loss_of_all_logits(model, ids, labels)
    assert summed.item() == pytest.approx(expected.item(), rel=1e-6)
    ours, theirs = gradients(model, summed), gradients(model, expected)
    for key in theirs:
        assert (ours[key] - theirs[key]).norm() < 1e-4 * theirs[key].norm() + 1e-6, key


@pytest.mark.parametrize("multiple", [1, 64], ids=["", "padded as on a card"])
def test_the_loss_of_a_head_with_a_bias(multiple: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(loss._WIDTH_MULTIPLE, "cpu", multiple)
    torch.manual_seed(0)
    parts = [torch.randn(shape, requires_grad=True) for shape in ((9, 4), (20, 4), (20,))]
    targets = torch.randint(20, (9,))
    ours = torch.autograd.grad(linear_cross_entropy(*parts, targets), parts)
    theirs = torch.autograd.grad(cross_entropy(linear(*parts), targets, reduction="sum"), parts)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_in_16_bit_precision_gradients_have_32_bits(bases: dict[str, Path]) -> None:
    model = AutoModelForCausalLM.from_pretrained(bases["llama"])
    ids, labels = tokens_and_labels()
    with torch.autocast("cpu", torch.bfloat16):
        summed = target_loss(model, batch_of(ids, labels))
    expected = loss_of_all_logits(model, ids, labels)
    assert summed.dtype == torch.float32
    assert summed.item() == pytest.approx(expected.item(), rel=1e-3)
    ours, theirs = gradients(model, summed), gradients(model, expected)
    for key in theirs:
        assert ours[key].dtype == torch.float32
        assert (ours[key] - theirs[key]).norm() < 0.05 * theirs[key].norm(), key


def test_the_loss_of_a_target_that_the_model_thinks_impossible_is_a_number() -> None:
    hidden = torch.full((1, 8), 20.0, dtype=torch.bfloat16, requires_grad=True)
    weight = torch.cat([torch.ones(1, 8), torch.zeros(5, 8)]).to(torch.bfloat16)
    loss = linear_cross_entropy(hidden, weight, None, torch.tensor([3]))
    loss.backward()
    assert loss.item() == 160.0
    assert hidden.grad is not None and torch.equal(hidden.grad, torch.ones(1, 8, dtype=torch.bfloat16))


class Largest(TorchDispatchMode):
    """Remembers how much memory the largest tensor took."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor):
            self.bytes = max(self.bytes, made.untyped_storage().nbytes())
        return made


def test_the_logits_are_never_all_in_memory(bases: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(loss._PIECE_BYTES, "cpu", 4 * 600 * 8)
    model = AutoModelForCausalLM.from_pretrained(bases["gpt2"]).requires_grad_(False)
    model.transformer.h[0].requires_grad_(True)
    ids, labels = tokens_and_labels()
    with Largest() as seen:
        target_loss(model, batch_of(ids, labels)).backward()
    assert seen.bytes <= 4 * 600 * 64  # the head's own matrix; all logits would be 4 * 600 * 72

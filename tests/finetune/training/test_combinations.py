"""What a recipe combines trains the same: precision, how weights are held, method, fused layers, checkpoints, packing.

Each combination learns the same rows as the plain one of its method (fp32, peft's own layers, every activation kept, a
row a document), so its first gradients are the plain one's, to the rounding of its precision; its loss falls; and it
generates between the steps, as a training does for its samples. On the CPU; 16 bits are those of `autocast("cpu")`.
"""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from finetune.data.batches import Collator, count_batch_targets
from finetune.data.packing import pack
from finetune.data.rows import IGNORED, Row
from finetune.models.cpu_attention import use_block_attention
from finetune.models.fused_lora import fuse_lora
from finetune.models.loss import target_loss
from finetune.models.precision import Precision
from finetune.models.sampling import Sampling, generate
from finetune.recipe import Recipe
from finetune.training.methods import halve_frozen, prepare_model

_LENGTH = 48
_STEPS = 3
_ROUNDING = {"fp32": 1e-4, "bf16": 5e-2, "fp16": 1e-2}
"""How far the gradients of a precision may be from those in 32 bits, relative to their norm."""
PRECISIONS = {
    "fp32": "fp32",
    "bf16": "fp32",
    "bf16, half weights": "half",
    "fp16": "fp32",
    "fp16, half weights": "half",
}
METHODS = {
    "lora": {"method": "lora", "init": "orthogonal"},  # A and B both have a gradient from the first step on
    "last-layers": {"method": "last-layers", "layers": 1},
    "full": {"method": "full"},
}
Gradients = dict[str, torch.Tensor]
Learn = Callable[..., tuple[list[float], Gradients]]


def _rows() -> list[Row]:
    """Short rows, each with a context and targets."""
    random = np.random.default_rng(0)
    rows = []
    for length in (9, 12, 14, 17, 21, 30):
        ids = random.integers(2, 600, length).astype(np.int32)
        labels = np.where(np.arange(length) < length // 3, np.int32(IGNORED), ids)
        rows.append(Row(input_ids=ids, labels=labels))
    return rows


@pytest.fixture(scope="module")
def learn(bases: dict[str, Path], tokenizers: dict[str, PreTrainedTokenizerFast]) -> Iterator[Learn]:
    """Trains a combination; returns the loss of each step and the gradients of the first."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so small a model gains nothing from more, and on a busy machine they wait for each other

    @cache
    def call(
        method: str, precision: str, fused: bool = False, checkpointing: bool = False, packing: bool = False
    ) -> tuple[list[float], Gradients]:
        recipe = Recipe(**METHODS[method], checkpointing=checkpointing, weights=PRECISIONS[precision])
        computed = Precision(precision[:4], "the test says so")
        torch.manual_seed(0)
        model: Any = prepare_model(AutoModelForCausalLM.from_pretrained(bases["llama"]), recipe)
        if recipe.weights == "half":
            halve_frozen(model, computed.dtype)
        if precision.startswith("bf16"):  # as the trainer does on a CPU
            assert use_block_attention(model.get_base_model() if method == "lora" else model)
        if fused:
            assert fuse_lora(model)
        if checkpointing:
            model.activation_checkpointing_enable()
        rows = pack(_rows(), _LENGTH) if packing else _rows()
        assert len(rows) == (3 if packing else 6)
        batch = Collator(0, _LENGTH)(rows)
        trained = {key: part for key, part in model.named_parameters() if part.requires_grad}
        optimizer = torch.optim.AdamW(trained.values(), lr=1e-2)
        losses, gradients = [], Gradients()
        for _ in range(_STEPS):
            model.train()
            with computed.autocast(torch.device("cpu")):
                loss = target_loss(model, batch) / count_batch_targets(batch)
            loss.backward()
            losses.append(loss.item())
            gradients = gradients or {key: part.grad.clone() for key, part in trained.items() if part.grad is not None}
            optimizer.step()
            optimizer.zero_grad()
            prompts = ["You wait.\n", "The lamp goes out, and somebody laughs.\n"]
            options = {"max_tokens": 2, "sampling": Sampling(), "precision": computed}
            assert len(generate(model, tokenizers["llama"], prompts, **options)) == 2
        return losses, gradients

    yield call
    torch.set_num_threads(threads)


@pytest.mark.parametrize("packing", [False, True], ids=["", "packed"])
@pytest.mark.parametrize("checkpointing", [False, True], ids=["", "checkpointed"])
@pytest.mark.parametrize("method", ["lora", "fused lora", "last-layers", "full"])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_combination_learns_what_the_plain_one_learns(
    precision: str, method: str, checkpointing: bool, packing: bool, learn: Learn
) -> None:
    fused, method = method.startswith("fused"), method.removeprefix("fused ")
    plain_losses, plain = learn(method, "fp32")
    losses, gradients = learn(method, precision, fused=fused, checkpointing=checkpointing, packing=packing)
    assert losses[0] == pytest.approx(plain_losses[0], rel=_ROUNDING[precision[:4]])
    assert losses[-1] < losses[0] - 0.02
    assert gradients.keys() == plain.keys()
    apart, whole = 0.0, 0.0
    for key, gradient in gradients.items():
        assert gradient.isfinite().all() and gradient.dtype == torch.float32, key
        apart += float((gradient - plain[key]).square().sum())
        whole += float(plain[key].square().sum())
    assert apart < _ROUNDING[precision[:4]] ** 2 * whole

"""Attention in blocks computes what torch's attention does, and lets no token see what follows it."""

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedModel

from finetune.models import cpu_attention
from finetune.models.cpu_attention import attend, use_block_attention

LENGTHS = [2, 63, 64, 65, 200]


def _inputs(length: int, dtype: torch.dtype) -> list[torch.Tensor]:
    """Return query, key and value: 6 heads over 2."""
    torch.manual_seed(length)
    return [torch.randn(2, heads, length, 16, dtype=dtype, requires_grad=True) for heads in (6, 2, 2)]


def _gradients(output: torch.Tensor, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
    torch.manual_seed(0)
    return list(torch.autograd.grad(output, inputs, torch.randn(output.shape, dtype=output.dtype)))


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.02)])
def test_outputs_and_gradients_are_those_of_torch(length: int, dtype: torch.dtype, tolerance: float) -> None:
    inputs = _inputs(length, dtype)
    exact = [tensor.detach().float().requires_grad_() for tensor in inputs]
    expected = scaled_dot_product_attention(*exact, is_causal=True, scale=0.3, enable_gqa=True).transpose(1, 2)
    output, _ = attend(torch.nn.Identity(), *inputs, None, scaling=0.3)  # type: ignore[misc]
    pairs = zip([output, *_gradients(output, inputs)], [expected, *_gradients(expected, exact)], strict=True)
    for found, wanted in pairs:
        assert torch.linalg.norm(found.float() - wanted) <= tolerance * torch.linalg.norm(wanted) + tolerance


def _models() -> list[PreTrainedModel]:
    torch.manual_seed(0)
    llama = LlamaConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        attn_implementation="sdpa",
    )
    gpt2 = GPT2Config(vocab_size=64, n_embd=32, n_layer=2, n_head=4, attn_implementation="sdpa")
    return [LlamaForCausalLM(llama), GPT2LMHeadModel(gpt2).eval()]  # eval: GPT-2 has dropout


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("model", _models(), ids=lambda model: model.config.model_type)
def test_a_model_learns_the_same_with_it(model: PreTrainedModel, packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = torch.randint(64, (2, 90), generator=torch.Generator().manual_seed(1))
    places = torch.cat([torch.arange(50), torch.arange(40)]).expand(2, -1) if packed else None
    used = []
    by_block = cpu_attention._by_block
    monkeypatch.setattr(cpu_attention, "_by_block", lambda *given: used.append(1) or by_block(*given))

    def gradients() -> list[torch.Tensor]:
        model.zero_grad()
        model(input_ids=ids, position_ids=places, labels=ids, use_cache=False).loss.backward()
        return [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]

    model.set_attn_implementation("sdpa")
    expected = gradients()
    assert use_block_attention(model) and not used
    torch.testing.assert_close(gradients(), expected, rtol=1e-3, atol=1e-5)
    assert bool(used) is not packed  # packed rows have a mask, which is torch's to apply


def test_a_model_that_is_not_for_sdpa_keeps_its_own_attention() -> None:
    model = _models()[0]
    model.set_attn_implementation("eager")
    assert not use_block_attention(model)
    assert model.config._attn_implementation == "eager"

"""Attention that trains twice as fast as torch's own on a CPU in bf16, where each token sees all that precede it.

    use_block_attention(model)

torch's kernel for the CPU computes the whole square of scores, also where the future is hidden, and makes little use
of the processor's bf16 instructions. Here the queries go in blocks, each against the keys up to its own end: half the
work, in large products. The probabilities are kept for the backward pass, half a square for each head of each trained
layer. Two rows of 512 tokens, 9 heads over 3 of keys, forward and back on one core: 26 to 27 ms, torch's kernel 54 to
60. In fp32 the two take the same.

Only what learns comes here: masks (packed rows), dropout and passes without a gradient go to torch's kernel.
"""

from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "causal_blocks"
"""What transformers knows it by."""
_BLOCK = 64
"""Places at a time; 32, 128 and 256 took 14 to 36 percent longer."""


def use_block_attention(model: PreTrainedModel) -> bool:
    """Have the model's layers attend as described above; return whether they can, which old classes can't."""
    if model.config._attn_implementation != "sdpa":  # chosen for the model, for example because sdpa is wrong for it
        return False
    model.set_attn_implementation(NAME)
    return True


def attend(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **options: Any,
) -> tuple[Tensor, None]:
    """Return the attention of `query` B x H x T x D over `key` and `value` B x K x T x D, as B x T x H x D.

    The signature is that of transformers' attention functions; H is a multiple of K.
    """
    plain = attention_mask is None and dropout == 0 and query.requires_grad and query.device.type == "cpu"
    causal = options.pop("is_causal", None)
    causal = getattr(module, "is_causal", True) if causal is None else causal
    if not (plain and causal and query.shape == (*query.shape[:2], *value.shape[2:]) and _no_bias(options)):
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout, scaling, is_causal=causal, **options
        )
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    # As autocast does for torch's kernel.
    dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else query.dtype
    cast = (tensor.to(dtype) for tensor in (query, key, value))
    with torch.autocast("cpu", enabled=False):
        output: Tensor = _CausalBlocks.apply(*cast, scale)  # type: ignore[no-untyped-call]
    return output.transpose(1, 2).contiguous(), None


def _no_bias(options: dict[str, Any]) -> bool:
    return options.get("position_bias") is None and options.get("softcap") is None


class _CausalBlocks(torch.autograd.Function):
    """query B x H x T x D, key and value B x K x T x D -> B x H x T x D.

    The gradient is that of FlashAttention's paper (Dao and others 2022, appendix B.2), with stored probabilities.
    """

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        shared = query.shape[1] // key.shape[1]
        q = _by_place(query * scale, shared)
        k, v = key.flatten(0, 1), value.flatten(0, 1)
        output = torch.empty_like(q)
        hidden = torch.ones(_BLOCK, _BLOCK, dtype=torch.bool).triu(1).repeat_interleave(shared, 0)
        kept = []
        for first, last in _blocks(key.shape[2]):
            rows = slice(first * shared, last * shared)
            scores = torch.bmm(q[:, rows], k[:, :last].transpose(1, 2))
            scores[..., first:].masked_fill_(hidden[: scores.shape[1], : last - first], float("-inf"))
            probabilities = torch.softmax(scores, -1)
            output[:, rows] = torch.bmm(probabilities, v[:, :last])
            kept.append(probabilities)
        ctx.save_for_backward(q, k, v, output, *kept)
        ctx.scale, ctx.shared = scale, shared
        return _by_head(output, query.shape)

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, output, *kept = ctx.saved_tensors
        gradient = _by_place(outer[0], ctx.shared)
        for_q, for_k, for_v = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
        average = (gradient * output).sum(-1, keepdim=True)
        for (first, last), probabilities in zip(_blocks(k.shape[1]), kept, strict=True):
            rows = slice(first * ctx.shared, last * ctx.shared)
            for_v[:, :last].baddbmm_(probabilities.transpose(1, 2), gradient[:, rows])
            slope = torch.bmm(gradient[:, rows], v[:, :last].transpose(1, 2))
            slope.sub_(average[:, rows]).mul_(probabilities)
            for_q[:, rows] = torch.bmm(slope, k[:, :last])
            for_k[:, :last].baddbmm_(slope.transpose(1, 2), q[:, rows])
        shape = (len(outer[0]), -1, *k.shape[1:])
        return _by_head(for_q.mul_(ctx.scale), outer[0].shape), for_k.view(shape), for_v.view(shape), None


def _blocks(length: int) -> list[tuple[int, int]]:
    return [(first, min(first + _BLOCK, length)) for first in range(0, length, _BLOCK)]


def _by_place(tensor: Tensor, shared: int) -> Tensor:
    """Return B x H x T x D as (B * K) x (T * shared) x D, where `shared` heads belong to each of K key heads.

    The queries of a stretch of places then stand together, as one matrix.
    """
    batch, heads, length, width = tensor.shape
    split = tensor.reshape(batch * heads // shared, shared, length, width)
    return split.transpose(1, 2).reshape(-1, length * shared, width)


def _by_head(tensor: Tensor, shape: torch.Size) -> Tensor:
    """Return the inverse of `_by_place`."""
    shared = tensor.shape[1] // shape[2]
    return tensor.view(-1, shape[2], shared, shape[3]).transpose(1, 2).reshape(shape)


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, sdpa_mask)

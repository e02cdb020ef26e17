"""The loss that is learned and the loss that is measured: one function for both.

    loss = target_loss(model, batch)
    (loss / count_batch_targets(batch)).backward()

Most of a row is context, and the output head, with its product over the whole vocabulary, is the widest layer of a
small model. So it runs on those positions only whose next token is a target, a piece at a time: no B x T x V logits
ever stand in memory. The model's own forward pass runs up to the head, through whatever wraps it (peft, autocast,
DistributedDataParallel, checkpointing); a hook there captures the hidden states.

A model that changes its logits after the head (scales or caps them) is noticed at its first batch, and its own forward
pass then makes the logits, of the targets' positions only.
"""

from collections.abc import Mapping
from typing import Any
from weakref import WeakSet

import torch
from accelerate.utils import extract_model_from_parallel  # type: ignore[import-untyped]
from peft import PeftModel
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, linear, pad

from finetune.data.batches import model_inputs

_PIECE_BYTES = {"cpu": 2**26, "cuda": 2**29}
"""Bytes of 32-bit logits that stand in memory at a time. Less makes thin products: on two CPU cores in bf16, 1,000
targets over a vocabulary of 49,152 took 1.55 s of computation with 2**22, 1.01 with 2**24, 0.90 with 2**26, 1.00 with
2**27; the products alone take 0.71, and torch's own `linear_cross_entropy` in pieces 6.5. No run chose CUDA's."""
_WIDTH_MULTIPLE = {"cuda": 64}
"""A vocabulary is padded to a multiple of it: odd ones, like GPT-2's 50,257, are slow on a card. On a CPU that made no
difference."""
_unchanged_heads: WeakSet[nn.Module] = WeakSet()
"""Heads whose output is known to be their model's logits."""


def target_loss(model: nn.Module, batch: Mapping[str, Any]) -> Tensor:
    """Return the cross-entropy in nats, summed over the targets: a scalar with its gradient.

    `batch` is one of `Collator`'s, on the model's device. Only a model's first batch is waited for.
    """
    inputs, places, targets = model_inputs(batch), batch["places"], batch["targets"]
    inner = extract_model_from_parallel(model, keep_torch_compile=False)
    if isinstance(inner, PeftModel):
        inner = inner.get_base_model()
    head = inner.get_output_embeddings()
    if type(head) is not nn.Linear:
        return _loss_of_logits(model, inputs, head, places, targets)
    with _HeadCapture(head, None) as captured:
        logits = model(**inputs, use_cache=False).logits
    if captured.hidden is None or (head not in _unchanged_heads and not captured.is_output(logits)):
        return _loss_of_logits(model, inputs, head, places, targets)
    _unchanged_heads.add(head)
    hidden = captured.hidden.flatten(0, 1)[places]
    device = hidden.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else head.weight.dtype
    bias = None if head.bias is None else head.bias.to(dtype)
    return linear_cross_entropy(hidden.to(dtype), head.weight.to(dtype), bias, targets)


def linear_cross_entropy(hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor) -> Tensor:
    """Return the summed cross-entropy of `linear(hidden, weight, bias)`: hidden N x H, weight V x H, targets N.

    Logits are made once, not again in the backward pass: their gradient, softmax minus one-hot, is known as soon as
    they are, so its products with `weight` and `hidden` are computed right then. Where gradients are wanted, the
    softmax has the type of `hidden`, so that in 16 bits a target's loss is off by up to 0.004, either way.
    """
    loss: Tensor = _LinearCrossEntropy.apply(  # type: ignore[no-untyped-call]
        hidden, weight, bias, targets, torch.is_grad_enabled()
    )
    return loss


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, learning: bool
    ) -> Tensor:
        needed = [learning and wanted for wanted in ctx.needs_input_grad[:3]]
        # Sums over many pieces are kept in 32 bits.
        for_hidden = torch.empty_like(hidden) if needed[0] else None
        for_weight = torch.zeros_like(weight, dtype=torch.float32) if needed[1] else None
        for_bias = torch.zeros_like(bias, dtype=torch.float32) if needed[2] and bias is not None else None
        loss = torch.zeros((), dtype=torch.float32, device=hidden.device)
        vocabulary = len(weight)
        if padding := -vocabulary % _WIDTH_MULTIPLE.get(hidden.device.type, 1):
            weight = pad(weight, (0, 0, 0, padding))
            bias = None if bias is None else pad(bias, (0, padding))
        rows = max(1, _PIECE_BYTES.get(hidden.device.type, _PIECE_BYTES["cuda"]) // (4 * len(weight)))
        with torch.autocast(hidden.device.type, enabled=False):
            for first in range(0, len(hidden), rows):
                part = hidden[first : first + rows]
                wanted = targets[first : first + rows, None]
                logits = linear(part, weight, bias)
                logits[:, vocabulary:] = -torch.inf
                if not any(needed):
                    loss -= torch.log_softmax(logits, -1, dtype=torch.float32).gather(1, wanted).sum()
                    continue
                highest, at = logits.max(-1, keepdim=True)
                slope = torch.softmax(logits, -1)
                # The log of the softmax's divisor, from the place where 16 bits round it least.
                divisor = highest.float() - slope.gather(1, at).float().log()
                loss += (divisor - logits.gather(1, wanted)).sum()
                slope.scatter_add_(1, wanted, slope.new_full(wanted.shape, -1.0))
                if for_hidden is not None:
                    torch.mm(slope, weight, out=for_hidden[first : first + rows])
                if for_weight is not None:
                    for_weight += (slope.T @ part)[:vocabulary]
                if for_bias is not None:
                    for_bias += slope.sum(0, dtype=torch.float32)[:vocabulary]
        ctx.save_for_backward(for_hidden, for_weight, for_bias)
        ctx.dtype = hidden.dtype
        return loss

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        scaled = (None if saved is None else (saved * outer[0]).to(ctx.dtype) for saved in ctx.saved_tensors)
        return (*scaled, None, None)


def _loss_of_logits(
    model: nn.Module, inputs: Mapping[str, Any], head: nn.Module | None, places: Tensor, targets: Tensor
) -> Tensor:
    """Return the same from the model's own logits, made for the targets' positions only if its head is a module."""
    with _HeadCapture(head, places) as captured:
        logits: Tensor = model(**inputs, use_cache=False).logits
    logits = logits.flatten(0, 1)
    if captured.hidden is None:
        logits = logits[places]
    return cross_entropy(logits.float(), targets, reduction="sum")


def _no_logits(hidden: Tensor) -> Tensor:
    return hidden.new_empty(1, 1, 0)


class _HeadCapture:
    """While it is entered, captures the hidden states that reach a head, and gives the head fewer of them.

    The head sees the positions in `wanted` (N, as 1 x N x H), or the very first one where that is None.
    """

    def __init__(self, head: nn.Module | None, wanted: Tensor | None) -> None:
        self.head = head
        self.wanted = wanted
        self.hidden: Tensor | None = None
        """B x T x H; None if the head did not run as a module."""
        self._output: Tensor | None = None

    def __enter__(self) -> "_HeadCapture":
        if self.wanted is None and self.head in _unchanged_heads:
            vars(self.head)["forward"] = _no_logits  # nobody asks for the logits of one position
        self._hooks = (
            [self.head.register_forward_pre_hook(self._before), self.head.register_forward_hook(self._after)]
            if self.head is not None
            else []
        )
        return self

    def __exit__(self, *failure: object) -> None:
        for hook in self._hooks:
            hook.remove()
        if self.head is not None:
            vars(self.head).pop("forward", None)

    def _before(self, head: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        self.hidden = given[0]
        # Contiguous, or torch would copy the whole matrix for each row of the batch.
        fewer = given[0][:1, :1].contiguous() if self.wanted is None else given[0].flatten(0, 1)[self.wanted][None]
        return (fewer, *given[1:])

    def _after(self, head: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
        self._output = output

    def is_output(self, logits: Tensor) -> bool:
        """Return whether the model returned the head's output unchanged."""
        output = self._output
        return output is not None and output.shape == logits.shape and torch.equal(output.float(), logits.float())

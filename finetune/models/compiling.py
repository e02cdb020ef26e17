"""torch's compiler: when it pays, and how a model is compiled.

    if worth_compiling(recipe.compile, device, parameters, tokens):
        compile_blocks(model)

Compilation makes a training step on a CUDA card two to three times as fast, after most of a minute in which nothing is
learned. It wants every batch in one shape (`Collator.fixed_rows`).
"""

import os
import shutil
from typing import Any

import torch
from torch import nn
from transformers.modeling_layers import GradientCheckpointingLayer

from finetune.errors import FinetuneError

_SECONDS_SAVED = 4e-14
"""Per token and parameter. One H100, bf16, LoRA: GPT-2 124M took 7.6 microseconds per token eager (132,000 tokens/s)
and 2.5 compiled (404,000); GPT-2 XL of 1.56B took 99 and 25. Both come to 4 to 5e-14."""
_COMPILE_SECONDS = 40.0
"""What the compilation of GPT-2 124M took there, 36 to 57 in all."""
_MARGIN = 1.5


def worth_compiling(wanted: str, device: torch.device, parameters: int, tokens: float) -> bool:
    """Return whether a run is compiled: `tokens` on each device, context and padding counted, through `parameters`.

    `wanted` is the recipe's on, off, or auto, which compiles where it saves time on a CUDA card.

    Raises:
        FinetuneError: `wanted` is "on" and there is no C++ compiler.
    """
    has_compiler = any(shutil.which(name) for name in (os.environ.get("CXX", ""), "c++", "g++", "clang++", "cl"))
    if wanted == "on" and not has_compiler:
        raise FinetuneError(
            "The recipe's compile is on, but there is no C++ compiler here, which torch needs for that. "
            "Install one (g++ or clang++), or leave it to --set compile=auto."
        )
    pays = device.type == "cuda" and _SECONDS_SAVED * parameters * tokens > _MARGIN * _COMPILE_SECONDS
    return wanted == "on" or (wanted == "auto" and has_compiler and pays)


def compile_blocks(model: nn.Module, backend: Any = "inductor") -> None:
    """Have each of the model's blocks compiled at its first use, in place: names and checkpoints stay as they are.

    All blocks but the first share one compiled form: a deep model takes no longer to compile than a shallow one.
    """
    for module in model.modules():
        if isinstance(module, GradientCheckpointingLayer):
            module.compile(backend=backend, dynamic=False)

"""torch's compiler: when it pays, and how a model is compiled.

    if worth_compiling(recipe.compile, device, parameters, tokens):
        compile_blocks(model)

Compilation makes a training step on a CUDA card more than twice as fast, after most of a minute in which nothing is
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
"""Per token and parameter. Measured on one H100 with GPT-2 124M, bf16, LoRA, 32 rows of 1024 tokens: 132,000 tokens/s
eager and 349,000 compiled, so 7.6 and 2.9 microseconds a token; 4.7 less, over 124 million parameters. That other
models save in proportion to their parameters is assumed."""
_COMPILE_SECONDS = 40.0
"""The compilation took 36 to 57 there."""
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

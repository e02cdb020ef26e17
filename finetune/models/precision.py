"""The precision of the matrix products: fp32, bf16 or fp16, as the device computes it fastest.

    precision = choose_precision(recipe.precision)
    with precision.autocast(device):
        model(ids)

Trainable weights stay in 32 bits whatever the precision.
"""

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from finetune.errors import FinetuneError, cause

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, slots=True)
class Precision:
    """What the matrix products are computed in."""

    precision: str
    """fp32, bf16 or fp16. This name and `why` are keys in training.json."""
    why: str

    @property
    def dtype(self) -> torch.dtype:
        return DTYPES[self.precision]

    def autocast(self, device: torch.device) -> AbstractContextManager[Any]:
        """Return the context to run a forward pass in."""
        return nullcontext() if self.precision == "fp32" else torch.autocast(device.type, self.dtype)


FP32 = Precision("fp32", "figures that compare")
"""What does not depend on this machine."""


def choose_precision(wanted: str) -> Precision:
    """Return the precision that the recipe names, or for "auto" the one that this machine computes fastest.

    A T4 (compute capability 7.5) claims bf16 and emulates it, so the capability decides, not `is_bf16_supported`. On a
    CPU, and on Apple's GPU, bf16 is taken where there are instructions for it and it wins in a measurement.
    """
    if wanted != "auto":
        return Precision(wanted, "the recipe says so")
    if torch.cuda.is_available():
        major, minor = torch.cuda.get_device_capability()
        return Precision("bf16" if major >= 8 else "fp16", f"CUDA capability {major}.{minor}")
    if torch.backends.mps.is_available():
        return _faster(torch.device("mps"), "Apple's GPU")
    if torch.xpu.is_available():
        return Precision("bf16" if torch.xpu.is_bf16_supported() else "fp32", "Intel's GPU")
    if not cpu_has_bf16():
        return Precision("fp32", "this CPU has no bf16 instructions")
    return _faster(torch.device("cpu"), "this CPU")


def _faster(device: torch.device, called: str) -> Precision:
    times = measure_bf16_speedup(device)
    return Precision("bf16" if times > 1.2 else "fp32", f"bf16 is {times:.1f} times as fast as fp32 on {called}")


def check_kernels(device: torch.device) -> None:
    """Check that the installed torch can compute on a CUDA card, by computing something: no list tells for sure.

    Raises:
        FinetuneError: it can't, as newer builds can't on old cards.
    """
    try:
        run_kernel(device)
    except RuntimeError as error:
        major, minor = torch.cuda.get_device_capability(device)
        raise FinetuneError(
            f"torch {torch.__version__} can't compute on the {torch.cuda.get_device_name(device)} here (compute "
            f"capability {major}.{minor}); it has kernels for {', '.join(torch.cuda.get_arch_list())}. Install a build "
            "of torch that has them for this card, or train on the processor: put CUDA_VISIBLE_DEVICES=-1 before the "
            f"command. The cause: {cause(error)}"
        ) from error


def run_kernel(device: torch.device) -> None:
    """Compute something on a CUDA card, and wait for it."""
    (torch.ones(8, 8, device=device) @ torch.ones(8, 8, device=device)).sum().item()


def cpu_has_bf16() -> bool:
    """Return whether this CPU multiplies bf16 natively: by AMX or AVX-512, or as newer Arm and Apple processors do."""
    has = torch.cpu.get_capabilities()
    return any(has.get(name) for name in ("amx_bf16", "avx512_bf16", "bf16"))


def measure_bf16_speedup(device: torch.device) -> float:
    """Return how many times as fast a bf16 matrix product of a layer's size is as an fp32 one, casts included.

    Alternating, and the best of many: what else the machine does at that moment must not decide. 0 where the device
    can't compute in bf16.
    """
    try:
        return _bf16_speedup(device)
    except (RuntimeError, TypeError):  # older macOS has no bf16 for the GPU
        return 0.0


def _bf16_speedup(device: torch.device) -> float:
    left, right = torch.randn(1024, 576, device=device), torch.randn(576, 1536, device=device)
    best = {True: float("inf"), False: float("inf")}
    for bf16 in (True, False) * 20:
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            begin = time.perf_counter()
            (left @ right)[0, 0].item()  # waits for a device
            best[bf16] = min(best[bf16], time.perf_counter() - begin)
    return best[False] / best[True]

"""The precision follows what a device really computes fast."""

import pytest
import torch

from finetune.errors import FinetuneError
from finetune.models import precision
from finetune.models.precision import choose_precision


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """One without any accelerator, whose CPU has bf16."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(precision, "cpu_has_bf16", lambda: True)
    return monkeypatch


@pytest.mark.parametrize(
    ("capability", "expected"), [((7, 0), "fp16"), ((7, 5), "fp16"), ((8, 0), "bf16"), ((9, 0), "bf16")]
)
def test_cuda_goes_by_capability(machine: pytest.MonkeyPatch, capability: tuple[int, int], expected: str) -> None:
    machine.setattr(torch.cuda, "is_available", lambda: True)
    machine.setattr(torch.cuda, "is_bf16_supported", lambda *_: True)  # a T4 says so too
    machine.setattr(torch.cuda, "get_device_capability", lambda *_: capability)
    assert choose_precision("auto").precision == expected


@pytest.mark.parametrize(
    ("speedup", "has_bf16", "expected"), [(3.0, True, "bf16"), (0.9, True, "fp32"), (3.0, False, "fp32")]
)
def test_a_cpu_takes_bf16_only_where_it_wins(
    machine: pytest.MonkeyPatch, speedup: float, has_bf16: bool, expected: str
) -> None:
    machine.setattr(precision, "measure_bf16_speedup", lambda: speedup)
    machine.setattr(precision, "cpu_has_bf16", lambda: has_bf16)
    assert choose_precision("auto").precision == expected


def test_apples_gpu_takes_fp32(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_precision("auto").precision == "fp32"


def test_the_recipe_can_insist(machine: pytest.MonkeyPatch) -> None:
    assert choose_precision("fp32").precision == "fp32"
    with pytest.raises(FinetuneError, match="CUDA"):
        choose_precision("fp16")


def test_the_measurement_measures() -> None:
    assert 0 < precision.measure_bf16_speedup() < 1000

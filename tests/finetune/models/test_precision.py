"""`auto` chooses the precision that the device computes fast."""

import pytest
import torch

from finetune.errors import FinetuneError
from finetune.models import precision
from finetune.models.precision import choose_precision


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine without an accelerator, whose CPU has bf16."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(precision, "cpu_has_bf16", lambda: True)
    return monkeypatch


@pytest.mark.parametrize(
    ("capability", "expected"), [((7, 0), "fp16"), ((7, 5), "fp16"), ((8, 0), "bf16"), ((9, 0), "bf16")]
)
def test_on_cuda_the_precision_depends_on_the_capability(
    machine: pytest.MonkeyPatch, capability: tuple[int, int], expected: str
) -> None:
    machine.setattr(torch.cuda, "is_available", lambda: True)
    machine.setattr(torch.cuda, "is_bf16_supported", lambda *_: True)  # True on a T4, too
    machine.setattr(torch.cuda, "get_device_capability", lambda *_: capability)
    assert choose_precision("auto").precision == expected


@pytest.mark.parametrize(
    ("speedup", "has_bf16", "expected"), [(3.0, True, "bf16"), (0.9, True, "fp32"), (3.0, False, "fp32")]
)
def test_on_a_cpu_bf16_is_used_only_if_it_is_faster(
    machine: pytest.MonkeyPatch, speedup: float, has_bf16: bool, expected: str
) -> None:
    machine.setattr(precision, "measure_bf16_speedup", lambda: speedup)
    machine.setattr(precision, "cpu_has_bf16", lambda: has_bf16)
    assert choose_precision("auto").precision == expected


def test_on_apples_gpu_the_precision_is_fp32(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_precision("auto").precision == "fp32"


def test_a_precision_set_in_the_recipe_is_used_or_refused(machine: pytest.MonkeyPatch) -> None:
    assert choose_precision("fp32").precision == "fp32"
    with pytest.raises(FinetuneError, match="CUDA"):
        choose_precision("fp16")


def test_the_bf16_speedup_is_measured() -> None:
    assert 0 < precision.measure_bf16_speedup() < 1000

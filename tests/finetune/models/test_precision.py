"""`auto` chooses the precision that the device computes fast."""

import pytest
import torch

from finetune.errors import FinetuneError
from finetune.models import precision
from finetune.models.precision import check_kernels, choose_precision


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
    machine.setattr(precision, "measure_bf16_speedup", lambda device: speedup)
    machine.setattr(precision, "cpu_has_bf16", lambda: has_bf16)
    assert choose_precision("auto").precision == expected


@pytest.mark.parametrize(("speedup", "expected"), [(1.9, "bf16"), (1.0, "fp32"), (0.0, "fp32")])
def test_on_apples_gpu_bf16_is_used_only_if_it_is_faster(
    machine: pytest.MonkeyPatch, speedup: float, expected: str
) -> None:
    machine.setattr(torch.backends.mps, "is_available", lambda: True)
    machine.setattr(precision, "measure_bf16_speedup", lambda device: speedup if device.type == "mps" else 9.0)
    assert choose_precision("auto").precision == expected


def test_a_device_that_cannot_compute_in_bf16_is_no_faster_with_it(machine: pytest.MonkeyPatch) -> None:
    def fail(device: torch.device) -> float:
        raise RuntimeError("BFloat16 is not supported on MPS")

    machine.setattr(precision, "_bf16_speedup", fail)
    assert precision.measure_bf16_speedup(torch.device("mps")) == 0


def test_on_intels_gpu_the_precision_is_what_it_computes(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(torch.xpu, "is_available", lambda: True)
    for has_bf16, expected in ((True, "bf16"), (False, "fp32")):
        machine.setattr(torch.xpu, "is_bf16_supported", lambda has=has_bf16: has)
        assert choose_precision("auto").precision == expected


def test_a_precision_set_in_the_recipe_is_used(machine: pytest.MonkeyPatch) -> None:
    assert choose_precision("fp32").precision == "fp32"


def test_a_card_that_torch_has_no_kernels_for_is_an_error(machine: pytest.MonkeyPatch) -> None:
    """Whatever its capability: only a kernel that runs shows it."""

    def fail(device: torch.device) -> None:
        raise RuntimeError("CUDA error: no kernel image is available for execution on the device")

    machine.setattr(precision, "run_kernel", fail)
    machine.setattr(torch.cuda, "get_device_capability", lambda *_: (6, 1))
    machine.setattr(torch.cuda, "get_device_name", lambda *_: "GTX 1080")
    machine.setattr(torch.cuda, "get_arch_list", lambda: ["sm_75", "sm_90"])
    with pytest.raises(FinetuneError, match=r"compute on the GTX 1080 here \(compute capability 6.1\)") as caught:
        check_kernels(torch.device("cuda"))
    for part in ("kernels for sm_75, sm_90", "CUDA_VISIBLE_DEVICES=-1", "no kernel image"):
        assert part in caught.value.message


def test_a_device_that_torch_has_kernels_for_is_accepted() -> None:
    check_kernels(torch.device("cpu"))


def test_the_bf16_speedup_is_measured() -> None:
    assert 0 < precision.measure_bf16_speedup(torch.device("cpu")) < 1000

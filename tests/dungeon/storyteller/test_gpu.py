"""The command that gives the engine a graphics card, where one is seen and the engine has no backend for it."""

import sys
from pathlib import Path

import pytest

from dungeon.storyteller.hardware import gpu


@pytest.fixture(autouse=True)
def no_card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A Linux machine without a card, and a folder that is all of its PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("_NVIDIA_FILES", "_AMD_DEVICE", "_ROCM_VERSION"):
        monkeypatch.setattr(gpu, name, tmp_path / name)
    return folder


def install(folder: Path, name: str) -> None:
    program = folder / name
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)


def test_without_a_card_nothing_is_to_be_installed() -> None:
    assert gpu.gpu_install_command() is None


def test_an_nvidia_card_needs_the_wheel_for_cuda(no_card: Path) -> None:
    install(no_card, "nvidia-smi")
    command = gpu.gpu_install_command()  # the wheel that the tests run with has no backend
    assert command is not None
    assert command.startswith(sys.executable)
    assert command.endswith("/whl/cu128 xllamacpp")
    assert "--force-reinstall" in command


@pytest.mark.parametrize(
    ("version", "wheel"), [("6.4.1-83\n", "rocm-6.4.1"), ("7.2.4\n", "rocm-7.2.4"), (None, "rocm-7")]
)
def test_an_amd_card_needs_the_wheel_for_its_rocm(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str | None, wheel: str
) -> None:
    monkeypatch.setattr(gpu, "_engine_sees_gpu", lambda: False)
    (tmp_path / "_AMD_DEVICE").touch()
    if version is not None:
        (tmp_path / "_ROCM_VERSION").write_text(version)
    command = gpu.gpu_install_command()
    assert command is not None
    assert f"/whl/{wheel}" in command


def test_a_driver_without_its_tools_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(gpu, "_engine_sees_gpu", lambda: False)
    (tmp_path / "_NVIDIA_FILES").mkdir()
    assert gpu.gpu_install_command() is not None


def test_a_card_that_the_engine_uses_needs_nothing(no_card: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(no_card, "nvidia-smi")
    monkeypatch.setattr(gpu, "_engine_sees_gpu", lambda: True)
    assert gpu.gpu_install_command() is None


def test_a_mac_needs_nothing(no_card: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(no_card, "nvidia-smi")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert gpu.gpu_install_command() is None

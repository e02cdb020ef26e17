"""Whether this machine has a graphics card that the engine can't use yet, and the command that changes it.

    if command := gpu_install_command(): print(command)

The engine's ordinary wheel has Metal on macOS, and only the CPU elsewhere. Wheels for NVIDIA (CUDA) and AMD (ROCm) are
on the wheel index of the project that makes them (README of xllamacpp 2026.10, "Installation").

Limits: AMD cards are seen on Linux only; a card is not asked whether it is one of those that the wheel supports.
"""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

GUIDE = "https://github.com/xorbitsai/xllamacpp#installation"
"""Says which cards and drivers each wheel supports."""
_INDEX = "https://xorbitsai.github.io/xllamacpp/whl/"
_CUDA = "cu128"
"""Of the two CUDA wheels the one for every card since 2014 and older drivers; the other needs a driver of 2026."""
_ROCM_6, _ROCM_7 = "rocm-6.4.1", "rocm-7.2.4"
"""A build for one major version of ROCm does not run on another."""
_NVIDIA_FILES = Path("/proc/driver/nvidia")
_AMD_DEVICE = Path("/dev/kfd")
_ROCM_VERSION = Path("/opt/rocm/.info/version")


def gpu_install_command() -> str | None:
    """Return the command that gives the engine this machine's graphics card; None without one, or if it has it.

    Takes a moment: it starts the engine's library in another process. What the card needs is on the page `GUIDE`.
    """
    index = _wheel_index()
    if index is None or _engine_sees_gpu():
        return None
    words = [sys.executable, "-m", "pip", "install", "--force-reinstall", "--no-deps", "--index-url", _INDEX + index]
    words.append("xllamacpp")
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def gpu_hint() -> str:
    """Return what to do about a graphics card that the engine can't use yet; "" if there is none."""
    command = gpu_install_command()
    return f"A graphics card is here that the engine can't use yet: {command}\nSee {GUIDE}" if command else ""


def _wheel_index() -> str | None:
    """The part of the index with the wheel for this machine's card; None without a card, or where none is needed."""
    if sys.platform == "darwin":
        return None  # Metal is in the ordinary wheel
    if shutil.which("nvidia-smi") or _NVIDIA_FILES.exists():
        return _CUDA
    if sys.platform == "linux" and _AMD_DEVICE.exists():
        try:
            return _ROCM_6 if _ROCM_VERSION.read_text().startswith("6.") else _ROCM_7
        except OSError:
            return _ROCM_7
    return None


def _engine_sees_gpu() -> bool:
    """Whether the installed wheel finds a graphics card. A process of its own: drivers may crash."""
    script = (
        "import xllamacpp as engine; kinds = engine.ggml_backend_dev_type; "
        "cpu = (kinds.GGML_BACKEND_DEVICE_TYPE_CPU, kinds.GGML_BACKEND_DEVICE_TYPE_ACCEL); "
        "print(any(device['type'] not in cpu for device in engine.get_device_info()))"
    )
    try:
        output = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return False
    return output.strip().endswith("True")

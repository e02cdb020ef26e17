"""How much memory a model takes, and how much this machine has.

    header = read_header(path)
    memory_needed(header, header.file_size, 8192)              # bytes
    largest_context(header, header.file_size, free_memory(), 8192)

A model takes its weights, the keys and values of every token in its context (the KV cache, two bytes a number), the
states of its recurrent layers, and buffers. llama.cpp copies most weights into the CPU's own layout and needs those
pages of the file no more; until the system takes them back, a process seems to hold half as much again (a 1.5B voice
with 4,096 tokens: 1.91 GB resident, 0.81 of it its own; 1.47 estimated).

For layers with a sliding window, a cache of the whole context is counted (`swa_full`), unless asked.
Limits: where it is not known which blocks have a sliding window, all are counted as if they had none.
"""

import ctypes
import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from dungeon.storyteller.gguf_header import GgufHeader

SMALLEST_CONTEXT = 1024
"""Tokens. Less is no story; a machine with less memory than this takes reads the weights from the disk, slowly."""
_SHARE = 0.8
"""Of the free memory that a voice may take: the rest is for what the player opens next."""
_STEP = 256
"""llama.cpp's contexts are multiples of this."""
_F16, _F32 = 2, 4
_BUFFERS = 100_000_000
_BUFFER_SHARE, _MOST_BUFFERS = 8, 300_000_000
"""Buffers of a model: 100 MB, and an eighth of its file, up to 300 MB."""
_FULL_EVERY = {"gemma2": 2, "gemma3": 6, "gemma3n": 5, "gpt-oss": 2, "cohere2": 4}
"""Every which block sees the whole context, for architectures whose files may not state it."""
_BATCH_CELLS = 512
"""Tokens that a cache of a sliding window holds beyond the window, at most."""


# ---- a model -----------------------------------------------------------------------------------------------------


def state_bytes(header: GgufHeader) -> int:
    """Return what the states of all recurrent layers take, in bytes."""
    width, heads = header.embedding_length, header.head_count
    kernel, inner, state = (header.number(f"ssm.{key}") for key in ("conv_kernel", "inner_size", "state_size"))
    numbers = max(0, kernel - 1) * (inner + 2 * header.number("ssm.group_count") * state) + inner * state
    numbers += (header.number("token_shift_count") + header.number("wkv.head_size")) * width
    numbers += max(0, header.number("shortconv.l_cache") - 1) * width
    head = header.number("kda.head_dim")
    numbers += heads * head * (3 * max(0, kernel - 1) + head)
    return _F32 * numbers * sum(_recurrent_blocks(header)) if header.is_recurrent else 0


def checkpoint_bytes(header: GgufHeader) -> int:
    """Return what a checkpoint of the context takes: all states, and what layers with a sliding window still see."""
    blocks = zip(_block_kv_bytes(header), _windowed_blocks(header), strict=True)
    return state_bytes(header) + header.sliding_window * sum(block for block, windowed in blocks if windowed)


def model_file_size(path: Path) -> int:
    """Return the bytes of the model's file, or of all its files where it is split (`…-00001-of-00003.gguf`).

    Raises:
        OSError: the file can't be found or read.
    """
    found = re.fullmatch(r"(.*)-\d{5}-of-(\d{5})\.gguf", path.name)
    if found is None:
        return path.stat().st_size
    parts = (path.with_name(f"{found[1]}-{part:05}-of-{found[2]}.gguf") for part in range(1, int(found[2]) + 1))
    return sum(part.stat().st_size for part in parts if part.exists())


def memory_needed(header: GgufHeader, file_size: int, context: int, *, swa_full: bool = True) -> int:
    """Return the bytes of memory that the model takes with a context of so many tokens.

    `file_size` is that of all its files. With `swa_full` false, layers with a sliding window cache only the window.
    """
    window = min(context, header.sliding_window + _BATCH_CELLS) if header.sliding_window and not swa_full else context
    cache = sum(
        block * (window if windowed else context)
        for block, windowed in zip(_block_kv_bytes(header), _windowed_blocks(header), strict=True)
    )
    buffers = _BUFFERS + min(file_size // _BUFFER_SHARE, _MOST_BUFFERS)
    return file_size + cache + state_bytes(header) + buffers


def fits(needed: int, free: int | None) -> bool:
    """Return whether so many bytes leave the machine enough of its free memory; True where that is not known."""
    return free is None or needed <= free * _SHARE


def largest_context(header: GgufHeader, file_size: int, free: int | None, wanted: int, *, swa_full: bool = True) -> int:
    """Return the tokens of context to run the model with: as wanted, but no more than it was made for and what fits.

    At least `SMALLEST_CONTEXT`, if so many are wanted, even where that does not fit: the system reads weights that it
    can't hold from the disk, which is slow, and works.
    """
    most = min(wanted, header.context_length or wanted)
    if free is None or fits(memory_needed(header, file_size, most, swa_full=swa_full), free):
        return most
    low, high = min(most, SMALLEST_CONTEXT) // _STEP, most // _STEP
    while low < high:
        middle = (low + high + 1) // 2
        if fits(memory_needed(header, file_size, middle * _STEP, swa_full=swa_full), free):
            low = middle
        else:
            high = middle - 1
    return max(low * _STEP, min(most, SMALLEST_CONTEXT))


def _block_kv_bytes(header: GgufHeader) -> list[int]:
    """For each block, what a token takes in its cache."""
    if (rank := header.number("attention.kv_lora_rank")) and header.number("attention.key_length_mla"):
        # One compressed key for all heads, and no value.
        return [_F16 * (rank + header.number("rope.dimension_count"))] * header.block_count
    heads, windowed, recurrent = header.head_count_kv, _windowed_blocks(header), _recurrent_blocks(header)
    key, value = header.key_length, header.value_length
    key_windowed = header.number("attention.key_length_swa") or key
    value_windowed = header.number("attention.value_length_swa") or value
    hybrid_by_rule = header.is_recurrent and len(set(heads)) == 1 and not all(recurrent)
    sizes = []
    for block in range(header.block_count):
        width = key_windowed + value_windowed if windowed[block] else key + value
        has_cache = block < header.block_count - header.number("attention.shared_kv_layers")
        if hybrid_by_rule and recurrent[block]:
            has_cache = False
        sizes.append(_F16 * width * (heads[block] if block < len(heads) else 0) * has_cache)
    return sizes


def _recurrent_blocks(header: GgufHeader) -> list[bool]:
    """For each block, whether it keeps a state. A block may also have attention (Falcon-H1)."""
    blocks = range(header.block_count)
    if not header.is_recurrent:
        return [False for _ in blocks]
    stated = header.per_block("attention.recurrent_layers")
    if len(stated) == len(blocks):
        return [bool(each) for each in stated]
    if every := header.number("full_attention_interval"):
        return [(block + 1) % every != 0 for block in blocks]
    heads = header.head_count_kv
    if len(heads) == len(blocks) and 0 in heads:
        return [each == 0 for each in heads]
    return [True for _ in blocks]


def _windowed_blocks(header: GgufHeader) -> list[bool]:
    """For each block, whether its attention sees a sliding window only."""
    blocks = range(header.block_count)
    if not header.sliding_window:
        return [False for _ in blocks]
    key = "attention.sliding_window_pattern"
    stated = header.values.get(f"{header.architecture}.{key}")
    if isinstance(stated, tuple) and len(stated) == len(blocks):
        return [bool(each) for each in stated]
    every = header.number(key) or _FULL_EVERY.get(header.architecture, 1)
    return [(block + 1) % every != 0 for block in blocks]


# ---- this machine ------------------------------------------------------------------------------------------------


def total_memory() -> int | None:
    """Return the bytes of memory that this machine, or the container that this runs in, has; None if unknown."""
    if sys.platform == "win32":
        return _windows_memory("ullTotalPhys")
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None
    limit = _container_limit()
    return total if limit is None else min(total, limit[0])


def free_memory() -> int | None:
    """Return the bytes that a program can take now without pushing another's out; None if unknown."""
    if sys.platform == "win32":
        return _windows_memory("ullAvailPhys")
    if sys.platform == "darwin":
        return _macos_free()
    try:
        lines = Path("/proc/meminfo").read_text()
    except OSError:
        return None
    found = re.search(r"^MemAvailable:\s+(\d+) kB", lines, re.MULTILINE)
    if found is None:
        return None
    free, limit = int(found[1]) * 1024, _container_limit()
    return free if limit is None else max(0, min(free, limit[0] - limit[1]))


def _container_limit() -> tuple[int, int] | None:
    """The memory that this container may take, and has taken without files that the system may drop; None: no limit."""
    for folder, most, now, cached in (
        ("/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
        ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        with suppress(OSError, ValueError):
            limit = int((Path(folder) / most).read_text())  # "max" where there is none
            taken = int((Path(folder) / now).read_text())
            found = re.search(rf"^{cached} (\d+)$", (Path(folder) / "memory.stat").read_text(), re.MULTILINE)
            return limit, max(0, taken - int(found[1] if found else 0))
    return None


def _macos_free() -> int | None:
    try:
        output = subprocess.run(["/usr/bin/vm_stat"], capture_output=True, text=True, timeout=5, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    page = re.search(r"page size of (\d+) bytes", output)
    pages = re.findall(r"^Pages (?:free|inactive|speculative|purgeable):\s+(\d+)\.", output, re.MULTILINE)
    return int(page[1]) * sum(map(int, pages)) if page and pages else None


class _MemoryStatus(ctypes.Structure):
    """MEMORYSTATUSEX of the Windows API (sysinfoapi.h)."""

    _fields_ = (
        ("dwLength", ctypes.c_uint32),
        ("dwMemoryLoad", ctypes.c_uint32),
        ("ullTotalPhys", ctypes.c_uint64),
        ("ullAvailPhys", ctypes.c_uint64),
        ("ullTotalPageFile", ctypes.c_uint64),
        ("ullAvailPageFile", ctypes.c_uint64),
        ("ullTotalVirtual", ctypes.c_uint64),
        ("ullAvailVirtual", ctypes.c_uint64),
        ("ullAvailExtendedVirtual", ctypes.c_uint64),
    )


def _windows_memory(field: str) -> int | None:
    status = _MemoryStatus(dwLength=ctypes.sizeof(_MemoryStatus))
    if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):  # type: ignore[attr-defined,unused-ignore]
        return None
    return int(getattr(status, field))

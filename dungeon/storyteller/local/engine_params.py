"""How the engine runs a model: its context, its batches, and what lets it go back in a story without reading it again.

    params = engine_params(header, header.file_size, 8192, free_memory(), on_gpu=False)

A turn that is appended, generated again or taken back changes the end of a prompt. What the engine then has to read
again depends on the model's kind of memory. With tiny random models and a story of 1,972 tokens
(`tests/dungeon/storyteller/test_engine.py`), these were read to append an action, to generate the last turn again, and
to go on from four turns back:

| memory | without checkpoints and `swa_full` | with these settings |
|---|---|---|
| attention to everything | 21, 1, 9 | the same |
| a sliding window (Gemma 3) | 21, 1,772, 1,105 (all) | `swa_full`: 21, 1, 9; checkpoints: 21, 33, 29 |
| a state (Mamba, LFM2; so Qwen3.5, Granite-4-H, Nemotron-H) | 21, 1,772, 1,105 (all) | checkpoints: 21, 35, 31 |

So a sliding window is cached whole where memory allows. Otherwise, and for every model with a state, which can't be
cut, llama.cpp makes checkpoints while it reads. It makes room for a new one by dropping those nearer to each other than
`checkpoint_min_step`, then the oldest: 128 tokens leave 16 of them a reach of over 2,000 tokens, and what has to be
read from one to the end of the text is little. In a story of 14 turns, 16 checkpoints at its default of 8,192 went back
four turns and not seven; 8 at 256 went back seven, but some turns then read 250 tokens more; 8 at 128 went back four.
"""

import math
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dungeon.storyteller.gguf_header import GgufHeader
from dungeon.storyteller.hardware.memory import checkpoint_bytes, fits, largest_context, memory_needed

CHECKPOINT_STEP = 128
"""Tokens between checkpoints."""
_MOST_CHECKPOINTS = 16
_LEAST_CHECKPOINTS = 4
CPU_BATCH = 64
"""Tokens. A request can be cancelled only between two batches of its prompt, and on a CPU larger ones read no faster:
batches of 256 took 0.99 of the processor's time of 64 with a 135M model, and 1.03 with one of 1.5B, and eight and four
times as long to cancel. Batches of 32 halved that and took 0.98 with one thread, but 1.22 with two beside other
programs, which make each step of a batch wait (`tests/benchmarks/engine.py`)."""


@dataclass(frozen=True, slots=True)
class EngineParams:
    """Parameters of llama.cpp, named as it names them."""

    n_ctx: int
    n_ctx_checkpoints: int
    checkpoint_min_step: int
    swa_full: bool
    n_batch: int | None
    """None: llama.cpp's own."""
    n_threads: int | None
    """None: llama.cpp's own, one a physical core."""


def engine_params(header: GgufHeader, file_size: int, wanted: int, free: int | None, *, on_gpu: bool) -> EngineParams:
    """Return how to run a model on this machine.

    `file_size` is that of all the model's files, in bytes; `wanted` the context that is asked for, in tokens; `free`
    the memory for the model in bytes, or None if unknown.
    """
    context = largest_context(header, file_size, free, wanted, swa_full=False)
    swa_full = bool(header.sliding_window) and fits(memory_needed(header, file_size, context), free)
    checkpoints = 0
    if header.is_recurrent or (header.sliding_window and not swa_full):
        # What is left beside the model, shared out in checkpoints: those of a 27B model take 150 MB each.
        checkpoints = _MOST_CHECKPOINTS
        if free is not None:
            left = free - memory_needed(header, file_size, context, swa_full=swa_full)
            checkpoints = min(checkpoints, max(_LEAST_CHECKPOINTS, left // max(1, checkpoint_bytes(header))))
    return EngineParams(
        n_ctx=context,
        n_ctx_checkpoints=checkpoints,
        checkpoint_min_step=CHECKPOINT_STEP,
        swa_full=swa_full,
        n_batch=None if on_gpu else CPU_BATCH,
        n_threads=thread_limit(),
    )


# ---- threads -----------------------------------------------------------------------------------------------------


def thread_limit() -> int | None:
    """Return how many threads to use where this process may not use all cores; None where it may.

    llama.cpp counts the cores of the whole machine, and threads that share one wait for each other at every step:
    bound to one core, two threads generated 13 tokens a second, and one 20.
    """
    if sys.platform != "linux":
        return None
    allowed = os.sched_getaffinity(0)
    cores = len({_siblings(cpu) for cpu in allowed})
    quota = _cpu_quota()
    if quota is not None and quota < cores:
        return max(1, math.ceil(quota))
    return cores if len(allowed) < (os.cpu_count() or 1) else None


def _siblings(cpu: int) -> str:
    """The processors that share a physical core with this one, as the kernel names them."""
    try:
        return Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text()
    except OSError:
        return str(cpu)


def _cpu_quota() -> float | None:
    """How many processors' time this container may take; None without a limit."""
    with suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return int(quota) / int(period)  # ValueError for "max": no limit
    return None

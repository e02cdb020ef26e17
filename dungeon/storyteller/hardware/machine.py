"""This machine: memory, cores and how fast its memory is read, from which the speed of a voice is estimated.

    machine = this_machine()
    machine.fits(voice.memory), machine.words_per_second(bytes_per_token)

A model reads all its weights for each token, so on a CPU the memory's bandwidth decides. Measured on 2 cores: 70 tokens
a second for 98 MB, where other things than the memory decide, and 23.5 for 1.12 GB.
"""

import ctypes
import os
import threading
import time
from dataclasses import dataclass

from dungeon.storyteller.hardware.measurements import keep_bandwidth, load_measurements
from dungeon.storyteller.hardware.memory import fits, free_memory, total_memory

READING_WORDS = 4.0
"""Words a second of somebody who reads silently."""
WORDS_PER_TOKEN = 0.75
_EFFICIENCY = 0.5
"""Of the bandwidth of copying, as an engine reaches it: 23.5 tokens a second of 1.12 GB where 47 GB/s are copied."""
_MOST_TOKENS = 70.0
"""A second: a small model is held up by other things than its size."""
_PROBE_BYTES = 1 << 26
_PROBE_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Machine:
    """What a voice can use. Sizes in bytes; 0 where the system does not say."""

    memory_free: int
    memory_total: int
    cores: int
    bandwidth: float
    """Bytes a second that can be read from memory."""

    def fits(self, memory: int) -> bool:
        """Return whether a voice that needs so many bytes leaves enough for everything else; yes if nobody knows."""
        return fits(memory, self.memory_free or None)

    def words_per_second(self, bytes_per_token: float) -> float:
        """Return an estimate for a voice that reads so many bytes of weights for a token."""
        return min(_MOST_TOKENS, _EFFICIENCY * self.bandwidth / max(1.0, bytes_per_token)) * WORDS_PER_TOKEN


def this_machine() -> Machine:
    """Return the machine as it is now. The first call ever takes 0.3 s, more on a busy machine: it measures the
    memory's speed. Run it in a thread.
    """
    bandwidth = load_measurements().bandwidth
    if not bandwidth:
        bandwidth = _measure_bandwidth()
        keep_bandwidth(bandwidth)
    return Machine(free_memory() or 0, total_memory() or 0, os.cpu_count() or 1, bandwidth)


def _measure_bandwidth() -> float:
    """Copy memory on all cores for a moment, a copy reads each byte and writes it; return bytes a second.

    Time that other programs took from a core does not count.
    """
    threads = min(os.cpu_count() or 1, 8)
    size = _PROBE_BYTES // threads
    speeds = [0.0] * threads

    def copy(number: int) -> None:
        source, target = ctypes.create_string_buffer(size), ctypes.create_string_buffer(size)
        for _ in range(_PROBE_ROUNDS):
            began = time.thread_time()
            ctypes.memmove(target, source, size)  # lets other threads run meanwhile
            speeds[number] = max(speeds[number], 2 * size / max(1e-6, time.thread_time() - began))

    workers = [threading.Thread(target=copy, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(speeds)

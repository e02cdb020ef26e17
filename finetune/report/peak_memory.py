"""The peak memory of a piece of work.

    with PeakMemory(device) as peak:
        ...
    print(peak.bytes)

On a CUDA card that is what torch allocated there. Elsewhere it is how far the process grew, sampled fifty times a
second and at the end, so that a shorter peak can be missed.
"""

import ctypes
import gc
import sys
import threading

import psutil
import torch

_INTERVAL = 0.02  # seconds


class PeakMemory:
    """Measures from where it is entered to where it is left."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.bytes = 0
        """The most that was used, less what was used before."""
        self._done = threading.Event()

    def __enter__(self) -> "PeakMemory":
        _free_unused_memory()
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
            self._before = torch.cuda.memory_allocated(self.device)
        else:
            self._process = psutil.Process()
            self._before = self._process.memory_info().rss
            self._sampler = threading.Thread(target=self._sample_until_done, daemon=True)
            self._sampler.start()
        return self

    def __exit__(self, *failure: object) -> None:
        if self.device.type == "cuda":
            self.bytes = torch.cuda.max_memory_allocated(self.device) - self._before
        else:
            self._done.set()
            self._sampler.join()
            self._sample()

    def _sample_until_done(self) -> None:
        while not self._done.wait(_INTERVAL):
            self._sample()

    def _sample(self) -> None:
        self.bytes = max(self.bytes, self._process.memory_info().rss - self._before)


def _free_unused_memory() -> None:
    """Free what earlier work has left, also to the system: what the allocator keeps would be used again, unseen."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)

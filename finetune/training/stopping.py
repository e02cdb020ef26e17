"""Ctrl-C and SIGTERM in a training: the step is finished and saved first, so that nothing learned is lost.

    stop = StopOnSignal()               # a callback of the trainer
    with stop.watch():
        trainer.train()
    if stop.stopped: ...

A second signal stops at once, as it does without this module.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from transformers import TrainerCallback, TrainerState

from finetune.console import print_status

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopOnSignal(TrainerCallback):
    """A callback that saves and ends the training after the step in which a signal came."""

    def __init__(self) -> None:
        self.requested = False
        """Whether this process got a signal."""
        self.agreed = False
        """Whether all processes know that one of them did; where there are several, they have to stop at one step."""
        self.stopped = False
        """Whether the training was ended for it."""

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Catch the first signal while the block runs. Only the main thread may call it."""
        self._earlier = {number: signal.signal(number, self._request) for number in _SIGNALS}
        try:
            yield
        finally:
            self._restore()

    def on_step_end(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        if self.agreed or (self.requested and args.world_size == 1):
            control.should_save = True
            control.should_training_stop = True
            self.stopped = True

    def _request(self, number: int, frame: object) -> None:
        self.requested = True
        self._restore()
        print_status("\nStopping after this step, which is saved. The same signal again stops at once.")

    def _restore(self) -> None:
        for number, handler in self._earlier.items():
            signal.signal(number, handler)

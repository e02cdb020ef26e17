"""What the user sees while a voice is trained, and the log that stays: one callback of the trainer.

A terminal gets a live display (`display`), anything else a line every tenth of the run; both get a line per evaluation
and sample. All of it goes to stderr. `log.jsonl` gets a line per step, on a card one for the first and every tenth:
step, epoch, seconds of training since the start, loss (nats per target token), learning rate, gradient norm; and one
per evaluation, with the loss of the validation split. `samples.md` gets the turns that the voice generates meanwhile.
"""

import sys
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback, TrainerState

from corpus.files import write_atomic
from corpus.text import printable
from finetune.console import print_status
from finetune.files import StepLog
from finetune.training.display import Display, TrainingStatus, format_duration, memory_in_use

_LOGGED = {"loss": "loss", "learning_rate": "learning_rate", "grad_norm": "grad_norm", "eval_loss": "validation_loss"}
_SAMPLE_CHARACTERS = 160  # of a sample in a plain line


@dataclass(slots=True)
class TokenCounter:
    """How many tokens went through the model since this process began, on all devices."""

    targets: int = 0
    all: int = 0
    """With context and padding."""

    def add(self, targets: int, tokens: int) -> None:
        self.targets += targets
        self.all += tokens


class Progress(TrainerCallback):
    """Display or lines, and the log. The trainer adds to `tokens`."""

    def __init__(self, log: StepLog, tokens: TokenCounter, title: str, device: torch.device) -> None:
        self.log = log
        self.tokens = tokens
        self.seconds = 0.0
        """Spent in training by this process, evaluations and samples included."""
        self.status = TrainingStatus(title)
        self.device = device
        self._display: Display | None = None
        self._begin = 0.0
        self._seconds_before = 0.0
        self._first_step = 0
        self._last_line = 0
        self._paused = 0.0

    def on_train_begin(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        if not state.is_world_process_zero:
            return
        self.log.cut(state.global_step)
        entries = self.log.entries()
        self._seconds_before = max((entry["seconds"] for entry in entries), default=0.0)  # by an earlier process
        self._begin = time.perf_counter()
        self._paused = 0.0  # the base's samples come before
        self._first_step = self._last_line = state.global_step
        self.status.step, self.status.steps = state.global_step, state.max_steps
        for entry in entries:
            self._add_to_status(entry)
        if sys.stderr.isatty() and (sys.stderr.encoding or "").lower().startswith("utf"):
            self._display = Display(self.status)
            self._display.start()

    def on_log(
        self, args: Any, state: TrainerState, control: Any, logs: dict[str, float] | None = None, **kwargs: Any
    ) -> None:
        logged = {_LOGGED[key]: value for key, value in (logs or {}).items() if key in _LOGGED}
        if not state.is_world_process_zero or not logged:
            return
        seconds = round(self._seconds_before + self.training_seconds, 2)
        entry = {"step": state.global_step, "epoch": state.epoch, "seconds": seconds, **logged}
        self.log.add(entry)
        self._add_to_status(entry)
        self.status.step = state.global_step
        if "loss" in logged:
            self._update_rates(state)
        self._show(state, logged)

    def on_train_end(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        if self._begin:
            self.seconds = time.perf_counter() - self._begin
        self.close()

    def close(self) -> None:
        """Leave the display as it is, so that what is printed next stands below it."""
        if self._display is not None:
            self._display.stop()
            self._display = None

    @contextmanager
    def pause(self, activity: str) -> Iterator[None]:
        """Leave the time of something else than training out of the rates."""
        begin = time.perf_counter()
        self._set_activity(activity)
        try:
            yield
        finally:
            self._set_activity("")
            self._paused += time.perf_counter() - begin

    def show_sample(self, text: str) -> None:
        """Show a turn that the voice has just generated."""
        line = textwrap.shorten(printable(text), _SAMPLE_CHARACTERS, placeholder=" …")
        print_status(f"  the voice writes: {line}")

    def validation_losses(self, step: int) -> list[float]:
        """Return the validation losses that were measured up to a step, in order."""
        entries = self.log.entries()
        return [entry["validation_loss"] for entry in entries if "validation_loss" in entry and entry["step"] <= step]

    @property
    def training_seconds(self) -> float:
        """Spent in training, without evaluations and samples."""
        return (self.seconds or time.perf_counter() - self._begin) - self._paused

    def _add_to_status(self, entry: dict[str, Any]) -> None:
        if "loss" in entry:
            self.status.losses.append(entry["loss"])
        if "validation_loss" in entry:
            self.status.validation.append((entry["step"], entry["validation_loss"]))

    def _set_activity(self, activity: str) -> None:
        self.status.activity = activity
        if self._display is not None:
            self._display.update()

    def _update_rates(self, state: TrainerState) -> None:
        now = time.perf_counter()
        seconds = max(now - self._begin - self._paused, 1e-9)
        self.status.target_rate = self.tokens.targets / seconds
        self.status.rate = self.tokens.all / seconds
        seconds_per_step = (now - self._begin) / max(state.global_step - self._first_step, 1)
        self.status.seconds_left = seconds_per_step * (state.max_steps - state.global_step)
        self.status.memory = memory_in_use(self.device)

    def _show(self, state: TrainerState, logged: dict[str, float]) -> None:
        """Print an evaluation; show a step, or print it where a tenth of the run has passed since the last one."""
        status, done = self.status, state.global_step - self._last_line
        if self._display is not None:
            self._display.update()
        if "validation_loss" in logged:
            best, _ = min(status.validation, key=lambda point: point[1])
            remark = ", the best so far" if best == status.step else f" (the best is that of step {best})"
            print_status(f"{status.progress}: validation loss {logged['validation_loss']:.3f}{remark}")
        elif (
            self._display is None
            and "loss" in logged
            and (done * 10 >= state.max_steps or state.global_step == state.max_steps)
        ):
            self._last_line = state.global_step
            left = format_duration(status.seconds_left or 0)
            print_status(f"{status.progress}: loss {logged['loss']:.3f}, {status.rates}, {left} left")


def write_samples_page(entries: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write samples, each with `step`, `prompt` and `text`, as a Markdown page."""
    by_prompt: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries:
        by_prompt.setdefault(entry["prompt"], []).append(entry)
    page = ["# What the voice writes as it learns"]
    for n, (prompt, samples) in enumerate(by_prompt.items(), 1):
        page += [f"## Prompt {n}", _code_block(prompt)]
        for entry in sorted(samples, key=lambda entry: int(entry["step"])):
            page += [f"After {entry['step']} steps:", _code_block(entry["text"])]
    write_atomic(path, "\n\n".join(page) + "\n")


def _code_block(text: str) -> str:
    """Return text as a block of Markdown in which nothing is markup."""
    return "\n".join("    " + line for line in printable(text).strip("\n").splitlines()) or "    …"

"""What the user sees while a voice is tuned, and the log that stays: one callback of the trainer.

A terminal gets a live display (`display`); anything else gets plain lines: one every tenth of the way, and one a
measurement. Both go to stderr. `log.jsonl` gets a line a step: step, epoch, seconds of training proper since the start,
loss (nats a target token), learning rate, norm of the gradient; and one a measurement, with the loss of the validation
split.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from corpus.text import one_line
from finetune.training.display import Display, Standing, duration, memory

_KEPT = {"loss": "loss", "learning_rate": "learning_rate", "grad_norm": "grad_norm", "eval_loss": "validation_loss"}
_SHOWN = 160  # characters of a sample in a plain line


class Tokens:
    """How many tokens went through the model since this process began, on all devices."""

    def __init__(self) -> None:
        self._counts = torch.zeros(2, dtype=torch.long)

    def add(self, counts: torch.Tensor) -> None:
        """Adds two numbers, of targets and of all; they may lie on any device, which is not waited for."""
        self._counts = self._counts.to(counts.device) + counts

    @property
    def targets(self) -> int:
        return int(self._counts[0])

    @property
    def all(self) -> int:
        """With context and padding."""
        return int(self._counts[1])


class Log:
    """A file of one JSON object a line, each with its step."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, entry: dict[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def entries(self) -> list[dict[str, Any]]:
        """What was logged; without the last line of a process that was killed while it wrote."""
        found = []
        for line in self.path.read_text(encoding="utf-8").splitlines() if self.path.is_file() else []:
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    def cut(self, step: int) -> None:
        """Drops what a run that was cut off logged after the checkpoint that is gone on from."""
        kept = [entry for entry in self.entries() if entry["step"] <= step]
        if self.path.is_file():
            self.path.write_text("".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in kept), "utf-8")


class Progress(TrainerCallback):
    """Display or lines, and the log. `tokens` is counted by the trainer."""

    def __init__(self, log: Log, tokens: Tokens, title: str, device: torch.device) -> None:
        self.log = log
        self.tokens = tokens
        self.seconds = 0.0
        """Spent in training by this process, measurements and samples included."""
        self.standing = Standing(title)
        self.device = device
        self._display: Display | None = None
        self._begin = 0.0
        self._first_step = 0
        self._last_line = 0
        self._paused = 0.0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if not state.is_world_process_zero:
            return
        self.log.cut(state.global_step)
        self._begin = time.perf_counter()
        self._first_step = self._last_line = state.global_step
        self.standing.step, self.standing.steps = state.global_step, state.max_steps
        for entry in self.log.entries():
            self._note(entry)
        if sys.stderr.isatty() and (sys.stderr.encoding or "").lower().startswith("utf"):
            self._display = Display(self.standing)
            self._display.start()

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        kept = {_KEPT[key]: value for key, value in (logs or {}).items() if key in _KEPT}
        if not state.is_world_process_zero or not kept:
            return
        seconds = round(self.learning_seconds, 2)
        entry = {"step": state.global_step, "epoch": state.epoch, "seconds": seconds, **kept}
        self.log.add(entry)
        self._note(entry)
        self.standing.step = state.global_step
        if "loss" in kept:
            self._count(state)
            done = state.global_step - self._last_line
            if self._display is None and (done * 10 >= state.max_steps or state.global_step == state.max_steps):
                self._last_line = state.global_step
                self._print(f"{self.standing.progress}: loss {kept['loss']:.3f}, {self.standing.rates}, {self._left}")
        elif self._display is None:
            self._print(f"{self.standing.progress}: validation loss {kept['validation_loss']:.3f}{self._best}")

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if self._begin:
            self.seconds = time.perf_counter() - self._begin
        self.close()

    def close(self) -> None:
        """Leaves the display as it is, so that what is printed next stands below it."""
        if self._display is not None:
            self._display.stop()
            self._display = None

    @contextmanager
    def pause(self, doing: str) -> Iterator[None]:
        """While something else than training is done: the rates leave that time out."""
        begin = time.perf_counter()
        self.standing.doing = doing
        try:
            yield
        finally:
            self.standing.doing = ""
            self._paused += time.perf_counter() - begin

    def sampled(self, prompt: str, text: str) -> None:
        """Shows a turn that the voice has just written."""
        self.standing.sample = (self.standing.step, prompt, text)
        if self._display is None:
            line = one_line(text)
            self._print(f"  it writes: {line[:_SHOWN]}{'…' if len(line) > _SHOWN else ''}")

    def validation(self, step: int) -> list[float]:
        """The losses of the validation split that were measured up to a step, in order."""
        entries = self.log.entries()
        return [entry["validation_loss"] for entry in entries if "validation_loss" in entry and entry["step"] <= step]

    @property
    def learning_seconds(self) -> float:
        """Spent in training proper."""
        return (self.seconds or time.perf_counter() - self._begin) - self._paused

    def _note(self, entry: dict[str, Any]) -> None:
        for key, losses in (("loss", self.standing.losses), ("validation_loss", self.standing.validation)):
            if key in entry:
                losses.append((entry["step"], entry[key]))

    def _count(self, state: TrainerState) -> None:
        now = time.perf_counter()
        seconds = max(now - self._begin - self._paused, 1e-9)
        self.standing.target_rate = self.tokens.targets / seconds
        self.standing.rate = self.tokens.all / seconds
        a_step = (now - self._begin) / max(state.global_step - self._first_step, 1)
        self.standing.left = a_step * (state.max_steps - state.global_step)
        self.standing.memory = memory(self.device)

    @property
    def _left(self) -> str:
        return f"{duration(self.standing.left or 0)} left"

    @property
    def _best(self) -> str:
        step, _ = min(self.standing.validation, key=lambda point: point[1])
        return ", the best so far" if step == self.standing.step else f" (the best is that of step {step})"

    def _print(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)

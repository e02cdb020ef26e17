"""What the user sees while a voice is tuned, and the log that stays: one callback of the trainer.

A terminal gets a bar; anything else gets a plain line every tenth of the way. Both go to stderr. `log.jsonl` gets a
line a step: step, epoch, loss (nats a target token), learning rate, norm of the gradient; and one an evaluation.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from tqdm import tqdm  # type: ignore[import-untyped]
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

_KEPT = {"loss": "loss", "learning_rate": "learning_rate", "grad_norm": "grad_norm", "eval_loss": "validation_loss"}


class Tokens:
    """How many tokens went through the model since this process began, on all devices."""

    def __init__(self) -> None:
        self.targets = 0
        self.all = 0
        """With context and padding."""


class Progress(TrainerCallback):
    """Bar or lines, and the log. `tokens` is counted by the trainer."""

    def __init__(self, log: Path, tokens: Tokens) -> None:
        self.log = log
        self.tokens = tokens
        self.seconds = 0.0
        """Spent in training by this process."""
        self._bar: Any = None
        self._begin = 0.0
        self._first_step = 0
        self._last_line = 0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if not state.is_world_process_zero:
            return
        _cut(self.log, state.global_step)
        self._begin = time.perf_counter()
        self._first_step = self._last_line = state.global_step
        if sys.stderr.isatty():
            self._bar = tqdm(
                total=state.max_steps, initial=state.global_step, unit="step", file=sys.stderr, dynamic_ncols=True
            )

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
        with self.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": state.global_step, "epoch": state.epoch, **kept}) + "\n")
        if "loss" in kept:
            self._show(state, kept["loss"])

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if self._begin:
            self.seconds = time.perf_counter() - self._begin
        self.close()

    def close(self) -> None:
        """Leaves the bar as it is, so that what is printed next has a line of its own."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _show(self, state: TrainerState, loss: float) -> None:
        seconds = time.perf_counter() - self._begin
        rates = f"{self.tokens.targets / seconds:.0f} target tokens/s, {self.tokens.all / seconds:.0f} with context"
        if self._bar is not None:
            self._bar.set_postfix_str(f"loss {loss:.3f}, {rates} and padding", refresh=False)
            self._bar.update(state.global_step - self._bar.n)
        elif (state.global_step - self._last_line) * 10 >= state.max_steps or state.global_step == state.max_steps:
            self._last_line = state.global_step
            left = seconds / (state.global_step - self._first_step) * (state.max_steps - state.global_step)
            print(
                f"step {state.global_step}/{state.max_steps}: loss {loss:.3f}, {rates} and padding, "
                f"{int(left) // 60}:{int(left) % 60:02} left",
                file=sys.stderr,
                flush=True,
            )


def _cut(log: Path, step: int) -> None:
    """Drops what a run that was cut off logged after the checkpoint that is gone on from."""
    if not log.is_file():
        return
    kept = []
    for line in log.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:  # the last line of a process that was killed while it wrote
            continue
        if entry["step"] <= step:
            kept.append(line + "\n")
    log.write_text("".join(kept), encoding="utf-8")

"""The training loop: transformers' Trainer with this project's loss, evaluation and log.

    trainer = VoiceTrainer(model, data, recipe, precision, base, work)
    trainer.run(last_checkpoint(work))

`train.train` does that; `work_folder` describes what is on disk meanwhile. The same seed on the same machine gives the
same losses: in one go, after an interruption, and to rounding also shared by several processes or with fewer rows at a
time after memory ran out.
"""

import gc
import heapq
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import PartialState  # type: ignore[import-untyped]
from accelerate.utils import broadcast_object_list  # type: ignore[import-untyped]
from peft import PeftModel
from torch import nn
from transformers import PreTrainedModel, PrinterCallback, Trainer, TrainerCallback, TrainerState

from finetune.console import print_status
from finetune.data.batches import Batch, Collator, count_batch_targets, take_rows
from finetune.data.order import RowOrder
from finetune.data.rows import IGNORED, Row
from finetune.errors import FinetuneError
from finetune.files import StepLog
from finetune.models.base import Base
from finetune.models.compiling import compile_blocks, worth_compiling
from finetune.models.cpu_attention import use_block_attention
from finetune.models.fused_lora import fuse_lora
from finetune.models.held_out import HeldOutLoss, HeldOutRows, held_out_loss
from finetune.models.loss import target_loss
from finetune.models.memory import is_out_of_memory
from finetune.models.precision import Precision
from finetune.models.sampling import Sampling, generate, pad_id
from finetune.recipe import Recipe
from finetune.training.arguments import training_arguments
from finetune.training.checkpoints import mark_complete
from finetune.training.progress import Progress, TokenCounter, write_samples_page
from finetune.training.stopping import StopOnSignal
from finetune.training.trackers import Trackers, board_callbacks
from finetune.training.training_data import TrainingData
from finetune.training.work_folder import (
    LOG,
    SAMPLES,
    SAMPLES_PAGE,
    TENSORBOARD,
    full_disk_reported,
    keep_if_best,
)

_SAMPLE_TOKENS = 48  # about two sentences
_SECONDS_BETWEEN_CHECKPOINTS = 60


class VoiceTrainer(Trainer):
    """transformers' Trainer with the loss per target token of a whole step, and its own evaluation.

    When memory runs out, it goes on with fewer rows at a time and the same steps.
    """

    def __init__(
        self,
        model: PreTrainedModel | PeftModel,
        data: TrainingData,
        recipe: Recipe,
        precision: Precision,
        base: Base,
        work: Path,
        report_to: Sequence[str] = (),
    ) -> None:
        self.data = data
        self.recipe = recipe
        self.precision = precision
        self.base = base
        self.work = work
        self.tokens = TokenCounter()
        self.samples = StepLog(work / SAMPLES)
        self.rows_at_once = recipe.batch
        """Rows that go through the model at a time; fewer after memory ran out."""
        arguments = training_arguments(recipe, precision, work)
        arguments._n_gpu = min(arguments.n_gpu, 1)  # several devices: several processes, never threads of one
        title = work.name.removesuffix(".partial")
        self.progress = Progress(StepLog(work / LOG), self.tokens, title, arguments.device)
        self.trackers = Trackers(work / TENSORBOARD, title, asdict(recipe), trackio="trackio" not in report_to)
        pad = pad_id(base.tokenizer)
        self.collator = Collator(pad, min(recipe.length, base.context_size))
        self.order = RowOrder(
            [len(row["input_ids"]) for row in data.train],
            recipe.batch * recipe.accumulate * arguments.world_size,
            recipe.seed,
            arguments.world_size,
            recipe.batch,
        )
        self.stop = StopOnSignal()
        self.bookkeeping = _Bookkeeping(self.order, work, by_time=recipe.save_every == 0)
        self._step: list[Batch] = []  # the batches of the current optimizer step, in this process
        self._batches_done = 0  # of them
        self._exchanging_gradients = False
        self._compiled = False
        super().__init__(
            model=model,
            args=arguments,
            train_dataset=[*data.train, _filler(pad)],  # the last: the order's filler
            eval_dataset=data.validation.rows,
            data_collator=self.collator,
            callbacks=[
                self.progress,
                self.trackers,
                self.stop,
                *board_callbacks(report_to, asdict(recipe)),
                self.bookkeeping,
            ],
        )
        self.remove_callback(PrinterCallback)
        self._speed_up()

    def _speed_up(self) -> None:
        """Compile the model where that pays, for batches of one shape; else fuse its LoRA layers."""
        recipe, length = self.recipe, self.collator.length
        rows = recipe.epochs * len(self.data.train) / self.args.world_size  # in this process, over the whole run
        if recipe.max_steps:
            rows = min(rows, recipe.max_steps * recipe.accumulate * recipe.batch)
        wanted = "off" if recipe.dora else recipe.compile  # DoRA falls into dozens of pieces
        if not worth_compiling(wanted, self.args.device, self.base.model.num_parameters(), length * rows):
            fuse_lora(self.bare_model)
            if self.args.device.type == "cpu" and self.precision.precision == "bf16":
                use_block_attention(self.base.model)
            return
        # First, because each number of rows is compiled for anew, and torch gives up after eight.
        while not self._fits_into_memory(self.rows_at_once):
            self._halve_rows(self.rows_at_once)
        compile_blocks(self.bare_model)
        self._compiled = True
        passes = math.ceil(recipe.batch / self.rows_at_once)
        self.data_collator = Collator(self.collator.pad_id, length, passes * self.rows_at_once)
        if PartialState().is_main_process:
            print_status("The first steps take long: the model is compiled.")

    def _fits_into_memory(self, rows: int) -> bool:
        """Return whether a pass with that many of the longest rows fits, beside AdamW's two averages."""
        model: Any = self.bare_model
        model.train()
        if self.recipe.checkpointing:
            model.activation_checkpointing_enable()
        longest = heapq.nlargest(rows, self.data.train, key=lambda row: len(row["input_ids"]))
        batch = self._prepare_inputs(Collator(self.collator.pad_id, self.collator.length, rows)(longest))
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        with torch.random.fork_rng([self.args.device] if self.args.device.type == "cuda" else []):  # of the dropout
            try:
                averages = [torch.empty_like(parameter) for parameter in trained for _ in range(2)]
                loss: Any = self.compute_loss(model, batch, num_items_in_batch=rows)
                loss.backward()
                del averages
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                return False
            finally:
                model.zero_grad()
        return True

    def run(self, checkpoint: Path | None) -> None:
        """Train from the start or from a complete checkpoint, until the last step or until patience runs out.

        Raises:
            KeyboardInterrupt: the training was stopped by a signal; its last step is saved.
        """
        try:
            if checkpoint is not None:
                state = TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
                if state.global_step >= state.max_steps or self._out_of_patience(state.global_step):
                    self.state = state  # it was interrupted after its last step
                    return
            with full_disk_reported(self.work):
                if self.is_world_process_zero():
                    if checkpoint is None:
                        self.write_samples()  # of the base
                    else:
                        self.samples.cut(state.global_step)
                with self.stop.watch():
                    self.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
            if self.stop.stopped:
                raise KeyboardInterrupt
        finally:
            self.progress.close()
            self.trackers.close()

    # ---- a step ----

    def _get_train_sampler(self, train_dataset: Any = None) -> RowOrder:
        return self.order

    def get_batch_samples(
        self, epoch_iterator: Iterator[Batch], num_batches: int, device: torch.device
    ) -> tuple[list[Batch], int]:
        """Return the batches of the next optimizer step, and how many targets all processes together have in it."""
        self._step = list(islice(epoch_iterator, num_batches))
        self._batches_done = 0
        targets = sum(count_batch_targets(batch) for batch in self._step)
        tokens = sum(batch["input_ids"].numel() for batch in self._step)
        save = self.is_world_process_zero() and self.bookkeeping.save_due()
        if self.args.world_size > 1:
            counts = torch.tensor([targets, tokens, int(self.stop.requested), int(save)], device=device)
            targets, tokens, stopped, saving = self.accelerator.reduce(counts, "sum").tolist()
            self.stop.agreed, save = bool(stopped), bool(saving)
        self.tokens.add(targets, tokens)
        self.bookkeeping.saving = save
        return self._step, max(targets, 1)

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        """Add the gradients of a batch, `rows_at_once` at a time; return its part of the step's loss."""
        self._batches_done += 1
        todo = [inputs]
        while True:
            try:
                for batch in todo[:-1]:
                    with self.accelerator.no_sync(model):
                        self._add_gradients(model, batch, num_items_in_batch)
                return self._add_gradients(model, todo[-1], num_items_in_batch)
            except (RuntimeError, MemoryError) as error:  # its frames hold tensors until this block is left
                if not is_out_of_memory(error):
                    raise
            self._halve_rows(len(inputs["input_ids"]))
            # Some of the gradients may have been added already, so the whole step starts again.
            model.zero_grad()
            todo = self._step[: self._batches_done]

    def _add_gradients(self, model: nn.Module, batch: Batch, targets: torch.Tensor | int | None) -> torch.Tensor:
        model.train()
        batch = self._prepare_inputs(batch)
        rows = len(batch["input_ids"])
        losses = []
        for first in range(0, rows, self.rows_at_once):
            last = first + self.rows_at_once >= rows
            with nullcontext() if last else self.accelerator.no_sync(model):
                part = take_rows(batch, first, first + self.rows_at_once)
                loss = self.compute_loss(model, part, num_items_in_batch=targets)
                self._exchanging_gradients = self.args.world_size > 1 and self.accelerator.sync_gradients and last
                self.accelerator.backward(loss)
                self._exchanging_gradients = False
                losses.append(loss.detach())
        return torch.stack(losses).sum()

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """Return this batch's part of the loss, averaged over the targets of the whole step on all devices."""
        assert num_items_in_batch is not None and not return_outputs
        # accelerate's autocast ends with the model's own forward pass, and the head's product comes after it.
        with self.precision.autocast(self.args.device):
            summed = target_loss(model, inputs)
        # The gradients of the processes are averaged, where they are to be summed.
        loss: torch.Tensor = summed / num_items_in_batch * self.accelerator.num_processes
        return loss

    def _halve_rows(self, rows: int) -> None:
        """Take fewer rows at a time after memory ran out with `rows` rows, or with `rows_at_once` if that is less."""
        rows = min(rows, self.rows_at_once)
        if self._exchanging_gradients:
            raise FinetuneError(
                f"Memory did not suffice for {rows} rows, and the other processes had begun to exchange gradients. "
                "Halve the recipe's batch, double accumulate, and start over with --fresh."
            )
        if rows == 1:
            raise FinetuneError(
                f"Memory does not suffice for a single row on {self.args.device}. Lower the recipe's length, or set "
                "checkpointing=true or a smaller rank, and start over with --fresh."
            )
        self.rows_at_once = (rows + 1) // 2
        if self._compiled:
            torch.compiler.reset()  # what was compiled for more rows counts against torch's limit
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        print_status(
            f"Memory does not suffice for {rows} rows at a time: halved to {self.rows_at_once}, accumulation doubled. "
            "Steps and losses stay what they are."
        )

    # ---- evaluation ----

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Measure the validation split, keep the weights if they are the best so far, and write sample turns.

        All processes measure; the rest is the main one's. Ends the training when patience runs out, when the loss is
        not a number, and on a signal.
        """
        self.control.should_evaluate = False
        step = self.state.global_step
        stop = ""
        with self.progress.pause("evaluating"):
            loss = self.measure(self.data.validation).nats_per_token
        if self.is_world_process_zero():
            self.log({"eval_loss": loss})
            keep_if_best(self.work, self.bare_model, loss, step)
            if not math.isfinite(loss):
                stop = f"Stopped after {step} steps: the loss is not a number."
            elif self._out_of_patience(step):
                stop = f"Stopped after {step} steps: {self.recipe.patience} evaluations brought no lower loss."
            else:
                self.write_samples()
        if self.args.world_size > 1:
            stop = broadcast_object_list([stop])[0]
        if stop and step < self.state.max_steps:
            self.control.should_training_stop = True
            self.control.should_save = True  # so that the same command, given again, does not go on
            if self.is_world_process_zero():
                print_status(stop)
        self.stop.on_step_end(self.args, self.state, self.control)  # a signal that came meanwhile
        return {"eval_loss": loss}

    def measure(self, part: HeldOutRows) -> HeldOutLoss:
        """Return the loss on held-out rows with the current weights; each process measures its share of them."""
        share = part.share(self.args.process_index, self.args.world_size)
        while True:
            try:
                loss = held_out_loss(self.bare_model, share, self.rows_at_once, self.precision, self.collator)
                break
            except (RuntimeError, MemoryError) as error:  # as in `training_step`
                if not is_out_of_memory(error):
                    raise
            self._halve_rows(self.rows_at_once)
        if self.args.world_size == 1:
            return loss
        sums = torch.tensor([loss.nats, loss.tokens], dtype=torch.float64, device=self.args.device)
        nats, tokens = self.accelerator.reduce(sums, "sum").tolist()
        return HeldOutLoss(nats, int(tokens), part.utf8_bytes)

    def write_samples(self) -> None:
        """Generate a turn for each prompt with the current weights; once per step."""
        step = self.state.global_step
        entries = self.samples.entries()
        if not self.data.prompts or any(entry["step"] == step for entry in entries):
            return
        with self.progress.pause("sampling"):
            texts = generate(
                self.bare_model,
                self.base.tokenizer,
                self.data.prompts,
                max_tokens=_SAMPLE_TOKENS,
                sampling=Sampling(seed=self.recipe.seed),
                precision=self.precision,
                encoder=self.data.encoder,
            )
        for prompt, text in zip(self.data.prompts, texts, strict=True):
            entries.append({"step": step, "prompt": prompt, "text": text})
            self.samples.add(entries[-1])
            self.trackers.add_sample(step, prompt, text)
        write_samples_page(entries, self.work / SAMPLES_PAGE)
        self.progress.show_sample(texts[0])

    def _out_of_patience(self, step: int) -> bool:
        """Return whether by that step, as many evaluations in a row as patience allows brought no lower loss."""
        losses = self.progress.validation_losses(step)
        best = losses.index(min(losses)) if losses else 0
        return 0 < self.recipe.patience <= len(losses) - 1 - best

    @property
    def bare_model(self) -> PeftModel:
        """The model, without what accelerate wrapped around it."""
        return self.accelerator.unwrap_model(self.model, keep_torch_compile=False)  # type: ignore[no-any-return]


def _filler(pad: int) -> Row:
    """Return a row with nothing to learn."""
    return Row(input_ids=np.array([pad], np.int32), labels=np.array([IGNORED], np.int32))


class _Bookkeeping(TrainerCallback):
    """Sets the epoch of the row order, saves once a minute, and marks each checkpoint after its last byte."""

    def __init__(self, order: RowOrder, work: Path, *, by_time: bool) -> None:
        self.order = order
        self.work = work
        self.saving = False
        """Whether the step under way ends in a checkpoint; all processes agree."""
        self._by_time = by_time
        self._saved = time.monotonic()

    def save_due(self) -> bool:
        """Return whether the last checkpoint is too long ago, where time decides."""
        return self._by_time and time.monotonic() - self._saved >= _SECONDS_BETWEEN_CHECKPOINTS

    def on_train_begin(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        self._saved = time.monotonic()

    def on_epoch_begin(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        self.order.epoch = int(state.epoch or 0)  # what accelerate wraps around it would not always set it

    def on_step_end(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        control.should_save |= self.saving

    def on_save(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        self._saved = time.monotonic()
        PartialState().wait_for_everyone()  # each process writes the state of its random generators
        if state.is_world_process_zero:
            mark_complete(self.work, state.global_step)

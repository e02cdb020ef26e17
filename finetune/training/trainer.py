"""The training loop: transformers' Trainer with the loss, the measuring and the log of this project.

    trainer = VoiceTrainer(model, rows, recipe, arithmetic, base, work)
    trainer.learn(last_checkpoint(work))

`train.train` does that; what stays on disk is described in `work`. The same seed on the same machine gives the same
losses: alone, after an interruption, and to rounding also shared by several processes or after memory ran out.
"""

import gc
import math
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState  # type: ignore[import-untyped]
from accelerate.utils import broadcast_object_list  # type: ignore[import-untyped]
from peft import PeftModel
from torch import nn
from transformers import (
    PreTrainedModel,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from finetune.data.order import Order
from finetune.data.packing import pack_where_it_pays
from finetune.data.rows import IGNORED, Collator, Corpus, Row, make_rows
from finetune.errors import FinetuneError
from finetune.models.base import Arithmetic, Base
from finetune.models.compiling import compile_blocks, passes, worth_compiling
from finetune.models.fused_lora import fuse
from finetune.models.held_out import HeldOut, HeldOutRows, choose_rows, held_out
from finetune.models.loss import target_nats
from finetune.models.sampling import choose_prompts, sample, write_markdown
from finetune.recipe import Recipe
from finetune.training.disk import saving
from finetune.training.progress import Log, Progress, Tokens
from finetune.training.trackers import Boards
from finetune.training.work_folder import BOARD, LOG, SAMPLES, SAMPLES_READ, WHOLE, keep_if_best, narrate

_SAMPLE_TOKENS = 48  # about two sentences


@dataclass(frozen=True, slots=True)
class Rows:
    """What is learned and what is held out."""

    train: list[Row]
    validation: HeldOutRows
    split: str
    held_out: HeldOutRows
    prompts: list[str]
    """Of the validation split: what the voice is asked as it learns."""

    @classmethod
    def make(cls, corpus: Corpus, base: Base, recipe: Recipe) -> "Rows":
        length = min(recipe.length, base.positions)
        if recipe.mannerly and not base.tokenizer.is_fast:
            raise FinetuneError(
                f"mannerly has to know where in a text a token stands, and the tokenizer of {base.name} can't tell. "
                "Tune without mannerly, or take a base that has a tokenizer.json."
            )
        # What is held out is measured on all of its targets, whatever is learned.
        as_learned = {"train": (recipe.learn_context, recipe.mannerly)}
        rows = {
            name: make_rows(part, base.tokenizer, length, base.end, *as_learned.get(name, ()))
            for name, part in corpus.splits.items()
        }
        split = "test" if "test" in rows else "validation"
        chosen = {
            name: choose_rows(corpus.splits[name], rows[name], recipe.held_out_rows) for name in ("validation", split)
        }
        learned = [row for example in rows["train"] for row in example]
        if recipe.mannerly and not learned:
            raise FinetuneError(
                "The turns of the training split play the player's part or are slow to say you, so many of them that "
                "nothing is left to learn. Tune without mannerly."
            )
        if recipe.packing:
            learned = pack_where_it_pays(learned, length, base)
        prompts = choose_prompts(corpus.splits["validation"], recipe.samples)
        return cls(learned, chosen["validation"], split, chosen[split], prompts)

    @property
    def target_tokens(self) -> int:
        return sum(label != IGNORED for row in self.train for label in row["labels"])


class VoiceTrainer(Trainer):
    """transformers' Trainer with the loss of `evaluate`, that of all target tokens of a step, and its own measuring.

    Out of memory, it goes on with fewer rows at a time and the same steps.
    """

    def __init__(
        self,
        model: PreTrainedModel | PeftModel,
        rows: Rows,
        recipe: Recipe,
        arithmetic: Arithmetic,
        base: Base,
        work: Path,
    ) -> None:
        self.rows = rows
        self.recipe = recipe
        self.arithmetic = arithmetic
        self.base = base
        self.work = work
        self.tokens = Tokens()
        self.samples = Log(work / SAMPLES)
        arguments = _arguments(recipe, arithmetic, work)
        arguments._n_gpu = min(arguments.n_gpu, 1)  # several devices: several processes, never threads of one
        title = work.name.removesuffix(".partial")
        self.progress = Progress(Log(work / LOG), self.tokens, title, arguments.device)
        self.boards = Boards(work / BOARD, title, asdict(recipe))
        self.most_rows = recipe.batch
        """Rows that go through the model at a time; fewer when memory did not suffice for more."""
        pad = base.tokenizer.pad_token_id
        pad = 0 if pad is None else pad
        length = min(recipe.length, base.positions)
        self.collator = Collator(pad, length)
        learning = self.collator
        tokens = length * passes(recipe, len(rows.train), arguments.world_size)
        if worth_compiling(recipe.compile, arguments.device, base.model.num_parameters(), tokens):
            compile_blocks(model)
            learning = Collator(pad, length, recipe.batch)
            if PartialState().is_main_process:
                narrate("The first steps take long: the model is compiled.")
        else:
            fuse(model)
        self.order = Order(
            [len(row["input_ids"]) for row in rows.train],
            recipe.batch * recipe.accumulate * arguments.world_size,
            recipe.seed,
            filler=recipe.batch * arguments.world_size if arguments.world_size > 1 else 0,
        )
        self._step: list[dict[str, Any]] = []  # the batches of the optimizer step that is made, in this process
        self._learned = 0  # of them
        self._exchanging = False
        super().__init__(
            model=model,
            args=arguments,
            train_dataset=[*rows.train, Row(input_ids=[pad], labels=[IGNORED])],  # the last: the filler
            eval_dataset=rows.validation.rows,
            data_collator=learning,
            callbacks=[_Epochs(self.order), self.progress, self.boards, _MarkWhole()],
        )
        self.remove_callback(PrinterCallback)

    def learn(self, checkpoint: Path | None) -> None:
        """Trains from the beginning or from a whole checkpoint on, until the last step or until patience is spent."""
        try:
            if checkpoint is not None:
                state = TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
                if state.global_step >= state.max_steps or self._impatient(state.global_step):
                    self.state = state  # it was cut off after its last step
                    return
            with saving(self.work):
                if self.is_world_process_zero():
                    if checkpoint is None:
                        self.write_samples()  # of the base
                    else:
                        self.samples.cut(state.global_step)
                self.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        finally:
            self.progress.close()
            self.boards.close()

    # ---- a step ----

    def _get_train_sampler(self, train_dataset: Any = None) -> Order:
        return self.order

    def get_batch_samples(
        self, epoch_iterator: Iterator[dict[str, Any]], num_batches: int, device: torch.device
    ) -> tuple[list[dict[str, Any]], torch.Tensor]:
        """The batches of the next optimizer step, and how many targets all processes together have in it."""
        self._step = list(islice(epoch_iterator, num_batches))
        self._learned = 0
        targets = sum((batch["labels"][:, 1:] != IGNORED).sum() for batch in self._step)
        tokens = sum(batch["input_ids"].numel() for batch in self._step)
        counts = torch.stack([torch.as_tensor(count, device=device) for count in (targets, tokens)])
        if self.args.world_size > 1:
            counts = self.accelerator.reduce(counts, "sum")
        self.tokens.add(counts)
        return self._step, counts[0].clamp(min=1)

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        """Adds the gradients of a batch, `most_rows` at a time; returns its part of the step's loss."""
        self._learned += 1
        todo = [inputs]
        while True:
            try:
                for batch in todo[:-1]:
                    with self.accelerator.no_sync(model):
                        self._add_gradients(model, batch, num_items_in_batch)
                return self._add_gradients(model, todo[-1], num_items_in_batch)
            except torch.OutOfMemoryError:
                pass  # its frames hold tensors until this block is left
            self._take_fewer_rows(len(inputs["input_ids"]))
            # Some of the gradients may have been added already, so the whole step begins anew.
            model.zero_grad()
            todo = self._step[: self._learned]

    def _add_gradients(
        self, model: nn.Module, batch: dict[str, Any], targets: torch.Tensor | int | None
    ) -> torch.Tensor:
        model.train()
        batch = self._prepare_inputs(batch)
        rows = len(batch["input_ids"])
        losses = []
        for first in range(0, rows, self.most_rows):
            last = first + self.most_rows >= rows
            with nullcontext() if last else self.accelerator.no_sync(model):
                part = {key: value[first : first + self.most_rows] for key, value in batch.items()}
                loss = self.compute_loss(model, part, num_items_in_batch=targets)
                self._exchanging = self.args.world_size > 1 and self.accelerator.sync_gradients and last
                self.accelerator.backward(loss)
                self._exchanging = False
                losses.append(loss.detach())
        return torch.stack(losses).sum()

    def _take_fewer_rows(self, rows: int) -> None:
        """After memory did not suffice for `rows` rows, or for `most_rows` where that is less."""
        rows = min(rows, self.most_rows)
        if self._exchanging:
            raise FinetuneError(
                f"Memory did not suffice for {rows} rows, and the other processes had begun to exchange gradients. "
                "Halve the recipe's batch, double accumulate, and start over with --fresh."
            )
        if rows == 1:
            raise FinetuneError(
                f"Memory does not suffice for a single row on {self.args.device}. Lower the recipe's length, or set "
                "checkpointing=true or a smaller rank, and start over with --fresh."
            )
        self.most_rows = (rows + 1) // 2
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        narrate(
            f"Memory does not suffice for {rows} rows at a time: halved to {self.most_rows}, accumulation doubled. "
            "Steps and losses stay what they are."
        )

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """This batch's part of the loss, averaged over the targets of the whole optimizer step on all devices."""
        assert num_items_in_batch is not None and not return_outputs
        given = {key: value for key, value in inputs.items() if key != "labels"}
        # accelerate's autocast ends with the model's own forward pass, and the head's product comes after it.
        with self.arithmetic.autocast(self.args.device):
            nats, _ = target_nats(model, given, inputs["labels"])
        # The gradients of the processes are averaged, where they are to be summed.
        loss: torch.Tensor = nats / num_items_in_batch * self.accelerator.num_processes
        return loss

    # ---- measuring ----

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Measures the validation split, keeps the weights if they are the best so far, and writes sample turns.

        All that in the main process. Ends the training where patience is spent or the loss is no number any more.
        """
        self.control.should_evaluate = False
        step = self.state.global_step
        loss, stop = 0.0, ""
        if self.is_world_process_zero():
            with self.progress.pause("measuring"):
                loss = self.measure(self.rows.validation).nats_per_token
            self.log({"eval_loss": loss})
            keep_if_best(self.work, self.adapted, loss, step)
            if not math.isfinite(loss):
                stop = f"Stopped after {step} steps: the loss is not a number."
            elif self._impatient(step):
                stop = f"Stopped after {step} steps: {self.recipe.patience} measurements brought no better loss."
            else:
                self.write_samples()
        if self.args.world_size > 1:
            stop = broadcast_object_list([stop])[0]
        if stop and step < self.state.max_steps:
            self.control.should_training_stop = True
            self.control.should_save = True  # so that the same command, given again, does not go on
            if self.is_world_process_zero():
                narrate(stop)
        return {"eval_loss": loss}

    def measure(self, part: HeldOutRows) -> HeldOut:
        """The loss on held-out rows as things stand."""
        while True:
            try:
                return held_out(self.adapted, part, self.most_rows, self.arithmetic, self.collator)
            except torch.OutOfMemoryError:
                pass  # as in `training_step`
            self._take_fewer_rows(self.most_rows)

    def write_samples(self) -> None:
        """Has the voice answer the prompts as it is now; once a step."""
        step = self.state.global_step
        entries = self.samples.entries()
        if not self.rows.prompts or any(entry["step"] == step for entry in entries):
            return
        eager = torch.compiler.set_stance("force_eager")  # each token has a shape of its own
        with self.progress.pause("writing"), self.arithmetic.autocast(self.args.device), eager:
            texts = sample(
                self.adapted,
                self.base.tokenizer,
                self.rows.prompts,
                max_tokens=_SAMPLE_TOKENS,
                temperature=0.8,
                top_k=40,
                min_p=0.05,
                seed=self.recipe.seed,
                end=self.base.end,
            )
        for prompt, text in zip(self.rows.prompts, texts, strict=True):
            entry = {"step": step, "prompt": prompt, "text": text}
            self.samples.add(entry)
            entries.append(entry)
            self.boards.sampled(step, prompt, text)
        write_markdown(entries, self.work / SAMPLES_READ)
        self.progress.sampled(self.rows.prompts[0], texts[0])

    def _impatient(self, step: int) -> bool:
        """Whether by that step, as many measurements in a row as patience allows brought no better loss."""
        losses = self.progress.validation(step)
        best = losses.index(min(losses)) if losses else 0
        return 0 < self.recipe.patience <= len(losses) - 1 - best

    @property
    def adapted(self) -> PeftModel:
        """The model, without what accelerate wrapped around it."""
        return self.accelerator.unwrap_model(self.model, keep_torch_compile=False)  # type: ignore[no-any-return]


def _arguments(recipe: Recipe, arithmetic: Arithmetic, work: Path) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(work / "checkpoints"),
        use_cpu=not torch.accelerator.is_available(),
        num_train_epochs=recipe.epochs,
        max_steps=recipe.max_steps or -1,
        per_device_train_batch_size=recipe.batch,
        gradient_accumulation_steps=recipe.accumulate,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=recipe.warmup,  # below 1 it is a share
        weight_decay=recipe.weight_decay,
        max_grad_norm=recipe.grad_clip,
        bf16=arithmetic.precision == "bf16",
        fp16=arithmetic.precision == "fp16",
        activation_checkpointing=recipe.checkpointing,
        seed=recipe.seed,
        data_seed=recipe.seed,
        eval_strategy="steps",
        eval_steps=recipe.evaluate_every or 0.1,  # below 1 it is a share
        save_strategy="steps",
        save_steps=recipe.save_every,
        save_total_limit=2,
        logging_steps=1,
        logging_nan_inf_filter=False,  # a loss that is no number is shown as such
        log_level="error",
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=torch.cuda.is_available(),
        ddp_find_unused_parameters=False,
    )


class _Epochs(TrainerCallback):
    """Tells the order of the rows which epoch it is; what accelerate wraps around it would not always."""

    def __init__(self, order: Order) -> None:
        self.order = order

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.order.epoch = int(state.epoch or 0)


class _MarkWhole(TrainerCallback):
    """Marks each checkpoint after its last byte; the one before it is kept until then."""

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        PartialState().wait_for_everyone()  # each process writes the state of its generators
        if state.is_world_process_zero:
            (Path(str(args.output_dir)) / f"checkpoint-{state.global_step}" / WHOLE).touch()

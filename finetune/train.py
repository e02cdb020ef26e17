"""Tuning: base, corpus and recipe in, a voice folder out.

    tune(Job(Path("my-corpus"), "smollm2", Path("my-voice"), "laptop", load("laptop")))

The loop is transformers' Trainer, with accelerate underneath, so `accelerate launch -m finetune …` runs it on several
devices. Everything is made in `OUT.partial`: checkpoints, the best adapter, the log. The same command goes on from the
last whole checkpoint there; the finished voice is renamed to OUT in one step.
"""

import inspect
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState  # type: ignore[import-untyped]
from accelerate.utils import broadcast_object_list  # type: ignore[import-untyped]
from peft import PeftModel, set_peft_model_state_dict
from safetensors.torch import load_file
from torch import nn
from transformers import (
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)

from finetune.data import IGNORED, Collator, Corpus, Row, make_rows, read_corpus
from finetune.errors import FinetuneError
from finetune.evaluate import HeldOut, HeldOutRows, choose_rows, held_out, target_loss
from finetune.model import Arithmetic, Base, add_lora, choose_arithmetic, open_base
from finetune.progress import Progress, Tokens
from finetune.recipe import Recipe
from finetune.report import Made, Outcome, device_name, table, write_json
from finetune.work import WHOLE, best, check_place, finish, keep_if_best, last_checkpoint, narrate, open_work


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked for."""

    corpus: Path
    base: str
    out: Path
    recipe_name: str
    recipe: Recipe
    fresh: bool = False
    """Whether a work folder that is there is thrown away."""
    replace: bool = False
    """Whether an earlier voice at `out` is replaced."""


def tune(job: Job) -> str:
    """Does the job and returns the table of held-out figures ("" in all processes but the main one).

    Raises FinetuneError for whatever the user can mend, before anything long has begun where that is possible.
    """
    state = PartialState(cpu=not torch.accelerator.is_available())
    out = job.out.absolute()
    work = out.with_name(f"{out.name}.partial")
    check_place(out, job.replace)
    corpus = read_corpus(job.corpus)
    arithmetic: Arithmetic = broadcast_object_list([choose_arithmetic(job.recipe.precision)])[0]
    base = open_base(job.base)
    plan = {
        "base": {"name": base.name, "sha256": base.sha256},
        "corpus": corpus.fingerprint,
        "recipe": asdict(job.recipe),
        "processes": state.num_processes,
    }
    if state.is_main_process:
        narrate(f"base {base.name}, {arithmetic.precision} ({arithmetic.why}), recipe {job.recipe_name}:")
        narrate("  " + ", ".join(f"{key} {value}" for key, value in asdict(job.recipe).items()))
        open_work(work, plan, job.fresh)
    state.wait_for_everyone()

    rows = _Rows.make(corpus, base, job.recipe)
    set_seed(job.recipe.seed)
    model = add_lora(base.model, job.recipe)
    trainer = _VoiceTrainer(model, rows, job.recipe, arithmetic, base, work)
    if state.is_main_process:
        before = _before(work, trainer)
    checkpoint = last_checkpoint(work)
    if checkpoint and state.is_main_process:
        narrate(f"Going on from {checkpoint.name} in {work}.")
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if not state.is_main_process:
        return ""
    if trainer.measured_step != trainer.state.global_step:
        trainer.evaluate()

    kept = best(work)
    if kept is None:
        raise FinetuneError("The loss is not a number. Lower the recipe's learning_rate, and start over with --fresh.")
    validation_loss, best_step, folder = kept
    set_peft_model_state_dict(model, load_file(folder / "adapter_model.safetensors"))
    seconds = trainer.progress.seconds or float("inf")
    outcome = Outcome(
        split=rows.split,
        before=before,
        after=trainer.measure(rows.held_out),
        validation_loss=validation_loss,
        best_step=best_step,
        steps=trainer.state.global_step,
        target_tokens=rows.target_tokens,
        seconds=round(trainer.progress.seconds, 1),
        target_tokens_per_second=round(trainer.tokens.targets / seconds, 1),
        tokens_per_second=round(trainer.tokens.all / seconds, 1),
    )
    device = device_name(trainer.args.device)
    finish(
        Made(base, corpus, job.recipe_name, job.recipe, arithmetic, device, state.num_processes, outcome),
        model,
        work,
        out,
    )
    return table(outcome)


# ---- the trainer ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rows:
    """What is learned and what is held out."""

    train: list[Row]
    validation: HeldOutRows
    split: str
    held_out: HeldOutRows

    @classmethod
    def make(cls, corpus: Corpus, base: Base, recipe: Recipe) -> "_Rows":
        length = min(recipe.length, base.positions)
        rows = {name: make_rows(part, base.tokenizer, length, base.end) for name, part in corpus.splits.items()}
        split = "test" if "test" in rows else "validation"
        chosen = {
            name: choose_rows(corpus.splits[name], rows[name], recipe.held_out_rows) for name in ("validation", split)
        }
        return cls([row for example in rows["train"] for row in example], chosen["validation"], split, chosen[split])

    @property
    def target_tokens(self) -> int:
        return sum(label != IGNORED for row in self.train for label in row["labels"])


class _VoiceTrainer(Trainer):
    """transformers' Trainer with the loss of `evaluate`, that of all target tokens of a step, and its own measuring."""

    def __init__(
        self, model: PeftModel, rows: _Rows, recipe: Recipe, arithmetic: Arithmetic, base: Base, work: Path
    ) -> None:
        self.rows = rows
        self.arithmetic = arithmetic
        self.work = work
        self.tokens = Tokens()
        self.progress = Progress(work / "log.jsonl", self.tokens)
        self.measured_step = -1
        accepts = inspect.signature(base.model.forward).parameters
        pad = base.tokenizer.pad_token_id
        self.collator = Collator(0 if pad is None else pad, Collator(0).accepts & accepts.keys())
        super().__init__(
            model=model,
            args=_arguments(recipe, arithmetic, work),
            train_dataset=rows.train,  # a list is a map-style dataset
            eval_dataset=rows.validation.rows,
            data_collator=self.collator,
            compute_loss_func=_mean_over_step,
            callbacks=[self.progress, _MarkWhole()],
        )
        self.remove_callback(PrinterCallback)

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        # The other processes have batches like this one.
        self.tokens.all += inputs["input_ids"].numel() * self.args.world_size
        self.tokens.targets += int((inputs["labels"][:, 1:] != IGNORED).sum()) * self.args.world_size
        return super().training_step(model, inputs, num_items_in_batch)

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Measures the validation split in the main process, and keeps the adapter if it is the best so far."""
        if not self.is_world_process_zero():
            return {}
        loss = self.measure(self.rows.validation).nats_per_token
        self.measured_step = self.state.global_step
        metrics = {"eval_loss": loss}
        self.log(metrics)
        keep_if_best(self.work, self.adapted, loss, self.state.global_step)
        return metrics

    def measure(self, part: HeldOutRows) -> HeldOut:
        """The loss on held-out rows as things stand."""
        return held_out(self.adapted, part, self.args.train_batch_size, self.arithmetic, self.collator)

    @property
    def adapted(self) -> PeftModel:
        """The model, without what accelerate wrapped around it."""
        return self.accelerator.unwrap_model(self.model)  # type: ignore[no-any-return]


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
        train_sampling_strategy="group_by_length",
        seed=recipe.seed,
        data_seed=recipe.seed,
        eval_strategy="epoch",
        save_strategy="steps",
        save_steps=recipe.save_every,
        save_total_limit=2,
        logging_steps=1,
        log_level="error",
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=torch.cuda.is_available(),
        ddp_find_unused_parameters=False,
    )


def _mean_over_step(
    outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None
) -> torch.Tensor:
    """The loss, averaged over the target tokens of the whole optimizer step on all devices."""
    assert num_items_in_batch is not None
    return target_loss(outputs.logits, labels) / num_items_in_batch


class _MarkWhole(TrainerCallback):
    """Marks each checkpoint after its last byte; the one before it is kept until then."""

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        if state.is_world_process_zero:
            (Path(str(args.output_dir)) / f"checkpoint-{state.global_step}" / WHOLE).touch()


def _before(work: Path, trainer: _VoiceTrainer) -> HeldOut:
    """The held-out loss of the base; measured once, for a fresh adapter changes nothing."""
    path = work / "before.json"
    if not path.is_file():
        narrate(f"Measuring the base on the {trainer.rows.split} split …")
        write_json(path, asdict(trainer.measure(trainer.rows.held_out)))
    return HeldOut(**json.loads(path.read_text(encoding="utf-8")))

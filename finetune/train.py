"""Tuning: base, corpus and recipe in, a voice folder out.

    tune(Job(Path("my-corpus"), "smollm2", Path("my-voice"), "laptop", load("laptop")))

The loop is transformers' Trainer, with accelerate underneath, so `accelerate launch -m finetune …` runs it on several
devices. Everything is made in `OUT.partial`: checkpoints, the best adapter, the log. The same command goes on from the
last whole checkpoint there; the finished voice is renamed to OUT in one step.
"""

import inspect
import json
import shutil
import sys
from collections.abc import Mapping
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

from finetune.adapter import UnknownLayout, write_adapter
from finetune.data import IGNORED, Collator, Corpus, Row, make_rows, read_corpus
from finetune.errors import FinetuneError
from finetune.evaluate import HeldOut, HeldOutRows, choose_rows, held_out, target_loss
from finetune.export import VOICE, ConversionFailed, convert_base
from finetune.model import Arithmetic, Base, add_lora, choose_arithmetic, open_base
from finetune.progress import Progress, Tokens
from finetune.recipe import Recipe
from finetune.report import Made, Outcome, device_name, table, write_json, write_papers

_WHOLE = "whole"
"""Marks a checkpoint that was written to its end."""


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
    _check_place(out, job.replace)
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
        _narrate(f"base {base.name}, {arithmetic.precision} ({arithmetic.why}), recipe {job.recipe_name}:")
        _narrate("  " + ", ".join(f"{key} {value}" for key, value in asdict(job.recipe).items()))
        _open_work(work, plan, job.fresh)
    state.wait_for_everyone()

    rows = _Rows.make(corpus, base, job.recipe)
    set_seed(job.recipe.seed)
    model = add_lora(base.model, job.recipe)
    trainer = _VoiceTrainer(model, rows, job.recipe, arithmetic, base, work)
    if state.is_main_process:
        before = _before(work, trainer)
    checkpoint = _last_checkpoint(work)
    if checkpoint and state.is_main_process:
        _narrate(f"Going on from {checkpoint.name} in {work}.")
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if not state.is_main_process:
        return ""
    if trainer.measured_step != trainer.state.global_step:
        trainer.evaluate()

    best = work / "best"
    set_peft_model_state_dict(model, load_file(best / "adapter_model.safetensors", device=str(trainer.args.device)))
    kept = json.loads((best / "figures.json").read_text(encoding="utf-8"))
    seconds = trainer.progress.seconds or float("inf")
    outcome = Outcome(
        split=rows.split,
        before=before,
        after=trainer.measure(rows.held_out),
        validation_loss=kept["validation_loss"],
        best_step=kept["step"],
        steps=trainer.state.global_step,
        target_tokens=rows.target_tokens,
        seconds=round(trainer.progress.seconds, 1),
        target_tokens_per_second=round(trainer.tokens.targets / seconds, 1),
        tokens_per_second=round(trainer.tokens.all / seconds, 1),
    )
    device = device_name(trainer.args.device)
    _finish(
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
        self.tokens.all += inputs["input_ids"].numel()
        self.tokens.targets += int((inputs["labels"][:, 1:] != IGNORED).sum())
        return super().training_step(model, inputs, num_items_in_batch)

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Measures the validation split in the main process, and keeps the adapter if it is the best so far."""
        if not self.is_world_process_zero():
            return {}
        loss = self.measure(self.rows.validation).nats_per_token
        self.measured_step = self.state.global_step
        metrics = {"eval_loss": loss}
        self.log(metrics)
        best = self.work / "best"
        try:
            so_far = json.loads((best / "figures.json").read_text(encoding="utf-8"))["validation_loss"]
        except FileNotFoundError:
            so_far = float("inf")
        if loss < so_far:
            staging = self.work / "best.new"
            shutil.rmtree(staging, ignore_errors=True)
            self.adapted.save_pretrained(str(staging), save_embedding_layers=False)
            write_json(staging / "figures.json", {"step": self.state.global_step, "validation_loss": loss})
            shutil.rmtree(best, ignore_errors=True)
            staging.rename(best)
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
            (Path(str(args.output_dir)) / f"checkpoint-{state.global_step}" / _WHOLE).touch()


# ---- the work folder and the voice folder --------------------------------------------------------------------


def _check_place(out: Path, replace: bool) -> None:
    if not out.exists():
        return
    if not (out / VOICE).is_file():
        raise FinetuneError(f"{out} is there already and is no voice. Name another place with --out.")
    if not replace:
        raise FinetuneError(f"{out} is a voice already. Give --replace to put the new one in its place.")


def _open_work(work: Path, plan: Mapping[str, Any], fresh: bool) -> None:
    """Makes the work folder, or finds it again if it is this very plan's."""
    path = work / "plan.json"
    if work.exists() and not (path.is_file() or (work.is_dir() and not any(work.iterdir()))):
        raise FinetuneError(f"{work} is in the way: it is no work folder of a training. Move it away.")
    if fresh and work.exists():
        shutil.rmtree(work)
    if path.is_file():
        earlier = json.loads(path.read_text(encoding="utf-8"))
        if differs := [key for key in plan if earlier.get(key) != plan[key]]:
            raise FinetuneError(
                f"{work} holds an unfinished training with another {' and another '.join(differs)}. "
                "Give --fresh to start over, or name another place with --out."
            )
        return
    work.mkdir(parents=True, exist_ok=True)
    write_json(path, plan)


def _last_checkpoint(work: Path) -> Path | None:
    whole = [mark.parent for mark in work.glob(f"checkpoints/checkpoint-*/{_WHOLE}")]
    return max(whole, key=lambda folder: int(folder.name.rpartition("-")[2]), default=None)


def _before(work: Path, trainer: _VoiceTrainer) -> HeldOut:
    """The held-out loss of the base; measured once, for a fresh adapter changes nothing."""
    path = work / "before.json"
    if not path.is_file():
        _narrate(f"Measuring the base on the {trainer.rows.split} split …")
        write_json(path, asdict(trainer.measure(trainer.rows.held_out)))
    return HeldOut(**json.loads(path.read_text(encoding="utf-8")))


def _finish(made: Made, model: PeftModel, work: Path, out: Path) -> None:
    """Writes the voice inside the work folder and moves it into its place."""
    _narrate("Writing the voice …")
    voice = work / "voice"
    shutil.rmtree(voice, ignore_errors=True)
    voice.mkdir()
    model.peft_config["default"].base_model_name_or_path = made.base.repo or made.base.name
    # save_embedding_layers: "auto" would ask the Hub about the base.
    model.save_pretrained(str(voice), save_embedding_layers=False)
    shutil.copyfile(work / "log.jsonl", voice / "log.jsonl")
    try:
        _write_gguf(made.base, model, voice)
    except (ConversionFailed, UnknownLayout) as error:
        for name in ("base.gguf", "adapter.gguf"):
            (voice / name).unlink(missing_ok=True)
        _narrate(
            f"Note: llama.cpp can't play this voice: {error}.\n"
            f"Serve it instead: dungeon finetune export {out} --to merged --out DIR, then transformers serve DIR."
        )
    write_papers(made, voice, out.name)
    old = work / "replaced"
    if out.exists():
        out.rename(old)
    voice.rename(out)
    shutil.rmtree(work)


def _write_gguf(base: Base, model: PeftModel, voice: Path) -> None:
    if base.gguf is None:
        plain = open_base(base.given)  # the one in memory has the adapter's layers in it
        convert_base(plain, voice / "base.gguf")
    write_adapter(model, base.gguf or voice / "base.gguf", voice / "adapter.gguf")


def _narrate(line: str) -> None:
    print(line, file=sys.stderr, flush=True)

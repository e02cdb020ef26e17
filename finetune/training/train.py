"""Tuning: base, corpus and recipe in, a voice folder out.

    tune(Job(Path("my-corpus"), "smollm2", Path("my-voice"), "laptop", load("laptop")))

The loop is transformers' Trainer, with accelerate underneath, so `accelerate launch -m finetune …` runs it on several
devices. Everything is made in `OUT.partial`: checkpoints, the best adapter, the log. The same command goes on from the
last whole checkpoint there; the finished voice is renamed to OUT in one step.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState  # type: ignore[import-untyped]
from accelerate.utils import broadcast_object_list  # type: ignore[import-untyped]
from peft import PeftModel
from transformers import (
    PreTrainedModel,
    set_seed,
)

from finetune.data.rows import Corpus, read_corpus
from finetune.errors import FinetuneError
from finetune.models.base import Arithmetic, Base, choose_arithmetic, open_base
from finetune.models.held_out import HeldOut
from finetune.recipe import DEFAULT, Recipe
from finetune.training.disk import saving
from finetune.training.methods import halve_frozen, prepare, restore
from finetune.training.trainer import Rows, VoiceTrainer
from finetune.training.voice_files import Made, Outcome, device_name, table, write_json
from finetune.training.work_folder import (
    best,
    check_place,
    finish,
    last_checkpoint,
    load_best,
    narrate,
    open_work,
)

_ARITHMETIC = "arithmetic.json"


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
    like: Mapping[str, Any] | None = None
    """`training.json` of the voice that is repeated; what is not as it was there is told."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What `train` made: the best weights it found, and their figures."""

    made: Made
    model: PreTrainedModel | PeftModel
    """With those weights in it."""
    work: Path
    """The work folder, which is still there."""


def tune(job: Job) -> str:
    """Does the job and returns the table of held-out figures ("" in all processes but the main one).

    Raises FinetuneError for whatever the user can mend, before anything long has begun where that is possible.
    """
    check_machine(job.recipe_name, job.recipe)
    out = job.out.absolute()
    check_place(out, job.replace)
    corpus = read_corpus(job.corpus)
    trained = train(job, corpus, open_base(job.base))
    if trained is None:
        return ""
    with saving(trained.work):
        finish(trained.made, trained.model, trained.work, out)
    return table(trained.made.outcome)


def check_machine(name: str, recipe: Recipe) -> None:
    """Raises FinetuneError for the recipe of that name where this machine can't do it, before a base is fetched."""
    if recipe.gpu and not torch.cuda.is_available():
        raise FinetuneError(
            f"The recipe {name} is for a CUDA card, and torch finds none here. Take --recipe {DEFAULT}, which is made "
            "for a CPU."
        )
    if recipe.precision != "auto":
        choose_arithmetic(recipe.precision)


def train(job: Job, corpus: Corpus, base: Base, before: HeldOut | None = None) -> Trained | None:
    """Trains `base` on `corpus` as the job's recipe says, in the work folder beside the job's `out`.

    `before` is the base's held-out figure where it is known; else it is measured. Changes `base.model`. None in all
    processes but the main one. Raises FinetuneError like `tune`.
    """
    recipe = job.recipe
    state = PartialState(cpu=not torch.accelerator.is_available())
    out = job.out.absolute()
    work = out.with_name(f"{out.name}.partial")
    arithmetic: Arithmetic = broadcast_object_list([_arithmetic(work, job)])[0]
    plan = {
        "base": {"name": base.name, "sha256": base.sha256},
        "corpus": corpus.fingerprint,
        "recipe": asdict(recipe),
        "processes": state.num_processes,
    }
    if state.is_main_process:
        narrate(f"base {base.name}, {arithmetic.precision} ({arithmetic.why}), recipe {job.recipe_name}:")
        narrate("  " + ", ".join(f"{key} {value}" for key, value in asdict(recipe).items()))
        if job.like is not None and (differs := _unlike(job.like, plan, arithmetic)):
            narrate(f"Not as in the voice that is repeated: {', '.join(differs)}. So the losses will be others.")
        if recipe.length > base.positions:
            narrate(f"Rows are cut to {base.positions} tokens, all that {base.name} has positions for.")
        open_work(work, plan, job.fresh)
        write_json(work / _ARITHMETIC, asdict(arithmetic))
    state.wait_for_everyone()

    rows = Rows.make(corpus, base, recipe)
    set_seed(recipe.seed)
    model = prepare(base.model, recipe)
    if recipe.weights == "half" and arithmetic.precision != "fp32":
        halve_frozen(model, arithmetic.dtype)
    trainer = VoiceTrainer(model, rows, recipe, arithmetic, base, work)
    if state.is_main_process:
        untuned = before or _before(work, trainer)
    checkpoint = last_checkpoint(work)
    if checkpoint and state.is_main_process:
        narrate(f"Going on from {checkpoint.name} in {work}.")
    trainer.learn(checkpoint)
    if not state.is_main_process:
        return None
    kept = best(work)
    if kept is None:
        raise FinetuneError("The loss is not a number. Lower the recipe's learning_rate, and start over with --fresh.")
    restore(model, load_best(kept))
    seconds = trainer.progress.learning_seconds or float("inf")
    outcome = Outcome(
        split=rows.split,
        before=untuned,
        after=trainer.measure(rows.held_out),
        validation_loss=kept.loss,
        best_step=kept.step,
        steps=trainer.state.global_step,
        target_tokens=rows.target_tokens,
        seconds=round(trainer.progress.seconds, 1),
        target_tokens_per_second=round(trainer.tokens.targets / seconds, 1),
        tokens_per_second=round(trainer.tokens.all / seconds, 1),
    )
    device = device_name(trainer.args.device)
    made = Made(base, corpus, job.recipe_name, recipe, arithmetic, device, state.num_processes, outcome)
    return Trained(made, model, work)


def _unlike(earlier: Mapping[str, Any], plan: Mapping[str, Any], arithmetic: Arithmetic) -> list[str]:
    """What differs from the training of an earlier voice, beside the recipe."""

    def was(*path: str) -> Any:
        found: Any = earlier
        for key in path:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    pairs = {
        "the base's weights": (was("base", "sha256"), plan["base"]["sha256"]),
        "the corpus": (was("corpus", "fingerprint"), plan["corpus"]),
        "the number of processes": (was("processes"), plan["processes"]),
        "the arithmetic": (was("precision", "precision"), arithmetic.precision),
    }
    return [name for name, (then, now) in pairs.items() if then != now]


def _arithmetic(work: Path, job: Job) -> Arithmetic:
    """That of the training which is gone on with; else the one that is best here, which a measurement may decide."""
    path = work / _ARITHMETIC
    if path.is_file() and not job.fresh:
        return Arithmetic(**json.loads(path.read_text(encoding="utf-8")))
    return choose_arithmetic(job.recipe.precision)


def _before(work: Path, trainer: VoiceTrainer) -> HeldOut:
    """The held-out loss of the base; measured once, for a fresh adapter changes nothing."""
    path = work / "before.json"
    if not path.is_file():
        narrate(f"Measuring the base on the {trainer.rows.split} split …")
        write_json(path, asdict(trainer.measure(trainer.rows.held_out)))
    return HeldOut(**json.loads(path.read_text(encoding="utf-8")))

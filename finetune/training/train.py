"""Trains a voice: base, corpus and recipe in, a voice folder out.

    train_voice(TrainingJob(Path("my-corpus"), "smollm2", Path("my-voice"), "laptop", load_recipe("laptop")))

The loop is transformers' Trainer, with accelerate underneath, so `accelerate launch -m finetune …` runs it on several
devices. Everything is made in `OUT.partial`: checkpoints, the best weights, the log. The same command goes on from the
last complete checkpoint there; the finished voice is renamed to OUT in one step.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState  # type: ignore[import-untyped]
from accelerate.utils import broadcast_object_list  # type: ignore[import-untyped]
from peft import PeftModel
from transformers import PreTrainedModel, set_seed

from finetune.console import print_status
from finetune.data.corpus import Corpus, read_corpus
from finetune.data.rows import count_targets
from finetune.errors import FinetuneError
from finetune.files import read_json, write_json
from finetune.models.base import Base, open_base
from finetune.models.held_out import HeldOutLoss
from finetune.models.precision import Precision, choose_precision
from finetune.recipe import DEFAULT_RECIPE, Recipe
from finetune.training.job import TrainingJob
from finetune.training.methods import halve_frozen, prepare_model, restore_tensors
from finetune.training.result import TrainingFigures, TrainingResult, device_name
from finetune.training.trainer import VoiceTrainer
from finetune.training.training_data import prepare_data
from finetune.training.voice_writer import write_voice
from finetune.training.work_folder import (
    BEFORE,
    PRECISION,
    best_weights,
    claim_folder,
    delete_incomplete_checkpoints,
    full_disk_reported,
    last_checkpoint,
)

Trained = tuple[TrainingResult, PreTrainedModel | PeftModel]


def train_voice(job: TrainingJob) -> str:
    """Do the job and return the table of held-out losses ("" in all processes but the main one).

    Raises:
        FinetuneError: whatever the user can put right, before anything long has begun where that is possible.
    """
    job.check()
    check_machine(job.recipe_name, job.recipe)
    trained = train(job, read_corpus(job.corpus), open_base(job.base))
    if trained is None:
        return ""
    result, model = trained
    with full_disk_reported(job.work_folder):
        write_voice(result, model, job.work_folder, job.out.absolute())
    return result.figures.table()


def check_machine(recipe_name: str, recipe: Recipe) -> None:
    """Check that this machine can train with a recipe, before a base is fetched.

    Raises:
        FinetuneError: the recipe needs a CUDA card, or a precision, that this machine does not have.
    """
    if recipe.gpu and not torch.cuda.is_available():
        raise FinetuneError(
            f"The recipe {recipe_name} is for a CUDA card, and torch finds none here. Take --recipe {DEFAULT_RECIPE}, "
            "which is made for a CPU."
        )
    if recipe.precision != "auto":
        choose_precision(recipe.precision)


def train(job: TrainingJob, corpus: Corpus, base: Base, before: HeldOutLoss | None = None) -> Trained | None:
    """Train `base` on `corpus` as the job's recipe says, in the job's work folder, which is left there.

    Return the result, and the model with its best weights; None in all processes but the main one. `before` is the
    base's held-out loss where it is known; else it is measured. Changes `base.model`.

    Raises:
        FinetuneError: as `train_voice`, and where the loss is never a number.
    """
    recipe, work = job.recipe, job.work_folder
    state = PartialState(cpu=not torch.accelerator.is_available())
    precision: Precision = broadcast_object_list([_stored_or_best_precision(job)])[0]
    if state.is_main_process:
        _open_work_folder(job, corpus, base, precision, state.num_processes)
    state.wait_for_everyone()

    data = prepare_data(corpus, base, recipe)
    set_seed(recipe.seed)
    model = prepare_model(base.model, recipe)
    if recipe.weights == "half" and precision.precision != "fp32":
        halve_frozen(model, precision.dtype)
    trainer = VoiceTrainer(model, data, recipe, precision, base, work)
    checkpoint = last_checkpoint(work)
    if state.is_main_process:
        before = before or _loss_before(work, trainer)
        if checkpoint:
            print_status(f"Going on from {checkpoint.name} in {work}.")
    trainer.run(checkpoint)
    if not state.is_main_process:
        return None
    best = best_weights(work)
    if best is None:
        raise FinetuneError("The loss is not a number. Lower the recipe's learning_rate, and start over with --fresh.")
    restore_tensors(model, best.load())
    seconds = trainer.progress.training_seconds or float("inf")
    assert before is not None
    figures = TrainingFigures(
        split=data.split,
        before=before,
        after=trainer.measure(data.held_out),
        validation_loss=best.loss,
        best_step=best.step,
        steps=trainer.state.global_step,
        target_tokens=count_targets(data.train),
        seconds=round(trainer.progress.seconds, 1),
        target_tokens_per_second=round(trainer.tokens.targets / seconds, 1),
        tokens_per_second=round(trainer.tokens.all / seconds, 1),
    )
    device = device_name(trainer.args.device)
    return TrainingResult(base, corpus, job.recipe_name, recipe, precision, device, state.num_processes, figures), model


def _open_work_folder(job: TrainingJob, corpus: Corpus, base: Base, precision: Precision, processes: int) -> None:
    """Report what is trained and how, and make or take up the work folder."""
    recipe, work = job.recipe, job.work_folder
    plan = {
        "base": {"name": base.name, "sha256": base.sha256},
        "corpus": corpus.fingerprint,
        "recipe": asdict(recipe),
        "processes": processes,
    }
    print_status(f"base {base.name}, {precision.precision} ({precision.why}), recipe {job.recipe_name}:")
    print_status("  " + ", ".join(f"{key} {value}" for key, value in asdict(recipe).items()))
    if job.repeats is not None and (differs := _differences(job.repeats, plan, precision)):
        print_status(f"Not as in the voice that is repeated: {', '.join(differs)}. The losses will differ too.")
    if recipe.length > base.context_size:
        print_status(f"Rows are cut to {base.context_size} tokens, all that {base.name} has positions for.")
    claim_folder(work, plan, "an unfinished training", discard=work if job.fresh else None)
    delete_incomplete_checkpoints(work)
    write_json(work / PRECISION, asdict(precision))


def _differences(earlier: Mapping[str, Any], plan: Mapping[str, Any], precision: Precision) -> list[str]:
    """Return what differs from the training of an earlier voice, the recipe aside."""

    def stored(*path: str) -> Any:
        found: Any = earlier
        for key in path:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    pairs = {
        "the base's weights": (stored("base", "sha256"), plan["base"]["sha256"]),
        "the corpus": (stored("corpus", "fingerprint"), plan["corpus"]),
        "the number of processes": (stored("processes"), plan["processes"]),
        "the precision": (stored("precision", "precision"), precision.precision),
    }
    return [name for name, (then, now) in pairs.items() if then != now]


def _stored_or_best_precision(job: TrainingJob) -> Precision:
    """Return the precision of the training that is resumed; else the best here, which a measurement may decide."""
    path = job.work_folder / PRECISION
    if path.is_file() and not job.fresh:
        return Precision(**read_json(path))
    return choose_precision(job.recipe.precision)


def _loss_before(work: Path, trainer: VoiceTrainer) -> HeldOutLoss:
    """Return the held-out loss of the base; measured once, because a new adapter changes nothing."""
    path = work / BEFORE
    if not path.is_file():
        print_status(f"Measuring the base on the {trainer.data.split} split …")
        write_json(path, asdict(trainer.measure(trainer.data.held_out)))
    return HeldOutLoss.from_json(read_json(path))

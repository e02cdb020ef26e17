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
from finetune.errors import FinetuneError
from finetune.files import read_json, write_json
from finetune.models.base import Base, open_base
from finetune.models.card_driver import check_card
from finetune.models.held_out import HeldOutLoss
from finetune.models.precision import Precision, check_kernels, choose_precision
from finetune.recipe import Recipe
from finetune.training.checkpoints import delete_incomplete_checkpoints, last_checkpoint
from finetune.training.job import KIND, TrainingJob
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
    full_disk_reported,
)

Trained = tuple[TrainingResult, PreTrainedModel | PeftModel]


def train_voice(job: TrainingJob) -> str:
    """Do the job and return the table of held-out losses ("" in all processes but the main one).

    Raises:
        FinetuneError: whatever the user can put right, before anything long has begun where that is possible.
    """
    job.check()
    state = PartialState(cpu=not torch.accelerator.is_available())
    check_machine(job.recipe_name, job.recipe, state.device)
    corpus = read_corpus(job.corpus)
    if state.is_main_process:
        for note in (*corpus.notes, idle_cards(state.num_processes)):
            if note:
                print_status(note)
    trained = train(job, corpus, open_base(job.base, job.recipe))
    if trained is None:
        return ""
    result, model = trained
    with full_disk_reported(job.work_folder):
        write_voice(result, model, job.work_folder, job.out.absolute())
    return result.figures.table()


def check_machine(recipe_name: str, recipe: Recipe, device: torch.device) -> None:
    """Check that this machine can train with a recipe, before a base is fetched.

    Raises:
        FinetuneError: the recipe needs a CUDA card that this machine does not have, or torch can't compute on its card.
    """
    check_card(recipe_name, recipe, torch.cuda.is_available())
    if device.type == "cuda":
        check_kernels(device)


def idle_cards(processes: int) -> str:
    """Return a note where this machine has more cards than are used; "" elsewhere."""
    cards = torch.cuda.device_count()
    if processes > 1 or cards < 2:
        return ""
    return (
        f"{cards} cards are here, and one of them is used. To use all, start the same command with: accelerate launch "
        "--multi_gpu -m finetune …"
    )


def train(job: TrainingJob, corpus: Corpus, base: Base, before: HeldOutLoss | None = None) -> Trained | None:
    """Train `base` on `corpus` as the job's recipe says, in the job's work folder, which is left there.

    Return the result, and the model with its best weights; None in all processes but the main one. `before` is the
    base's held-out loss where it is known; else it is measured. Changes `base.model`.

    Raises:
        FinetuneError: as `train_voice`, and where the loss is never a number.
    """
    recipe, work = job.recipe, job.work_folder
    state = PartialState(cpu=not torch.accelerator.is_available())
    opened = _open_work_folder(job, corpus, base, state.num_processes) if state.is_main_process else None
    precision: Precision = broadcast_object_list([opened])[0]

    data = prepare_data(corpus, base, recipe, state.num_processes)
    set_seed(recipe.seed)
    model = prepare_model(base.adapted or base.model, recipe)
    if recipe.weights != "fp32":
        halve_frozen(model, precision.dtype)
    trainer = VoiceTrainer(model, data, recipe, precision, base, work, job.report_to)
    checkpoint = last_checkpoint(work)
    before = before or _loss_before(work, trainer)
    if checkpoint and state.is_main_process:
        print_status(f"Going on from {checkpoint.name} in {work}.")
    trainer.run(checkpoint)
    best = best_weights(work)
    if best is None:
        raise FinetuneError("The loss is not a number. Lower the recipe's learning_rate, and start over with --fresh.")
    restore_tensors(model, best.load())
    seconds = trainer.progress.training_seconds or float("inf")
    after = trainer.measure(data.held_out)
    if not state.is_main_process:
        return None
    figures = TrainingFigures(
        split=data.split,
        before=before,
        after=after,
        leaked=corpus.leaked,
        validation_loss=best.loss,
        best_step=best.step,
        steps=trainer.state.global_step,
        target_tokens=data.target_tokens,
        seconds=round(trainer.progress.seconds, 1),
        target_tokens_per_second=round(trainer.tokens.targets / seconds, 1),
        tokens_per_second=round(trainer.tokens.all / seconds, 1),
    )
    device = device_name(trainer.args.device)
    return TrainingResult(base, corpus, job.recipe_name, recipe, precision, device, state.num_processes, figures), model


def _open_work_folder(job: TrainingJob, corpus: Corpus, base: Base, processes: int) -> Precision:
    """Make or take up the work folder, report what is trained and how, and return the precision."""
    recipe, work = job.recipe, job.work_folder
    plan = {
        "base": base.identity,
        "corpus": corpus.fingerprint,
        "recipe": asdict(recipe),
        "processes": processes,
    }
    begun = last_checkpoint(work) is not None
    claim_folder(work, plan, KIND, contents=work, begun=begun, fresh=job.fresh)
    delete_incomplete_checkpoints(work)
    precision = _stored_or_best_precision(work, recipe)
    if base.start:
        print_status(f"{base.start.how} {base.advice}".rstrip())
    print_status(f"base {base.name}, {precision.precision} ({precision.why}), recipe {job.recipe_name}:")
    print_status("  " + ", ".join(f"{key} {value}" for key, value in asdict(recipe).items()))
    if job.repeats is not None and (differs := _differences(job.repeats, plan, precision)):
        print_status(f"Not as in the voice that is repeated: {', '.join(differs)}. The losses will differ too.")
    if recipe.length > base.context_size:
        print_status(f"Rows are cut to {base.context_size} tokens, all that {base.name} has positions for.")
    write_json(work / PRECISION, asdict(precision))
    return precision


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


def _stored_or_best_precision(work: Path, recipe: Recipe) -> Precision:
    """Return the precision of the training that is resumed; else the best here, which a measurement may decide."""
    path = work / PRECISION
    return Precision(**read_json(path)) if path.is_file() else choose_precision(recipe.precision)


def _loss_before(work: Path, trainer: VoiceTrainer) -> HeldOutLoss:
    """Return the held-out loss of the base; measured once, because a new adapter changes nothing."""
    path, is_main = work / BEFORE, trainer.is_world_process_zero()
    stored = broadcast_object_list([read_json(path) if is_main and path.is_file() else None])[0]
    if stored is not None:
        return HeldOutLoss.from_json(stored)
    if is_main:
        print_status(f"Measuring the base on the {trainer.data.split} split …")
    loss = trainer.measure(trainer.data.held_out)
    if is_main:
        write_json(path, asdict(loss))
    return loss

"""The folders of a training: `OUT.partial`, in which everything is made, and the voice that it becomes.

OUT.partial/plan.json      base, corpus and recipe; the same command goes on here, another is refused
OUT.partial/checkpoints/   of the trainer, each with a mark when it is whole
OUT.partial/best-STEP/     the best weights so far, those that are trained
OUT.partial/before.json    the base's held-out figures
OUT.partial/arithmetic.json  what is computed in, for a repeat computes in the same
OUT.partial/log.jsonl      a line a step
OUT.partial/samples.*      turns that the voice wrote as it learned: samples.jsonl, and samples.md to read
OUT.partial/tensorboard/   the curves for TensorBoard, where it is installed
OUT.partial/voice/         the voice while it is written; renamed to OUT when it is complete
"""

import errno
import json
import re
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import PreTrainedModel

from finetune.errors import FinetuneError
from finetune.export.agreement import write_prompts
from finetune.models.base import open_base
from finetune.models.gguf_adapter import UnknownLayout, write_adapter
from finetune.models.gguf_convert import ConversionFailed, convert_base, save_model
from finetune.models.voice import VOICE
from finetune.training.disk import saving
from finetune.training.methods import over_original, restore, trainable
from finetune.training.trackers import copy_events
from finetune.training.voice_files import Made, serving, write_json, write_papers

LOG = "log.jsonl"
SAMPLES = "samples.jsonl"
SAMPLES_READ = "samples.md"
BOARD = "tensorboard"
WHOLE = "whole"
"""The file that marks a checkpoint which was written to its end."""
_FIGURES = "figures.json"
_WEIGHTS = "trained.safetensors"
_NO_ROOM = re.compile(rf"\[Errno ({errno.ENOSPC}|{errno.EDQUOT}|{errno.EFBIG})\]")
"""In the last words of a converter that could not write on."""


def check_place(out: Path, replace: bool) -> None:
    """Raises FinetuneError where something lies at `out` that must not be replaced."""
    if not out.exists():
        return
    if not (out / VOICE).is_file():
        raise FinetuneError(f"{out} is there already and is no voice. Name another place with --out.")
    if not replace:
        raise FinetuneError(f"{out} is a voice already. Give --replace to put the new one in its place.")


def open_work(work: Path, plan: Mapping[str, Any], fresh: bool) -> None:
    """Makes the work folder, or finds it again if it is this very plan's; FinetuneError if it is another's."""
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
        for checkpoint in work.glob("checkpoints/checkpoint-*"):
            if not (checkpoint / WHOLE).is_file():  # of no use, and maybe what a full disk lacks
                shutil.rmtree(checkpoint)
        return
    work.mkdir(parents=True, exist_ok=True)
    write_json(path, plan)


@dataclass(frozen=True, slots=True, order=True)
class Best:
    """The best weights that were kept."""

    loss: float
    """Of the validation split, nats a token."""
    step: int
    folder: Path


def best(work: Path) -> Best | None:
    """The best weights so far, if any were kept."""
    kept = []
    for path in work.glob(f"best-*/{_FIGURES}"):
        figures = json.loads(path.read_text(encoding="utf-8"))
        kept.append(Best(float(figures["validation_loss"]), int(figures["step"]), path.parent))
    return min(kept, default=None)


def load_best(kept: Best) -> dict[str, torch.Tensor]:
    """The tensors of `keep_if_best`, for `methods.restore`."""
    return load_file(kept.folder / _WEIGHTS)


def keep_if_best(work: Path, model: nn.Module, loss: float, step: int) -> bool:
    """Keeps what is trained of `model` in place of the best so far if its validation loss is lower; says whether."""
    earlier = best(work)
    if not loss < (earlier.loss if earlier else float("inf")):
        return False
    folder = work / f"best-{step}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with saving(work):
        save_file(trainable(model), folder / _WEIGHTS)
    write_json(folder / _FIGURES, {"step": step, "validation_loss": loss})  # last: it makes the folder count
    if earlier and earlier.folder != folder:
        shutil.rmtree(earlier.folder)
    return True


def last_checkpoint(work: Path) -> Path | None:
    """The latest checkpoint that is whole."""
    whole = [mark.parent for mark in work.glob(f"checkpoints/checkpoint-*/{WHOLE}")]
    return max(whole, key=lambda folder: int(folder.name.rpartition("-")[2]), default=None)


def finish(made: Made, model: PreTrainedModel | PeftModel, work: Path, out: Path) -> None:
    """Writes the voice inside the work folder and moves it into its place."""
    narrate("Writing the voice …")
    voice = work / "voice"
    shutil.rmtree(voice, ignore_errors=True)
    voice.mkdir()
    use = _write_weights(made, model, voice, out)
    for name in (LOG, SAMPLES, SAMPLES_READ):
        if (work / name).is_file():
            shutil.copyfile(work / name, voice / name)
    copy_events(work / BOARD, voice / BOARD)
    write_prompts(made.corpus, voice)
    write_papers(made, voice, out.name)
    old = work / "replaced"
    if out.exists():
        out.rename(old)
    voice.rename(out)
    shutil.rmtree(work)
    narrate(f"The voice is in {out}. {use}")


def _write_weights(made: Made, model: PreTrainedModel | PeftModel, voice: Path, out: Path) -> str:
    """The weights in all the forms that a voice has; says how to use it at `out`."""
    try:
        if isinstance(model, PeftModel):
            _write_adapter(made, model, voice)
        else:
            _write_whole(made, model, voice)
    except (ConversionFailed, UnknownLayout) as error:
        if full := _NO_ROOM.search(str(error)):  # which room would mend, so the training is not thrown away
            raise OSError(int(full[1]), str(error)) from error
        for name in ("base.gguf", "adapter.gguf"):
            (voice / name).unlink(missing_ok=True)
        return f"llama.cpp can't play this voice: {error}.\nServe it instead: {serving(made, str(out))}"
    return f"Play it: dungeon play --voice {shlex.quote(str(out))}"


def _write_adapter(made: Made, model: PeftModel, voice: Path) -> None:
    """The adapter as peft reads it and as llama.cpp does, over a base in GGUF; where it can't, the two merged."""
    base = made.base
    over_original(model)
    model.peft_config["default"].base_model_name_or_path = base.repo or base.name
    # save_embedding_layers: "auto" would ask the Hub about the base.
    model.save_pretrained(str(voice), save_embedding_layers=False)
    if made.recipe.dora:  # no GGUF holds its lengths
        plain = open_base(base.given)  # the one in memory has the adapter's layers in it, and may be in 16 bits
        merged: Any = PeftModel.from_pretrained(plain.model, str(voice))
        convert_base(replace(plain, model=merged.merge_and_unload()), voice / "base.gguf")
        return
    if base.gguf is None:
        convert_base(open_base(base.given), voice / "base.gguf")
    write_adapter(model, base.gguf or voice / "base.gguf", voice / "adapter.gguf")


def _write_whole(made: Made, model: PreTrainedModel, voice: Path) -> None:
    """A model folder, and the same as GGUF."""
    whole = open_base(made.base.given)  # in 32 bits, whatever its frozen part was held in
    restore(whole.model, trainable(model))
    save_model(whole.model, whole.tokenizer, voice)
    convert_base(whole, voice / "base.gguf")


def narrate(line: str) -> None:
    """Tells the user on stderr what happens."""
    print(line, file=sys.stderr, flush=True)

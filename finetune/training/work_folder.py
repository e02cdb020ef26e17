"""The work folder of a training, `OUT.partial`, in which everything is made until the voice is finished.

plan.json        base, corpus and recipe; the same command goes on here, another is refused
checkpoints/     the trainer's, each with a mark when it is complete
best-STEP/       the best weights so far, those that are trained
before.json      the base's held-out loss
arithmetic.json  the precision that was chosen, which a resumed training keeps
log.jsonl        a line per step
samples.*        turns that the voice generated as it learned: samples.jsonl, and samples.md to read
tensorboard/     the curves for TensorBoard, where it is installed
voice/           the voice while it is written; renamed to OUT when it is complete
"""

import errno
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from finetune.errors import FinetuneError, cause
from finetune.files import read_json, write_json
from finetune.recipe import current_keys
from finetune.training.job import PLAN, check_ours, other_plan
from finetune.training.methods import trainable_tensors

BEFORE = "before.json"
PRECISION = "arithmetic.json"
LOG = "log.jsonl"
SAMPLES = "samples.jsonl"
SAMPLES_PAGE = "samples.md"
TENSORBOARD = "tensorboard"
_FIGURES = "figures.json"
_WEIGHTS = "trained.safetensors"
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_TORCH_CANNOT_WRITE = ("PytorchStreamWriter", "inline_container", "iostream error")
"""What torch.save's messages hold when it can't write."""


def claim_folder(
    folder: Path, plan: Mapping[str, Any], kind: str, *, contents: Path, begun: bool, fresh: bool = False
) -> None:
    """Make a folder for a plan, or take up the one that holds this very plan.

    `contents` is deleted with `fresh`, and where it belongs to another plan and nothing came of that: `begun` says
    whether something did.

    Raises:
        FinetuneError: the folder holds something else than `kind` ("a report"), or begun work with another plan.
    """
    check_ours(folder, kind)
    path = folder / PLAN
    earlier = current_keys(read_json(path)) if path.is_file() else plan
    differs = [key for key in plan if earlier.get(key) != plan[key]]
    if differs and begun and not fresh:
        raise other_plan(folder, kind, differs)
    if (differs or fresh) and contents.exists():
        shutil.rmtree(contents)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(path, plan)


@contextmanager
def full_disk_reported(folder: Path) -> Iterator[None]:
    """Turn what is raised when nothing more can be written under `folder` into FinetuneError.

    Each library reports a full disk in its own way: Python by OSError, safetensors by an error of its own, torch by
    RuntimeError. What was complete before stays complete: checkpoints are marked when they are, all else is renamed
    into its place.
    """
    try:
        yield
    except (SafetensorError, OSError, RuntimeError) as error:
        if isinstance(error, OSError) and error.errno not in _DISK_FULL:
            raise
        if isinstance(error, RuntimeError) and not any(part in str(error) for part in _TORCH_CANNOT_WRITE):
            raise
        reason = (error.strerror if isinstance(error, OSError) else cause(error)[:200].rstrip(".")) or ""
        raise FinetuneError(
            f"{folder} can't be written to ({shutil.disk_usage(folder).free / 2**20:,.0f} MiB are free there): "
            f"{reason}. Make room and give the same command again; it goes on from the last complete checkpoint."
        ) from error


@dataclass(frozen=True, slots=True, order=True)
class BestWeights:
    """The weights with the lowest validation loss so far."""

    loss: float
    """Of the validation split, nats per token."""
    step: int
    folder: Path

    def load(self) -> dict[str, torch.Tensor]:
        """Return the trained tensors, for `methods.restore_tensors`."""
        return load_file(self.folder / _WEIGHTS)


def best_weights(work: Path) -> BestWeights | None:
    """Return the best weights so far, if any were kept."""
    kept = []
    for path in work.glob(f"best-*/{_FIGURES}"):
        figures = read_json(path)
        kept.append(BestWeights(float(figures["validation_loss"]), int(figures["step"]), path.parent))
    return min(kept, default=None)


def keep_if_best(work: Path, model: nn.Module, loss: float, step: int) -> None:
    """Keep what is trained of `model` in place of the best so far if its validation loss is lower."""
    earlier = best_weights(work)
    if not loss < (earlier.loss if earlier else float("inf")):
        return
    folder = work / f"best-{step}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with full_disk_reported(work):
        save_file(trainable_tensors(model), folder / _WEIGHTS)
    write_json(folder / _FIGURES, {"step": step, "validation_loss": loss})  # last: it makes the folder count
    if earlier and earlier.folder != folder:
        shutil.rmtree(earlier.folder)

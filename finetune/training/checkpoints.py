"""The checkpoints in a work folder. Light: nothing heavy is imported here."""

import shutil
from pathlib import Path

_COMPLETE = "whole"
"""The file that marks a checkpoint which was written to its end."""


def mark_complete(work: Path, step: int) -> None:
    """Mark the checkpoint of transformers' Trainer after its last byte."""
    (work / "checkpoints" / f"checkpoint-{step}" / _COMPLETE).touch()


def last_checkpoint(work: Path) -> Path | None:
    """Return the latest complete checkpoint."""
    complete = [mark.parent for mark in work.glob(f"checkpoints/checkpoint-*/{_COMPLETE}")]
    return max(complete, key=step_of, default=None)


def step_of(checkpoint: Path) -> int:
    """Return the number of steps after which a checkpoint was written."""
    return int(checkpoint.name.rpartition("-")[2])


def delete_incomplete_checkpoints(work: Path) -> None:
    """Delete what can't be resumed from, and is maybe what a full disk lacks."""
    for checkpoint in work.glob("checkpoints/checkpoint-*"):
        if not (checkpoint / _COMPLETE).is_file():
            shutil.rmtree(checkpoint)

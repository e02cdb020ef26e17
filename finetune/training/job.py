"""What a training is asked to do, and every check of it that needs no heavy import."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.errors import FinetuneError
from finetune.models.folders import is_voice
from finetune.recipe import Recipe


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """What to train, on what, and where the voice goes."""

    corpus: Path
    base: str
    out: Path
    recipe_name: str
    recipe: Recipe
    fresh: bool = False
    """Whether an unfinished training at `out` is thrown away."""
    replace: bool = False
    """Whether an earlier voice at `out` is replaced."""
    repeats: Mapping[str, Any] | None = None
    """`training.json` of the voice that is repeated; what differs from it is reported."""

    @property
    def work_folder(self) -> Path:
        """Where everything is made until the voice is finished."""
        out = self.out.absolute()
        return out.with_name(f"{out.name}.partial")

    def check(self) -> None:
        """Check the job before anything heavy is imported.

        Raises:
            FinetuneError: something at `out` must not be replaced.
        """
        out = self.out.absolute()
        if not out.exists():
            return
        if not is_voice(out):
            raise FinetuneError(f"{out} is there already and is not a voice. Name another place with --out.")
        if not self.replace:
            raise FinetuneError(f"{out} is a voice already. Give --replace to put the new one in its place.")

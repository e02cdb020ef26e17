"""What a training is asked to do, and every check of it that needs no heavy import."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from finetune.data.corpus_check import check_corpus
from finetune.errors import FinetuneError, cause
from finetune.files import read_json
from finetune.models.adapter_shape import goes_on_learning
from finetune.models.base_check import check_base, check_layers, check_prompt_format, read_layers
from finetune.models.card_driver import check_card, may_have_card
from finetune.models.folders import has_adapter, is_voice, read_training
from finetune.recipe import Recipe, current_keys
from finetune.training.boards import check_boards
from finetune.training.checkpoints import last_checkpoint, step_of

PLAN = "plan.json"
"""The file of a work folder, or a report's, that says what is made there."""

KIND = "an unfinished training"
"""What a work folder holds."""


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
    report_to: tuple[str, ...] = ()
    """Boards that get the figures: see `boards`."""

    @property
    def work_folder(self) -> Path:
        """Where everything is made until the voice is finished."""
        out = self.out.absolute()
        return out.with_name(f"{out.name}.partial")

    def check(self) -> None:
        """Check the job before anything heavy is imported, and before anything is written.

        Raises:
            FinetuneError: something at `out` must not be replaced, or nothing can be written there; or there is no such
                corpus, base or board, or the base or this machine lacks what the recipe needs.
        """
        out = self.out.absolute()
        if out.exists() and not is_voice(out):
            raise FinetuneError(f"{out} is there already and is not a voice. Name another place with --out.")
        if out.exists() and not self.replace:
            raise FinetuneError(f"{out} is a voice already. Give --replace to put the new one in its place.")
        check_writable(out)
        check_boards(self.report_to)
        check_card(self.recipe_name, self.recipe, may_have_card())
        check_corpus(self.corpus)
        check_base(self.base, self.recipe)
        check_prompt_format(self.base, self.recipe)
        if out.exists() and Path(self.base).expanduser().resolve() == out.resolve():
            self._check_own_base(out)
        if layers := read_layers(self.base):
            check_layers(self.recipe, layers)
        self._check_work_folder()

    def _check_own_base(self, out: Path) -> None:
        """Refuse to put a voice in the place of the one that it would be an adapter over."""
        if not (has_adapter(out) and goes_on_learning(self.recipe, read_training(out))):
            raise FinetuneError(f"The new voice would need {out}, whose place it takes. Name another with --out.")

    def _check_work_folder(self) -> None:
        """Refuse a work folder in which a training with another recipe was begun."""
        check_ours(self.work_folder, KIND)
        plan = self.work_folder / PLAN
        if self.fresh or not plan.is_file() or last_checkpoint(self.work_folder) is None:
            return
        if current_keys(read_json(plan)).get("recipe") != asdict(self.recipe):
            raise other_plan(self.work_folder, KIND, ["recipe"])

    def after_stop(self) -> str:
        """Return what the same command does once a training was stopped."""
        checkpoint = last_checkpoint(self.work_folder)
        if checkpoint is None:
            return "No step was finished; the same command starts over."
        return f"The same command goes on from step {step_of(checkpoint)}."


def check_ours(folder: Path, kind: str) -> None:
    """Check that a folder is new, empty, or made by this program, with a plan in it.

    Raises:
        FinetuneError: it holds something else than `kind`.
    """
    if folder.exists() and not (folder / PLAN).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise FinetuneError(f"{folder} is there already and is not {kind}. Move it away, or name another --out.")


def other_plan(folder: Path, kind: str, differs: Sequence[str]) -> FinetuneError:
    """Return the error for a folder that holds `kind` with another plan."""
    return FinetuneError(
        f"{folder} holds {kind} with another {' and another '.join(differs)}. "
        "Give --fresh to start over, or name another place with --out."
    )


def check_writable(out: Path) -> None:
    """Check that something can be made at `out`.

    Raises:
        FinetuneError: the folder that it would be made in is none, or can't be written to.
    """
    folder = out.absolute().parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise FinetuneError(f"{folder} is a file, so {out} can't be made in it. Name another place with --out.")
    try:
        with TemporaryDirectory(dir=folder):  # its permissions alone don't tell
            pass
    except OSError as error:
        reason = error.strerror or cause(error)
        raise FinetuneError(f"Nothing can be written to {folder}: {reason}. Name another place with --out.") from error

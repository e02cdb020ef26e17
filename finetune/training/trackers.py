"""The curves in TensorBoard and trackio, where they are installed; nothing of it leaves this machine. And in the boards
that the user names with --report-to, through transformers' own callbacks.

TensorBoard reads the folder `tensorboard` of the voice (`tensorboard --logdir VOICE`), during the training that of the
work folder. trackio keeps its runs in a folder of its own (`trackio show`). Both get figures and the recipe, and
TensorBoard the sample turns; no path and no name of this machine. That is why transformers' own callbacks don't take
their place: TensorBoard's names its files after the machine, writes the path of the training, shows again what an
interrupted run had written, and knows no samples; trackio's would publish a page. Where the user names trackio, its
own gives way.
"""

import contextlib
import copy
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerState
from transformers.integrations.integration_utils import get_reporting_integration_callbacks

from finetune.errors import FinetuneError, cause

PROJECT = "dungeon"
"""The project that trackio files the runs under."""
_UPLOAD_VARIABLES = ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL", "TRACKIO_WEBHOOK_URL")
"""Environment variables that make trackio send its figures away."""
_NAMES = {
    "loss": "train/loss",
    "grad_norm": "train/grad_norm",
    "learning_rate": "train/learning_rate",
    "eval_loss": "validation/loss",
}


class Trackers(TrainerCallback):
    """A callback that writes to the trackers that are installed."""

    def __init__(self, folder: Path, run: str, recipe: Mapping[str, Any], trackio: bool = True) -> None:
        """`trackio`: whether it gets the figures, where it is installed."""
        self.folder = folder
        self.run = run
        self.recipe = recipe
        self._with_trackio = trackio and not any(os.environ.get(name) for name in _UPLOAD_VARIABLES)
        self._tensorboard: Any = None
        self._trackio: Any = None

    def on_train_begin(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        if not state.is_world_process_zero:
            return
        if find_spec("tensorboard"):
            from torch.utils.tensorboard import SummaryWriter

            # What an interrupted run wrote after its last checkpoint is not shown.
            purge = state.global_step + 1 if state.global_step else None
            self._tensorboard = SummaryWriter(str(self.folder), purge_step=purge, filename_suffix=".run")
        if self._with_trackio and find_spec("trackio"):
            import trackio

            with contextlib.redirect_stdout(sys.stderr):  # its status lines; stdout is for figures
                trackio.init(
                    project=PROJECT,
                    name=self.run,
                    config=dict(self.recipe),
                    resume="allow" if state.global_step else "never",
                    embed=False,
                    auto_log_gpu=False,
                    auto_log_cpu=False,
                )
            self._trackio = trackio

    def on_log(
        self, args: Any, state: TrainerState, control: Any, logs: dict[str, float] | None = None, **kwargs: Any
    ) -> None:
        figures = {_NAMES[key]: value for key, value in (logs or {}).items() if key in _NAMES}
        if self._tensorboard is not None:
            for name, value in figures.items():
                self._tensorboard.add_scalar(name, value, state.global_step)
        if self._trackio is not None and figures:
            self._trackio.log(figures, step=state.global_step)

    def add_sample(self, step: int, prompt: str, text: str) -> None:
        """Add a turn that the voice has generated."""
        if self._tensorboard is not None:
            shown = "\n".join("    " + line for line in f"{prompt}\n{text}".splitlines())  # TensorBoard reads Markdown
            self._tensorboard.add_text("sample", shown, step)

    def close(self) -> None:
        """Write what is left."""
        if self._tensorboard is not None:
            self._tensorboard.close()
            self._tensorboard = None
        if self._trackio is not None:
            with contextlib.redirect_stdout(sys.stderr):
                self._trackio.finish()
            self._trackio = None


def board_callbacks(names: Iterable[str], recipe: Mapping[str, Any]) -> list[TrainerCallback]:
    """Return transformers' callbacks for the boards of those names; TensorBoard is always written (`Trackers`)."""
    return [_board_callback(name, recipe) for name in names if name != "tensorboard"]


def _board_callback(name: str, recipe: Mapping[str, Any]) -> TrainerCallback:
    [kind] = get_reporting_integration_callbacks([name])  # type: ignore[no-untyped-call]

    class Board(kind):  # type: ignore[misc, valid-type]
        """The integration, told of the recipe, not of arguments and of a model that hold paths of this machine."""

        def on_train_begin(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
            told = copy.copy(args)
            told.output_dir = Path(args.output_dir).name
            told.to_dict = lambda: dict(recipe)
            with _explained(name):
                super().on_train_begin(told, state, control, **{**kwargs, "model": None})

    with _explained(name):
        return Board()


@contextlib.contextmanager
def _explained(board: str) -> Iterator[None]:
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except Exception as error:  # of a library that we don't know: no key, no network, a setting
        raise FinetuneError(
            f"--report-to {board}: {cause(error).rstrip('.')}. Put that right, or leave it out."
        ) from error


def copy_events(source: Path, to: Path) -> None:
    """Copy what was written for TensorBoard, without the machine's name, which its files are named after."""
    for n, path in enumerate(sorted(source.glob("*tfevents*"))):
        to.mkdir(exist_ok=True)
        shutil.copyfile(path, to / f"events.out.tfevents.{n}")

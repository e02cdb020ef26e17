"""The boards that a training's figures can be sent to: those that transformers has an integration for.

    check_boards(("wandb",))        # before anything heavy is imported; `trackers.board_callbacks` makes them

Naming one is the user's word that figures may leave this machine; without it none does. What the board's own library
sends beside them (wandb: the machine's name, for one) is between the user and that library's settings.
"""

from collections.abc import Iterable
from importlib.util import find_spec

from corpus.extras import pip_line
from corpus.text import did_you_mean
from finetune.errors import FinetuneError

_PACKAGES = {
    **{
        name: (name, name)
        for name in "clearml codecarbon dagshub dvclive mlflow neptune swanlab tensorboard trackio wandb".split()
    },
    "azure_ml": ("azureml", "azureml-sdk"),
    "comet_ml": ("comet_ml", "comet-ml"),
    "flyte": ("flytekit", "flytekit"),
}
"""Of each board by transformers' name: what is imported, and what is installed."""
BOARDS = tuple(sorted(_PACKAGES))


def check_boards(names: Iterable[str]) -> None:
    """Check that there are such boards, and that their libraries are installed.

    Raises:
        FinetuneError: one of them is unknown or not installed.
    """
    for name in names:
        if name not in _PACKAGES:
            raise FinetuneError(
                f"--report-to: there is no board '{name}'.{did_you_mean(name, BOARDS)} There are {', '.join(BOARDS)}."
            )
        module, package = _PACKAGES[name]
        if not find_spec(module):
            raise FinetuneError(f"--report-to {name}: it is not installed. Install it with: {pip_line(package)}")

"""The curves for TensorBoard, trackio and the boards that the user names: the figures, and no path of this machine."""

import json
import shutil
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from transformers import TrainerControl, TrainerState, TrainingArguments
from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

from finetune.training.boards import BOARDS
from finetune.training.trackers import Trackers
from tests.finetune.conftest import QUICK, Run, Voices, logged, set_options


def test_the_losses_are_written_for_tensorboard(voices: Voices) -> None:
    """In a file whose name does not have the machine's."""
    voice, _ = voices["gpt2"]
    assert [path.name for path in (voice / "tensorboard").iterdir()] == ["events.out.tfevents.0"]
    events = EventAccumulator(str(voice / "tensorboard"))
    events.Reload()
    assert [event.value for event in events.Scalars("train/loss")] == pytest.approx(logged(voice, "loss"))
    assert [event.step for event in events.Scalars("validation/loss")] == [4, 8]


def test_trackio_gets_the_figures_and_never_publishes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If trackio is installed. It is not used if its environment variables would make it publish."""
    calls: list[Any] = []
    fake = ModuleType("trackio")
    fake.__spec__ = ModuleSpec("trackio", None)
    fake.init = lambda **named: calls.append(named) or print("* a project")  # type: ignore[attr-defined,func-returns-value]
    fake.log = lambda figures, step: calls.append((step, figures))  # type: ignore[attr-defined]
    fake.finish = lambda: calls.append("finished")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "trackio", fake)

    _train(Trackers(tmp_path / "tensorboard", "voice", {"rank": 16}))
    captured = capsys.readouterr()
    assert "* a project" in captured.err and captured.out == ""
    started, *figures, finished = calls
    assert (started["project"], started["name"], started["config"], finished) == (
        "dungeon",
        "voice",
        {"rank": 16},
        "finished",
    )
    assert not {"space_id", "server_url", "webhook_url", "bucket_id"} & started.keys()
    assert figures == [
        (1, {"train/loss": 2.0, "train/grad_norm": 1.0, "train/learning_rate": 0.1}),
        (1, {"validation/loss": 3.0}),
    ]
    calls.clear()
    monkeypatch.setenv("TRACKIO_SPACE_ID", "somebody/space")
    _train(Trackers(tmp_path / "tensorboard", "voice", {}))
    assert not calls


_WANDB = """
from types import SimpleNamespace

calls = []
run = None

class _Config(dict):
    def update(self, values, **options):
        super().update(values)

config = _Config()

def init(**options):
    global run
    calls.append(("init", options))
    print("wandb: tracking the run")
    run = SimpleNamespace(_label=lambda **named: None, summary={}, name=options.get("name"))

def log(figures):
    calls.append(("log", figures))
"""
_MLFLOW = """
from types import SimpleNamespace

__version__ = "3.0.0"
calls = []
_runs = []
utils = SimpleNamespace(validation=SimpleNamespace(MAX_PARAM_VAL_LENGTH=500, MAX_PARAMS_TAGS_PER_BATCH=100))
is_tracking_uri_set = lambda: True
get_tracking_uri = lambda: "here"
active_run = lambda: _runs[-1] if _runs else None
end_run = lambda: calls.append(("end",))

def start_run(**options):
    if options["run_name"] == "refused":
        raise RuntimeError("The server wants a password.")
    calls.append(("init", options))
    _runs.append(SimpleNamespace(info=SimpleNamespace(run_id=1)))

def log_params(values, **options):
    calls.append(("params", values))

def log_metrics(metrics, step, **options):
    calls.append(("log", {**metrics, "step": step}))
"""


@pytest.fixture
def boards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stand-ins for wandb and mlflow, which keep what they are told."""
    for name, source in (("wandb", _WANDB), ("mlflow", _MLFLOW)):
        (tmp_path / "boards" / name).mkdir(parents=True)
        (tmp_path / "boards" / name / "__init__.py").write_text(source)
    library = tmp_path / "boards" / "wandb" / "sdk" / "lib"
    library.mkdir(parents=True)
    (library / "config_util.py").write_text("class ConfigError(Exception): pass\n")
    monkeypatch.syspath_prepend(tmp_path / "boards")
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] in ("wandb", "mlflow")]:
        del sys.modules[name]


@pytest.mark.usefixtures("boards", "no_conversion")
def test_the_boards_that_the_user_names_get_the_figures(
    run: Run, corpus: Path, bases: dict[str, Path], tmp_path: Path
) -> None:
    """Under transformers' own names, with the recipe, without a path; and without the option they are not imported."""
    voice = tmp_path / "voice"
    arguments = ("--corpus", corpus, "--base", bases["gpt2"], "--out", voice, *QUICK, *set_options("max_steps=4"))
    assert run(*arguments).exit_code == 0
    assert not {"wandb", "mlflow"} & sys.modules.keys()
    shutil.rmtree(voice)
    result = run(*arguments, "--report-to", "wandb", "--report-to", "mlflow")
    assert result.exit_code == 0, result.output
    wandb, mlflow = sys.modules["wandb"], sys.modules["mlflow"]
    for kept in (wandb, mlflow):
        figures = [call[1] for call in kept.calls if call[0] == "log"]
        loss, validation = ("train/loss", "eval/loss") if kept is wandb else ("loss", "eval_loss")
        assert [each[loss] for each in figures if loss in each] == pytest.approx(logged(voice, "loss"))
        assert [each[validation] for each in figures if validation in each] == logged(voice, "validation_loss")
        assert str(tmp_path) not in json.dumps([kept.calls, dict(getattr(kept, "config", {}))], default=str)
    assert wandb.calls[0] == ("init", {"project": "huggingface", "name": "voice"})
    assert wandb.config["rank"] == 16 and ("end",) in mlflow.calls
    assert "wandb: tracking the run" in result.stderr and "wandb" not in result.stdout
    assert (voice / "tensorboard").is_dir()


@pytest.mark.usefixtures("boards", "no_conversion")
def test_a_board_that_refuses_is_an_error(run: Run, corpus: Path, bases: dict[str, Path], tmp_path: Path) -> None:
    arguments = ("--corpus", corpus, "--base", bases["gpt2"], "--out", tmp_path / "refused", *QUICK)
    result = run(*arguments, "--report-to", "mlflow")
    assert result.exit_code == 2 and "Traceback" not in result.stderr
    assert "--report-to mlflow: The server wants a password. Put that right, or leave it out." in result.stderr


def test_all_boards_of_transformers_are_offered() -> None:
    """But the one that its own launcher turns on."""
    assert {*BOARDS} == INTEGRATION_TO_CALLBACK.keys() - {"kubeflow"}


def _train(trackers: Trackers) -> None:
    """The calls of a training of one step."""
    arguments = TrainingArguments(use_cpu=not torch.accelerator.is_available(), report_to=[])
    state = TrainerState(global_step=0, is_world_process_zero=True)
    trackers.on_train_begin(arguments, state, TrainerControl())
    state.global_step = 1
    for logs in ({"loss": 2.0, "grad_norm": 1.0, "learning_rate": 0.1, "epoch": 1.0}, {"eval_loss": 3.0}):
        trackers.on_log(arguments, state, TrainerControl(), logs)
    trackers.close()

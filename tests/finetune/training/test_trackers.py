"""The curves for TensorBoard and trackio: the figures of the log, and no name or path of this machine."""

import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from transformers import TrainerControl, TrainerState, TrainingArguments

from finetune.training.trackers import Trackers
from tests.finetune.conftest import Voices, logged


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


def _train(trackers: Trackers) -> None:
    """The calls of a training of one step."""
    arguments = TrainingArguments(use_cpu=not torch.accelerator.is_available(), report_to=[])
    state = TrainerState(global_step=0, is_world_process_zero=True)
    trackers.on_train_begin(arguments, state, TrainerControl())
    state.global_step = 1
    for logs in ({"loss": 2.0, "grad_norm": 1.0, "learning_rate": 0.1, "epoch": 1.0}, {"eval_loss": 3.0}):
        trackers.on_log(arguments, state, TrainerControl(), logs)
    trackers.close()

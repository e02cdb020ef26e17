"""A training that is killed, stopped, or out of disk space: the folder stays whole, and it is resumed bit for bit."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import Result
from safetensors.torch import load_file

from finetune.training import trainer
from finetune.training.checkpoints import last_checkpoint
from tests.finetune.conftest import QUICK, Run, set_options

pytestmark = pytest.mark.usefixtures("no_conversion")
Train = Callable[..., Result]
_STOPS = pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])


@pytest.fixture
def train(run: Run, bases: dict[str, Path], corpus: Path) -> Train:
    """Trains a tiny GPT-2 for seconds, with these changes of the recipe, into a folder."""

    def call(out: Path, *changes: str, options: tuple[str, ...] = ()) -> Result:
        recipe = (*QUICK, *set_options(*changes), *options)
        return run("--corpus", corpus, "--base", bases["gpt2"], *recipe, "--out", out)

    return call


def test_a_killed_training_is_resumed_bit_for_bit(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run
) -> None:
    """In the middle of an epoch, with dropout, samples and accumulation."""
    changes = ("epochs=4", "save_every=2", "dropout=0.1", "batch=4", "accumulate=4", "samples=1")
    options = ["--corpus", str(corpus), "--base", str(bases["gpt2"]), *QUICK, *set_options(*changes)]
    out = tmp_path / "voice"
    _kill_at_line("step 4/8", [*options, "--out", str(out)])
    assert not out.exists()
    checkpoint = last_checkpoint(tmp_path / "voice.partial")
    assert checkpoint is not None

    other = run(*options, "--out", out, *set_options("rank=3"))
    assert other.exit_code == 2 and "recipe" in other.stderr and "--fresh" in other.stderr
    result = run(*options, "--out", out)
    assert result.exit_code == 0, result.output
    assert f"Going on from {checkpoint.name}" in result.stderr

    whole = tmp_path / "whole"
    assert run(*options, "--out", whole).exit_code == 0
    assert _log(out) == _log(whole)
    assert [entry["step"] for entry in _log(out) if "loss" in entry] == list(range(1, 9))
    resumed, uninterrupted = (load_file(folder / "adapter_model.safetensors") for folder in (out, whole))
    assert all(torch.equal(resumed[name], uninterrupted[name]) for name in uninterrupted)
    assert (out / "samples.jsonl").read_text() == (whole / "samples.jsonl").read_text()


@_STOPS
def test_a_stopped_training_prints_how_to_resume(
    stop: signal.Signals, tmp_path: Path, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, changes = tmp_path / "voice", ("max_steps=2", "save_every=1")
    with monkeypatch.context() as patch:
        patch.setattr(trainer, "keep_if_best", lambda *_: os.kill(os.getpid(), stop))
        stopped = train(out, *changes)
    assert stopped.exit_code == 130
    assert "The same command goes on from step 2." in stopped.stderr.strip().splitlines()[-1]
    assert "Traceback" not in stopped.stderr
    fresh = train(out, *changes, options=("--fresh",))
    assert fresh.exit_code == 0, fresh.output
    assert "Going on" not in fresh.stderr


@_STOPS
def test_a_training_that_is_stopped_before_its_first_checkpoint_saves_its_step(
    stop: signal.Signals, tmp_path: Path, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, changes = tmp_path / "voice", ("save_every=1000", "dropout=0.1")
    step = trainer.VoiceTrainer.training_step
    with monkeypatch.context() as patch:
        steps: list[Any] = []

        def stopped_in_the_third(self: trainer.VoiceTrainer, *given: Any, **named: Any) -> torch.Tensor:
            steps.append(given)
            if len(steps) == 3:
                os.kill(os.getpid(), stop)
            return step(self, *given, **named)

        patch.setattr(trainer.VoiceTrainer, "training_step", stopped_in_the_third)
        stopped = train(out, *changes)
    assert stopped.exit_code == 130, stopped.output
    assert "Stopping after this step, which is saved." in stopped.stderr
    assert stopped.stderr.strip().splitlines()[-1] == "Stopped. The same command goes on from step 3."
    resumed = train(out, *changes)
    assert resumed.exit_code == 0 and "Going on from checkpoint-3" in resumed.stderr, resumed.output
    assert train(tmp_path / "whole", *changes).exit_code == 0
    assert _log(out) == _log(tmp_path / "whole")
    seconds = [json.loads(line)["seconds"] for line in (out / "log.jsonl").read_text().splitlines()]
    assert seconds == sorted(seconds), "those of the first part count"


def test_a_second_signal_stops_at_once(tmp_path: Path, train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    def impatient(*given: Any, **named: Any) -> None:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(trainer.VoiceTrainer, "training_step", impatient)
    stopped = train(tmp_path / "voice")
    assert stopped.exit_code == 130, stopped.output
    assert stopped.stderr.strip().splitlines()[-1] == "Stopped. No step was finished; the same command starts over."
    assert last_checkpoint(tmp_path / "voice.partial") is None


@pytest.mark.parametrize(("name", "change"), [("llama", "init=pissa"), ("gpt2", "method=full")])
def test_other_methods_are_resumed_to_the_same_voice(
    name: str,
    change: str,
    tmp_path: Path,
    bases: dict[str, Path],
    corpus: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changes = ("max_steps=4", "save_every=2", "evaluate_every=4", "samples=0", "length=64", "precision=fp32", change)
    options = ("--corpus", corpus, "--base", bases[name], *set_options(*changes), "--out")
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert run(*options, whole).exit_code == 0

    def stop(*given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "keep_if_best", stop)  # at step 4, after the checkpoint of 2
        assert run(*options, parts).exit_code == 130
    resumed = run(*options, parts)
    assert resumed.exit_code == 0 and "Going on from checkpoint-2" in resumed.stderr, resumed.output
    names = {path.name for path in whole.glob("*.safetensors")}
    assert names and names == {path.name for path in parts.glob("*.safetensors")}
    for file in names:
        first, again = load_file(whole / file), load_file(parts / file)
        assert first.keys() == again.keys()
        for key, value in first.items():
            torch.testing.assert_close(value, again[key], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("limit", "fails"),
    [
        (200_000, "the optimizer's state, by torch"),
        (100_000, "the weights, by safetensors"),
        (100, "the log, by Python"),
    ],
)
def test_a_full_disk_loses_only_the_steps_since_the_checkpoint(
    limit: int, fails: str, tmp_path: Path, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the first checkpoint on no file can grow larger than so many bytes."""
    work = tmp_path / "voice.partial"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    mark_complete = trainer.mark_complete

    def fill(*arguments: Any) -> None:
        mark_complete(*arguments)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "mark_complete", fill)
        try:
            failed = train(tmp_path / "voice", "save_every=3")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert failed.exit_code == 2, failed.output
    last = failed.stderr.strip().splitlines()[-1]
    assert last.startswith(f"Error: {work} can't be written to") and "Make room" in last
    checkpoint = last_checkpoint(work)
    assert checkpoint is not None and checkpoint.name == "checkpoint-3"
    result = train(tmp_path / "voice", "save_every=3")
    assert result.exit_code == 0, result.output
    assert "Going on from checkpoint-3" in result.stderr


def _log(voice: Path) -> list[dict[str, Any]]:
    """The log of each step, without the seconds, which differ each time."""
    entries = [json.loads(line) for line in (voice / "log.jsonl").read_text().splitlines()]
    return [{key: value for key, value in entry.items() if key != "seconds"} for entry in entries]


def _kill_at_line(line: str, options: list[str]) -> None:
    """Run a training as a process, and kill it when it prints `line`."""
    command = [sys.executable, "-m", "finetune", *options]
    process: Any = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    printed = []
    with process:
        for text in process.stderr:
            printed.append(text)
            if text.startswith(line):
                process.kill()
    assert process.returncode == -signal.SIGKILL, "".join(printed)

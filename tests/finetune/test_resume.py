"""Training that is cut off: killed, stopped, on a full disk. What is whole stays whole, and it goes on bit for bit."""

import json
import resource
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import Result
from safetensors.torch import load_file

from finetune.training import trainer
from finetune.training.work_folder import last_checkpoint

Run = Callable[..., Result]
Command = Callable[..., list[str]]


def test_what_was_killed_goes_on_bit_for_bit(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run, command: Command, quick: tuple[str, ...]
) -> None:
    """In the middle of an epoch, with dropout, samples and accumulation."""
    changes = ("max_steps=20", "epochs=4", "save_every=4", "dropout=0.1", "batch=4", "accumulate=4", "samples=1")
    options = ["--corpus", corpus, "--base", bases["gpt2"], *quick, *_set(*changes)]
    out = tmp_path / "voice"
    _until(command(*options, "--out", out), "step 10/20", signal.SIGKILL)
    assert not out.exists()
    checkpoint = last_checkpoint(tmp_path / "voice.partial")
    assert checkpoint is not None

    other = run(*options, "--out", out, "--set", "rank=3")
    assert other.exit_code == 2 and "recipe" in other.stderr and "--fresh" in other.stderr
    done = run(*options, "--out", out)
    assert done.exit_code == 0, done.output
    assert f"Going on from {checkpoint.name}" in done.stderr

    whole = tmp_path / "whole"
    assert run(*options, "--out", whole).exit_code == 0
    assert _log(out) == _log(whole)
    assert [entry["step"] for entry in _log(out) if "loss" in entry] == list(range(1, 21))
    resumed, uninterrupted = (load_file(folder / "adapter_model.safetensors") for folder in (out, whole))
    assert all(torch.equal(resumed[name], uninterrupted[name]) for name in uninterrupted)
    assert (out / "samples.jsonl").read_text() == (whole / "samples.jsonl").read_text()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_stopping_says_how_to_go_on(
    stop: signal.Signals,
    tmp_path: Path,
    bases: dict[str, Path],
    corpus: Path,
    run: Run,
    command: Command,
    quick: tuple[str, ...],
) -> None:
    out = tmp_path / "voice"
    options = ("--corpus", corpus, "--base", bases["gpt2"], *quick, "--out", out)
    code, said = _until(command(*options, *_set("max_steps=500", "epochs=500")), "step 50/500", stop)
    assert code == 130
    assert said.strip().splitlines()[-1] == "Stopped. The same command goes on from the last checkpoint."
    assert "Traceback" not in said
    fresh = run(*options, "--fresh", *_set("max_steps=1"))
    assert fresh.exit_code == 0, fresh.output
    assert "Going on" not in fresh.stderr


@pytest.mark.parametrize(
    ("limit", "fails"),
    [
        (200_000, "the optimizer's state, by torch"),
        (100_000, "the weights, by safetensors"),
        (100, "the log, by Python"),
    ],
)
def test_a_full_disk_costs_nothing_but_the_last_steps(
    limit: int,
    fails: str,
    tmp_path: Path,
    bases: dict[str, Path],
    corpus: Path,
    run: Run,
    quick: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From the first checkpoint on no file can grow larger than so many bytes."""
    work = tmp_path / "voice.partial"
    options = ["--corpus", corpus, "--base", bases["gpt2"], *quick, *_set("save_every=3"), "--out", tmp_path / "voice"]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    mark = trainer._MarkWhole.on_save

    def fill(*arguments: Any, **named: Any) -> None:
        mark(*arguments, **named)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))

    with monkeypatch.context() as patch:
        patch.setattr(trainer._MarkWhole, "on_save", fill)
        try:
            failed = run(*options)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert failed.exit_code == 2, failed.output
    said = failed.stderr.strip().splitlines()[-1]
    assert said.startswith(f"Error: {work} can't be written to") and "Make room" in said
    checkpoint = last_checkpoint(work)
    assert checkpoint is not None and checkpoint.name == "checkpoint-3"
    done = run(*options)
    assert done.exit_code == 0, done.output
    assert "Going on from checkpoint-3" in done.stderr


def _set(*changes: str) -> list[str]:
    return [word for change in changes for word in ("--set", change)]


def _log(voice: Path) -> list[dict[str, Any]]:
    """What was logged of each step; the clock is another one each time."""
    entries = [json.loads(line) for line in (voice / "log.jsonl").read_text().splitlines()]
    return [{key: value for key, value in entry.items() if key != "seconds"} for entry in entries]


def _until(arguments: list[str], line: str, stop: signal.Signals) -> tuple[int, str]:
    """Runs a command until it says `line`, stops it, and returns its exit code and all it said on stderr."""
    process: Any = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    with process:
        said = []
        for text in process.stderr:
            said.append(text)
            if text.startswith(line):
                process.send_signal(stop)
                break
        said += process.stderr.readlines()
    assert any(text.startswith(line) for text in said), "".join(said)
    return process.returncode, "".join(said)

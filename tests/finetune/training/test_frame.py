"""Tuning in a chat frame: the loss of the replies falls, and everything that goes with the voice knows of the frame."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from corpus.chat_frame import INSTRUCT_SAMPLING
from tests.finetune.conftest import Run, logged, refuse_conversion, set_options

OPTIONS = set_options(
    "prompt_format=frame", "max_steps=12", "length=640", "learning_rate=0.02", "precision=fp32", "evaluate_every=6",
    "samples=1", "batch=2",
)  # fmt: skip


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory, chat_base: Path, corpus: Path, run: Run) -> tuple[Path, Result]:
    out = tmp_path_factory.mktemp("voices") / "framed"
    with pytest.MonkeyPatch.context() as patch:
        refuse_conversion(patch)
        return out, run("--corpus", corpus, "--base", chat_base, "--out", out, *OPTIONS)


def read(voice: Path, name: str = "training.json") -> Any:
    return json.loads((voice / name).read_text())


def test_the_loss_of_the_replies_falls(tuned: tuple[Path, Result]) -> None:
    voice, result = tuned
    assert result.exit_code == 0, result.output
    figures = read(voice)["figures"]
    assert figures["after"]["nats_per_token"] < figures["before"]["nats_per_token"] - 0.3
    losses = logged(voice, "loss")
    assert losses[-1] < losses[0] - 0.3
    samples = [json.loads(line) for line in (voice / "samples.jsonl").read_text().splitlines()]
    assert samples and all(sample["prompt"].endswith("> You go on.\n") for sample in samples)


def test_the_voice_says_how_it_is_played(tuned: tuple[Path, Result]) -> None:
    voice, _ = tuned
    entry = read(voice, "voice.json")
    assert entry["prompt_format"] == "frame" and entry["sampling"] == INSTRUCT_SAMPLING and entry["context"] == 1024
    assert read(voice)["recipe"]["prompt_format"] == "frame"
    assert "was tuned in" in (voice / "README.md").read_text() and "chat frame" in (voice / "README.md").read_text()

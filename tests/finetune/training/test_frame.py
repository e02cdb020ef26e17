"""Tuning in a chat frame: the loss of the replies falls, and everything that goes with the voice knows of the frame."""

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import Result
from transformers import AutoTokenizer

from corpus.chat_frame import INSTRUCT_SAMPLING
from dungeon.storyteller.sampling import Sampling
from finetune.models.voice import open_voice
from tests.finetune.conftest import CHATML_TEMPLATE, Run, logged, refuse_conversion, set_options

OPTIONS = set_options(
    "max_steps=16", "length=640", "learning_rate=0.01", "precision=fp32", "evaluate_every=8", "samples=1", "batch=2"
)
FRAME = set_options("prompt_format=frame")
Tuned = tuple[Path, Result]


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory, chat_base: Path, corpus: Path, run: Run) -> Tuned:
    out = tmp_path_factory.mktemp("voices") / "framed"
    with pytest.MonkeyPatch.context() as patch:
        refuse_conversion(patch)
        return out, run("--corpus", corpus, "--base", chat_base, "--out", out, *OPTIONS, *FRAME)


def read(voice: Path, name: str = "training.json") -> Any:
    return json.loads((voice / name).read_text())


def test_the_loss_of_the_replies_falls(tuned: Tuned) -> None:
    voice, result = tuned
    assert result.exit_code == 0, result.output
    figures = read(voice)["figures"]
    assert figures["after"]["nats_per_token"] < figures["before"]["nats_per_token"] - 0.05
    losses = logged(voice, "loss")
    assert losses[-1] < losses[0] - 0.05


def test_the_samples_are_asked_in_the_frame(tuned: Tuned, monkeypatch: pytest.MonkeyPatch) -> None:
    voice, _ = tuned
    samples = [json.loads(line) for line in (voice / "samples.jsonl").read_text().splitlines()]
    assert len(samples) > 1 and all(sample["prompt"].endswith("> You go on.\n") for sample in samples)
    opened = open_voice(voice)
    asked = opened.tokenizer.decode(opened.encoder().prompt_ids(samples[0]["prompt"]))
    assert asked.startswith("<|im_start|>system\nYou are the narrator")
    assert asked.endswith("user\n> You go on.<|im_end|>\n<|im_start|>assistant\n")


def test_the_voice_says_how_it_is_played(tuned: Tuned) -> None:
    voice, _ = tuned
    entry = read(voice, "voice.json")
    assert entry["prompt_format"] == "frame" and entry["context"] == 1024
    # As the game plays an instruct model of which nothing is known.
    assert entry["sampling"] == INSTRUCT_SAMPLING and msgspec.convert(entry["sampling"], Sampling)
    assert read(voice)["recipe"]["prompt_format"] == "frame"
    assert "It was tuned in the base's own chat frame" in (voice / "README.md").read_text()


def test_a_base_without_a_template_is_refused_before_anything_is_trained(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run
) -> None:
    result = run("--corpus", corpus, "--base", bases["llama"], "--out", tmp_path / "voice", *OPTIONS, *FRAME)
    assert result.exit_code == 2 and "tiny-llama has no chat template" in result.stderr, result.output
    assert "Take --set prompt_format=tale" in result.stderr and not list(tmp_path.rglob("log.jsonl"))


@pytest.mark.usefixtures("no_conversion")
def test_a_voice_goes_on_in_its_own_format_only(tuned: Tuned, tmp_path: Path, corpus: Path, run: Run) -> None:
    voice = shutil.copytree(tuned[0], tmp_path / "voice")
    settings = read(voice, "voice.json")
    settings["sampling"]["temperature"] = 0.7
    (voice / "voice.json").write_text(json.dumps(settings))
    out = tmp_path / "second"
    refused = run("--corpus", corpus, "--base", voice, "--out", out, *OPTIONS)
    assert refused.exit_code == 2 and "Take --set prompt_format=frame" in refused.stderr, refused.output
    assert not list(tmp_path.glob("second*"))
    result = run("--corpus", corpus, "--base", voice, "--out", out, *OPTIONS, *FRAME, *set_options("max_steps=2"))
    assert result.exit_code == 0 and "whose adapter goes on" in result.stderr, result.output
    before, after = read(out)["figures"]["before"], read(voice)["figures"]["after"]
    assert before["nats"] == pytest.approx(after["nats"], rel=1e-6)
    assert read(out, "voice.json")["sampling"]["temperature"] == 0.7
    settings["prompt_format"] = "tale"
    (voice / "voice.json").write_text(json.dumps(settings))
    refused = run("--corpus", corpus, "--base", voice, "--out", tmp_path / "third", *OPTIONS, *FRAME)
    assert refused.exit_code == 2 and "was tuned with prompt_format tale" in refused.stderr, refused.output


def test_it_is_compared_with_its_base_in_the_frame(
    tuned: Tuned, tmp_path: Path, chat_base: Path, corpus: Path, run: Run
) -> None:
    """On the replies of the same text, and better than it."""
    file, words = tmp_path / "found.json", ("--turns", 2, "--tokens", 8, "--json", tmp_path / "found.json")
    result = run("evaluate", tuned[0], chat_base, "--corpus", corpus, *words)
    assert result.exit_code == 0, result.output
    voice, base, _ = json.loads(file.read_text())["columns"]
    figures = read(tuned[0])["figures"]["after"]
    assert voice["loss"]["utf8_bytes"] == base["loss"]["utf8_bytes"] == figures["utf8_bytes"]
    assert voice["loss"]["tokens"] == base["loss"]["tokens"] == figures["tokens"]
    assert voice["loss"]["nats"] < base["loss"]["nats"]


def test_its_export_is_a_chat_model(tuned: Tuned, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "merged"
    result = run("export", tuned[0], "--to", "merged", "--out", out)
    assert result.exit_code == 0 and "export against voice" in result.output, result.output
    assert AutoTokenizer.from_pretrained(out).chat_template == CHATML_TEMPLATE

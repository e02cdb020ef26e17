"""Training: the loss falls, a voice comes out, what was cut off goes on, and nothing is overwritten by accident."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import Result
from huggingface_hub import ModelCard
from safetensors.torch import load_file

Run = Callable[..., Result]
Command = Callable[..., list[str]]
ARCHITECTURES = ["gpt2", "llama"]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_training_lowers_the_held_out_loss(name: str, voices: dict[str, tuple[Path, Result]]) -> None:
    voice, result = voices[name]
    assert result.exit_code == 0, result.output
    figures = json.loads((voice / "training.json").read_text())["figures"]
    assert figures["after"]["nats_per_token"] < figures["before"]["nats_per_token"] - 0.05
    assert figures["before"]["nats_per_token"] == pytest.approx(6.4, abs=0.4)  # ln 600: it knew nothing
    assert figures["split"] == "test"
    assert "nats a token" in result.stdout and "bits a byte" in result.stdout
    assert f"{figures['after']['bits_per_byte']:.3f}" in result.stdout
    assert "learning_rate 0.02" in result.stderr and "step 8/8" in result.stderr


def test_every_linear_layer_but_the_head_is_adapted(voices: dict[str, tuple[Path, Result]]) -> None:
    adapted = {
        name: {key.split(".lora_")[0].rsplit(".", 1)[1] for key in load_file(voice / "adapter_model.safetensors")}
        for name, (voice, _) in voices.items()
    }
    assert adapted["gpt2"] == {"c_attn", "c_proj", "c_fc"}
    assert adapted["llama"] == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_papers_of_a_voice(name: str, voices: dict[str, tuple[Path, Result]]) -> None:
    """A tokenizer that llama.cpp doesn't know: the voice is finished without GGUF, and says so."""
    voice, result = voices[name]
    assert json.loads((voice / "voice.json").read_text()) == {
        "format": 1,
        "name": f"voice-{name}",
        "base": {"name": f"tiny-{name}", "file": None, "sha256": "", "license": "mit"},
        "adapter": None,
        "context": 128,
        "sampling": {},
    }
    assert "llama.cpp can't play this voice" in result.stderr and "transformers serve" in result.stderr
    assert {path.name for path in voice.iterdir()} == {
        "README.md",
        "adapter_config.json",
        "adapter_model.safetensors",
        "log.jsonl",
        "training.json",
        "voice.json",
    }
    training = json.loads((voice / "training.json").read_text())
    assert training["recipe"]["learning_rate"] == 0.02 and training["recipe"]["name"] == "laptop"
    assert training["versions"]["torch"] == torch.__version__
    steps = [json.loads(line) for line in (voice / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in steps if "loss" in line] == list(range(1, 9))
    assert any("validation_loss" in line for line in steps)


def test_the_model_card(voices: dict[str, tuple[Path, Result]]) -> None:
    card = ModelCard.load(voices["gpt2"][0] / "README.md")
    assert card.data.license == "mit" and card.data.library_name == "peft"
    assert "CC\\-BY\\-4.0 | 9" in card.text
    assert "A \\*Bold\\* \\[Tale\\] \\# Really" in card.text  # a title is data, not markup
    assert "| rank | 16 |" in card.text


def test_an_earlier_voice_is_replaced_only_when_asked(
    tmp_path: Path, bases: dict[str, Path], write_corpus: Callable[..., Path], run: Run, quick: tuple[str, ...]
) -> None:
    corpus = write_corpus(tmp_path / "corpus", test=False)
    out = tmp_path / "voice"
    arguments = ("--corpus", corpus, "--base", bases["gpt2"], "--out", out, *quick, "--set", "max_steps=1")
    out.mkdir()
    (out / "diary.txt").write_text("mine")
    refused = run(*arguments, "--replace")
    assert refused.exit_code == 2 and "is no voice" in refused.stderr
    assert (out / "diary.txt").read_text() == "mine"
    (out / "diary.txt").rename(out / "voice.json")
    refused = run(*arguments)
    assert refused.exit_code == 2 and "--replace" in refused.stderr
    assert (out / "voice.json").read_text() == "mine"
    done = run(*arguments, "--replace")
    assert done.exit_code == 0, done.output
    assert "validation" in done.stdout  # there was no test split
    assert json.loads((out / "voice.json").read_text())["name"] == "voice"
    assert not list(tmp_path.glob("voice.*"))


def test_a_killed_training_goes_on_where_it_was(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run, command: Command, quick: tuple[str, ...]
) -> None:
    options = ("--corpus", corpus, "--base", bases["gpt2"], *quick, "--set", "max_steps=20", "--set", "save_every=1")
    out = tmp_path / "voice"
    _until(command(*options, "--out", out), "step 6/20", signal.SIGKILL)
    assert not out.exists()

    other = run(*options, "--out", out, "--set", "rank=3")
    assert other.exit_code == 2 and "recipe" in other.stderr and "--fresh" in other.stderr
    done = run(*options, "--out", out)
    assert done.exit_code == 0, done.output
    assert "Going on from checkpoint-" in done.stderr
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == list(range(1, 21))

    # Nothing was lost: the adapter is the one of a training that was left alone.
    assert run(*options, "--out", tmp_path / "whole").exit_code == 0
    resumed, whole = (load_file(tmp_path / name / "adapter_model.safetensors") for name in ("voice", "whole"))
    for key in whole:
        torch.testing.assert_close(resumed[key], whole[key], rtol=1e-3, atol=1e-4)


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
    code, said = _until(command(*options, "--set", "max_steps=500", "--set", "epochs=500"), "step 50/500", stop)
    assert code == 130
    assert said.strip().splitlines()[-1] == "Stopped. The same command goes on from the last checkpoint."
    assert "Traceback" not in said
    fresh = run(*options, "--fresh", "--set", "max_steps=1")
    assert fresh.exit_code == 0, fresh.output
    assert "Going on" not in fresh.stderr


def test_two_processes_share_the_work(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, quick: tuple[str, ...]
) -> None:
    out = tmp_path / "voice"
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "-m", "finetune"]
    options = ["--corpus", str(corpus), "--base", str(bases["llama"]), "--out", str(out), *quick]
    done = subprocess.run([*launch, *options], capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("nats a token") == 1
    training = json.loads((out / "training.json").read_text())
    assert training["processes"] == 2
    assert training["figures"]["after"]["nats_per_token"] < training["figures"]["before"]["nats_per_token"] - 0.05


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

"""Training: the loss falls, a voice comes out, what was cut off goes on, and nothing is overwritten by accident."""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from click.testing import Result
from huggingface_hub import ModelCard
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from transformers.models.gpt2.modeling_gpt2 import GPT2Block

from finetune.training import train

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
    assert "learning_rate 0.01" in result.stderr and "step 8/8" in result.stderr


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
        "prompts.json",
        "tensorboard",
        "training.json",
        "voice.json",
    }
    training = json.loads((voice / "training.json").read_text())
    assert training["recipe"]["learning_rate"] == 0.01 and training["recipe"]["name"] == "laptop"
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


def test_two_processes_have_the_losses_of_one(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run, quick: tuple[str, ...]
) -> None:
    """Over two epochs, whose rows don't divide evenly into steps."""
    one, two = tmp_path / "one", tmp_path / "two"
    options = ["--corpus", str(corpus), "--base", str(bases["llama"]), *quick]
    launch = "accelerate launch --multi_gpu --num_processes 2 --num_machines 1 --mixed_precision no --dynamo_backend no"
    command = [str(Path(sys.executable).parent / launch.split()[0]), *launch.split()[1:], "-m", "finetune"]
    shared = [*command, *options, *_set("batch=4", "accumulate=3"), "--out", str(two)]
    done = subprocess.run(shared, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("nats a token") == 1 and done.stderr.count("step 8/8: loss") == 1
    assert json.loads((two / "training.json").read_text())["processes"] == 2
    assert run(*options, *_set("batch=8", "accumulate=3"), "--out", one).exit_code == 0
    for key in ("loss", "validation_loss", "grad_norm"):
        assert _logged(two, key) == pytest.approx(_logged(one, key), rel=1e-5)


def test_samples_are_written_and_disturb_nothing(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run, quick: tuple[str, ...]
) -> None:
    """With dropout, whose random numbers samples must not use up. The files say what the voice wrote, and when."""
    options = ("--corpus", corpus, "--base", bases["gpt2"], *quick, *_set("dropout=0.1"))
    with_samples, without = tmp_path / "with", tmp_path / "without"
    said = run(*options, *_set("samples=2"), "--out", with_samples)
    assert said.exit_code == 0, said.output
    assert run(*options, *_set("samples=0"), "--out", without).exit_code == 0
    assert _logged(with_samples, "loss") == _logged(without, "loss")
    written = [json.loads(line) for line in (with_samples / "samples.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in written] == [0, 0, 4, 4, 8, 8]
    prompts = {entry["prompt"] for entry in written}
    assert len(prompts) == 2 and all(prompt.endswith("> You go on.\n") for prompt in prompts)
    page = (with_samples / "samples.md").read_text()
    assert page.count("## Prompt") == 2 and page.count("After 8 steps:") == 2
    assert said.stderr.count("  it writes: ") == 3
    assert not (without / "samples.jsonl").exists()


def test_training_stops_when_patience_is_spent(
    tmp_path: Path,
    bases: dict[str, Path],
    corpus: Path,
    run: Run,
    quick: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At a learning rate that does harm. The best weights are the voice's; cut off after that, it does not go on."""
    out = tmp_path / "voice"
    harmful = _set("max_steps=300", "learning_rate=1", "evaluate_every=2", "patience=2", "warmup=0", "epochs=99")
    options = ("--corpus", corpus, "--base", bases["llama"], *quick, *harmful, "--out", out)
    with monkeypatch.context() as patch:
        patch.setattr(train, "finish", _interrupt)
        stopped = run(*options)
    assert stopped.exit_code == 130, stopped.output
    result = run(*options)
    assert result.exit_code == 0, result.output
    assert "Going on from checkpoint-" in result.stderr and "/300" not in result.stderr
    figures = json.loads((out / "training.json").read_text())["figures"]
    losses = _logged(out, "validation_loss")
    best = losses.index(min(losses))
    assert figures["validation_loss"] == losses[best] and figures["best_step"] == 2 * (best + 1)
    assert len(losses) == best + 1 + 2 and figures["steps"] == 2 * len(losses) < 300
    assert f"Stopped after {figures['steps']} steps: 2 measurements brought no better loss." in stopped.stderr


def test_out_of_memory_halves_the_rows_and_keeps_the_losses(
    tmp_path: Path,
    bases: dict[str, Path],
    corpus: Path,
    run: Run,
    quick: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Four rows are too many for a forward pass, two for a backward pass, in which gradients were added already."""
    options = ("--corpus", corpus, "--base", bases["gpt2"], *quick, *_set("batch=4", "accumulate=2"))
    assert run(*options, "--out", tmp_path / "roomy").exit_code == 0
    block = GPT2Block.forward

    def cramped(self: GPT2Block, hidden_states: torch.Tensor, *arguments: Any, **named: Any) -> Any:
        if len(hidden_states) > most:
            raise torch.OutOfMemoryError
        if len(hidden_states) > 1 and hidden_states.requires_grad and self.attn.layer_idx == 1:
            hidden_states.register_hook(_out_of_memory)
        return block(self, hidden_states, *arguments, **named)

    monkeypatch.setattr(GPT2Block, "forward", cramped)
    most = 2
    done = run(*options, "--out", tmp_path / "cramped")
    assert done.exit_code == 0, done.output
    assert done.stderr.count("halved to 2, accumulation doubled") == 1
    assert done.stderr.count("halved to 1, accumulation doubled") == 1
    for key in ("loss", "validation_loss", "grad_norm"):
        assert _logged(tmp_path / "cramped", key) == pytest.approx(_logged(tmp_path / "roomy", key), rel=1e-4)

    most = 0
    hopeless = run(*options, "--out", tmp_path / "hopeless")
    assert hopeless.exit_code == 2
    assert "Memory does not suffice for a single row" in hopeless.stderr and "length" in hopeless.stderr


def test_the_curves_are_kept_for_tensorboard(voices: dict[str, tuple[Path, Result]]) -> None:
    """The figures of the log, under a name that says nothing of this machine."""
    voice, _ = voices["gpt2"]
    assert [path.name for path in (voice / "tensorboard").iterdir()] == ["events.out.tfevents.0"]
    events = EventAccumulator(str(voice / "tensorboard"))
    events.Reload()
    assert [event.value for event in events.Scalars("train/loss")] == pytest.approx(_logged(voice, "loss"))
    assert [event.step for event in events.Scalars("validation/loss")] == [4, 8]


def test_trackio_is_told_the_figures_and_nothing_is_sent(
    tmp_path: Path,
    bases: dict[str, Path],
    corpus: Path,
    run: Run,
    quick: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With one that is installed; told by its own variables to publish, it is left alone."""
    told: list[Any] = []
    fake = ModuleType("trackio")
    fake.__spec__ = ModuleSpec("trackio", None)
    fake.init = lambda **named: told.append(named) or print("* a project") or fake  # type: ignore[attr-defined,func-returns-value]
    fake.log = lambda figures, step: told.append((step, figures))  # type: ignore[attr-defined]
    fake.finish = lambda: told.append("finished")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "trackio", fake)
    options = ("--corpus", corpus, "--base", bases["gpt2"], *quick, *_set("max_steps=1"), "--replace")
    done = run(*options, "--out", tmp_path / "voice")
    assert done.exit_code == 0, done.output
    assert "* a project" in done.stderr and "* a project" not in done.stdout
    begun, *figures, finished = told
    assert (begun["project"], begun["name"], finished) == ("dungeon", "voice", "finished")
    assert not {"space_id", "server_url", "webhook_url", "bucket_id"} & begun.keys()
    assert [set(entry) for _, entry in figures] == [
        {"train/loss", "train/grad_norm", "train/learning_rate"},
        {"validation/loss"},
    ]
    told.clear()
    monkeypatch.setenv("TRACKIO_SPACE_ID", "somebody/space")
    assert run(*options, "--out", tmp_path / "voice").exit_code == 0
    assert not told


def _interrupt(*arguments: object) -> None:
    raise KeyboardInterrupt


def _out_of_memory(gradient: torch.Tensor) -> torch.Tensor:
    raise torch.OutOfMemoryError


def _set(*changes: str) -> list[str]:
    return [word for change in changes for word in ("--set", change)]


def _logged(voice: Path, key: str) -> list[float]:
    entries = [json.loads(line) for line in (voice / "log.jsonl").read_text().splitlines()]
    return [entry[key] for entry in entries if key in entry]

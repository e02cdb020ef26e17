"""Training: the loss falls, a voice is written, and the losses do not depend on how the work is split."""

import dataclasses
import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import ModelCard
from safetensors.torch import load_file
from torch._dynamo.testing import CompileCounter
from torch.utils._python_dispatch import TorchDispatchMode
from transformers.models.gpt2.modeling_gpt2 import GPT2Block

from finetune.models.compiling import compile_blocks
from finetune.training import train, trainer
from tests.finetune.conftest import QUICK, Run, Voices, WriteCorpus, logged, set_options

ARCHITECTURES = ["gpt2", "llama"]
pytestmark = pytest.mark.usefixtures("no_conversion")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_training_lowers_the_held_out_loss(name: str, voices: Voices) -> None:
    voice, result = voices[name]
    assert result.exit_code == 0, result.output
    figures = json.loads((voice / "training.json").read_text())["figures"]
    assert figures["after"]["nats_per_token"] < figures["before"]["nats_per_token"] - 0.05
    assert figures["before"]["nats_per_token"] == pytest.approx(6.4, abs=0.4)  # ln 600: an untrained model
    assert figures["split"] == "test"
    assert "nats per token" in result.stdout and "bits per byte" in result.stdout
    assert f"{figures['after']['bits_per_byte']:.3f}" in result.stdout
    assert "learning_rate 0.01" in result.stderr and "step 8/8" in result.stderr


def test_every_linear_layer_but_the_head_is_adapted(voices: Voices) -> None:
    adapted = {
        name: {key.split(".lora_")[0].rsplit(".", 1)[1] for key in load_file(voice / "adapter_model.safetensors")}
        for name, (voice, _) in voices.items()
    }
    assert adapted["gpt2"] == {"c_attn", "c_proj", "c_fc"}
    assert adapted["llama"] == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_files_of_a_voice(name: str, voices: Voices) -> None:
    """llama.cpp doesn't know the tokenizer: the voice is finished without GGUF, with a note."""
    voice, result = voices[name]
    assert json.loads((voice / "voice.json").read_text()) == {
        "format": 1,
        "name": f"voice-{name}",
        "base": {"name": f"tiny-{name}", "file": None, "sha256": "", "license": "mit"},
        "adapter": None,
        "prompt_format": "tale",
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


def test_the_model_card(voices: Voices) -> None:
    card = ModelCard.load(voices["gpt2"][0] / "README.md")
    assert card.data.license == "mit" and card.data.library_name == "peft"
    assert "CC\\-BY\\-4.0 | 9" in card.text
    assert "A \\*Bold\\* \\[Tale\\] \\# Really" in card.text  # a title is data, not markup
    assert "| rank | 16 |" in card.text


def test_an_existing_voice_is_replaced_only_with_replace(
    tmp_path: Path, bases: dict[str, Path], write_corpus: WriteCorpus, run: Run
) -> None:
    corpus = write_corpus(tmp_path / "corpus", test=False)
    out = tmp_path / "voice"
    arguments = ("--corpus", corpus, "--base", bases["gpt2"], "--out", out, *QUICK, *set_options("max_steps=1"))
    out.mkdir()
    (out / "diary.txt").write_text("mine")
    refused = run(*arguments, "--replace")
    assert refused.exit_code == 2 and "is not a voice" in refused.stderr
    assert (out / "diary.txt").read_text() == "mine"
    (out / "diary.txt").rename(out / "voice.json")
    refused = run(*arguments)
    assert refused.exit_code == 2 and "--replace" in refused.stderr
    assert (out / "voice.json").read_text() == "mine"
    result = run(*arguments, "--replace")
    assert result.exit_code == 0, result.output
    assert "validation" in result.stdout  # there was no test split
    assert json.loads((out / "voice.json").read_text())["name"] == "voice"
    assert not list(tmp_path.glob("voice.*"))


def test_two_processes_give_the_same_losses_as_one(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run
) -> None:
    """Over two epochs, whose rows don't divide evenly into steps."""
    one, two = tmp_path / "one", tmp_path / "two"
    options = ["--corpus", str(corpus), "--base", str(bases["llama"]), *QUICK]
    launch = "accelerate launch --multi_gpu --num_processes 2 --num_machines 1 --mixed_precision no --dynamo_backend no"
    command = [str(Path(sys.executable).parent / launch.split()[0]), *launch.split()[1:], "-m", "finetune"]
    shared = [*command, *options, *set_options("batch=4", "accumulate=3"), "--out", str(two)]
    result = subprocess.run(shared, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("nats per token") == 1 and result.stderr.count("step 8/8: loss") == 1
    assert json.loads((two / "training.json").read_text())["processes"] == 2
    assert run(*options, *set_options("batch=8", "accumulate=3"), "--out", one).exit_code == 0
    for key in ("loss", "validation_loss", "grad_norm"):
        assert logged(two, key) == pytest.approx(logged(one, key), rel=1e-5)


def test_samples_are_written_and_change_no_loss(tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run) -> None:
    """With dropout, whose random numbers samples must not use up. The files have the text and the step."""
    options = ("--corpus", corpus, "--base", bases["gpt2"], *QUICK, *set_options("dropout=0.1"))
    with_samples, without = tmp_path / "with", tmp_path / "without"
    result = run(*options, *set_options("samples=2"), "--out", with_samples)
    assert result.exit_code == 0, result.output
    assert run(*options, *set_options("samples=0"), "--out", without).exit_code == 0
    assert logged(with_samples, "loss") == logged(without, "loss")
    samples = [json.loads(line) for line in (with_samples / "samples.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in samples] == [0, 0, 4, 4, 8, 8]
    prompts = {entry["prompt"] for entry in samples}
    assert len(prompts) == 2 and all(prompt.endswith("> You go on.\n") for prompt in prompts)
    page = (with_samples / "samples.md").read_text()
    assert page.count("## Prompt") == 2 and page.count("After 8 steps:") == 2
    assert result.stderr.count("  the voice writes: ") == 3
    assert not (without / "samples.jsonl").exists()
    seconds = logged(with_samples, "seconds")
    assert seconds[0] > 0 and seconds == sorted(seconds), "the time of the base's samples does not count"


def test_training_stops_when_patience_runs_out(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a harmful learning rate. The best weights are the voice's; a resumed training makes no further step."""
    out = tmp_path / "voice"
    harmful = set_options("max_steps=300", "learning_rate=1", "evaluate_every=2", "patience=2", "warmup=0", "epochs=99")
    options = ("--corpus", corpus, "--base", bases["llama"], *QUICK, *harmful, "--out", out)
    with monkeypatch.context() as patch:
        patch.setattr(train, "write_voice", _interrupt)
        stopped = run(*options)
    assert stopped.exit_code == 130, stopped.output
    result = run(*options)
    assert result.exit_code == 0, result.output
    assert "Going on from checkpoint-" in result.stderr and "/300" not in result.stderr
    figures = json.loads((out / "training.json").read_text())["figures"]
    losses = logged(out, "validation_loss")
    best = losses.index(min(losses))
    assert figures["validation_loss"] == losses[best] and figures["best_step"] == 2 * (best + 1)
    assert len(losses) == best + 1 + 2 and figures["steps"] == 2 * len(losses) < 300
    assert f"Stopped after {figures['steps']} steps: 2 evaluations brought no lower loss." in stopped.stderr


def test_out_of_memory_halves_the_batch_and_gives_the_same_losses(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four rows are too many for a forward pass, two for a backward pass, in which gradients were added already."""
    options = ("--corpus", corpus, "--base", bases["gpt2"], *QUICK, *set_options("batch=4", "accumulate=2"))
    assert run(*options, "--out", tmp_path / "roomy").exit_code == 0
    block = GPT2Block.forward

    def cramped(self: GPT2Block, hidden_states: torch.Tensor, *arguments: Any, **named: Any) -> Any:
        if len(hidden_states) > most:
            torch.empty(2**60, dtype=torch.uint8)  # the processor's own error
        if len(hidden_states) > 1 and hidden_states.requires_grad and self.attn.layer_idx == 1:
            hidden_states.register_hook(_out_of_memory)
        return block(self, hidden_states, *arguments, **named)

    monkeypatch.setattr(GPT2Block, "forward", cramped)
    most = 2
    result = run(*options, "--out", tmp_path / "cramped")
    assert result.exit_code == 0, result.output
    assert result.stderr.count("halved to 2, accumulation doubled") == 1
    assert result.stderr.count("halved to 1, accumulation doubled") == 1
    for key in ("loss", "validation_loss", "grad_norm"):
        assert logged(tmp_path / "cramped", key) == pytest.approx(logged(tmp_path / "roomy", key), rel=1e-4)

    most = 0
    hopeless = run(*options, "--out", tmp_path / "hopeless")
    assert hopeless.exit_code == 2
    assert "Memory does not suffice for a single row" in hopeless.stderr and "length" in hopeless.stderr


def test_the_rows_that_fit_are_found_before_compiling(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each number of rows is compiled for anew, and after eight torch silently stops to compile. Samples are not."""
    options = ("--corpus", corpus, "--base", bases["gpt2"], *QUICK, *set_options("batch=6", "samples=1", "max_steps=4"))
    assert run(*options, "--out", tmp_path / "roomy").exit_code == 0
    block = GPT2Block.forward

    def cramped(self: GPT2Block, hidden_states: torch.Tensor, *arguments: Any, **named: Any) -> Any:
        if hidden_states.requires_grad and len(hidden_states) > 2:
            raise torch.OutOfMemoryError
        return block(self, hidden_states, *arguments, **named)

    monkeypatch.setattr(GPT2Block, "forward", cramped)
    counter = CompileCounter()
    monkeypatch.setattr(trainer, "compile_blocks", lambda model: compile_blocks(model, counter))
    result = run(*options, *set_options("compile=on"), "--out", tmp_path / "cramped")
    assert result.exit_code == 0, result.output
    assert result.stderr.count("accumulation doubled") == 2
    assert counter.frame_count == 2  # the first block and all others, for two rows
    for key in ("loss", "validation_loss"):
        assert logged(tmp_path / "cramped", key) == pytest.approx(logged(tmp_path / "roomy", key), rel=1e-4)


def test_dora_is_not_compiled(tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run) -> None:
    both = set_options("dora=true", "compile=on")
    refused = run("--corpus", corpus, "--base", bases["gpt2"], *both, "--out", tmp_path / "voice")
    assert refused.exit_code == 2 and "both compile on and dora" in refused.stderr


def test_a_leak_is_said_before_training_with_the_figures_and_on_the_card(
    tmp_path: Path, bases: dict[str, Path], write_corpus: WriteCorpus, run: Run
) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    report = json.loads((corpus / "report.json").read_text())
    (corpus / "report.json").write_text(json.dumps(report | {"leaked": 0.918}))
    few = set_options("max_steps=1", "samples=0")
    result = run("--corpus", corpus, "--base", bases["gpt2"], *QUICK, *few, "--out", tmp_path / "voice")
    assert result.exit_code == 0, result.output
    warning = result.stderr.index("Warning: 91.8% of the validation text is also in train")
    assert warning < result.stderr.index("base tiny-gpt2")
    assert [line.split()[-1] for line in result.stdout.splitlines() if "also in train" in line] == ["91.8%"]
    card = (tmp_path / "voice" / "README.md").read_text()
    assert "91.8% of the validation text stands in the training text as well, so the figures look better" in card


def test_a_note_where_cards_are_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert "4 cards are here, and one of them is used" in train.idle_cards(processes=1)
    assert train.idle_cards(processes=4) == ""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert train.idle_cards(processes=1) == ""


def test_frozen_weights_in_16_bits_train_the_same_voice(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run
) -> None:
    """To rounding; and what was not trained is the base's, in all its 32 bits."""
    losses, voices = {}, {}
    for weights in ("half", "fp32"):
        changes = set_options(
            "max_steps=4", "samples=0", "length=64", "precision=bf16", "held_out_rows=4", f"weights={weights}"
        )
        voice = tmp_path / weights
        result = run("--corpus", corpus, "--base", bases["llama"], "--method", "last-layers", *changes, "--out", voice)
        assert result.exit_code == 0, result.output
        losses[weights] = logged(voice, "loss") + logged(voice, "validation_loss")
        voices[weights] = load_file(voice / "model.safetensors")
    assert len(losses["half"]) > 4 and losses["half"] == pytest.approx(losses["fp32"], rel=0.01)
    base = load_file(bases["llama"] / "model.safetensors")
    trained = {key for key in base if not torch.equal(voices["fp32"][key], base[key])}
    assert trained and trained != base.keys()
    for key, value in voices["half"].items():
        assert value.dtype == torch.float32 and torch.equal(value, base[key]) is (key not in trained)
        torch.testing.assert_close(value, voices["fp32"][key], rtol=0, atol=1e-3)


class Waits(TorchDispatchMode):
    """Counts what makes the program wait for a CUDA device: values that Python reads, and shapes that depend on one."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func.overloadpacket in (
            torch.ops.aten._local_scalar_dense,
            torch.ops.aten.nonzero,
            torch.ops.aten.masked_select,
            torch.ops.aten.equal,
        )
        return func(*args, **(kwargs or {}))


def test_a_step_waits_for_the_device_only_once(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For transformers' own look at whether rows are packed; and where a step is logged, every tenth on a card."""
    arguments = trainer.training_arguments
    monkeypatch.setattr(
        trainer, "training_arguments", lambda *given: dataclasses.replace(arguments(*given), logging_steps=10)
    )
    after_step = []
    end_step = trainer._Bookkeeping.on_step_end

    def on_step_end(*given: Any, **named: Any) -> None:
        end_step(*given, **named)
        after_step.append(waits.count)

    monkeypatch.setattr(trainer._Bookkeeping, "on_step_end", on_step_end)
    few = set_options("max_steps=8", "evaluate_every=8", "samples=0", "precision=bf16", "weights=half")
    with Waits() as waits:
        result = run("--corpus", corpus, "--base", bases["llama"], *QUICK, *few, "--out", tmp_path / "voice")
    assert result.exit_code == 0, result.output
    assert len(after_step) == 8 and waits.count > after_step[-1] > 0
    assert [after - before for before, after in itertools.pairwise(after_step[1:])] == [1] * 6


def test_a_checkpoint_is_written_once_a_minute(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a clock that says half a minute more whenever it is asked about a checkpoint."""
    saved = []
    mark = trainer.mark_complete
    monkeypatch.setattr(trainer, "mark_complete", lambda work, step: saved.append(step) or mark(work, step))
    minutes = itertools.count(step=0.5)
    monkeypatch.setattr(trainer.time, "monotonic", lambda: 60 * next(minutes))
    few = set_options("max_steps=7", "evaluate_every=7", "samples=0")
    result = run("--corpus", corpus, "--base", bases["llama"], *QUICK, *few, "--out", tmp_path / "voice")
    assert result.exit_code == 0, result.output
    assert saved == [2, 4, 6, 7]


def _interrupt(*arguments: object) -> None:
    raise KeyboardInterrupt


def _out_of_memory(gradient: torch.Tensor) -> torch.Tensor:
    raise torch.OutOfMemoryError

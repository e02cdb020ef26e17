"""A voice of each method: its folder is the model that was trained, its card says so, and what was cut off goes on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import Result
from huggingface_hub import ModelCard
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from finetune.models.base import open_base
from finetune.models.gguf_convert import ConversionFailed
from finetune.models.voice import open_voice
from tests.finetune.test_llama import PROMPTS, difference, llama, logprobs

Run = Callable[..., Result]


def options(*changes: str) -> list[str]:
    return [word for change in changes for word in ("--set", change)]


@pytest.mark.usefixtures("no_conversion")
@pytest.mark.parametrize(
    ("name", "method", "says"),
    [
        ("gpt2", "last-layers", r"tiny\-gpt2, its last block and the final norm tuned, all else as it was"),
        ("llama", "full", r"tiny\-llama, all of its weights tuned"),
        ("gpt2", "scratch", r"architecture of tiny\-gpt2, trained on this corpus alone from random weights"),
    ],
    ids=["last-layers", "full", "scratch"],
)
def test_a_voice_of_whole_weights(
    name: str, method: str, says: str, tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run
) -> None:
    voice = tmp_path / "voice"
    layers = ("--layers", "last-1") if method == "last-layers" else ()
    changes = options("max_steps=6", "length=64", "learning_rate=0.005", "precision=fp32", "samples=0")
    asked = ("--corpus", corpus, "--base", bases[name], "--method", method, *layers, *changes)
    done = run(*asked, "--out", voice)
    assert done.exit_code == 0, done.output

    base: Any = AutoModelForCausalLM.from_pretrained(bases[name])
    model: Any = AutoModelForCausalLM.from_pretrained(voice)
    assert len(AutoTokenizer.from_pretrained(voice)) == 600
    moved = {key for key, value in base.state_dict().items() if not torch.equal(value, model.state_dict()[key])}
    if method == "last-layers":
        assert {key.split("transformer.")[1].split(".")[0] for key in moved} == {"h", "ln_f"}
        assert not any(key.startswith("transformer.h.0.") for key in moved)
    else:
        assert moved == set(base.state_dict())

    figures = json.loads((voice / "training.json").read_text())["figures"]
    assert figures["after"]["nats_per_token"] < figures["before"]["nats_per_token"] - 0.05
    paper = json.loads((voice / "voice.json").read_text())
    assert paper["adapter"] is None and not list(voice.glob("adapter*"))
    assert (
        f"llama.cpp can't play this voice: the tokenizer is not known.\nServe it instead: transformers serve {voice}"
        in (done.stderr)
    )
    card = ModelCard.load(voice / "README.md")
    assert card.data.library_name == "transformers" and "lora" not in card.data.tags
    assert says in card.text and "adapter" not in card.text.split("## Recipe")[0]


@pytest.mark.usefixtures("no_conversion")
@pytest.mark.parametrize(("name", "changes"), [("llama", ["init=pissa"]), ("gpt2", ["method=full"])], ids=str)
def test_what_was_cut_off_goes_on_to_the_same_voice(
    name: str,
    changes: list[str],
    tmp_path: Path,
    bases: dict[str, Path],
    corpus: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = options(
        "max_steps=4", "save_every=2", "evaluate_every=4", "samples=0", "length=64", "precision=fp32", *changes
    )
    asked = ("--corpus", corpus, "--base", bases[name], *few, "--out")
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert run(*asked, whole).exit_code == 0

    def stop(*given: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(
            "finetune.training.trainer.keep_if_best", stop
        )  # at step 4, after the checkpoint of 2
        assert run(*asked, parts).exit_code == 130
    resumed = run(*asked, parts)
    assert resumed.exit_code == 0 and "Going on from checkpoint-2" in resumed.stderr, resumed.output
    names = {path.name for path in whole.glob("*.safetensors")}
    assert names and names == {path.name for path in parts.glob("*.safetensors")}
    for file in names:
        first, again = load_file(whole / file), load_file(parts / file)
        assert first.keys() == again.keys()
        for key, value in first.items():
            torch.testing.assert_close(value, again[key], rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("no_conversion")
def test_no_room_for_the_converted_weights_costs_no_training(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = options("max_steps=2", "save_every=1", "samples=0", "length=64", "precision=fp32", "method=full")
    asked = ("--corpus", corpus, "--base", bases["gpt2"], *few, "--out", tmp_path / "voice")

    def full(base: object, out: Path) -> None:
        raise ConversionFailed("OSError: [Errno 28] No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("finetune.training.work_folder.convert_base", full)
        stopped = run(*asked)
    assert stopped.exit_code == 2 and "No space left on device. Make room" in stopped.stderr, stopped.output
    assert not (tmp_path / "voice").exists()
    again = run(*asked)
    assert again.exit_code == 0 and "Going on from checkpoint-2" in again.stderr, again.output


@pytest.mark.usefixtures("no_conversion")
def test_a_pissa_voice_lies_over_the_base_as_it_was(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run
) -> None:
    voice = tmp_path / "voice"
    few = options(
        "max_steps=4", "samples=0", "length=64", "precision=fp32", "init=pissa", "rank=8", "learning_rate=0.01"
    )
    assert run("--corpus", corpus, "--base", bases["gpt2"], *few, "--out", voice).exit_code == 0
    opened = open_voice(voice)
    assert isinstance(opened.model, PeftModel) and opened.model.peft_config["default"].r == 16
    figures = json.loads((voice / "training.json").read_text())["figures"]
    assert figures["after"]["nats_per_token"] < figures["before"]["nats_per_token"] - 0.05


@pytest.mark.usefixtures("no_conversion")
def test_frozen_weights_in_16_bits_give_the_same_losses_and_the_same_voice(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run
) -> None:
    made = {}
    for held in ("half", "fp32"):
        changes = options(
            "max_steps=4", "samples=0", "length=64", "precision=bf16", "held_out_rows=4", f"weights={held}"
        )
        voice = tmp_path / held
        done = run("--corpus", corpus, "--base", bases["llama"], "--method", "last-layers", *changes, "--out", voice)
        assert done.exit_code == 0, done.output
        log = [json.loads(line) for line in (voice / "log.jsonl").read_text().splitlines()]
        losses = [(line["step"], key, line[key]) for line in log for key in line if "loss" in key]
        assert len(losses) >= 4
        made[held] = losses, load_file(voice / "model.safetensors")
    assert made["half"][0] == made["fp32"][0]
    for key, value in made["fp32"][1].items():
        assert value.dtype == torch.float32 and torch.equal(value, made["half"][1][key])


@pytest.mark.real
@pytest.mark.usefixtures("home_with_weights")
def test_llama_cpp_plays_voices_of_whole_weights_and_dora(tmp_path: Path, corpus: Path, run: Run) -> None:
    torch.manual_seed(0)
    tokenizer = open_base("smollm2").tokenizer
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        initializer_range=0.15,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    plain = logprobs(AutoModelForCausalLM.from_pretrained(tmp_path / "base"), [tokenizer(t).input_ids for t in PROMPTS])
    for change in ("method=full", "dora=true"):
        voice = tmp_path / change
        few = options(
            "max_steps=6", "length=64", "batch=2", "held_out_rows=2", "samples=0", "learning_rate=0.02", change
        )
        done = run("--corpus", corpus, "--base", tmp_path / "base", "--out", voice, *few)
        assert done.exit_code == 0 and "Play it: dungeon play" in done.stderr, done.output
        paper = json.loads((voice / "voice.json").read_text())
        assert paper["base"]["file"] == "base.gguf" and paper["adapter"] is None
        prompts = [tokenizer(text).input_ids for text in PROMPTS]
        tuned = logprobs(open_voice(voice).model, prompts)
        answer = llama(voice / "base.gguf", None, prompts)["logprobs"]
        error, before = difference(answer, tuned), difference(answer, plain)
        print(f"{change}: {error:.4f} nats off, {before:.4f} from the base")
        assert error < 0.05 < 5 * error + 0.05 < before

"""What llama.cpp plays is what was tuned: its next-token log-probabilities beside those of the merged model."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import pytest
import torch
from click.testing import Result
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2Config, GPT2LMHeadModel

from corpus.turns import prompt
from finetune.export.llama_cpp import Question, ask
from finetune.models.base import bundled_file, open_base

Run = Callable[..., Result]
TALES = [
    ("The lamp room is dark, and the sea is loud below it.", "You light the lamp."),
    ("You stand at the foot of the salt stair. It is 1893.", 'You say "Who is there?"'),
    ("A wolf sits by the well and looks at you.", "You hold out your hand."),
    ("The clockmaker opens the case with a small brass key.", "You ask about the missing hour."),
    ("Snow has covered the road.\n\n> You walk on.\n\nNobody has come this way for days.", ""),
    ("The reactor hums.", "You look for the captain — quietly."),
]
PROMPTS = [prompt(tale, action) for tale, action in TALES]
FEW_STEPS = ("length=64", "batch=2", "held_out_rows=2", "warmup=0", "weight_decay=0", "save_every=100")


def llama(model: Path, adapter: Path | None, prompts: list[list[int]]) -> dict[str, Any]:
    """What llama.cpp says, in a process of its own."""
    answers, tokens = ask(model, adapter, [Question(prompt, true=0) for prompt in prompts], PROMPTS, top=20)
    return {"logprobs": [answer.top for answer in answers], "tokens": tokens}


@torch.inference_mode()
def logprobs(model: Any, prompts: list[list[int]]) -> torch.Tensor:
    """Next-token log-probabilities by transformers, prompts x vocabulary."""
    return torch.stack([model(torch.tensor([ids])).logits[0, -1].log_softmax(-1) for ids in prompts])


def difference(theirs: list[list[tuple[int, float]]], ours: torch.Tensor) -> float:
    """Mean absolute difference over the tokens that llama.cpp finds likeliest, in nats."""
    each = [abs(value - float(row[token])) for top, row in zip(theirs, ours, strict=True) for token, value in top]
    return sum(each) / len(each)


def moved(theirs: list[list[tuple[int, float]]], ours: torch.Tensor, before: torch.Tensor) -> float:
    """How far tuning moved those same tokens, in nats."""
    each = [
        abs(float(row[token] - old[token]))
        for top, row, old in zip(theirs, ours, before, strict=True)
        for token, _ in top
    ]
    return sum(each) / len(each)


@pytest.mark.real
@pytest.mark.usefixtures("home_with_weights")
def test_the_bundled_base_with_its_adapter(tmp_path: Path, corpus: Path, run: Run) -> None:
    voice, merged = tmp_path / "voice", tmp_path / "merged"
    changes = [word for change in (*FEW_STEPS, "max_steps=4", "learning_rate=0.003") for word in ("--set", change)]
    done = run("--corpus", corpus, "--base", "smollm2", "--out", voice, *changes)
    assert done.exit_code == 0, done.output
    file = bundled_file()
    paper = json.loads((voice / "voice.json").read_text())
    assert paper["base"]["name"] == "smollm2" and paper["base"]["file"] is None
    assert paper["base"]["sha256"].startswith("b179c9523d0e") and paper["context"] == 2048

    assert run("export", voice, "--to", "merged", "--out", merged).exit_code == 0
    tokenizer = AutoTokenizer.from_pretrained(merged)
    assert tokenizer.eos_token == "<|endoftext|>"
    prompts = [tokenizer(text).input_ids for text in PROMPTS]
    tuned = logprobs(AutoModelForCausalLM.from_pretrained(merged), prompts)
    plain = logprobs(open_base("smollm2").model, prompts)

    untuned_answer, tuned_answer = llama(file, None, prompts), llama(file, voice / "adapter.gguf", prompts)
    assert tuned_answer["tokens"] == prompts  # the tokens that were learned are those that are played
    noise = difference(untuned_answer["logprobs"], plain)
    error = difference(tuned_answer["logprobs"], tuned)
    distance = moved(tuned_answer["logprobs"], tuned, plain)
    print(f"bundled base: untuned {noise:.4f}, tuned {error:.4f}, moved {distance:.4f} nats")
    assert error < 2 * noise + 0.01
    assert distance > 5 * error
    # Without the adapter llama.cpp is as far from the tuned model as tuning moved it.
    assert difference(untuned_answer["logprobs"], tuned) > 3 * error


@pytest.mark.real
@pytest.mark.usefixtures("home_with_weights")
def test_a_gpt2_with_its_adapter(tmp_path: Path, corpus: Path, run: Run) -> None:
    torch.manual_seed(0)
    tokenizer = open_base("smollm2").tokenizer
    config = GPT2Config(
        vocab_size=len(tokenizer), n_positions=256, n_embd=64, n_layer=2, n_head=2, initializer_range=0.15
    )
    base, voice, merged = tmp_path / "gpt2-small", tmp_path / "voice", tmp_path / "merged"
    GPT2LMHeadModel(config).save_pretrained(base)
    tokenizer.save_pretrained(base)
    changes = [word for change in (*FEW_STEPS, "max_steps=10", "learning_rate=0.02") for word in ("--set", change)]
    done = run("--corpus", corpus, "--base", base, "--out", voice, *changes)
    assert done.exit_code == 0, done.output
    assert "can't play" not in done.stderr, done.stderr
    paper = json.loads((voice / "voice.json").read_text())
    assert paper["base"]["file"] == "base.gguf" and paper["base"]["name"] == "gpt2-small" and paper["context"] == 256

    assert run("export", voice, "--to", "merged", "--out", merged).exit_code == 0
    prompts = [tokenizer(text).input_ids for text in PROMPTS]
    tuned = logprobs(AutoModelForCausalLM.from_pretrained(merged), prompts)
    plain = logprobs(AutoModelForCausalLM.from_pretrained(base), prompts)
    untuned_answer = llama(voice / "base.gguf", None, prompts)
    tuned_answer = llama(voice / "base.gguf", voice / "adapter.gguf", prompts)
    assert tuned_answer["tokens"] == prompts
    noise = difference(untuned_answer["logprobs"], plain)
    error = difference(tuned_answer["logprobs"], tuned)
    distance = moved(tuned_answer["logprobs"], tuned, plain)
    print(f"tiny GPT-2: untuned {noise:.4f}, tuned {error:.4f}, moved {distance:.4f} nats")
    assert error < 2 * noise + 0.01
    assert distance > 5 * error

    # The exports are compared with the voice on the spot: far nearer to it than its base is.
    file = tmp_path / "voice.gguf"
    for target, options, out in (
        ("gguf-adapter", (), tmp_path / "adapter.gguf"),
        ("gguf", ("--precision", "q5_0"), file),
    ):
        done = run("export", voice, "--to", target, *options, "--out", out)
        assert done.exit_code == 0, done.output
        near, far = (float(found) for found in re.findall(r"KL divergence (\S+) nats", done.stdout))
        assert near < far / 5, done.stdout
    kinds = {tensor.name: tensor.tensor_type.name for tensor in gguf.GGUFReader(file).tensors}
    assert kinds["blk.0.ffn_up.weight"] == "Q5_0" and kinds["token_embd.weight"] == "Q8_0"
    assert kinds["blk.0.ffn_up.bias"] == "F32"

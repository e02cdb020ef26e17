"""An export is the voice: it says the same, or it isn't kept."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import Result
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from finetune.errors import FinetuneError
from finetune.export import export
from finetune.export.agreement import Agreement, agreement, answers_of, check, make_questions
from finetune.export.llama_cpp import Answer, Question
from finetune.models.voice import open_voice

Run = Callable[..., Result]
Voices = dict[str, tuple[Path, Result]]


def divergences(done: Result) -> list[float]:
    """Of the export from the voice, and of the base from it."""
    return [float(found) for found in re.findall(r"KL divergence (\S+) nats", done.stdout)]


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_merged_predicts_what_the_adapter_predicts(
    name: str, tmp_path: Path, bases: dict[str, Path], voices: Voices, run: Run
) -> None:
    voice, _ = voices[name]
    out = tmp_path / "merged"
    done = run("export", voice, "--to", "merged", "--out", out)
    assert done.exit_code == 0, done.output
    exported, untuned = divergences(done)
    assert abs(exported) < 1e-5 and untuned > 0.003
    tokenizer = AutoTokenizer.from_pretrained(out)
    ids = tokenizer("You open the door and look", return_tensors="pt").input_ids
    merged: Any = AutoModelForCausalLM.from_pretrained(out)
    base: Any = AutoModelForCausalLM.from_pretrained(bases[name])
    plain = base(ids).logits.detach()
    adapted = PeftModel.from_pretrained(base, str(voice)).eval()
    torch.testing.assert_close(merged(ids).logits, adapted(ids).logits, rtol=1e-3, atol=1e-3)
    assert (merged(ids).logits - plain).abs().max() > 0.1
    assert list(out.glob("*.safetensors")) and not list(out.glob("*.bin"))


@pytest.mark.parametrize(("precision", "dtype"), [("bf16", torch.bfloat16), ("fp16", torch.float16)])
def test_merged_in_half_the_size(precision: str, dtype: torch.dtype, tmp_path: Path, voices: Voices, run: Run) -> None:
    out = tmp_path / "merged"
    done = run("export", voices["llama"][0], "--to", "merged", "--precision", precision, "--out", out)
    assert done.exit_code == 0, done.output
    assert next(AutoModelForCausalLM.from_pretrained(out).parameters()).dtype == dtype
    assert abs(divergences(done)[0]) < 0.001


def test_the_adapter_by_itself(tmp_path: Path, bases: dict[str, Path], voices: Voices, run: Run) -> None:
    out = tmp_path / "adapter"
    done = run("export", voices["gpt2"][0], "--to", "adapter", "--out", out)
    assert done.exit_code == 0 and divergences(done)[0] == 0
    assert {path.name for path in out.iterdir()} == {"README.md", "adapter_config.json", "adapter_model.safetensors"}
    PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(bases["gpt2"]), str(out))


def test_a_voice_that_is_a_whole_model(tmp_path: Path, voices: Voices, run: Run) -> None:
    voice, again = tmp_path / "voice", tmp_path / "again"
    assert run("export", voices["llama"][0], "--to", "merged", "--out", voice).exit_code == 0
    for name in ("voice.json", "training.json", "prompts.json"):
        shutil.copy(voices["llama"][0] / name, voice)
    opened = open_voice(voice)
    assert opened.base is None and opened.end == 0 and opened.name == "voice"
    for target in ("adapter", "gguf-adapter"):
        refused = run("export", voice, "--to", target, "--out", again)
        assert refused.exit_code == 2 and "is a whole model" in refused.stderr and "--to merged" in refused.stderr
    done = run("export", voice, "--to", "merged", "--out", again)
    assert done.exit_code == 0, done.output
    assert "base against voice" not in done.stdout
    assert (again / "model.safetensors").read_bytes() == (voice / "model.safetensors").read_bytes()


def test_an_export_that_says_something_else_is_not_kept(
    tmp_path: Path, voices: Voices, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = export.save_model

    def spoiled(model: Any, tokenizer: Any, folder: Path) -> None:
        model.get_input_embeddings().weight.data[::7] *= -3
        real(model, tokenizer, folder)

    monkeypatch.setattr(export, "save_model", spoiled)
    done = run("export", voices["gpt2"][0], "--to", "merged", "--out", tmp_path / "merged")
    assert done.exit_code == 2 and "Little of the tuning is left" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_can_not_be_exported(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, voices: Voices, run: Run
) -> None:
    voice, _ = voices["gpt2"]
    new = tmp_path / "new"
    promptless = shutil.copytree(voice, tmp_path / "promptless")
    (promptless / "prompts.json").unlink()
    garbled = shutil.copytree(voice, tmp_path / "garbled")
    for name in ("base.gguf", "adapter.gguf"):
        (garbled / name).write_bytes(b"no GGUF")
    for folder, arguments, says in (
        (tmp_path, ("--to", "merged", "--out", new), "is not a voice"),
        (voice, ("--to", "merged", "--out", bases["gpt2"]), "is there already"),
        (voice, ("--to", "merged", "--precision", "q4_0", "--out", new), "it has fp32, bf16, fp16"),
        (voice, ("--to", "adapter", "--precision", "fp32", "--out", new), "Leave --precision out"),
        (voice, ("--to", "gguf-adapter", "--out", new), "no adapter that llama.cpp can lay over a base"),
        (voice, ("--to", "gguf", "--out", new), "--to merged works"),  # a tokenizer that llama.cpp doesn't know
        (voice, ("--to", "merged", "--base", bases["llama"], "--out", new), "other weights"),
        (promptless, ("--to", "merged", "--out", new), "--corpus"),
        (garbled, ("--to", "gguf-adapter", "--out", new), "llama.cpp can't take this voice"),
    ):
        refused = run("export", folder, *arguments)
        assert refused.exit_code == 2 and says in refused.stderr, refused.output
        assert not new.exists() and not list(tmp_path.glob(".new*"))
    moved = shutil.copytree(bases["gpt2"], tmp_path / "moved")
    done = run("export", promptless, "--to", "merged", "--base", moved, "--corpus", corpus, "--out", new)
    assert done.exit_code == 0, done.output


def test_the_weights_of_a_voice_must_be_there(tmp_path: Path, voices: Voices) -> None:
    voice = shutil.copytree(voices["gpt2"][0], tmp_path / "voice")
    (voice / "adapter_model.safetensors").write_bytes(b"cut off")
    with pytest.raises(FinetuneError, match="can't be read"):
        open_voice(voice)
    (voice / "adapter_model.safetensors").unlink()
    with pytest.raises(FinetuneError, match="neither an adapter nor a model"):
        open_voice(voice)


def test_the_voice_keeps_turns_it_has_not_learned(voices: Voices, corpus: Path) -> None:
    kept = json.loads((voices["gpt2"][0] / "prompts.json").read_text())
    assert 1 <= len(kept) <= 8 and all(set(turn) == {"context", "target"} and turn["context"] for turn in kept)


def test_an_export_in_which_the_tuning_is_lost_is_refused() -> None:
    rounded, base = (Agreement(places=32, mean=0.4, most=2.8, divergence=value) for value in (0.23, 0.25))
    with pytest.raises(FinetuneError, match="Little of the tuning is left in q4_1"):
        check(rounded, "q4_1", base)
    check(rounded, "q4_1", None)
    with pytest.raises(FinetuneError, match="doesn't say what the voice says"):
        check(rounded, "q8_0", None)
    with pytest.raises(FinetuneError):
        check(Agreement(places=1, mean=float("nan"), most=0, divergence=float("nan")), "fp16", None)


def test_agreement_is_the_divergence_of_distributions() -> None:
    torch.manual_seed(0)
    voice, other = torch.randn(2, 4, 50).log_softmax(-1)
    questions = [Question([1], true) for true in range(4)]
    same = agreement(voice, questions, answers_of(voice, questions))
    assert abs(same.divergence) < 1e-7 and same.most == 0 and same.places == 4
    found = agreement(voice, questions, answers_of(other, questions))
    exact = (voice.exp() * (voice - other)).sum(-1).mean()
    assert found.divergence == pytest.approx(float(exact), rel=1e-4)
    assert found.most == pytest.approx(max(abs(float(voice[n, n] - other[n, n])) for n in range(4)), rel=1e-5)
    # What an engine doesn't list one by one counts together: never more than the whole.
    few = agreement(voice, questions, [Answer(answer.true, answer.top[:10]) for answer in answers_of(other, questions)])
    assert 0 < few.divergence < found.divergence


def test_places_lie_inside_what_is_learned(tokenizers: dict[str, Any]) -> None:
    for name, tokenizer in tokenizers.items():
        context, target = (
            "The sea is loud below the lamp room. " * 40,
            "\n\n> You wait.\n\nNothing comes, and it is cold.",
        )
        whole = tokenizer(context + target)["input_ids"]
        questions = make_questions([{"context": context, "target": target}], tokenizer, 128)
        assert len(questions) == 4
        for question in questions:
            assert len(question.before) < 128
            assert (question.before[0] == tokenizer.bos_token_id) == (name == "llama")
            tail = question.before[-20:]
            at = next(n for n in range(len(whole)) if whole[n : n + 20] == tail and whole[n + 20] == question.true)
            assert tokenizer.decode(whole[at + 20 :]).strip() in target

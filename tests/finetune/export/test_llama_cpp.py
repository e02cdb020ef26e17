"""llama.cpp predicts the same as transformers: the next-token log-probabilities of a trained voice are compared.

One training for each form of weights: an adapter over the bundled weights, an adapter over a converted base, and
whole weights. The tiny models have the bundled tokenizer, because llama.cpp's converter must know it.
"""

import copy
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import gguf
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    Starcoder2Config,
    Starcoder2ForCausalLM,
)

from corpus.turns import prompt
from finetune.export.llama_cpp import Probe, predict
from finetune.models.base import Base, open_base
from finetune.models.folders import BUNDLED
from finetune.models.game_voices import find_game_voice
from finetune.models.gguf_adapter import read_adapter, write_adapter
from finetune.models.gguf_convert import close_gguf, write_gguf
from finetune.models.voice import open_voice
from finetune.recipe import Recipe, load_recipe
from tests.finetune.conftest import Run, set_options

TALES = [
    ("The lamp room is dark, and the sea is loud below it.", "You light the lamp."),
    ("You stand at the foot of the salt stair. It is 1893.", 'You say "Who is there?"'),
    ("A wolf sits by the well and looks at you.", "You hold out your hand."),
    ("The clockmaker opens the case with a small brass key.", "You ask about the missing hour."),
    ("Snow has covered the road.\n\n> You walk on.\n\nNobody has come this way for days.", ""),
    ("The reactor hums.", "You look for the captain — quietly."),
]
PROMPTS = [prompt(tale, action) for tale, action in TALES]
FEW_STEPS = ("length=64", "batch=2", "held_out_rows=2", "samples=0", "warmup=0")
SMALL = {"vocab_size": 49_152, "initializer_range": 0.15}
Top = list[list[tuple[int, float]]]
pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def bundled(weights: Path) -> Base:
    """Opened once: it takes many seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("finetune.models.base.bundled_weights", lambda: weights)
        return open_base("smollm2")


def by_llama_cpp(model: Path, adapter: Path | None, ids: list[list[int]]) -> tuple[Top, list[list[int]]]:
    """The likeliest next tokens of each prompt, and the prompts' tokens as llama.cpp reads them."""
    predictions, tokens = predict(model, adapter, [Probe(prefix, next_id=0) for prefix in ids], PROMPTS, top=20)
    return [prediction.top for prediction in predictions], tokens


@torch.inference_mode()
def by_transformers(model: Any, ids: list[list[int]]) -> torch.Tensor:
    """Next-token log-probabilities, prompts x vocabulary."""
    return torch.stack([model(torch.tensor([prefix])).logits[0, -1].log_softmax(-1) for prefix in ids])


def difference(theirs: Top, ours: torch.Tensor) -> float:
    """Mean absolute difference over the tokens that llama.cpp finds likeliest, in nats."""
    each = [abs(value - float(row[token])) for top, row in zip(theirs, ours, strict=True) for token, value in top]
    return sum(each) / len(each)


def write_base(model: PreTrainedModel, tokenizer: Any, folder: Path) -> Path:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_an_adapter_over_the_bundled_weights(
    bundled: Base, tmp_path: Path, corpus: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = replace(bundled, model=copy.deepcopy(bundled.model))
    monkeypatch.setattr("finetune.training.train.open_base", lambda name, recipe: trained)
    voice = tmp_path / "voice"
    changes = set_options(*FEW_STEPS, "max_steps=6", "evaluate_every=6", "learning_rate=0.008")
    result = run("--corpus", corpus, "--base", "smollm2", "--out", voice, *changes)
    assert result.exit_code == 0, result.output
    entry = json.loads((voice / "voice.json").read_text())
    assert entry["base"]["name"] == "smollm2" and entry["base"]["file"] is None
    assert entry["base"]["sha256"].startswith("b179c9523d0e") and entry["context"] == 2048

    assert bundled.tokenizer.eos_token == "<|endoftext|>" and bundled.gguf is not None
    ids = [bundled.tokenizer(text).input_ids for text in PROMPTS]
    untuned = by_transformers(bundled.model, ids)
    tuned = by_transformers(PeftModel.from_pretrained(bundled.model, str(voice)), ids)
    untuned_top, _ = by_llama_cpp(bundled.gguf, None, ids)
    tuned_top, tokens = by_llama_cpp(bundled.gguf, voice / "adapter.gguf", ids)
    assert tokens == ids  # llama.cpp reads the prompts as the training did
    noise, error = difference(untuned_top, untuned), difference(tuned_top, tuned)
    moved = difference(tuned_top, untuned)
    print(f"bundled base: untuned {noise:.4f}, tuned {error:.4f}, moved {moved:.4f} nats")
    assert error < 2 * noise + 0.01
    assert moved > 5 * error
    # Without the adapter llama.cpp is as far from the tuned model as tuning moved it.
    assert difference(untuned_top, tuned) > 3 * error


def test_an_adapter_over_a_converted_gpt2(bundled: Base, tmp_path: Path, corpus: Path, run: Run) -> None:
    """The exported voice diverges from the voice far less than the base does, as the export reports."""
    torch.manual_seed(0)
    config = GPT2Config(**SMALL, n_positions=256, n_embd=64, n_layer=2, n_head=2)
    base = write_base(GPT2LMHeadModel(config), bundled.tokenizer, tmp_path / "gpt2-small")
    voice = tmp_path / "voice"
    changes = set_options(*FEW_STEPS, "max_steps=10", "evaluate_every=5", "learning_rate=0.02")
    result = run("--corpus", corpus, "--base", base, "--out", voice, *changes)
    assert result.exit_code == 0 and "can't play" not in result.stderr, result.output
    entry = json.loads((voice / "voice.json").read_text())
    assert entry["base"]["file"] == "base.gguf" and entry["base"]["name"] == "gpt2-small" and entry["context"] == 256

    file = tmp_path / "voice.gguf"
    for target, options, out in (
        ("gguf-adapter", (), tmp_path / "adapter.gguf"),
        ("gguf", ("--precision", "q5_0"), file),
    ):
        result = run("export", voice, "--to", target, *options, "--out", out)
        assert result.exit_code == 0, result.output
        of_export, of_base = (float(found) for found in re.findall(r"KL divergence (\S+) nats", result.stdout))
        assert of_export < of_base / 5, result.stdout
    kinds = {tensor.name: tensor.tensor_type.name for tensor in gguf.GGUFReader(file).tensors}
    assert kinds["blk.0.ffn_up.weight"] == "Q5_0" and kinds["token_embd.weight"] == "Q8_0"
    assert kinds["blk.0.ffn_up.bias"] == "F32"


KINDS: dict[str, Any] = {
    "llama": (LlamaForCausalLM, LlamaConfig, {"num_key_value_heads": 2}),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config, {"num_key_value_heads": 2}),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config, {"num_key_value_heads": 2, "head_dim": 32, "tie_word_embeddings": True}),
    "gpt2": (GPT2LMHeadModel, GPT2Config, {}),
    "starcoder2": (Starcoder2ForCausalLM, Starcoder2Config, {"num_key_value_heads": 2, "tie_word_embeddings": True}),
}
"""Small models of each type: Qwen2 has biases, Qwen3 norms of its queries and heads of another size. StarCoder2 is one
of those that transformers' own reader reads."""


@pytest.fixture(params=KINDS)
def gguf_base(request: pytest.FixtureRequest, bundled: Base, tmp_path: Path) -> tuple[PreTrainedModel, Path]:
    """A small random model, and its GGUF in 16 bits."""
    torch.manual_seed(0)
    model_class, config_class, differs = KINDS[request.param]
    sizes = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4}
    if request.param == "gpt2":
        sizes = {"n_embd": 64, "n_layer": 2, "n_head": 4}
    model = model_class(config_class(**SMALL, **sizes, **differs, max_position_embeddings=256))
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.1)
        parameter.data = parameter.data.half().float()
    file = tmp_path / "small.gguf"
    if request.param.startswith("qwen"):
        assert bundled.gguf
        write_qwen(model, bundled.gguf, file)
    else:
        write_gguf(model, bundled.tokenizer, file, "f16")
    return model.eval(), file


def write_qwen(model: PreTrainedModel, tokenizer_of: Path, out: Path) -> None:
    """Write a Qwen model with the tokenizer of another file: llama.cpp's converter takes Qwen's own only."""
    config: Any = model.config
    architecture = config.model_type
    arch = next(arch for arch, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture)
    names = gguf.get_tensor_name_map(arch, config.num_hidden_layers)
    writer = gguf.GGUFWriter(out, architecture)
    for field in gguf.GGUFReader(tokenizer_of).fields.values():
        if field.name.startswith("tokenizer."):
            inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(field.name, field.contents(), field.types[0], inner)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    if getattr(config, "head_dim", None):
        writer.add_key_length(config.head_dim)
        writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    for name, parameter in model.named_parameters():
        place, _, part = name.rpartition(".")
        matrix = parameter.detach().numpy()
        writer.add_tensor(f"{names.get_name(place)}.{part}", matrix.astype("float16") if matrix.ndim > 1 else matrix)
    close_gguf(writer)


def test_a_base_from_gguf_and_an_adapter_over_it(
    gguf_base: tuple[PreTrainedModel, Path], bundled: Base, tmp_path: Path
) -> None:
    """The base has the model's own weights, and llama.cpp plays the adapter as peft does; as it is read again, too."""
    model, file = gguf_base
    base = open_base(str(file))
    assert base.gguf == file and base.context_size == 256 and base.tokenizer.eos_token == "<|endoftext|>"
    opened = base.model.state_dict()
    for name, weight in model.state_dict().items():
        assert torch.equal(opened[name], weight), name
    halved = open_base(str(file), Recipe(weights="half")).model.state_dict()
    assert all(torch.equal(halved[name], weight.bfloat16()) for name, weight in opened.items())
    ids = [base.tokenizer(text).input_ids for text in PROMPTS]
    assert ids == [bundled.tokenizer(text).input_ids for text in PROMPTS]
    untuned = by_transformers(model, ids)
    assert torch.allclose(by_transformers(base.model, ids), untuned, atol=1e-4)

    lora = LoraConfig(r=4, lora_alpha=6, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM",
                      fan_in_fan_out=isinstance(model, GPT2LMHeadModel))  # fmt: skip
    torch.manual_seed(1)
    adapted: Any = get_peft_model(base.model, lora)  # type: ignore[arg-type]
    write_adapter(adapted, file, tmp_path / "adapter.gguf")
    tuned = by_transformers(adapted.eval(), ids)
    top, tokens = by_llama_cpp(file, tmp_path / "adapter.gguf", ids)
    error, moved = difference(top, tuned), difference(top, untuned)
    print(f"{model.config.model_type}: {error:.4f} nats off, moved {moved:.4f}")
    assert tokens == ids and error < 0.02 and moved > 10 * error
    read = by_transformers(read_adapter(model, tmp_path / "adapter.gguf").eval(), ids)
    assert torch.allclose(read, tuned, atol=0.02)


@pytest.mark.parametrize("gguf_base", ["qwen2"], indirect=True)
def test_a_voice_over_a_gguf_file(
    gguf_base: tuple[PreTrainedModel, Path], tmp_path: Path, corpus: Path, run: Run
) -> None:
    """It holds the file, which the game couldn't find elsewhere, as it was."""
    file, voice = gguf_base[1], tmp_path / "voice"
    changes = set_options(*FEW_STEPS, "max_steps=10", "evaluate_every=5", "learning_rate=0.02", "weights=half")
    result = run("--corpus", corpus, "--base", file, "--out", voice, *changes)
    assert result.exit_code == 0 and "can't play" not in result.stderr, result.output
    assert (voice / "base.gguf").read_bytes() == file.read_bytes()
    entry = json.loads((voice / "voice.json").read_text())
    assert entry["base"]["name"] == "small" and entry["base"]["file"] == "base.gguf"
    result = run("export", voice, "--to", "gguf-adapter", "--out", tmp_path / "adapter.gguf")
    assert result.exit_code == 0, result.output
    of_export, of_base = (float(found) for found in re.findall(r"KL divergence (\S+) nats", result.stdout))
    assert of_export < of_base / 5, result.stdout


def test_the_game_s_own_voice_is_gone_on_from(bundled: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its adapter is read from GGUF: merged, or as it learns on, it predicts what llama.cpp plays."""
    assert bundled.gguf
    weights = bundled.gguf
    monkeypatch.setattr("finetune.models.base.bundled_weights", lambda: weights)
    lantern = find_game_voice("lantern")
    assert lantern
    ids = [bundled.tokenizer(text).input_ids for text in PROMPTS]
    top, _ = by_llama_cpp(weights, lantern.path / "adapter.gguf", ids)
    untuned_top, _ = by_llama_cpp(weights, None, ids)
    untuned = by_transformers(open_base(BUNDLED).model, ids)
    noise, moved = difference(untuned_top, untuned), difference(top, untuned)
    shape = ["upper=1", "rank=32", "alpha=64", "modules=down_proj,o_proj"]
    goes_on, merged = (
        open_base("lantern", load_recipe("laptop", [*changes, "weights=fp32"])) for changes in (shape, [])
    )
    assert goes_on.adapted and goes_on.sha256 == bundled.sha256 and goes_on.gguf == weights
    assert merged.start and merged.start.merged and "--set rank=32 --set alpha=64" in merged.advice
    for model in (goes_on.adapted, merged.model):
        error = difference(top, by_transformers(model.eval(), ids))
        print(f"{error:.4f} nats off, untuned {noise:.4f}, moved {moved:.4f}")
        assert error < 2 * noise + 0.01 < moved / 2


def test_whole_weights_of_a_llama(bundled: Base, tmp_path: Path, corpus: Path, run: Run) -> None:
    torch.manual_seed(0)
    config = LlamaConfig(
        **SMALL,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        tie_word_embeddings=True,
    )
    model = LlamaForCausalLM(config)
    base, voice = write_base(model, bundled.tokenizer, tmp_path / "base"), tmp_path / "voice"
    changes = set_options(*FEW_STEPS, "max_steps=6", "evaluate_every=3", "learning_rate=0.02", "method=full")
    result = run("--corpus", corpus, "--base", base, "--out", voice, *changes)
    assert result.exit_code == 0 and "Play it: dungeon play" in result.stderr, result.output
    entry = json.loads((voice / "voice.json").read_text())
    assert entry["base"]["file"] == "base.gguf" and entry["adapter"] is None
    ids = [bundled.tokenizer(text).input_ids for text in PROMPTS]
    top, tokens = by_llama_cpp(voice / "base.gguf", None, ids)
    error = difference(top, by_transformers(open_voice(voice).model, ids))
    before = difference(top, by_transformers(model, ids))
    print(f"{error:.4f} nats off, {before:.4f} from the base")
    assert tokens == ids and error < 0.05 < 5 * error + 0.05 < before

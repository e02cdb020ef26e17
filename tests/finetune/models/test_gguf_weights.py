"""Reading models from GGUF: the end of a text, layers named without opening, and what is refused. See also
`test_llama_cpp.py`, which compares whole models."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from corpus.chat_frame import CHATML
from finetune.data.chat_rows import learn_frame
from finetune.errors import FinetuneError
from finetune.models.base import open_base
from finetune.models.base_check import Layers, read_layers
from finetune.models.gguf_convert import close_gguf
from tests.finetune.conftest import CHATML_TEMPLATE, Run, set_options

QWEN2 = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
WriteModel = Callable[..., Qwen2ForCausalLM]


@pytest.fixture
def write_model(tmp_path: Path, tokenizers: dict[str, Any]) -> WriteModel:
    """Writes a small Qwen2 to `model.gguf`, with a chat model's tokens."""

    def write(tensors: tuple[str, ...] = (), lacks: str = "-", **keys: str) -> Qwen2ForCausalLM:
        torch.manual_seed(0)
        vocabulary = json.loads(tokenizers["gpt2"].backend_tokenizer.to_str())["model"]
        tokens = [*sorted(vocabulary["vocab"], key=vocabulary["vocab"].get), "<|im_end|>"]
        config = Qwen2Config(
            vocab_size=len(tokens), hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, max_position_embeddings=64,
        )  # fmt: skip
        model = Qwen2ForCausalLM(config)
        writer = gguf.GGUFWriter(tmp_path / "model.gguf", "qwen2")
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("gpt-2")
        writer.add_token_list(tokens)
        control = ("<|endoftext|>", "<|im_end|>")
        writer.add_token_types([gguf.TokenType.CONTROL if one in control else gguf.TokenType.NORMAL for one in tokens])
        writer.add_token_merges([" ".join(pair) for pair in vocabulary["merges"]])
        writer.add_eos_token_id(tokens.index("<|im_end|>"))
        writer.add_context_length(64)
        writer.add_block_count(2)
        writer.add_embedding_length(32)
        writer.add_feed_forward_length(48)
        writer.add_head_count(4)
        writer.add_head_count_kv(2)
        writer.add_layer_norm_rms_eps(1e-6)
        writer.add_rope_freq_base(10_000)
        for key, value in keys.items():
            writer.add_string(key.replace("__", "."), value)
        names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN2, 2)
        for name, parameter in model.named_parameters():
            place, _, part = name.rpartition(".")
            if lacks not in name:
                writer.add_tensor(f"{names.get_name(place)}.{part}", parameter.detach().numpy())
        for name in tensors:
            writer.add_tensor(name, np.ones(8, np.float32))
        close_gguf(writer)
        return model.eval()

    return write


def test_a_text_ends_as_prose_does_and_not_as_a_turn_of_chat(write_model: WriteModel, tmp_path: Path) -> None:
    model = write_model()
    base = open_base(str(tmp_path / "model.gguf"))
    tokenizer = base.tokenizer
    assert tokenizer.eos_token == tokenizer.pad_token == "<|endoftext|>"
    assert base.end_id == base.model.config.eos_token_id == tokenizer.convert_tokens_to_ids("<|endoftext|>")
    ids = tokenizer("You open the door.", return_tensors="pt").input_ids
    assert torch.equal(base.model(ids).logits, model(ids).logits)


def test_the_files_chat_template_is_kept(write_model: WriteModel, tmp_path: Path) -> None:
    write_model(tokenizer__chat_template=CHATML_TEMPLATE)
    assert learn_frame(open_base(str(tmp_path / "model.gguf")).tokenizer, "model") == CHATML


def test_a_typo_is_found_before_the_file_is_read(
    write_model: WriteModel, run: Run, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model()
    file, opened = tmp_path / "model.gguf", AssertionError("the file was opened")
    monkeypatch.setattr("finetune.training.train.open_base", lambda *_: (_ for _ in ()).throw(opened))
    options = ("--corpus", corpus, "--base", file, "--out", tmp_path / "voice")
    for change, message in (("modules=q_projj", "Did you mean q_proj"), ("layers=3", "this base has 2 blocks")):
        result = run(*options, *set_options(change))
        assert result.exit_code == 2 and message in result.stderr, result.output
    assert read_layers(str(file)) == Layers(2, frozenset(QWEN2))


def test_the_layers_of_a_damaged_file_are_not_known(write_model: WriteModel, tmp_path: Path) -> None:
    write_model()
    file = tmp_path / "model.gguf"
    whole = file.read_bytes()
    # Cut off anywhere, with a length or a type of value that can't be, or of a type that isn't known.
    for damaged in (whole[:10], whole[:40], whole[:24] + b"\xff" * 40, whole.replace(b"qwen2", b"qwen9")):
        file.write_bytes(damaged)
        assert read_layers(str(file)) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"tensors": ("rope_freqs.weight",)}, "it holds rope_freqs.weight, which a Qwen2ForCausalLM has no place for"),
        ({"lacks": "layers.1.mlp.up_proj"}, "it lacks a tensor of a Qwen2ForCausalLM, model.layers.1.mlp.up_proj"),
        ({"qwen2__rope__scaling__type": "yarn"}, "its positions are scaled (yarn), which is not read from GGUF"),
    ],
)
def test_a_file_that_would_be_read_wrongly_is_refused(
    content: dict[str, Any], message: str, write_model: WriteModel, tmp_path: Path
) -> None:
    write_model(**content)
    with pytest.raises(FinetuneError) as caught:
        open_base(str(tmp_path / "model.gguf"))
    assert message in caught.value.message and str(tmp_path / "model.gguf") in caught.value.message

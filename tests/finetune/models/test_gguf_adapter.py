"""An adapter as GGUF: its names, order of rows and scale fit the base."""

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from finetune.models.gguf_adapter import write_adapter
from finetune.models.gguf_convert import LlamaCppError

LLAMA = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
GPT2 = {"attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down"}


def interleaved(matrix: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """The rows of each head, first half and second half in turn: llama.cpp's rotary layout, written out."""
    size = len(matrix) // heads
    order = [head * size + half * size // 2 + n for head in range(heads) for n in range(size // 2) for half in (0, 1)]
    return matrix[order]


def stored(model: Any, name: str) -> dict[str, np.ndarray[Any, Any]]:
    """The linear weights of a tiny model as llama.cpp's converter lays them out."""
    state = {key: value.numpy() for key, value in model.state_dict().items()}
    tensors = {}
    for layer in range(2):
        if name == "gpt2":
            for ours, theirs in GPT2.items():
                tensors[f"blk.{layer}.{theirs}"] = state[f"transformer.h.{layer}.{ours}.weight"].T
        else:
            for ours, theirs in LLAMA.items():
                matrix = state[f"model.layers.{layer}.{ours}.weight"]
                heads = {"attn_q": 4, "attn_k": 2}.get(theirs)
                tensors[f"blk.{layer}.{theirs}"] = interleaved(matrix, heads) if heads else matrix
    return tensors


def write_base(path: Path, name: str, tensors: dict[str, np.ndarray[Any, Any]]) -> None:
    writer = gguf.GGUFWriter(path, name)
    writer.add_block_count(2)
    writer.add_head_count(4)
    writer.add_head_count_kv(2 if name == "llama" else 4)
    for key, matrix in tensors.items():
        writer.add_tensor(f"{key}.weight", np.ascontiguousarray(matrix))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.mark.parametrize("rslora", [False, True])
@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_base_and_adapter_together_are_the_merged_model(
    name: str, rslora: bool, tmp_path: Path, bases: dict[str, Path]
) -> None:
    model: Any = AutoModelForCausalLM.from_pretrained(bases[name])
    write_base(tmp_path / "base.gguf", name, stored(model, name))
    config = LoraConfig(
        r=4, lora_alpha=6, target_modules="all-linear", use_rslora=rslora, init_lora_weights=False,
        fan_in_fan_out=name == "gpt2", task_type="CAUSAL_LM",
    )  # fmt: skip
    torch.manual_seed(0)
    adapted = get_peft_model(model, config)
    write_adapter(adapted, tmp_path / "base.gguf", tmp_path / "adapter.gguf")
    base = {tensor.name: tensor.data for tensor in gguf.GGUFReader(tmp_path / "base.gguf").tensors}
    reader = gguf.GGUFReader(tmp_path / "adapter.gguf")
    read: Any = lambda key: reader.get_field(key).contents()  # noqa: E731
    assert [read(key) for key in ("general.architecture", "general.type", "adapter.type")] == [name, "adapter", "lora"]
    parts = {tensor.name: tensor.data.astype(np.float32) for tensor in reader.tensors}
    merged = stored(adapted.merge_and_unload(), name)
    assert len(parts) == 2 * len(merged)
    for key, expected in merged.items():
        low, high = parts[f"{key}.weight.lora_a"], parts[f"{key}.weight.lora_b"]
        played = base[f"{key}.weight"] + read("adapter.lora.alpha") / len(low) * high @ low
        np.testing.assert_allclose(played, expected, atol=2e-2)
        assert np.abs(expected - base[f"{key}.weight"]).max() > 0.1


@pytest.mark.parametrize("fault", ["missing", "shuffled"])
def test_an_unknown_layout_is_refused(fault: str, tmp_path: Path, bases: dict[str, Path]) -> None:
    model: Any = AutoModelForCausalLM.from_pretrained(bases["llama"])
    tensors = stored(model, "llama")
    if fault == "missing":
        del tensors["blk.1.ffn_up"]
    else:
        tensors["blk.1.ffn_up"] = tensors["blk.1.ffn_up"][::-1]
    write_base(tmp_path / "base.gguf", "llama", tensors)
    adapted = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    with pytest.raises(LlamaCppError, match="up"):
        write_adapter(adapted, tmp_path / "base.gguf", tmp_path / "adapter.gguf")

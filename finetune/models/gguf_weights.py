"""The weights of a GGUF file as a transformers model, dequantised piece by piece into the type of number asked for.

    model, tokenizer = read_gguf(Path("model.gguf"), torch.bfloat16)

Files of Llama's, Qwen2's, Qwen3's and GPT-2's type are read here: transformers' own reader takes longer, holds half as
much memory again, and takes a small model's sizes for a large one's. Other types that it knows, it reads.
"""

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    GgufConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)
from transformers.initialization import no_init_weights
from transformers.integrations.gguf.gguf_tokenizer_mapping import convert_gguf_tokenizer, get_gguf_tokenizer
from transformers.integrations.gguf.reader import GgufHeader, load_gguf_state_dict, read_gguf_metadata
from transformers.pytorch_utils import Conv1D

from finetune.data.rows import bos_ids

_LLAMA_KEYS = {
    "context_length": "max_position_embeddings",
    "block_count": "num_hidden_layers",
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.key_length": "head_dim",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "rope.freq_base": "rope_theta",
}
_GPT2_KEYS = {
    "context_length": "n_positions",
    "block_count": "n_layer",
    "embedding_length": "n_embd",
    "feed_forward_length": "n_inner",
    "attention.head_count": "n_head",
    "attention.layer_norm_epsilon": "layer_norm_epsilon",
}
_KEYS = {"llama": _LLAMA_KEYS, "qwen2": _LLAMA_KEYS, "qwen3": _LLAMA_KEYS, "gpt2": _GPT2_KEYS}
"""What a file calls each size, and what transformers does, by the type of model."""
_ENDS = ("<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "<｜end▁of▁sentence｜>")
"""Ends of a text; the file of a chat model names the end of a chat turn instead."""
_AT_ONCE = 1 << 22
"""Numbers that are dequantised at a time."""


def read_gguf(file: Path, dtype: torch.dtype) -> tuple[PreTrainedModel, Any]:
    """Return model and tokenizer of a GGUF file, the model's numbers in `dtype`.

    Raises:
        ValueError, or what transformers raises: the file is damaged, or holds what no model here has a place for.
    """
    metadata, names = read_gguf_metadata(str(file))
    tokenizer = _read_tokenizer(file)
    plain = metadata["general.architecture"] in _KEYS
    config = _read_config(metadata, names) if plain else AutoConfig.from_pretrained(file.parent, gguf_file=file.name)
    config.eos_token_id = config.pad_token_id = tokenizer.eos_token_id
    config.bos_token_id = next(iter(bos_ids(tokenizer)), None)
    if plain:
        return _read_model(file, config, dtype), tokenizer
    opened: Any = AutoModelForCausalLM.from_pretrained(
        file.parent,
        gguf_file=file.name,
        config=config,
        dtype=dtype,
        quantization_config=GgufConfig(dequantize=True),
        output_loading_info=True,
    )
    model, loaded = opened
    if missing := sorted(loaded["missing_keys"]):
        raise ValueError(f"it lacks {len(missing)} tensors of a {type(model).__name__}, {missing[0]} for one")
    return model, tokenizer


def tensor_names(architecture: str, blocks: int) -> gguf.TensorNameMap:
    """Return what maps transformers' names of tensors to llama.cpp's."""
    arch = next(arch for arch, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture)
    return gguf.get_tensor_name_map(arch, blocks)


def rotary_row_order(rows: int, heads: int) -> torch.Tensor:
    """Return the order in which llama.cpp stores the rows of a Llama-type query or key matrix: `ours[order]`.

    transformers keeps the two halves of each head one after the other; llama.cpp interleaves them.
    """
    return torch.arange(rows).reshape(heads, 2, rows // heads // 2).transpose(1, 2).flatten()


def stored_row_order(config: PreTrainedConfig, place: str, rows: int) -> torch.Tensor:
    """Return the order in which llama.cpp stores the rows of the module at `place` of a model: `ours[order]`."""
    heads = {"q_proj": "num_attention_heads", "k_proj": "num_key_value_heads"}.get(place.rpartition(".")[2])
    if config.model_type != "llama" or heads is None:
        return torch.arange(rows)
    return rotary_row_order(rows, getattr(config, heads))


def _read_config(metadata: dict[str, Any], names: tuple[str, ...]) -> PreTrainedConfig:
    architecture = metadata["general.architecture"]
    if (scaling := metadata.get(f"{architecture}.rope.scaling.type", "none")) != "none":
        raise ValueError(f"its positions are scaled ({scaling}), which is not read from GGUF")
    keys = {f"{architecture}.{theirs}": ours for theirs, ours in _KEYS[architecture].items()}
    return AutoConfig.for_model(
        architecture,
        **{ours: metadata[key] for key, ours in keys.items() if key in metadata},
        vocab_size=metadata["tokenizer.ggml.tokens"],  # their number
        tie_word_embeddings="output.weight" not in names,
    )


def _read_model(file: Path, config: PreTrainedConfig, dtype: torch.dtype) -> PreTrainedModel:
    with no_init_weights():  # every weight is in the file
        model: Any = AutoModelForCausalLM.from_config(config, dtype=dtype)  # type: ignore[no-untyped-call]
    model.tie_weights()
    tensors = load_gguf_state_dict(GgufHeader.from_file(str(file)))
    places = tensor_names(config.model_type, config.num_hidden_layers)
    for name, parameter in model.named_parameters():
        place, _, part = name.rpartition(".")
        tensor = tensors.pop(f"{places.get_name(place)}.{part}", None)
        if tensor is None:
            raise ValueError(f"it lacks a tensor of a {type(model).__name__}, {name}")
        transposed = part == "weight" and isinstance(model.get_submodule(place), Conv1D)
        matrix = parameter.data.T if transposed else parameter.data
        _fill(matrix, tensor, stored_row_order(config, place, len(matrix)))
    if tensors:
        raise ValueError(f"it holds {min(tensors)}, which a {type(model).__name__} has no place for")
    model.eval()  # as from_pretrained gives it
    return model  # type: ignore[no-any-return]


def _fill(matrix: torch.Tensor, tensor: Any, order: torch.Tensor) -> None:
    """Put a tensor of a file into `matrix` (rows x any), whose rows it stores in that order."""
    kind = gguf.GGMLQuantizationType(tensor.ggml_type)
    stored = np.asarray(tensor.data).reshape(len(matrix), -1)  # bytes
    step = max(1, _AT_ONCE * len(matrix) // matrix.numel())
    for first in range(0, len(matrix), step):
        values = torch.from_numpy(gguf.quants.dequantize(stored[first : first + step], kind).copy())
        matrix[order[first : first + step]] = values.reshape(-1, *matrix.shape[1:]).to(matrix.dtype)


def _read_tokenizer(file: Path) -> Any:
    architecture, parts, settings = get_gguf_tokenizer(str(file))
    backend, more = convert_gguf_tokenizer(architecture, parts)
    fast: Any = PreTrainedTokenizerFast
    tokenizer = fast(tokenizer_object=backend, **settings, **more)
    kinds = zip(parts["tokens"], parts.get("token_type", ()), strict=False)
    control = {token for token, kind in kinds if kind == gguf.TokenType.CONTROL}
    if end := next((end for end in _ENDS if end in control), tokenizer.eos_token):
        tokenizer.eos_token = tokenizer.pad_token = end
    return tokenizer

"""An adapter as GGUF, which llama.cpp applies to a base when it plays.

    write_adapter(model, base_gguf=Path("base.gguf"), out=Path("adapter.gguf"))

Nothing here is specific to an architecture. gguf's own table gives each tensor's name, and each adapted weight is
compared with the same weight in the base's GGUF: whether it is stored there as in transformers, or with its rows in
llama.cpp's rotary order, shows which order the adapter's rows need. An architecture that rearranges its weights in
another way is refused, not guessed at.
"""

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer
from peft.utils.integrations import dequantize_module_weight
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from finetune.models.gguf_convert import LlamaCppError, close_gguf
from finetune.models.gguf_weights import rotary_row_order, stored_row_order, tensor_names

_TOLERANCE = 0.3
"""Largest relative difference by which quantisation may have moved a weight matrix: 4 bits on either side move it by
0.1, and another order of its rows by 1.4."""


def write_adapter(model: PeftModel, base_gguf: Path, out: Path) -> None:
    """Write the adapter of `model` as 16-bit GGUF for the base in `base_gguf`.

    Raises:
        LlamaCppError: a tensor has no counterpart in the base, or is stored there in an unknown order.
    """
    reader = gguf.GGUFReader(base_gguf)
    architecture = str(_value(reader, "general.architecture"))
    names = tensor_names(architecture, int(_value(reader, f"{architecture}.block_count")))
    heads = {int(_value(reader, f"{architecture}.attention.head_count{kind}", 0)) for kind in ("", "_kv")} - {0}
    tensors = {tensor.name: tensor for tensor in reader.tensors}

    writer = gguf.GGUFWriter(out, architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    alphas = set()
    inner: Any = model.get_base_model()
    for path, layer in inner.named_modules():
        if not isinstance(layer, LoraLayer):
            continue
        name = f"{names.get_name(path)}.weight"
        if name not in tensors:
            raise LlamaCppError(f"{path} has no counterpart in llama.cpp's {architecture} models")
        a, b = (part["default"].get_parameter("weight").detach() for part in (layer.lora_A, layer.lora_B))
        weight = dequantize_module_weight(layer.get_base_layer()).detach()  # may be in 4 bits
        if getattr(layer, "fan_in_fan_out", False):
            weight = weight.T
        b = b[_row_order(weight, tensors[name], heads)]
        writer.add_tensor(f"{name}.lora_a", _half(a))
        writer.add_tensor(f"{name}.lora_b", _half(b))
        # llama.cpp scales by alpha / rank, whatever peft's rule was (rsLoRA divides by the rank's root).
        alphas.add(layer.scaling["default"] * len(a))
    if len(alphas) != 1:
        raise LlamaCppError(f"its layers have {len(alphas)} different scales")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alphas.pop())
    close_gguf(writer)


def read_adapter(model: PreTrainedModel, file: Path) -> PeftModel:
    """Return `model` with the adapter in `file` on its layers. Changes `model` itself.

    Raises:
        LlamaCppError: the file is not an adapter of one rank for such a model.
    """
    reader = gguf.GGUFReader(file)
    config: Any = model.config
    if (architecture := str(_value(reader, "general.architecture"))) != config.model_type:
        raise LlamaCppError(f"its adapter is for {architecture} models, and this is a {config.model_type}")
    names = tensor_names(architecture, config.num_hidden_layers)
    parts = {tensor.name: torch.tensor(tensor.data).float() for tensor in reader.tensors}
    places = {}
    for place, module in model.named_modules():
        name = f"{names.get_name(place)}.weight"
        if isinstance(module, (torch.nn.Linear, Conv1D)) and f"{name}.lora_a" in parts:
            places[place] = (parts.pop(f"{name}.lora_a"), parts.pop(f"{name}.lora_b"))
    ranks = {len(a) for a, _ in places.values()}
    if parts or len(ranks) != 1:
        what = f"places that are not in this model, {min(parts)} for one" if parts else f"{len(ranks)} ranks"
        raise LlamaCppError(f"its adapter has {what}")
    lora = LoraConfig(
        r=ranks.pop(),
        lora_alpha=_value(reader, gguf.Keys.Adapter.LORA_ALPHA),
        target_modules=list(places),
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in model.modules()),
        task_type="CAUSAL_LM",
    )
    adapted: Any = get_peft_model(model, lora)
    with torch.no_grad():
        for place, (a, b) in places.items():
            layer = adapted.get_base_model().get_submodule(place)
            layer.lora_A["default"].weight.copy_(a)
            layer.lora_B["default"].weight[stored_row_order(config, place, len(b))] = b.to(
                layer.lora_B["default"].weight
            )
    return adapted  # type: ignore[no-any-return]


def _row_order(weight: torch.Tensor, tensor: Any, heads: set[int]) -> torch.Tensor:
    """Return the order in which the base's GGUF stores the rows of `weight` (out x in)."""
    stored = torch.tensor(gguf.quants.dequantize(tensor.data, tensor.tensor_type)).float()
    weight = weight.float().cpu()
    rows = len(weight)
    rotary = [rotary_row_order(rows, count) for count in sorted(heads) if rows % (2 * count) == 0]
    if stored.shape == weight.shape:
        for order in (torch.arange(rows), *rotary):
            if torch.linalg.norm(stored - weight[order]) <= _TOLERANCE * torch.linalg.norm(weight):
                return order
    raise LlamaCppError(f"llama.cpp stores {tensor.name} in an order that this program does not know")


def _half(matrix: torch.Tensor) -> np.ndarray[Any, np.dtype[np.float16]]:
    return matrix.cpu().to(torch.float16).contiguous().numpy()


def _value(reader: gguf.GGUFReader, key: str, default: int | None = None) -> Any:
    field = reader.get_field(key)
    if field is None and default is None:
        raise LlamaCppError(f"the base's GGUF lacks {key}")
    return field.contents() if field is not None else default

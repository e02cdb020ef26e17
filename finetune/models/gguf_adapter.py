"""An adapter as GGUF, which llama.cpp puts over a base at play.

    write_adapter(model, base_gguf=Path("base.gguf"), out=Path("adapter.gguf"))

Nothing about an architecture is written down here. gguf's own table gives each tensor's name, and each adapted
weight is compared with the same weight in the base's GGUF: whether it lies there as in transformers or with its rows
in llama.cpp's rotary order shows which order the adapter's rows need. An architecture that rearranges its weights in
yet another way is refused, not guessed at.
"""

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer

from finetune.models.base import rotary_rows

_TOLERANCE = 0.1
"""Largest relative difference by which quantisation may have moved a weight matrix."""


class UnknownLayout(Exception):
    """This model's adapter has no GGUF form that is known to be right; the message says which tensor."""


def write_adapter(model: PeftModel, base_gguf: Path, out: Path) -> None:
    """Writes the adapter of `model` as 16-bit GGUF for the base in `base_gguf`.

    Raises UnknownLayout where a tensor has no counterpart in the base, or lies there in an unknown order.
    """
    reader = gguf.GGUFReader(base_gguf)
    architecture = str(_value(reader, "general.architecture"))
    arch = next(arch for arch, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture)
    names = gguf.get_tensor_name_map(arch, int(_value(reader, f"{architecture}.block_count")))
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
            raise UnknownLayout(f"{path} has no counterpart in llama.cpp's {architecture} models")
        low, high = (part["default"].get_parameter("weight").detach() for part in (layer.lora_A, layer.lora_B))
        weight = layer.get_base_layer().get_parameter("weight").detach()
        if getattr(layer, "fan_in_fan_out", False):
            weight = weight.T
        high = high[_row_order(weight, tensors[name], heads)]
        writer.add_tensor(f"{name}.lora_a", _half(low))
        writer.add_tensor(f"{name}.lora_b", _half(high))
        # llama.cpp scales by alpha / rank, whatever peft's rule was (rsLoRA divides by the rank's root).
        alphas.add(layer.scaling["default"] * len(low))
    if len(alphas) != 1:
        raise UnknownLayout(f"its layers have {len(alphas)} different scales")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alphas.pop())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _row_order(weight: torch.Tensor, tensor: Any, heads: set[int]) -> torch.Tensor:
    """The order in which the base's GGUF holds the rows of `weight` (out x in)."""
    stored = torch.tensor(gguf.quants.dequantize(tensor.data, tensor.tensor_type)).float()
    weight = weight.float().cpu()
    rows = len(weight)
    orders = [torch.arange(rows), *(rotary_rows(rows, count) for count in sorted(heads) if rows % (2 * count) == 0)]
    if stored.shape == weight.shape:
        for order in orders:
            if torch.linalg.norm(stored - weight[order]) <= _TOLERANCE * torch.linalg.norm(weight):
                return order
    raise UnknownLayout(f"llama.cpp keeps {tensor.name} in an order that this program does not know")


def _half(matrix: torch.Tensor) -> np.ndarray[Any, np.dtype[np.float16]]:
    return matrix.cpu().to(torch.float16).contiguous().numpy()


def _value(reader: gguf.GGUFReader, key: str, default: int | None = None) -> Any:
    field = reader.get_field(key)
    if field is None and default is None:
        raise UnknownLayout(f"the base's GGUF lacks {key}")
    return field.contents() if field is not None else default

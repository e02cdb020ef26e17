"""Model folders, and GGUF out of them: llama.cpp's own converter, run as a process, and what it leaves to others.

    convert(model, tokenizer, Path("voice.gguf"), "q8_0")

The converter writes 32 and 16 bits and Q8_0. What is smaller is made here of its F16 file: the matrices are quantised
by the `gguf` package, everything else is copied.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from finetune.models.base import Base

CONVERTER = ("f32", "f16", "bf16", "q8_0")
SMALLER = ("q5_1", "q5_0", "q4_1", "q4_0")
_OUTER = ("token_embd.weight", "output.weight")
"""Matrices that smaller files hold in Q8_0: every token passes through them, and they bear coarseness worst."""


class ConversionFailed(Exception):
    """llama.cpp's converter refused the model; the message is its last line."""


def convert_base(base: Base, out: Path) -> None:
    """Writes the base as GGUF, Q8_0 where a tensor's width allows and F16 where not.

    Raises ConversionFailed, for example for a tokenizer that llama.cpp does not know.
    """
    convert(base.model, base.tokenizer, out, "q8_0")


def convert(model: Any, tokenizer: Any, out: Path, precision: str) -> None:
    """Writes a whole model as GGUF whose matrices are of one of `CONVERTER` or `SMALLER`. Raises ConversionFailed."""
    with tempfile.TemporaryDirectory(prefix=".gguf-", dir=out.parent) as name:
        staging = Path(name)
        save_model(model, tokenizer, staging / "model")
        made = staging / "made.gguf"
        kind = precision if precision in CONVERTER else "f16"
        command = [sys.executable, "-P", "-m", "convert_hf_to_gguf", str(staging / "model"), "--outfile", str(made)]
        done = subprocess.run([*command, "--outtype", kind], capture_output=True, text=True, check=False)
        if done.returncode != 0 or not made.is_file():
            lines = [line for line in done.stderr.splitlines() if line.strip()] or ["it gave no reason"]
            raise ConversionFailed(lines[-1])
        if precision in SMALLER:
            small = staging / "small.gguf"
            quantise(made, small, precision)
            made = small
        made.replace(out)


def save_model(model: Any, tokenizer: Any, folder: Path) -> None:
    """A model folder as transformers writes it, with the one key that llama.cpp's converter misses for GPT-2."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    if "n_positions" in config and "n_ctx" not in config:
        config["n_ctx"] = config["n_positions"]
        path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def quantise(source: Path, out: Path, precision: str) -> None:
    """Writes the F16 GGUF `source` again, its matrices in one of `SMALLER`; the outer ones in Q8_0.

    A matrix whose width is no multiple of 32, the block of all these formats, stays in F16.
    """
    reader = gguf.GGUFReader(source)
    architecture = reader.get_field(gguf.Keys.General.ARCHITECTURE)
    assert architecture is not None
    writer = gguf.GGUFWriter(out, architecture.contents())
    written = {gguf.Keys.General.ARCHITECTURE, gguf.Keys.General.FILE_TYPE, "general.quantization_version"}
    for field in reader.fields.values():
        if field.name not in written and not field.name.startswith("GGUF."):
            inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(field.name, field.contents(), field.types[0], inner)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_file_type(gguf.LlamaFileType[f"MOSTLY_{precision.upper()}"])
    for tensor in reader.tensors:
        kind = _kind(tensor, gguf.GGMLQuantizationType[precision.upper()])
        if kind is None:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
        else:
            data = gguf.quants.quantize(tensor.data.astype(np.float32), kind)
            writer.add_tensor(tensor.name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _kind(tensor: Any, wanted: gguf.GGMLQuantizationType) -> gguf.GGMLQuantizationType | None:
    """What a tensor is quantised to; None where it stays as it is."""
    narrow = len(tensor.shape) < 2 or tensor.tensor_type != gguf.GGMLQuantizationType.F16 or tensor.shape[0] % 32
    if narrow:
        return None
    return gguf.GGMLQuantizationType.Q8_0 if tensor.name in _OUTER else wanted

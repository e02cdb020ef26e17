"""Models as GGUF: llama.cpp's own converter, run as a process, and the smaller precisions that it leaves to others.

    write_gguf(model, tokenizer, Path("voice.gguf"), "q8_0")

The converter writes 32 and 16 bits and Q8_0. What is smaller is made here from its F16 file: the `gguf` package
quantises the matrices, everything else is copied.
"""

import subprocess
import sys
import tempfile
from copy import copy
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from finetune.files import read_json, write_json

SMALLER_PRECISIONS = ("q5_1", "q5_0", "q4_1", "q4_0")
_OUTER = ("token_embd.weight", "output.weight")
"""Matrices that smaller files hold in Q8_0: every token passes through them, and rounding harms them most."""


class LlamaCppError(Exception):
    """llama.cpp can't take a model; the message is the reason."""


def write_gguf(model: Any, tokenizer: Any, out: Path, precision: str, *, chat: bool = False) -> None:
    """Write a whole model as GGUF whose matrices are f32, f16, bf16, q8_0 or one of `SMALLER_PRECISIONS`.

    A tensor whose width q8_0 doesn't allow is F16. `chat`: as in `save_model`.

    Raises:
        LlamaCppError: for example because llama.cpp does not know the tokenizer.
    """
    with tempfile.TemporaryDirectory(prefix=".gguf-", dir=out.parent) as name:
        staging = Path(name)
        save_model(model, tokenizer, staging / "model", chat=chat)
        converted = staging / "converted.gguf"
        kind = "f16" if precision in SMALLER_PRECISIONS else precision
        command = [sys.executable, "-P", "-m", "convert_hf_to_gguf", str(staging / "model"), "--outfile"]
        done = subprocess.run(
            [*command, str(converted), "--outtype", kind], capture_output=True, text=True, check=False
        )
        if done.returncode != 0 or not converted.is_file():
            lines = [line for line in done.stderr.splitlines() if line.strip()] or ["it gave no reason"]
            raise LlamaCppError(lines[-1])
        if precision in SMALLER_PRECISIONS:
            small = staging / "small.gguf"
            quantise(converted, small, precision)
            converted = small
        converted.replace(out)


def save_model(model: Any, tokenizer: Any, folder: Path, *, chat: bool = False) -> None:
    """Write a model folder as transformers does, with the one key that llama.cpp's converter misses for GPT-2.

    Its chat template is kept for a voice that was tuned in its frame (`chat`). Any other continues plain text, and by
    the base's template a server or the game would take it for a chat model.
    """
    model.save_pretrained(folder)
    tokenizer = copy(tokenizer)
    if not chat:
        tokenizer.chat_template = None
    tokenizer.save_pretrained(folder)
    path = folder / "config.json"
    config = read_json(path)
    if "n_positions" in config and "n_ctx" not in config:
        config["n_ctx"] = config["n_positions"]
        write_json(path, config)


def quantise(source: Path, out: Path, precision: str) -> None:
    """Write the F16 GGUF `source` with its matrices in one of `SMALLER_PRECISIONS`; the outer ones in Q8_0.

    A matrix whose width is not a multiple of 32, the block size of all these formats, stays in F16.
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
        data, kind = tensor.data, tensor.tensor_type
        if len(tensor.shape) >= 2 and kind == gguf.GGMLQuantizationType.F16 and tensor.shape[0] % 32 == 0:
            kind = gguf.GGMLQuantizationType["Q8_0" if tensor.name in _OUTER else precision.upper()]
            data = gguf.quants.quantize(data.astype(np.float32), kind)
        writer.add_tensor(tensor.name, data, raw_dtype=kind)
    close_gguf(writer)


def close_gguf(writer: gguf.GGUFWriter) -> None:
    """Write everything that was added to a GGUF writer, and close its file."""
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

"""The adapter of a voice, put on the layers of its base: peft's files, or llama.cpp's where a voice has no others."""

from pathlib import Path
from typing import Any

from peft import PeftModel
from safetensors import SafetensorError
from transformers import PreTrainedModel

from finetune.errors import FinetuneError, cause
from finetune.files import sha256_of
from finetune.models.folders import ADAPTER_FILES, ADAPTER_GGUF, has_peft_adapter
from finetune.models.gguf_adapter import read_adapter
from finetune.models.gguf_convert import LlamaCppError


def open_adapter(model: PreTrainedModel, folder: Path) -> PeftModel:
    """Return `model` with the adapter of the voice in `folder`, ready to learn on. Changes `model` itself.

    Raises:
        FinetuneError: the adapter can't be read, or is not one for such a model.
    """
    try:
        if not has_peft_adapter(folder):
            return read_adapter(model, folder / ADAPTER_GGUF)
        adapted: Any = PeftModel.from_pretrained(model, str(folder), is_trainable=True)
    except (OSError, ValueError, RuntimeError, SafetensorError, LlamaCppError) as error:
        raise unreadable(folder, error) from error
    return adapted  # type: ignore[no-any-return]


def adapter_sha256(folder: Path) -> str:
    """Return the SHA-256 of the file that `open_adapter` reads."""
    return sha256_of(folder / (ADAPTER_FILES[0] if has_peft_adapter(folder) else ADAPTER_GGUF))


def unreadable(folder: Path, error: Exception) -> FinetuneError:
    """Return the error for a voice whose weights can't be read."""
    return FinetuneError(f"The weights of the voice {folder} can't be read: {cause(error)}\nTune it again.")

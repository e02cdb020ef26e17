"""A voice's folder, opened again: for export, evaluation, samples and reports.

    voice = open_voice(Path("my-voice"))
    voice.model, voice.tokenizer, voice.end

A voice is an adapter over a base (the base is opened too, and must be the one that the voice was tuned on) or a whole
model. Either way the model comes in 32 bits, on the CPU, ready for inference.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from finetune.errors import FinetuneError
from finetune.models.base import Base, open_base

VOICE = "voice.json"
TRAINING = "training.json"
ADAPTER = "adapter_model.safetensors"
_ADAPTER_CONFIG = "adapter_config.json"


@dataclass(frozen=True, slots=True)
class OpenVoice:
    """A voice that was read."""

    name: str
    """As the folder is called."""
    folder: Path
    model: PeftModel | PreTrainedModel
    """With the adapter over it, or whole; in evaluation mode, 32 bits, on the CPU."""
    tokenizer: Any
    base: Base | None
    """What the adapter lies over; None for a whole model. `base.model` has the adapter's layers in it."""
    training: dict[str, Any]
    """`training.json`."""

    @property
    def end(self) -> int | None:
        """The token that ends a story."""
        return self.tokenizer.eos_token_id  # type: ignore[no-any-return]


def read_voice(folder: Path) -> dict[str, Any]:
    """A voice's `training.json`. Raises FinetuneError where `folder` is no voice that this program wrote."""
    if not (folder / VOICE).is_file():
        raise FinetuneError(f"{folder} is not a voice: it has no {VOICE}. Training makes one with --out.")
    try:
        training = json.loads((folder / TRAINING).read_text(encoding="utf-8"))
        training["base"]["given"], training["base"]["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FinetuneError(f"The voice {folder} has no readable {TRAINING}: {error}. Tune it again.") from error
    return training  # type: ignore[no-any-return]


def has_adapter(folder: Path) -> bool:
    """Whether the voice in `folder` is an adapter over a base; otherwise it is a whole model."""
    return (folder / ADAPTER).is_file() and (folder / _ADAPTER_CONFIG).is_file()


def open_voice(folder: Path, base_name: str | None = None) -> OpenVoice:
    """The voice in `folder`. `base_name` says where an adapter's base is now, if it has moved.

    Raises FinetuneError for a foreign folder, weights that can't be read, and a base that can't be had or isn't the
    one that the voice was tuned on.
    """
    training = read_voice(folder)
    name = folder.resolve().name
    if has_adapter(folder):
        base = open_base(base_name or training["base"]["given"])
        if base.sha256 != training["base"]["sha256"]:
            raise FinetuneError(
                f"The voice {folder} was tuned on other weights than {base.name} has now. "
                "Say where its own base is with --base, or tune it again."
            )
        try:
            adapted: Any = PeftModel.from_pretrained(base.model, str(folder))
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise _unreadable(folder, error) from error
        return OpenVoice(name, folder, adapted.eval(), base.tokenizer, base, training)
    if not any(folder.glob("model*.safetensors")):
        raise FinetuneError(f"The voice {folder} has neither an adapter nor a model in it. Tune it again.")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, trust_remote_code=False
        )
    except (OSError, ValueError, ImportError, RuntimeError, SafetensorError) as error:
        raise _unreadable(folder, error) from error
    return OpenVoice(name, folder, model.eval(), tokenizer, None, training)


def _unreadable(folder: Path, error: Exception) -> FinetuneError:
    reason = " ".join(str(error).split())
    return FinetuneError(f"The weights of the voice {folder} can't be read: {reason[:400]}\nTune it again.")

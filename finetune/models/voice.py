"""A voice, opened again: for export, comparison and samples.

    voice = open_voice(Path("my-voice"))
    voice.model, voice.tokenizer

A voice is an adapter over a base (the base is opened too, and must be the one that the voice was tuned on) or a whole
model. Either way the model comes in 32 bits, on the CPU, in evaluation mode.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from finetune.data.encoders import Encoder, make_encoder
from finetune.errors import FinetuneError
from finetune.models.adapters import open_adapter, unreadable
from finetune.models.base import Base, open_base
from finetune.models.folders import has_adapter, prompt_format_of, read_training


@dataclass(frozen=True, slots=True)
class OpenVoice:
    """A voice that is open."""

    folder: Path
    model: PeftModel | PreTrainedModel
    """The adapter over its base, or a whole model."""
    tokenizer: Any
    base: Base | None
    """The adapter's base, whose `model` has the adapter's layers in it; None for a whole model."""
    prompt_format: str
    """In which it was tuned: tale or frame."""

    def encoder(self) -> Encoder:
        """Return what writes tales for it. Raises FinetuneError where its base's chat template is gone."""
        return make_encoder(self.prompt_format, self.tokenizer, self.folder.name)


def open_voice(folder: Path, base_name: str | None = None) -> OpenVoice:
    """Return the voice in `folder`. `base_name` says where an adapter's base is now, if it has moved.

    Raises:
        FinetuneError: `folder` is not a voice, its weights can't be read, or its base can't be opened or has other
            weights than the voice was tuned on.
    """
    training, prompt_format = read_training(folder), prompt_format_of(folder)
    if has_adapter(folder):
        base = open_base(base_name or training["base"]["given"])
        if base.sha256 != training["base"]["sha256"]:
            raise FinetuneError(
                f"The voice {folder} was tuned on other weights than {base.name} has now. "
                "Say where its own base is with --base, or tune it again."
            )
        adapted: Any = open_adapter(base.model, folder)
        return OpenVoice(folder, adapted.eval(), base.tokenizer, base, prompt_format)
    if not any(folder.glob("model*.safetensors")):
        raise FinetuneError(f"The voice {folder} has neither an adapter nor a model in it. Tune it again.")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, trust_remote_code=False
        )
    except (OSError, ValueError, ImportError, RuntimeError, SafetensorError) as error:
        raise unreadable(folder, error) from error
    return OpenVoice(folder, model.eval(), tokenizer, None, prompt_format)

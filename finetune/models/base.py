"""The base: a pretrained causal language model with its tokenizer, licence and identity.

    base = open_base("smollm2")                      # the bundled weights, dequantised; needs no Hub
    base = open_base("openai-community/gpt2")        # a Hub id
    base = open_base("path/to/folder")               # a local folder as transformers writes it

safetensors and GGUF only, and no code from a model's folder is ever run. Weights come in 32 bits, or, for a training
that holds them in 16, as their files hold them: a large model is never in memory in 32 bits first.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import torch
import yaml  # type: ignore[import-untyped]
from huggingface_hub import hf_hub_download, metadata_load
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from finetune.errors import FinetuneError, cause
from finetune.models.base_check import cannot_open, check_base, hub_subject
from finetune.models.folders import BUNDLED
from finetune.models.gguf_weights import BUNDLED_HUB_ID, bundled_weights, read_gguf
from finetune.recipe import Recipe

_MOST_CONTEXT = 2048
_DIGEST_AT_ONCE = 1 << 22
"""Numbers that are turned into 32 bits at a time: a copy of a large embedding would take a gigabyte."""


@dataclass(frozen=True, slots=True)
class Base:
    """A base that is open."""

    given: str
    """The base as the user named it; a local folder as an absolute path."""
    name: str
    """A Hub id, a folder's name, or `smollm2`."""
    license: str
    model: PreTrainedModel
    tokenizer: Any
    gguf: Path | None
    """The file that llama.cpp plays, where the base came from one."""
    sha256: str
    """Of the weights: names and values of all tensors, 32 bits each."""

    @property
    def end_id(self) -> int | None:
        """The token that ends a story."""
        return self.tokenizer.eos_token_id  # type: ignore[no-any-return]

    @property
    def context_size(self) -> int:
        """Tokens the model was made for, at most `_MOST_CONTEXT`."""
        return min(getattr(self.model.config, "max_position_embeddings", _MOST_CONTEXT), _MOST_CONTEXT)

    @property
    def hub_id(self) -> str | None:
        """The Hub repository to name in a model card."""
        if self.name == BUNDLED:
            return BUNDLED_HUB_ID
        return None if Path(self.given).is_absolute() else self.given


def open_base(name: str, recipe: Recipe | None = None) -> Base:
    """Return the base of that name, folder or Hub id, in 32 bits, or as `recipe` trains it.

    Raises:
        FinetuneError: there is no such base, it can't be fetched, or it isn't a whole causal language model.
    """
    check_base(name)
    path = Path(name).expanduser()
    dtype = "auto" if recipe and halves_frozen(recipe) else torch.float32
    if name == BUNDLED:
        file = bundled_weights()
        model, tokenizer = read_gguf(file)
        return Base(name, name, "apache-2.0", model, tokenizer, file, _digest(model))
    if path.is_dir():
        model, tokenizer = _from_pretrained(str(path), f"The folder {path}", dtype)
        given, shown, card = str(path.resolve()), path.resolve().name, path / "README.md"
        return Base(given, shown, _license(card), model, tokenizer, None, _digest(model))
    model, tokenizer = _from_pretrained(name, hub_subject(name), dtype)
    try:
        card = Path(hf_hub_download(name, "README.md"))
    except (httpx2.HTTPError, OSError):  # a model without a card, or a cache without it
        card = Path("README.md is not there")
    return Base(name, name, _license(card), model, tokenizer, None, _digest(model))


def halves_frozen(recipe: Recipe) -> bool:
    """Return whether a training holds the base's matrices, which it never changes, in 16 bits."""
    return recipe.method == "lora" and recipe.weights == "half"


def _from_pretrained(source: str, subject: str, dtype: torch.dtype | str) -> tuple[PreTrainedModel, Any]:
    try:
        config = AutoConfig.from_pretrained(source, trust_remote_code=False)
        opened: Any = AutoModelForCausalLM.from_pretrained(
            source,
            config=config,
            dtype=dtype,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except (OSError, ValueError, ImportError, RuntimeError, SafetensorError) as error:
        raise cannot_open(subject, cause(error)) from error
    model, loaded = opened
    if missing := sorted(loaded["missing_keys"]):
        lacks = f"it lacks {len(missing)} tensors of a {type(model).__name__}, {missing[0]} for one"
        raise cannot_open(subject, lacks)
    tokenizer = _open_tokenizer(source, subject)
    embeddings = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > embeddings:
        raise FinetuneError(
            f"{subject} has a tokenizer of {len(tokenizer):,} tokens, but embeddings for {embeddings:,}: the tokenizer "
            "is another model's. Put its own there."
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer


def _open_tokenizer(source: str, subject: str) -> Any:
    probe = "You open the door."
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
        # Where a folder has no tokenizer files, transformers may make one of the model's kind without a vocabulary.
        decoded = tokenizer.decode(tokenizer(probe, add_special_tokens=False)["input_ids"], skip_special_tokens=True)
        reason = "" if "door" in "".join(decoded.split()).casefold() else f"of '{probe}' it keeps '{decoded}'"
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        reason = cause(error)
    if reason:
        raise FinetuneError(
            f"{subject} has no tokenizer that works. Put the files of the one it was made with, tokenizer.json above "
            f"all, beside its weights. The cause: {reason}"
        )
    return tokenizer


def _digest(model: PreTrainedModel) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        for part in tensor.flatten().split(_DIGEST_AT_ONCE):
            digest.update(part.float().numpy())
    return digest.hexdigest()


def _license(card: Path) -> str:
    """Return the licence that a model's card states; "unknown" where it states none."""
    try:
        found = (metadata_load(card) or {}).get("license") if card.is_file() else None
    except (ValueError, yaml.YAMLError):  # the card's head is not valid YAML
        found = None
    return found if isinstance(found, str) else "unknown"

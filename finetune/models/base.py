"""The base: a pretrained causal language model with its tokenizer, licence and identity.

    base = open_base("smollm2")                      # the bundled weights, dequantised; needs no Hub
    base = open_base("openai-community/gpt2")        # a Hub id
    base = open_base("path/to/folder")               # a local folder as transformers writes it
    base = open_base("path/to/model.gguf")           # a GGUF file
    base = open_base("ember")                        # a voice of the game, whose weights are here
    base = open_base("path/to/voice", recipe)        # a voice: what it has learned is gone on from

safetensors and GGUF only, and no code from a model's folder is ever run. Weights come in 32 bits, or, for a training
that holds them in 16, as their files hold them: a large model is never in memory in 32 bits first.
"""

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
import torch
import yaml  # type: ignore[import-untyped]
from huggingface_hub import hf_hub_download, metadata_load
from peft import PeftModel
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, PreTrainedModel

from finetune.errors import FinetuneError, cause
from finetune.files import sha256_of
from finetune.models.adapter_shape import advice_to_go_on, goes_on_learning
from finetune.models.adapters import adapter_sha256, open_adapter
from finetune.models.base_check import cannot_open, check_base, find_base, hub_subject
from finetune.models.folders import BUNDLED, has_adapter, is_voice, read_sampling, read_training
from finetune.models.game_voices import BUNDLED_HUB_ID, GameVoice, bundled_weights
from finetune.models.gguf_weights import read_gguf
from finetune.models.precision import choose_precision
from finetune.recipe import Recipe

_MOST_CONTEXT = 2048
_DIGEST_AT_ONCE = 1 << 22
"""Numbers that are turned into 32 bits at a time: a copy of a large embedding would take a gigabyte."""


@dataclass(frozen=True, slots=True)
class Start:
    """The voice that a training goes on from. The names are keys in training.json."""

    voice: str
    """As the user named it; a local folder as an absolute path."""
    adapter: str
    """SHA-256 of its adapter."""
    merged: bool
    """Whether its adapter is merged into the base; else it goes on learning itself."""
    how: str
    """The same in words."""


@dataclass(frozen=True, slots=True)
class Base:
    """A base that is open."""

    given: str
    """The base as the user named it; a local folder or file as an absolute path."""
    name: str
    """A Hub id, a folder's or file's name, or the name of a voice of the game."""
    license: str
    model: PreTrainedModel
    tokenizer: Any
    gguf: Path | None
    """The file that llama.cpp plays, where the base came from one."""
    sha256: str
    """Of the weights: of names and values of all tensors, 32 bits each; for a GGUF file that is not bundled, of that;
    for a voice that was merged, of these two: its base's, and its adapter's file."""
    hub_id: str | None = None
    """The Hub repository to name in a model card."""
    in_game: bool = False
    """Whether the game finds `gguf` by the base's name."""
    start: Start | None = None
    adapted: PeftModel | None = None
    """`model` with the adapter of a voice that goes on learning."""
    sampling: Mapping[str, Any] = field(default_factory=dict)
    """How the game samples it, by the names of `voice.json`, where it is a voice with a sampling of its own."""
    advice: str = ""
    """What the user might prefer to do with that voice."""

    @property
    def end_id(self) -> int | None:
        """The token that ends a story."""
        return self.tokenizer.eos_token_id  # type: ignore[no-any-return]

    @property
    def context_size(self) -> int:
        """Tokens the model was made for, at most `_MOST_CONTEXT`."""
        return min(getattr(self.model.config, "max_position_embeddings", _MOST_CONTEXT), _MOST_CONTEXT)

    @property
    def identity(self) -> dict[str, str]:
        """What a training that goes on after an interruption must find again."""
        learning = {"adapter": self.start.adapter} if self.start and not self.start.merged else {}
        return {"name": self.name, "sha256": self.sha256, **learning}


def open_base(name: str, recipe: Recipe | None = None) -> Base:
    """Return the base of that name, file, folder or Hub id, in 32 bits, or as `recipe` trains it.

    The adapter of a voice goes on learning where `recipe` has its shape; otherwise it is merged into the base.

    Raises:
        FinetuneError: there is no such base, it can't be fetched, or it isn't a whole causal language model.
    """
    check_base(name, recipe)
    base = _open(name, recipe is not None and halves_frozen(recipe), recipe)
    if recipe is None or recipe.weights != "4bit":
        return base
    # The same once more: what it was before is what identifies it.
    return replace(base, model=_from_pretrained_in_4_bits(base.given, choose_precision(recipe.precision).dtype))


def _open(name: str, own_dtype: bool, recipe: Recipe | None) -> Base:
    if name == BUNDLED:
        file = bundled_weights()
        model, tokenizer = read_gguf(file, torch.float32)
        return Base(name, name, "apache-2.0", model, tokenizer, file, _digest(model), BUNDLED_HUB_ID, in_game=True)
    path, voice = find_base(name)
    if path is None:
        model, tokenizer = _from_pretrained(name, hub_subject(name), own_dtype)
        try:
            card = Path(hf_hub_download(name, "README.md"))
        except (httpx2.HTTPError, OSError):  # a model without a card, or a cache without it
            card = Path("README.md is not there")
        return Base(name, name, _license(card), model, tokenizer, None, _digest(model), name)
    given, shown = (name, name) if voice else (str(path.resolve()), path.resolve().name)
    if is_voice(path) and has_adapter(path):
        return _continue_voice(path, given, shown, own_dtype, recipe)
    if path.is_file():
        return _open_gguf(path, given, voice, own_dtype)
    model, tokenizer = _from_pretrained(str(path), f"The folder {path}", own_dtype)
    sampling = read_sampling(path) if is_voice(path) else {}
    return Base(given, shown, _license(path / "README.md"), model, tokenizer, None, _digest(model), sampling=sampling)


def _open_gguf(file: Path, given: str, voice: GameVoice | None, own_dtype: bool) -> Base:
    try:
        model, tokenizer = read_gguf(file, torch.bfloat16 if own_dtype else torch.float32)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, struct.error) as error:
        raise FinetuneError(
            f"The GGUF file {file} can't be opened for training. The cause: {cause(error)}\n"
            "Take the model that it was made from, as a folder or by its Hub id."
        ) from error
    sha256, license_name = sha256_of(file), voice.license if voice else "unknown"
    in_game = voice is not None and voice.sha256 == sha256
    shown = given if voice else file.stem
    sampling = voice.sampling if voice else {}
    return Base(
        given, shown, license_name, model, tokenizer, file.resolve(), sha256, in_game=in_game, sampling=sampling
    )


def _continue_voice(folder: Path, given: str, shown: str, own_dtype: bool, recipe: Recipe | None) -> Base:
    """Return the base of a voice with what the voice has learned."""
    training = read_training(folder)
    base = _open(training["base"]["given"], own_dtype, None)
    if base.sha256 != training["base"]["sha256"]:
        raise FinetuneError(
            f"The voice {folder} was tuned on other weights than {base.name} has now. "
            "Put its own base back, or tune it again."
        )
    adapter = adapter_sha256(folder)
    adapted: Any = open_adapter(base.model, folder)
    merged = recipe is None or not goes_on_learning(recipe, training)
    how = f"is merged into its base {base.name} first" if merged else f"goes on learning; the base stays {base.name}"
    start = Start(given, adapter, merged, f"It goes on from the voice {shown}, whose adapter {how}.")
    if not merged:
        return replace(base, adapted=adapted, start=start, sampling=read_sampling(folder))
    sha256 = hashlib.sha256(f"{base.sha256} {adapter}".encode()).hexdigest()
    whole = adapted.merge_and_unload()
    advice = advice_to_go_on(recipe, training) if recipe else ""
    return Base(
        given, shown, base.license, whole, base.tokenizer, None, sha256,
        start=start, sampling=read_sampling(folder), advice=advice,
    )  # fmt: skip


def halves_frozen(recipe: Recipe) -> bool:
    """Return whether a training holds the base's matrices, which it never changes, in 16 bits or fewer."""
    return recipe.method == "lora" and recipe.weights != "fp32"


def _from_pretrained(source: str, subject: str, own_dtype: bool) -> tuple[PreTrainedModel, Any]:
    try:
        config = AutoConfig.from_pretrained(source, trust_remote_code=False)
        opened: Any = AutoModelForCausalLM.from_pretrained(
            source,
            config=config,
            dtype="auto" if own_dtype else torch.float32,
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


def _from_pretrained_in_4_bits(source: str, dtype: torch.dtype) -> PreTrainedModel:
    """Return a model on the CUDA card as QLoRA holds it (Dettmers and others, 2023)."""
    config = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
    )
    model: Any = AutoModelForCausalLM.from_pretrained(
        source,
        quantization_config=config,
        dtype=dtype,
        device_map={"": torch.cuda.current_device()},
        use_safetensors=True,
        trust_remote_code=False,
    )
    return model  # type: ignore[no-any-return]


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

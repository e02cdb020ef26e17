"""The base: where its weights come from, how they become a model that can be trained, and in which arithmetic.

    base = open_base("smollm2")                      # the bundled weights, dequantised; needs no Hub
    base = open_base("openai-community/gpt2")        # a Hub id
    base = open_base("path/to/folder")               # a local folder as transformers writes it

safetensors and GGUF only, and no code from a model's folder is ever run. Weights are held in 32 bits.
"""

import hashlib
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import httpx2
import torch
import yaml  # type: ignore[import-untyped]
from huggingface_hub import (
    get_hf_file_metadata,
    hf_hub_download,
    hf_hub_url,
    metadata_load,
    try_to_load_from_cache,
)
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM, PreTrainedModel

from finetune.errors import FinetuneError

BUNDLED = "smollm2"
_BUNDLED_REPO = "HuggingFaceTB/SmolLM2-135M-Instruct"
_BUNDLED_END = "<|endoftext|>"  # of prose; the file names the chat's end instead
_MOST_CONTEXT = 2048


@dataclass(frozen=True, slots=True)
class Base:
    """A base that is open."""

    given: str
    """As the user named it; a local folder as an absolute path."""
    name: str
    """A Hub id, a folder's name, or `smollm2`."""
    license: str
    model: PreTrainedModel
    tokenizer: Any
    gguf: Path | None
    """The file that llama.cpp plays, where it needs no conversion."""
    sha256: str
    """Of the weights: names and values of all tensors, 32 bits each."""

    @property
    def end(self) -> int | None:
        """The token that ends a story."""
        return self.tokenizer.eos_token_id  # type: ignore[no-any-return]

    @property
    def positions(self) -> int:
        """Tokens the model was made for, at most `_MOST_CONTEXT`."""
        return min(getattr(self.model.config, "max_position_embeddings", _MOST_CONTEXT), _MOST_CONTEXT)

    @property
    def repo(self) -> str | None:
        """The Hub repository to name in a model card."""
        if self.name == BUNDLED:
            return _BUNDLED_REPO
        return None if Path(self.given).is_absolute() else self.given


def open_base(name: str) -> Base:
    """The base of that name, path or Hub id. Raises FinetuneError where it can't be had."""
    path = Path(name).expanduser()
    if name == BUNDLED:
        file = bundled_file()
        model, tokenizer = _read_gguf(file)
        return Base(name, name, "apache-2.0", model, tokenizer, file, _digest(model))
    if path.is_dir():
        model, tokenizer = _from_pretrained(str(path), f"The folder {path}")
        given, shown, card = str(path.resolve()), path.resolve().name, path / "README.md"
        return Base(given, shown, _license(card), model, tokenizer, None, _digest(model))
    if path.exists() or path.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1:
        raise FinetuneError(f"There is no model folder {path}. --base takes a folder, a Hub id, or {BUNDLED}.")
    subject = f"'{name}', which is no local folder and was looked up on the Hub,"
    _check_hub(name, subject)
    model, tokenizer = _from_pretrained(name, subject)
    try:
        card = Path(hf_hub_download(name, "README.md"))
    except (httpx2.HTTPError, OSError):  # a model without a card, or a cache without it
        card = Path("README.md is not there")
    return Base(name, name, _license(card), model, tokenizer, None, _digest(model))


def bundled_file() -> Path:
    """The bundled weights on this machine; the game's own command fetches and checks them."""
    # -P: a folder named like one of our packages in the user's working folder is not our package.
    command = [sys.executable, "-P", "-m", "dungeon", "fetch", BUNDLED]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise FinetuneError("The bundled weights can't be had; the lines above say why.")
    return Path(done.stdout.strip())


# ---- reading weights -----------------------------------------------------------------------------------------


def _from_pretrained(source: str, subject: str) -> tuple[PreTrainedModel, Any]:
    try:
        config = AutoConfig.from_pretrained(source, trust_remote_code=False)
        opened: Any = AutoModelForCausalLM.from_pretrained(
            source,
            config=config,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except (OSError, ValueError, ImportError, RuntimeError, SafetensorError) as error:
        raise _cannot_open(subject, error) from error
    model, loaded = opened
    if missing := sorted(loaded["missing_keys"]):
        lacks = f"it lacks {len(missing)} tensors of a {type(model).__name__}, {missing[0]} for one"
        raise _cannot_open(subject, ValueError(lacks))
    tokenizer = _tokenizer(source, subject)
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        raise FinetuneError(
            f"{subject} has a tokenizer of {len(tokenizer):,} tokens, but embeddings for "
            f"{model.get_input_embeddings().num_embeddings:,}: the tokenizer is another model's. Put its own there."
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer


def _tokenizer(source: str, subject: str) -> Any:
    probe = "You open the door."
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
        # Where a folder has no tokenizer's files, transformers may make one of the model's kind that knows no word.
        told = tokenizer.decode(tokenizer(probe, add_special_tokens=False)["input_ids"], skip_special_tokens=True)
        reason = "" if "door" in "".join(told.split()).casefold() else f"of '{probe}' it keeps '{told}'"
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        reason = " ".join(str(error).split())
    if reason:
        raise FinetuneError(
            f"{subject} has no tokenizer that works. Put the files of the one it was made with, tokenizer.json above "
            f"all, beside its weights. The cause: {reason[:400]}"
        )
    return tokenizer


def _check_hub(name: str, subject: str) -> None:
    """Asks once for what isn't cached. transformers itself would try for most of a minute and say nothing."""
    if isinstance(try_to_load_from_cache(name, "config.json"), str):
        return
    try:
        get_hf_file_metadata(hf_hub_url(name, "config.json"))
    except (httpx2.HTTPError, OSError, ValueError) as error:
        raise _cannot_open(subject, error) from error


def _cannot_open(subject: str, error: Exception) -> FinetuneError:
    reason = " ".join(str(error).split())
    return FinetuneError(
        f"{subject} can't be opened as a causal language model in safetensors. The cause: {reason[:400]}\n"
        f"--base {BUNDLED} needs no Hub; --base PATH takes a local folder as save_pretrained writes it."
    )


def _read_gguf(file: Path) -> tuple[PreTrainedModel, Any]:
    """A Llama-type GGUF as a dense model and its tokenizer."""
    config = AutoConfig.from_pretrained(file.parent, gguf_file=file.name)
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    tokenizer.eos_token = tokenizer.pad_token = _BUNDLED_END
    config.eos_token_id = config.pad_token_id = tokenizer.eos_token_id
    config.bos_token_id = None
    config.dtype = torch.float32
    model = LlamaForCausalLM(config)
    tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(file).tensors}
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    state = {}
    for name in model.state_dict():
        tensor = tensors.get(str(names.get_name(name, (".weight",))))
        if tensor is None:  # the head, which is tied to the embedding
            continue
        weight = torch.tensor(gguf.quants.dequantize(tensor.data, tensor.tensor_type))
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            heads = config.num_attention_heads if "q_proj" in name else config.num_key_value_heads
            weight = weight[rotary_rows(len(weight), heads).argsort()]
        state[name] = weight
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert missing == ["lm_head.weight"] and not unexpected, (missing, unexpected)
    model.tie_weights()
    return model, tokenizer


def rotary_rows(rows: int, heads: int) -> torch.Tensor:
    """Where llama.cpp's rotary layout takes each row of a Llama-type query or key matrix from: `ours[result]`.

    transformers keeps each head's two halves one after the other; llama.cpp interleaves them.
    """
    return torch.arange(rows).reshape(heads, 2, rows // heads // 2).transpose(1, 2).flatten()


def _digest(model: PreTrainedModel) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.float().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _license(card: Path) -> str:
    """What a model's card says its licence is; "unknown" where it says nothing."""
    try:
        found = (metadata_load(card) or {}).get("license") if card.is_file() else None
    except (ValueError, yaml.YAMLError):  # a card whose head is no YAML says nothing
        found = None
    return found if isinstance(found, str) else "unknown"


# ---- arithmetic ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """What the matrix products are computed in; trainable weights stay in 32 bits."""

    precision: str
    """fp32, bf16 or fp16."""
    why: str

    @property
    def dtype(self) -> torch.dtype:
        return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[self.precision]

    def autocast(self, device: torch.device) -> AbstractContextManager[Any]:
        """The context to run a forward pass in."""
        return nullcontext() if self.precision == "fp32" else torch.autocast(device.type, self.dtype)


def choose_arithmetic(wanted: str, speedup: Callable[[], float] | None = None) -> Arithmetic:
    """The arithmetic this machine is really good at, or the one the recipe insists on.

    A T4 (capability 7.5) claims bf16 and emulates it, so the capability decides, not `is_bf16_supported`. On a CPU
    bf16 is taken where it has instructions for it and wins in a measurement; `speedup` stands in for that.
    """
    if wanted != "auto":
        if wanted == "fp16" and not torch.cuda.is_available():
            raise FinetuneError("precision fp16 needs a CUDA device. Use auto, bf16 or fp32.")
        return Arithmetic(wanted, "the recipe says so")
    if torch.cuda.is_available():
        major, minor = torch.cuda.get_device_capability()
        why = f"CUDA capability {major}.{minor}"
        return Arithmetic("bf16" if major >= 8 else "fp16", why)
    if torch.backends.mps.is_available():
        return Arithmetic("fp32", "Apple's GPU")
    if not cpu_has_bf16():
        return Arithmetic("fp32", "this CPU has no bf16 instructions")
    times = (speedup or measure_bf16)()
    return Arithmetic("bf16" if times > 1.2 else "fp32", f"bf16 is {times:.1f} times as fast as fp32 on this CPU")


def cpu_has_bf16() -> bool:
    """Whether this CPU multiplies bf16 by itself (AMX or AVX-512 BF16)."""
    has = torch.cpu.get_capabilities()
    return bool(has.get("amx_bf16") or has.get("avx512_bf16"))


def measure_bf16() -> float:
    """How many times as fast a bf16 matrix product is as an fp32 one, of a layer's size; casts included.

    In turns, and the best of many: what else the machine does at that moment must not decide.
    """
    left, right = torch.randn(1024, 576), torch.randn(576, 1536)
    best = {True: float("inf"), False: float("inf")}
    for bf16 in (True, False) * 20:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            begin = time.perf_counter()
            left @ right
            best[bf16] = min(best[bf16], time.perf_counter() - begin)
    return best[False] / best[True]

"""Checks a base by its name and its files, in well under a second: nothing heavy is imported, no weights are read.

    check_base("openai-community/gpt2")
    layers = read_layers("path/to/folder")      # its blocks and linear layers, where the files say so
    if layers: check_layers(recipe, layers)

`open_base` still finds what only opening shows.
"""

import json
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from corpus.text import did_you_mean
from finetune.errors import FinetuneError
from finetune.files import read_json
from finetune.hub import ask_hub, cached_file
from finetune.models.folders import (
    BUNDLED,
    has_adapter,
    is_gguf,
    is_path,
    is_voice,
    prompt_format_of,
    read_training,
)
from finetune.models.game_voices import GameVoice, find_game_voice
from finetune.models.gguf_head import type_and_blocks
from finetune.recipe import Recipe

CONFIG = "config.json"
_LARGEST_HEADER = 100_000_000
"""Bytes; what safetensors itself takes at most."""
_WEIGHT = re.compile(r"(?:^|\.)(?:h|layers)\.\d+\.(?:.+\.)?(\w+)\.weight$")
"""A weight within a block, by GPT-2's name or Llama's."""
_SAME_NAMES = ("gpt2", "llama", "mistral", "qwen2", "qwen3")
"""Types of model whose files name the layers as transformers does; others may be renamed as they are opened."""


@dataclass(frozen=True, slots=True)
class Layers:
    """What a recipe can name of a base."""

    blocks: int
    linear: frozenset[str]
    """Names of the linear layers in its blocks: `q_proj`."""


_LLAMA_LINEAR = frozenset(("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"))
_BUNDLED_LAYERS = Layers(30, _LLAMA_LINEAR)
_GGUF_LINEAR = {
    **dict.fromkeys(("llama", "qwen2", "qwen3"), _LLAMA_LINEAR),
    "gpt2": frozenset(("c_attn", "c_proj", "c_fc")),
}
"""By llama.cpp's type of model."""


def check_base(name: str, recipe: Recipe | None = None) -> None:
    """Check that there is a base of that name; asks the Hub about one that is nowhere on this machine.

    Raises:
        FinetuneError: there is none, it is damaged or not fetched yet, the Hub can't be reached, or `recipe` would hold
            it in 4 bits and that can't be.
    """
    if recipe and recipe.weights == "4bit":
        _check_4bit(name)
    if name == BUNDLED:
        return
    path, _ = find_base(name)
    if path is None:
        if find_spec("huggingface_hub"):
            _check_hub(name)
    elif path.is_file():
        if not is_gguf(path):
            raise FinetuneError(f"{path} is no GGUF file. --base takes one, a model folder, a Hub id, or {BUNDLED}.")
    elif is_voice(path) and has_adapter(path):
        check_base(read_training(path)["base"]["given"])
    else:
        subject = f"The folder {path}"
        if not (path / CONFIG).is_file():
            raise cannot_open(subject, f"it has no {CONFIG}")
        if not any(path.glob("*.safetensors")):
            raise cannot_open(subject, "it has no weights in safetensors")


def _check_4bit(name: str) -> None:
    path = None if name == BUNDLED else find_base(name)[0]
    if name == BUNDLED or (path and (path.is_file() or has_adapter(path))):
        raise FinetuneError(
            f"weights 4bit is for a model folder or a Hub id, and {name} is a GGUF file or an adapter. Take --set "
            "weights=half."
        )


def find_base(name: str) -> tuple[Path | None, GameVoice | None]:
    """Return the folder or GGUF file that a base's name means, and the voice of the game if it is one by name.

    None and None for what can only be on the Hub.

    Raises:
        FinetuneError: there is nothing at a path, or the voice is not on this machine.
    """
    path = Path(name).expanduser()
    if path.exists():
        return path, None
    if is_path(name) or name.endswith(".gguf"):
        raise FinetuneError(
            f"There is no model folder, GGUF file or voice {path}. --base takes one of these, a Hub id, or {BUNDLED}."
        )
    voice = find_game_voice(name) if "/" not in name else None
    if voice is None:
        return None, None
    if not voice.here and not is_voice(voice.path):
        raise FinetuneError(f"The weights of the voice {name} are not here yet. Fetch them: dungeon voices get {name}")
    return voice.path, voice


def hub_subject(name: str) -> str:
    """Return how messages call a base that is no folder."""
    return f"'{name}', which is not a local folder and was looked up on the Hub,"


def cannot_open(subject: str, reason: str) -> FinetuneError:
    """Return the error for a base that can't be opened."""
    return FinetuneError(
        f"{subject} can't be opened as a causal language model in safetensors. The cause: {reason}\n"
        f"--base {BUNDLED} needs no Hub; --base PATH takes a local folder as save_pretrained writes it, or a GGUF file."
    )


def read_layers(name: str) -> Layers | None:
    """Return the layers of a base that is on this machine; None where its files don't say."""
    if name == BUNDLED:
        return _BUNDLED_LAYERS
    folder, _ = find_base(name)
    if folder is None:
        cached = cached_file(name, CONFIG, "model")
        if cached is None:
            return None
        folder = cached.parent
    if is_voice(folder) and has_adapter(folder):
        return read_layers(read_training(folder)["base"]["given"])
    try:
        if folder.is_file():
            architecture, blocks = type_and_blocks(folder)
            return Layers(blocks, _GGUF_LINEAR[architecture])
        config = read_json(folder / CONFIG)
        if config["model_type"] not in _SAME_NAMES:
            return None
        blocks = config.get("num_hidden_layers") or config["n_layer"]
        names = [name for file in folder.glob("*.safetensors") for name in _matrices(file)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # opening it says what is wrong
        return None
    linear = frozenset(found[1] for found in map(_WEIGHT.search, names) if found)
    return Layers(blocks, linear) if isinstance(blocks, int) and linear else None


def check_layers(recipe: Recipe, layers: Layers) -> None:
    """Check that a base has what the recipe names of it.

    Raises:
        FinetuneError: the recipe counts more blocks than the base has, or names linear layers that it lacks.
    """
    if recipe.layers > layers.blocks:
        raise FinetuneError(f"The recipe's layers is {recipe.layers}, but this base has {layers.blocks} blocks.")
    if recipe.method == "lora" and (unknown := sorted(recipe.module_names - layers.linear)):
        known = sorted(layers.linear)
        raise FinetuneError(
            f"The recipe's modules names {unknown[0]!r}; this base's linear layers are {', '.join(known)}."
            + did_you_mean(unknown[0], known)
        )


def check_prompt_format(name: str, recipe: Recipe) -> None:
    """Check that a voice that is gone on from is tuned in the format that it has learned.

    Raises:
        FinetuneError: it has learned another than the recipe's.
    """
    path = None if name == BUNDLED else find_base(name)[0]
    if path is None or not is_voice(path):
        return
    learned = prompt_format_of(path)
    if learned != recipe.prompt_format:
        raise FinetuneError(
            f"The voice {name} was tuned with prompt_format {learned}, and would be tuned on with "
            f"{recipe.prompt_format}, in which it has learned nothing. Take --set prompt_format={learned}, or begin "
            "with its base."
        )


def _matrices(file: Path) -> list[str]:
    """Return the names of the tensors with two dimensions in a safetensors file. Raises OSError, ValueError."""
    with file.open("rb") as stream:
        size = int.from_bytes(stream.read(8), "little")
        if size > _LARGEST_HEADER:
            raise ValueError(f"{file} is no safetensors file")
        header = json.loads(stream.read(size))
    return [name for name, tensor in header.items() if len(tensor.get("shape", ())) == 2]


def _check_hub(name: str) -> None:
    """Ask the Hub for a model that isn't cached."""
    if cached_file(name, CONFIG, "model"):
        return
    if problem := ask_hub(name, CONFIG, "model"):
        reason, source = problem
        if "/" not in name:
            reason += f" The game has no voice {name} either; `dungeon voices` lists those that it has."
        raise cannot_open(hub_subject(name), reason) from source

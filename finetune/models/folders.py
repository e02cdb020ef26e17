"""Names and folders of bases and voices. Light: nothing heavy is imported here.

What a voice's folder holds beside its weights:

voice.json       what the game reads: base, adapter, prompt format, context size, sampling
training.json    what repeats the training: base, corpus, recipe, versions, figures
prompts.json     held-out turns, to check an export with
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from finetune.errors import FinetuneError
from finetune.files import read_json

BUNDLED = "smollm2"
"""The base whose weights come with the game."""
VOICE = "voice.json"
TRAINING = "training.json"
PROMPTS = "prompts.json"
BASE_GGUF = "base.gguf"
ADAPTER_GGUF = "adapter.gguf"
ADAPTER_FILES = ("adapter_model.safetensors", "adapter_config.json")


def is_path(name: str) -> bool:
    """Return whether a name can only be a path: not a Hub id, which is NAME or OWNER/NAME."""
    return Path(name).expanduser().is_absolute() or name.startswith((".", "~")) or name.count("/") > 1


def is_gguf(path: Path) -> bool:
    """Return whether `path` is a GGUF file."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"GGUF"


def is_voice(folder: Path) -> bool:
    """Return whether `folder` is a voice, of this program or another that writes the game's voice.json."""
    return (folder / VOICE).is_file()


def has_adapter(folder: Path) -> bool:
    """Return whether the voice in `folder` is an adapter over a base; otherwise it is a whole model."""
    return has_peft_adapter(folder) or (folder / ADAPTER_GGUF).is_file()


def has_peft_adapter(folder: Path) -> bool:
    """Return whether the voice in `folder` has an adapter for peft; the game's own voice has llama.cpp's only."""
    return all((folder / name).is_file() for name in ADAPTER_FILES)


def read_training(folder: Path) -> dict[str, Any]:
    """Return a voice's `training.json`.

    Raises:
        FinetuneError: `folder` is not a voice that this program wrote.
    """
    if not is_voice(folder):
        raise FinetuneError(f"{folder} is not a voice: it has no {VOICE}. Training makes one with --out.")
    try:
        training = read_json(folder / TRAINING)
        training["base"]["given"], training["base"]["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FinetuneError(f"The voice {folder} has no readable {TRAINING}: {error}. Tune it again.") from error
    return training  # type: ignore[no-any-return]


def prompt_format_of(folder: Path) -> str:
    """Return the format in which the voice in `folder` was tuned: tale or frame.

    Raises:
        FinetuneError: its `voice.json` can't be read.
    """
    return str(_read_voice(folder).get("prompt_format", "tale"))


def read_sampling(folder: Path) -> dict[str, Any]:
    """Return how the voice in `folder` is sampled, where that is not as usual. Raises as `prompt_format_of`."""
    return dict(_read_voice(folder).get("sampling") or {})


def base_of(training: Mapping[str, Any]) -> str:
    """Return what `--base` was for a voice with that `training.json`: its base, or the voice that it went on from."""
    start = training.get("start")
    return str(start["voice"] if start else training["base"]["given"])


def _read_voice(folder: Path) -> dict[str, Any]:
    try:
        return dict(read_json(folder / VOICE))
    except (OSError, ValueError, TypeError) as error:
        raise FinetuneError(f"The voice {folder} has no readable {VOICE}: {error}. Tune it again.") from error

"""The game's voices as bases, asked for by its own commands: this program imports nothing of the game."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.errors import FinetuneError
from finetune.models.folders import BUNDLED

BUNDLED_HUB_ID = "HuggingFaceTB/SmolLM2-135M-Instruct"


@dataclass(frozen=True, slots=True)
class GameVoice:
    """A voice that the game knows by name."""

    here: bool
    """Whether its weights are on this machine."""
    path: Path
    """Its GGUF file, or its folder where it is an adapter."""
    sha256: str
    """Of the file, as the game checks it; "" where the game doesn't know it."""
    license: str
    sampling: Mapping[str, Any]
    """What differs from the game's usual sampling, by the names of `voice.json`."""


def find_game_voice(name: str) -> GameVoice | None:
    """Return the voice that the game knows by that name; nothing is fetched."""
    done = _dungeon("voices", "where", "--", name)
    if done.returncode != 0:
        return None
    place, path, sha256, license_name, sampling = done.stdout.rstrip("\n").split("\t")
    return GameVoice(place == "here", Path(path), sha256, license_name.lower() or "unknown", json.loads(sampling))


def bundled_weights() -> Path:
    """Return the bundled weights on this machine; the game's own command fetches and checks them.

    Raises:
        FinetuneError: that command failed; its lines on stderr say why.
    """
    done = _dungeon("fetch", BUNDLED, stderr=None)
    if done.returncode != 0:
        raise FinetuneError("The bundled weights can't be had; the lines above say why.")
    return Path(done.stdout.strip())


def _dungeon(*arguments: str, stderr: int | None = subprocess.DEVNULL) -> subprocess.CompletedProcess[str]:
    # -P: a folder named like one of our packages in the user's working folder is not our package.
    command = [sys.executable, "-P", "-m", "dungeon", *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=stderr, text=True, check=False)

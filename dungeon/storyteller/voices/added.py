"""Voices that the player added to those of the catalogue: a small file each, which says where the voice is.

    add_voice(AddedVoice("storm", file="/home/me/storm.gguf", source="/home/me/storm.gguf"))
    added_voices()["storm"]

The file is `NAME.json` in the player's folder of voices. Weights that the game fetched are in the folder of weights.
"""

import re
from pathlib import Path

import msgspec

from corpus.files import write_atomic
from corpus.text import one_line
from dungeon.errors import DungeonError
from dungeon.paths import voices_folder

_NAME = re.compile(r"\w[\w.-]{0,99}", re.ASCII)


class AddedVoice(msgspec.Struct, frozen=True):
    """One of them."""

    name: str
    file: str
    """The GGUF file, or the folder of a voice that `dungeon finetune` wrote."""
    source: str
    """Where it came from, as `dungeon voices get` takes it."""
    license: str = ""
    license_url: str = ""
    fetched: bool = False
    """Whether the game fetched the file, and deletes it when the voice is removed."""


def added_voices() -> dict[str, AddedVoice]:
    """Return the player's voices by name; one whose file is damaged is left out."""
    voices = {}
    for path in sorted(voices_folder().glob("*.json")):
        try:
            voice = msgspec.json.decode(path.read_bytes(), type=AddedVoice)
        except (OSError, msgspec.DecodeError):
            continue
        if voice.name == path.stem:
            voices[voice.name] = voice
    return voices


def add_voice(voice: AddedVoice) -> None:
    """Add a voice, or replace the one of that name.

    Raises:
        DungeonError: it can't be saved.
    """
    try:
        write_atomic(_path(voice.name), msgspec.json.encode(voice))
    except OSError as error:
        raise DungeonError(f"The voice '{voice.name}' can't be kept in {voices_folder()}: {error}.") from error


def forget_voice(name: str) -> None:
    """Take a voice out of the list.

    Raises:
        OSError: its file can't be deleted.
    """
    _path(name).unlink(missing_ok=True)


def name_for(file: str) -> str:
    """Return a voice's name for a file's or folder's name: letters, digits, dots and hyphens."""
    name = re.sub(r"[^\w.-]+", "-", one_line(file.removesuffix(".gguf").removesuffix(".GGUF")), flags=re.ASCII)
    return name.strip("-._")[:100] or "voice"


def _path(name: str) -> Path:
    assert _NAME.fullmatch(name), name
    return voices_folder() / f"{name}.json"

"""Presets: named sets of sampling values that replace the voice's own.

The game's presets are here; those that the player makes are in the settings file.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from corpus.text import one_line
from dungeon.errors import DungeonError
from dungeon.settings.registry import Value
from dungeon.storyteller.sampling import Sampling

VOICE = "voice"
"""The preset that changes nothing."""
_NO_PRESET = ("stop", "banned", "dry_sequence_breakers")
PRESET_FIELDS = tuple(name for name in Sampling.__struct_fields__ if name not in _NO_PRESET)
"""The settings that a preset may hold. The phrases are the player's, whichever preset is chosen; the breakers are the
voice's and the tale's."""

_NAME_LENGTH = 30


@dataclass(frozen=True, slots=True)
class Preset:
    """A preset that comes with the game."""

    help: str
    values: Mapping[str, Value]


PRESETS = {
    VOICE: Preset("As the voice was made.", {}),
    "careful": Preset(
        "Keeps to what is likely: fewer slips, fewer surprises.",
        {"temperature": 0.4, "top_p": 0.9, "min_p": 0.1, "top_k": 40},
    ),
    "balanced": Preset(
        "A story that moves and mostly makes sense.", {"temperature": 0.8, "top_p": 0.95, "min_p": 0.05, "top_k": 60}
    ),
    "wild": Preset(
        "Passes over the obvious: strange turns, now and then nonsense.",
        {"temperature": 1.1, "top_p": 1.0, "min_p": 0.1, "top_k": 0, "xtc_probability": 0.3, "xtc_threshold": 0.1},
    ),
    "terse": Preset("Short turns, a sentence or two.", {"length": 40}),
    "long": Preset("Long turns, several paragraphs; each takes its time.", {"length": 240}),
    "precise": Preset(
        "Always the likeliest word: the same prompt has the same answer.",
        {"temperature": 0.0, "xtc_probability": 0.0},
    ),
}


def parse_preset_name(text: str) -> str:
    """Return the name for a preset of the player's own, in small letters.

    Raises:
        DungeonError: the name is empty, too long, or one of the game's.
    """
    name = one_line(text).lower()
    if not name:
        raise DungeonError("A preset needs a name.")
    if len(name) > _NAME_LENGTH:
        raise DungeonError(f"A preset's name has at most {_NAME_LENGTH} letters; '{name[:_NAME_LENGTH]}…' has more.")
    if name in PRESETS:
        raise DungeonError(f"'{name}' comes with the game and stays as it is. Choose another name.")
    return name


def with_preset(voice: Sampling, current: Sampling, values: Mapping[str, Value]) -> Sampling:
    """Return the voice's own sampling with a preset's values, and the phrases (`stop`, `banned`) of `current`."""
    return msgspec.structs.replace(voice, stop=current.stop, banned=current.banned, **values)

"""Layers of settings, each lying over the last: the voice's own, all adventures', this adventure's.

A layer holds what is set in it and nothing else: a mapping from a setting's name to its value. An adventure's is kept
as JSON on the shelf, the game's in a file (`dungeon.settings.file`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import msgspec

from corpus.text import did_you_mean, printable
from dungeon.errors import DungeonError
from dungeon.settings.presets import NUMBERS, PRESETS, VOICE, with_preset
from dungeon.settings.registry import BY_NAME, Value, check, find_setting, parse_setting
from dungeon.storyteller.sampling import Sampling

Layer = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the player has set for all adventures."""

    values: Layer = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    """Command name to key, where the player has chosen another; "" takes a key away."""
    presets: Mapping[str, Layer] = field(default_factory=dict)
    """The player's own."""

    @property
    def theme(self) -> str:
        """The theme's name."""
        return str(self._value("theme"))

    @property
    def column(self) -> int:
        """The most letters of a line of the story."""
        return cast("int", self._value("column"))

    @property
    def ahead(self) -> bool:
        """Whether the voice works ahead while the player reads."""
        return bool(self._value("ahead"))

    def _value(self, name: str) -> Value | None:
        return self.values.get(name, BY_NAME[name].default)


NOTHING: Layer = {}


def set_one(layer: Layer, name: str, text: str | None) -> Layer:
    """The layer with that setting as the player typed it; None gives it back to the layer below.

    Raises:
        DungeonError: there is no such setting, or it can't be that.
    """
    setting = find_setting(name)
    changed = {known: value for known, value in layer.items() if known != setting.name}
    if text is not None:
        changed[setting.name] = parse_setting(name, text)
        if setting.name == "preset":
            changed = {known: value for known, value in changed.items() if known not in NUMBERS}
    return changed


def read_layer(overrides: str) -> Layer:
    """An adventure's own settings, from the shelf.

    What this version does not know, or no longer allows, is left out: nobody can mend it there.
    """
    layer = {}
    for name, value in msgspec.json.decode(overrides, type=dict[str, object]).items():
        if name in BY_NAME and not BY_NAME[name].everywhere:
            try:
                layer[name] = check(BY_NAME[name], value)
            except DungeonError:
                continue
    return layer


def write_layer(layer: Layer) -> str:
    """As the shelf keeps it."""
    return msgspec.json.encode(layer).decode()


def effective(voice: Sampling, game: Settings, own: Layer = NOTHING) -> Sampling:
    """How the next token is drawn: the voice's own way, with the game's settings over it, and the adventure's on top.

    A layer with a preset starts from the voice again.
    """
    sampling = voice
    for layer in (game.values, own):
        if "preset" in layer:
            sampling = with_preset(voice, sampling, preset_values(game, str(layer["preset"])))
        set_here = {name: value for name, value in layer.items() if name in Sampling.__struct_fields__}
        sampling = msgspec.structs.replace(sampling, **set_here)
    return sampling


def preset_values(game: Settings, name: str) -> Layer:
    """What that preset changes; nothing if it is gone: an adventure may still name what the player took away."""
    return PRESETS[name].values if name in PRESETS else game.presets.get(name, NOTHING)


def need_preset(game: Settings, name: str) -> None:
    """Checks that there is one of that name.

    Raises:
        DungeonError: there is none; names the nearest.
    """
    names = [*PRESETS, *game.presets]
    if name not in names:
        hint = did_you_mean(name, names) or f" There are {', '.join(names)}."
        raise DungeonError(f"There is no preset '{printable(name)[:30]}'.{hint}")


def origin(game: Settings, own: Layer, name: str) -> str:
    """Where the value that is in force comes from, for people."""
    for layer, place in ((own, "this adventure"), (game.values, "all adventures")):
        if name in layer:
            return place
        if "preset" in layer and name in NUMBERS:
            preset = str(layer["preset"])
            return f"preset {preset}" if name in preset_values(game, preset) else VOICE
    return VOICE if name in Sampling.__struct_fields__ else "default"

"""Layers of settings, each over the last: the voice's own values, the settings for all adventures, one adventure's.

A layer maps the names of the settings that are set in it to their values. An adventure's layer is its *overrides*, kept
as JSON on the shelf. The layer for all adventures is in a file (`dungeon.settings.file`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import msgspec

from corpus.text import did_you_mean, printable
from dungeon.errors import DungeonError
from dungeon.settings.presets import PRESET_FIELDS, PRESETS, VOICE, with_preset
from dungeon.settings.registry import BY_NAME, RENAMED, Value, check_value, find_setting, parse_setting
from dungeon.storyteller.sampling import Sampling

Layer = Mapping[str, Value]
EMPTY: Layer = {}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the player has set for all adventures."""

    values: Layer = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    """Command name to key, as the file has them; `dungeon.play.keys` checks and applies them."""
    presets: Mapping[str, Layer] = field(default_factory=dict)
    """The player's own presets."""

    @property
    def theme(self) -> str:
        """The theme's name."""
        return str(self._value("theme"))

    @property
    def column(self) -> int:
        """The greatest width of the story, in letters."""
        return cast("int", self._value("column"))

    @property
    def pace(self) -> int:
        """Words a second at which an author's text appears; 0: at once."""
        return cast("int", self._value("pace"))

    @property
    def panel(self) -> str:
        """Whether the side panel is shown: "on", "off", or "auto" where there is room."""
        return str(self._value("panel"))

    @property
    def prefetch(self) -> bool:
        """Whether turns are prefetched while the player reads."""
        return bool(self._value("prefetch"))

    def _value(self, name: str) -> Value | None:
        return self.values.get(name, BY_NAME[name].default)


def with_value(layer: Layer, name: str, text: str | None) -> Layer:
    """Return the layer with that setting as the player typed it, or without it for None.

    Raises:
        DungeonError: there is no such setting, or it does not allow the value.
    """
    setting = find_setting(name)
    changed = {key: value for key, value in layer.items() if key != setting.name}
    if text is not None:
        changed[setting.name] = parse_setting(name, text)
        if setting.name == "preset":
            changed = {key: value for key, value in changed.items() if key not in PRESET_FIELDS}
    return changed


def read_overrides(overrides: str) -> Layer:
    """Return an adventure's overrides from their JSON.

    Names and values that this version does not allow are left out: the player can't correct them on the shelf.
    """
    layer = {}
    for key, value in msgspec.json.decode(overrides, type=dict[str, object]).items():
        name = RENAMED.get(key, key)
        if name in BY_NAME and not BY_NAME[name].global_only:
            try:
                layer[name] = check_value(BY_NAME[name], value)
            except DungeonError:
                continue
    return layer


def write_overrides(layer: Layer) -> str:
    """Return an adventure's overrides as JSON."""
    return msgspec.json.encode(layer).decode()


def effective_sampling(voice: Sampling, settings: Settings, overrides: Layer = EMPTY) -> Sampling:
    """Return the voice's sampling with the settings for all adventures over it, and the overrides on top.

    A layer with a preset starts from the voice again.
    """
    sampling = voice
    for layer in (settings.values, overrides):
        if "preset" in layer:
            sampling = with_preset(voice, sampling, preset_values(settings, str(layer["preset"])))
        values = {name: value for name, value in layer.items() if name in Sampling.__struct_fields__}
        sampling = msgspec.structs.replace(sampling, **values)
    return sampling


def preset_values(settings: Settings, name: str) -> Layer:
    """Return a preset's values; none for an unknown preset, for an adventure may name one that was deleted."""
    return PRESETS[name].values if name in PRESETS else settings.presets.get(name, EMPTY)


def check_preset(settings: Settings, name: str) -> None:
    """Check that there is a preset of that name.

    Raises:
        DungeonError: there is no such preset; names the nearest.
    """
    names = [*PRESETS, *settings.presets]
    if name not in names:
        hint = did_you_mean(name, names) or f" There are {', '.join(names)}."
        raise DungeonError(f"There is no preset '{printable(name)[:30]}'.{hint}")


def origin(settings: Settings, overrides: Layer, name: str) -> str:
    """Return in words which layer the value in force comes from."""
    for layer, place in ((overrides, "this adventure"), (settings.values, "all adventures")):
        if name in layer:
            return place
        if "preset" in layer and name in PRESET_FIELDS:
            preset = str(layer["preset"])
            return f"preset {preset}" if name in preset_values(settings, preset) else VOICE
    return VOICE if name in Sampling.__struct_fields__ else "default"

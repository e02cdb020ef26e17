"""What the player can set: one table of it, presets, keys, and the layers in which it is kept."""

from dungeon.settings.choices import Choices, setting_lines
from dungeon.settings.file import NotKept, load, save
from dungeon.settings.keys import keymap, keys_for
from dungeon.settings.layers import Layer, Settings, effective, read_layer, set_one, write_layer
from dungeon.settings.presets import PRESETS
from dungeon.settings.registry import SETTINGS, Setting, Value, find_setting, parse_setting

__all__ = [
    "PRESETS",
    "SETTINGS",
    "Choices",
    "Layer",
    "NotKept",
    "Setting",
    "Settings",
    "Value",
    "effective",
    "find_setting",
    "keymap",
    "keys_for",
    "load",
    "parse_setting",
    "read_layer",
    "save",
    "set_one",
    "setting_lines",
    "write_layer",
]

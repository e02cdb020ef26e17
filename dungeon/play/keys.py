"""Which key runs which command: the registry's defaults, and the keys that the player has chosen instead.

`keys_for(settings)` is for help and hints, `keymap(settings)` for Textual's `App.set_keymap`, whose ids are the
commands' names. A key that the player gives to one command is taken from any other that had it.
"""

import re
from collections.abc import Mapping

from corpus.text import did_you_mean, printable
from dungeon.errors import DungeonError
from dungeon.play.registry import COMMANDS
from dungeon.settings.effective import EffectiveSettings
from dungeon.settings.file import invalid_settings
from dungeon.settings.layers import Settings

UNBOUND = "unbound"
"""Stands for no key, where Textual wants one. No terminal sends it."""

_NAMED = (
    "tab|escape|insert|up|down|left|right|home|end|pageup|pagedown|"
    "full_stop|comma|slash|backslash|minus|underscore|at|space"
)
_KEY = re.compile(rf"(?:ctrl\+|alt\+|shift\+|super\+|meta\+|hyper\+)*(?:f\d{{1,2}}|[a-z0-9]|{_NAMED})")
_KEY_NAMES = {
    "escape": "Esc",
    "delete": "Del",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "slash": "/",
    "question_mark": "?",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
}
"""What people write for a key where that is not Textual's name of it."""
_TYPES_A_LETTER = re.compile(r"(?:shift\+)?(?:[a-z0-9]|full_stop|comma|slash|backslash|minus|underscore|at|space)")
_RESERVED = {
    "ctrl+i": "it is Tab to a terminal",
    "ctrl+m": "it is Enter to a terminal",
    "ctrl+h": "it is Backspace to many terminals",
    "ctrl+j": "it breaks the line you type",
    "ctrl+c": "it copies",
    "ctrl+x": "it cuts",
    "ctrl+v": "it pastes",
    "ctrl+p": "it opens the palette",
    "ctrl+s": "it saves what you write in an editor",
    "tab": "it goes from field to field",
    "shift+tab": "it goes from field to field",
    "escape": "it closes what lies over the story",
} | dict.fromkeys(
    ("up", "down", "left", "right", "home", "end", "pageup", "pagedown"), "it moves in what you read or type"
)


def keys_for(settings: Settings) -> dict[str, str]:
    """Every command's key as Textual names it; "" for none."""
    chosen = {name: _normalized(key) for name, key in settings.keys.items()}
    taken = chosen.values()
    return {name: chosen.get(name, "" if command.key in taken else command.key) for name, command in COMMANDS.items()}


def keymap(settings: Settings) -> dict[str, str]:
    """The keys that are not the defaults, for `App.set_keymap`. It is gone through at every key press: short is good.

    Bindings must have their command's name as id, and `UNBOUND` for a key where the registry has none.
    """
    return {name: key or UNBOUND for name, key in keys_for(settings).items() if key != COMMANDS[name].key}


def key_name(key: str) -> str:
    """Return Textual's name of a key as people write it: "Ctrl+R" for "ctrl+r", "" for none."""
    return "+".join(_KEY_NAMES.get(part, part.capitalize()) for part in key.split("+"))


def check_keys(settings: Settings) -> None:
    """Checks the keys in the settings file.

    Raises:
        DungeonError: a key there is not valid; names the file and the entry.
    """
    command_of: dict[str, str] = {}
    for command, text in settings.keys.items():
        try:
            key = _checked(command, text)
        except DungeonError as error:
            raise invalid_settings(f"keys.{command}: {error}") from error
        if key in command_of:
            raise invalid_settings(f"keys: {key} is given to {command_of[key]} and to {command}; a key does one thing.")
        if key:
            command_of[key] = command


def set_key(settings: EffectiveSettings, command: str, key: str | None) -> str:
    """Gives a command a key; "" takes it away, None gives the default back. Returns what to tell the player.

    Raises:
        DungeonError: there is no such command, or it can't have that key.
        SettingsNotSaved: the key works, but could not be saved.
    """
    settings.set_keys(_with_key(settings.global_settings, command, key))
    return f"The key of {command} is {keys_for(settings.global_settings)[command] or 'none'}."


def _with_key(settings: Settings, command: str, key: str | None) -> Mapping[str, str]:
    default = COMMANDS[command].key if command in COMMANDS else ""
    key = _checked(command, default if key is None else key)
    others = {name: other for name, other in settings.keys.items() if name != command}
    chosen = {name: "" if _normalized(other) == key else other for name, other in others.items()}
    return chosen if key == default else chosen | {command: key}


def _checked(command: str, key: str) -> str:
    """The key as Textual names it. Raises DungeonError if the command can't have it."""
    if command not in COMMANDS:
        hint = did_you_mean(command, COMMANDS)
        raise DungeonError(f"There is no command '{printable(command)[:30]}' to give a key.{hint}")
    key = _normalized(key)
    if not key or key == COMMANDS[command].key:
        return key
    if not COMMANDS[command].stands_alone:
        raise DungeonError(f"/{command} needs words, which a key does not bring.")
    if not _KEY.fullmatch(key):
        raise DungeonError(f"'{printable(key)[:30]}' is not the name of a key. Write it like f8, ctrl+t or alt+right.")
    if _TYPES_A_LETTER.fullmatch(key):
        raise DungeonError(f"{key} is for typing; a command needs a key like f8, ctrl+t or alt+right.")
    if key in _RESERVED:
        raise DungeonError(f"{key} can't be the key of {command}: {_RESERVED[key]}.")
    return key


def _normalized(key: str) -> str:
    """A key as Textual names it, from the way a player may write it: "Ctrl + T"."""
    key = "".join(key.lower().split())
    return "escape" if key == "esc" else key

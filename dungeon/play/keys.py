"""Which key does what: the registry's own keys, and those that the player has chosen instead.

`keys_for(settings)` is for help and hints, `keymap(settings)` for Textual's `App.set_keymap`, whose ids are the
commands' names. A key that the player gives to one command is taken from any other that had it. The settings keep the
player's keys as plain text: `check_keys(settings)` at the start of the game refuses invalid ones.
"""

import re

from corpus.text import did_you_mean, printable
from dungeon.errors import DungeonError
from dungeon.play import commands
from dungeon.settings.effective import EffectiveSettings
from dungeon.settings.file import invalid_settings
from dungeon.settings.layers import Settings

UNBOUND = "unbound"
"""Stands for no key, where one must stand. No terminal sends it."""

_NAMED = (
    "tab|escape|insert|up|down|left|right|home|end|pageup|pagedown|"
    "full_stop|comma|slash|backslash|minus|underscore|at|space"
)
_KEY = re.compile(rf"(?:ctrl\+|alt\+|shift\+|super\+|meta\+|hyper\+)*(?:f\d{{1,2}}|[a-z0-9]|{_NAMED})")
_TYPES = re.compile(r"(?:shift\+)?(?:[a-z0-9]|full_stop|comma|slash|backslash|minus|underscore|at|space)")
_MOVES = ("up", "down", "left", "right", "home", "end", "pageup", "pagedown")
_TAKEN = {
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


def takes_key(command: commands.Command) -> bool:
    """Whether it can stand alone: a key brings no words along."""
    return not command.argument or command.argument.startswith("[")


def check_key(command: str, key: str) -> str:
    """The key as Textual names it, if it can be that command's.

    Raises:
        DungeonError: there is no such command, no such key, or it is wanted for something else.
    """
    if command not in commands.BY_NAME:
        hint = did_you_mean(command, commands.BY_NAME)
        raise DungeonError(f"There is no command '{printable(command)[:30]}' to give a key.{hint}")
    key = _normalize(key)
    if not key or key == commands.BY_NAME[command].key:
        return key
    if not takes_key(commands.BY_NAME[command]):
        raise DungeonError(f"/{command} needs words, which a key does not bring.")
    if not _KEY.fullmatch(key):
        raise DungeonError(f"'{printable(key)[:30]}' is not the name of a key. Write it like f8, ctrl+t or alt+right.")
    if _TYPES.fullmatch(key):
        raise DungeonError(f"{key} is for typing; a command needs a key like f8, ctrl+t or alt+right.")
    if key in _TAKEN:
        raise DungeonError(f"{key} can't be the key of {command}: {_TAKEN[key]}.")
    return key


def check_keys(settings: Settings) -> None:
    """Check the keys that the player has chosen in the settings file.

    Raises:
        DungeonError: a command or a key is invalid, or one key has two commands; names the file and `keys.COMMAND`.
    """
    commands_by_key: dict[str, str] = {}
    for command, text in settings.keys.items():
        try:
            key = check_key(command, text)
            if key and key in commands_by_key:
                raise DungeonError(f"{key} is also the key of {commands_by_key[key]}; a key has one command.")
        except DungeonError as error:
            raise invalid_settings(f"keys.{printable(command)[:30]}: {error}") from error
        commands_by_key[key] = command


def set_key(settings: EffectiveSettings, command: str, key: str | None) -> str:
    """Give the command a key for all adventures: "" for none, None for its own again. Return its key in words.

    Raises:
        DungeonError: there is no such command, or the key is not allowed; nothing has changed.
        SettingsNotSaved: the change is made, but could not be written to disk.
    """
    settings.set_keys(with_key(settings.global_settings, command, key))
    return f"The key of {command} is {keys_for(settings.global_settings)[command] or 'none'}."


def keys_for(settings: Settings) -> dict[str, str]:
    """Every command's key as Textual names it; "" for none."""
    chosen = {command: _normalize(key) for command, key in settings.keys.items()}
    keys = {}
    for command in commands.COMMANDS:
        default = "" if command.key in chosen.values() else command.key
        keys[command.name] = chosen.get(command.name, default)
    return keys


def keymap(settings: Settings) -> dict[str, str]:
    """The keys that are not the registry's, for `App.set_keymap`. It is gone through at every key press: short is good.

    Bindings must have their command's name as id, and `UNBOUND` for a key where the registry has none.
    """
    own = {command.name: command.key for command in commands.COMMANDS}
    return {name: key or UNBOUND for name, key in keys_for(settings).items() if key != own[name]}


def with_key(settings: Settings, command: str, key: str | None) -> dict[str, str]:
    """The chosen keys after that command has this one; None gives it its own back.

    Raises:
        DungeonError: it can't be that.
    """
    key = commands.BY_NAME[command].key if key is None and command in commands.BY_NAME else key
    key = check_key(command, key or "")
    chosen = {name: "" if _normalize(other) == key else other for name, other in settings.keys.items()}
    chosen.pop(command, None)
    if key != commands.BY_NAME[command].key:
        chosen[command] = key
    return chosen


def _normalize(key: str) -> str:
    """Return a key as Textual names it, from the way a player may write it: "Ctrl + T"."""
    key = "".join(key.lower().split())
    return "escape" if key == "esc" else key

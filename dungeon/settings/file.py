r"""The file with what the player has set for all adventures: TOML, written by the game and by hand alike.

    temperature = 0.8
    theme = "parchment"

    [keys]
    retry = "f8"

    [presets.mine]
    length = 120

Every name is checked, a wrong one is an error: a typing slip must not look like a setting without effect. When the
game writes, only what changed is put in, and comments stay where they are. A new file takes the old one's place only
once it is whole.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.files import write_atomic
from dungeon.errors import DungeonError
from dungeon.paths import settings_file
from dungeon.settings.layers import Layer, Settings, need_preset
from dungeon.settings.presets import NUMBERS, preset_name
from dungeon.settings.registry import BY_NAME, Value, check, find_setting

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_HEAD = (
    "dungeon's settings for all adventures. The game writes here what you set, and keeps your comments.",
    "`/settings` in the game lists every name; what is not here has its default.",
)


class SettingsNotSaved(DungeonError):
    """What was set could not be written down. It holds until the game ends."""


def load() -> Settings:
    """What the file says; the defaults if there is none.

    Raises:
        DungeonError: it can't be read, or says what can't be; names the line where that is known.
    """
    path = settings_file()
    try:
        text = path.read_text("utf-8-sig")  # some editors begin a file with a mark
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise DungeonError(f"The settings {path} can't be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise DungeonError(f"The settings {path} are not text in UTF-8. {_MEND}") from error
    return _read(path, text)


def save(new: Settings, old: Settings) -> None:
    """Writes what differs between the two into the file, as it now is on the disk.

    Raises:
        NotKept: it can't be written, or what is there can't be read.
    """
    path = settings_file()
    try:
        document = _document(path)
        _put(document, old.values, new.values)
        _put_table(document, "keys", old.keys, new.keys)
        own = document.setdefault("presets", {})
        for name in {*old.presets, *new.presets}:
            _put_table(own, name, old.presets.get(name, {}), new.presets.get(name, {}))
        if not own:
            del document["presets"]
        write_atomic(path, document.as_string())
    except OSError as error:
        raise SettingsNotSaved(f"The settings {path} can't be written: {error.strerror or error}. {_HOLDS}") from error
    except DungeonError as error:
        raise SettingsNotSaved(f"{error}\n{_HOLDS}") from error


_MEND = "Mend the file, or move it away: without it everything has its default."
_HOLDS = "What you set holds until you leave the game."


# ---- reading -------------------------------------------------------------------------------------------------


def _read(path: Path, text: str) -> Settings:
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason = str(error) or "too deep"
        raise DungeonError(f"The settings {path} can't be read: {reason}. {_MEND}") from error
    wrong: list[str] = []  # the name that is being looked at, for the message

    try:
        values, keys, presets = _parts(content, wrong)
    except DungeonError as error:
        line = _line_of(text, wrong)
        where = f"{path}, line {line}" if line else str(path)
        raise DungeonError(f"{where}: {error} {_MEND}") from error
    return Settings(values, keys, presets)


def _parts(content: Mapping[str, Any], at: list[str]) -> tuple[Layer, dict[str, str], dict[str, Layer]]:
    presets: dict[str, Layer] = {}
    for name, values in _table(content, "presets", at).items():
        at[:] = ["presets", name]
        if preset_name(name) != name:
            raise DungeonError(f"A preset is named in small letters: {preset_name(name)}.")
        if not isinstance(values, dict):
            raise DungeonError(f"The preset '{name}' must be a table: [presets.{name}].")
        presets[name] = _layer(values, at, of_preset=True)
    keys: dict[str, str] = {}
    for command, key in _table(content, "keys", at).items():
        at[:] = ["keys", command]
        if not isinstance(key, str):
            raise DungeonError(f'The key of {command} must be a text, like "f8".')
        keys[command] = key
    del at[:]
    values = _layer({name: value for name, value in content.items() if name not in ("keys", "presets")}, at)
    if "preset" in values:
        at[:] = ["preset"]
        need_preset(Settings(presets=presets), str(values["preset"]))
    return values, keys, presets


def _table(content: Mapping[str, Any], name: str, at: list[str]) -> dict[str, Any]:
    at[:] = [name]
    table = content.get(name, {})
    if not isinstance(table, dict):
        raise DungeonError(f"{name} must be a table: [{name}].")
    return table


def _layer(content: Mapping[str, Any], at: list[str], *, of_preset: bool = False) -> dict[str, Value]:
    section = list(at)
    layer = {}
    for name, value in content.items():
        at[:] = [*section, name]
        setting = BY_NAME.get(name) or find_setting(name)
        if setting.name != name:
            raise DungeonError(f"Write it {setting.name}.")
        if of_preset and name not in NUMBERS:
            raise DungeonError(f"A preset can't hold {name}; it may hold {', '.join(NUMBERS)}.")
        layer[name] = check(setting, value)
    return layer


def _line_of(text: str, names: list[str]) -> int | None:
    """The line on which the last of the names stands, after the heads of the tables that lead to it."""
    start = 0
    for depth, name in enumerate(names):
        quoted = rf"[\"']?{re.escape(name)}[\"']?"
        head = rf"^[ \t]*\[[^\]\n]*{quoted}[ \t]*\]"
        entry = rf"^[ \t]*{quoted}[ \t]*[.=]"
        found = re.compile(f"{head}|{entry}" if depth < 2 else entry, re.MULTILINE).search(text, start)
        if found is None:
            if depth < len(names) - 1:
                continue  # `[presets.mine]` has both names in one head
            return None
        start = found.start()
    return text.count("\n", 0, start) + 1 if names else None


# ---- writing -------------------------------------------------------------------------------------------------


def _document(path: Path) -> "TOMLDocument":
    """What is on the disk, with its comments."""
    import tomlkit  # 40 ms that only writing needs to pay

    if not path.exists():
        document = tomlkit.document()
        for line in _HEAD:
            document.add(tomlkit.comment(line))
        document.add(tomlkit.nl())
        return document
    load()  # says what is wrong with it, better than the writer can
    return tomlkit.parse(path.read_text("utf-8-sig"))


def _put(table: Any, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    for name in sorted({*old, *new}):
        if name in new and (name not in old or old[name] != new[name]):
            value = new[name]
            table[name] = list(value) if isinstance(value, tuple) else value
        elif name not in new and name in table:
            del table[name]


def _put_table(table: Any, name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    if old == new:
        return
    inner = table.setdefault(name, {})
    _put(inner, old, new)
    if not inner:
        del table[name]

r"""The settings file: what the player has set for all adventures, in TOML that the game and people write.

    temperature = 0.8
    theme = "parchment"

    [keys]
    retry = "f8"

    [presets.mine]
    length = 120

Every name is checked: a typing slip must not look like a setting without effect. (The keys are checked by
`dungeon.play.keys`, which knows the commands.) When the game writes, it changes only what the player has changed, and
comments stay. The file is replaced atomically.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from corpus.files import write_atomic
from corpus.text import printable
from dungeon.errors import DungeonError
from dungeon.paths import settings_file
from dungeon.settings.layers import Layer, Settings, check_preset
from dungeon.settings.presets import PRESET_FIELDS, parse_preset_name
from dungeon.settings.registry import RENAMED, Value, check_value, find_setting
from dungeon.storage.tomlfile import parse_toml

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_HEAD = (
    "dungeon's settings for all adventures. The game writes here what you set, and keeps your comments.",
    "`/settings` in the game lists every name; what is not here has its default.",
)
_ADVICE = "Correct the file, or move it away: without it every setting has its default."


def load_settings() -> Settings:
    """Return what the file says; the defaults if there is none.

    Raises:
        DungeonError: the file can't be read or holds something invalid; names the file and the key.
    """
    path = settings_file()
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise DungeonError(f"The settings file {path} can't be read: {error.strerror or error}.") from error
    try:
        content = parse_toml(data, f"The settings file {path}")
    except DungeonError as error:
        raise DungeonError(f"{error} {_ADVICE}") from error
    try:
        return _read(content)
    except DungeonError as error:
        raise invalid_settings(str(error)) from error


def invalid_settings(problem: str) -> DungeonError:
    """Return the error for a settings file that holds something invalid; `problem` is a sentence with the key."""
    return DungeonError(f"The settings file {settings_file()}: {problem} {_ADVICE}")


def save_settings(new: Settings, old: Settings) -> None:
    """Write the differences between the two into the file as it is on disk now.

    Raises:
        DungeonError: the file can't be written, or its present content is invalid.
    """
    path = settings_file()
    try:
        document = _read_document()
        _update(document, old.values, new.values)
        _update_table(document, "keys", old.keys, new.keys)
        presets = document.setdefault("presets", {})
        for name in {*old.presets, *new.presets}:
            _update_table(presets, name, old.presets.get(name, {}), new.presets.get(name, {}))
        if not presets:
            del document["presets"]
        write_atomic(path, document.as_string())
    except OSError as error:
        raise DungeonError(f"The settings file {path} can't be written: {error.strerror or error}.") from error


# ---- reading -------------------------------------------------------------------------------------------------


def _read(content: Mapping[str, Any]) -> Settings:
    values = _read_layer({name: value for name, value in content.items() if name not in ("keys", "presets")})
    keys = _table(content, "keys")
    for command, key in keys.items():
        if not isinstance(key, str):
            raise DungeonError(f'keys.{printable(command)[:30]} must be a text, like "f8".')
    presets = {name: _read_preset(name, preset) for name, preset in _table(content, "presets").items()}
    settings = Settings(values, keys, presets)
    if "preset" in values:
        check_preset(settings, str(values["preset"]))
    return settings


def _read_preset(name: str, values: object) -> Layer:
    if parse_preset_name(name) != name:
        raise DungeonError(f"A preset is named in small letters: {parse_preset_name(name)}.")
    if not isinstance(values, dict):
        raise DungeonError(f"The preset '{name}' must be a table: [presets.{name}].")
    try:
        layer = _read_layer(values)
    except DungeonError as error:
        raise DungeonError(f"presets.{name}: {error}") from error
    if others := [field for field in layer if field not in PRESET_FIELDS]:
        raise DungeonError(f"presets.{name} can't hold {others[0]}; it may hold {', '.join(PRESET_FIELDS)}.")
    return layer


def _table(content: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = content.get(name, {})
    if not isinstance(table, dict):
        raise DungeonError(f"{name} must be a table: [{name}].")
    return table


def _read_layer(content: Mapping[str, Any]) -> Layer:
    layer: dict[str, Value] = {}
    for name, value in content.items():
        setting = find_setting(name)
        if name != setting.name and name not in RENAMED:
            raise DungeonError(f"{printable(name)[:30]}: write it {setting.name}.")
        layer[setting.name] = check_value(setting, value)
    return layer


# ---- writing -------------------------------------------------------------------------------------------------


def _read_document() -> "TOMLDocument":
    """Return the file with its comments, every setting under its present name; a new one if there is none."""
    import tomlkit  # 40 ms that only writing needs to pay

    path = settings_file()
    if not path.exists():
        document = tomlkit.document()
        for line in _HEAD:
            document.add(tomlkit.comment(line))
        document.add(tomlkit.nl())
        return document
    load_settings()  # its errors are better than tomlkit's
    document = tomlkit.parse(path.read_text("utf-8-sig"))
    for old, name in RENAMED.items():
        if old in document:
            item = document.item(old)  # with its comment
            del document[old]
            document.setdefault(name, item)
    return document


def _update(table: Any, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    for name in sorted({*old, *new}):
        if name in new and (name not in old or old[name] != new[name]):
            value = new[name]
            table[name] = list(value) if isinstance(value, tuple) else value
        elif name not in new and name in table:
            del table[name]


def _update_table(document: Any, name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    if old == new:
        return
    table = document.setdefault(name, {})
    _update(table, old, new)
    if not table:
        del document[name]

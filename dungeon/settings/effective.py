"""The settings in force while an adventure is played. Both front ends read and change settings here.

    settings = EffectiveSettings(storyteller.sampling, load_settings())
    settings.bind(adventure.overrides, save)        # save(overrides) keeps the adventure's layer
    settings.set("temperature", "0.9")              # for this adventure; globally=True: for all
    settings.sampling                               # for the next turn

A change takes effect at once. If it can't be written to disk, `SettingsNotSaved` is raised afterwards.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import cast

from dungeon.errors import DungeonError
from dungeon.settings.file import save_settings
from dungeon.settings.layers import (
    EMPTY,
    Layer,
    Settings,
    check_preset,
    effective_sampling,
    origin,
    read_overrides,
    with_value,
    write_overrides,
)
from dungeon.settings.presets import PRESET_FIELDS, parse_preset_name
from dungeon.settings.registry import BY_NAME, GROUPS, Value, allowed_values, find_setting, format_value
from dungeon.settings.user_themes import Themes, load_themes
from dungeon.storyteller.sampling import Sampling


class SettingsNotSaved(DungeonError):
    """A change could not be written to disk. It holds until the game ends."""


class EffectiveSettings:
    """The settings for all adventures and, once bound, one adventure's overrides."""

    def __init__(self, voice: Sampling, settings: Settings) -> None:
        self.voice = voice
        self.global_settings = settings
        """The settings for all adventures."""
        self.overrides: Layer | None = None
        """The adventure's own settings; None while none is played."""
        self.on_change: Callable[[], None] = lambda: None
        """Called after every change, so that the screen can follow."""
        self._save_overrides: Callable[[str], None] = lambda overrides: None

    def bind(self, overrides: str, save: Callable[[str], None]) -> None:
        """Use an adventure's overrides (JSON) from now on; `save` is called with them whenever they change."""
        self.overrides = read_overrides(overrides)
        self._save_overrides = save

    def unbind(self) -> None:
        """No adventure is played: only the settings for all adventures are in force and can be changed."""
        self.overrides = None
        self._save_overrides = lambda overrides: None

    # ---- values in force -------------------------------------------------------------------------------------

    @property
    def sampling(self) -> Sampling:
        """How the next token is drawn."""
        return effective_sampling(self.voice, self.global_settings, self.overrides or EMPTY)

    @property
    def seed(self) -> int | None:
        """The seed of repeatable turns, if the player has set one."""
        return cast("int | None", self.value("seed"))

    @property
    def suggestions(self) -> int:
        """How many actions are suggested after a turn."""
        return cast("int", self.value("suggestions"))

    @property
    def instructions(self) -> str:
        """What a chat model is asked to do in adventures without their own instructions; "" is the game's default."""
        return cast("str | None", self.value("instructions")) or ""

    @cached_property
    def themes(self) -> Themes:
        """The themes that can be chosen, the player's own among them: read once, when first asked for."""
        return load_themes()

    @property
    def theme(self) -> str:
        """The theme that is shown: the one that is set, or the default where there is no theme of that name."""
        chosen = self.global_settings.theme
        return chosen if chosen in self.themes.help else str(BY_NAME["theme"].default)

    def value(self, name: str, *, globally: bool = False) -> Value | None:
        """Return the value in force in this adventure, or in adventures without overrides; None if it is unset."""
        overrides = self._overrides(globally)
        if name in Sampling.__struct_fields__:
            return cast("Value", getattr(effective_sampling(self.voice, self.global_settings, overrides), name))
        return overrides.get(name, self.global_settings.values.get(name, BY_NAME[name].default))

    def origin(self, name: str, *, globally: bool = False) -> str:
        """Return in words which layer that value comes from."""
        return origin(self.global_settings, self._overrides(globally), name)

    def own_value(self, name: str) -> Value | None:
        """Return the voice's own value, whatever is set; of what a voice does not have, the default."""
        if name in Sampling.__struct_fields__:
            return cast("Value", getattr(self.voice, name))
        return BY_NAME[name].default

    def differs(self, name: str, *, globally: bool = False) -> bool:
        """Return whether the value in force is another than the voice's own, or the default."""
        return self.value(name, globally=globally) != self.own_value(name)

    def is_set(self, name: str, *, globally: bool = False) -> bool:
        """Return whether the player has set it in this adventure, or for all adventures."""
        if globally or BY_NAME[name].global_only:
            return name in self.global_settings.values
        return name in (self.overrides or {})

    def display(self, name: str, *, globally: bool = False) -> str:
        """Return that value as a player would type it."""
        return format_value(self.value(name, globally=globally), "a new one each turn" if name == "seed" else "none")

    def describe(self, name: str) -> str:
        """Return three lines about a setting: its value in force, its help, the values allowed.

        Raises:
            DungeonError: there is no such setting.
        """
        setting = find_setting(name)
        scope = ", for all adventures" if setting.global_only else ""
        allowed = f"one of {', '.join(self.themes.help)}" if setting.name == "theme" else allowed_values(setting)
        return f"{self.summary(setting.name)}\n{setting.help} {setting.details}\nIt can be {allowed}{scope}."

    def summary(self, name: str) -> str:
        """Return `name = value (origin)` for the value in force."""
        return f"{name} = {self.display(name)} ({self.origin(name)})"

    def _overrides(self, globally: bool) -> Layer:
        return EMPTY if globally or self.overrides is None else self.overrides

    # ---- changes ---------------------------------------------------------------------------------------------

    def set(self, name: str, text: str | None, *, globally: bool = False) -> str:
        """Set what the player typed, for this adventure or `globally`; None removes it. Return the value in force.

        Settings that apply to all adventures only, and all settings while none is played, are always set globally.

        Raises:
            DungeonError: there is no such setting, or it does not allow the value; nothing has changed.
            SettingsNotSaved: the change is made, but could not be written to disk.
        """
        setting = find_setting(name)
        if setting.name == "preset" and text is not None:
            check_preset(self.global_settings, text.strip().lower())
        if setting.name == "theme" and text is not None:
            self.themes.check(text.strip().lower())
        if globally or setting.global_only or self.overrides is None:
            values = with_value(self.global_settings.values, name, text)
            self._change_globally(replace(self.global_settings, values=values))
        else:
            self.overrides = overrides = with_value(self.overrides, name, text)
            self._save(lambda: self._save_overrides(write_overrides(overrides)))
        return self.summary(setting.name)

    def set_keys(self, keys: Mapping[str, str]) -> None:
        """Replace the keys that the player has chosen. They are not checked here: see `dungeon.play.keys.set_key`.

        Raises:
            SettingsNotSaved: the change is made, but could not be written to disk.
        """
        self._change_globally(replace(self.global_settings, keys=keys))

    def save_preset(self, text: str) -> str:
        """Keep the sampling values in force as a preset of the player's own; return its name.

        Raises:
            DungeonError: the name is not allowed.
            SettingsNotSaved: the change is made, but could not be written to disk.
        """
        name = parse_preset_name(text)
        sampling = self.sampling
        values = {field: getattr(sampling, field) for field in PRESET_FIELDS}
        self._change_globally(replace(self.global_settings, presets={**self.global_settings.presets, name: values}))
        return name

    def delete_preset(self, name: str) -> None:
        """Delete a preset of the player's own. Where it was chosen for all adventures, the voice's values hold again.

        Raises:
            DungeonError: it is not the player's own.
            SettingsNotSaved: the change is made, but could not be written to disk.
        """
        settings = self.global_settings
        if name not in settings.presets:
            raise DungeonError(f"'{name}' comes with the game and stays.")
        presets = {other: values for other, values in settings.presets.items() if other != name}
        values = {other: value for other, value in settings.values.items() if (other, value) != ("preset", name)}
        self._change_globally(replace(settings, values=values, presets=presets))

    def _change_globally(self, settings: Settings) -> None:
        old, self.global_settings = self.global_settings, settings
        self._save(lambda: save_settings(settings, old))

    def _save(self, write: Callable[[], None]) -> None:
        try:
            write()
        except DungeonError as error:
            raise SettingsNotSaved(f"{error}\nYour change holds until you leave the game.") from error
        finally:
            self.on_change()


def setting_lines(settings: EffectiveSettings) -> list[str]:
    """Return every setting by group, a line each: name, value in force, where it comes from, help."""
    lines: list[str] = []
    for group, members in GROUPS.items():
        lines.append(f"{group}:")
        lines += [f"  {settings.summary(setting.name)}. {setting.help}" for setting in members]
    return lines

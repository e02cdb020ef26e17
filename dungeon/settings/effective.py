"""The settings in force at one seat: the game's file and the adventure in play. Both front ends change them here.

    choices = Choices(storyteller.sampling, load())
    choices.sit_down(adventure.overrides, keep)     # keep(overrides) saves the adventure's layer
    choices.set("temperature", "0.9")               # this adventure; everywhere=True: all
    choices.sampling                                # how the next turn is told

Whatever is set holds at once; where it can't be written down, `SettingsNotSaved` is raised after that, for the player to know.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import groupby
from typing import cast

from dungeon.errors import DungeonError
from dungeon.play.keys import keys_for, with_key
from dungeon.settings.file import SettingsNotSaved, save
from dungeon.settings.layers import (
    NOTHING,
    Layer,
    Settings,
    effective,
    need_preset,
    origin,
    read_layer,
    set_one,
    write_layer,
)
from dungeon.settings.presets import NUMBERS, preset_name
from dungeon.settings.registry import BY_NAME, SETTINGS, Value, allowed, find_setting, shown
from dungeon.storyteller.sampling import Sampling

_KEY = "keys."


class EffectiveSettings:
    """`on_change` is called after every change, for what is on the screen."""

    def __init__(self, voice: Sampling, game: Settings) -> None:
        self.voice = voice
        self.game = game
        self.own: Layer | None = None
        """The adventure's own settings; None before there is one."""
        self.on_change: Callable[[], None] = lambda: None
        self._keep: Callable[[str], None] = lambda overrides: None

    def bind(self, overrides: str, keep: Callable[[str], None]) -> None:
        """Takes on an adventure's own settings; `keep` is given them whenever they change."""
        self.own = read_layer(overrides)
        self._keep = keep

    # ---- what holds ------------------------------------------------------------------------------------------

    @property
    def sampling(self) -> Sampling:
        """How the next token is drawn."""
        return effective(self.voice, self.game, self.own or NOTHING)

    @property
    def seed(self) -> int | None:
        """The seed of repeatable turns, if the player wants them."""
        return cast("int | None", self.value("seed"))

    @property
    def suggestions(self) -> int:
        """How many actions are suggested after a turn."""
        return cast("int", self.value("suggestions"))

    def value(self, name: str, *, everywhere: bool = False) -> Value | None:
        """What holds for that setting, here or everywhere; None where nothing does."""
        own = self._own(everywhere)
        if name in Sampling.__struct_fields__:
            return cast("Value", getattr(effective(self.voice, self.game, own), name))
        return own.get(name, self.game.values.get(name, BY_NAME[name].default))

    def origin(self, name: str, *, everywhere: bool = False) -> str:
        """Where that value comes from."""
        return origin(self.game, self._own(everywhere), name)

    def _own(self, everywhere: bool) -> Layer:
        return NOTHING if everywhere or self.own is None else self.own

    # ---- changing --------------------------------------------------------------------------------------------

    def set(self, name: str, text: str | None, *, everywhere: bool = False) -> str:
        """Sets what the player typed, in this adventure or everywhere; None gives it back. Returns what holds now.

        `keys.COMMAND` sets a key. What can only be set for all adventures is, whatever `everywhere` says.

        Raises:
            DungeonError: there is no such setting, or it can't be that; nothing has changed.
            NotKept: it is set, but could not be written down.
        """
        if name.lower().startswith(_KEY):
            command = name[len(_KEY) :].lower()
            self._change_game(replace(self.game, keys=with_key(self.game, command, text)))
            return f"The key of {command} is {keys_for(self.game)[command] or 'none'}."
        setting = find_setting(name)
        if setting.name == "preset" and text is not None:
            need_preset(self.game, text.strip().lower())
        if everywhere or setting.everywhere or self.own is None:
            self._change_game(replace(self.game, values=set_one(self.game.values, name, text)))
        else:
            self.own = set_one(self.own, name, text)
            self._changed(lambda: self._keep(write_layer(self.own or NOTHING)))
        return f"{setting.name} = {self.shown(setting.name)} ({self.origin(setting.name)})"

    def save_preset(self, text: str) -> str:
        """Keeps the numbers that hold now as a preset of the player's own; returns its name.

        Raises:
            DungeonError: it can't have that name.
            NotKept: it is there, but could not be written down.
        """
        name = preset_name(text)
        sampling = self.sampling
        values = {number: getattr(sampling, number) for number in NUMBERS}
        self._change_game(replace(self.game, presets={**self.game.presets, name: values}))
        return name

    def forget_preset(self, name: str) -> None:
        """Takes a preset of the player's own away; where it was chosen for all adventures, the voice's own holds.

        Raises:
            DungeonError: it is not the player's own.
            NotKept: it is gone, but the file could not be written.
        """
        if name not in self.game.presets:
            raise DungeonError(f"'{name}' comes with the game and stays.")
        presets = {other: values for other, values in self.game.presets.items() if other != name}
        values = {other: value for other, value in self.game.values.items() if (other, value) != ("preset", name)}
        self._change_game(replace(self.game, values=values, presets=presets))

    def _change_game(self, game: Settings) -> None:
        old, self.game = self.game, game
        self._changed(lambda: save(game, old))

    def _changed(self, write: Callable[[], None]) -> None:
        try:
            write()
        except SettingsNotSaved:
            raise
        except DungeonError as error:  # the shelf's
            raise SettingsNotSaved(f"{error}\nWhat you set holds until you leave the game.") from error
        finally:
            self.on_change()

    # ---- for people ------------------------------------------------------------------------------------------

    def shown(self, name: str, *, everywhere: bool = False) -> str:
        """The value that holds, as a player would type it."""
        return shown(self.value(name, everywhere=everywhere), "a new one each turn" if name == "seed" else "none")

    def about(self, name: str) -> str:
        """What there is to know about one setting, in three lines.

        Raises:
            DungeonError: there is no such setting.
        """
        setting = find_setting(name)
        return (
            f"{setting.name} = {self.shown(setting.name)} ({self.origin(setting.name)})\n"
            f"{setting.help} {setting.more}\n"
            f"It can be {allowed(setting)}{', for all adventures' if setting.everywhere else ''}."
        )


def setting_lines(choices: EffectiveSettings) -> list[str]:
    """Every setting with what holds and what it is, for plain lines."""
    lines: list[str] = []
    for group, settings in groupby(SETTINGS, key=lambda setting: setting.group):
        lines.append(f"{group}:")
        for setting in settings:
            holds = f"{setting.name} = {choices.shown(setting.name)} ({choices.origin(setting.name)})"
            lines.append(f"  {holds}. {setting.help}")
    return lines

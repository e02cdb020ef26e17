"""The settings by groups, each with its value and where that comes from; below the list, help on the highlighted one.

Enter changes a setting, Delete unsets it, Tab switches between this adventure's settings and those of all adventures.
Each change takes effect and is saved at once.
"""

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from dungeon.errors import DungeonError
from dungeon.play.keys import key_name, keys_for, set_key
from dungeon.play.registry import COMMANDS
from dungeon.settings.effective import EffectiveSettings, SettingsNotSaved
from dungeon.settings.presets import PRESETS, parse_preset_name
from dungeon.settings.registry import BY_NAME, GROUPS, SETTINGS, Setting, Type, allowed_values, parse_setting
from dungeon.tui.host import game
from dungeon.tui.screens.choose import ChooseScreen, KeyScreen
from dungeon.tui.widgets.rows import Options
from dungeon.tui.widgets.status import HintLine

_NAME_WIDTH = 19
"""Cells for a name: the longest, and one."""
_ORIGIN_WIDTH = 17
_WIDE = 64
"""The width of the list from which a value's origin is shown."""
_KEY = "keys."
"""What the names of keys, which are settings as well, begin with."""
_SAVE = "\nsave"
"""The option that saves a preset; no preset's name has a line break."""


class SettingsScreen(Screen[None]):
    """All settings. Whoever shows the screen applies changes in `settings.on_change`."""

    CSS_PATH = "settings.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (56, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]
    BINDINGS = [
        Binding("escape", "back", "Back"),
        Binding("tab", "switch_scope", "This adventure or all", show=False),
        Binding("delete,backspace", "unset", "Unset", show=False),
    ]

    def __init__(self, settings: EffectiveSettings) -> None:
        super().__init__()
        self.settings = settings
        self.globally = settings.overrides is None
        """Whether the settings of all adventures are shown and changed, or this adventure's."""
        self._editing = ""
        """What is being typed: the value of this setting, or with `_SAVE` the name of a preset."""

    def compose(self) -> ComposeResult:
        with Horizontal(id="scopes"):
            yield Static("Settings", id="title")
            for scope, label in (("here", "This adventure"), ("all", "All adventures")):
                button = Button(label, id=scope, compact=True, disabled=self.settings.overrides is None)
                button.can_focus = False
                yield button
        yield Options(widget_id="settings")
        with Vertical(id="about"):
            yield Static(id="help", markup=False)
            yield Static(id="more", markup=False)
            yield Static(id="facts", markup=False)
        with Horizontal(id="edit"):
            yield Static(id="edited", markup=False)
            yield Input(id="value", compact=True)
        yield HintLine()

    def on_mount(self) -> None:
        self._fill()
        self._list.highlighted = 1
        self._stop_editing()

    def on_resize(self) -> None:
        self._fill()

    @property
    def _list(self) -> Options:
        return self.query_one("#settings", Options)

    # ---- the list --------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        highlighted = self._list.highlighted
        self._list.clear_options()
        for group, settings in GROUPS.items():
            self._list.add_option(Option(Content(group), disabled=True))
            self._list.add_options(Option(self._setting_row(setting), id=setting.name) for setting in settings)
        self._list.add_option(Option(Content("Keys"), disabled=True))
        self._list.add_options(
            Option(self._key_row(name), id=_KEY + name) for name, command in COMMANDS.items() if command.stands_alone
        )
        self._list.highlighted = highlighted
        self.query_one("#here").set_class(not self.globally, "-chosen")
        self.query_one("#all").set_class(self.globally, "-chosen")

    def _setting_row(self, setting: Setting) -> Content:
        value = self.settings.display(setting.name, globally=self.globally)
        origin = self.settings.origin(setting.name, globally=self.globally)
        return self._columns(setting.name, value, origin, self._is_set(setting.name))

    def _key_row(self, command: str) -> Content:
        key = key_name(keys_for(self.settings.global_settings)[command]) or "none"
        is_set = self._is_set(_KEY + command)
        return self._columns(command, key, "yours" if is_set else "default", is_set)

    def _columns(self, name: str, value: str, origin: str, is_set: bool) -> Content:
        width = max(20, self.size.width - 8)
        origin_width = _ORIGIN_WIDTH if width >= _WIDE else 0
        room = min(width - _NAME_WIDTH - origin_width, 40)
        value = value if len(value) < room else value[: room - 2] + "…"
        return Content.assemble(
            f"{'•' if is_set else ' '} {name:{_NAME_WIDTH}}",
            (f"{value:{room}}", "bold" if is_set else ""),
            (origin[:origin_width], "dim"),
        )

    def _is_set(self, name: str) -> bool:
        """Whether the player has set it in the scope that is shown."""
        if name.startswith(_KEY):
            return name.removeprefix(_KEY) in self.settings.global_settings.keys
        globally = self.globally or BY_NAME[name].global_only
        return name in (self.settings.global_settings.values if globally else self.settings.overrides or {})

    @property
    def _highlighted(self) -> str:
        """The name of the highlighted setting."""
        option = self._list.highlighted_option
        return (option.id if option else None) or SETTINGS[0].name

    @on(OptionList.OptionHighlighted, "#settings")
    def _show_about(self) -> None:
        """Show help on the highlighted setting."""
        name = self._highlighted
        if name.startswith(_KEY):
            command = COMMANDS[name.removeprefix(_KEY)]
            texts = f"The key of /{command.name}.", command.summary, "For all adventures."
        else:
            setting = BY_NAME[name]
            values = "" if setting.type is Type.NAME else allowed_values(setting).capitalize() + ". "
            scope = " For all adventures." if setting.global_only else ""
            origin = self.settings.origin(name, globally=self.globally)
            texts = setting.help, setting.details, f"{values}Now from: {origin}.{scope}"
        for widget_id, text in zip(("#help", "#more", "#facts"), texts, strict=True):
            self.query_one(widget_id, Static).update(Content(text))

    # ---- changing --------------------------------------------------------------------------------------------

    @on(OptionList.OptionSelected, "#settings")
    def _selected(self) -> None:
        name = self._highlighted
        if name.startswith(_KEY):
            self.app.push_screen(KeyScreen(name.removeprefix(_KEY)), self._key_pressed)
        elif BY_NAME[name].type is Type.SWITCH:
            self._set(name, "off" if self.settings.value(name) else "on")
        elif name == "theme":
            self._choose_theme()
        elif name == "preset":
            self._choose_preset()
        else:
            unset = self.settings.value(name, globally=self.globally) is None
            self._edit(name, "" if unset else self.settings.display(name, globally=self.globally))

    def _set(self, name: str, text: str | None) -> bool:
        if name.startswith(_KEY):
            return self._change(lambda: set_key(self.settings, name.removeprefix(_KEY), text))
        return self._change(lambda: self.settings.set(name, text, globally=self.globally))

    def _change(self, change: Callable[[], object]) -> bool:
        """Make a change, show what went wrong, and return whether it took effect."""
        try:
            change()
        except SettingsNotSaved as error:
            self.notify(str(error), severity="error", timeout=10, markup=False)
        except DungeonError as error:
            self.notify(str(error), severity="warning", markup=False)
            return False
        self._fill()
        self._show_about()
        return True

    def action_unset(self) -> None:
        """Unset the highlighted setting: the value below it, or the default, holds again."""
        if self._is_set(self._highlighted):
            self._set(self._highlighted, None)

    def action_switch_scope(self) -> None:
        """Switch between this adventure's settings and those of all."""
        if not self._editing and self.settings.overrides is not None:
            self.globally = not self.globally
            self._fill()
            self._show_about()
            self._stop_editing()

    @on(Button.Pressed)
    def _scope_pressed(self, event: Button.Pressed) -> None:
        if self.globally != (event.button.id == "all"):
            self.action_switch_scope()

    # ---- typing a value --------------------------------------------------------------------------------------

    def _edit(self, name: str, value: str) -> None:
        self._editing = name
        self.query_one("#edit").display = True
        self.query_one("#edited", Static).update(Content("Name: " if name == _SAVE else f"{name} = "))
        field = self.query_one("#value", Input)
        field.value = value
        field.cursor_position = len(value)
        field.focus()
        self.query_one(HintLine).update("Enter keeps it · Esc leaves it")

    def _stop_editing(self) -> None:
        self._editing = ""
        self.query_one("#edit").display = False
        self._list.focus()
        tab = "" if self.settings.overrides is None else f" · Tab {'this' if self.globally else 'all'}"
        self.query_one(HintLine).update(f"Enter set · Del unset{tab} · Esc back")

    @on(Input.Submitted, "#value")
    def _typed(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        if self._save_preset(text) if self._editing == _SAVE else self._set(self._editing, text or None):
            self._stop_editing()

    @on(Input.Changed, "#value")
    def _check(self, event: Input.Changed) -> None:
        """Say while a value is typed what is wrong with it."""
        if self._editing and self._editing != _SAVE and event.value.strip():
            try:
                parse_setting(self._editing, event.value)
            except DungeonError as error:
                self.query_one("#facts", Static).update(Content.styled(str(error), "$error"))
                return
        self._show_about()

    def action_back(self) -> None:
        """Leave the field, or else the screen."""
        if self._editing:
            self._stop_editing()
            self._show_about()
        else:
            self.dismiss()

    # ---- presets, themes, keys -------------------------------------------------------------------------------

    def _choose_preset(self) -> None:
        options = {
            **{name: (name, preset.help) for name, preset in PRESETS.items()},
            **{name: (name, "Your own. Delete removes it.") for name in self.settings.global_settings.presets},
            _SAVE: ("Save as a preset of your own…", "Keeps the numbers that are in force now, under a name."),
        }
        current = str(self.settings.value("preset", globally=self.globally))
        self.app.push_screen(
            ChooseScreen("Preset", options, current, on_delete=self._delete_preset), self._preset_chosen
        )

    def _preset_chosen(self, name: str | None) -> None:
        if name == _SAVE:
            self._edit(_SAVE, "")
        elif name is not None:
            self._set("preset", name)

    def _save_preset(self, name: str) -> bool:
        return self._change(lambda: self.settings.save_preset(name)) and self._set("preset", parse_preset_name(name))

    def _delete_preset(self, name: str) -> bool:
        return name != _SAVE and self._change(lambda: self.settings.delete_preset(name))

    def _choose_theme(self) -> None:
        options = {name: (name, help_text) for name, help_text in self.settings.themes.help.items()}
        screen = ChooseScreen("Theme", options, self.settings.theme, on_highlight=game(self).use_theme)
        self.app.push_screen(screen, self._theme_chosen)

    def _theme_chosen(self, theme: str | None) -> None:
        if theme is None:
            game(self).use_theme(self.settings.theme)
        else:
            self._set("theme", theme)

    def _key_pressed(self, key: str | None) -> None:
        if key is not None:
            self._set(self._highlighted, key)

"""The settings by groups, each with its value; beside or below the list, help on the highlighted one.

Enter changes a setting, the arrow keys step through its values, Delete unsets it, and Tab switches between this
adventure's settings and those of all adventures. The details of sampling and the keys are folded until Enter unfolds
them. Each change takes effect and is saved at once. Without an adventure there are only the settings of all.
"""

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static, Tab, Tabs
from textual.widgets.option_list import Option

from dungeon.errors import DungeonError
from dungeon.play.keys import set_key
from dungeon.play.registry import COMMANDS, commands_by_group
from dungeon.settings.effective import EffectiveSettings, SettingsNotSaved
from dungeon.settings.presets import PRESET_FIELDS, PRESETS, parse_preset_name
from dungeon.settings.registry import (
    ADVANCED,
    BY_NAME,
    GROUPS,
    Setting,
    Type,
    Value,
    allowed_values,
    format_value,
    parse_setting,
)
from dungeon.settings.steps import next_value
from dungeon.storyteller.sampling import Sampling
from dungeon.tui.host import game
from dungeon.tui.screens.choose import ChooseScreen, KeyScreen
from dungeon.tui.widgets.footer import KeyFooter
from dungeon.tui.widgets.line_field import LineField
from dungeon.tui.widgets.pane import Pane
from dungeon.tui.widgets.rows import Fitted
from dungeon.tui.widgets.setting_rows import (
    SettingList,
    fold_heading,
    heading,
    key_row,
    names_of,
    row_content,
    setting_row,
)

_KEY = "keys."
"""What the names of keys, which are settings as well, begin with."""
_KEYS = "Keys"
_GROUP = "group "
"""What the ids of rows begin with that fold a group."""
_FOLDED = {
    ADVANCED: "How the voice draws the next word, in detail. What is unset here is as the voice was made.",
    _KEYS: "The keys of the commands. Enter on one waits for the key that it is to have.",
}
"""The groups that are folded at first, with a line about each."""
_SAVE = "\nsave"
"""The option that saves a preset; no preset's name has a line break."""
_SPACIOUS = 20
"""The height from which the groups have an empty line between them."""


class ValueField(LineField):
    """Where a value is typed."""

    BINDINGS = [Binding("enter", "submit", "Keep")]


class SettingsScreen(Screen[None]):
    """All settings. Whoever shows the screen applies changes in `settings.on_change`."""

    CSS_PATH = "settings.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (_SPACIOUS, "-tall")]
    BINDINGS = [
        Binding("escape", "back", "Back"),
        Binding("tab,shift+tab", "stay", show=False),
    ]

    def __init__(self, settings: EffectiveSettings) -> None:
        super().__init__()
        self.settings = settings
        self.globally = settings.overrides is None
        """Whether the settings of all adventures are shown and changed, or this adventure's."""
        self._unfolded: set[str] = set()
        self._editing = ""
        """What is being typed: the value of this setting, or with `_SAVE` the name of a preset."""

    def compose(self) -> ComposeResult:
        tabs = Tabs(Tab("This adventure", id="here"), Tab("All adventures", id="all"))
        tabs.can_focus = False
        tabs.display = not self.globally
        yield tabs
        with Container(id="both"):
            with Pane(widget_id="pane"):
                yield SettingList(widget_id="settings")
                with Horizontal(id="edit"):
                    yield Static(id="edited", markup=False)
                    yield ValueField(id="value")
            with Pane(widget_id="about"), VerticalScroll(can_focus=False):
                yield Static(id="help", markup=False)
                yield Static(id="more", markup=False)
                yield Static(id="facts", markup=False)
        yield KeyFooter()

    def on_mount(self) -> None:
        self._fill()
        self._list.highlighted = 1
        self._stop_editing()

    def on_resize(self) -> None:
        self._fill()

    @property
    def _list(self) -> SettingList:
        return self.query_one("#settings", SettingList)

    # ---- the list --------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        """List the groups, and what is in those that are not folded, with the same row highlighted."""
        highlighted, scroll_y = self._highlighted, self._list.scroll_y
        commands = [command for group in commands_by_group().values() for command in group if command.stands_alone]
        groups = {group: [setting.name for setting in settings] for group, settings in GROUPS.items()}
        options: list[Option] = []
        for group, names in {**groups, _KEYS: [_KEY + command.name for command in commands]}.items():
            space = bool(options) and self.size.height >= _SPACIOUS
            is_open = group not in _FOLDED or group in self._unfolded
            if group in _FOLDED:
                changed = sum(self._differs(name) for name in names)
                about = f"{len(names)}, {changed} changed" if changed else f"{len(names)}"
                prompt = fold_heading(group, about, is_open=is_open, space=space)
                options.append(Option(prompt, id=_GROUP + group))
            else:
                options.append(Option(heading(group, space=space), disabled=True))
            if is_open:
                options += [Option(self._row(name), id=name) for name in names]
        self._list.set_options(options)
        places = {option.id: place for place, option in enumerate(options)}
        self._list.highlighted = places.get(highlighted, 1)
        self._list.scroll_to(y=scroll_y, animate=False, force=True)
        self.query_one("#pane", Pane).set_title(
            f"Settings of {'all adventures' if self.globally else 'this adventure'}"
        )

    def _row(self, name: str) -> Fitted:
        if name.startswith(_KEY):
            row = key_row(self.settings.global_settings, name.removeprefix(_KEY))
        else:
            row = setting_row(self.settings, name, globally=self.globally)
        return Fitted(lambda width: row_content(row, width))

    def _differs(self, name: str) -> bool:
        if name.startswith(_KEY):
            return self._is_set(name)
        return self.settings.differs(name, globally=self.globally)

    def _is_set(self, name: str) -> bool:
        if name.startswith(_KEY):
            return name.removeprefix(_KEY) in self.settings.global_settings.keys
        return self.settings.is_set(name, globally=self.globally)

    @property
    def _highlighted(self) -> str:
        """The id of the highlighted row: a setting's name, or a group's."""
        option = self._list.highlighted_option
        return (option.id if option else None) or ""

    @property
    def _highlighted_setting(self) -> Setting | None:
        return BY_NAME.get(self._highlighted)

    @on(OptionList.OptionHighlighted, "#settings")
    def _show_about(self) -> None:
        """Show help on the highlighted row."""
        name = self._highlighted
        if name.startswith(_GROUP):
            group = name.removeprefix(_GROUP)
            title, texts = group, (_FOLDED[group], "", "")
        elif name.startswith(_KEY):
            command = COMMANDS[name.removeprefix(_KEY)]
            title = f"{command.name.capitalize()} · {name}"
            texts = f"The key of /{command.name}.", command.summary, "For all adventures."
        elif setting := self._highlighted_setting:
            title, texts = f"{setting.title} · {name}", (setting.help, setting.details, self._facts(setting))
        else:
            return
        self.query_one("#about", Pane).set_title(title)
        for widget_id, text in zip(("#help", "#more", "#facts"), texts, strict=True):
            static = self.query_one(widget_id, Static)
            static.update(Content(text))
            static.set_class(not text, "-empty")
        self.refresh_bindings()

    def _facts(self, setting: Setting) -> str:
        """Say what the value is, where it comes from, what it would be, and what it can be."""
        value = self.settings.display(setting.name, globally=self.globally)
        facts = [f"{value[:40]} ({self.settings.origin(setting.name, globally=self.globally)})"]
        if self._differs(setting.name):
            own = format_value(self.settings.own_value(setting.name))
            facts.append(f"{'voice' if setting.name in Sampling.__struct_fields__ else 'default'}: {own}")
        if setting.type is not Type.NAME:
            facts.append(allowed_values(setting))
        if setting.global_only:
            facts.append("for all adventures")
        return " · ".join(facts)

    # ---- changing --------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the keys that do something on the highlighted row."""
        name = self._highlighted if self.is_mounted else ""
        setting = BY_NAME.get(name)
        if action == "fold":
            return name.startswith(_GROUP)
        if action == "switch":
            return setting is not None and setting.type is Type.SWITCH
        if action == "step":
            return setting is not None and self._next(setting, 1) is not None
        if action == "unset":
            return bool(name) and not name.startswith(_GROUP) and self._is_set(name)
        if action == "scope":
            return self.settings.overrides is not None and parameters != (self._scope,)
        return super().check_action(action, parameters)

    @property
    def _scope(self) -> str:
        return "all" if self.globally else "here"

    @on(OptionList.OptionSelected, "#settings")
    def _selected(self) -> None:
        name = self._highlighted
        if name.startswith(_GROUP):
            self.action_fold()
        elif name.startswith(_KEY):
            self.app.push_screen(KeyScreen(name.removeprefix(_KEY)), self._key_pressed)
        elif BY_NAME[name].type is Type.SWITCH:
            self.action_switch()
        elif name == "theme":
            self._choose_theme()
        elif name == "preset":
            self._choose_preset()
        else:
            unset = self.settings.value(name, globally=self.globally) is None
            self._edit(name, "" if unset else self.settings.display(name, globally=self.globally))

    def action_fold(self) -> None:
        """Show what is in the highlighted group, or hide it."""
        self._unfolded ^= {self._highlighted.removeprefix(_GROUP)}
        self._fill()

    def action_switch(self) -> None:
        """Turn the highlighted switch."""
        is_on = self.settings.value(self._highlighted, globally=self.globally)
        self._set(self._highlighted, "off" if is_on else "on")

    def action_step(self, direction: int) -> None:
        """Set the value before or after, of a number, a name or a switch."""
        setting = self._highlighted_setting
        value = self._next(setting, direction) if setting else None
        if setting is None or value is None or value == self.settings.value(setting.name, globally=self.globally):
            return
        if setting.name == "preset" and any(map(self._is_set, PRESET_FIELDS)):
            self.notify("Another preset removes the numbers that you set by hand. Enter chooses one.", markup=False)
        else:
            self._set(setting.name, format_value(value))

    def _next(self, setting: Setting, direction: int) -> Value | None:
        value = self.settings.value(setting.name, globally=self.globally)
        return next_value(setting, value, direction, names_of(self.settings, setting.name))

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
        self._set(self._highlighted, None)

    def action_scope(self, scope: str) -> None:
        """Show and change this adventure's settings ("here"), or those of all adventures ("all")."""
        self.query_one(Tabs).active = scope

    def action_stay(self) -> None:
        """Keep the focus: the field is not left for the list before Enter or Escape."""

    @on(Tabs.TabActivated)
    def _scope_chosen(self, event: Tabs.TabActivated) -> None:
        if self.settings.overrides is not None and event.tab.id != self._scope:
            self.globally = not self.globally
            self._fill()
            self._show_about()
            self._stop_editing()

    # ---- typing a value --------------------------------------------------------------------------------------

    def _edit(self, name: str, value: str) -> None:
        self._editing = name
        self.query_one("#edit").display = True
        label = "Name" if name == _SAVE else BY_NAME[name].title
        self.query_one("#edited", Static).update(Content(f"{label}: "))
        field = self.query_one("#value", Input)
        field.value = value
        field.cursor_position = len(value)
        field.focus()

    def _stop_editing(self) -> None:
        self._editing = ""
        self.query_one("#edit").display = False
        self._list.focus()

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

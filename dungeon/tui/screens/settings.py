"""The settings: a list by groups, what holds and whence, and about the marked one what there is to know.

Enter changes it, Delete gives it back, Tab goes from this adventure's settings to those of all. What is changed holds
and is saved at once.
"""

from collections.abc import Callable, Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from dungeon.errors import DungeonError
from dungeon.play.keys import keys_for, set_key
from dungeon.play.registry import COMMANDS
from dungeon.settings.effective import EffectiveSettings, SettingsNotSaved
from dungeon.settings.presets import PRESETS, parse_preset_name
from dungeon.settings.registry import BY_NAME, GROUPS, SETTINGS, Setting, Type, allowed_values, parse_setting
from dungeon.settings.themes import THEME_HELP
from dungeon.tui.screens.help import key_name

_NAME = 19
"""Letters of the longest name, and one."""
_WHENCE = 17
_NARROW = 64
_KEY = "keys."
_SAVE = "\nsave"
"""Stands for saving a preset, among the names of presets; no name has a line break."""


class SettingsScreen(Screen[None]):
    """All settings. Whoever shows it sees to `choices.on_change`."""

    CSS_PATH = "settings.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (56, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]
    BINDINGS = [
        Binding("escape", "back", "Back"),
        Binding("tab", "place", "This adventure or all", show=False),
        Binding("delete,backspace", "reset", "As it was", show=False),
    ]

    def __init__(self, choices: EffectiveSettings) -> None:
        super().__init__()
        self.settings = choices
        self.everywhere = choices.overrides is None
        self._editing = ""
        """What is being typed: a setting's name, or `_SAVE` for a preset's."""

    def compose(self) -> ComposeResult:
        with Horizontal(id="places"):
            yield Static("Settings", id="title")
            for id_, label in (("here", "This adventure"), ("all", "All adventures")):
                button = Button(label, id=id_, compact=True, disabled=self.settings.overrides is None)
                button.can_focus = False
                yield button
        yield OptionList(id="settings", markup=False)
        with Vertical(id="about"):
            yield Static(id="help", markup=False)
            yield Static(id="more", markup=False)
            yield Static(id="facts", markup=False)
        with Horizontal(id="edit"):
            yield Static(id="edited", markup=False)
            yield Input(id="value", compact=True)
        yield Static(id="hint", markup=False)

    def on_mount(self) -> None:
        self._fill()
        self._list.highlighted = 1
        self._list.focus()
        self._stop_editing()

    def on_resize(self) -> None:
        self._fill()

    @property
    def _list(self) -> OptionList:
        return self.query_one("#settings", OptionList)

    # ---- the list --------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        at = self._list.highlighted
        self._list.clear_options()
        for group, settings in GROUPS.items():
            self._list.add_option(Option(Content(group), disabled=True))
            self._list.add_options(Option(self._row(setting), id=setting.name) for setting in settings)
        self._list.add_option(Option(Content("Keys"), disabled=True))
        keys = keys_for(self.settings.global_settings)
        for name in (name for name, command in COMMANDS.items() if command.stands_alone):
            chosen = name in self.settings.global_settings.keys
            row = self._columns(name, key_name(keys[name]) or "none", "yours" if chosen else "default", chosen)
            self._list.add_option(Option(row, id=_KEY + name))
        self._list.highlighted = at
        self.query_one("#here").set_class(not self.everywhere, "-chosen")
        self.query_one("#all").set_class(self.everywhere, "-chosen")

    def _row(self, setting: Setting) -> Content:
        value = self.settings.display(setting.name, globally=self.everywhere)
        origin = self.settings.origin(setting.name, globally=self.everywhere)
        return self._columns(setting.name, value, origin, self._is_set(setting.name))

    def _columns(self, name: str, value: str, origin: str, is_set: bool) -> Content:
        width = max(20, self.size.width - 8)
        whence = _WHENCE if width >= _NARROW else 0
        room = min(width - _NAME - whence, 40)
        value = value if len(value) < room else value[: room - 2] + "…"
        return Content.assemble(
            f"{'•' if is_set else ' '} {name:{_NAME}}",
            (f"{value:{room}}", "bold" if is_set else ""),
            (origin[:whence], "dim"),
        )

    def _is_set(self, name: str) -> bool:
        """Whether the place that is shown has a value of its own for it."""
        if name.startswith(_KEY):
            return name.removeprefix(_KEY) in self.settings.global_settings.keys
        everywhere = self.everywhere or BY_NAME[name].global_only
        return name in (self.settings.global_settings.values if everywhere else self.settings.overrides or {})

    @on(OptionList.OptionHighlighted, "#settings")
    def _about(self) -> None:
        name = self._marked
        if name.startswith(_KEY):
            help_, more = f"The key of /{name.removeprefix(_KEY)}.", COMMANDS[name.removeprefix(_KEY)].summary
            facts = "For all adventures."
        else:
            setting = BY_NAME[name]
            help_, more = setting.help, setting.details
            range_ = "" if setting.type is Type.NAME else allowed_values(setting).capitalize() + ". "
            where = " For all adventures." if setting.global_only else ""
            facts = f"{range_}Now from: {self.settings.origin(name, globally=self.everywhere)}.{where}"
        for id_, text in (("help", help_), ("more", more), ("facts", facts)):
            self.query_one(f"#{id_}", Static).update(Content(text))

    @property
    def _marked(self) -> str:
        at = self._list.highlighted
        return (self._list.get_option_at_index(at).id if at is not None else None) or SETTINGS[0].name

    # ---- changing --------------------------------------------------------------------------------------------

    @on(OptionList.OptionSelected, "#settings")
    def _change(self) -> None:
        name = self._marked
        if name.startswith(_KEY):
            self.app.push_screen(KeyScreen(name.removeprefix(_KEY)), self._key_pressed)
        elif BY_NAME[name].type is Type.SWITCH:
            self._set(name, "off" if self.settings.value(name) else "on")
        elif name == "theme":
            rows = list(THEME_HELP.items())
            self.app.push_screen(
                ChooseScreen("Theme", rows, self.settings.global_settings.theme, self._preview), self._themed
            )
        elif name == "preset":
            own = [(preset, "Your own. Delete takes it away.") for preset in self.settings.global_settings.presets]
            rows = [(preset, entry.help) for preset, entry in PRESETS.items()] + own
            rows.append((_SAVE, "Keeps the numbers that hold now, under a name."))
            at = str(self.settings.value("preset", globally=self.everywhere))
            self.app.push_screen(ChooseScreen("Preset", rows, at, forget=self._forget), self._preset_chosen)
        else:
            unset = self.settings.value(name, globally=self.everywhere) is None
            self._edit(name, "" if unset else self.settings.display(name, globally=self.everywhere))

    def _set(self, name: str, text: str | None) -> bool:
        """Whether it could be."""
        if name.startswith(_KEY):
            return self._changed(lambda: set_key(self.settings, name.removeprefix(_KEY), text))
        return self._changed(lambda: self.settings.set(name, text, globally=self.everywhere))

    def _changed(self, change: Callable[[], object]) -> bool:
        """Whether it could be; tells what went wrong, and shows the settings as they are now."""
        try:
            change()
        except SettingsNotSaved as error:
            self.notify(str(error), severity="error", timeout=30, markup=False)
        except DungeonError as error:
            self.notify(str(error), severity="warning", markup=False)
            return False
        self._fill()
        self._about()
        return True

    def action_reset(self) -> None:
        """Gives the marked setting back to the place below."""
        if self._is_set(self._marked):
            self._set(self._marked, None)

    def action_place(self) -> None:
        """From this adventure to all, and back."""
        if not self._editing and self.settings.overrides is not None:
            self.everywhere = not self.everywhere
            self._fill()
            self._about()
            self._stop_editing()

    @on(Button.Pressed)
    def _place_chosen(self, event: Button.Pressed) -> None:
        if self.everywhere != (event.button.id == "all"):
            self.action_place()

    # ---- typing a value --------------------------------------------------------------------------------------

    def _edit(self, name: str, value: str) -> None:
        self._editing = name
        self.query_one("#edit").display = True
        self.query_one("#edited", Static).update(Content("Name: " if name == _SAVE else f"{name} = "))
        field = self.query_one("#value", Input)
        field.value = value
        field.cursor_position = len(value)
        field.focus()
        self.query_one("#hint", Static).update(Content("Enter keeps it · Esc leaves it"))

    def _stop_editing(self) -> None:
        self._editing = ""
        self.query_one("#edit").display = False
        self._list.focus()
        other = "this" if self.everywhere else "all"
        tab = "" if self.settings.overrides is None else f" · Tab {other}"
        self.query_one("#hint", Static).update(Content(f"Enter set · Del unset{tab} · Esc back"))

    @on(Input.Submitted, "#value")
    def _typed(self, event: Input.Submitted) -> None:
        name, text = self._editing, event.value.strip()
        if name == _SAVE:
            if self._save_preset(text):
                self._stop_editing()
        elif self._set(name, text or None):
            self._stop_editing()

    @on(Input.Changed, "#value")
    def _check(self, event: Input.Changed) -> None:
        """Says while it is typed whether it can be."""
        wrong = ""
        if self._editing and self._editing != _SAVE and event.value.strip():
            try:
                parse_setting(self._editing, event.value)
            except DungeonError as error:
                wrong = str(error)
        if wrong:
            self.query_one("#facts", Static).update(Content.styled(wrong, "$error"))
        else:
            self._about()

    def action_back(self) -> None:
        """Leaves the field, or else the screen."""
        if self._editing:
            self._stop_editing()
            self._about()
        else:
            self.dismiss()

    # ---- presets, themes, keys -------------------------------------------------------------------------------

    def _preset_chosen(self, name: str | None) -> None:
        if name == _SAVE:
            self._edit(_SAVE, "")
        elif name is not None:
            self._set("preset", name)

    def _save_preset(self, name: str) -> bool:
        return self._changed(lambda: self.settings.save_preset(name)) and self._set("preset", parse_preset_name(name))

    def _forget(self, name: str) -> bool:
        return self._changed(lambda: self.settings.delete_preset(name))

    def _preview(self, theme: str) -> None:
        self.app.theme = theme

    def _themed(self, theme: str | None) -> None:
        if theme is None:
            self.app.theme = self.settings.global_settings.theme
        else:
            self._set("theme", theme)

    def _key_pressed(self, key: str | None) -> None:
        if key is not None:
            self._set(self._marked, key)


class ChooseScreen(ModalScreen[str | None]):
    """One name out of some, a line about each. `seen` is called with the marked one, `forget` on Delete."""

    CSS_PATH = "settings.tcss"
    BINDINGS = [Binding("escape", "dismiss(None)", "Back"), Binding("delete", "forget", "Take away", show=False)]

    def __init__(
        self,
        title: str,
        rows: Sequence[tuple[str, str]],
        at: str,
        seen: Callable[[str], None] | None = None,
        forget: Callable[[str], bool] | None = None,
    ) -> None:
        super().__init__()
        self._title = title
        self._rows = rows
        self._at = at
        self._seen = seen
        self._forget = forget

    def compose(self) -> ComposeResult:
        with Vertical(id="choose"):
            yield Static(Content(self._title), id="choose-title")
            options = [Option(self._row(name, help_), id=name) for name, help_ in self._rows]
            yield OptionList(*options, id="names", markup=False)

    def on_mount(self) -> None:
        names = self.query_one(OptionList)
        names.highlighted = next((at for at, (name, _) in enumerate(self._rows) if name == self._at), 0)
        names.focus()

    def _row(self, name: str, help_: str) -> Content:
        shown = "Save as a preset of your own…" if name == _SAVE else name
        return Content.assemble((shown, "bold" if name == self._at else ""), "\n  ", (help_, "dim"))

    @on(OptionList.OptionHighlighted)
    def _marked(self, event: OptionList.OptionHighlighted) -> None:
        if self._seen:
            self._seen(event.option_id or "")

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def action_forget(self) -> None:
        """Takes the marked one away, where that can be."""
        names = self.query_one(OptionList)
        marked = names.highlighted_option
        if self._forget and marked and marked.id not in (None, _SAVE) and self._forget(marked.id or ""):
            names.remove_option(marked.id or "")


class KeyScreen(ModalScreen[str | None]):
    """Waits for the key that a command is to have."""

    CSS_PATH = "settings.tcss"

    def __init__(self, command: str) -> None:
        super().__init__()
        self._command = command

    def compose(self) -> ComposeResult:
        text = f"Press the key for {self._command}.\nDel: it has none. Esc: as it is."
        yield Static(Content(text), id="press", markup=False)

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        self.dismiss({"escape": None, "delete": ""}.get(event.key, event.key))

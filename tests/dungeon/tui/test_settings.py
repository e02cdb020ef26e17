"""The settings screen."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from textual.binding import Binding
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static
from textual.widgets._footer import FooterKey

from dungeon.paths import settings_file
from dungeon.play.keys import UNBOUND, keymap, set_key
from dungeon.play.registry import COMMANDS
from dungeon.settings.effective import EffectiveSettings
from dungeon.settings.file import load_settings
from dungeon.settings.layers import Settings
from dungeon.storyteller.sampling import Sampling
from dungeon.tui.screens.choose import ChooseScreen, KeyScreen
from dungeon.tui.screens.settings import SettingsScreen
from dungeon.tui.widgets.footer import KeyFooter
from tests.dungeon.host import LOOKS, Host, press, screen_text, settle, toast_text, wait_until

VOICE = Sampling(
    temperature=0.7,
    top_k=40,
    top_p=0.95,
    min_p=0.05,
    repeat_penalty=1.1,
    repeat_last_n=256,
    dry_multiplier=0.8,
    dry_base=1.75,
    dry_allowed_length=3,
    dry_penalty_last_n=1024,
    length=80,
)
"""Made up for these tests: the values of the bundled voices may change."""


class SettingsHost(Host):
    """The part of the game's app that settings need."""

    CSS = "Screen { background: $background; }"

    def __init__(self, game: Settings | None = None, *, adventure: bool = True) -> None:
        self.saved = "{}"
        self.settings = EffectiveSettings(VOICE, game or Settings())
        if adventure:
            self.settings.bind("{}", self.save)
        super().__init__(SettingsScreen(self.settings), self.settings.global_settings.theme)
        self.settings.on_change = self.take_settings

    def save(self, overrides: str) -> None:
        self.saved = overrides

    def take_settings(self) -> None:
        self.theme = self.settings.global_settings.theme
        self.set_keymap(keymap(self.settings.global_settings))


@asynccontextmanager
async def running(app: SettingsHost, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield pilot


async def highlight(pilot: Pilot[None], name: str) -> None:
    """Put the highlight on a setting, in a group that is unfolded for it, or on a group."""
    settings = pilot.app.screen.query_one("#settings", OptionList)
    folded = "group Keys" if name.startswith("keys.") else "group Advanced"
    if name not in {option.id for option in settings.options}:
        await highlight(pilot, folded)
        await press(pilot, "enter")
    settings.highlighted = settings.get_option_index(name)
    await settle(pilot)


async def write(pilot: Pilot[None], text: str) -> None:
    """Replace the text in the field and press Enter."""
    pilot.app.screen.query_one("#value", Input).value = text
    await press(pilot, "enter")


def row(pilot: Pilot[None], name: str) -> str:
    """The row of a setting without its gauge."""
    settings = pilot.app.screen.query_one("#settings", OptionList)
    words = str(settings.get_option(name).prompt).split()
    return " ".join(word for word in words if not set(word) <= set("━─●"))


def gauge(pilot: Pilot[None], name: str) -> str:
    settings = pilot.app.screen.query_one("#settings", OptionList)
    words = str(settings.get_option(name).prompt).split()
    return next(word for word in words if set(word) <= set("━─●"))


def names(pilot: Pilot[None]) -> list[str]:
    """The ids of the rows that can be highlighted."""
    options = pilot.app.screen.query_one("#settings", OptionList).options
    return [option.id for option in options if option.id]


def about(pilot: Pilot[None]) -> str:
    return "\n".join(str(static.content) for static in pilot.app.screen.query("#about Static").results(Static))


async def wait_for_footer(pilot: Pilot[None], *descriptions: str) -> None:
    """Let the app run until the last line offers exactly these keys, in any order."""
    footer = pilot.app.screen.query_one(KeyFooter)
    await wait_until(pilot, lambda: {key.description for key in footer.query(FooterKey)} == set(descriptions))


async def test_a_number_is_changed_for_this_adventure() -> None:
    app = SettingsHost()
    async with running(app) as pilot:
        await highlight(pilot, "temperature")
        assert "How daring" in about(pilot)
        assert row(pilot, "temperature") == "Creativity temperature 0.7 voice"
        await press(pilot, "enter", *"0.9", "enter")
        assert row(pilot, "temperature") == "• Creativity temperature 0.9 this adventure"
        assert app.saved == '{"temperature":0.9}'
        assert not settings_file().exists()
        await press(pilot, "delete")
        assert row(pilot, "temperature") == "Creativity temperature 0.7 voice"
        assert app.saved == "{}"


async def test_a_mistake_is_reported_while_it_is_typed() -> None:
    app = SettingsHost()
    async with running(app) as pilot:
        await highlight(pilot, "temperature")
        await press(pilot, "enter")
        await write(pilot, "9")
        assert "temperature must be a number from 0 to 2, not 9." in about(pilot)
        assert pilot.app.screen.query_one("#value", Input).has_focus
        await write(pilot, "1.5")
        assert app.settings.sampling.temperature == 1.5
        assert "must be" not in about(pilot)


async def test_escape_leaves_the_field_and_then_the_screen() -> None:
    app = SettingsHost()
    async with running(app) as pilot:
        await highlight(pilot, "length")
        await press(pilot, "enter", "1", "escape")
        assert isinstance(app.screen, SettingsScreen)
        assert app.settings.sampling == VOICE
        await press(pilot, "escape")
        assert not isinstance(app.screen, SettingsScreen)


async def test_an_empty_field_removes_the_setting() -> None:
    app = SettingsHost(Settings({"seed": 4}))
    async with running(app) as pilot:
        await press(pilot, "tab")
        await highlight(pilot, "seed")
        await press(pilot, "enter")
        await write(pilot, "")
        assert row(pilot, "seed") == "Seed seed a new one each turn default"


async def test_tab_switches_between_this_adventure_and_all() -> None:
    app = SettingsHost()
    async with running(app) as pilot:
        await highlight(pilot, "length")
        await press(pilot, "enter")
        await write(pilot, "100")
        await press(pilot, "tab")
        assert row(pilot, "length") == "Length of a turn length 80 voice"
        await press(pilot, "enter")
        await write(pilot, "200")
        assert load_settings() == Settings({"length": 200})
        await press(pilot, "tab")
        assert row(pilot, "length") == "• Length of a turn length 100 this adventure"
        await press(pilot, "delete")
        assert row(pilot, "length") == "• Length of a turn length 200 all adventures"


async def test_a_setting_is_changed_with_the_mouse() -> None:
    app = SettingsHost()
    async with running(app) as pilot:
        await pilot.click("#all")
        assert row(pilot, "length") == "Length of a turn length 80 voice"
        assert "Settings of all adventures" in screen_text(app)
        await pilot.click("#settings", offset=(6, 2))
        assert pilot.app.screen.query_one("#value", Input).has_focus
        await write(pilot, "100")
        assert load_settings() == Settings({"length": 100})


async def test_without_an_adventure_settings_apply_to_all() -> None:
    app = SettingsHost(adventure=False)
    async with running(app) as pilot:
        await press(pilot, "tab")
        await highlight(pilot, "temperature")
        await press(pilot, "enter")
        await write(pilot, "1")
        assert load_settings() == Settings({"temperature": 1.0})
        assert "This adventure" not in screen_text(app)
        assert "Settings of all adventures" in screen_text(app)


async def test_enter_space_and_arrows_turn_a_switch() -> None:
    app = SettingsHost()
    async with running(app) as pilot:
        await highlight(pilot, "prefetch")
        assert "for all adventures" in about(pilot)
        for key, value in (("enter", False), ("enter", True), ("space", False), ("right", True), ("left", False)):
            await press(pilot, key)
            assert load_settings().prefetch is value
            assert gauge(pilot, "prefetch") == ("──●" if value else "●──")


async def test_arrows_step_through_the_values_of_a_number() -> None:
    app = SettingsHost()
    async with running(app) as pilot:
        await highlight(pilot, "temperature")
        await press(pilot, "right", "right", "right")
        assert app.saved == '{"temperature":0.85}'
        await press(pilot, *["left"] * 30)
        assert app.saved == '{"temperature":0.0}'
        assert gauge(pilot, "temperature") == "────────"
        await press(pilot, *["right"] * 50)
        assert app.saved == '{"temperature":2.0}'
        assert gauge(pilot, "temperature") == "━━━━━━━━"


async def test_arrows_go_round_the_names_of_themes() -> None:
    app = SettingsHost()
    async with running(app) as pilot:
        await highlight(pilot, "theme")
        await press(pilot, "left")
        assert app.theme == "ansi-light"
        await press(pilot, "right", "right")
        assert app.theme == "deepwood"


async def test_arrows_do_not_remove_numbers_that_a_preset_would() -> None:
    app = SettingsHost()
    async with running(app) as pilot:
        await highlight(pilot, "preset")
        await press(pilot, "right")
        assert app.settings.value("preset") == "careful"
        app.settings.set("length", "90")
        await press(pilot, "right")
        assert app.settings.value("preset") == "careful"
        assert "removes the numbers that you set by hand" in toast_text(app)


async def test_what_differs_from_the_voice_is_marked_and_its_own_value_shown() -> None:
    app = SettingsHost(Settings({"temperature": 0.9, "suggestions": 2}))
    async with running(app) as pilot:
        assert row(pilot, "temperature").startswith("• ")
        await highlight(pilot, "temperature")
        assert "0.9 (all adventures) · voice: 0.7" in about(pilot)
        await highlight(pilot, "suggestions")
        assert "2 (all adventures) · default: 4" in about(pilot)
        await highlight(pilot, "length")
        assert "80 (voice)" in about(pilot)
        assert "voice: " not in about(pilot)


async def test_the_details_of_sampling_and_the_keys_unfold_with_enter() -> None:
    app = SettingsHost(Settings({"top_p": 0.5}, {"retry": "f9"}))
    async with running(app) as pilot:
        assert not {"top_p", "dry_base", "seed", "banned", "keys.retry"} & set(names(pilot))
        settings = pilot.app.screen.query_one("#settings", OptionList)
        assert "1 changed" in str(settings.get_option("group Advanced").prompt)
        await highlight(pilot, "group Advanced")
        await press(pilot, "enter", "down")
        assert row(pilot, "top_p") == "• Likeliest share top_p 0.5 all adventures"
        await press(pilot, "up", "space")
        assert "top_p" not in names(pilot)
        await press(pilot, "down", "enter", "down")
        assert names(pilot)[-1].startswith("keys.")


async def test_the_footer_offers_only_the_keys_that_do_something() -> None:
    app = SettingsHost()
    async with running(app, (110, 30)) as pilot:
        await highlight(pilot, "instructions")
        await wait_for_footer(pilot, "Change", "All adventures", "Back")
        await highlight(pilot, "temperature")
        await wait_for_footer(pilot, "Change", "Step", "All adventures", "Back")
        await press(pilot, "right")
        await wait_for_footer(pilot, "Change", "Step", "Reset", "All adventures", "Back")
        await highlight(pilot, "prefetch")
        await wait_for_footer(pilot, "Change", "Step", "Switch", "All adventures", "Back")
        await press(pilot, "tab")
        await highlight(pilot, "group Advanced")
        await wait_for_footer(pilot, "This adventure", "Fold or unfold", "Back")
        await highlight(pilot, "length")
        await press(pilot, "enter")
        await wait_for_footer(pilot, "Keep", "Back")


async def test_a_theme_is_previewed_before_it_is_chosen() -> None:
    app = SettingsHost()
    async with running(app) as pilot:
        await highlight(pilot, "theme")
        await press(pilot, "enter", "down")
        assert isinstance(app.screen, ChooseScreen)
        assert app.theme == "deepwood"
        await press(pilot, "escape")
        assert app.theme == "lamplight"
        await press(pilot, "enter", "down", "down", "enter")
        assert app.theme == "saltwater"
        assert load_settings().theme == "saltwater"


async def test_a_preset_is_chosen_saved_and_deleted() -> None:
    app = SettingsHost()
    async with running(app) as pilot:
        await highlight(pilot, "preset")
        await press(pilot, "enter", "down", "enter")
        assert row(pilot, "preset") == "• Preset preset careful 2 of 7 this adventure"
        assert row(pilot, "temperature") == "• Creativity temperature 0.4 preset careful"
        await press(pilot, "enter", "end", "enter")
        await write(pilot, "Wild")
        assert "'wild' comes with the game" in toast_text(app)
        await write(pilot, "Quiet Evenings")
        assert row(pilot, "preset") == "• Preset preset quiet eve… 8 of 8 this adventure"
        assert load_settings().presets["quiet evenings"]["temperature"] == 0.4
        await press(pilot, "enter", "delete", "escape")
        assert load_settings() == Settings()
        await press(pilot, "enter", "home", "delete")
        assert "'voice' comes with the game and stays." in toast_text(app)


async def test_a_key_is_set_by_pressing_it() -> None:
    app = SettingsHost()
    async with running(app) as pilot:
        await highlight(pilot, "keys.retry")
        assert COMMANDS["retry"].summary in about(pilot)
        assert "Retry · keys.retry" in screen_text(app)
        await press(pilot, "enter")
        assert isinstance(app.screen, KeyScreen)
        await press(pilot, "f9")
        assert row(pilot, "keys.retry") == "• Retry keys.retry F9 yours"
        assert load_settings().keys == {"retry": "f9"}
        await press(pilot, "enter", "x")
        assert "x is for typing" in toast_text(app)
        await press(pilot, "enter", "escape")
        assert load_settings().keys == {"retry": "f9"}
        await press(pilot, "enter", "delete")
        assert row(pilot, "keys.retry") == "• Retry keys.retry none yours"
        await press(pilot, "delete")
        assert load_settings().keys == {}


async def test_a_setting_that_can_not_be_saved_is_reported_and_takes_effect() -> None:
    settings_file().parent.parent.mkdir(parents=True)
    settings_file().parent.write_text("a file where the folder should be")
    app = SettingsHost()
    async with running(app) as pilot:
        await highlight(pilot, "theme")
        await press(pilot, "enter", "down", "enter")
        assert "Your change holds until you leave the game." in toast_text(app)
        assert app.theme == "deepwood"
        assert row(pilot, "theme") == "• Theme theme deepwood 2 of 8 all adventures"


async def test_hostile_settings_are_shown_as_text() -> None:
    hostile = "[bold]x[/nothing] \x1b]0;y\x07 🐉"
    app = SettingsHost(Settings({"banned": (hostile,)}, {}, {"[b]z": {"length": 90}}))
    async with running(app) as pilot:
        await highlight(pilot, "banned")
        assert "[bold]x[/nothing]" in row(pilot, "banned")
        assert "\x1b" not in app.export_screenshot()
        await highlight(pilot, "preset")
        await press(pilot, "enter", "end", "up", "enter")
        assert row(pilot, "preset") == "• Preset preset [b]z 8 of 8 this adventure"


async def test_a_new_key_works_at_once_and_the_old_one_no_longer() -> None:
    app = AppWithKeys()
    async with running(app) as pilot:
        await highlight(pilot, "keys.print")
        await press(pilot, "enter", "f8", "escape")
        await press(pilot, "f8", COMMANDS["retry"].key)
        assert app.commands_run == ["print", "retry"]
        set_key(app.settings, "retry", COMMANDS["undo"].key)
        set_key(app.settings, "undo", COMMANDS["retry"].key)
        await press(pilot, COMMANDS["retry"].key, COMMANDS["undo"].key)
        assert app.commands_run[2:] == ["undo", "retry"]
        set_key(app.settings, "retry", "")
        await press(pilot, COMMANDS["undo"].key)
        assert app.commands_run[4:] == []


class AppWithKeys(SettingsHost):
    """An app that binds commands to keys as the game does."""

    BINDINGS = [
        Binding(COMMANDS[name].key or UNBOUND, f"run_command('{name}')", id=name, priority=True)
        for name in ("retry", "undo", "print", "continue")
    ]

    def __init__(self) -> None:
        super().__init__()
        self.commands_run: list[str] = []

    def action_run_command(self, name: str) -> None:
        self.commands_run.append(name)


@pytest.mark.parametrize("size", [(20, 6), (200, 60)])
async def test_the_screen_is_usable_at_any_size(size: tuple[int, int]) -> None:
    app = SettingsHost()
    async with running(app, size) as pilot:
        await press(pilot, "down", "down", "enter", *"0.5", "enter")
        assert app.settings.sampling.temperature == 0.5
        await pilot.resize_terminal(80, 24)
        assert row(pilot, "temperature") == "• Creativity temperature 0.5 this adventure"


@pytest.mark.parametrize("look", ["wide", "narrow"])
def test_snapshot(snap_compare: Callable[..., bool], look: str) -> None:
    size, theme = LOOKS[look]
    app = SettingsHost(Settings({"theme": theme, "length": 120}))

    async def ready(pilot: Pilot[None]) -> None:
        await press(pilot, "down", "down")
        assert "Creativity" in screen_text(app)
        assert "Enter Change" in screen_text(app)

    assert snap_compare(app, terminal_size=size, run_before=ready)

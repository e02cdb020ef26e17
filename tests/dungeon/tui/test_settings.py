"""The settings' screen, driven as a player drives it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from textual.app import App
from textual.binding import Binding
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from dungeon.paths import settings_file
from dungeon.play.keys import UNBOUND, keymap, set_key
from dungeon.play.registry import COMMANDS
from dungeon.settings.effective import EffectiveSettings
from dungeon.settings.file import load_settings
from dungeon.settings.layers import Settings
from dungeon.storyteller.sampling import Sampling
from dungeon.tui.screens.settings import ChooseScreen, KeyScreen, SettingsScreen
from dungeon.tui.themes import textual_themes

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
"""Of these tests alone: the voices' own values are none of the pictures' business."""


class Table(App[None]):
    """What the game's app does about settings, and no more."""

    CSS = "Screen { background: $background; }"

    def __init__(self, game: Settings | None = None, *, adventure: bool = True) -> None:
        super().__init__()
        self.kept = "{}"
        self.settings = EffectiveSettings(VOICE, game or Settings())
        if adventure:
            self.settings.bind("{}", self.keep)

    def keep(self, overrides: str) -> None:
        self.kept = overrides

    def on_mount(self) -> None:
        for theme in textual_themes():
            self.register_theme(theme)
        self.settings.on_change = self.take_settings
        self.take_settings()
        self.push_screen(SettingsScreen(self.settings))

    def take_settings(self) -> None:
        self.theme = self.settings.global_settings.theme
        self.set_keymap(keymap(self.settings.global_settings))


@asynccontextmanager
async def at(app: Table, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield pilot


async def mark(pilot: Pilot[None], name: str) -> None:
    """Goes to that setting."""
    settings = pilot.app.screen.query_one("#settings", OptionList)
    settings.highlighted = settings.get_option_index(name)
    await pilot.pause()


async def write(pilot: Pilot[None], text: str) -> None:
    """Over what stands in the field."""
    pilot.app.screen.query_one("#value", Input).value = text
    await pilot.press("enter")
    await pilot.pause()


def row(pilot: Pilot[None], name: str) -> str:
    settings = pilot.app.screen.query_one("#settings", OptionList)
    return " ".join(str(settings.get_option(name).prompt).split())


def about(pilot: Pilot[None]) -> str:
    return "\n".join(str(static.content) for static in pilot.app.screen.query("#about Static").results(Static))


def notes(pilot: Pilot[None]) -> str:
    return "\n".join(notification.message for notification in pilot.app._notifications)


async def test_a_number_is_changed_for_this_adventure() -> None:
    app = Table()
    async with at(app) as pilot:
        await mark(pilot, "temperature")
        assert "How daring" in about(pilot)
        assert row(pilot, "temperature") == "temperature 0.7 voice"
        await pilot.press("enter", *"0.9", "enter")
        assert row(pilot, "temperature") == "• temperature 0.9 this adventure"
        assert app.kept == '{"temperature":0.9}'
        assert not settings_file().exists()
        await pilot.press("delete")
        assert row(pilot, "temperature") == "temperature 0.7 voice"
        assert app.kept == "{}"


async def test_a_mistake_is_told_while_it_is_typed_and_can_be_mended() -> None:
    app = Table()
    async with at(app) as pilot:
        await mark(pilot, "temperature")
        await pilot.press("enter")
        await write(pilot, "9")
        assert "temperature must be a number from 0 to 2, not 9." in about(pilot)
        assert pilot.app.screen.query_one("#value", Input).has_focus
        await write(pilot, "1.5")
        assert app.settings.sampling.temperature == 1.5
        assert "must be" not in about(pilot)


async def test_esc_leaves_the_field_and_then_the_screen() -> None:
    app = Table()
    async with at(app) as pilot:
        await mark(pilot, "length")
        await pilot.press("enter", "1", "escape")
        assert isinstance(app.screen, SettingsScreen)
        assert app.settings.sampling == VOICE
        await pilot.press("escape")
        assert not isinstance(app.screen, SettingsScreen)


async def test_an_empty_field_gives_it_back() -> None:
    app = Table(Settings({"seed": 4}))
    async with at(app) as pilot:
        await pilot.press("tab")
        await mark(pilot, "seed")
        await pilot.press("enter")
        await write(pilot, "")
        assert row(pilot, "seed") == "seed a new one each turn default"


async def test_tab_goes_to_all_adventures_and_back() -> None:
    app = Table()
    async with at(app) as pilot:
        await mark(pilot, "length")
        await pilot.press("enter")
        await write(pilot, "100")
        await pilot.press("tab")
        assert row(pilot, "length") == "length 80 voice"
        await pilot.press("enter")
        await write(pilot, "200")
        assert load_settings() == Settings({"length": 200})
        await pilot.press("tab")
        assert row(pilot, "length") == "• length 100 this adventure"
        await pilot.press("delete")
        assert row(pilot, "length") == "length 200 all adventures"


async def test_the_mouse_does_it_too() -> None:
    app = Table()
    async with at(app) as pilot:
        await pilot.click("#all")
        assert pilot.app.screen.query_one("#all").has_class("-chosen")
        await pilot.click("#settings", offset=(6, 2))
        assert pilot.app.screen.query_one("#value", Input).has_focus
        await write(pilot, "100")
        assert load_settings() == Settings({"length": 100})


async def test_without_an_adventure_there_is_one_place() -> None:
    app = Table(adventure=False)
    async with at(app) as pilot:
        await pilot.press("tab")
        await mark(pilot, "temperature")
        await pilot.press("enter")
        await write(pilot, "1")
        assert load_settings() == Settings({"temperature": 1.0})


async def test_enter_turns_a_switch() -> None:
    app = Table()
    async with at(app) as pilot:
        await mark(pilot, "prefetch")
        assert "For all adventures." in about(pilot)
        await pilot.press("enter")
        assert load_settings().prefetch is False
        await pilot.press("enter")
        assert load_settings().prefetch is True


async def test_themes_are_seen_before_they_are_chosen() -> None:
    app = Table()
    async with at(app) as pilot:
        await mark(pilot, "theme")
        await pilot.press("enter", "down")
        assert isinstance(app.screen, ChooseScreen)
        assert app.theme == "deepwood"
        await pilot.press("escape")
        assert app.theme == "lamplight"
        await pilot.press("enter", "down", "down", "enter")
        assert app.theme == "saltwater"
        assert load_settings().theme == "saltwater"


async def test_a_preset_is_chosen_saved_and_taken_away() -> None:
    app = Table()
    async with at(app) as pilot:
        await mark(pilot, "preset")
        await pilot.press("enter", "down", "enter")
        assert row(pilot, "preset") == "• preset careful this adventure"
        assert row(pilot, "temperature") == "temperature 0.4 preset careful"
        await pilot.press("enter", "end", "enter")
        await write(pilot, "Wild")
        assert "'wild' comes with the game" in notes(pilot)
        await write(pilot, "Quiet Evenings")
        assert row(pilot, "preset") == "• preset quiet evenings this adventure"
        assert load_settings().presets["quiet evenings"]["temperature"] == 0.4
        await pilot.press("enter", "delete", "escape")
        assert load_settings() == Settings()
        await pilot.press("enter", "home", "delete")
        assert "'voice' comes with the game and stays." in notes(pilot)


async def test_a_key_is_given_by_pressing_it() -> None:
    app = Table()
    async with at(app) as pilot:
        await mark(pilot, "keys.retry")
        assert COMMANDS["retry"].summary in about(pilot)
        await pilot.press("enter")
        assert isinstance(app.screen, KeyScreen)
        await pilot.press("f9")
        assert row(pilot, "keys.retry") == "• retry F9 yours"
        assert load_settings().keys == {"retry": "f9"}
        await pilot.press("enter", "x")
        assert "x is for typing" in notes(pilot)
        await pilot.press("enter", "escape")
        assert load_settings().keys == {"retry": "f9"}
        await pilot.press("enter", "delete")
        assert row(pilot, "keys.retry") == "• retry none yours"
        await pilot.press("delete")
        assert load_settings().keys == {}


async def test_what_can_not_be_written_is_told_and_holds() -> None:
    settings_file().parent.parent.mkdir(parents=True)
    settings_file().parent.write_text("a file where the folder should be")
    app = Table()
    async with at(app) as pilot:
        await mark(pilot, "theme")
        await pilot.press("enter", "down", "enter")
        await pilot.pause()
        assert "Your change holds until you leave the game." in notes(pilot)
        assert app.theme == "deepwood"
        assert row(pilot, "theme") == "• theme deepwood all adventures"


async def test_what_the_player_wrote_is_shown_as_text() -> None:
    hostile = "[bold]x[/nothing] \x1b]0;y\x07 🐉"
    app = Table(Settings({"banned": (hostile,)}, {}, {"[b]z": {"length": 90}}))
    async with at(app) as pilot:
        assert "[bold]x[/nothing]" in row(pilot, "banned")
        assert "\x1b" not in app.export_screenshot()
        await mark(pilot, "preset")
        await pilot.press("enter", "end", "up", "enter")
        assert row(pilot, "preset") == "• preset [b]z this adventure"


async def test_a_key_that_is_given_works_at_once_and_the_old_one_no_longer() -> None:
    app = Keyed()
    async with at(app) as pilot:
        await mark(pilot, "keys.print")
        await pilot.press("enter", "f8", "escape")
        await pilot.press("f8", COMMANDS["retry"].key)
        assert app.heard == ["print", "retry"]
        set_key(app.settings, "retry", COMMANDS["undo"].key)
        set_key(app.settings, "undo", COMMANDS["retry"].key)
        await pilot.press(COMMANDS["retry"].key, COMMANDS["undo"].key)
        assert app.heard[2:] == ["undo", "retry"]
        set_key(app.settings, "retry", "")
        await pilot.press(COMMANDS["undo"].key)
        assert app.heard[4:] == []


class Keyed(Table):
    """As the game binds its commands."""

    BINDINGS = [
        Binding(COMMANDS[name].key or UNBOUND, f"hear('{name}')", id=name, priority=True)
        for name in ("retry", "undo", "print", "continue")
    ]

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def action_hear(self, name: str) -> None:
        self.heard.append(name)


@pytest.mark.parametrize("size", [(40, 12), (20, 6), (200, 60)])
async def test_it_can_be_used_at_any_size(size: tuple[int, int]) -> None:
    app = Table()
    async with at(app, size) as pilot:
        await pilot.press("down", "down", "down", "enter", *"0.5", "enter")
        assert app.settings.sampling.top_p == 0.5
        await pilot.resize_terminal(80, 24)
        assert row(pilot, "top_p") == "• top_p 0.5 this adventure"


@pytest.mark.parametrize("theme", ["lamplight", "parchment"])
@pytest.mark.parametrize("size", [(80, 24), (40, 12)], ids=["80", "40"])
def test_snapshot(snap_compare: Callable[..., bool], size: tuple[int, int], theme: str) -> None:
    app = Table(Settings({"theme": theme, "length": 120}))
    assert snap_compare(app, press=["down", "down"], terminal_size=size)

"""Snapshots of the screens that have none in a test file of their own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets._footer import FooterKey

from dungeon.play.session import Session
from dungeon.scenarios.user import find_scenario
from dungeon.settings.layers import Settings
from dungeon.settings.palettes import THEME_HELP
from dungeon.tui.screens.ask import AskScreen
from dungeon.tui.screens.choose import ChooseScreen
from dungeon.tui.screens.compare import CompareScreen
from dungeon.tui.screens.confirm import ConfirmScreen
from dungeon.tui.screens.context import ContextScreen
from dungeon.tui.screens.edit import EditScreen
from dungeon.tui.screens.help import HelpScreen
from dungeon.tui.screens.lore import LoreScreen
from dungeon.tui.screens.settings import SettingsScreen
from dungeon.tui.screens.takes import TakesScreen
from dungeon.tui.screens.tree import TreeScreen
from dungeon.tui.widgets.footer import KeyFooter
from tests.dungeon.gallery import played_session
from tests.dungeon.host import LOOKS, Host, screen_text, settle, showing, stop_blinking

SCREENS: dict[str, Callable[[Session], Screen[Any]]] = {
    "tree": TreeScreen,
    "takes": lambda session: TakesScreen(session, 2),
    "compare": lambda session: CompareScreen(session.adventure, 2, session.adventure.head),
    "edit": lambda session: EditScreen(session, 3),
    "confirm": lambda session: ConfirmScreen("Delete 3 turns, 40 words, from the disk, for good?", "Purge"),
    "help": lambda session: HelpScreen(Settings()),
    "settings": lambda session: SettingsScreen(session.settings),
    "context": ContextScreen,
    "lore": LoreScreen,
    "ask": lambda session: AskScreen(find_scenario("a-voice-from-tomorrow")),
    "choose": lambda session: ChooseScreen("Theme", {name: (name, text) for name, text in THEME_HELP.items()}, "dusk"),
}
TEXTS = {
    "tree": "5 turns, 3 branches",
    "takes": "Take 2 of 2",
    "compare": "They part after turn 1",
    "edit": "turn 2 of 3 on this branch",
    "confirm": "Delete 3 turns",
    "help": "What you say, in quotes.",
    "ask": "Begin",
    "choose": "lamplight",
}
"""Text that each snapshot must show; the others have snapshots in the tests of their own."""


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return played_session(tmp_path)


@pytest.mark.parametrize("width", [40, 80, 110, 160])
@pytest.mark.parametrize("name", [name for name in SCREENS if name != "ask"])
async def test_the_last_line_names_keys_that_are_all_whole(session: Session, name: str, width: int) -> None:
    async with showing(SCREENS[name](session), size=(width, 24)) as (app, pilot):
        await settle(pilot)
        footer = app.screen.query_one(KeyFooter)
        assert footer.region.bottom == 24
        assert "escape" in {key.key for key in footer.query(FooterKey)}
        assert all(footer.region.contains_region(key.region) for key in footer.query(FooterKey))


@pytest.mark.parametrize(
    ("name", "look"),
    [
        *((name, "wide") for name in TEXTS if name != "confirm"),
        ("tree", "narrow"),
        ("tree", "ansi"),
        ("takes", "narrow"),
        ("confirm", "narrow"),
    ],
)
def test_snapshot(snap_compare: Callable[..., bool], session: Session, name: str, look: str) -> None:
    size, theme = LOOKS[look]
    app = Host(SCREENS[name](session), theme)

    async def ready(pilot: Pilot[None]) -> None:
        await stop_blinking(pilot)
        assert TEXTS[name] in screen_text(app)

    assert snap_compare(app, terminal_size=size, run_before=ready)

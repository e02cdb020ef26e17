"""What the screens around playing look like, in two sizes and two themes. Those with a test file of their own have
their pictures there: settings, context, lore, shelf, choice, editor; the turn itself is in `test_app`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input, TextArea

from corpus.turns import PARAGRAPH
from dungeon.play.session import Session
from dungeon.scenarios.user import find_scenario
from dungeon.settings.layers import Settings
from dungeon.tui.screens.ask import AskScreen
from dungeon.tui.screens.compare import CompareScreen
from dungeon.tui.screens.confirm import ConfirmScreen
from dungeon.tui.screens.edit import EditScreen
from dungeon.tui.screens.help import HelpScreen
from dungeon.tui.screens.takes import TakesScreen
from dungeon.tui.screens.text import TextScreen
from dungeon.tui.screens.tree import TreeScreen
from dungeon.tui.themes import textual_themes
from tests.dungeon.host import Host, play, seated

SCREENS: dict[str, Callable[[Session], Screen[bool]]] = {
    "tree": TreeScreen,
    "takes": lambda session: TakesScreen(session, session.adventure.path()[1].id),
    "compare": lambda session: CompareScreen(session.adventure, 2, session.adventure.head),
    "edit": lambda session: EditScreen(session, session.adventure.path()[0].id),
    "confirm": lambda session: ConfirmScreen("Take 3 turns, 40 words, off the disk for good?", "Purge"),
    "help": lambda session: HelpScreen(Settings()),  # type: ignore[dict-item, return-value]
    "ask": lambda session: AskScreen(find_scenario("a-voice-from-tomorrow")),  # type: ignore[return-value]
    "sheet": lambda session: TextScreen("Export", "Written."),  # type: ignore[return-value]
}


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """An adventure with takes, a branch, a name, a bookmark and an edit."""
    session = seated(tmp_path)
    play(session, "knock", "Three knocks answer you. Then it is quiet.")
    play(session, "open the door", f"The hinges scream.{PARAGRAPH}A man with a lamp looks at you.")
    session.undo()
    play(session, "open the door", f"The hinges scream.{PARAGRAPH}A girl with a lamp looks past you.")
    session.label_turn(session.adventure.path()[-1].id, name="the girl with the lamp", bookmarked=True)
    play(session, "take the lamp", "It is warm.")
    session.edit(session.adventure.path()[-1].id, prose="It is cold.")
    return session


@pytest.mark.parametrize("theme", ["lamplight", "parchment"])
@pytest.mark.parametrize("size", [(100, 30), (40, 12)], ids=["100", "40"])
@pytest.mark.parametrize("name", SCREENS)
def test_snapshot(
    snap_compare: Callable[..., bool], session: Session, name: str, size: tuple[int, int], theme: str
) -> None:
    app = Host()

    async def shown(pilot: Pilot[None]) -> None:
        for made in textual_themes():
            app.register_theme(made)
        app.theme = theme
        app.show(SCREENS[name](session))
        await pilot.pause()
        for field in (*app.screen.query(TextArea), *app.screen.query(Input)):
            field.cursor_blink = False
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=shown)

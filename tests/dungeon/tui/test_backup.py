"""The game on the screen backs up the shelf when it starts, and says so if that fails."""

from contextlib import closing

import pytest

from dungeon.paths import shelf_file
from dungeon.scenarios.model import scenario_from_opening
from dungeon.storage.backups import list_backups
from dungeon.storage.shelf import Shelf
from tests.dungeon.host import toast_text, wait_until
from tests.dungeon.playing import playing
from tests.dungeon.scripted import ScriptedServer


@pytest.fixture(autouse=True)
def _played() -> None:
    with closing(Shelf(shelf_file())) as shelf:
        shelf.add_adventure(scenario_from_opening("You wait.", "The lamp"), "v")


async def test_the_first_start_of_a_day_makes_a_backup(server: ScriptedServer) -> None:
    async with playing(server) as pilot:
        await wait_until(pilot, lambda: bool(list_backups(shelf_file())))
        assert toast_text(pilot.app) == ""


async def test_a_backup_that_can_not_be_made_is_reported_and_the_game_goes_on(server: ScriptedServer) -> None:
    (shelf_file().parent / "backups").write_text("in the way")
    async with playing(server) as pilot:
        await wait_until(pilot, lambda: "can't be backed up" in toast_text(pilot.app, "error"))
        assert toast_text(pilot.app).count("can't be backed up") == 1
        assert pilot.app.is_running

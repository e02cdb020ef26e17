"""Bugs in the game: it continues if it can; else it ends with one sentence, a log and exit code 1."""

import sys

import pytest

from dungeon.paths import crash_log
from dungeon.play.session import Session
from dungeon.tui.widgets.story import StoryView
from tests.dungeon.host import press, toast_text
from tests.dungeon.playing import (
    play_line,
    play_screen,
    playing_iron_door,
    prompt,
    saved_adventure,
    story_text,
    wait_for_turn,
)
from tests.dungeon.scripted import ScriptedServer
from tests.terminal import Terminal

BUG = "a bug of the test's own"

_APP = """
import sys
from dungeon.scenarios.user import find_scenario
from dungeon.storyteller.servers.remote import RemoteStoryteller
from dungeon.tui.app import DungeonApp
from dungeon.tui.widgets.story import StoryView

async def broken(self, node_id):
    raise RuntimeError("a bug of the test's own")

if sys.argv[2] == "broken":
    StoryView.begin_turn = broken
app = DungeonApp(RemoteStoryteller(sys.argv[1], "scripted"), scenario=find_scenario("iron-door"))
app.run()
sys.exit(app.return_code or 0)
"""


def fail(*_: object, **__: object) -> None:
    raise RuntimeError(BUG)


async def test_a_bug_in_a_command_is_reported_and_the_game_continues(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playing_iron_door(server) as pilot:
        with monkeypatch.context() as patch:
            patch.setattr(Session, "undo", fail)
            await press(pilot, "ctrl+z")
        assert "Something went wrong in dungeon." in toast_text(pilot.app)
        assert BUG in crash_log().read_text()
        server.answers = ["\nThe door opens."]
        await play_line(pilot, "open the door")
        assert "The door opens." in story_text(pilot)


async def test_a_bug_in_a_turn_is_reported_and_its_text_is_saved(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = ["\nThe door opens. It is dark."]
        with monkeypatch.context() as patch:
            patch.setattr("dungeon.play.session.GenerationRecord", fail)
            await play_line(pilot, "open the door")
        assert "Something went wrong in dungeon." in toast_text(pilot.app)
        assert not play_screen(pilot).busy
        assert prompt(pilot).text == "open the door", "the action is not lost"
        await press(pilot, "enter")
        await wait_for_turn(pilot)
        assert saved_adventure().path()[-1].prose == "The door opens. It is dark."


def test_a_bug_in_a_screen_ends_the_game_with_one_sentence(server: ScriptedServer) -> None:
    with Terminal([sys.executable, "-c", _APP, server.url, "broken"]) as game:
        game.expect("What do you do?")
        game.send("open the door\r")
        game.expect("the details are in")
        assert game.wait() == 1
    assert b"Traceback" not in game.drawn
    assert BUG.encode() not in game.drawn
    log = crash_log().read_text()
    assert "Traceback" in log
    assert BUG in log
    assert [node.action for node in saved_adventure().path()] == ["You open the door."]


def test_bytes_that_are_not_utf_8_do_not_end_the_game(server: ScriptedServer) -> None:
    server.answers = ["\nThe door opens."]
    with Terminal([sys.executable, "-c", _APP, server.url, "whole"]) as game:
        game.expect("What do you do?")
        game.send(b"open the d\xf6\xffor\r")
        game.expect("The door opens.")
        game.send("\x11")
        assert game.wait() == 0


async def test_a_bug_in_a_widget_fails_the_tests(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise no other test of the app would notice a crash."""
    monkeypatch.setattr(StoryView, "show_suggestions", fail)
    with pytest.raises(RuntimeError, match=BUG):
        async with playing_iron_door(server):
            pass

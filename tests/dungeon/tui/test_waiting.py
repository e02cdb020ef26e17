"""A storyteller that is silent, dead or back again: what the player of the app is told, and can do."""

import pytest
from textual.pilot import Pilot

from dungeon.storyteller.servers import http
from dungeon.tale.adventure import State
from dungeon.tui.widgets.header import NO_ANSWER, READY, WAITING, PlayHeader
from tests.dungeon.host import press, toast_text, wait_until
from tests.dungeon.playing import (
    enter_line,
    play_line,
    play_screen,
    playing_iron_door,
    saved_adventure,
    story_text,
    wait_for_turn,
)
from tests.dungeon.scripted import Drop, Fail, Hold, ScriptedServer


def header(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one(PlayHeader).content)


async def wait_in_silence(pilot: Pilot[None], server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Play a turn up to where the player is told that nothing comes."""
    monkeypatch.setattr(http, "SILENCE_SECONDS", 0.05)
    server.answers = [["\nThe door", Hold(), " opens."], "x"]
    await enter_line(pilot, "open the door")
    await wait_until(pilot, lambda: "The door" in story_text(pilot))
    told = f"The server at {server.url} has not answered for 20 seconds. Esc stops waiting and keeps what came."
    await wait_until(pilot, lambda: toast_text(pilot.app) == told)
    assert WAITING in header(pilot)
    monkeypatch.setattr(http, "SILENCE_SECONDS", 60)


async def test_a_silent_server_is_told_and_waited_for(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    async with playing_iron_door(server) as pilot:
        await wait_in_silence(pilot, server, monkeypatch)
        server.release()
        await wait_for_turn(pilot)
        assert "The door opens." in story_text(pilot)
        assert "has not answered" not in toast_text(pilot.app)
        assert WAITING not in header(pilot)


async def test_esc_leaves_a_silent_server_and_keeps_what_came(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playing_iron_door(server) as pilot:
        await wait_in_silence(pilot, server, monkeypatch)
        await press(pilot, "escape")
        await wait_for_turn(pilot)
        (turn,) = saved_adventure().path()
        assert (turn.prose, turn.state) == ("The door", State.STOPPED)


async def test_a_player_who_reads_is_told_nothing(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    async with playing_iron_door(server) as pilot:
        notices: list[str] = []
        session = play_screen(pilot).session
        shown = session.on_notice
        session.on_notice = lambda text: notices.append(text) or shown(text)
        monkeypatch.setattr(http, "SILENCE_SECONDS", 0.05)
        server.answers = [[Hold(), "x"], "x"]
        play_screen(pilot).prefetch()
        await wait_until(pilot, lambda: bool(notices))
        assert "has not answered" not in toast_text(pilot.app)
        assert WAITING not in header(pilot)


async def test_a_server_that_fails_is_not_called_ready_until_it_answers_again(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        assert READY in header(pilot)
        for failing in (Fail(500, "out of memory"), ["\nIt is", Drop()]):
            server.answers = [failing]
            await play_line(pilot, "wait")
            assert NO_ANSWER in header(pilot)
            assert READY not in header(pilot)
        server.answers = ["\nIt is dark."]
        await play_line(pilot, "wait")
        assert "It is dark." in story_text(pilot)
        await wait_until(pilot, lambda: READY in header(pilot))

"""Help: every command, found by typing, chosen with Enter."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from dungeon.play.registry import COMMANDS, Request
from dungeon.settings.layers import Settings
from dungeon.tui.screens.help import HelpScreen
from dungeon.tui.screens.start import StartScreen
from tests.dungeon.host import Host, paste, press, screen_text, settle, toast_text
from tests.dungeon.playing import playing_iron_door
from tests.dungeon.scripted import ScriptedServer


@asynccontextmanager
async def helping(
    *, in_play: bool = True, size: tuple[int, int] = (100, 30)
) -> AsyncIterator[tuple[Host, Pilot[None]]]:
    app = Host(HelpScreen(Settings(keys={"retry": "f9"})))
    app.is_playing = in_play
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield app, pilot


def rows(app: Host) -> list[str]:
    return [str(option.prompt) for option in app.screen.query_one(OptionList).options]


def commands(app: Host) -> list[str]:
    return [option.id for option in app.screen.query_one(OptionList).options if option.id]


async def test_what_a_line_means_stands_at_the_top_and_every_command_below() -> None:
    async with helping() as (app, _):
        top = screen_text(app).splitlines()[:9]
        for text in ("open the door", '"Who is there?"', "Enter alone", "The choice or the suggestion"):
            assert any(text in line for line in top)
        assert set(commands(app)) == set(COMMANDS)
        retry = next(row for row in rows(app) if row.startswith("/retry"))
        assert "F9" in retry
        assert COMMANDS["retry"].summary in retry


async def test_typing_finds_commands_by_name_key_and_what_they_do() -> None:
    async with helping() as (app, pilot):
        await paste(pilot, "fact context")
        assert commands(app) == ["memory"]
        for text, found in (("f9", "retry"), ("/book", "bookmark"), ("the story tree bookmark", "bookmark")):
            await press(pilot, "ctrl+u")
            await paste(pilot, text)
            assert found in commands(app)
            assert len(commands(app)) <= 3
        await press(pilot, "ctrl+u", *"xyzzy")
        assert rows(app) == ["No command has these words."]
        await press(pilot, "enter")
        assert app.results == []
        await press(pilot, "ctrl+u")
        assert set(commands(app)) == set(COMMANDS)


@pytest.mark.parametrize(
    ("words", "result"),
    [("/undo", Request("undo")), ("/takes", Request("takes")), ("/go ", "/go "), ("/card ", "/card ")],
)
async def test_enter_runs_a_command_or_begins_a_line_with_it(words: str, result: object) -> None:
    async with helping() as (app, pilot):
        await paste(pilot, words)
        await press(pilot, "enter")
        assert app.results == [result]


async def test_arrows_and_the_mouse_choose_and_escape_closes() -> None:
    async with helping() as (app, pilot):
        await press(pilot, "down", "down", "enter")
        assert app.results == ["/say "]
    async with helping() as (app, pilot):
        await paste(pilot, "/redo")
        await pilot.click("#commands", offset=(5, 1))
        await settle(pilot)
        assert app.results == [Request("redo")]
    async with helping() as (app, pilot):
        await press(pilot, "escape")
        assert app.results == [None]


async def test_without_an_adventure_what_works_comes_first_and_the_rest_below() -> None:
    async with helping(in_play=False) as (app, pilot):
        here = [name for name, command in COMMANDS.items() if not command.needs_adventure]
        listed = commands(app)
        assert set(listed[: len(here)]) == set(here)
        assert "IN PLAY" in "\n".join(rows(app))
        await paste(pilot, "/undo")
        await press(pilot, "enter")
        assert (app.results, app.toasts) == ([], ["/undo is for the story: begin one first."])


async def test_help_on_the_first_screen_knows_that_the_adventure_was_left(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        await press(pilot, "ctrl+n", "f1")
        assert isinstance(pilot.app.screen, HelpScreen)
        await paste(pilot, "/retry")
        await press(pilot, "enter")
        assert "begin one first" in toast_text(pilot.app)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, StartScreen)


@pytest.mark.parametrize(("width", "beside"), [(110, True), (40, False)])
async def test_what_a_command_does_is_indented_at_every_width(width: int, *, beside: bool) -> None:
    async with helping(size=(width, 24)) as (app, pilot):
        await paste(pilot, "the old text is kept")
        lines = [line.replace("│", " ").rstrip() for line in screen_text(app).splitlines()]
        first = next(place for place, line in enumerate(lines) if line.strip().startswith("/edit"))
        assert ("Change the text" in lines[first]) is beside
        indents = [len(line) - len(line.lstrip()) for line in lines[first : first + 2]]
        assert indents[1] > indents[0]

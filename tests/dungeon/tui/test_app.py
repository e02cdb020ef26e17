"""The game on the screen, driven as a player drives it, against a scripted storyteller."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Label, OptionList, TextArea

from dungeon.paths import shelf_file
from dungeon.play.registry import COMMANDS, Group
from dungeon.scenarios.library import builtin_scenarios
from dungeon.scenarios.model import Placeholder, Scenario
from dungeon.scenarios.user import find_scenario
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.servers.remote import RemoteStoryteller
from dungeon.tui.app import DungeonApp
from dungeon.tui.screens.ask import AskScreen
from dungeon.tui.screens.help import HelpScreen
from dungeon.tui.screens.play import PlayScreen
from dungeon.tui.screens.start import StartScreen
from dungeon.tui.widgets.header import READY, PlayHeader
from dungeon.tui.widgets.turn import TurnView
from tests.dungeon.host import (
    LOOKS,
    add_turn,
    paste,
    press,
    screen_text,
    settle,
    stop_blinking,
    toast_text,
    wait_until,
    widget_text,
)
from tests.dungeon.playing import (
    enter_line,
    margins,
    play_line,
    play_screen,
    playing,
    playing_iron_door,
    prompt,
    saved_adventure,
    story_text,
    wait_for_workers,
)
from tests.dungeon.scripted import Hold, ScriptedServer


async def test_a_scenario_is_chosen_and_a_turn_played(server: ScriptedServer) -> None:
    server.answers = ["x"]
    async with playing(server) as pilot:
        assert isinstance(pilot.app.screen, StartScreen)
        scenario = builtin_scenarios()[1]
        await press(pilot, *"Horse", "space", *"theater", "enter")
        await wait_for_workers(pilot)
        assert scenario.opening in story_text(pilot)
        assert f"1. {scenario.actions[0]}" in story_text(pilot)

        server.answers = ["\nThe door opens. It is dark."]
        await play_line(pilot, "open the door")
        assert story_text(pilot).endswith("> You open the door.\nThe door opens. It is dark.")
        assert scenario.actions[0] not in story_text(pilot)
        assert prompt(pilot).text == ""
        assert prompt(pilot).has_focus


ASKING = Scenario(
    "The Gate of ${town}",
    "You are ${name}, the keeper of the gate of ${town}. Somebody knocks.",
    memory="${name} keeps the gate of ${town}.",
    actions=("Open the gate of ${town}", '"Who is there?"', "Sing"),
    placeholders=(Placeholder("name", "What is your name?", "Ada"), Placeholder("town", "Which town?", "Lund")),
)


async def test_the_answers_fill_the_placeholders_of_a_scenario(server: ScriptedServer) -> None:
    server.answers = ["x"]
    async with playing(server, ASKING) as pilot:
        assert isinstance(pilot.app.screen, AskScreen)
        asked = [str(label.content) for label in pilot.app.screen.query(Label)]
        assert asked == ["What is your name?", "Which town?"]
        assert "The Gate of Lund" in screen_text(pilot.app)
        assert widget_text(pilot.app, "#opening").startswith("You are Ada, the keeper of the gate of Lund.")
        await paste(pilot, "Bo [red]")
        assert widget_text(pilot.app, "#opening").startswith("You are Bo [red], the keeper of the gate of Lund.")
        await press(pilot, "enter", "enter")  # the second question keeps the scenario's answer
        await wait_for_workers(pilot)
        assert "You are Bo [red], the keeper of the gate of Lund." in story_text(pilot)
        assert "1. Open the gate of Lund" in story_text(pilot)
        adventure = saved_adventure()
        assert (adventure.title, adventure.lore.memory) == ("The Gate of Lund", "Bo [red] keeps the gate of Lund.")
        server.answers = ["\nIt opens."]
        await play_line(pilot, "open it")
        assert str(server.requests[-1]["prompt"]).startswith("Bo [red] keeps the gate of Lund.\n\nYou are Bo")


async def test_the_questions_of_a_scenario_can_be_cancelled_or_accepted_by_key(server: ScriptedServer) -> None:
    server.answers = ["x"]
    async with playing(server, ASKING) as pilot:
        await press(pilot, "escape")
        await wait_for_workers(pilot)
        assert isinstance(pilot.app.screen, StartScreen)
        assert not Shelf(shelf_file()).list_adventures()
        pilot.app.begin(ASKING)  # type: ignore[attr-defined]
        await wait_for_workers(pilot)
        await press(pilot, "ctrl+s")
        await wait_for_workers(pilot)
        assert "You are Ada, the keeper of the gate of Lund." in story_text(pilot)


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (160, 50)])
async def test_the_questions_have_their_button_and_keys_right_below(
    server: ScriptedServer, size: tuple[int, int]
) -> None:
    server.answers = ["x"]
    async with playing(server, ASKING, size=size) as pilot:
        button, last = pilot.app.screen.query_one("#begin"), pilot.app.screen.query(Input).last()
        assert last.region.bottom <= button.region.y <= last.region.bottom + 1
        assert "Esc Back" in screen_text(pilot.app).splitlines()[-1]
        await pilot.click("#begin")
        await wait_for_workers(pilot)
        assert "You are Ada, the keeper of the gate of Lund." in story_text(pilot)


async def test_a_line_entered_while_the_voice_loads_is_played_when_it_is_ready(server: ScriptedServer) -> None:
    app = DungeonApp(RemoteStoryteller(server.url, "scripted"), scenario=find_scenario("iron-door"))
    loaded = asyncio.Event()
    app.storyteller.start = loaded.wait  # type: ignore[method-assign, assignment]
    server.answers = ["\nThe door opens."]
    async with app.run_test() as pilot:
        await enter_line(pilot, "open the door")
        assert "> You open the door." in story_text(pilot)
        assert "loading" in str(pilot.app.screen.query_one(PlayHeader).content)
        loaded.set()
        await wait_until(pilot, lambda: "The door opens." in story_text(pilot))
        await app.end_game()


async def test_the_next_game_continues_the_last_adventure(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = ["\nOne."]
        await play_line(pilot, "wait")
        await press(pilot, "ctrl+q")
    async with playing(server) as pilot:
        choices = pilot.app.screen.query_one("#choices", OptionList)
        first = str(choices.get_option_at_index(0).prompt)
        assert first.startswith("Continue: The Iron Door\n  1 turn · today ")
        assert first.endswith(" · You wait.")
        await press(pilot, "enter")
        await wait_for_workers(pilot)
        assert "> You wait.\nOne." in story_text(pilot)
    async with playing(server, go_on=True) as pilot:
        assert "> You wait.\nOne." in story_text(pilot)


async def test_quitting_while_a_turn_streams_saves_its_text(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = [["\nThe door", " opens", Hold(), " wide."]]
        await enter_line(pilot, "open it")
        await wait_until(pilot, lambda: "The door opens" in story_text(pilot))
        await press(pilot, "ctrl+q")
        server.release()
    assert saved_adventure().path()[-1].prose == "The door opens"


async def test_quitting_saves_the_text_in_an_open_editor(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = ["\nOne."]
        await play_line(pilot, "wait")
        await press(pilot, "ctrl+e", "T", "w", "o", ".", "ctrl+q")
    assert [node.prose for node in saved_adventure().path()] == ["One.Two."]
    async with playing(server, go_on=True) as pilot:
        await press(pilot, "f2")
        pilot.app.screen.query_one("#memory-text", TextArea).text = "You are a guard."
        await press(pilot, "ctrl+q")
    assert saved_adventure().lore.memory == "You are a guard."


async def test_an_adventure_begins_with_an_opening_the_player_wrote(server: ScriptedServer) -> None:
    server.answers = ["x"]
    async with playing(server) as pilot:
        await press(pilot, "home", "down", "down", "down", "enter", "ctrl+s")
        assert "needs an opening" in toast_text(pilot.app)
        pilot.app.screen.query_one("#own-opening", TextArea).text = "You are a cook on a small grey ship."
        await press(pilot, "ctrl+s")
        await wait_for_workers(pilot)
        assert "You are a cook on a small grey ship." in story_text(pilot)
    assert saved_adventure().title == "You are a cook on a"


async def test_the_help_key_opens_and_closes_a_list_of_all_commands(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        await press(pilot, "f1")
        assert isinstance(pilot.app.screen, HelpScreen)
        assert {option.id for option in pilot.app.screen.query_one(OptionList).options} >= set(COMMANDS)
        await press(pilot, "f1")
        assert isinstance(pilot.app.screen, PlayScreen)


async def test_an_unknown_command_is_reported_and_stays_in_the_prompt(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        await enter_line(pilot, "/undoo")
        assert "Did you mean /undo?" in toast_text(pilot.app)
        assert prompt(pilot).text == "/undoo"


async def test_the_game_is_playable_in_a_terminal_of_40_by_12(server: ScriptedServer) -> None:
    server.answers = ["x"]
    async with playing(server, size=(40, 12)) as pilot:
        await press(pilot, *"iron", "enter")
        await wait_for_workers(pilot)
        server.answers = ["\nThe door opens."]
        await play_line(pilot, "open it")
        for selector in ("#prompt", "KeyFooter", "#header"):
            region = pilot.app.screen.query_one(selector).region
            assert region.height >= 1
            assert region.bottom <= 12
        view = pilot.app.screen.query(TurnView).last()
        assert pilot.app.screen.query_one("#story").region.contains_region(view.region)
        await press(pilot, "f1", "escape", "ctrl+n")
        assert isinstance(pilot.app.screen, StartScreen)


async def test_a_long_adventure_opens_at_its_end_and_shows_earlier_turns_on_demand(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        for number in range(45):
            add_turn(play_screen(pilot).session, f"step {number}", f"Answer {number}.")
    async with playing(server, go_on=True) as pilot:
        assert "Answer 44." in story_text(pilot)
        assert "Answer 4." not in story_text(pilot)
        play_screen(pilot).query_one("#story").scroll_home(animate=False)
        await settle(pilot)
        await pilot.click("#earlier")
        await wait_for_workers(pilot)
        text = story_text(pilot)
        assert text.startswith("The Iron Door\n")
        assert text.index("Answer 0.") < text.index("Answer 4.") < text.index("Answer 44.")


async def ready_for_snapshot(pilot: Pilot[None]) -> None:
    app = pilot.app
    assert isinstance(app, DungeonApp)
    await wait_until(pilot, lambda: app.voice_state == READY)
    await wait_for_workers(pilot)
    await stop_blinking(pilot)


@pytest.mark.parametrize("look", ["wide", "light", "ansi"])
def test_snapshot_turn(snap_compare: Callable[..., bool], server: ScriptedServer, look: str) -> None:
    size, theme = LOOKS[look]
    server.answers = ["x"]
    app = DungeonApp(RemoteStoryteller(server.url, "scripted"), scenario=find_scenario("iron-door"))

    async def a_turn(pilot: Pilot[None]) -> None:
        await ready_for_snapshot(pilot)
        app.theme = theme
        server.answers = ['\nThe hinges scream. "Who is there?" Hessa asks, and lifts the lamp.']
        await play_line(pilot, "push with your shoulder")  # not a suggestion, whose answer may be there already
        await ready_for_snapshot(pilot)
        assert story_text(pilot).endswith('"Who is there?" Hessa asks, and lifts the lamp.')

    assert snap_compare(app, terminal_size=size, run_before=a_turn)


def test_snapshot_narrow(snap_compare: Callable[..., bool], server: ScriptedServer) -> None:
    server.answers = ["x"]
    app = DungeonApp(RemoteStoryteller(server.url, "scripted"), scenario=find_scenario("iron-door"))
    assert snap_compare(app, terminal_size=(40, 12), run_before=ready_for_snapshot)


# ---- every command ---------------------------------------------------------------------------------------------


async def test_every_command_has_an_effect_and_no_error(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where a story is written to
    server.answers = ["x"]
    async with playing(server, find_scenario("iron-door"), size=(60, 20)) as pilot:
        server.answers = ["\nThe bell rings twice."]
        await play_line(pilot, "wait")
        await play_line(pilot, "wait again")
        screen = play_screen(pilot)

        def effects() -> tuple[object, ...]:
            app = pilot.app
            if app.screen is not screen:
                return (app.screen,)
            return toast_text(app), story_text(pilot), prompt(pilot).placeholder, app.theme, len(server.requests)

        for command in COMMANDS.values():
            if (
                command.name in ("quit", "new", "stop", "choose") or command.group is Group.STORY
            ):  # which have tests of their own
                continue
            pilot.app.clear_notifications()
            before = effects()
            await enter_line(pilot, f"/{command.name} {ARGUMENTS.get(command.name, '')}")
            if command.name != "print":  # the end of the story is on the screen already
                await wait_until(pilot, lambda before=before: effects() != before)  # type: ignore[misc]
            assert toast_text(pilot.app, "error") == "", command
            while pilot.app.screen is not screen:
                await press(pilot, "escape")
            await wait_until(pilot, lambda: not screen.busy)
            assert prompt(pilot).has_focus, command


ARGUMENTS = {
    "do": "ring the bell",
    "say": "hello",
    "story": "A bell rings.",
    "go": "1",
    "compare": "1",
    "name": "the bell",
    "card": "bell: It is cracked.",
    "uncard": "1",
    "set": "temperature 0.4",
    "rename": "The Bell",
    "purge": "2",
}


async def test_a_key_that_the_player_sets_works_and_is_shown(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = ["\nOne bell rings."]
        await play_line(pilot, "wait")
        await enter_line(pilot, "/set keys.retry f8")
        await wait_until(pilot, lambda: "F8 Retry" in screen_text(pilot.app))
        await press(pilot, "ctrl+r")
        await wait_for_workers(pilot)
        assert len(saved_adventure().nodes) == 1, "the default key does nothing"
        await press(pilot, "f8")
        await wait_until(pilot, lambda: len(saved_adventure().nodes) == 2)


async def test_the_palette_runs_a_command(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = ["\nOne bell rings."]
        await play_line(pilot, "wait")
        screen = play_screen(pilot)
        await press(pilot, "ctrl+p")
        await wait_until(pilot, lambda: pilot.app.screen is not screen)
        await press(pilot, *"bookmark")
        await pilot.app.workers.wait_for_complete()
        await settle(pilot)
        await press(pilot, "enter")
        await wait_until(pilot, lambda: saved_adventure().path()[-1].bookmarked)
        assert margins(pilot)[-1] == ["★"]

"""The game on the screen, driven as a player drives it, against a scripted storyteller."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.widgets import Label, OptionList, TextArea

from corpus.turns import Kind
from dungeon.paths import shelf_file
from dungeon.play.registry import COMMANDS
from dungeon.scenarios.library import builtin_scenarios
from dungeon.scenarios.model import Placeholder, Scenario
from dungeon.scenarios.user import find_scenario
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.remote import RemoteStoryteller
from dungeon.tale.adventure import Node
from dungeon.tui.app import DungeonApp
from dungeon.tui.screens.ask import AskScreen
from dungeon.tui.screens.help import HelpScreen
from dungeon.tui.screens.play import PlayScreen
from dungeon.tui.screens.start import StartScreen
from dungeon.tui.widgets.status import StatusLine
from dungeon.tui.widgets.turn import TurnView
from tests.dungeon.host import LOOKS
from tests.dungeon.playing import (
    Player,
    at_the_door,
    idle,
    notes,
    on_disk,
    play_screen,
    playing,
    prompt,
    send,
    settled,
    shown,
    type_in,
    until,
)
from tests.dungeon.scripted import Hold, ScriptedServer


async def test_choose_a_scenario_and_play_a_turn(server: ScriptedServer) -> None:
    server.answers = ["x"]
    async with playing(server) as pilot:
        assert isinstance(pilot.app.screen, StartScreen)
        choices = pilot.app.screen.query_one("#choices", OptionList)
        await pilot.press("down", "enter")
        await idle(pilot)
        scenario = builtin_scenarios()[1]
        assert choices.option_count >= 9
        assert scenario.opening in shown(pilot)
        assert f"1. {scenario.actions[0]}" in shown(pilot)

        server.answers = ["\nThe door opens. It is dark."]
        await send(pilot, "open the door")
        assert shown(pilot).endswith("> You open the door.\nThe door opens. It is dark.")
        assert scenario.actions[0] not in shown(pilot)
        assert prompt(pilot).text == ""
        assert prompt(pilot).has_focus


ASKING = Scenario(
    "The Gate of ${town}",
    "You are ${name}, the keeper of the gate of ${town}. Somebody knocks.",
    memory="${name} keeps the gate of ${town}.",
    actions=("Open the gate of ${town}", '"Who is there?"', "Sing"),
    placeholders=(Placeholder("name", "What is your name?", "Ada"), Placeholder("town", "Which town?", "Lund")),
)


async def test_a_scenario_that_asks_begins_with_the_answers(server: ScriptedServer) -> None:
    server.answers = ["x"]
    async with playing(server, ASKING) as pilot:
        assert isinstance(pilot.app.screen, AskScreen)
        asked = [str(label.content) for label in pilot.app.screen.query(Label)]
        assert asked == ["The Gate of Lund", "What is your name?", "Which town?"]
        await type_in(pilot, "Bo [red]")
        await pilot.press("enter", "enter")  # the second question keeps its own answer
        await idle(pilot)
        assert "You are Bo [red], the keeper of the gate of Lund." in shown(pilot)
        assert "1. Open the gate of Lund" in shown(pilot)
        adventure = on_disk()
        assert (adventure.title, adventure.lore.memory) == ("The Gate of Lund", "Bo [red] keeps the gate of Lund.")
        server.answers = ["\nIt opens."]
        await send(pilot, "open it")
        assert str(server.requests[-1]["prompt"]).startswith("Bo [red] keeps the gate of Lund.\n\nYou are Bo")


async def test_a_scenario_that_asks_can_be_left_and_begun_by_key(server: ScriptedServer) -> None:
    server.answers = ["x"]
    async with playing(server, ASKING) as pilot:
        await pilot.press("escape")
        await idle(pilot)
        assert isinstance(pilot.app.screen, StartScreen)
        assert not Shelf(shelf_file()).list_adventures()
        pilot.app.begin(ASKING)  # type: ignore[attr-defined]
        await idle(pilot)
        await pilot.press("ctrl+s")
        await idle(pilot)
        assert "You are Ada, the keeper of the gate of Lund." in shown(pilot)


async def test_typing_while_the_voice_loads_is_kept_and_the_turn_waits_for_it(server: ScriptedServer) -> None:
    app = DungeonApp(RemoteStoryteller(server.url, "scripted"), scenario=find_scenario("iron-door"))
    loaded = asyncio.Event()
    app.storyteller.start = loaded.wait  # type: ignore[method-assign, assignment]
    server.answers = ["\nThe door opens."]
    async with app.run_test() as pilot:
        await type_in(pilot, "open the door")
        await pilot.press("enter")
        await pilot.pause()
        assert "> You open the door." in shown(pilot)
        assert "loading" in str(pilot.app.screen.query_one(StatusLine).content)
        loaded.set()
        await until(pilot, lambda: "The door opens." in shown(pilot))
        await app.end_game()


async def test_quit_and_come_back(server: ScriptedServer) -> None:
    async with at_the_door(server) as pilot:
        server.answers = ["\nOne."]
        await send(pilot, "wait")
        await pilot.press("ctrl+q")
    async with playing(server) as pilot:
        choices = pilot.app.screen.query_one("#choices", OptionList)
        assert "Continue: The Iron Door (1 turn)" in str(choices.get_option_at_index(0).prompt)
        await pilot.press("enter")
        await idle(pilot)
        assert "> You wait.\nOne." in shown(pilot)
    async with playing(server, go_on=True) as pilot:
        assert "> You wait.\nOne." in shown(pilot)


async def test_quitting_in_mid_stream_saves_what_came(server: ScriptedServer) -> None:
    async with at_the_door(server) as pilot:
        server.answers = [["\nThe door", " opens", Hold(), " wide."]]
        await type_in(pilot, "open it")
        await pilot.press("enter")
        await until(pilot, lambda: "The door opens" in shown(pilot))
        await pilot.press("ctrl+q")
        server.release()
    assert on_disk().path()[-1].prose == "The door opens"


async def test_quitting_keeps_what_is_being_typed_in_an_editor(server: ScriptedServer) -> None:
    async with at_the_door(server) as pilot:
        server.answers = ["\nOne."]
        await send(pilot, "wait")
        await pilot.press("ctrl+e")
        await pilot.pause()
        await pilot.press("T", "w", "o", ".", "space", "ctrl+q")
    assert [node.prose for node in on_disk().path()] == ["Two. One."]
    async with playing(server, go_on=True) as pilot:
        await pilot.press("f2")
        await pilot.pause()
        pilot.app.screen.query_one("#memory-text", TextArea).text = "You are a guard."
        await pilot.press("ctrl+q")
    assert on_disk().lore.memory == "You are a guard."


async def test_ones_own_opening(server: ScriptedServer) -> None:
    server.answers = ["x"]
    async with playing(server) as pilot:
        await pilot.press("home", "enter")
        await pilot.pause()
        await pilot.press("ctrl+s")
        assert "needs an opening" in notes(pilot)
        pilot.app.screen.query_one("#own-opening", TextArea).text = "You are a cook on a small grey ship."
        await pilot.press("ctrl+s")
        await idle(pilot)
        assert "You are a cook on a small grey ship." in shown(pilot)
    assert on_disk().title == "You are a cook on a"


async def test_help_lists_every_command_and_closes(server: ScriptedServer) -> None:
    async with at_the_door(server) as pilot:
        await pilot.press("f1")
        await pilot.pause()
        assert isinstance(pilot.app.screen, HelpScreen)
        await pilot.press("f1")
        await pilot.pause()
        assert isinstance(pilot.app.screen, PlayScreen)


async def test_an_unknown_command_is_told_and_stays_in_the_prompt(server: ScriptedServer) -> None:
    async with at_the_door(server) as pilot:
        await type_in(pilot, "/undoo")
        await pilot.press("enter")
        await pilot.pause()
        assert "Did you mean /undo?" in notes(pilot)
        assert prompt(pilot).text == "/undoo"


async def test_forty_by_twelve_still_plays(server: ScriptedServer) -> None:
    server.answers = ["x"]
    async with playing(server, size=(40, 12)) as pilot:
        await pilot.press("enter")
        await idle(pilot)
        server.answers = ["\nThe door opens."]
        await send(pilot, "open it")
        for selector in ("#prompt", "#status"):
            region = pilot.app.screen.query_one(selector).region
            assert region.height >= 1
            assert region.bottom <= 12
        view = pilot.app.screen.query(TurnView).last()
        assert pilot.app.screen.query_one("#story").region.contains_region(view.region)
        for key in ("f1", "escape", "ctrl+n"):
            await pilot.press(key)
            await pilot.pause()
        assert isinstance(pilot.app.screen, StartScreen)


async def test_a_long_adventure_opens_with_its_last_page_and_shows_the_rest_on_demand(server: ScriptedServer) -> None:
    async with at_the_door(server) as pilot:
        session = play_screen(pilot).session
        server.answers = [f"\nAnswer {n}." for n in range(45)]
        for n in range(45):
            await session.play_turn(*_do(n))
    async with playing(server, go_on=True) as pilot:
        assert "Answer 44." in shown(pilot)
        assert "Answer 4." not in shown(pilot)
        play_screen(pilot).query_one("#story").scroll_home(animate=False)
        await pilot.pause()
        await pilot.click("#earlier")
        await idle(pilot)
        text = shown(pilot)
        assert text.startswith("The Iron Door\n")
        assert text.index("Answer 0.") < text.index("Answer 4.") < text.index("Answer 44.")


def _do(n: int) -> tuple[Kind, str, Callable[[Node], None]]:
    return Kind.DO, f"step {n}", lambda _: None


@pytest.mark.parametrize("look", ["wide", "light", "ansi"])
def test_snapshot_turn(snap_compare: Callable[..., bool], server: ScriptedServer, look: str) -> None:
    size, theme = LOOKS[look]
    server.answers = ["x"]
    app = DungeonApp(RemoteStoryteller(server.url, "scripted"), scenario=find_scenario("iron-door"))

    async def a_turn(pilot: Player) -> None:
        await settled(pilot)
        app.theme = theme
        server.answers = ['\nThe hinges scream. "Who is there?" Hessa asks, and lifts the lamp.']
        await send(pilot, "push with your shoulder")  # not a suggestion, whose answer may be there already
        await settled(pilot)
        assert shown(pilot).endswith('"Who is there?" Hessa asks, and lifts the lamp.')

    assert snap_compare(app, terminal_size=size, run_before=a_turn)


def test_snapshot_narrow(snap_compare: Callable[..., bool], server: ScriptedServer) -> None:
    server.answers = ["x"]
    app = DungeonApp(RemoteStoryteller(server.url, "scripted"), scenario=find_scenario("iron-door"))
    assert snap_compare(app, terminal_size=(40, 12), run_before=settled)


# ---- every command ---------------------------------------------------------------------------------------------


async def test_every_command_does_something_here(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where a story is written to
    async with at_the_door(server) as pilot:
        server.answers = ["\nThe bell rings twice."]
        await send(pilot, "wait")
        await send(pilot, "wait again")
        screen = play_screen(pilot)
        for command in COMMANDS.values():
            if command.name in ("quit", "new", "stop"):  # which have tests of their own
                continue
            before = shown(pilot), prompt(pilot).placeholder, pilot.app.theme
            asked = len(server.requests)
            pilot.app.clear_notifications()
            await type_in(pilot, f"/{command.name} {ARGUMENTS.get(command.name, '')}")
            await pilot.press("enter")

            def has_acted(before: tuple[str, str, str] = before, asked: int = asked) -> bool:
                return (
                    pilot.app.screen is not screen
                    or bool(pilot.app._notifications)
                    or (shown(pilot), prompt(pilot).placeholder, pilot.app.theme) != before
                    or len(server.requests) > asked
                )

            if command.name != "print":
                await until(pilot, has_acted)
            wrong = [note.message for note in pilot.app._notifications if note.severity == "error"]
            assert not wrong, command
            while pilot.app.screen is not screen:
                await pilot.press("escape")
                await pilot.pause()
            await until(pilot, lambda: not screen.busy)
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


async def test_a_key_of_the_players_choice_works_and_is_shown(server: ScriptedServer) -> None:
    async with at_the_door(server) as pilot:
        server.answers = ["\nOne bell rings."]
        await send(pilot, "wait")
        await type_in(pilot, "/set keys.retry f8")
        await pilot.press("enter")
        await until(pilot, lambda: "F8 retry" in play_screen(pilot).query_one(StatusLine).hint)
        await pilot.press("ctrl+r")
        await idle(pilot)
        assert len(on_disk().nodes) == 1, "its old key does nothing"
        await pilot.press("f8")
        await until(pilot, lambda: len(on_disk().nodes) == 2)


async def test_the_palette_runs_a_command(server: ScriptedServer) -> None:
    async with at_the_door(server) as pilot:
        server.answers = ["\nOne bell rings."]
        await send(pilot, "wait")
        screen = play_screen(pilot)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: pilot.app.screen is not screen)
        await pilot.press(*"bookmark")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: on_disk().path()[-1].bookmarked)
        assert "★" in shown(pilot)

"""The prompt, the messages above it, the header and the side panel of the play screen."""

from collections.abc import Iterator

import pytest
from textual import events
from textual.keys import key_to_character
from textual.pilot import Pilot
from textual.widgets import Input

from corpus.turns import Kind
from dungeon.scenarios.user import find_scenario
from dungeon.tui.widgets.header import PlayHeader
from dungeon.tui.widgets.message_line import MessageLine
from dungeon.tui.widgets.prompt import PromptBar
from dungeon.tui.widgets.side_panel import SidePanel
from dungeon.tui.widgets.suggestions import Suggestion
from tests.dungeon.host import paste, press, screen_text, settle, toast_text, wait_until
from tests.dungeon.playing import (
    enter_line,
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


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        running.answers = ["x"]
        yield running


def subtitle(pilot: Pilot[None]) -> str:
    return str(play_screen(pilot).query_one(PromptBar).border_subtitle or "")


def header(pilot: Pilot[None]) -> str:
    return str(play_screen(pilot).query_one(PlayHeader).content)


# ---- the prompt --------------------------------------------------------------------------------------------------


async def test_up_and_down_go_through_what_was_typed(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = ["\nOne."]
        await play_line(pilot, "open the door")
        await play_line(pilot, '"Who is there?"')
        await enter_line(pilot, "/nothing")
        await press(pilot, "ctrl+u")
        await paste(pilot, "a draft")
        for line in ("/nothing", '"Who is there?"', "open the door", "open the door"):
            await press(pilot, "up")
            assert prompt(pilot).text == line
        await press(pilot, "x")
        assert prompt(pilot).text == "open the doorx", "the cursor is at the end"
        for line in ('"Who is there?"', "/nothing", "a draft", "a draft"):
            await press(pilot, "down")
            assert prompt(pilot).text == line


async def test_the_history_goes_back_to_the_game_before(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = ["\nOne."]
        await play_line(pilot, "open the door")
        await play_line(pilot, '"Who is there?"')
        await play_line(pilot, "/story Rain falls.")
    async with playing(server, go_on=True) as pilot:
        for line in ("/story Rain falls.", '"Who is there?"', "open the door"):
            await press(pilot, "up")
            assert prompt(pilot).text == line


async def test_up_moves_the_cursor_within_a_text_of_several_lines(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = ["\nOne."]
        await play_line(pilot, "open the door")
        await press(pilot, "a", "ctrl+j", "b", "up")
        assert prompt(pilot).text == "a\nb"
        await press(pilot, "up")
        assert prompt(pilot).text == "open the door"


async def test_tab_completes_and_changes_the_mode_only_on_an_empty_line(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        await press(pilot, "slash", "u", "n", "d", "tab")
        assert prompt(pilot).text == "/undo"
        await press(pilot, "ctrl+u")
        await paste(pilot, "ask hes")
        await press(pilot, "tab")
        assert prompt(pilot).text == "ask Hessa"
        await press(pilot, "tab")
        assert prompt(pilot).text == "ask Hessa"
        assert play_screen(pilot).mode is Kind.DO
        await press(pilot, "ctrl+u", "tab")
        assert play_screen(pilot).mode is Kind.SAY


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_the_mode_is_seen_while_one_types(server: ScriptedServer, size: tuple[int, int]) -> None:
    async with playing(server, find_scenario("iron-door"), size=size) as pilot:
        await press(pilot, "tab", "h", "i")
        assert "Say" in "\n".join(screen_text(pilot.app).splitlines()[-4:])
        await press(pilot, "ctrl+u", "tab", "h", "i")
        assert "Story" in "\n".join(screen_text(pilot.app).splitlines()[-4:])


async def test_the_frame_explains_a_command_and_shows_that_the_storyteller_writes(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        await press(pilot, "slash", "r", "e", "t")
        assert subtitle(pilot).startswith("/retry: ")
        await press(pilot, "ctrl+u")
        assert subtitle(pilot) == ""
        server.answers = [["\nThe door", Hold(), " opens."]]
        await enter_line(pilot, "open it")
        await wait_until(pilot, lambda: "The door" in story_text(pilot))
        spinner, *words = subtitle(pilot).split()
        assert " ".join(words) == "writing · Esc stops"
        await wait_until(pilot, lambda: subtitle(pilot)[:1] != spinner)
        server.answers = ["x"]  # for what is prefetched then
        server.release()
        await wait_until(pilot, lambda: not play_screen(pilot).busy)
        await wait_for_workers(pilot)
        assert subtitle(pilot) == ""


async def test_a_line_that_was_not_used_comes_back_with_the_cursor_at_its_end(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        await enter_line(pilot, "/undoo")
        await press(pilot, "backspace", "enter")
        assert "nothing to undo" in toast_text(pilot.app)


# ---- messages ----------------------------------------------------------------------------------------------------


async def test_a_message_covers_nothing_and_gives_way(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        await enter_line(pilot, "/undo")
        line = play_screen(pilot).query_one(MessageLine)
        assert line.message == "There is nothing to undo."
        for other in ("#story", "#prompt-bar", "#header", "KeyFooter"):
            assert not line.region.overlaps(play_screen(pilot).query_one(other).region)
        await enter_line(pilot, "/redo")
        assert toast_text(pilot.app) == "There is nothing to redo.", "one at a time"
        await press(pilot, "escape")
        assert not line.display
        await enter_line(pilot, "/redo")
        await enter_line(pilot, "/name x")
        assert "nothing to redo" not in toast_text(pilot.app)


async def test_a_message_goes_by_itself(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dungeon.tui.widgets.message_line.message_seconds", lambda text: 0.05)
    async with playing_iron_door(server) as pilot:
        await enter_line(pilot, "/undo")
        await wait_until(pilot, lambda: toast_text(pilot.app) == "")


async def test_a_long_message_stays_as_long_as_it_takes_to_read() -> None:
    from dungeon.tui.base_app import message_seconds

    assert message_seconds("Saved.") == 5
    assert message_seconds("x" * 300) == 15


async def test_control_c_says_how_to_leave_and_twice_leaves(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        await press(pilot, "ctrl+c")
        assert toast_text(pilot.app) == "Ctrl+Q leaves, and so does Ctrl+C once more. Everything is saved."
        assert pilot.app.is_running
        await press(pilot, "ctrl+c")
        await wait_until(pilot, lambda: not pilot.app.is_running)


async def test_control_c_copies_what_is_selected(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        await paste(pilot, "open the door")
        prompt(pilot).select_all()
        await press(pilot, "ctrl+c", "ctrl+c")
        assert pilot.app.clipboard == "open the door"
        assert toast_text(pilot.app) == ""


# ---- the header --------------------------------------------------------------------------------------------------


async def test_the_header_has_title_turn_voice_and_context(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        assert header(pilot).startswith("The Iron Door ")
        assert "● scripted ready" in header(pilot)
        server.answers = [["\nThe door", Hold(), " opens."]]
        await enter_line(pilot, "open it")
        await wait_until(pilot, lambda: "streaming" in header(pilot))
        assert "The Iron Door · turn 1" in header(pilot)
        assert "◐ scripted streaming" in header(pilot)
        server.answers = ["x"]  # for what is prefetched then
        server.release()
        await wait_until(pilot, lambda: not play_screen(pilot).busy)
        await wait_for_workers(pilot)
        assert header(pilot).rstrip().endswith("%")
        await pilot.resize_terminal(40, 12)
        await settle(pilot)
        top = screen_text(pilot.app).splitlines()[0]
        assert top.startswith(" The Iron D")
        assert "● scripted ready" in top


# ---- suggestions -------------------------------------------------------------------------------------------------


async def test_a_suggestion_is_picked_by_keyboard_alone(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = ["\nIt opens."]
        await press(pilot, "down")
        assert isinstance(pilot.app.focused, Suggestion)
        await press(pilot, "down", "up", "up")
        assert not isinstance(pilot.app.focused, Suggestion), "up from the first leads elsewhere"
        await press(pilot, "shift+tab")
        await wait_until(pilot, lambda: isinstance(pilot.app.focused, Suggestion))
        focused = pilot.app.focused
        assert isinstance(focused, Suggestion)
        await press(pilot, "enter")
        await wait_until(pilot, lambda: not play_screen(pilot).busy and len(saved_adventure().path()) == 1)
        assert saved_adventure().path()[0].input.strip('"') == focused.action.strip('"')
        assert prompt(pilot).has_focus


async def test_a_focused_suggestion_does_not_keep_one_from_typing(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        await press(pilot, "down", "l", "o", "o", "k")
        assert prompt(pilot).text == "look"
        assert prompt(pilot).has_focus


# ---- the side panel ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "shown"), [(119, False), (120, True)])
async def test_the_panel_is_there_where_there_is_room(server: ScriptedServer, width: int, shown: bool) -> None:
    async with playing(server, find_scenario("iron-door"), size=(width, 30)) as pilot:
        side = play_screen(pilot).query_one(SidePanel)
        assert side.display == shown
        assert ("People and things" in screen_text(pilot.app)) == shown
        await press(pilot, "f9")
        assert side.display != shown
    async with playing(server, go_on=False, scenario=find_scenario("iron-door"), size=(width, 30)) as pilot:
        assert play_screen(pilot).query_one(SidePanel).display != shown, "it stays as it was left"


async def test_the_panel_shows_who_is_there_and_what_their_cards_say(server: ScriptedServer) -> None:
    async with playing(server, find_scenario("iron-door"), size=(140, 34)) as pilot:
        await enter_line(pilot, "/card Marrow Ford: A town of salt merchants.")
        await enter_line(pilot, "/memory The key is cold.")
        await wait_until(pilot, lambda: "The key is cold." in screen_text(pilot.app))
        text = " ".join(screen_text(pilot.app).split())
        assert "Hessa" in text
        assert "Marrow Ford" in text
        server.answers = ["\nOld Berrin lifts his lamp. [red]Berrin says nothing."]
        await play_line(pilot, "wait")
        assert "Berrin" in "\n".join(line[103:] for line in screen_text(pilot.app).splitlines())


# ---- commands that players of other games try --------------------------------------------------------------------


async def test_a_fact_is_added_to_the_memory(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        lore = play_screen(pilot).session.adventure.lore
        await enter_line(pilot, "/memory The key is cold.")
        assert play_screen(pilot).session.adventure.lore.memory == f"{lore.memory}\nThe key is cold."
        await enter_line(pilot, "/memory -")
        assert play_screen(pilot).session.adventure.lore.memory == ""


async def test_a_named_place_is_gone_to_by_its_name(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = ["\nOne."]
        await play_line(pilot, "wait")
        await enter_line(pilot, "/name The Bell Rings")
        await play_line(pilot, "wait again")
        await enter_line(pilot, "/go the bell rings")
        assert len(saved_adventure().path()) == 1
        assert toast_text(pilot.app) == "You are at the bell rings."
        await enter_line(pilot, "/go nowhere")
        assert "/go takes a number" in toast_text(pilot.app)


async def test_enter_once_more_takes_the_command_that_was_asked_about(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = ["\nOne."]
        await play_line(pilot, "wait")
        await enter_line(pilot, "go back")
        assert "Did you mean /undo?" in toast_text(pilot.app)
        assert prompt(pilot).text == "go back"
        await press(pilot, "enter")
        assert saved_adventure().path() == []
        assert prompt(pilot).text == ""


async def test_escape_empties_the_prompt_and_up_brings_the_text_back(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        await enter_line(pilot, "menu")
        await press(pilot, "escape")
        assert prompt(pilot).text == ""
        await press(pilot, "up")
        assert prompt(pilot).text == "menu"


async def test_keys_that_come_in_a_burst_take_effect_in_their_order(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        for key in [*"menu", *["backspace"] * 4, *"relay"]:
            pilot.app.post_message(events.Key(key, key_to_character(key)))
        await settle(pilot)
        assert prompt(pilot).text == "relay"
        await press(pilot, "ctrl+u", "f1")
        for key in [*"menu", *["backspace"] * 4, *"relay"]:
            pilot.app.post_message(events.Key(key, key_to_character(key)))
        await settle(pilot)
        assert pilot.app.screen.query_one(Input).value == "relay"

"""Turns on the screen: streamed, stopped, retried, undone; and what a player may type or paste."""

import pytest
from textual.geometry import Offset

from dungeon.paths import shelf_file
from dungeon.scenarios.user import find_scenario
from dungeon.tale.adventure import State
from dungeon.tui.widgets.header import SUGGESTING, PlayHeader
from dungeon.tui.widgets.turn import TurnView
from tests.dungeon.host import paste, press, settle, toast_text, wait_until, write_protected
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
    wait_for_turn,
    wait_for_workers,
)
from tests.dungeon.scripted import Answer, Fail, Hold, ScriptedServer, SuggestingServer


async def test_escape_stops_the_turn_keeps_its_text_and_frees_the_prompt(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = [["\nThe door", " opens a", Hold(), " crack."], "\nA road."]
        await enter_line(pilot, "open it")
        await wait_until(pilot, lambda: "The door opens a" in story_text(pilot))
        await wait_until(pilot, lambda: "streaming" in str(pilot.app.screen.query_one(PlayHeader).content))
        await press(pilot, "escape")
        await wait_for_turn(pilot)
        (node,) = saved_adventure().path()
        assert (node.prose, node.state) == ("The door opens a", State.STOPPED)
        assert prompt(pilot).has_focus
        assert toast_text(pilot.app) == "Stopped. Enter alone finishes the sentence; what came is kept."
        server.release()
        await play_line(pilot, "look")
        assert story_text(pilot).endswith("The door opens a\n> You look.\nA road.")


async def test_escape_before_the_first_word_returns_the_action_to_the_prompt(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = [[Hold(), "\nThe door opens."]]
        await enter_line(pilot, "open it")
        await wait_until(pilot, lambda: bool(server.requests[1:]))
        await press(pilot, "escape")
        await wait_until(pilot, lambda: prompt(pilot).text == "open it")
        assert "> You open it." not in story_text(pilot)
        server.release()


async def test_a_retry_stopped_before_its_first_word_brings_the_old_take_back(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = ["\nOne."]
        await play_line(pilot, "wait")
        await wait_for_workers(pilot)
        requests = len(server.requests)
        server.answers = [[Hold(), "\nTwo."]]
        await press(pilot, "ctrl+r")
        await wait_until(pilot, lambda: len(server.requests) > requests)
        await press(pilot, "escape")
        await wait_for_turn(pilot)
        await wait_until(pilot, lambda: story_text(pilot).endswith("> You wait.\nOne."))
        assert saved_adventure().path()[-1].prose == "One."
        server.release()


async def test_redo_skips_a_turn_that_got_no_text(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = ["\nOne."]
        await play_line(pilot, "wait")
        await press(pilot, "ctrl+z")
        await wait_for_workers(pilot)
        requests = len(server.requests)
        server.answers = [[Hold(), "\nTwo."]]
        await enter_line(pilot, "sing")
        await wait_until(pilot, lambda: len(server.requests) > requests)
        await press(pilot, "escape")
        await wait_until(pilot, lambda: prompt(pilot).text == "sing")
        prompt(pilot).clear()
        server.answers = ["x"]  # for prefetching
        await press(pilot, "ctrl+y")
        await wait_for_workers(pilot)
        assert "> You wait.\nOne." in story_text(pilot)
        server.release()


async def test_retry_undo_and_redo_by_key(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = ["\nOne."]
        await play_line(pilot, "wait")
        server.answers = ["\nTwo."]
        await press(pilot, "ctrl+r")
        await wait_for_turn(pilot)
        assert "Two." in story_text(pilot)
        assert "One." not in story_text(pilot)
        assert len(pilot.app.screen.query(TurnView)) == 1

        await press(pilot, "ctrl+z")
        await wait_for_workers(pilot)
        assert "> You wait." not in story_text(pilot)
        assert "1. Open the iron door" in story_text(pilot)
        await press(pilot, "ctrl+y")
        await wait_for_workers(pilot)
        assert "> You wait.\nTwo." in story_text(pilot)
        assert margins(pilot) == [["2/2"]]
        assert {node.prose for node in saved_adventure().nodes.values()} == {"One.", "Two."}


async def test_undo_changes_the_prompt_while_something_is_typed(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = ["\nOne."]
        await play_line(pilot, "wait")
        await press(pilot, "a", "ctrl+z")
        assert prompt(pilot).text == ""
        assert "> You wait." in story_text(pilot)


async def test_the_arrow_keys_browse_the_takes_while_nothing_is_typed(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = ["\nOne bell rings."]
        await play_line(pilot, "wait")
        server.answers = ["\nTwo bells ring."]
        await press(pilot, "ctrl+r")
        await wait_until(pilot, lambda: margins(pilot)[-1:] == [["2/2"]] and not play_screen(pilot).busy)
        await settle(pilot)
        assert toast_text(pilot.app).startswith("Take 2 of 2: ← and →")
        await press(pilot, "left")
        await wait_until(pilot, lambda: "One bell rings." in story_text(pilot))
        assert margins(pilot)[-1] == ["1/2"]
        assert saved_adventure().path()[-1].prose == "One bell rings."
        await paste(pilot, "ab")
        await press(pilot, "left", "right")
        assert "One bell rings." in story_text(pilot), "the arrows move the cursor while something is typed"
        prompt(pilot).clear()
        await press(pilot, "right")
        await wait_until(pilot, lambda: "Two bells ring." in story_text(pilot))


async def test_modes_change_what_a_line_means(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = ["\nYes."]
        await press(pilot, "tab")
        assert "say" in str(prompt(pilot).placeholder)
        await play_line(pilot, "hello there")
        assert '> You say "Hello there."' in story_text(pilot)
        await press(pilot, "tab")
        await play_line(pilot, "It begins to rain.")
        assert "\nIt begins to rain.\nYes." in story_text(pilot)
        await press(pilot, "tab")
        await play_line(pilot, "look")
        assert "> You look." in story_text(pilot)


async def test_a_line_entered_while_a_turn_streams_stays_in_the_prompt(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = [["\nThe door", Hold(), " opens."]]
        await enter_line(pilot, "open it")
        await wait_until(pilot, lambda: "The door" in story_text(pilot))
        await enter_line(pilot, "go in")
        assert "Esc stops" in toast_text(pilot.app)
        assert prompt(pilot).text == "go in"
        server.release()
        await wait_for_turn(pilot)
        assert len(saved_adventure().nodes) == 1


async def test_a_storyteller_error_is_shown_and_the_action_returns_to_the_prompt(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = [Fail(500, {"error": {"message": "out of [bold]memory[/x]"}})]
        await enter_line(pilot, "open it")
        await wait_until(pilot, lambda: prompt(pilot).text == "open it")
        assert "out of [bold]memory[/x]" in toast_text(pilot.app)


async def test_a_failed_write_is_shown_and_the_game_continues(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = ["\nOne.", "\nTwo."]
        await play_line(pilot, "wait")
        with write_protected(play_screen(pilot).session.shelf):
            await press(pilot, "ctrl+z")
            await wait_for_workers(pilot)
            assert str(shelf_file()) in toast_text(pilot.app)
        await play_line(pilot, "wait again")
        assert "Two." in story_text(pilot)


async def test_hostile_text_is_shown_as_text_and_has_no_links(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = ["\nThe sign says [@click=app.quit]Press[/] [bold]it[/x] \x1b[31mred שלום 🐉."]
        await play_line(pilot, "[bold]look[/] [@click=app.quit]x")
        assert "> You [bold]look[/] [@click=app.quit]x." in story_text(pilot)
        assert "The sign says [@click=app.quit]Press[/] [bold]it[/x] [31mred שלום 🐉." in story_text(pilot)
        screen, view = pilot.app.screen, pilot.app.screen.query(TurnView).last()
        cells = [Offset(x, y) for y in view.region.line_range for x in view.region.column_range]
        assert cells
        # Textual runs the `@click` of the style under the mouse, and nothing else that text could bring.
        assert not any("@click" in screen.get_style_at(*cell).meta for cell in cells)
        for cell in cells[:: len(cells) // 5]:
            await pilot.click(offset=cell)
        assert pilot.app.is_running


async def test_a_paste_of_a_hundred_thousand_characters_stays_whole(server: ScriptedServer) -> None:
    server.answers = ["x"]
    words = ("word [bold] " * 9000)[:100_000]
    async with playing(server, find_scenario("iron-door")) as pilot:
        await paste(pilot, words)
        assert prompt(pilot).text == words
        server.answers = ["\nThat is a lot."]
        await press(pilot, "enter")
        await wait_for_turn(pilot)
        assert "more characters, all kept" in story_text(pilot)
    (node,) = saved_adventure().path()
    assert node.input == words.strip()


# ---- turns that are replaced while they are shown --------------------------------------------------------------------


@pytest.mark.parametrize("second", ["2", ""], ids=["suggestion", "continue"])
async def test_a_prefetched_turn_is_undone_and_another_prefetched_turn_takes_its_place(second: str) -> None:
    with SuggestingServer() as server:
        async with playing(server, find_scenario("iron-door")) as pilot:
            await play_line(pilot, "look around")
            await wait_for_workers(pilot)  # suggestions, and a turn for each
            await play_line(pilot, "1")
            await wait_for_workers(pilot)
            await press(pilot, "ctrl+z")
            await play_line(pilot, second)
            await wait_for_workers(pilot)
            adventure = saved_adventure()
            assert len(adventure.nodes) == 3
            assert len(adventure.takes(adventure.path()[-1].id)) == 2
            assert margins(pilot)[-1:] == [["2/2"]]
            assert adventure.path()[-1].prose in story_text(pilot)


async def test_enter_continues_a_sentence_that_was_stopped_several_times(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = [["\nThe door opens", Hold(), "."]]
        await enter_line(pilot, "open the door")
        await wait_until(pilot, lambda: "The door opens" in story_text(pilot))
        for number in range(1, 4):
            await press(pilot, "escape")
            await wait_for_turn(pilot)
            server.answers = [[f" on {number}", Hold(), "."]]
            await press(pilot, "enter")
            await wait_until(pilot, lambda end=f"on {number}": end in story_text(pilot))  # type: ignore[misc]
        server.release()
        await wait_for_turn(pilot)
        assert saved_adventure().path()[-1].prose == "The door opens on 1 on 2 on 3."


async def test_a_burst_of_commands_adds_no_turn(server: ScriptedServer) -> None:
    async with playing_iron_door(server) as pilot:
        server.answers = ["\nThe door opens."]
        await play_line(pilot, "open the door")
        for command in ["/undo", "/redo", "/left", "/bookmark", "/undo", "/redo", "/name", "/nonsense", "/mode"] * 3:
            await press(pilot, "slash", *command[1:], "enter")
        await wait_for_turn(pilot)
        await settle(pilot)
        assert [node.action for node in saved_adventure().nodes.values()] == ["You open the door."]


class SlowSuggestions(SuggestingServer):
    """Stops in the middle of the second suggestion until it is released."""

    def next_answer(self) -> Answer:
        asked = sum(str(request["prompt"]).endswith("> You") for request in self.requests)
        if str(self.requests[-1]["prompt"]).endswith("> You"):
            return {1: " open the door.", 2: [" light", Hold(), " the lamp."]}.get(asked, " wait.")
        return "\nThe lamp burns low at the door."


async def test_suggestions_appear_one_by_one_with_a_sign_that_more_are_being_written() -> None:
    with SlowSuggestions() as server:
        async with playing(server, find_scenario("iron-door")) as pilot:
            await play_line(pilot, "look around")
            await wait_until(pilot, lambda: "1. Open the door" in story_text(pilot))
            assert "2. Light the lamp" not in story_text(pilot)
            assert SUGGESTING in str(pilot.app.screen.query_one(PlayHeader).content)
            server.release()
            await wait_for_workers(pilot)
            assert story_text(pilot).endswith("1. Open the door\n2. Light the lamp")
            assert SUGGESTING not in str(pilot.app.screen.query_one(PlayHeader).content)

"""Turns on the screen: told, stopped, told again, taken back; and what a player may type or paste."""

import pytest

from dungeon.paths import shelf_file
from dungeon.scenarios.user import find_scenario
from dungeon.tale.adventure import State
from dungeon.tui.widgets.status import SUGGESTING, StatusLine
from dungeon.tui.widgets.turn import TurnView
from tests.dungeon.playing import (
    at_the_door,
    idle,
    notes,
    on_disk,
    play_screen,
    playing,
    prompt,
    send,
    shown,
    type_in,
    until,
)
from tests.dungeon.scripted import Answer, Fail, Hold, ScriptedServer


async def test_escape_stops_keeps_what_came_and_gives_the_prompt_back(server: ScriptedServer) -> None:
    async with at_the_door(server) as pilot:
        server.answers = [["\nThe door", " opens a", Hold(), " crack."], "\nA road."]
        await type_in(pilot, "open it")
        await pilot.press("enter")
        await until(pilot, lambda: "The door opens a" in shown(pilot))
        assert "streaming" in str(pilot.app.screen.query_one(StatusLine).content)
        await pilot.press("escape")
        await until(pilot, lambda: not play_screen(pilot).busy)
        (node,) = on_disk().path()
        assert (node.prose, node.state) == ("The door opens a", State.STOPPED)
        assert prompt(pilot).has_focus
        server.release()
        await send(pilot, "look")
        assert shown(pilot).endswith("The door opens a\n> You look.\nA road.")


async def test_escape_before_the_first_word_gives_the_words_back(server: ScriptedServer) -> None:
    async with at_the_door(server) as pilot:
        server.answers = [[Hold(), "\nThe door opens."]]
        await type_in(pilot, "open it")
        await pilot.press("enter")
        await until(pilot, lambda: bool(server.requests[1:]))
        await pilot.press("escape")
        await until(pilot, lambda: prompt(pilot).text == "open it")
        assert "> You open it." not in shown(pilot)
        server.release()


async def test_a_retry_stopped_before_its_first_word_brings_the_old_take_back(server: ScriptedServer) -> None:
    async with at_the_door(server) as pilot:
        server.answers = ["\nOne."]
        await send(pilot, "wait")
        await idle(pilot)
        asked = len(server.requests)
        server.answers = [[Hold(), "\nTwo."]]
        await pilot.press("ctrl+r")
        await until(pilot, lambda: len(server.requests) > asked)
        await pilot.press("escape")
        await until(pilot, lambda: not play_screen(pilot).busy)
        await until(pilot, lambda: shown(pilot).endswith("> You wait.\nOne."))
        assert on_disk().path()[-1].prose == "One."
        server.release()


async def test_redo_passes_over_a_turn_of_which_nothing_came(server: ScriptedServer) -> None:
    async with at_the_door(server) as pilot:
        server.answers = ["\nOne."]
        await send(pilot, "wait")
        await pilot.press("ctrl+z")
        await idle(pilot)
        asked = len(server.requests)
        server.answers = [[Hold(), "\nTwo."]]
        await type_in(pilot, "sing")
        await pilot.press("enter")
        await until(pilot, lambda: len(server.requests) > asked)
        await pilot.press("escape")
        await until(pilot, lambda: prompt(pilot).text == "sing")
        prompt(pilot).clear()
        server.answers = ["x"]  # for reading ahead
        await pilot.press("ctrl+y")
        await idle(pilot)
        assert "> You wait.\nOne." in shown(pilot)
        server.release()


async def test_retry_undo_and_redo_by_key(server: ScriptedServer) -> None:
    async with at_the_door(server) as pilot:
        server.answers = ["\nOne."]
        await send(pilot, "wait")
        server.answers = ["\nTwo."]
        await pilot.press("ctrl+r")
        await pilot.pause()
        await until(pilot, lambda: not play_screen(pilot).busy)
        await pilot.pause()
        assert "Two." in shown(pilot)
        assert "One." not in shown(pilot)
        assert len(pilot.app.screen.query(TurnView)) == 1

        await pilot.press("ctrl+z")
        await idle(pilot)
        assert "> You wait." not in shown(pilot)
        assert "1. Open the iron door" in shown(pilot)
        await pilot.press("ctrl+y")
        await idle(pilot)
        assert "> You wait.\nTwo.\ntake 2 of 2" in shown(pilot)
        assert {node.prose for node in on_disk().nodes.values()} == {"One.", "Two."}


async def test_undo_belongs_to_the_prompt_while_something_is_typed(server: ScriptedServer) -> None:
    async with at_the_door(server) as pilot:
        server.answers = ["\nOne."]
        await send(pilot, "wait")
        await pilot.press("a")
        await pilot.press("ctrl+z")
        assert prompt(pilot).text == ""
        assert "> You wait." in shown(pilot)


async def test_the_arrow_keys_browse_the_takes_while_nothing_is_typed(server: ScriptedServer) -> None:
    async with at_the_door(server) as pilot:
        server.answers = ["\nOne bell rings."]
        await send(pilot, "wait")
        server.answers = ["\nTwo bells ring."]
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "take 2 of 2" in shown(pilot) and not play_screen(pilot).busy)
        await pilot.press("left")
        await until(pilot, lambda: "One bell rings." in shown(pilot))
        assert "take 1 of 2" in shown(pilot)
        assert on_disk().path()[-1].prose == "One bell rings."
        await type_in(pilot, "ab")
        await pilot.press("left", "right")
        assert "One bell rings." in shown(pilot), "the arrows are the line's while something is typed"
        prompt(pilot).clear()
        await pilot.press("right")
        await until(pilot, lambda: "Two bells ring." in shown(pilot))


async def test_modes_change_what_a_line_means(server: ScriptedServer) -> None:
    async with at_the_door(server) as pilot:
        server.answers = ["\nYes."]
        await pilot.press("tab")
        assert prompt(pilot).placeholder == "What do you say?"
        await send(pilot, "hello there")
        assert '> You say "Hello there."' in shown(pilot)
        await pilot.press("tab")
        await send(pilot, "It begins to rain.")
        assert "\nIt begins to rain.\nYes." in shown(pilot)
        await pilot.press("tab")
        await send(pilot, "look")
        assert "> You look." in shown(pilot)


async def test_a_second_action_while_one_streams_is_not_lost(server: ScriptedServer) -> None:
    async with at_the_door(server) as pilot:
        server.answers = [["\nThe door", Hold(), " opens."]]
        await type_in(pilot, "open it")
        await pilot.press("enter")
        await until(pilot, lambda: "The door" in shown(pilot))
        await type_in(pilot, "go in")
        await pilot.press("enter")
        await pilot.pause()
        assert "Esc stops" in notes(pilot)
        assert prompt(pilot).text == "go in"
        server.release()
        await until(pilot, lambda: not play_screen(pilot).busy)
        assert len(on_disk().nodes) == 1


async def test_a_failing_storyteller_is_told_in_words_and_the_words_come_back(server: ScriptedServer) -> None:
    async with at_the_door(server) as pilot:
        server.answers = [Fail(500, {"error": {"message": "out of [bold]memory[/x]"}})]
        await type_in(pilot, "open it")
        await pilot.press("enter")
        await until(pilot, lambda: prompt(pilot).text == "open it")
        assert "out of [bold]memory[/x]" in notes(pilot)


async def test_a_disk_that_fails_is_told_and_the_game_goes_on(server: ScriptedServer) -> None:
    async with at_the_door(server) as pilot:
        server.answers = ["\nOne.", "\nTwo."]
        await send(pilot, "wait")
        shelf = play_screen(pilot).session.shelf
        shelf._db.execute("PRAGMA query_only=ON")  # what a full or a write-protected disk looks like from here
        await pilot.press("ctrl+z")
        await idle(pilot)
        assert str(shelf_file()) in notes(pilot)
        shelf._db.execute("PRAGMA query_only=OFF")
        await send(pilot, "wait again")
        assert "Two." in shown(pilot)


async def test_hostile_text_is_shown_as_text(server: ScriptedServer) -> None:
    async with at_the_door(server) as pilot:
        server.answers = ["\nThe sign says [@click=app.quit]Press[/] [bold]it[/x] \x1b[31mred שלום 🐉."]
        await send(pilot, "[bold]look[/] [@click=app.quit]x")
        assert "> You [bold]look[/] [@click=app.quit]x." in shown(pilot)
        assert "The sign says [@click=app.quit]Press[/] [bold]it[/x] [31mred שלום 🐉." in shown(pilot)
        view = pilot.app.screen.query(TurnView).last()
        for row in range(view.region.height):
            for column in range(0, view.region.width, 3):
                await pilot.click(view, offset=(column, row))
        assert pilot.app.is_running


async def test_a_paste_of_a_hundred_thousand_characters_stays_whole(server: ScriptedServer) -> None:
    server.answers = ["x"]
    words = ("word [bold] " * 9000)[:100_000]
    async with playing(server, find_scenario("iron-door")) as pilot:
        await type_in(pilot, words)
        assert prompt(pilot).text == words
        server.answers = ["\nThat is a lot."]
        await pilot.press("enter")
        await pilot.pause()
        await until(pilot, lambda: not play_screen(pilot).busy)
        assert "more characters, all kept" in shown(pilot)
    (node,) = on_disk().path()
    assert node.input == words.strip()


# ---- turns that are replaced while they are shown --------------------------------------------------------------------


class Prefetching(ScriptedServer):
    """Suggests, and answers each action in a turn of two sentences."""

    def next_answer(self) -> Answer:
        prompt = str(self.requests[-1]["prompt"])
        if prompt.endswith("> You"):
            return [" open the door.", " light the lamp.", ' say "Who is there?"', " wait."][len(self.requests) % 4]
        return f"\nThe lamp burns low. So ends {len(self.requests)}."


@pytest.mark.parametrize("second", ["2", ""])
async def test_undo_and_another_way_when_both_were_prefetched(second: str) -> None:
    with Prefetching() as server:
        async with playing(server, find_scenario("iron-door")) as pilot:
            await send(pilot, "look around")
            await idle(pilot)  # suggestions, and a turn for each
            await send(pilot, "1")
            await idle(pilot)
            await pilot.press("ctrl+z")
            await send(pilot, second)
            await idle(pilot)
            adventure = on_disk()
            assert len(adventure.nodes) == 3
            assert len(adventure.takes(adventure.path()[-1].id)) == 2
            assert "take 2 of 2" in shown(pilot)
            assert adventure.path()[-1].prose in shown(pilot)


async def test_enter_finishes_a_stopped_sentence_again_and_again(server: ScriptedServer) -> None:
    async with at_the_door(server) as pilot:
        server.answers = [["\nThe door opens", Hold(), "."]]
        await type_in(pilot, "open the door")
        await pilot.press("enter")
        await until(pilot, lambda: "The door opens" in shown(pilot))
        for number in range(1, 4):
            await pilot.press("escape")
            await until(pilot, lambda: not play_screen(pilot).busy)
            server.answers = [[f" on {number}", Hold(), "."]]
            await pilot.press("enter")
            await until(pilot, lambda end=f"on {number}": end in shown(pilot))  # type: ignore[misc]
        server.release()
        await until(pilot, lambda: not play_screen(pilot).busy)
        assert on_disk().path()[-1].prose == "The door opens on 1 on 2 on 3."


async def test_a_burst_of_commands_adds_no_turn(server: ScriptedServer) -> None:
    async with at_the_door(server) as pilot:
        server.answers = ["\nThe door opens."]
        await send(pilot, "open the door")
        for command in ["/undo", "/redo", "/left", "/bookmark", "/undo", "/redo", "/name", "/nonsense", "/mode"] * 3:
            await pilot.press("slash", *command[1:], "enter")
        await pilot.pause()
        await until(pilot, lambda: not play_screen(pilot).busy)
        assert [node.action for node in on_disk().nodes.values()] == ["You open the door."]


class SlowSuggestions(Prefetching):
    """Stops in the middle of the second suggestion until it is released."""

    def next_answer(self) -> Answer:
        asked = sum(str(request["prompt"]).endswith("> You") for request in self.requests)
        if str(self.requests[-1]["prompt"]).endswith("> You"):
            return {1: " open the door.", 2: [" light", Hold(), " the lamp."]}.get(asked, " wait.")
        return "\nThe lamp burns low at the door."


async def test_suggestions_appear_one_by_one_with_a_sign_that_more_are_being_written() -> None:
    with SlowSuggestions() as server:
        async with playing(server, find_scenario("iron-door")) as pilot:
            await send(pilot, "look around")
            await until(pilot, lambda: "1. Open the door" in shown(pilot))
            assert "2. Light the lamp" not in shown(pilot)
            assert SUGGESTING in str(pilot.app.screen.query_one(StatusLine).content)
            server.release()
            await idle(pilot)
            assert shown(pilot).endswith("1. Open the door\n2. Light the lamp")
            assert SUGGESTING not in str(pilot.app.screen.query_one(StatusLine).content)

"""`dungeon --plain` on a terminal: signs that it is the player's move, and Ctrl+C."""

import random
import re
import time

import pytest

from dungeon.tale.adventure import State
from tests.dungeon.plain.processes import command, play
from tests.dungeon.playing import saved_adventure
from tests.dungeon.scripted import Hold, ScriptedServer
from tests.terminal import Terminal

CTRL_C = "\x03"
HOW_TO_LEAVE = "/quit leaves; Ctrl+C once more as well.\r\n> "
YOUR_TURN = "Your turn.\r\n> "


def iron_door(server: ScriptedServer) -> Terminal:
    return Terminal(command(server, "--scenario", "iron-door"))


# ---- signs -------------------------------------------------------------------------------------------------------


def test_a_terminal_is_told_when_it_is_the_players_move(server: ScriptedServer) -> None:
    server.answers = ["\nThe door opens."]
    with iron_door(server) as terminal:
        terminal.expect(f"3. Search the wagon for a lamp\r\n{YOUR_TURN}")
        terminal.send("open it\n")
        terminal.expect(f"The door opens.\r\n{YOUR_TURN}")
        terminal.send("/help redo\n")
        terminal.expect("/redo  Forward again.\r\n> ")
        terminal.send("/set plain_cues off\nlook\n/quit\n")
        terminal.expect("plain_cues = off (all adventures)\r\n")
        assert terminal.wait() == 0
        assert "Your turn" not in terminal.seen.decode()
        assert "\r\n> \r\n" not in terminal.seen.decode()


def test_a_pipe_has_no_signs_unless_it_asks_for_them(server: ScriptedServer) -> None:
    server.answers = ["\nIt is dark."]
    script = "look\n/help redo\n"
    without = play(server, script, "--scenario", "iron-door", "--seed", "1").stdout
    assert "Your turn." not in without
    with_signs = play(server, f"/set plain_cues on\n{script}", "--scenario", "iron-door", "--seed", "1").stdout
    assert with_signs.count("Your turn.\n> ") == 1
    assert "It is dark.\nYour turn.\n> /redo  Forward again.\n> " in with_signs
    play(server, "/set plain_cues auto\n", "--continue")
    assert play(server, script, "--scenario", "iron-door", "--seed", "1").stdout == without


# ---- Ctrl+C ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [CTRL_C, "/stop\n"])
def test_a_turn_is_stopped_and_what_came_is_kept(server: ScriptedServer, stop: str) -> None:
    server.answers = [["\nThe door opens. Somebody", Hold(), "Never."], " coughs."]
    with iron_door(server) as terminal:
        terminal.expect(YOUR_TURN)
        terminal.send("open it\n")
        terminal.expect("The door opens.")
        terminal.until(server.holding.is_set)
        terminal.send(stop)
        terminal.expect("Somebody\r\nStopped. What came is kept; an empty line goes on from there.\r\n")
        terminal.expect(YOUR_TURN)
        assert saved_adventure().path()[-1].prose == "The door opens. Somebody"
        terminal.send("\n")
        terminal.expect("Somebody coughs.")
        terminal.expect(YOUR_TURN)
        terminal.send("/quit\n")
        assert terminal.wait() == 0
    assert [node.prose for node in saved_adventure().path()] == ["The door opens. Somebody coughs."]


def test_a_turn_stopped_before_its_first_word_is_taken_back(server: ScriptedServer) -> None:
    server.answers = [[Hold(), "Never."], "\nIt is dark."]
    with iron_door(server) as terminal:
        terminal.expect(YOUR_TURN)
        terminal.send("open it\n")
        terminal.until(server.holding.is_set)
        terminal.send(CTRL_C)
        terminal.expect("Stopped before the first word came: the line is taken back.\r\n")
        terminal.expect(YOUR_TURN)
        terminal.send("look\n")
        terminal.expect("It is dark.")
        terminal.send("/quit\n")
        assert terminal.wait() == 0
    assert [(node.input, node.prose) for node in saved_adventure().path()] == [("look", "It is dark.")]


def test_what_was_typed_while_a_turn_ran_is_played_after_it_was_stopped(server: ScriptedServer) -> None:
    server.answers = [["\nThe door opens. ", Hold(), "Never."], "\nIt is dark."]
    with iron_door(server) as terminal:
        terminal.expect(YOUR_TURN)
        terminal.send("open it\n")
        terminal.expect("The door opens.")
        terminal.send("look\n/stop\n")
        terminal.expect("It is dark.")
        terminal.expect(YOUR_TURN)
        terminal.send("/quit\n")
        assert terminal.wait() == 0
    assert [node.input for node in saved_adventure().path()] == ["open it", "look"]


def test_ctrl_c_at_the_prompt_says_how_to_leave_and_leaves_the_second_time(server: ScriptedServer) -> None:
    with iron_door(server) as terminal:
        terminal.expect(YOUR_TURN)
        terminal.send(CTRL_C)
        terminal.expect(HOW_TO_LEAVE)
        terminal.send("/help redo\n")
        terminal.expect("Forward again.\r\n> ")
        terminal.send(CTRL_C)
        terminal.expect(HOW_TO_LEAVE)
        terminal.send(CTRL_C)
        terminal.expect("Stopped. Everything is saved; --continue goes on.")
        assert terminal.wait(10) == 130


def test_ctrl_c_at_the_menu_and_at_a_question_does_the_same(server: ScriptedServer) -> None:
    with Terminal(command(server)) as terminal:
        terminal.expect("/quit leaves.\r\n> ")
        terminal.send(CTRL_C)
        terminal.expect(HOW_TO_LEAVE)
        terminal.send("dragon\n")
        terminal.expect("What is your name? (an empty line: Brindle)\r\n> ")
        terminal.send(CTRL_C)
        terminal.expect(HOW_TO_LEAVE)
        terminal.send(CTRL_C)
        assert terminal.wait(10) == 130


def test_three_times_ctrl_c_leave_a_turn_that_streams(server: ScriptedServer) -> None:
    server.answers = [["\nThe door opens. ", Hold(), "Never."]]
    with iron_door(server) as terminal:
        terminal.expect(YOUR_TURN)
        terminal.send("open it\n")
        terminal.expect("The door opens.")
        terminal.send(CTRL_C)
        terminal.expect("Stopped. What came is kept")
        terminal.send(CTRL_C)
        terminal.expect(HOW_TO_LEAVE)
        terminal.send(CTRL_C)
        assert terminal.wait(10) == 130
    assert saved_adventure().path()[-1].prose == "The door opens."


def test_whenever_ctrl_c_is_pressed_what_was_printed_is_saved_and_the_game_goes_on(server: ScriptedServer) -> None:
    chance = random.Random(5)
    server.answers = [f"\nHour {hour} goes by. The rain has not stopped, and nobody comes." for hour in range(90)]
    with iron_door(server) as terminal:
        terminal.expect(YOUR_TURN)
        for number in range(12):
            terminal.send(f"wait {number}\n")
            terminal.expect(f"> You wait {number}.\r\n")
            time.sleep(chance.uniform(0, 0.06))  # so that it hits the turn anywhere, or the prompt after it
            terminal.send(CTRL_C)
            terminal.expect("\r\n> ")
        terminal.send("sleep\n")
        terminal.expect("> You sleep.\r\n\r\nHour")
        terminal.expect(YOUR_TURN)
        terminal.send("/quit\n")
        assert terminal.wait() == 0
        printed = terminal.drawn.decode()
    saved = saved_adventure()
    assert saved.path()[-1].input == "sleep"
    assert all(node.state is not State.STREAMING for node in saved.nodes.values()), "each turn came to an end"
    hours = r"Hour \d+ goes by\."
    saved_hours = re.findall(hours, "".join(node.prose for node in saved.path()))
    printed_hours = re.findall(hours, printed)
    # A terminal drops what it has not shown yet when Ctrl+C is pressed, so not all that is kept must be there.
    assert printed_hours == [hour for hour in saved_hours if hour in printed_hours]
    assert len([node for node in saved.nodes.values() if node.input.startswith("wait")]) == 12, "no turn is lost"

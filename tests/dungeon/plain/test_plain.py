"""`dungeon --plain` as a process."""

import os
import signal
import subprocess
import sys

import pytest

from tests.dungeon.playing import saved_adventure
from tests.dungeon.scripted import Drop, Hold, ScriptedServer
from tests.terminal import Terminal


def command(server: ScriptedServer, *options: str) -> list[str]:
    play = ["play", "--plain", "--endpoint", server.url, "--model", "scripted"]
    return [sys.executable, "-m", "dungeon", *play, *options]


def play(server: ScriptedServer, lines: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(server, *options), input=lines, capture_output=True, encoding="utf-8", timeout=60, check=False
    )


def test_a_script_of_lines_prints_its_turns(server: ScriptedServer) -> None:
    server.answers = ["\nThe door opens.", "\nNobody answers.", "\nA wind blows.", "\nHessa laughs."]
    script = 'open the iron door\n"who is there?"\n\n/undo\n/retry\n/quit\n'
    result = play(server, script, "--scenario", "iron-door", "--seed", "7")
    assert (result.returncode, result.stderr) == (0, "")
    turns = result.stdout[result.stdout.index("> You open the iron door.") :]
    assert _paragraphs(turns) == [
        "> You open the iron door.",
        "The door opens.",
        '> You say "Who is there?"',
        "Nobody answers.",
        "A wind blows.",
        '> You say "Who is there?"',
        "Nobody answers.",
        '> You say "Who is there?"',
        "Hessa laughs.",
    ]


def _paragraphs(text: str) -> list[str]:
    return [paragraph.strip() for paragraph in text.split("\n\n") if paragraph.strip()]


def test_hostile_text_is_printed_without_escape_codes(server: ScriptedServer) -> None:
    server.answers = ["\nThe [bold]dragon[/] \x1b[31m roars שלום 🐉."]
    result = play(server, "look \x1b[2J at it\n", "--scenario", "iron-door")
    assert "\x1b" not in result.stdout + result.stderr
    assert "The [bold]dragon[/] [31m roars שלום 🐉." in result.stdout


def test_continue_shows_the_last_turns_and_plays_on(server: ScriptedServer) -> None:
    server.answers = ["\nThe door opens.", "\nIt is dark."]
    play(server, "open the iron door\n", "--scenario", "iron-door")
    result = play(server, "go in\n", "--continue")
    assert result.returncode == 0
    assert "> You open the iron door.\n\nThe door opens." in result.stdout
    assert "> You go in.\n\nIt is dark." in result.stdout
    assert str(server.requests[-1]["prompt"]).endswith("The door opens.\n\n> You go in.\n")


def test_the_end_of_input_ends_the_game(server: ScriptedServer) -> None:
    result = play(server, "", "--scenario", "iron-door")
    assert (result.returncode, result.stderr) == (0, "")


def test_a_scenario_asks_for_its_placeholders_before_it_begins(server: ScriptedServer) -> None:
    server.answers = ["\nVermilla opens her jaws."]
    result = play(server, "Bo\nlook in\n", "--scenario", "dragons-tooth")
    assert (result.returncode, result.stderr) == (0, "")
    assert "What is your name? (an empty line: Brindle)\n" in result.stdout
    assert "You are Bo, who pulls teeth" in result.stdout
    assert "You are Brindle, who pulls teeth" in play(server, "\n/quit\n", "--scenario", "dragons-tooth").stdout


def test_a_question_in_a_typed_opening_is_asked_until_it_is_answered(server: ScriptedServer) -> None:
    result = play(server, "You are ${Who are you?} of ${town}, and late.\n\n \nBo\n\n/quit\n")
    assert result.returncode == 0
    assert result.stdout.count("Who are you?\n") == 1
    assert result.stderr.count("The story needs an answer to this.") == 2
    assert "You are Bo of town, and late." in result.stdout


def test_without_a_scenario_option_the_player_chooses_or_writes_one(server: ScriptedServer) -> None:
    server.answers = ["\nThe sea is calm."]
    result = play(server, "nonsense\nYou are a cook on a small grey ship.\nlook out\n/new\n3\n/quit\n")
    assert "There is no scenario 'nonsense'" in result.stderr
    assert server.requests[0]["prompt"] == "You are a cook on a small grey ship.\n\n> You look out.\n"
    assert "The Iron Door" in result.stdout


def test_commands_answer_and_mistakes_are_reported_on_stderr(server: ScriptedServer) -> None:
    server.answers = ["\nYes."]
    lines = "/help\n/do wave\n/say hi\n/story It rains.\n/continue\n/undo\n/redo\n/print\n/mode\nhello\n"
    lines += "/stop\n/dance\n/do\n"
    result = play(server, lines, "--scenario", "iron-door")
    assert result.returncode == 0
    for text in ("/retry", "> You wave.", '> You say "Hi."', "It rains.", '> You say "Hello."'):
        assert text in result.stdout
    for message in ("A bare line is now: say.", "There is no command /dance", "/do needs words"):
        assert message in result.stderr


def test_a_number_plays_a_suggestion(server: ScriptedServer) -> None:
    server.answers = ["\nYes."]
    result = play(server, "1\n", "--scenario", "iron-door")
    assert "1. Open the iron door" in result.stdout
    assert "> You open the iron door." in result.stdout


def test_a_line_of_a_hundred_thousand_characters_is_saved_whole(server: ScriptedServer) -> None:
    server.answers = ["\nThat is a lot."]
    words = ("word " * 20_000).strip()
    play(server, f"shout {words}\n", "--scenario", "iron-door")
    assert len(str(server.requests[0]["prompt"])) < 8000
    result = play(server, "/print\n", "--continue")
    assert words in result.stdout


def test_a_line_that_is_not_utf_8_does_not_end_the_game(server: ScriptedServer) -> None:
    server.answers = ["\nHm."]
    result = subprocess.run(
        command(server, "--scenario", "iron-door"),
        input=b"say caf\xe9\nwait\n",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0
    assert b"> You wait." in result.stdout


def test_a_server_that_breaks_off_is_reported_and_the_action_is_kept(server: ScriptedServer) -> None:
    server.answers = [Drop()]
    result = play(server, "wait\n", "--scenario", "iron-door")
    assert f"The storyteller at {server.url} broke off" in result.stderr
    assert "Traceback" not in result.stderr
    assert "> You wait." in play(server, "", "--continue").stdout


def test_a_server_that_is_not_there_is_one_message_at_once() -> None:
    with ScriptedServer() as gone:
        pass
    result = play(gone, "wait\n", "--scenario", "iron-door")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"dungeon: No storyteller answers at {gone.url}")


def test_a_game_killed_while_a_turn_streams_continues_with_all_its_text(
    server: ScriptedServer,
) -> None:
    server.answers = ["\nThe door opens.", ["\nNobody answers. ", Hold(), "A step. ", Hold(), "Never sent."]]
    game = subprocess.Popen(
        command(server, "--scenario", "iron-door"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    )
    assert game.stdin is not None
    assert game.stdout is not None
    game.stdin.write('open the iron door\n"who is there?"\n')
    game.stdin.flush()
    seen = ""
    while "Nobody answers." not in seen:
        seen += game.stdout.read(1)
    while not saved_adventure().path()[-1].prose:  # it is saved a moment after it is shown
        assert game.poll() is None
    os.kill(game.pid, signal.SIGKILL)
    game.wait()
    server.release()
    result = play(server, "", "--continue")
    assert "> You open the iron door.\n\nThe door opens." in result.stdout
    assert '> You say "Who is there?"\n\nNobody answers.' in result.stdout


def test_ctrl_c_at_the_prompt_ends_the_game(server: ScriptedServer) -> None:
    with Terminal(command(server, "--scenario", "iron-door")) as terminal:
        terminal.expect("Search the wagon")
        terminal.send("\x03")
        assert terminal.wait(10) == 130


def test_ctrl_c_while_a_turn_streams_saves_its_text(server: ScriptedServer) -> None:
    server.answers = [["\nThe door opens. ", Hold(), "Never."]]
    with Terminal(command(server, "--scenario", "iron-door")) as terminal:
        terminal.expect("Search the wagon")
        terminal.send("open it\n")
        terminal.expect("The door opens.")
        terminal.send("\x03")
        assert terminal.wait(10) == 130
    assert "> You open it.\n\nThe door opens." in play(server, "", "--continue").stdout


def test_voices_are_listed_as_lines(server: ScriptedServer) -> None:
    result = play(server, "/voices\n", "--scenario", "iron-door")
    assert "lantern * · can be fetched · 98 MB" in result.stdout
    assert "This machine: " in result.stdout


def test_a_large_voice_is_not_fetched_by_its_name(server: ScriptedServer) -> None:
    result = play(server, "/voices ember\n/voices nope\n", "--scenario", "iron-door")
    assert "dungeon voices get ember" in result.stderr
    assert "There is no voice 'nope'" in result.stderr
    assert result.returncode == 0


@pytest.mark.real
@pytest.mark.usefixtures("home_with_weights")
def test_another_voice_takes_over_in_mid_adventure(server: ScriptedServer) -> None:
    server.answers = ["\nThe door opens."]
    result = play(server, "open the door\n/voices lantern\nlook around\n", "--scenario", "iron-door")
    assert result.returncode == 0
    assert "The voice is lantern." in result.stderr
    (last,) = result.stdout.split("> You look around.")[1:]
    assert last.strip()
    assert "look around" not in str(server.requests)

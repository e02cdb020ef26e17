"""The game as lines, as a process: what a script and a screen reader get."""

import os
import signal
import subprocess
import sys

from tests.dungeon.playing import on_disk
from tests.dungeon.scripted import Drop, Hold, ScriptedServer
from tests.terminal import Terminal


def command(server: ScriptedServer, *options: str) -> list[str]:
    play = ["play", "--plain", "--endpoint", server.url, "--model", "scripted"]
    return [sys.executable, "-m", "dungeon", *play, *options]


def play(server: ScriptedServer, lines: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(server, *options), input=lines, capture_output=True, encoding="utf-8", timeout=60, check=False
    )


def test_the_issue_s_script_prints_a_story_with_those_turns(server: ScriptedServer) -> None:
    server.answers = ["\nThe door opens.", "\nNobody answers.", "\nA wind blows.", "\nHessa laughs."]
    script = 'open the iron door\n"who is there?"\n\n/undo\n/retry\n/quit\n'
    result = play(server, script, "--scenario", "iron-door", "--seed", "7")
    assert (result.returncode, result.stderr) == (0, "")
    told = result.stdout[result.stdout.index("> You open the iron door.") :]
    assert _blocks(told) == [
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


def _blocks(text: str) -> list[str]:
    return [block.strip() for block in text.split("\n\n") if block.strip()]


def test_no_escape_codes_whatever_the_story_holds(server: ScriptedServer) -> None:
    server.answers = ["\nThe [bold]dragon[/] \x1b[31m roars שלום 🐉."]
    result = play(server, "look \x1b[2J at it\n", "--scenario", "iron-door")
    assert "\x1b" not in result.stdout + result.stderr
    assert "The [bold]dragon[/] [31m roars שלום 🐉." in result.stdout


def test_continue_shows_the_last_turns_and_goes_on(server: ScriptedServer) -> None:
    server.answers = ["\nThe door opens.", "\nIt is dark."]
    play(server, "open the iron door\n", "--scenario", "iron-door")
    result = play(server, "go in\n", "--continue")
    assert result.returncode == 0
    assert "> You open the iron door.\n\nThe door opens." in result.stdout
    assert "> You go in.\n\nIt is dark." in result.stdout
    assert str(server.requests[-1]["prompt"]).endswith("The door opens.\n\n> You go in.\n")


def test_the_end_of_input_is_quit(server: ScriptedServer) -> None:
    result = play(server, "", "--scenario", "iron-door")
    assert (result.returncode, result.stderr) == (0, "")


def test_a_scenario_asks_before_it_begins(server: ScriptedServer) -> None:
    server.answers = ["\nVermilla opens her jaws."]
    result = play(server, "Bo\nlook in\n", "--scenario", "dragons-tooth")
    assert (result.returncode, result.stderr) == (0, "")
    assert "What is your name? (an empty line: Brindle)\n" in result.stdout
    assert "You are Bo, who pulls teeth" in result.stdout
    assert "You are Brindle, who pulls teeth" in play(server, "\n/quit\n", "--scenario", "dragons-tooth").stdout


def test_without_a_scenario_one_is_chosen_or_written(server: ScriptedServer) -> None:
    server.answers = ["\nThe sea is calm."]
    result = play(server, "nonsense\nYou are a cook on a small grey ship.\nlook out\n/new\n3\n/quit\n")
    assert "There is no scenario 'nonsense'" in result.stderr
    assert server.requests[0]["prompt"] == "You are a cook on a small grey ship.\n\n> You look out.\n"
    assert "The Iron Door" in result.stdout


def test_every_command_answers(server: ScriptedServer) -> None:
    server.answers = ["\nYes."]
    lines = "/help\n/do wave\n/say hi\n/story It rains.\n/continue\n/undo\n/redo\n/print\n/mode\nhello\n"
    lines += "/stop\n/dance\n/do\n"
    result = play(server, lines, "--scenario", "iron-door")
    assert result.returncode == 0
    for shown in ("/retry", "> You wave.", '> You say "Hi."', "It rains.", '> You say "Hello."'):
        assert shown in result.stdout
    for noted in ("A bare line is now: say.", "There is no command /dance", "/do needs words"):
        assert noted in result.stderr


def test_a_number_picks_a_suggestion(server: ScriptedServer) -> None:
    server.answers = ["\nYes."]
    result = play(server, "1\n", "--scenario", "iron-door")
    assert "1. Open the iron door" in result.stdout
    assert "> You open the iron door." in result.stdout


def test_a_hundred_thousand_characters_are_kept(server: ScriptedServer) -> None:
    server.answers = ["\nThat is a lot."]
    words = ("word " * 20_000).strip()
    play(server, f"shout {words}\n", "--scenario", "iron-door")
    assert len(str(server.requests[0]["prompt"])) < 8000
    result = play(server, "/print\n", "--continue")
    assert words in result.stdout


def test_a_line_that_is_not_utf8_does_not_end_the_game(server: ScriptedServer) -> None:
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


def test_killed_in_mid_stream_it_starts_again_with_every_finished_turn_and_the_partial_one(
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
    while not on_disk().path()[-1].prose:  # a moment after it was shown
        assert game.poll() is None
    os.kill(game.pid, signal.SIGKILL)
    game.wait()
    server.release()
    result = play(server, "", "--continue")
    assert "> You open the iron door.\n\nThe door opens." in result.stdout
    assert '> You say "Who is there?"\n\nNobody answers.' in result.stdout


def test_ctrl_c_at_the_prompt_ends_the_game_at_once(server: ScriptedServer) -> None:
    with Terminal(command(server, "--scenario", "iron-door")) as terminal:
        terminal.expect("Search the wagon")
        terminal.send("\x03")
        assert terminal.wait(10) == 130


def test_ctrl_c_in_mid_turn_keeps_what_came(server: ScriptedServer) -> None:
    server.answers = [["\nThe door opens. ", Hold(), "Never."]]
    with Terminal(command(server, "--scenario", "iron-door")) as terminal:
        terminal.expect("Search the wagon")
        terminal.send("open it\n")
        terminal.expect("The door opens.")
        terminal.send("\x03")
        assert terminal.wait(10) == 130
    assert "> You open it.\n\nThe door opens." in play(server, "", "--continue").stdout

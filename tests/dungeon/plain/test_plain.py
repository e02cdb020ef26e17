"""`dungeon --plain` as a process."""

import os
import signal
import subprocess

import pytest

from tests.dungeon.plain.processes import command, play
from tests.dungeon.playing import saved_adventure
from tests.dungeon.scripted import Drop, Fail, Hold, ScriptedServer


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


def test_sigint_in_a_pipe_ends_the_game_and_saves_what_came(server: ScriptedServer) -> None:
    server.answers = [["\nThe door opens. It is", Hold(), "Never."]]
    game = subprocess.Popen(
        command(server, "--scenario", "iron-door"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert game.stdin and game.stdout
    game.stdin.write("open it\n")
    game.stdin.flush()
    seen = ""
    while "The door opens." not in seen:
        seen += game.stdout.read(1)
    game.send_signal(signal.SIGINT)
    rest, notes = game.communicate(timeout=30)
    assert (game.returncode, rest) == (130, "")
    assert notes == "Stopped. Everything is saved; --continue goes on.\n"
    (node,) = saved_adventure().path()
    assert node.prose.startswith("The door opens.")


@pytest.mark.parametrize("answer", [Drop(), Fail(500, {"error": {"message": "out of memory"}})])
def test_a_game_in_which_the_only_turn_failed_exits_with_1(server: ScriptedServer, answer: Drop | Fail) -> None:
    server.answers = [answer]
    failed = play(server, "look\n/quit\n", "--scenario", "iron-door")
    assert failed.returncode == 1
    assert failed.stderr and "Traceback" not in failed.stderr
    server.answers = [answer, "\nIt is dark."]
    assert play(server, "look\nlook again\n", "--scenario", "iron-door").returncode == 0, "something was played"
    assert play(server, "/dance\n", "--scenario", "iron-door").returncode == 0, "no turn was asked for"


def test_what_came_of_a_turn_that_failed_is_printed_for_it_is_kept(server: ScriptedServer) -> None:
    server.answers = [["\nThe door opens. It is dark and", Drop()]]
    result = play(server, "look\n", "--scenario", "iron-door")
    assert result.stdout.endswith(f"> You look.\n\n{saved_adventure().path()[-1].prose}\n")
    assert "dark and" in result.stdout


def test_a_dash_clears_a_text_that_the_voice_knows(server: ScriptedServer) -> None:
    lines = "/memory The door is iron.\n/note Be brief.\n/summary Rain fell.\n/memory -\n/note -\n/summary -\n"
    result = play(server, lines, "--scenario", "iron-door")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.endswith(
        "Added to the memory: The door is iron.\nAuthor's note: Be brief.\nSummary: Rain fell.\n"
        "The memory is empty now.\nAuthor's note: nothing yet. /note WORDS sets it.\n"
        "There is no summary yet: the voice still sees every turn.\n"
    )
    lore = saved_adventure().lore
    assert (lore.memory, lore.note, lore.summary, lore.summary_through) == ("", "", "", 0)
    help_ = play(server, "/help clears\n", "--continue").stdout
    assert all(f"/{name} [WORDS]" in help_ for name in ("memory", "note", "instructions"))


def test_takes_and_branches_are_told_apart_in_words(server: ScriptedServer) -> None:
    server.answers = ["\nThe door opens. A cold wind comes out.", "\nThe door opens. A warm wind comes out."]
    result = play(server, "open it\n/retry\n/takes\n/compare 1\n/tree\n", "--scenario", "iron-door")
    assert "1. Turn 1, and what differs:\nBoth: > You open it. The door opens. A\nOnly turn 1: cold\n" in result.stdout
    assert "Only this one: warm\nBoth: wind comes out.\n\n2. This one:\n> You open it." in result.stdout
    assert "The branches part at the opening: 1 turn there, 1 here.\n" in result.stdout
    assert "Only there: cold\nOnly here: warm\n" in result.stdout
    assert "1   The door opens. A cold wind comes out. (after 0; take 1 of 2)\n" in result.stdout


def test_a_command_that_moves_nobody_does_not_print_the_turn_again(server: ScriptedServer) -> None:
    server.answers = ["\nThe door opens."]
    result = play(server, "open it\n/bookmark\n/name The door\n/go 1\n/back\n", "--scenario", "iron-door")
    assert result.stdout.count("The door opens.") == 1
    assert result.stdout.endswith(
        "Bookmarked: 1 in this adventure.\nThis place is now called The door.\nYou are at turn 1.\n"
    )


def test_the_help_finds_commands_by_a_word(server: ScriptedServer) -> None:
    result = play(server, "/help undo\n/help /retry\n/help rety\n", "--scenario", "iron-door")
    found = result.stdout[result.stdout.index("/undo") :].splitlines()
    assert [line.split()[0] for line in found] == ["/undo", "/leave", "/retry"], "the command of that name is first"
    assert result.stderr == "No command has 'rety' in its help. Did you mean /retry? /help lists all.\n"


def test_a_question_takes_no_command_for_an_answer(server: ScriptedServer) -> None:
    server.answers = ["\nThe door opens."]
    lines = "open it\n/edit\n/help\n/undo\n/back\n/purge 1\n/back\n/shelf\n/back\n/edit\n/quit\n"
    result = play(server, lines, "--scenario", "iron-door")
    assert result.returncode == 0
    assert result.stderr.count("Nothing has changed.") == 3
    assert "Answer in one line. /back leaves the question" in result.stderr
    assert "/undo has to wait. Answer the question first; /back leaves it." in result.stderr
    (node,) = saved_adventure().path()
    assert (node.input, node.prose) == ("open it", "The door opens.")


def test_voices_are_listed_as_lines(server: ScriptedServer) -> None:
    result = play(server, "/voices\n", "--scenario", "iron-door")
    assert "lantern, the default; can be fetched; 98 MB" in result.stdout
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

"""The whole game with the bundled weights through llama.cpp, as processes: plain lines and a terminal."""

import subprocess
import sys
from pathlib import Path

import pytest

from dungeon.paths import settings_file, shelf_file
from dungeon.storage.shelf import Shelf
from dungeon.tale.adventure import Node, State
from tests.terminal import Terminal

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("home_with_weights")]

SCRIPT = 'open the iron door\n"who is there?"\n\n/undo\n/retry\n/quit\n'
DUNGEON = [sys.executable, "-m", "dungeon"]


@pytest.fixture
def short_turns(home_with_weights: Path) -> None:
    """Turns of one sentence: they take a third of the time."""
    settings_file().parent.mkdir(parents=True)
    settings_file().write_text("length = 16\n")


def play(script: str, *options: str) -> str:
    result = subprocess.run(
        [*DUNGEON, "play", "--plain", *options], input=script, capture_output=True, encoding="utf-8", check=False
    )
    assert (result.returncode, result.stderr) == (0, "The voice is lantern.\n")
    return result.stdout


def saved_turns() -> list[Node]:
    """The turns of the last adventure on the shelf."""
    shelf = Shelf(shelf_file())
    last = shelf.latest_id()
    turns = shelf.open(last).path() if last else []
    shelf.close()
    return turns


@pytest.mark.usefixtures("short_turns")
def test_the_same_seed_prints_the_same_story_and_another_seed_another_story() -> None:
    printed = play(SCRIPT, "--scenario", "iron-door", "--seed", "7")
    assert printed.count("> You open the iron door.") == 1
    assert printed.count('> You say "Who is there?"') == 3  # played, shown again by undo, played again by retry
    assert play(SCRIPT, "--scenario", "iron-door", "--seed", "7") == printed
    first = printed[: printed.index('> You say "Who is there?"')]
    assert not play("open the iron door\n/quit\n", "--scenario", "iron-door", "--seed", "8").startswith(first)


@pytest.mark.usefixtures("short_turns")
def test_every_turn_has_prose_and_is_saved() -> None:
    play("open the iron door\nlight the lamp\nstep inside\n", "--scenario", "iron-door", "--seed", "1")
    assert [node.action for node in saved_turns()] == [
        "You open the iron door.",
        "You light the lamp.",
        "You step inside.",
    ]
    for node in saved_turns():
        assert node.state is State.DONE
        assert len(node.prose.split()) >= 3
        assert "\n>" not in node.prose


def test_a_game_killed_in_mid_stream_is_continued(home: Path) -> None:
    with Terminal([*DUNGEON, "--scenario", "iron-door"]) as terminal:
        terminal.expect("Search the wagon")
        terminal.send("open the iron door\r")
        terminal.until(lambda: [node.state for node in saved_turns()] == [State.DONE])
        terminal.send("step inside\r")
        terminal.until(lambda: len(saved_turns()) == 2 and bool(saved_turns()[1].prose))
        # Leaving the block kills the game with SIGKILL, in the middle of the stream.
    first, second = saved_turns()
    assert (first.action, first.state) == ("You open the iron door.", State.DONE)
    assert (second.action, second.state) == ("You step inside.", State.STREAMING)
    assert second.prose
    with Terminal([*DUNGEON, "--continue"]) as terminal:
        terminal.expect("> You step inside.")
        terminal.expect(second.prose.split()[0])
        terminal.send("\x11")
        assert terminal.wait() == 0

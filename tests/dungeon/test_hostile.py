"""Text that means something to a terminal or to Textual, wherever it comes from: it is shown, and does nothing."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from textual.content import Content
from textual.widgets import Static

from corpus.text import printable
from corpus.turns import Kind
from dungeon.errors import DungeonError
from dungeon.paths import shelf_file
from dungeon.play.registry import COMMANDS
from dungeon.play.session import Session
from dungeon.scenarios.model import Scenario, scenario_from_opening
from dungeon.scenarios.user import find_scenario
from dungeon.storage.record import GenerationRecord
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.remote import RemoteStoryteller
from dungeon.tale.adventure import Adventure, State
from dungeon.tale.lore import Card, Lore
from dungeon.tui.app import DungeonApp
from dungeon.tui.widgets.prompt import Prompt
from tests.dungeon.scripted import Answer, Fail, ScriptedServer
from tests.terminal import Terminal

pytestmark = pytest.mark.usefixtures("untraced")

HOSTILE = {
    "markup": "[red]blood[/] [b]bold [reverse]on[/reverse]",
    "an action of Textual's": "[@click=app.bell]door[/] [@click=app.quit()]way[/]",
    "a tag that closes nothing": "[/nope] and [/] and [",
    "links": "[link=http://x.example]here[/link] [there](http://y.example)",
    "colours": "\x1b[5;53mblinking\x1b[0m \x1b[2J\x1b[H",
    "a link of the terminal's": "\x1b]8;;http://x.example\x1b\\here\x1b]8;;\x1b\\",
    "the clipboard": "\x1b]52;c;ZWNobw==\x07",
    "the window's title": "\x1b]0;gone\x07\x1b]2;gone\x1b\\",
    "bell and friends": "a\x07b\x08c\x0bd\x0ce\x0ef\x7fg",
    "zero": "a\x00b",
    "C1": "a\x9b5;53mb \x9d52;c;ZWNobw==\x9c \x90q\x9c",
    "right to left": "abc\u202edef\u202c \u2066ghi\u2069 \u200fjkl",
    "lone surrogates": "a\ud83db \udc00c",
    "marks without end": "z" + "\u0301" * 15 + "o",
    "tabs": "one\ttwo\t\tthree",
    "returns": "one\rtwo\r\nthree\r",
    "odd line ends": "one\u2028two\u2029three\x85four\x1cfive",
    "joined emoji": "👩‍🚀 👨‍👩‍👧‍👦 🏴‍☠️ 🐉",
    "templates": "%s %(x)d {x} {0.__class__} ${name} $(reboot) `reboot` \\n \\x1b",
    "a path": "../../../../etc/passwd C:\\con nul:",
    "a database's": "'; DROP TABLE turn; --",
}
_NOT_TEXT = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
MANY = 10_000_000


def command(server: ScriptedServer, *options: str) -> list[str]:
    return [sys.executable, "-m", "dungeon", "play", "--endpoint", server.url, "--model", "scripted", *options]


def told_by(text: str) -> str:
    """A storyteller's answer with that in it."""
    return f"\nThere is {text} on the wall of cell {len(text)}."


def seen(text: str) -> list[str]:
    """The parts of a text that are shown in one piece, however lines are broken: its words."""
    return [word for word in printable(text.replace("\r", "\n")).split() if word.isascii()]


def whole() -> list[str]:
    """Those that a file or a database can hold: no lone surrogates."""
    return [text for text in HOSTILE.values() if "\ud83d" not in text]


# ---- lines -----------------------------------------------------------------------------------------------------------


def test_in_plain_lines_nothing_but_text_is_printed(server: ScriptedServer, tmp_path: Path) -> None:
    server.answers = [told_by(text) for text in HOSTILE.values()]
    file = tmp_path / "hostile.toml"
    everything = json.dumps(" ".join(whole()), ensure_ascii=False).replace("\x7f", "\\u007f")
    file.write_text(
        f"title = {everything}\nopening = {everything}\nmemory = {everything}\nactions = [{everything}]\n"
        f'[[placeholders]]\nname = "name"\nask = {everything}\ndefault = {everything}\n'
        f'[[cards]]\nkeys = ["wall"]\ntext = {everything}\n'
    )
    lines = ["A \x1b[5;53mname", *(f"look at {' '.join(text.split())}" for text in HOSTILE.values()), "/quit", ""]
    game = subprocess.run(
        command(server, "--plain", "--scenario", str(file)),
        input="\n".join(lines).encode("utf-8", "surrogatepass"),
        capture_output=True,
        timeout=120,
        check=False,
    )
    printed, noted = game.stdout.decode(), game.stderr.decode()
    assert game.returncode == 0, noted
    assert "Traceback" not in noted
    assert not _NOT_TEXT.search(printed + noted)
    for text in HOSTILE.values():
        told = told_by(text)
        assert all(word in printed for word in seen(told)), f"{told!r}"
    assert "\x1b" not in "".join(str(request["prompt"]) for request in server.requests)


def raw_adventure() -> Adventure:
    """An adventure whose every text is hostile, put on the shelf as no game of ours would."""
    with closing(Shelf(shelf_file())) as shelf:
        texts = whole()
        every = " ".join(texts)
        adventure = shelf.add_adventure(Scenario(every, every, name=every, actions=tuple(texts)), every)
        adventure.lore = Lore(every, every, (Card((every,), every, always=True), Card(("wall",), every)), every)
        adventure.tags = (every,)
        shelf.save_lore(adventure)
        shelf.save_adventure_labels(adventure)
        for text in texts:
            node = shelf.add_turn(
                adventure, Kind.STORY if "\t" in text else Kind.DO, text, text, GenerationRecord(text, "{}", 1)
            )
            shelf.save_turn(adventure.set_prose(node.id, told_by(text), State.DONE))
            shelf.save_turn_labels(replace(node, name=text, bookmarked=True))
        return adventure


def alone() -> list[str]:
    """The commands that stand alone and do no more than show something."""
    acting = {"quit", "new", "stop", "say", "do", "story", "purge", "export", "copy"}
    return [name for name, command in COMMANDS.items() if name not in acting and command.stands_alone]


def test_in_plain_lines_no_command_prints_more_than_text_whatever_the_shelf_holds(server: ScriptedServer) -> None:
    raw_adventure()
    script = "".join(f"/{name}\n\n\n" for name in alone())
    game = subprocess.run(
        command(server, "--plain", "--continue"), input=script.encode(), capture_output=True, timeout=120, check=False
    )
    printed, noted = game.stdout.decode(), game.stderr.decode()
    assert game.returncode == 0, noted
    assert "Traceback" not in noted
    assert not _NOT_TEXT.search(printed + noted)
    assert "[/nope] and [/] and [" in printed


def test_what_a_server_says_of_its_troubles_is_text_too(server: ScriptedServer) -> None:
    server.answers = [Fail(500, {"error": {"message": "\x1b]52;c;ZWNobw==\x07 [/nope] \x9b5;53m"}})]
    game = subprocess.run(
        command(server, "--plain", "--scenario", "iron-door"),
        input=b"wait\n",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert not _NOT_TEXT.search(game.stdout.decode() + game.stderr.decode())
    assert "[/nope]" in game.stderr.decode()


def test_what_the_command_line_complains_of_is_text_too() -> None:
    game = subprocess.run(
        [sys.executable, "-m", "dungeon", "play", "--plain", "--scenario", "\x1b]52;c;ZWNobw==\x07[/nope]"],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert game.returncode == 2
    assert not _NOT_TEXT.search(game.stderr.decode())
    assert "[/nope]" in game.stderr.decode()


# ---- the screen ------------------------------------------------------------------------------------------------------


async def test_on_the_screen_text_is_text(server: ScriptedServer) -> None:
    every = " ".join(whole())
    scenario = Scenario(every, every, memory=every, cards=(Card(("wall",), every),), actions=tuple(whole()))
    app = DungeonApp(RemoteStoryteller(server.url, "scripted"), scenario=scenario)
    async with app.run_test(size=(100, 30)) as pilot, asyncio.timeout(60):

        async def until(true: Callable[[], bool]) -> None:
            while not true():
                await pilot.pause(0.01)

        await until(lambda: bool(app.screen.query(Prompt)))
        for name in ("markup", "an action of Textual's", "a tag that closes nothing", "links", "colours", "templates"):
            text = HOSTILE[name]
            server.answers = [told_by(text)]
            prompt = app.screen.query_one(Prompt)
            prompt.text = f"look at {' '.join(printable(text).split())}"
            turns = len(app.session.adventure.nodes)
            await pilot.press("enter")
            await until(lambda turns=turns: len(app.session.adventure.nodes) > turns and not app.screen.busy)  # type: ignore[misc]
            prose = app.screen.query(".prose").last(Static)
            assert prose.content == Content(app.session.adventure.path()[-1].prose), "no markup was read in it"
            assert not [word for word in seen(told_by(text)) if word not in str(prose.content)], text


SCREENS = ("edit", "takes", "tree", "memory", "cards", "context", "settings", "shelf", "help")


async def test_on_no_screen_is_more_than_text_whatever_the_shelf_holds(server: ScriptedServer) -> None:
    raw_adventure()
    app = DungeonApp(RemoteStoryteller(server.url, "scripted"), go_on=True)
    async with app.run_test(size=(100, 30)) as pilot, asyncio.timeout(60):

        async def until(true: Callable[[], bool]) -> None:
            while not true():
                await pilot.pause(0.01)

        def look() -> None:
            drawn = re.search(r"<g class=.*", app.export_screenshot(), re.DOTALL)
            assert drawn
            found = _NOT_TEXT.search(drawn[0])
            assert not found, f"{app.screen}: {drawn[0][max(0, found.start() - 100) : found.start() + 50]!r}"

        await until(lambda: bool(app.screen.query(Prompt)))
        play = app.screen
        look()
        for name in SCREENS:
            play.query_one(Prompt).text = f"/{COMMANDS[name].name}"
            await pilot.press("enter")
            await until(lambda: app.screen is not play)
            await pilot.press("pagedown", "down")
            await pilot.pause()
            look()
            await pilot.press("escape")
            await until(lambda: app.screen is play)
        play.query_one(Prompt).text = "/undo"
        await pilot.press("enter")
        await pilot.pause()
        look()


def test_no_command_to_the_terminal_comes_through(server: ScriptedServer) -> None:
    raw_adventure()
    with Terminal(command(server, "--continue"), size=(50, 120)) as game:
        game.until(lambda: b"of cell" in game.seen)
        game.send("\x11")
        assert game.wait() == 0
    drawn = re.sub(rb"\x1b\]22;\w+\x07", b"", game.seen)  # Textual's own: the shape of the mouse's pointer
    for forbidden in (b"\x1b]", b"\x1b[5;53m", b"\x1bP", b"\x07", b"\x00", b"\x0e"):
        at = drawn.find(forbidden)
        assert at < 0, f"{drawn[max(0, at - 200) : at + 60]!r}"
    assert not re.search(rb"\xc2[\x80-\x9f]", drawn)


# ---- too much --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        ["\n" + "x" * MANY],
        ["\n" + "word " * (MANY // 5)],
        ['\n"' + "I go. " * (MANY // 6)],
        ["\n" * (MANY // 2)],
        ["\n" + "a\n" * (MANY // 2)],
        ["\nz" + "\u0301" * (MANY // 10)],
        ["\n", *["word " * 200] * (MANY // 1000)],
        ["\n", *["\n" * 1000] * (MANY // 1000)],
        ["\n", *["x"] * 100_000],
    ],
    ids=["a line", "words", "an open quote", "empty lines", "lines", "marks", "pieces", "empty pieces", "letters"],
)
async def test_a_storyteller_that_does_not_stop(server: ScriptedServer, answer: Answer) -> None:
    """Ten million characters in one line, in many, in one event or in thousands: a turn ends where a turn would."""
    server.answers = [answer]
    storyteller = RemoteStoryteller(server.url, "scripted")
    with closing(Shelf(shelf_file())) as shelf:
        session = Session(shelf, storyteller)
        session.begin(scenario_from_opening("You stand before the iron door."))
        async with asyncio.timeout(30):
            node = await session.play_turn(Kind.DO, "wait", lambda prose: None)
        assert len(node.prose) < 20_000
        server.answers = ["\nIt is dark."]
        assert (await session.play_turn(Kind.DO, "go in", lambda prose: None)).prose == "It is dark."
    await storyteller.close()


def test_a_player_who_says_a_million_letters(server: ScriptedServer) -> None:
    server.answers = ["\nThat is a lot."]
    many = MANY // 10
    lines = f"shout {'a' * many}\n/story {'b' * many}\n/rename {'c' * many}\n/name {'d' * many}\nwait\n/quit\n"
    game = subprocess.run(
        command(server, "--plain", "--scenario", "iron-door"),
        input=lines.encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (game.returncode, game.stderr) == (0, b"")
    assert all(len(str(request["prompt"])) < 20_000 for request in server.requests)
    with closing(Shelf(shelf_file())) as shelf:
        adventure = shelf.open(shelf.latest_id() or 0)
        path = adventure.path()
        assert len(adventure.title) < 100
        assert all(len(node.name) < 100 for node in path)
        assert [len(node.input) // many for node in path] == [1, 1, 0], "what was said is kept"


def test_a_scenario_file_without_end_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "long.toml"
    file.write_text(f'title = "Long"\nopening = "{"x" * MANY}"\n')
    with pytest.raises(DungeonError, match=r"long\.toml"):
        find_scenario(str(file))

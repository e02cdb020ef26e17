"""Text with markup or terminal control sequences, from any source: it is shown as text and has no effect."""

import asyncio
import html
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
from dungeon.storyteller.servers.remote import RemoteStoryteller
from dungeon.tale.adventure import Adventure, State
from dungeon.tale.lore import Card, Lore
from dungeon.tui.app import DungeonApp
from dungeon.tui.widgets.prompt import Prompt
from tests.corpus.test_text import HIDING
from tests.dungeon.playing import play_line, playing_iron_door, saved_adventure
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
    "hidden": "pass\u200bword\u2060 \ufeffx \u061cy\u200e pay\u200dpal \U000e0001\U000e0041\U000e007f a\ufff9b\ufffa",
    "soft hyphens": "so\xadft",
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
_NOT_TEXT = re.compile(f"[\x00-\x09\x0b-\x1f\x7f-\x9f\xad{''.join(HIDING)}]")
TEN_MILLION = 10_000_000


DUNGEON = [sys.executable, "-m", "dungeon"]


def command(server: ScriptedServer, *options: str) -> list[str]:
    return [*DUNGEON, "play", "--endpoint", server.url, "--model", "scripted", *options]


def answer_with(text: str) -> str:
    """A storyteller's answer that contains the text."""
    return f"\nThere is {text} on the wall of cell {len(text)}."


def printable_words(text: str) -> list[str]:
    """The words of a text as they are shown, each in one piece wherever lines are wrapped."""
    return [word for word in printable(text.replace("\r", "\n")).split() if word.isascii()]


def storable() -> list[str]:
    """The texts that a file or a database can store: those without lone surrogates."""
    return [text for text in HOSTILE.values() if "\ud83d" not in text]


# ---- plain mode ------------------------------------------------------------------------------------------------------


def test_plain_mode_prints_only_text(server: ScriptedServer, tmp_path: Path) -> None:
    server.answers = [answer_with(text) for text in HOSTILE.values()]
    file = tmp_path / "hostile.toml"
    everything = json.dumps(" ".join(storable()), ensure_ascii=False).replace("\x7f", "\\u007f")
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
    stdout, stderr = game.stdout.decode(), game.stderr.decode()
    assert game.returncode == 0, stderr
    assert "Traceback" not in stderr
    assert not _NOT_TEXT.search(stdout + stderr)
    for text in HOSTILE.values():
        answer = answer_with(text)
        assert all(word in stdout for word in printable_words(answer)), f"{answer!r}"
    assert "\x1b" not in "".join(str(request["prompt"]) for request in server.requests)


def save_hostile_adventure() -> Adventure:
    """An adventure on the shelf with every text hostile and not cleaned, as the game would never save it."""
    with closing(Shelf(shelf_file())) as shelf:
        texts = storable()
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
            shelf.save_turn(adventure.set_prose(node.id, answer_with(text), State.DONE))
            shelf.save_turn_labels(replace(node, name=text, bookmarked=True))
        return adventure


def commands_that_only_show() -> list[str]:
    """The commands without arguments that only show something."""
    acting = {"quit", "new", "stop", "say", "do", "story", "purge", "export", "copy"}
    return [name for name, command in COMMANDS.items() if name not in acting and command.stands_alone]


def test_every_command_of_plain_mode_prints_only_text_from_a_hostile_shelf(server: ScriptedServer) -> None:
    save_hostile_adventure()
    script = "".join(f"/{name}\n\n\n" for name in commands_that_only_show())
    game = subprocess.run(
        command(server, "--plain", "--continue"), input=script.encode(), capture_output=True, timeout=120, check=False
    )
    stdout, stderr = game.stdout.decode(), game.stderr.decode()
    assert game.returncode == 0, stderr
    assert "Traceback" not in stderr
    assert not _NOT_TEXT.search(stdout + stderr)
    assert "[/nope] and [/] and [" in stdout


def test_an_error_message_of_a_server_is_printed_as_text(server: ScriptedServer) -> None:
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


def test_a_hostile_argument_is_printed_as_text() -> None:
    game = subprocess.run(
        [sys.executable, "-m", "dungeon", "play", "--plain", "--scenario", "\x1b]52;c;ZWNobw==\x07[/nope]"],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    stderr = game.stderr.decode()
    assert (game.returncode, game.stdout) == (2, b"")
    assert stderr.startswith("dungeon: There is no scenario ")
    assert "Traceback" not in stderr
    assert not _NOT_TEXT.search(stderr)
    assert "[/nope]" in stderr


def test_lists_mark_what_turns_or_hides_text_and_an_export_keeps_it() -> None:
    adventure = save_hostile_adventure()

    def output(*arguments: str) -> str:
        done = subprocess.run([*DUNGEON, *arguments], capture_output=True, timeout=60, check=True)
        return done.stdout.decode() + done.stderr.decode()

    for listed in (output("adventures"), output("adventures", "wall")):
        assert not _NOT_TEXT.search(listed.replace("\t", ""))
        assert "abc␦def␦ ␦ghi␦ ␦jkl" in listed
    assert "abc\u202edef" in output("export", str(adventure.id)), "in a pipe as in a file"
    with Terminal([*DUNGEON, "export", str(adventure.id)]) as terminal:
        assert terminal.wait() == 0
    assert "abc␦def" in terminal.drawn.decode()
    assert not _NOT_TEXT.search(re.sub(r"[\t\r]", "", terminal.drawn.decode()))


# ---- the screen ------------------------------------------------------------------------------------------------------


async def test_the_screen_shows_hostile_text_unchanged(server: ScriptedServer) -> None:
    every = " ".join(storable())
    scenario = Scenario(every, every, memory=every, cards=(Card(("wall",), every),), actions=tuple(storable()))
    app = DungeonApp(RemoteStoryteller(server.url, "scripted"), scenario=scenario)
    async with app.run_test(size=(100, 30)) as pilot, asyncio.timeout(60):

        async def until(true: Callable[[], bool]) -> None:
            while not true():
                await pilot.pause(0.01)

        await until(lambda: bool(app.screen.query(Prompt)))
        for name in ("markup", "an action of Textual's", "a tag that closes nothing", "links", "colours", "templates"):
            text = HOSTILE[name]
            server.answers = [answer_with(text)]
            prompt = app.screen.query_one(Prompt)
            prompt.text = f"look at {' '.join(printable(text).split())}"
            turns = len(app.session.adventure.nodes)
            await pilot.press("enter")
            await until(lambda turns=turns: len(app.session.adventure.nodes) > turns and not app.screen.busy)  # type: ignore[misc]
            prose = app.screen.query(".prose").last(Static)
            assert prose.content == Content(app.session.adventure.path()[-1].prose), "the prose was not read as markup"
            assert not [word for word in printable_words(answer_with(text)) if word not in str(prose.content)], text


async def test_what_turns_or_hides_text_is_marked_on_the_screen_and_kept_as_it_came(
    server: ScriptedServer, tmp_path: Path
) -> None:
    async with playing_iron_door(server) as pilot, asyncio.timeout(60):
        server.answers = ["\nThe sign says \u202eevil\u202c in so\xadft ink."]
        await play_line(pilot, "read \u2066it\u2069 pay\u200bpal")
        drawn = html.unescape(pilot.app.export_screenshot()).replace("\xa0", " ")
        assert "The sign says ␦evil␦ in soft ink." in drawn
        assert "You read ␦it␦ pay␦pal." in drawn
        assert not set(drawn) & set(HIDING)
        file = tmp_path / "story.md"
        await play_line(pilot, f"/export {file}")
        (turn,) = saved_adventure().path()
        for text in ("The sign says \u202eevil\u202c in so\xadft ink.", "read \u2066it\u2069 pay\u200bpal"):
            assert text in f"{turn.input} {turn.prose}"
            assert text in file.read_text()


SCREENS = ("edit", "takes", "tree", "memory", "cards", "context", "settings", "shelf", "help")


async def test_every_screen_shows_only_text_from_a_hostile_shelf(server: ScriptedServer) -> None:
    save_hostile_adventure()
    app = DungeonApp(RemoteStoryteller(server.url, "scripted"), go_on=True)
    async with app.run_test(size=(100, 30)) as pilot, asyncio.timeout(60):

        async def until(true: Callable[[], bool]) -> None:
            while not true():
                await pilot.pause(0.01)

        def assert_only_text() -> None:
            drawn = re.search(r"<g class=.*", app.export_screenshot(), re.DOTALL)
            assert drawn
            found = _NOT_TEXT.search(drawn[0])
            assert not found, f"{app.screen}: {drawn[0][max(0, found.start() - 100) : found.start() + 50]!r}"

        await until(lambda: bool(app.screen.query(Prompt)))
        play = app.screen
        assert_only_text()
        for name in SCREENS:
            play.query_one(Prompt).text = f"/{COMMANDS[name].name}"
            await pilot.press("enter")
            await until(lambda: app.screen is not play)
            await pilot.press("pagedown", "down")
            await pilot.pause()
            assert_only_text()
            await pilot.press("escape")
            await until(lambda: app.screen is play)
        play.query_one(Prompt).text = "/undo"
        await pilot.press("enter")
        await pilot.pause()
        assert_only_text()


def test_no_control_sequence_reaches_the_terminal(server: ScriptedServer) -> None:
    save_hostile_adventure()
    with Terminal(command(server, "--continue"), size=(50, 120)) as game:
        game.until(lambda: b"of cell" in game.seen)
        game.send("\x11")
        assert game.wait() == 0
    drawn = re.sub(rb"\x1b\]22;\w+\x07", b"", game.seen)  # sent by Textual: the shape of the mouse pointer
    for forbidden in (b"\x1b]", b"\x1b[5;53m", b"\x1bP", b"\x07", b"\x00", b"\x0e"):
        at = drawn.find(forbidden)
        assert at < 0, f"{drawn[max(0, at - 200) : at + 60]!r}"
    assert not re.search(rb"\xc2[\x80-\x9f]", drawn)
    assert not _NOT_TEXT.search(re.sub(r"[\x00-\x1f\x7f]", "", drawn.decode()))


# ---- very long texts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        ["\n" + "x" * TEN_MILLION],
        ["\n" + "word " * (TEN_MILLION // 5)],
        ['\n"' + "I go. " * (TEN_MILLION // 6)],
        ["\n" * (TEN_MILLION // 2)],
        ["\n" + "a\n" * (TEN_MILLION // 2)],
        ["\nz" + "\u0301" * (TEN_MILLION // 10)],
        ["\n", *["word " * 200] * (TEN_MILLION // 1000)],
        ["\n", *["\n" * 1000] * (TEN_MILLION // 1000)],
        ["\n", *["x"] * 100_000],
    ],
    ids=["a line", "words", "an open quote", "empty lines", "lines", "marks", "pieces", "empty pieces", "letters"],
)
async def test_a_turn_from_a_storyteller_that_does_not_stop_ends(server: ScriptedServer, answer: Answer) -> None:
    """Ten million characters in one line, in many, in one event or in thousands: the turn ends at its usual length."""
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


def test_an_input_of_a_million_letters_is_saved_and_shortened_in_the_prompt(server: ScriptedServer) -> None:
    server.answers = ["\nThat is a lot."]
    million = TEN_MILLION // 10
    lines = (
        f"shout {'a' * million}\n/story {'b' * million}\n/rename {'c' * million}\n/name {'d' * million}\nwait\n/quit\n"
    )
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
        assert [len(node.input) // million for node in path] == [1, 1, 0], "the input is saved whole"


def test_a_scenario_file_of_ten_million_letters_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "long.toml"
    file.write_text(f'title = "Long"\nopening = "{"x" * TEN_MILLION}"\n')
    with pytest.raises(DungeonError, match=r"long\.toml"):
        find_scenario(str(file))

"""The command `dungeon`: light help, data on stdout, and for every mistake one message and exit code 2."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import date
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from corpus.chat_frame import INSTRUCT_SAMPLING
from corpus.extras import install_line
from corpus.turns import Kind
from dungeon.cli import main
from dungeon.paths import shelf_file
from dungeon.play.registry import COMMANDS
from dungeon.scenarios.library import builtin_scenarios
from dungeon.scenarios.model import fill_placeholders, scenario_from_opening
from dungeon.storage.backups import back_up
from dungeon.storage.record import NO_VOICE
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.catalogue import SMOLLM2
from dungeon.storyteller.sampling import Sampling
from dungeon.tale.adventure import State
from tests.dungeon.gguf_files import instruct_gguf
from tests.dungeon.scripted import ScriptedServer
from tests.terminal import Terminal

Refused = Callable[..., str]


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """The command as a process."""
    command = [sys.executable, "-m", "dungeon", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, encoding="utf-8", timeout=60, check=False)


@pytest.fixture
def refusal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Runs the command in this process, expects exit code 2 and an empty stdout, and returns stderr."""

    def refused(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["dungeon", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = capsys.readouterr()
        assert (caught.value.code, out) == (2, "")
        assert "Traceback" not in err
        return err

    return refused


# ---- help and lists ----------------------------------------------------------------------------------------------


def test_help_loads_only_click_and_the_standard_library() -> None:
    code = (
        "import sys; sys.argv = ['dungeon', '--help']\n"
        "from dungeon.cli import main\n"
        "try: main()\n"
        "finally: print(*sys.modules, file=sys.stderr)"
    )
    environment = {"PYTHONPATH": "."}  # without coverage, which imports more
    help_ = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    loaded = {name.partition(".")[0] for name in help_.stderr.split()}
    assert "click" in loaded
    assert not loaded & {
        "textual",
        "rich",
        "httpx2",
        "xllamacpp",
        "msgspec",
        "torch",
        "sqlite3",
        "platformdirs",
        "asyncio",
    }
    for word in ("--scenario", "--continue", "--voice", "--endpoint", "--seed", "--plain", "scenarios", "finetune"):
        assert word in help_.stdout


def test_scenarios_are_listed_with_name_title_and_genre() -> None:
    listed = run("scenarios")
    assert (listed.returncode, listed.stderr) == (0, "")
    rows = [line.split("\t") for line in listed.stdout.splitlines()]
    assert rows == [
        [scenario.name, fill_placeholders(scenario, {}).title, scenario.genre] for scenario in builtin_scenarios()
    ]
    assert len(rows) >= 8


def test_voices_are_listed_with_what_a_player_asks(home: Path) -> None:
    listed = run("voices")
    rows = {line.split("\t")[0]: line.split("\t")[1:] for line in listed.stdout.splitlines()}
    assert list(rows)[:2] == ["lantern *", "ember"], "the star is at the default"
    place, size, needs, speed, licence, summary = rows["ember"]
    assert (place, size, licence) == ("can be fetched", "1.1 GB", "Apache-2.0")
    assert needs.startswith("needs 1.6 GB, ") and "words/s" in speed and summary
    assert "This machine: " in listed.stderr and "cores" in listed.stderr


def test_a_voice_is_got_listed_and_removed(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "storm.gguf"
    file.write_bytes(instruct_gguf())
    got = run("voices", "get", str(file))
    assert (got.returncode, got.stdout) == (0, "storm\n")
    assert "dungeon --voice storm" in got.stderr
    assert run("voices").stdout.splitlines()[-1].startswith("storm\there\t0 MB\t")
    *place, sampling = run("voices", "where", "storm").stdout.strip().split("\t")
    assert place == ["here", str(file), "", ""] and Sampling(**json.loads(sampling)) == Sampling(**INSTRUCT_SAMPLING)
    assert "Removed: storm" in run("voices", "remove", "storm").stderr
    place, path, sha256, license_name, _ = run("voices", "where", "ember").stdout.strip().split("\t")
    assert place == "can be fetched" and path.endswith(".gguf") and len(sha256) == 64 and license_name == "Apache-2.0"
    assert (Path(run("voices", "where", "lantern").stdout.split("\t")[1]) / "voice.json").is_file()
    assert run("voices", "where", "storm").returncode == 2
    assert "storm" not in run("voices").stdout


@pytest.mark.real
def test_fetching_weights_that_are_there_prints_their_path(home_with_weights: Path) -> None:
    fetched = run("fetch")
    assert (fetched.returncode, fetched.stdout) == (0, f"{home_with_weights / 'cache' / 'weights' / SMOLLM2.file}\n")


def test_version_prints_name_and_version() -> None:
    shown = run("--version")
    assert (shown.returncode, shown.stdout.startswith("dungeon, version ")) == (0, True)


# ---- mistakes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["play", "--plain", "--scenario", "nope"], "There is no scenario 'nope'. `dungeon scenarios` lists them."),
        (["play", "--plain", "--voice", "nope"], "There is no voice 'nope': no folder or GGUF file of that path"),
        (["play", "--plain", "--voice", "pyproject.toml"], "pyproject.toml is not a voice"),
        (["play", "--plain", "--voice", "x" * 5000], "can't be read: File name too long"),
        (["play", "--plain", "--scenario", "iron-door", "--continue"], "give one of them"),
        (["play", "--plain", "--endpoint", "http://127.0.0.1:1"], "No storyteller answers at http://127.0.0.1:1. Is"),
        (["play", "--plain", "--model", "gpt2"], "--model NAME is a model of the server at --endpoint URL"),
        (
            ["play", "--plain", "--endpoint", "http://127.0.0.1:1", "--model", "m", "--voice", "smollm2"],
            "--voice runs on this machine, --endpoint elsewhere; give one of them",
        ),
        (["play", "--plain", "--endpoint", "not a url", "--model", "m"], "'not a url' is not the address of a server"),
        (["play", "--plain", "--seed", "-1"], "-1 is not in the range"),
        (["play", "--plain", "--seed", str(2**31)], "is not in the range"),
        (["play", "--plain", "--seed", "seven"], "'seven' is not a valid integer"),
        (["play", "--plain", "--scenario"], "'--scenario' requires an argument"),
        (["play", "--sceanrio", "x"], "No such option '--sceanrio'"),
        (["plya"], "No such command 'plya'"),
        (["fetch", "nope"], "There is no voice 'nope' to fetch. The game has lantern, ember,"),
        (["voices", "get", "nope"], "There is no voice 'nope' to get. It can be a voice's name, hf:OWNER/REPO"),
        (["voices", "get", "hf:nobody"], "write hf:OWNER/REPO"),
        (["voices", "remove", "embr"], "There is no voice 'embr' to remove. Did you mean ember?"),
        (["voices", "try", "nope"], "There is no voice 'nope'"),
        (["--plain", "--scenario", "nope"], "There is no scenario 'nope'"),
    ],
)
def test_a_mistake_is_one_message(refusal: Refused, arguments: list[str], message: str) -> None:
    error = refusal(*arguments)
    assert message in error.replace("No such option:", "No such option").replace("\n", " ")
    assert len([line for line in error.splitlines() if line.startswith(("Error:", "dungeon:"))]) == 1


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        (["--scenario", "iron-door"], "--scenario"),
        (["--continue"], "--continue"),
        (["--plain"], "--plain"),
        (["--seed", "0"], "--seed"),
        (["--seed", "7"], "--seed"),
        (["--voice", "smollm2"], "--voice"),
    ],
)
@pytest.mark.parametrize("command", ["play", "scenarios"])
def test_an_option_before_a_command_is_refused(refusal: Refused, options: list[str], flag: str, command: str) -> None:
    assert f"{flag} goes after the command: dungeon {command} {flag}" in refusal(*options, command)


@pytest.mark.parametrize("arguments", [[], ["play"], ["play", "--scenario", "iron-door"]])
def test_without_a_terminal_the_message_names_plain(arguments: list[str]) -> None:
    played = run(*arguments)
    assert (played.returncode, played.stdout) == (2, "")
    assert "This is not a terminal. Use --plain to play through a pipe." in played.stderr


@pytest.mark.parametrize("arguments", [["read", "nope"], ["play", "--story", "nope"], ["play", "--scenario", "nope"]])
def test_what_there_is_not_is_said_before_anything_about_terminals(arguments: list[str]) -> None:
    refused = run(*arguments)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "There is no" in refused.stderr and "'nope'" in refused.stderr
    assert "--plain" not in refused.stderr


def test_a_terminal_gets_a_header_beside_the_lists_and_a_pipe_does_not() -> None:
    with Terminal([sys.executable, "-m", "dungeon", "stories"]) as terminal:
        terminal.expect("name\ttitle\tgenre\twords\tendings\r\n")
        terminal.expect("the-ten-forty\tThe Ten-Forty\twestern\t")
        assert terminal.wait() == 0
    with Terminal([sys.executable, "-m", "dungeon", "adventures"]) as terminal:
        terminal.expect("number\ttitle\tturns\twords\tbranches\tlast played\r\n")
        assert terminal.wait() == 0
    assert run("stories").stderr == run("adventures").stderr == ""


def test_a_mistake_of_a_process_is_one_message() -> None:
    played = run("play", "--plain", "--scenario", "[bold]nope \x1b[31m")
    assert (played.returncode, played.stdout) == (2, "")
    assert played.stderr.startswith("dungeon: There is no scenario '[bold]nope")
    assert "Traceback" not in played.stderr


def test_continue_without_an_adventure_is_one_message(server: ScriptedServer) -> None:
    played = run("play", "--plain", "--continue", "--endpoint", server.url)
    assert (played.returncode, played.stdout) == (2, "")
    assert "There is no adventure to continue yet. Begin one: dungeon --scenario NAME" in played.stderr


def test_an_invalid_key_in_the_settings_is_one_message(home: Path, server: ScriptedServer) -> None:
    settings = home / "config" / "settings.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("[keys]\nretry = 'x'\n")
    played = run("play", "--plain", "--endpoint", server.url)
    assert (played.returncode, played.stdout) == (2, "")
    assert played.stderr.startswith(f"dungeon: The settings file {settings}: keys.retry: x is for typing")


def test_a_shelf_that_can_t_be_read_is_one_message(home: Path, server: ScriptedServer) -> None:
    shelf = home / "data" / "shelf.db"
    shelf.parent.mkdir(parents=True)
    shelf.write_bytes(b"not a database" * 1000)
    played = run("play", "--plain", "--scenario", "iron-door", "--endpoint", server.url)
    assert (played.returncode, played.stdout) == (2, "")
    assert played.stderr.startswith(f"dungeon: The shelf {shelf} can't be opened: ")
    assert shelf.read_bytes() == b"not a database" * 1000


# ---- adventures and their backups --------------------------------------------------------------------------------


@pytest.fixture
def played() -> Path:
    """A shelf with one adventure of one turn."""
    with closing(Shelf(shelf_file())) as shelf:
        adventure = shelf.add_adventure(scenario_from_opening("You wait.", "The lamp"), "v")
        node = shelf.add_turn(adventure, Kind.DO, "look", "You look.", NO_VOICE)
        shelf.save_turn(adventure.set_prose(node.id, "A heron lands. It\x1b[31m rains.", State.DONE))
    return shelf_file()


@pytest.mark.usefixtures("played")
def test_a_search_says_where_the_words_stand() -> None:
    assert run("adventures").stdout.split("\t")[:5] == ["1", "The lamp", "1", "5", "1"]
    for words, columns in ((["HERON"], ["turn 1", "A heron lands."]), (["lamp"], ["title", "The lamp"])):
        (line,) = run("adventures", *words).stdout.splitlines()
        assert line.split("\t")[6:] == columns
    assert run("adventures", "rains").stdout.endswith("turn 1\tIt[31m rains.\n")
    assert run("adventures", "nowhere").stdout == ""


def test_the_first_game_of_a_day_makes_a_backup_which_can_be_put_back(server: ScriptedServer, played: Path) -> None:
    none = run("restore")
    assert (none.returncode, none.stdout) == (0, "")
    assert "There is no backup yet." in none.stderr
    server.answers = ["\nThe lamp goes out."]
    game = run("play", "--plain", "--continue", "--endpoint", server.url, stdin="wait\n/quit\n")
    assert (game.returncode, game.stderr) == (0, "")

    listed = run("restore")
    (line,) = listed.stdout.splitlines()
    name, adventures, turns, size = line.split("\t")
    assert (name, adventures, size.endswith(" MB")) == (date.today().isoformat(), "1", True)
    assert "`dungeon restore DATE` puts one back" in listed.stderr
    back = run("restore", name)
    assert (back.returncode, back.stdout) == (0, "")
    assert f"The shelf is that of {name} again: 1 adventure, " in back.stderr
    kept = played.parent / "backups" / f"{name}-before-restore.db"
    assert f"What was on it before is in {kept}" in back.stderr
    assert [line.split("\t")[0] for line in run("restore").stdout.splitlines()] == [kept.stem, name]
    assert run("adventures").stdout.split("\t")[2] == turns
    assert run("restore", kept.stem).returncode == 0
    assert run("adventures").stdout.split("\t")[2] == "2"


def test_a_game_that_is_running_refuses_a_restoring(refusal: Refused, played: Path) -> None:
    back_up(played)
    with closing(Shelf(played)):
        assert "A game is running on the shelf" in refusal("restore", date.today().isoformat())
    assert "There is no backup 'nope'." in refusal("restore", "nope")


def test_a_damaged_shelf_is_restored_as_its_message_says(played: Path) -> None:
    back_up(played)
    played.write_bytes(b"not a database" * 1000)
    assert "`dungeon restore` lists the backups" in run("adventures").stderr
    (line,) = run("restore").stdout.splitlines()
    back = run("restore", line.split("\t")[0])
    assert back.returncode == 0
    assert "-damaged" in back.stderr
    assert run("adventures").stdout.startswith("1\tThe lamp\t1\t")


# ---- corpus and finetune -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "extra", "missing"),
    [
        ("corpus", "corpus", ["datasets"]),
        ("finetune", "finetune", ["torch", "transformers", "peft", "gguf"]),
        ("evaluate", "finetune", ["torch", "transformers", "peft", "gguf"]),
    ],
)
def test_a_command_without_its_extra_names_the_line_that_installs_it(
    refusal: Refused, monkeypatch: pytest.MonkeyPatch, command: str, extra: str, missing: list[str]
) -> None:
    found = importlib.util.find_spec

    def find_spec(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name in missing else found(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    message = refusal(command, "--anything", "at all")
    assert f"`dungeon {command}` needs packages that are not installed ({', '.join(missing)})." in message
    assert f"\n  {install_line(extra)}\n" in message
    assert message.count("[") == message.count("]") == 1
    assert f"[{extra}]" in message


def test_a_module_gets_the_arguments_and_its_exit_code_is_returned(tmp_path: Path) -> None:
    result = run("corpus", "build", str(tmp_path / "nothing"), "--out", str(tmp_path / "out"))
    alone = subprocess.run(
        [sys.executable, "-m", "corpus", "build", str(tmp_path / "nothing"), "--out", str(tmp_path / "out")],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (alone.returncode, alone.stdout, alone.stderr)
    assert result.returncode == 2


def test_help_of_a_module_is_the_modules() -> None:
    assert "build" in run("corpus", "--help").stdout


def test_a_server_is_played_without_naming_its_only_model(server: ScriptedServer) -> None:
    played = run(
        *("play", "--plain", "--scenario", "iron-door", "--endpoint", server.url),
        stdin="open the iron door\n/quit\n",
    )
    assert (played.returncode, "It is dark." in played.stdout) == (0, True)
    assert server.requests[0]["model"] == "scripted"


def test_a_folder_named_like_a_module_in_the_working_folder_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "__init__.py").touch()
    (tmp_path / "corpus" / "__main__.py").write_text("print('not ours')")
    result = subprocess.run(
        [sys.executable, "-P", "-m", "dungeon", "corpus", "--help"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert result.returncode == 0
    assert "not ours" not in result.stdout


def test_help_in_the_game_lists_every_command(home: Path, server: ScriptedServer) -> None:
    played = run("play", "--plain", "--scenario", "iron-door", "--endpoint", server.url, stdin="/help\n/quit\n")
    assert played.returncode == 0
    for command in COMMANDS:
        assert f"/{command}" in played.stdout
    assert [path.name for path in home.iterdir()] == ["data"], "a remote server needs no weights and no log"

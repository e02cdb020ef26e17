"""Every command in the README is run, as written but for what the table below says.

`.venv/bin/` becomes the folder of the Python that runs the tests, training is cut to a few steps, and GPT-2, which
lies on the Hub, is a tiny model of the same architecture in a local folder. What installs runs in a copy of the tree.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dungeon.play.registry import COMMANDS
from dungeon.tui.screens.help import key_name
from tests.corpus.crawl.graphs import random_story
from tests.corpus.crawl.replica import Replica
from tests.dungeon.scripted import ScriptedServer
from tests.finetune.conftest import train_tokenizer
from tests.terminal import Terminal

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent
FEW_STEPS = "--set max_steps=2 --set length=64 --set held_out_rows=2 --set samples=0"


SECTIONS = re.split(r"^## ", README, flags=re.MULTILINE)
"""The first is what stands before the first heading."""


def commands(text: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


@pytest.fixture
def workshop(tmp_path: Path) -> Path:
    """A folder in which the commands of a section follow one another."""
    folder = tmp_path / "workshop"
    folder.mkdir()
    (folder / "corpus").symlink_to(ROOT / "corpus")
    (folder / "pyproject.toml").symlink_to(ROOT / "pyproject.toml")
    return folder


def here(command: str) -> str:
    return command.replace(".venv/bin/", f"{BIN}/")


def run(command: str, folder: Path) -> str:
    result = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], cwd=folder, capture_output=True, encoding="utf-8", check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def plays(command: str, folder: Path, *, choose: bool) -> None:
    """Runs the command on a real terminal, begins a scenario, plays a turn, quits."""
    with Terminal(["bash", "-c", command], cwd=folder) as terminal:
        terminal.expect("Enter begins", seconds=300)
        terminal.send("\r")
        if choose:
            terminal.expect("What do you do?")
            terminal.send("wait\r")
            terminal.expect("tokens/s", seconds=300)
        terminal.send("\x11")
        assert terminal.wait() == 0


# ---- one function a command ------------------------------------------------------------------------------------


def install_and_play(command: str, workshop: Path) -> None:
    fresh = workshop / "fresh"
    made = (".venv", ".git", "__pycache__", ".*_cache", ".coverage*", ".hypothesis", "build", "dist")
    shutil.copytree(ROOT, fresh, ignore=shutil.ignore_patterns(*made))
    plays(command, fresh, choose=True)


def is_what_ci_runs(command: str, workshop: Path) -> None:
    assert f"\n{command}\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def prints(text: str) -> Callable[[str, Path], None]:
    def check(command: str, workshop: Path) -> None:
        assert text in run(here(command), workshop)

    return check


def exports_a_story(command: str, workshop: Path) -> None:
    run(here(command), workshop)
    assert (workshop / "iron-door.md").read_text(encoding="utf-8").startswith("# The Iron Door\n")


def replays(command: str, workshop: Path) -> None:
    # Whether every turn comes out the same hangs on what the engine had cached: 1 says that one did not.
    result = subprocess.run(["bash", "-c", here(command)], cwd=workshop, capture_output=True, text=True, check=False)
    assert result.returncode in (0, 1), result.stderr
    assert re.search(r"^\d of 2 turns agree\.$", result.stdout, re.MULTILINE)


def plays_a_server(command: str, workshop: Path) -> None:
    with ScriptedServer() as server:
        server.answers = ["\n" + "The door opens. " * 60]
        plays(here(command).replace("http://127.0.0.1:8000", server.url), workshop, choose=False)


def is_satisfied_here(command: str, workshop: Path) -> None:
    # Installing would put this tree's copy over the one under test: what it would install is asked for instead.
    run(here(command).replace("'.[", f"'{ROOT}[") + " --dry-run --quiet", workshop)


def builds_a_corpus(command: str, workshop: Path) -> None:
    assert re.search(r"^stories +72$", run(here(command), workshop), re.MULTILINE)
    assert (workshop / "my-corpus" / "report.json").is_file()


def reads(command: str, workshop: Path) -> None:
    with Terminal(["bash", "-c", here(command)], cwd=workshop) as terminal:
        terminal.expect("F1 keys")
        terminal.send("\x11")
        assert terminal.wait() == 0


def converts(command: str, workshop: Path) -> None:
    assert run(here(command), workshop) == "my-twee/the-ten-forty.twee\n"
    assert (workshop / "my-twee" / "the-ten-forty.twee").is_file()


def crawls(command: str, workshop: Path) -> None:
    with Replica([random_story(0)]) as site:
        run(here(command).replace("https://stories.example/Stories/top.aspx", f"{site.list_url} --delay 0"), workshop)
    assert list((workshop / "my-crawl" / "stories").iterdir())


def tunes(command: str, workshop: Path) -> None:
    if "openai-community/gpt2" in command:
        save_tiny_gpt2(workshop / "gpt2")
        command = command.replace("openai-community/gpt2", str(workshop / "gpt2"))
    assert "nats per token" in run(f"{here(command)} {FEW_STEPS}", workshop)
    voice = re.search(r"--out (\S+)", command)
    assert voice
    assert (workshop / voice[1] / "voice.json").is_file()


def save_tiny_gpt2(folder: Path) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(vocab_size=600, n_positions=128, n_embd=64, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=0)
    GPT2LMHeadModel(config).save_pretrained(folder)
    train_tokenizer(bos=False).save_pretrained(folder)


def plays_the_voice(command: str, workshop: Path) -> None:
    plays(here(command), workshop, choose=True)


def compares(command: str, workshop: Path) -> None:
    said = run(f"{here(command)} --turns 2 --tokens 8 --examples 1", workshop)
    assert "my-voice" in said
    assert "bits per byte" in said


def exports(command: str, workshop: Path) -> None:
    run(here(command), workshop)
    assert (workshop / "my-gpt2-merged" / "model.safetensors").is_file()


def reports(command: str, workshop: Path) -> None:
    few = f"{FEW_STEPS} --shares 100 --methods base,lora --tokens 0"
    run(f"{here(command).replace('openai-community/gpt2', str(workshop / 'gpt2'))} {few}", workshop)
    assert "bits per byte" in (workshop / "my-report" / "index.html").read_text(encoding="utf-8")


HOW: dict[str, Callable[[str, Path], None]] = {
    "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/dungeon": install_and_play,
    "python3 -m venv .venv && .venv/bin/pip install -e '.[dev]' && "
    ".venv/bin/pytest -n 2 --dist worksteal": is_what_ci_runs,
    ".venv/bin/dungeon scenarios": prints("iron-door\tThe Iron Door\thigh fantasy\n"),
    "printf 'open the iron door\\n\"who is there?\"\\n\\n/undo\\n/retry\\n/quit\\n' | "
    ".venv/bin/dungeon play --plain --scenario iron-door --seed 7": prints('> You say "Who is there?"'),
    ".venv/bin/dungeon play --plain --continue < /dev/null": prints('> You say "Who is there?"'),
    ".venv/bin/dungeon adventures": prints("\tThe Iron Door\t"),
    '.venv/bin/dungeon export "iron door" --to iron-door.md --whole': exports_a_story,
    '.venv/bin/dungeon replay "iron door"': replays,
    ".venv/bin/dungeon play --endpoint http://127.0.0.1:8000 --model my-model": plays_a_server,
    ".venv/bin/dungeon read": reads,
    ".venv/bin/dungeon read the-ten-forty": reads,
    ".venv/bin/pip install '.[corpus,finetune]'": is_satisfied_here,
    ".venv/bin/dungeon corpus formats": prints("ChoiceScript"),
    ".venv/bin/dungeon corpus build corpus/library --out my-corpus": builds_a_corpus,
    ".venv/bin/dungeon finetune --corpus my-corpus --base smollm2 --recipe quick --out my-voice": tunes,
    ".venv/bin/dungeon evaluate smollm2 my-voice --corpus my-corpus": compares,
    ".venv/bin/dungeon play --voice my-voice": plays_the_voice,
    ".venv/bin/dungeon corpus stats my-corpus": prints("The Ten-Forty"),
    ".venv/bin/dungeon corpus check corpus/library/the-ten-forty.twee": prints("western"),
    ".venv/bin/dungeon corpus convert corpus/library/the-ten-forty.twee --out my-twee": converts,
    ".venv/bin/dungeon corpus crawl https://stories.example/Stories/top.aspx --out my-crawl "
    "--contact you@example.org": crawls,
    ".venv/bin/python -m corpus build corpus/library --out my-corpus": builds_a_corpus,
    ".venv/bin/python -m finetune --corpus my-corpus --base openai-community/gpt2 --out my-gpt2": tunes,
    ".venv/bin/python -m finetune export my-gpt2 --to merged --out my-gpt2-merged": exports,
    ".venv/bin/python -m finetune report --corpus my-corpus --base openai-community/gpt2 --out my-report": reports,
}


@pytest.mark.real
@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("section", SECTIONS, ids=lambda text: text.split("\n")[0])
def test_every_command_runs(
    section: str, workshop: Path, monkeypatch: pytest.MonkeyPatch, home_with_weights: Path
) -> None:
    """The commands of a section build on each other: a corpus, a voice on it, a game with the voice."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for command in commands(section):
        HOW[command](command, workshop)


def test_every_command_of_the_table_is_in_the_readme() -> None:
    assert sorted(commands(README)) == sorted(HOW)


def test_the_table_of_commands_is_the_games_own() -> None:
    for command in COMMANDS.values():
        assert f"| `{command.usage}` | {key_name(command.key)} | {command.summary} |".replace("|  |", "| |") in README


def test_the_screenshot_is_there_and_shows_the_game() -> None:
    picture = re.search(r"!\[.*\]\((.*)\)", README)
    assert picture
    assert "Iron" in (ROOT / picture[1]).read_text(encoding="utf-8")


def test_links_inside_the_project_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
    assert os.access(ROOT / ".ci" / "run", os.X_OK)

"""Every command in the README is run, as written but for these changes.

`.venv/bin/` becomes the folder of the Python that runs the tests, the library has fewer stories, training takes a few
steps, and GPT-2, which is on the Hub, becomes a tiny model of the same architecture in a local folder. The installation
runs in a copy of the tree.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dungeon.play.keys import key_name
from dungeon.play.registry import COMMANDS
from tests.corpus.crawl.graphs import random_story
from tests.corpus.crawl.replica import Replica
from tests.dungeon.scripted import ScriptedServer
from tests.finetune.conftest import train_tokenizer
from tests.terminal import Terminal

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent
LIBRARY = [
    path for n, path in enumerate(sorted(ROOT.glob("corpus/library/*.twee"))) if n % 8 == 0 or "ten-forty" in path.name
]
"""An eighth of the library: with all of it, tuning takes half as long again."""
FEW_STEPS = "--set max_steps=2 --set length=64 --set held_out_rows=2 --set samples=0"


SECTIONS = re.split(r"^## ", README, flags=re.MULTILINE)
"""The first is the text before the first heading."""


def commands(text: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


@pytest.fixture
def workshop(tmp_path: Path) -> Path:
    """A folder in which the commands of a section run one after the other."""
    folder = tmp_path / "workshop"
    (folder / "corpus" / "library").mkdir(parents=True)
    for path in (*ROOT.joinpath("corpus").iterdir(), *LIBRARY):
        if path.name != "library":
            (folder / path.relative_to(ROOT)).symlink_to(path)
    (folder / "pyproject.toml").symlink_to(ROOT / "pyproject.toml")
    return folder


def with_this_python(command: str) -> str:
    return command.replace(".venv/bin/", f"{BIN}/")


def run(command: str, folder: Path) -> str:
    result = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], cwd=folder, capture_output=True, encoding="utf-8", check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def play_on_terminal(command: str, folder: Path, *, choose: bool) -> None:
    """Runs the command on a terminal and quits; plays a turn of a story and one of a scenario before if `choose`."""
    with Terminal(["bash", "-c", command], cwd=folder) as terminal:
        terminal.expect("Begin or continue", seconds=300)
        terminal.send("\r")
        if choose:
            terminal.expect("Pick a number")
            terminal.send("1\r")
            terminal.expect("> You")
            terminal.send("\x0e")
            terminal.expect("Begin or continue")
            terminal.send("iron door\r")
            terminal.expect("What do you do?")
            terminal.send("wait\r")
            terminal.expect("tokens/s", seconds=300)
        terminal.send("\x11")
        assert terminal.wait() == 0


# ---- one check for each command --------------------------------------------------------------------------------


def install_and_play(command: str, workshop: Path) -> None:
    fresh = workshop / "fresh"
    made = (".venv", ".git", "__pycache__", ".*_cache", ".coverage*", ".hypothesis", "build", "dist")
    shutil.copytree(ROOT, fresh, ignore=shutil.ignore_patterns(*made))
    play_on_terminal(command, fresh, choose=True)


def is_run_by_ci(command: str, workshop: Path) -> None:
    assert f"\n{command}\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def expect_output(text: str) -> Callable[[str, Path], None]:
    def check(command: str, workshop: Path) -> None:
        assert text in run(with_this_python(command), workshop)

    return check


def export_story(command: str, workshop: Path) -> None:
    run(with_this_python(command), workshop)
    assert (workshop / "iron-door.md").read_text(encoding="utf-8").startswith("# The Iron Door\n")


def replay_story(command: str, workshop: Path) -> None:
    # Exit code 1: a turn differs, which depends on what the engine had cached.
    result = subprocess.run(
        ["bash", "-c", with_this_python(command)], cwd=workshop, capture_output=True, text=True, check=False
    )
    assert result.returncode in (0, 1), result.stderr
    assert re.search(r"^\d of 2 turns agree\.$", result.stdout, re.MULTILINE)


def play_on_server(command: str, workshop: Path) -> None:
    with ScriptedServer() as server:
        server.answers = ["\n" + "The door opens. " * 60]
        play_on_terminal(with_this_python(command).replace("http://127.0.0.1:8000", server.url), workshop, choose=False)


def install_dry_run(command: str, workshop: Path) -> None:
    # A dry run: installing would replace the tree under test by a copy.
    run(with_this_python(command).replace("'.[", f"'{ROOT}[") + " --dry-run --quiet", workshop)


def build_corpus(command: str, workshop: Path) -> None:
    assert re.search(rf"^stories +{len(LIBRARY)}$", run(with_this_python(command), workshop), re.MULTILINE)
    assert (workshop / "my-corpus" / "report.json").is_file()


def read_story(command: str, workshop: Path) -> None:
    with Terminal(["bash", "-c", with_this_python(command)], cwd=workshop) as terminal:
        terminal.expect("Ten-Forty" if "ten-forty" in command else "Begin or continue")
        terminal.send("\x11")
        assert terminal.wait() == 0


def convert_story(command: str, workshop: Path) -> None:
    assert run(with_this_python(command), workshop) == "my-twee/the-ten-forty.twee\n"
    assert (workshop / "my-twee" / "the-ten-forty.twee").is_file()


def crawl_site(command: str, workshop: Path) -> None:
    with Replica([random_story(0)]) as site:
        run(
            with_this_python(command).replace("https://stories.example/Stories/top.aspx", f"{site.list_url} --delay 0"),
            workshop,
        )
    assert list((workshop / "my-crawl" / "stories").iterdir())


def finetune(command: str, workshop: Path) -> None:
    if "openai-community/gpt2" in command:
        save_tiny_gpt2(workshop / "gpt2")
        command = command.replace("openai-community/gpt2", str(workshop / "gpt2"))
    assert "nats per token" in run(f"{with_this_python(command)} {FEW_STEPS}", workshop)
    voice = re.search(r"--out (\S+)", command)
    assert voice
    assert (workshop / voice[1] / "voice.json").is_file()


def save_tiny_gpt2(folder: Path) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(vocab_size=600, n_positions=128, n_embd=64, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=0)
    GPT2LMHeadModel(config).save_pretrained(folder)
    train_tokenizer(bos=False).save_pretrained(folder)


def play_voice(command: str, workshop: Path) -> None:
    play_on_terminal(with_this_python(command), workshop, choose=True)


def evaluate_voice(command: str, workshop: Path) -> None:
    printed = run(f"{with_this_python(command)} --turns 2 --tokens 8 --examples 1", workshop)
    assert "my-voice" in printed
    assert "bits per byte" in printed


def export_voice(command: str, workshop: Path) -> None:
    run(with_this_python(command), workshop)
    assert (workshop / "my-gpt2-merged" / "model.safetensors").is_file()


def make_report(command: str, workshop: Path) -> None:
    few = f"{FEW_STEPS} --shares 100 --methods base,lora --tokens 0"
    run(f"{with_this_python(command).replace('openai-community/gpt2', str(workshop / 'gpt2'))} {few}", workshop)
    assert "bits per byte" in (workshop / "my-report" / "index.html").read_text(encoding="utf-8")


CHECKS: dict[str, Callable[[str, Path], None]] = {
    "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/dungeon": install_and_play,
    "python3 -m venv .venv && .venv/bin/pip install -e '.[dev]' && "
    ".venv/bin/pytest -n 2 --dist worksteal": is_run_by_ci,
    ".venv/bin/dungeon scenarios": expect_output("iron-door\tThe Iron Door\thigh fantasy\n"),
    "printf 'open the iron door\\n\"who is there?\"\\n\\n/undo\\n/retry\\n/quit\\n' | "
    ".venv/bin/dungeon play --plain --scenario iron-door --seed 7": expect_output('> You say "Who is there?"'),
    ".venv/bin/dungeon play --plain --continue < /dev/null": expect_output('> You say "Who is there?"'),
    ".venv/bin/dungeon adventures": expect_output("\tThe Iron Door\t"),
    '.venv/bin/dungeon export "iron door" --to iron-door.md --whole': export_story,
    '.venv/bin/dungeon replay "iron door"': replay_story,
    ".venv/bin/dungeon restore": expect_output("\t1\t"),  # one adventure in the backup
    ".venv/bin/dungeon voices": expect_output("ember\t"),
    ".venv/bin/dungeon voices try lantern": expect_output("tokens a second"),
    ".venv/bin/dungeon play --endpoint http://127.0.0.1:8000 --model my-model": play_on_server,
    ".venv/bin/dungeon stories": expect_output("the-ten-forty\tThe Ten-Forty\twestern\t"),
    ".venv/bin/dungeon read": read_story,
    ".venv/bin/dungeon play --story the-ten-forty": read_story,
    ".venv/bin/dungeon read the-ten-forty": read_story,
    ".venv/bin/pip install '.[corpus,finetune]'": install_dry_run,
    ".venv/bin/dungeon corpus formats": expect_output("ChoiceScript"),
    ".venv/bin/dungeon corpus build corpus/library --out my-corpus": build_corpus,
    ".venv/bin/dungeon finetune --corpus my-corpus --base smollm2 --recipe quick --out my-voice": finetune,
    ".venv/bin/dungeon evaluate smollm2 my-voice --corpus my-corpus": evaluate_voice,
    ".venv/bin/dungeon play --voice my-voice": play_voice,
    ".venv/bin/dungeon corpus stats my-corpus": expect_output("The Ten-Forty"),
    ".venv/bin/dungeon corpus check corpus/library/the-ten-forty.twee": expect_output("western"),
    ".venv/bin/dungeon corpus convert corpus/library/the-ten-forty.twee --out my-twee": convert_story,
    ".venv/bin/dungeon corpus crawl https://stories.example/Stories/top.aspx --out my-crawl "
    "--contact you@example.org": crawl_site,
    ".venv/bin/python -m corpus build corpus/library --out my-corpus": build_corpus,
    ".venv/bin/python -m finetune --corpus my-corpus --base openai-community/gpt2 --out my-gpt2": finetune,
    ".venv/bin/python -m finetune export my-gpt2 --to merged --out my-gpt2-merged": export_voice,
    ".venv/bin/python -m finetune report --corpus my-corpus --base openai-community/gpt2 --out my-report": make_report,
}


@pytest.mark.real
@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("section", SECTIONS, ids=lambda text: text.split("\n")[0])
def test_every_command_runs(
    section: str, workshop: Path, monkeypatch: pytest.MonkeyPatch, home_with_weights: Path
) -> None:
    """Each command of a section needs the ones before: a corpus, a voice tuned on it, a game with the voice."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for command in commands(section):
        CHECKS[command](command, workshop)


def test_every_command_of_the_readme_has_a_check() -> None:
    assert sorted(commands(README)) == sorted(CHECKS)


def test_the_readme_has_the_table_of_the_games_commands() -> None:
    for command in COMMANDS.values():
        assert f"| `{command.usage}` | {key_name(command.key)} | {command.summary} |".replace("|  |", "| |") in README


def test_the_pictures_show_the_game() -> None:
    shown = {"session": "Iron", "start": "Begin", "turn": "ember", "tree": "Tree"}
    pictures = re.findall(r"!\[.*\]\((tests/pictures/(.*)\.svg)\)", README)
    assert [name for _, name in pictures] == list(shown)
    for picture, name in pictures:
        assert shown[name] in (ROOT / picture).read_text(encoding="utf-8")


def test_local_links_of_the_readme_exist() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
    assert os.access(ROOT / ".ci" / "run", os.X_OK)

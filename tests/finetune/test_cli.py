"""The command line without any training."""

import builtins
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.finetune.conftest import Run


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--help"], "gpu, laptop, quick"),
        (["--corpus", "c", "--out", "."], "is not a voice"),
        (["export", ".", "--to", "gguf", "--out", "new"], "is not a voice"),
        (["evaluate", "./nowhere"], "no voice and no model folder"),
        (["report", "--corpus", "c", "--out", "new", "--shares", "200"], "is not a percentage"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_help_and_a_wrong_job_import_nothing_heavy(arguments: list[str], says: str, tmp_path: Path) -> None:
    code = (
        "import sys; from click.testing import CliRunner; from finetune.cli import main\n"
        f"print(CliRunner().invoke(main, {arguments}, prog_name='dungeon finetune').output)\n"
        "print(sorted({'torch', 'transformers', 'datasets', 'peft', 'numpy'} & set(sys.modules)))"
    )
    (tmp_path / "diary.txt").write_text("mine")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert says in " ".join(done.stdout.split())
    assert done.stdout.strip().endswith("[]")


def test_both_places_are_needed(run: Run) -> None:
    done = run("--corpus", "somewhere")
    assert done.exit_code == 2 and "--out" in done.stderr


def test_a_missing_package_says_how_to_install_it(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = builtins.__import__

    def without_datasets(name: str, *rest: Any, **named: Any) -> Any:
        if name == "datasets":
            raise ModuleNotFoundError("No module named 'datasets'", name="datasets")
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without_datasets)
    done = run("--corpus", tmp_path, "--out", tmp_path / "voice")
    assert done.exit_code == 2
    assert "datasets is not installed" in done.stderr and "pip install" in done.stderr and "finetune" in done.stderr


def test_a_wrong_recipe_is_said_before_anything_heavy(run: Run, tmp_path: Path) -> None:
    done = run("--corpus", tmp_path, "--out", tmp_path / "voice", "--set", "epoch=3")
    assert done.exit_code == 2 and "Did you mean epochs" in done.stderr

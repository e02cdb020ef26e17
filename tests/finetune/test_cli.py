"""The command line without any training."""

import builtins
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.finetune.conftest import Run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--help"], "gpu, laptop, quick"),
        (["--corpus", "c", "--out", "."], "is not a voice"),
        (["--corpus", "c", "--out", "new", "--rank", "8"], "Write --set rank=8"),
        (["--corpus", "c", "--out", "diary.txt/voice"], "diary.txt is a file, so"),
        (["--corpus", "c", "--out", "new"], "There is no corpus folder c."),
        (
            ["--corpus", "rows", "--out", "new", "--base", "./nowhere"],
            "There is no model folder, GGUF file or voice nowhere.",
        ),
        (["--corpus", "rows", "--out", "new", "--set", "modules=q_projj"], "names 'q_projj'; this base's linear"),
        (
            ["--corpus", "rows", "--out", "new", "--base", "tiny", "--set", "modules=c_projj"],
            "Did you mean c_proj?",
        ),
        (["--corpus", "rows", "--out", "new", "--layers", "last-31"], "this base has 30 blocks"),
        (["export", ".", "--to", "gguf", "--out", "new"], "is not a voice"),
        (["evaluate", "./nowhere"], "no voice and no model folder"),
        (["report", "--corpus", "c", "--out", "new", "--shares", "200"], "is not a percentage"),
        (["report", "--corpus", "c", "--out", "new"], "There is no corpus folder c."),
        (["report", "--corpus", "rows", "--out", ".", "--base", "tiny"], "is not a report"),
        (
            ["report", "--corpus", "rows", "--out", "new", "--base", "./nowhere"],
            "There is no model folder, GGUF file or voice nowhere.",
        ),
        (["evaluate", "tiny", "--corpus", "c"], "There is no corpus folder c."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_help_and_a_wrong_job_import_no_heavy_package_and_write_nothing(
    arguments: list[str], message: str, tmp_path: Path, bases: dict[str, Path], corpus: Path
) -> None:
    code = (
        "import sys; from click.testing import CliRunner; from finetune.cli import main\n"
        f"print(CliRunner().invoke(main, {arguments}, prog_name='dungeon finetune').output)\n"
        "print(sorted({'torch', 'transformers', 'datasets', 'peft', 'numpy'} & set(sys.modules)))"
    )
    (tmp_path / "diary.txt").write_text("mine")
    (tmp_path / "rows").symlink_to(corpus)
    (tmp_path / "tiny").symlink_to(bases["gpt2"])
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert message in " ".join(result.stdout.split())
    assert result.stdout.strip().endswith("[]")
    assert {path.name for path in tmp_path.iterdir()} == {"diary.txt", "rows", "tiny"}


def test_corpus_and_out_are_required(run: Run) -> None:
    result = run("--corpus", "somewhere")
    assert result.exit_code == 2 and "--out" in result.stderr


def test_a_missing_package_is_an_error_with_the_line_that_installs_it(
    run: Run, corpus: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = builtins.__import__

    def without_datasets(name: str, *rest: Any, **named: Any) -> Any:
        if name == "datasets":
            raise ModuleNotFoundError("No module named 'datasets'", name="datasets")
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without_datasets)
    result = run("--corpus", corpus, "--out", tmp_path / "voice")
    assert result.exit_code == 2
    assert (
        "datasets is not installed" in result.stderr and "pip install" in result.stderr and "finetune" in result.stderr
    )


def test_a_wrong_recipe_is_an_error(run: Run, tmp_path: Path) -> None:
    result = run("--corpus", tmp_path, "--out", tmp_path / "voice", "--set", "epoch=3")
    assert result.exit_code == 2 and "Did you mean epochs" in result.stderr

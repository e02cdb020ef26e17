"""A report: the same held-out text for all its runs, and no run is made twice."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import Result
from torch._dynamo.testing import CompileCounter

from finetune.models.compiling import compile_blocks
from finetune.training import trainer
from tests.finetune.conftest import Run, set_options

GRID = ("--shares", "10,100", "--methods", "base,lora,full,scratch", "--tokens", "8")
SET = ("--set", "max_steps=3", "--set", "length=64", "--set", "precision=fp32", "--set", "held_out_rows=8")


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, bases: dict[str, Path], corpus: Path, run: Run
) -> tuple[Path, tuple[str, ...], Result]:
    out = tmp_path_factory.mktemp("report") / "report"
    arguments = ("report", "--corpus", str(corpus), "--base", str(bases["llama"]), "--out", str(out), *SET, *GRID)
    return out, arguments, run(*arguments, "--price", "2")


def test_a_report_has_a_run_for_each_share_and_method(made: tuple[Path, tuple[str, ...], Result]) -> None:
    out, _, result = made
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(out / "index.html")
    assert {path.name for path in out.iterdir()} == {"index.html", "pictures", "plan.json", "runs", "study.json"}
    study = json.loads((out / "study.json").read_text())
    runs = {(run["method"], run["stories"]): run for run in study["runs"]}
    assert set(runs) == {("base", 0), *((method, n) for method in ("lora", "full", "scratch") for n in (1, 8))}
    assert {path.stem for path in (out / "runs").iterdir()} == {
        "base",
        *(f"{method}-{n}" for method in ("lora", "full", "scratch") for n in (1, 8)),
    }
    page = (out / "index.html").read_text()
    for (method, _), figures in runs.items():
        assert f"<td>{figures['bits_per_byte']:.3f}</td>" in page
        if method != "base":
            assert figures["steps"] == figures["budget"] == 3 and figures["seconds"] > 0
            assert figures["share"] == pytest.approx(100 if figures["stories"] == 8 else 12, abs=4)
            assert figures["curve"][-1]["step"] == 3
    assert runs["lora", 8]["trained"] < runs["full", 8]["trained"] == runs["scratch", 8]["trained"]
    assert (runs["lora", 8]["learning_rate"], runs["full", 8]["learning_rate"]) == (
        1e-3,
        1e-4,
    )  # each method has its default
    assert runs["lora", 8]["bits_per_byte"] < runs["base", 0]["bits_per_byte"]
    assert "at $2.00 an hour" in page
    assert len(runs["base", 0]["samples"]) == len(runs["lora", 8]["samples"]) == len(study["prompts"]) == 3
    assert runs["lora", 1]["samples"] == []


@pytest.mark.parametrize("change", ["compile=on", "dropout=0.1"])
def test_samples_are_computed_in_the_precision_of_the_training(
    change: str, tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with --recipe gpu: the frozen weights are held in 16 bits, and no layer of ours casts what meets them."""
    counter = CompileCounter()
    monkeypatch.setattr(trainer, "compile_blocks", lambda model: compile_blocks(model, counter))
    changes = ("weights=half", "precision=bf16", "max_steps=2", "length=64", "held_out_rows=4", change)
    grid = ("--shares", "100", "--methods", "base,lora", "--tokens", "12")
    out = tmp_path / "report"
    result = run("report", "--corpus", corpus, "--base", bases["llama"], "--out", out, *set_options(*changes), *grid)
    assert result.exit_code == 0, result.output
    study = json.loads((out / "study.json").read_text())
    assert all(len(made["samples"]) == 3 for made in study["runs"])
    assert counter.frame_count == (2 if change == "compile=on" else 0)  # none for the lengths of samples


def test_only_missing_runs_are_made(made: tuple[Path, tuple[str, ...], Result], run: Run) -> None:
    """As after an interruption: one run is missing, and another is unfinished."""
    out, arguments, _ = made
    lost = out / "runs" / "full-1.json"
    figures = json.loads(lost.read_text())
    lost.unlink()
    (out / "runs" / "full-1.partial").mkdir()
    kept = {path: path.stat().st_mtime_ns for path in (out / "runs").glob("*.json")}
    again = run(*arguments)
    assert again.exit_code == 0, again.output
    assert "Full tuning on 1" in again.stderr and again.stderr.count("Run ") == 1
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert json.loads(lost.read_text())["bits_per_byte"] == figures["bits_per_byte"]  # same seed, same figure
    assert not list((out / "runs").glob("*.partial"))
    lost.write_text("{}")
    foreign = run(*arguments)
    assert foreign.exit_code == 2 and "full-1.json is not a run of this version" in foreign.stderr
    other = run(*arguments, "--set", "rank=2")
    assert other.exit_code == 2 and "another recipes" in other.stderr and "--fresh" in other.stderr


def test_wrong_input_is_reported(tmp_path: Path, bases: dict[str, Path], corpus: Path, run: Run) -> None:
    whole = ("report", "--corpus", corpus, "--base", bases["gpt2"], "--out", tmp_path / "out")
    text = tmp_path / "stories.txt"
    text.write_text("Once.")
    diary = tmp_path / "diary"
    shutil.copytree(bases["gpt2"], diary)
    for arguments, message in (
        ((*whole, "--shares", "10,200"), "'200' is not a percentage"),
        ((*whole, "--methods", "lora,scrath"), "Did you mean scratch"),
        ((*whole, "--set", "epoch=1"), "Did you mean epochs"),
        ((*whole, "--recipe", "colab-t4"), "is for a CUDA card"),
        ((*whole, "--corpus", text), "is a file"),
        ((*whole, "--corpus", diary), "is not a corpus"),
        ((*whole, "--base", tmp_path / "nothing"), "There is no model folder"),
        ((*whole, "--out", diary), "is not a report"),
    ):
        result = run(*arguments)
        assert result.exit_code == 2 and message in result.stderr, result.output
    assert not (tmp_path / "out").exists()

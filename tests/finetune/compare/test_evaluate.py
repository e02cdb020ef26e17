"""`dungeon evaluate`: voices and bases side by side."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result

from finetune.compare.evaluate import TEXT_COLUMN, Column, Comparison
from finetune.compare.job import EvaluationJob
from finetune.compare.measures import MEASURES, GeneratedTurn, measure
from finetune.compare.side_by_side import measures_table, turns_side_by_side
from finetune.data.prompts import Scene, default_scenes
from tests.finetune.conftest import Run, Voices, WriteCorpus

_FEW = ("--turns", "3", "--tokens", "8")


@pytest.fixture(scope="module")
def compared(
    run: Run, voices: Voices, bases: dict[str, Path], corpus: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Result, dict[str, Any]]:
    """A base and two voices, of different tokenizers, measured on the corpus they were tuned on."""
    file = tmp_path_factory.mktemp("compared") / "all.json"
    names = (bases["gpt2"], voices["gpt2"][0], voices["llama"][0])
    result = run("evaluate", *names, "--corpus", corpus, "--json", file, *_FEW)
    assert result.exit_code == 0, result.stderr
    return result, json.loads(file.read_text(encoding="utf-8"))


def test_a_base_and_its_voice_are_compared(compared: tuple[Result, dict[str, Any]], voices: Voices) -> None:
    result, content = compared
    before, after, other, text = content["columns"]
    assert [column["kind"] for column in content["columns"]] == ["base", "voice", "voice", "text"]
    assert [column["name"] for column in content["columns"]] == ["tiny-gpt2", "voice-gpt2", "voice-llama", TEXT_COLUMN]
    assert after["loss"]["nats_per_token"] < before["loss"]["nats_per_token"]
    assert after["loss"]["utf8_bytes"] == other["loss"]["utf8_bytes"]  # the same text, whatever the tokenizer
    assert (text["name"], text["loss"]) == (TEXT_COLUMN, None)
    # The same rows as in training, the same figures.
    stored = json.loads((voices["gpt2"][0] / "training.json").read_text(encoding="utf-8"))["figures"]
    assert after["loss_from"] == stored["split"] == "test"
    assert after["loss"]["nats"] == pytest.approx(stored["after"]["nats"], rel=0.02)
    for entry in MEASURES:
        assert entry.label in result.stdout
    assert f"{before['loss']['bits_per_byte']:.3f}" in result.stdout
    assert "temperature 0.5, top-k 40, min-p 0.1, seed 0" in " ".join(result.stdout.split())
    assert "Shares of 3 turns are sure to within 58 points at worst" in " ".join(result.stdout.split())
    assert "Note" not in result.stderr


def test_all_voices_get_the_same_prompts(compared: tuple[Result, dict[str, Any]]) -> None:
    result, content = compared
    assert [len(column["turns"]) for column in content["columns"]] == [3, 3, 3, 3]
    assert all(prompt["text"].endswith(f"> {prompt['action']}\n") for prompt in content["prompts"])
    assert content["prompts"][0]["action"] in result.stdout
    # The text's answer is cut like the voices' turns.
    assert content["prompts"][0]["answer"].startswith(content["columns"][3]["turns"][0])
    # The generated turns are measured.
    generated = [
        GeneratedTurn(prompt["action"], turn)
        for prompt, turn in zip(content["prompts"], content["columns"][1]["turns"], strict=True)
    ]
    assert content["columns"][1]["manner"]["distinct_1"] == measure(generated).distinct_1


def test_without_a_corpus_the_losses_are_from_the_training(
    run: Run, voices: Voices, bases: dict[str, Path], tmp_path: Path
) -> None:
    voice, base = voices["gpt2"][0], bases["gpt2"]
    whole = shutil.copytree(base, tmp_path / "whole")  # a voice that is a whole model, here untuned
    moved = shutil.copytree(voice, tmp_path / "moved")
    training = json.loads((voice / "training.json").read_text(encoding="utf-8"))
    shutil.copy(voice / "voice.json", whole)
    for folder in (whole, moved):
        elsewhere = {**training, "base": {**training["base"], "given": str(tmp_path / "gone")}}
        (folder / "training.json").write_text(json.dumps(elsewhere), encoding="utf-8")

    both = run("evaluate", base, voice, "--json", tmp_path / "both.json", *_FEW, "--show", "1")
    others = run("evaluate", whole, moved, "--base", base, "--json", tmp_path / "others.json", *_FEW, "--show", "0")
    assert (both.exit_code, others.exit_code) == (0, 0), both.stderr + others.stderr
    content, other = (
        json.loads((tmp_path / name).read_text(encoding="utf-8")) for name in ("both.json", "others.json")
    )
    # The same seed and the same weights give the same turns, whatever else is compared.
    assert [column["turns"] for column in content["columns"]] == [column["turns"] for column in other["columns"]]
    stored = training["figures"]
    losses = [column["loss"]["nats"] for column in content["columns"]]
    assert losses == [stored["before"]["nats"], stored["after"]["nats"]]
    assert {column["loss_from"] for column in content["columns"]} == {"training: test"}
    assert [prompt["text"] for prompt in content["prompts"]] == [prompt.text for prompt in default_scenes(3)]
    action = content["prompts"][0]["action"]
    assert action in both.stdout and action not in others.stdout


def test_another_corpus_with_stories_that_the_voice_learned_gets_a_warning(
    run: Run, voices: Voices, corpus: Path, tmp_path: Path, write_corpus: WriteCorpus
) -> None:
    """The voice learned "A *Bold* [Tale]", which this corpus holds out."""
    other = write_corpus(tmp_path / "other", test=False)
    report = json.loads((corpus / "report.json").read_text(encoding="utf-8"))
    titles = {"train": ["New"], "validation": report["titles"]["train"]}
    (other / "report.json").write_text(json.dumps({**report, "titles": titles}), encoding="utf-8")
    result = run("evaluate", voices["gpt2"][0], "--corpus", other, "--turns", "1", "--tokens", "2", "--examples", "1")
    assert result.exit_code == 0
    assert "another corpus: it has learned stories by the same titles (A *Bold* [Tale]" in result.stderr
    assert "1 of the split's 4 examples" in " ".join(result.stdout.split())


# ---- wrong arguments -----------------------------------------------------------------------------------------


def test_wrong_arguments_are_reported_before_a_model_is_opened(
    run: Run, voices: Voices, tmp_path: Path, bases: dict[str, Path]
) -> None:
    (tmp_path / "notes.txt").write_text("no voice", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    broken = shutil.copytree(voices["gpt2"][0], tmp_path / "broken")
    (broken / "training.json").write_text("{", encoding="utf-8")
    for arguments, message in (
        ([tmp_path / "empty"], "neither a voice (it has no voice.json) nor a model folder"),
        ([tmp_path / "notes.txt"], "is neither a voice"),
        ([tmp_path / "nowhere"], "There is no voice and no model folder"),
        ([broken], "has no readable training.json"),
        ([bases["gpt2"], bases["gpt2"]], "named twice"),
        ([bases["gpt2"], "--json", tmp_path / "none" / "all.json"], "There is no folder"),
        ([bases["gpt2"], "--corpus", tmp_path / "notes.txt"], "is a file, and --corpus takes the folder of a corpus"),
        ([bases["gpt2"], "--corpus", tmp_path / "empty"], "is not a corpus"),
        ([], "Missing argument"),
        ([bases["gpt2"], "--turns", "0"], "--turns"),
    ):
        result = run("evaluate", *arguments)
        assert result.exit_code == 2, arguments
        assert message in " ".join(result.stderr.split()), result.stderr
        assert "opening" not in result.stderr


def test_a_corpus_without_actions_is_an_error(run: Run, corpus: Path, tmp_path: Path, bases: Any) -> None:
    copy = shutil.copytree(corpus, tmp_path / "copy")
    rows = [{"story": "s", "context": "", "target": "Only prose.", "ends": True}]
    pq.write_table(pa.Table.from_pylist(rows), copy / "data" / "test-00000-of-00001.parquet")
    result = run("evaluate", bases["gpt2"], "--corpus", copy)
    assert result.exit_code == 2 and "no player's action with an answer" in result.stderr


# ---- output --------------------------------------------------------------------------------------------------


def test_generated_text_is_never_read_as_markup() -> None:
    """No escape sequence and no markup takes effect, and a narrow terminal shows all of it."""
    text = "The [bold]door[/bold] \x1b[31mopens\x07. [link=http://x]You[/] :smile: see."
    turns = [GeneratedTurn("You open the door.", text)]
    column = Column("my [red]voice\x1b[2J", "voice", None, "", measure(turns), (text,))
    prompt = Scene("A \x1b]0;door.\n\n> You open the door.\n", "You open the door.", "")
    comparison = Comparison(EvaluationJob(voices=("x",), turns=1), (prompt,), (column, column), None, ())
    for width in (100, 30):
        shown = measures_table(comparison, width) + turns_side_by_side(comparison, width, 1)
        assert not [c for c in shown if c != "\n" and not c.isprintable()]
        assert "[bold]door[/bold]" in " ".join(shown.split()) and ":smile:" in shown
        assert max(map(len, shown.splitlines())) <= width
    assert "nats per token" not in measures_table(comparison, 100)  # no loss is known, no empty rows


def test_dungeon_evaluate_is_the_same_command(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "dungeon", "evaluate", "--help"], capture_output=True, text=True, check=True
    )
    assert result.stdout.startswith("Usage: dungeon finetune evaluate [OPTIONS] VOICE...")
    text = " ".join(result.stdout.split())
    assert all(f"{entry.definition} [{entry.source}]" in text for entry in MEASURES)

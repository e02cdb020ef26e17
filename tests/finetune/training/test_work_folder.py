"""The work folder: only the same plan is resumed in it, and no other folder is overwritten."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from finetune.errors import FinetuneError
from finetune.files import StepLog
from finetune.recipe import Recipe
from finetune.training.job import KIND
from finetune.training.work_folder import claim_folder


def test_the_same_plan_is_resumed_and_another_is_refused(tmp_path: Path) -> None:
    work = tmp_path / "voice.partial"
    plan = {"corpus": "abc", "recipe": asdict(Recipe())}
    claim_folder(work, plan, KIND, contents=work, begun=False)
    (work / "log.jsonl").write_text("kept")
    claim_folder(work, plan, KIND, contents=work, begun=True)
    assert (work / "log.jsonl").read_text() == "kept"
    other = {**plan, "recipe": asdict(Recipe(rank=4))}
    with pytest.raises(FinetuneError, match=r"holds an unfinished training with another recipe.*--fresh"):
        claim_folder(work, other, KIND, contents=work, begun=True)
    assert (work / "log.jsonl").read_text() == "kept"
    claim_folder(work, other, KIND, contents=work, begun=True, fresh=True)
    assert not (work / "log.jsonl").exists()


def test_a_folder_in_which_nothing_was_begun_takes_another_plan(tmp_path: Path) -> None:
    work = tmp_path / "voice.partial"
    claim_folder(work, {"recipe": asdict(Recipe())}, KIND, contents=work, begun=False)
    (work / "arithmetic.json").write_text("of the plan before")
    plan = {"recipe": asdict(Recipe(rank=4))}
    claim_folder(work, plan, KIND, contents=work, begun=False)
    assert json.loads((work / "plan.json").read_text()) == plan
    assert [path.name for path in work.iterdir()] == ["plan.json"]


def test_a_plan_of_an_earlier_version_is_resumed(tmp_path: Path) -> None:
    """Its recipe has `mannerly` for `skip_player_speech`."""
    plan = {"corpus": "abc", "recipe": asdict(Recipe())}
    before = {("mannerly" if key == "skip_player_speech" else key): value for key, value in plan["recipe"].items()}
    (tmp_path / "plan.json").write_text(json.dumps({**plan, "recipe": before}))
    claim_folder(tmp_path, plan, KIND, contents=tmp_path, begun=True)
    other = {**plan, "recipe": asdict(Recipe(skip_player_speech=True))}
    with pytest.raises(FinetuneError, match="another recipe"):
        claim_folder(tmp_path, other, KIND, contents=tmp_path, begun=True)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(FinetuneError, match="is there already and is not a report"):
        claim_folder(tmp_path, {}, "a report", contents=tmp_path, begun=False, fresh=True)
    assert (tmp_path / "diary.txt").read_text() == "mine"


def test_the_log_drops_entries_after_the_checkpoint(tmp_path: Path) -> None:
    log = StepLog(tmp_path / "log.jsonl")
    assert log.entries() == []
    for step in range(1, 5):
        log.add({"step": step, "loss": 1 / step})
    with log.path.open("a") as file:
        file.write('{"step": 5, "lo')  # killed while it wrote
    log.cut(3)
    assert [json.loads(line)["step"] for line in log.path.read_text().splitlines()] == [1, 2, 3]

"""Recipes: names, files, changes, and what is said about a wrong one."""

from dataclasses import fields
from pathlib import Path

import pytest

from finetune.errors import FinetuneError
from finetune.recipe import DEFAULT, Recipe, load, names


def test_the_packaged_recipes_load() -> None:
    assert {DEFAULT, "quick", "gpu"} <= set(names())
    for name in names():
        assert load(name).length >= 16


def test_every_knob_is_documented() -> None:
    source = Path(__file__).parents[2].joinpath("finetune", "recipe.py").read_text()
    for field in fields(Recipe):
        after = source.split(f"\n    {field.name}: ", 1)[1].splitlines()[1]
        assert after.strip().startswith('"""'), field.name


def test_changes_go_over_the_recipe(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("rank = 4\nalpha = 8\n")
    recipe = load(str(path), ["rank=2", "precision=fp32", "checkpointing=true"])
    assert (recipe.rank, recipe.alpha, recipe.precision, recipe.checkpointing) == (2, 8.0, "fp32", True)


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("laptop", "learnin_rate=1", "learning_rate"),
        ("laptop", "rank=0", "at least 1|between 1"),
        ("laptop", "rank=1.5", "whole number"),
        ("laptop", "checkpointing=1", "true or false"),
        ("laptop", "dropout=2", "between 0 and 0.9"),
        ("laptop", "learning_rate=nan", "between"),
        ("laptop", "precision=int4", "auto, fp32, bf16, fp16"),
        ("laptop", "rank", "KEY=VALUE"),
        ("latpop", "rank=1", "Did you mean 'laptop'"),
        ("missing.toml", "rank=1", "can't be read"),
    ],
)
def test_a_wrong_recipe_says_what_is_wrong(name: str, change: str, says: str) -> None:
    with pytest.raises(FinetuneError, match=says) as caught:
        load(name, [change])
    assert caught.value.exit_code == 2


def test_a_recipe_that_is_no_toml(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("rank = = 4")
    with pytest.raises(FinetuneError, match="not valid TOML"):
        load(str(path))

"""Recipes: names, files, changes, keys of earlier versions, and errors."""

import json
from dataclasses import asdict, fields
from pathlib import Path

import pytest

from finetune.errors import FinetuneError
from finetune.recipe import DEFAULT_RECIPE, LEARNING_RATES, METHODS, Recipe, load_recipe, recipe_names, stored_recipe

LANTERN = json.loads((Path(__file__).parent / "training_before_rename.json").read_text())
"""training.json of the bundled voice as an earlier version wrote it, with `mannerly` for `skip_player_speech`."""


def test_the_packaged_recipes_load() -> None:
    assert set(recipe_names()) == {DEFAULT_RECIPE, "quick", "gpu", "colab-t4", "colab-t4-xl"}
    for name in recipe_names():
        assert load_recipe(name).gpu == (name not in (DEFAULT_RECIPE, "quick"))


@pytest.mark.parametrize("method", METHODS)
def test_each_method_has_a_default_learning_rate(method: str) -> None:
    assert load_recipe(DEFAULT_RECIPE, [f"method={method}"]).learning_rate == LEARNING_RATES[method]
    assert load_recipe(DEFAULT_RECIPE, [f"method={method}", "learning_rate=0.5"]).learning_rate == 0.5
    assert load_recipe(DEFAULT_RECIPE, [f"method={method}"]).layers == (2 if method == "last-layers" else 0)


def test_every_setting_is_documented() -> None:
    source = Path(__file__).parents[2].joinpath("finetune", "recipe.py").read_text()
    for field in fields(Recipe):
        after = source.split(f"\n    {field.name}: ", 1)[1].splitlines()[1]
        assert after.strip().startswith('"""'), field.name


def test_changes_override_the_recipe(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("rank = 4\nalpha = 8\n")
    recipe = load_recipe(str(path), ["rank=2", "precision=fp32", "checkpointing=true"])
    assert (recipe.rank, recipe.alpha, recipe.precision, recipe.checkpointing) == (2, 8.0, "fp32", True)


def test_the_former_key_is_read_everywhere(tmp_path: Path) -> None:
    """In a recipe file, on the command line, and in a voice's training.json."""
    path = tmp_path / "mine.toml"
    path.write_text("mannerly = true\n")
    assert load_recipe(str(path)).skip_player_speech
    assert load_recipe("laptop", ["mannerly=true"]).skip_player_speech
    name, recipe = stored_recipe(LANTERN["recipe"])
    assert (name, recipe.skip_player_speech, recipe.rank, recipe.max_steps) == ("laptop", True, 32, 1000)
    assert "mannerly" not in asdict(recipe)


def test_a_stored_recipe_without_newer_keys_gets_their_defaults() -> None:
    stored = {"name": "mine", "rank": 8, "epochs": 4}
    assert stored_recipe(stored, ["epochs=5"]) == ("mine", Recipe(rank=8, epochs=5))
    with pytest.raises(FinetuneError, match="KEY=VALUE"):
        stored_recipe({"rank": 8}, ["epochs"])


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("laptop", "learnin_rate=1", "learning_rate"),
        ("laptop", "rank=0", "at least 1|between 1"),
        ("laptop", "rank=1.5", "whole number"),
        ("laptop", "checkpointing=1", "true or false"),
        ("laptop", "dropout=2", "between 0 and 0.9"),
        ("laptop", "learning_rate=nan", "between"),
        ("laptop", "precision=int4", "auto, fp32, bf16, fp16"),
        ("laptop", "method=ful", "lora, last-layers, full, scratch. Did you mean full?"),
        ("laptop", "layers=-1", "at least 0"),
        ("laptop", "learning_rate=-1", "between"),
        ("laptop", "init=LoftQ", "one of default, pissa, orthogonal. peft's does not work on GPT-2"),
        ("laptop", "rank", "KEY=VALUE"),
        ("latpop", "rank=1", "Did you mean laptop?"),
        ("missing.toml", "rank=1", "can't be read"),
    ],
)
def test_an_invalid_recipe_is_an_error(name: str, change: str, message: str) -> None:
    with pytest.raises(FinetuneError, match=message) as caught:
        load_recipe(name, [change])
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["method=scratch", "layers=2"], "method scratch trains every block"),
        (["init=orthogonal", "rank=3"], "needs an even one"),
        (["init=pissa", "dora=true"], "exclude each other"),
    ],
)
def test_values_that_exclude_each_other_are_an_error(changes: list[str], message: str) -> None:
    with pytest.raises(FinetuneError, match=message):
        load_recipe(DEFAULT_RECIPE, changes)


def test_a_recipe_that_is_not_toml_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("rank = = 4")
    with pytest.raises(FinetuneError, match="not valid TOML"):
        load_recipe(str(path))

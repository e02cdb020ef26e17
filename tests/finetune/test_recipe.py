"""Recipes: names, files, changes, and what is said about a wrong one."""

from dataclasses import fields
from pathlib import Path

import pytest

from finetune.errors import FinetuneError
from finetune.recipe import DEFAULT, METHODS, RATES, Recipe, load, names


def test_the_packaged_recipes_load() -> None:
    assert set(names()) == {DEFAULT, "quick", "gpu", "colab-t4", "colab-t4-xl"}
    for name in names():
        assert load(name).gpu == (name not in (DEFAULT, "quick"))


@pytest.mark.parametrize("method", METHODS)
def test_each_method_has_its_own_learning_rate_unless_one_is_named(method: str) -> None:
    assert load(DEFAULT, [f"method={method}"]).learning_rate == RATES[method]
    assert load(DEFAULT, [f"method={method}", "learning_rate=0.5"]).learning_rate == 0.5
    assert load(DEFAULT, [f"method={method}"]).layers == (2 if method == "last-layers" else 0)


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
        ("laptop", "method=ful", "lora, last-layers, full, scratch. Did you mean full?"),
        ("laptop", "layers=-1", "at least 0"),
        ("laptop", "learning_rate=-1", "between"),
        ("laptop", "init=LoftQ", "one of default, pissa, orthogonal. What was asked for does not work on GPT-2"),
        ("laptop", "rank", "KEY=VALUE"),
        ("latpop", "rank=1", "Did you mean laptop?"),
        ("missing.toml", "rank=1", "can't be read"),
    ],
)
def test_a_wrong_recipe_says_what_is_wrong(name: str, change: str, says: str) -> None:
    with pytest.raises(FinetuneError, match=says) as caught:
        load(name, [change])
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (["method=scratch", "layers=2"], "method scratch trains every block"),
        (["init=orthogonal", "rank=3"], "needs an even one"),
        (["init=pissa", "dora=true"], "don't go together"),
    ],
)
def test_values_that_do_not_go_together(changes: list[str], says: str) -> None:
    with pytest.raises(FinetuneError, match=says):
        load(DEFAULT, changes)


def test_a_recipe_that_is_no_toml(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("rank = = 4")
    with pytest.raises(FinetuneError, match="not valid TOML"):
        load(str(path))

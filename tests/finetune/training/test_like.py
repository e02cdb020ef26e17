"""`--like VOICE`: trains with the recipe and the base of a voice; other options override them."""

import json
import shutil
from pathlib import Path

import pytest

from tests.finetune.conftest import Run, Voices

pytestmark = pytest.mark.usefixtures("no_conversion")


def test_like_repeats_a_voice_bit_for_bit(tmp_path: Path, corpus: Path, voices: Voices, run: Run) -> None:
    voice, out = voices["llama"][0], tmp_path / "again"
    result = run("--corpus", corpus, "--like", voice, "--out", out)
    assert result.exit_code == 0, result.output
    assert "Not as in the voice" not in result.stderr
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        assert (out / name).read_bytes() == (voice / name).read_bytes()
    first, again = (json.loads((folder / "training.json").read_text()) for folder in (voice, out))
    assert again["recipe"] == first["recipe"] and again["base"] == first["base"]
    for key in ("before", "after", "validation_loss", "best_step"):
        assert again["figures"][key] == first["figures"][key]


def test_options_override_the_voices_recipe_and_base(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, voices: Voices, run: Run
) -> None:
    out = tmp_path / "other"
    asked = ("--base", bases["gpt2"], "--method", "full", "--set", "max_steps=2")
    result = run("--corpus", corpus, "--like", voices["llama"][0], "--out", out, *asked)
    assert result.exit_code == 0, result.output
    assert "Not as in the voice that is repeated: the base's weights." in result.stderr
    made = json.loads((out / "training.json").read_text())
    assert made["base"]["given"] == str(bases["gpt2"])
    recipe = made["recipe"]
    assert (recipe["method"], recipe["max_steps"], recipe["length"]) == ("full", 2, 64)
    assert recipe["learning_rate"] == 1e-4  # the method's own, not that of the adapter


def test_a_recipe_replaces_the_voices_recipe(
    tmp_path: Path, bases: dict[str, Path], corpus: Path, voices: Voices, run: Run
) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text("rank = 2\nmax_steps = 1\nlength = 32\nsamples = 0\n")
    result = run("--corpus", corpus, "--like", voices["gpt2"][0], "--recipe", mine, "--out", tmp_path / "other")
    assert result.exit_code == 0, result.output
    made = json.loads((tmp_path / "other" / "training.json").read_text())
    assert (made["recipe"]["rank"], made["recipe"]["learning_rate"]) == (2, 1e-3)
    assert made["base"]["given"] == str(bases["gpt2"])


def test_a_voice_that_can_not_be_repeated_is_an_error(tmp_path: Path, corpus: Path, voices: Voices, run: Run) -> None:
    old = shutil.copytree(voices["llama"][0], tmp_path / "old")
    training = json.loads((old / "training.json").read_text())
    for change, message in (
        ({"recipe": {**training["recipe"], "warm_up": 3}}, "recipe has 'warm_up', which this one does not know"),
        ({"recipe": {**training["recipe"], "rank": "big"}}, "rank must be a whole number"),
        ({"recipe": None}, "holds no recipe"),
        ({"base": {**training["base"], "given": str(tmp_path / "gone")}}, "There is no model folder"),
    ):
        (old / "training.json").write_text(json.dumps(training | change))
        refused = run("--corpus", corpus, "--like", old, "--out", tmp_path / "new")
        assert refused.exit_code == 2 and message in refused.stderr, refused.output
    refused = run("--corpus", corpus, "--like", corpus, "--out", tmp_path / "new")
    assert refused.exit_code == 2 and "is not a voice" in refused.stderr
    assert not (tmp_path / "new").exists()

"""Whether a recipe can train the adapter of an earlier voice further. Light: nothing heavy is imported here."""

from collections.abc import Mapping
from typing import Any

from finetune.recipe import Recipe

_SHAPE = ("method", "layers", "upper", "modules", "rank", "alpha", "rslora", "dora", "dropout")
"""Settings of a recipe that make the shape of an adapter."""


def goes_on_learning(recipe: Recipe, training: Mapping[str, Any]) -> bool:
    """Return whether `recipe` can train the adapter of a voice, with that `training.json`, further."""
    return _can_go_on(recipe, training) and not _differing(recipe, training)


def advice_to_go_on(recipe: Recipe, training: Mapping[str, Any]) -> str:
    """Return what would let the adapter go on learning; "" where nothing would."""
    if not _can_go_on(recipe, training):
        return ""
    sets = " ".join(f"--set {key}={_as_option(value)}" for key, value in _differing(recipe, training).items())
    return f"With {sets} the voice's adapter would go on learning itself, and the new voice be as small."


def _can_go_on(recipe: Recipe, training: Mapping[str, Any]) -> bool:
    stored = training.get("recipe")
    # PiSSA's adapter was turned into one of twice the recipe's rank.
    return recipe.method == "lora" and isinstance(stored, Mapping) and stored.get("init") != "pissa"


def _differing(recipe: Recipe, training: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the recipe would need for an adapter of the voice's shape, where it has something else."""
    defaults = Recipe()
    stored = {key: training["recipe"].get(key, getattr(defaults, key)) for key in _SHAPE}
    return {key: value for key, value in stored.items() if _comparable(value) != _comparable(getattr(recipe, key))}


def _comparable(value: Any) -> Any:
    return sorted(name.strip() for name in value.split(",")) if isinstance(value, str) else value


def _as_option(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)

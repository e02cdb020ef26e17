"""Whether a recipe that needs a CUDA card can find one here: asked of the driver, long before torch is imported.

check_card("gpu", recipe, has_card=may_have_card())
"""

import ctypes
import sys
from importlib.util import find_spec
from pathlib import Path

from finetune.errors import FinetuneError
from finetune.recipe import DEFAULT_RECIPE, Recipe

_DRIVERS = {"linux": "libcuda.so.1", "win32": "nvcuda.dll"}
_AMD = Path("/dev/kfd")
"""The device of AMD's driver, whose cards torch calls CUDA cards too."""


def may_have_card() -> bool:
    """Return False where torch can't find a CUDA card, because there is no driver for one."""
    if _AMD.exists():
        return True
    try:
        ctypes.CDLL(_DRIVERS[sys.platform])
    except (KeyError, OSError):
        return False
    return True


def check_card(recipe_name: str, recipe: Recipe, has_card: bool) -> None:
    """Check that a recipe which needs a CUDA card has one, and what it needs to hold weights in 4 bits there.

    Raises:
        FinetuneError: there is none, or bitsandbytes is missing.
    """
    if recipe.gpu and not has_card:
        raise FinetuneError(
            f"The recipe {recipe_name} is for a CUDA card, and torch finds none here. Take --recipe {DEFAULT_RECIPE}, "
            "which is made for a CPU."
        )
    if recipe.precision == "fp16" and not has_card:
        raise FinetuneError("precision fp16 needs a CUDA device. Use auto, bf16 or fp32.")
    if recipe.weights == "4bit":
        if not has_card:
            raise FinetuneError("weights 4bit needs a CUDA card, and none is found here. Take --set weights=half.")
        if find_spec("bitsandbytes") is None:
            raise FinetuneError(
                "weights 4bit needs bitsandbytes, which is not installed. Install it with: pip install bitsandbytes. "
                "Or take --set weights=half."
            )

"""Makes the voice that comes with the game: builds the library's corpus, trains on it, and copies what is shipped.

    python -m finetune.scripts.bundled_voice [--voice FOLDER]

Works in a clone, where the library is. The corpus and the recipe are fixed, with their seeds; the work is in `build/`,
and the same command goes on with it after an interruption. `--voice` ships a voice that `dungeon finetune` made before
from the library's corpus and this recipe.

What is shipped is the adapter for llama.cpp, not peft's, which is twice as large and is needed for training only.
"""

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

from corpus.build import build
from corpus.pipeline import Settings
from finetune.files import read_json, sha256_of, write_json
from finetune.models.folders import VOICE
from finetune.recipe import load_recipe
from finetune.training.job import TrainingJob
from finetune.training.train import train_voice

NAME = "lantern"
RECIPE = "laptop"
CHANGES = (
    "batch=1",
    "modules=o_proj,down_proj",
    "rank=32",
    "alpha=64",
    "learning_rate=0.002",
    "skip_player_speech=true",
    "max_steps=1000",
    "evaluate_every=250",
    "save_every=50",
)
"""Chosen on the validation split (`tests/benchmarks/voice_search.py`; the log is `voice_search.md` beside it). Of the
linear layers only those that write into the residual stream are adapted: each adapted one costs a token 20
microseconds at play, whatever its rank."""
SAMPLING: dict[str, Any] = {"length": 25}
"""What differs from the game's defaults, which were measured on this voice (`tests/benchmarks/voice_search.md`). Read
blind, turns of a sentence or two were preferred to longer ones in 23 of 24 (`tests/benchmarks/blind/levers.md`)."""
_ROOT = Path(__file__).parents[2]
_FILES = ("adapter.gguf", "training.json")


def main() -> None:
    """Train the voice, or take the one given, and put it in its place in the game."""
    parser = argparse.ArgumentParser(
        prog="python -m finetune.scripts.bundled_voice", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--voice", type=Path, help="a voice tuned on the library, to ship as it is")
    given = parser.parse_args().voice
    library = _ROOT / "corpus" / "library"
    if not library.is_dir():
        sys.exit("The library is not here. Run this in a clone of the project.")
    voice = given or _ROOT / "build" / NAME
    if given is None:
        corpus = _ROOT / "build" / "library-corpus"
        build([library], corpus, Settings())
        print(train_voice(TrainingJob(corpus, "smollm2", voice, RECIPE, load_recipe(RECIPE, CHANGES), replace=True)))
    ship(voice, _ROOT / "dungeon" / "storyteller" / "data" / NAME)


def ship(voice: Path, to: Path) -> None:
    """Copy what players need of a voice folder, with its name, its sampling and, on its card, the adapter's hash."""
    to.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        shutil.copyfile(voice / name, to / name)
    write_json(to / VOICE, {**read_json(voice / VOICE), "name": NAME, "sampling": SAMPLING})
    digest = sha256_of(to / "adapter.gguf")
    card = (voice / "README.md").read_text(encoding="utf-8")
    card = card.replace(f"# {voice.name}\n", f"# {NAME}\n").replace(f"--voice {voice.name}\n", f"--voice {NAME}\n")
    files = (
        f"`adapter.gguf`, sha256 `{digest}`: for llama.cpp, over the game's\nown Q4_1 weights. Made by "
        "`python -m finetune.scripts.bundled_voice` in a clone of the project, from `corpus/library`, which is\nCC0."
    )
    (to / "README.md").write_text(f"{card}\n## Files\n\n{files}\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Which layers teach a voice most in the same time on a CPU: the loss on held-out text against minutes.

    python -m corpus build corpus/library --out CORPUS
    OMP_WAIT_POLICY=passive python -m tests.benchmarks.training_curve --corpus CORPUS [--minutes 4] [--rows 24]
        [SETTING …]

A setting is a list of KEY=VALUE over the recipe `laptop`, as `dungeon finetune --set` takes them; without any, six: all
layers, the upper 20, 15 and 10 of the bundled weights' 30, and the two matrices that write into the residual stream,
in all layers and in the upper 15. Each trains for as many steps as fit into the minutes, with the same seed and a
learning rate that falls to zero at its own end. Prints, as a Markdown table, tokens per second of CPU time and the loss
on the same rows of the validation split after each quarter of the minutes.

Minutes are CPU time divided by the threads, of the steps alone: on a busy machine the clock would favour what ran while
it was quiet.
"""

import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback, set_seed

from finetune.data.corpus import Corpus, read_corpus
from finetune.models.base import open_base
from finetune.models.precision import choose_precision
from finetune.recipe import Recipe, load_recipe
from finetune.training.methods import halve_frozen, prepare_model
from finetune.training.trainer import VoiceTrainer
from finetune.training.training_data import prepare_data
from tests.benchmarks.figures import argument_parser

_SETTINGS = (
    "upper=1",
    "layers=15",
    "upper=1 modules=o_proj,down_proj",
    "layers=10",
    "layers=20",
    "layers=15 modules=o_proj,down_proj",
)
_NEVER = 10**6
_QUARTERS = 4


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=4, help="to train each setting for")
    parser.add_argument("--rows", type=int, default=24, help="of the validation split, to measure on")
    parser.add_argument("settings", nargs="*", metavar="SETTING")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=FutureWarning)  # of transformers and peft, about each other
    print_curves(read_corpus(options.corpus), options.settings or list(_SETTINGS), options.minutes, options.rows)


def print_curves(corpus: Corpus, settings: list[str], minutes: float, rows: int) -> None:
    """Print a line for each setting."""
    quarters = [f"{minutes * n / _QUARTERS:g} min" for n in range(1, _QUARTERS + 1)]
    print(f"| setting | tokens per CPU second | steps | {' | '.join(quarters)} |")
    print(f"|{'---|' * (3 + _QUARTERS)}", flush=True)
    budget = 60 * minutes * torch.get_num_threads()
    for setting in settings:
        recipe = replace(
            load_recipe("laptop", setting.split()), epochs=99, held_out_rows=rows, samples=0, save_every=_NEVER
        )
        probe = CpuClock()
        train_with(replace(recipe, max_steps=4, evaluate_every=_NEVER), corpus, probe)
        steps = max(_QUARTERS, round(budget / min(probe.steps)) // _QUARTERS * _QUARTERS)
        clock = CpuClock()
        losses = train_with(replace(recipe, max_steps=steps, evaluate_every=steps // _QUARTERS), corpus, clock)
        speed = recipe.batch * recipe.length * steps / sum(clock.steps)
        shown = " | ".join(f"{loss:.4f}" for loss in losses)
        print(f"| {setting or 'laptop'} | {speed:.0f} | {steps} | {shown} |", flush=True)


def train_with(recipe: Recipe, corpus: Corpus, clock: "CpuClock") -> list[float]:
    """Train the bundled weights; return the losses of the evaluations."""
    base = open_base("smollm2")
    precision = choose_precision(recipe.precision)
    data = prepare_data(corpus, base, recipe)
    set_seed(recipe.seed)
    model = prepare_model(base.model, recipe)
    if recipe.weights != "fp32":
        halve_frozen(model, precision.dtype)
    with tempfile.TemporaryDirectory() as folder:
        trainer = VoiceTrainer(model, data, recipe, precision, base, Path(folder))
        trainer.add_callback(clock)
        trainer.run(None)
        return trainer.progress.validation_losses(recipe.max_steps)


class CpuClock(TrainerCallback):
    """Keeps the CPU seconds of each step."""

    def __init__(self) -> None:
        self.steps: list[float] = []

    def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
        self._began = time.process_time()

    def on_step_end(self, *args: Any, **kwargs: Any) -> None:
        self.steps.append(time.process_time() - self._began)


if __name__ == "__main__":
    main()

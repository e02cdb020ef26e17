"""What helps a voice in a short run: recipes and changes of the data, beside each other. Prints, asserts nothing.

    python -m tests.benchmarks.voice_search --corpus DIR [--tokens 40000] [--rows 24] "" "learning_rate=0.002" …

Each variant is a list of KEY=VALUE over the recipe `laptop`, as `dungeon finetune --set` takes them, and `+NAME` for a
change of the training text (`CHANGES`). All train the bundled weights on as many tokens, context and all, and are
measured on the same rows of the validation split: 1,024 tokens long, as a tale is while it is played, the targets only.
So the figures compare, whatever a variant learns from. The test split is not looked at.
"""

import argparse
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

from datasets import Dataset, concatenate_datasets

from finetune.data.batches import Collator
from finetune.data.corpus import Corpus, read_corpus
from finetune.data.rows import make_rows
from finetune.models.base import open_base
from finetune.models.held_out import HeldOutLoss, HeldOutRows, choose_held_out, held_out_loss
from finetune.models.precision import choose_precision
from finetune.recipe import load_recipe
from finetune.training.job import TrainingJob
from finetune.training.train import train

_LENGTH = 1024


def without_actions(examples: Dataset) -> Dataset:
    """A tenth of the targets lose their actions, as where a player presses Enter alone."""
    chance = Random(0)

    def change(example: dict[str, str]) -> dict[str, str]:
        if chance.random() >= 0.1:
            return example
        return {**example, "target": _prose(example["target"])}

    return examples.map(change)


def more_dialogue(examples: Dataset) -> Dataset:
    """Targets of which more than a third is spoken stand twice."""
    return concatenate_datasets([examples, examples.filter(lambda example: _spoken(example["target"]) > 1 / 3)])


def less_dialogue(examples: Dataset) -> Dataset:
    """Targets of which more than a third is spoken are left out."""
    return examples.filter(lambda example: _spoken(example["target"]) <= 1 / 3)


def _prose(target: str) -> str:
    return re.sub(r"^> .*\n+", "", target, flags=re.MULTILINE)


def _spoken(target: str) -> float:
    """How much of the prose stands in quotation marks."""
    prose = _prose(target)
    return sum(map(len, re.findall('"[^"]*"', prose))) / max(1, len(prose))


CHANGES: dict[str, Callable[[Dataset], Dataset]] = {
    change.__name__: change for change in (without_actions, more_dialogue, less_dialogue)
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--tokens", type=int, default=40_000)
    parser.add_argument("--rows", type=int, default=24, help="of the validation split that are measured")
    parser.add_argument("variants", nargs="+")
    arguments = parser.parse_args()
    corpus = read_corpus(arguments.corpus)
    base = open_base("smollm2")
    part = corpus.splits["validation"]
    rows = choose_held_out(part, make_rows(part, base.tokenizer, _LENGTH, base.end_id), arguments.rows)
    precision = choose_precision("fp32")
    collator = Collator(0)
    print("| variant | nats per token | bits per byte | against the base | steps | minutes |")
    print(f"|{'---|' * 6}", flush=True)
    before = held_out_loss(base.model, rows, 1, precision, collator)
    print(f"| untuned | {before.nats_per_token:.3f} | {before.bits_per_byte:.3f} | | | |", flush=True)
    for variant in arguments.variants:
        words = variant.split()
        learned = corpus
        for name in (word[1:] for word in words if word.startswith("+")):
            learned = replace(learned, splits={**learned.splits, "train": CHANGES[name](learned.splits["train"])})
        said = [word for word in words if not word.startswith("+")]
        figure, steps, seconds = tuned(learned, said, arguments.tokens, rows, before)
        gain = 1 - figure.bits_per_byte / before.bits_per_byte
        print(
            f"| {variant or 'laptop'} | {figure.nats_per_token:.4f} | {figure.bits_per_byte:.4f} | -{gain:.1%} "
            f"| {steps} | {seconds / 60:.1f} |",
            flush=True,
        )


def tuned(
    corpus: Corpus, said: list[str], tokens: int, rows: HeldOutRows, before: HeldOutLoss
) -> tuple[HeldOutLoss, int, float]:
    """The held-out figure of a variant, its steps, and the seconds of its training."""
    recipe = load_recipe("laptop", said)
    steps = round(tokens / (recipe.batch * recipe.accumulate * recipe.length))
    recipe = replace(
        recipe, max_steps=steps, epochs=99, held_out_rows=1, evaluate_every=steps, samples=0, save_every=10**6
    )
    base = open_base("smollm2")
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        job = TrainingJob(Path(), "smollm2", Path(folder) / "voice", "laptop", recipe)
        trained = train(job, corpus, base, before)
        assert trained is not None
        seconds = time.perf_counter() - began
    return held_out_loss(trained[1], rows, 1, choose_precision("fp32"), Collator(0)), steps, seconds


if __name__ == "__main__":
    main()

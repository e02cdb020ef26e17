"""Which recipe teaches a voice most in a short training: variants of `laptop`, beside each other.

    python -m corpus build corpus/library --out CORPUS
    python -m tests.benchmarks.voice_search --corpus CORPUS [--tokens 40000] [--rows 24] "" "rank=32 batch=1" …

A variant is a list of KEY=VALUE, as `dungeon finetune --set` takes them; "" is `laptop` itself. Each trains the bundled
weights on as many tokens, context included, with the same seed. Prints a Markdown table of the losses on the same rows
of the validation split: 1,024 tokens long, as a tale is while it is played, the targets only. So the losses compare,
whatever a variant learns from. The test split is not used.

`voice_search.md` is the log of the search for the bundled voice's recipe. A variant takes 5 minutes on two cores.
"""

import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path

from finetune.data.batches import Collator
from finetune.data.corpus import Corpus, read_corpus
from finetune.data.encoders import TaleEncoder
from finetune.models.base import open_base
from finetune.models.held_out import HeldOutLoss, HeldOutRows, choose_held_out, held_out_loss
from finetune.models.precision import choose_precision
from finetune.recipe import load_recipe
from finetune.training.job import TrainingJob
from finetune.training.train import train
from tests.benchmarks.figures import argument_parser

_LENGTH = 1024
"""Tokens of a measured row, at most."""
_NEVER = 10**6


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--tokens", type=int, default=40_000, help="to train each variant on")
    parser.add_argument("--rows", type=int, default=24, help="of the validation split, to measure on")
    parser.add_argument("variants", nargs="+", metavar="VARIANT")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", category=FutureWarning)  # of transformers and peft, about each other
    corpus = read_corpus(arguments.corpus)
    base = open_base("smollm2")
    validation = corpus.splits["validation"]
    rows = choose_held_out(validation, TaleEncoder(base.tokenizer), _LENGTH, arguments.rows)
    print("| variant | nats per token | bits per byte | against the base | steps | minutes |")
    print(f"|{'---|' * 6}", flush=True)
    before = held_out_loss(base.model, rows, 1, choose_precision("fp32"), Collator(0))
    print(f"| untuned | {before.nats_per_token:.3f} | {before.bits_per_byte:.3f} | | | |", flush=True)
    for variant in arguments.variants:
        after, steps, duration = train_variant(corpus, variant.split(), arguments.tokens, rows, before)
        change = after.bits_per_byte / before.bits_per_byte - 1
        print(
            f"| {variant or 'laptop'} | {after.nats_per_token:.4f} | {after.bits_per_byte:.4f} | {change:+.1%} "
            f"| {steps} | {duration / 60:.1f} |",
            flush=True,
        )


def train_variant(
    corpus: Corpus, changes: list[str], tokens: int, rows: HeldOutRows, before: HeldOutLoss
) -> tuple[HeldOutLoss, int, float]:
    """Train a variant; return its loss on `rows`, its steps, and the seconds of the training."""
    recipe = load_recipe("laptop", changes)
    steps = max(1, round(tokens / (recipe.batch * recipe.accumulate * recipe.length)))
    recipe = replace(
        recipe, max_steps=steps, epochs=99, held_out_rows=1, evaluate_every=steps, samples=0, save_every=_NEVER
    )
    with tempfile.TemporaryDirectory() as folder:
        job = TrainingJob(Path(), "smollm2", Path(folder) / "voice", "laptop", recipe)
        base = open_base(job.base)
        began = time.perf_counter()
        trained = train(job, corpus, base, before)
        duration = time.perf_counter() - began
    assert trained is not None, "only the main process has a result"
    return held_out_loss(trained[1], rows, 1, choose_precision("fp32"), Collator(0)), steps, duration


if __name__ == "__main__":
    main()

"""How fast a voice is tuned here: ours beside a plain transformers Trainer script, in one run, on the same rows.

    OMP_WAIT_POLICY=passive python tests/benchmarks/finetune.py [--base BASE] [--length 512] [--batch 4] [--rows 16]
        [--method lora|full] [--repeats 2] [--profile | --recipes]

The rows are of stories of the library. The plain script is what its users write: peft on all linear layers with the
same rank, padding to the longest row of a batch, the Trainer's defaults, 16-bit arithmetic on a CUDA card. The two take
turns, after a step each to warm up, and learn all rows each time. Counted is what rows hold, never padding. Time is
that between the begin and the end of each step. On a CPU that is shared, trust the seconds that the process really
computed (CPU s): the wall's depend on what else runs. Memory is what training adds to the loaded model at its peak.

--profile: where the time of one of our steps goes, and how far it is from the floor, the time of its necessary matrix
products at the speed of one large product: forward, backward for activations, and for weights where they are learned.
--recipes: the peak memory of each recipe at its own batch and length, model and all, each in a process of its own.

On a CUDA card: --base openai-community/gpt2 --length 1024 --batch 32 --rows 640, then --method full, then
--base openai-community/gpt2-xl --batch 8 --rows 64 and --recipes measure all that is claimed for one.
"""

import argparse
import copy
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.remove(str(Path(__file__).parent))  # or this file would be taken for the package of its name

import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from transformers import (
    DataCollatorForSeq2Seq,
    IntervalStrategy,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    logging,
)
from transformers.trainer_utils import SaveStrategy

from finetune.data.corpus import read_corpus
from finetune.data.rows import IGNORED, Row, make_rows
from finetune.models.base import Base, open_base
from finetune.models.held_out import HeldOutRows
from finetune.models.precision import Precision, choose_precision
from finetune.recipe import Recipe, load_recipe, recipe_names
from finetune.training.methods import halve_frozen, prepare_model
from finetune.training.trainer import VoiceTrainer
from finetune.training.training_data import TrainingData

LIBRARY = Path(__file__).parents[2] / "corpus" / "library"
CUDA = torch.cuda.is_available()
GIB = 2**30
NEVER = 10**6
XL = "openai-community/gpt2-xl"  # what the recipe colab-t4-xl is for


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", default="smollm2")
    parser.add_argument("--recipe", default="gpu" if CUDA else "laptop", help="of ours: precision, rank and the rest")
    parser.add_argument("--method", choices=["lora", "full"], default="lora")
    parser.add_argument("--length", type=int, help="tokens a row; default: the recipe's")
    parser.add_argument("--batch", type=int, help="rows a step; default: the recipe's")
    parser.add_argument("--rows", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--recipes", action="store_true")
    parser.add_argument("--peak", action="store_true", help="of one recipe alone; what --recipes starts")
    options = parser.parse_args()
    logging.set_verbosity_error()
    if options.recipes:
        peak_of_each(options.base)
        return
    base = open_base(options.base)
    recipe = load_recipe(options.recipe, [f"method={options.method}"])
    recipe = replace(
        recipe,
        length=min(options.length or recipe.length, base.context_size),
        batch=options.batch or recipe.batch,
        accumulate=1,
        epochs=1,
        max_steps=0,
        samples=0,
        evaluate_every=NEVER,
        save_every=NEVER,
        compile="on" if CUDA and recipe.compile == "auto" else recipe.compile,
    )
    precision = choose_precision(recipe.precision)
    with tempfile.TemporaryDirectory() as folder:
        rows = library_rows(base, recipe.length, 2 * recipe.batch if options.peak else options.rows, Path(folder))
        if options.peak:
            ours(base, rows, recipe, precision, Path(folder)).train()
            print(f"{peak_of_process() / GIB:.1f}")
        elif options.profile:
            profile(ours(base, rows, recipe, precision, Path(folder)), recipe, precision)
        else:
            print(f"{base.name}, {recipe.method}, ours in {precision.precision} ({precision.why}), on {device()}")
            side_by_side(base, rows, recipe, precision, options.repeats, Path(folder))


def library_rows(base: Base, length: int, count: int, folder: Path) -> list[Row]:
    """Rows spread over the library's training split; all of it is built where a few stories don't hold so many."""
    stories = sorted(LIBRARY.glob("*.twee"))
    for some in (stories[:12], stories):
        corpus = folder / f"corpus-{len(some)}"
        command = [sys.executable, "-m", "corpus", "build", *map(str, some), "--out", str(corpus)]
        subprocess.run(command, check=True, capture_output=True)
        made = make_rows(read_corpus(corpus).splits["train"], base.tokenizer, length, base.end_id)
        rows = [row for example in made for row in example]
        if len(rows) >= count:
            break
    rows = [rows[n * len(rows) // count] for n in range(min(count, len(rows)))]
    lengths = [len(row["input_ids"]) for row in rows]
    learned = sum(label != IGNORED for row in rows for label in row["labels"])
    print(
        f"{len(lengths)} rows of {min(lengths)} to {max(lengths)} tokens, {sum(lengths):,} in all, {learned:,} learned"
    )
    return rows


# ---- the two -------------------------------------------------------------------------------------------------


def ours(base: Base, rows: list[Row], recipe: Recipe, precision: Precision, work: Path) -> Trainer:
    model = prepare_model(base.model, recipe)
    if recipe.weights == "half" and precision.precision != "fp32":
        halve_frozen(model, precision.dtype)
    held_out = HeldOutRows(rows[:1], 1)
    trainer = VoiceTrainer(model, TrainingData(rows, held_out, "test", held_out, []), recipe, precision, base, work)
    # Steps alone: no measuring, no saving, no display.
    trainer.args.eval_strategy, trainer.args.save_strategy = IntervalStrategy.NO, SaveStrategy.NO
    for shown in (trainer.progress, trainer.trackers):
        trainer.remove_callback(shown)
    return trainer


def plain(model: Any, tokenizer: Any, rows: list[Row], recipe: Recipe, work: Path) -> Trainer:
    if recipe.method == "lora":
        lora = LoraConfig(
            r=recipe.rank, lora_alpha=int(recipe.alpha), target_modules="all-linear", task_type="CAUSAL_LM"
        )
        model = get_peft_model(model, lora)
    bf16 = CUDA and torch.cuda.get_device_capability() >= (8, 0)
    arguments = TrainingArguments(
        output_dir=str(work / "plain"),
        per_device_train_batch_size=recipe.batch,
        num_train_epochs=1,
        learning_rate=recipe.learning_rate,
        bf16=bf16,
        fp16=CUDA and not bf16,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
    )
    collator = DataCollatorForSeq2Seq(tokenizer, padding=True)
    trainer = Trainer(model=model, args=arguments, train_dataset=Dataset.from_list(rows), data_collator=collator)
    trainer.remove_callback(PrinterCallback)
    return trainer


class Clock(TrainerCallback):
    """Seconds within steps: the wall's, and those that this process's threads computed."""

    def __init__(self) -> None:
        self.wall = self.computed = 0.0

    def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
        self._begin = time.perf_counter(), time.process_time()

    def on_step_end(self, *args: Any, **kwargs: Any) -> None:
        if CUDA:
            torch.cuda.synchronize()
        self.wall += time.perf_counter() - self._begin[0]
        self.computed += time.process_time() - self._begin[1]


@dataclass(frozen=True, slots=True)
class Turn:
    """One pass over all rows."""

    wall: float
    computed: float
    added: float
    """Bytes at the peak, beyond the model that was there before."""


def take_turn(trainer: Trainer, steps: int = -1) -> Turn:
    trainer.args.max_steps = steps
    clock = Clock()
    trainer.add_callback(clock)
    before = start_of_memory()
    trainer.train()
    trainer.remove_callback(clock)
    return Turn(clock.wall, clock.computed, peak_of_memory() - before)


def side_by_side(base: Base, rows: list[Row], recipe: Recipe, precision: Precision, repeats: int, work: Path) -> None:
    other = copy.deepcopy(base.model)
    trainers = {
        "plain": plain(other, base.tokenizer, rows, recipe, work),
        "ours": ours(base, rows, recipe, precision, work),
    }
    for trainer in trainers.values():
        take_turn(trainer, 1)
    turns: dict[str, list[Turn]] = {name: [] for name in trainers}
    for _ in range(repeats):
        for name, trainer in trainers.items():
            turns[name].append(take_turn(trainer))
    tokens = sum(len(row["input_ids"]) for row in rows)
    targets = sum(label != IGNORED for row in rows for label in row["labels"])
    print("        tokens/s  targets/s  tokens/CPU s  GiB added")
    for name, made in turns.items():
        wall = statistics.median(turn.wall for turn in made)
        computed = statistics.median(turn.computed for turn in made)
        added = max(turn.added for turn in made) / GIB
        print(f"{name:<6}  {tokens / wall:8.0f}  {targets / wall:9.0f}  {tokens / computed:12.1f}  {added:9.2f}")
    for what in ("wall", "computed"):
        ratios = sorted(getattr(a, what) / getattr(b, what) for a, b in zip(turns["plain"], turns["ours"], strict=True))
        print(
            f"ours / plain by seconds {what:<9} {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        )


# ---- memory --------------------------------------------------------------------------------------------------


def start_of_memory() -> float:
    """Forgets the peak so far, and says what is held now, in bytes; 0 where the system doesn't tell."""
    if CUDA:
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    if sys.platform != "linux":
        return 0.0
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def peak_of_memory() -> float:
    if CUDA:
        return torch.cuda.max_memory_allocated()
    return _status("VmHWM") if sys.platform == "linux" else float("nan")


def _status(key: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(key)) * 1024


def peak_of_process() -> float:
    if CUDA:
        return torch.cuda.max_memory_reserved()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def peak_of_each(base: str) -> None:
    print(f"peak memory in GiB, {base}, on {device()}")
    for name in recipe_names():
        if load_recipe(name).gpu and not CUDA:
            print(f"{name:<12} not measured: it is for a CUDA card")
            continue
        tuned = XL if name == "colab-t4-xl" else base
        command = [sys.executable, __file__, "--peak", "--base", tuned, "--recipe", name]
        print(f"{name:<12} {subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1]}")


# ---- where the time goes -------------------------------------------------------------------------------------


def profile(trainer: Trainer, recipe: Recipe, precision: Precision) -> None:
    take_turn(trainer, 1)
    activities = [torch.profiler.ProfilerActivity.CPU, *([torch.profiler.ProfilerActivity.CUDA] if CUDA else [])]
    with torch.profiler.profile(activities=activities, record_shapes=True) as seen:
        turn = take_turn(trainer, 1)
    model: Any = trainer.model
    inner = model.get_base_model() if recipe.method == "lora" else model
    vocabulary = inner.get_output_embeddings().weight.shape[0]
    spent: Counter[str] = Counter()
    for event in seen.key_averages(group_by_input_shape=True):
        seconds = (event.self_device_time_total if CUDA else event.self_cpu_time_total) / 1e6
        spent[part(event.key, event.input_shapes, vocabulary, recipe.rank)] += seconds
    total = sum(spent.values())
    print("part                             seconds  share")
    for name, seconds in spent.most_common():
        print(f"{name:<32} {seconds:7.2f}  {seconds / total:5.0%}")
    batches = trainer.get_train_dataloader()
    batch = next(iter(batches))
    tokens, targets = batch["input_ids"].numel(), int((batch["labels"] != IGNORED).sum())
    head = inner.get_output_embeddings().weight.numel()
    tied = inner.get_output_embeddings().weight is inner.get_input_embeddings().weight
    frozen = sum(weight.numel() for name, weight in inner.named_parameters() if "lora_" not in name)
    layers = frozen - head - (0 if tied else inner.get_input_embeddings().weight.numel())
    times = 4 if recipe.method == "lora" else 6
    floor = times * (layers * tokens + head * targets) / product_speed(precision, trainer.args.device)
    print(f"one step of {tokens} tokens, {targets} learned: {turn.wall:.2f} s; the floor is {floor:.2f} s,")
    print(f"so it runs at {floor / turn.wall:.0%} of what matrix products alone would reach")


def part(name: str, shapes: list[list[int]], vocabulary: int, rank: int) -> str:
    """What an operation of these inputs belongs to."""
    sizes = {size for shape in shapes for size in (shape if isinstance(shape, list) else [])}
    if "attention" in name:
        return "attention"
    if vocabulary in sizes:
        return "output head and cross-entropy"
    if name in ("aten::mm", "aten::addmm", "aten::addmm_", "aten::bmm"):
        return "adapters' matrix products" if rank in sizes else "matrix products of the layers"
    return "the rest"


def product_speed(precision: Precision, where: torch.device) -> float:
    """Operations a second in a large matrix product."""
    size = 4096 if CUDA else 2048
    left, right = torch.randn(size, size, device=where), torch.randn(size, size, device=where)
    best = float("inf")
    with precision.autocast(where):
        for _ in range(4):
            begin = time.perf_counter()
            left @ right
            if CUDA:
                torch.cuda.synchronize()
            best = min(best, time.perf_counter() - begin)
    return 2 * size**3 / best


def device() -> str:
    return torch.cuda.get_device_name() if CUDA else f"{torch.get_num_threads()} CPU threads"


if __name__ == "__main__":
    main()

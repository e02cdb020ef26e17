"""How fast a voice is trained, and in how much memory, beside a plain script around the transformers Trainer.

    OMP_WAIT_POLICY=passive python -m tests.benchmarks.training_speed [--base smollm2] [--method lora|full]
        [--length 512] [--batch 4] [--rows 16] [--repeats 2] [--profile | --recipes]

Both train the same rows of library stories, every token a target, in one run, by turns, after a step to warm up. The
plain script is what users of these packages write: peft on all linear layers with the same rank, padding to the longest
row of a batch, the Trainer's defaults, 16-bit arithmetic on a CUDA card. Ours trains the blocks that its recipe names.

Prints seconds of the wall clock and of CPU time, tokens in a second of each, the memory that training adds to the
loaded model at its peak, and the ratios of the two. Tokens are those of the rows, without padding; time runs from the
first batch to the end of the last step, with collation, transfers and logging in it. On a shared CPU trust the ratio of
CPU time.

--profile prints where the time of one of our steps goes, and how near the step is to its lower bound: the time of the
necessary matrix products (forward, backward to activations, and to weights where these are trained) at the speed of
one large product. --recipes prints the peak memory of each recipe at its own batch and length, model included, each in
a process of its own.

On a CUDA card, these measure all that the project claims for one: --base openai-community/gpt2 --length 1024 --batch
32 --rows 640; the same with --method full; --base openai-community/gpt2-xl --batch 8 --rows 64; --recipes.
"""

import copy
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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

from finetune.data.batches import count_batch_targets
from finetune.data.corpus import read_corpus
from finetune.data.encoders import TaleEncoder
from finetune.data.rows import Row, count_targets, make_rows
from finetune.models.base import Base, open_base
from finetune.models.held_out import HeldOutRows
from finetune.models.precision import Precision, choose_precision
from finetune.recipe import Recipe, load_recipe, recipe_names
from finetune.training.methods import halve_frozen, prepare_model
from finetune.training.trainer import VoiceTrainer
from finetune.training.training_data import TrainingData
from tests.benchmarks.figures import argument_parser

_LIBRARY = Path(__file__).parents[2] / "corpus" / "library"
_CUDA = torch.cuda.is_available()
_GIB = 2**30
_NEVER = 10**6
_XL = "openai-community/gpt2-xl"
"""The base that the recipe colab-t4-xl is for."""


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--base", default="smollm2")
    parser.add_argument("--recipe", default="gpu" if _CUDA else "laptop", help="ours: precision, rank and the rest")
    parser.add_argument("--method", choices=["lora", "full"], default="lora")
    parser.add_argument("--length", type=int, help="tokens of a row, at most; default: the recipe's")
    parser.add_argument("--batch", type=int, help="rows of a step; default: the recipe's")
    parser.add_argument("--rows", type=int, default=16, help="rows in all")
    parser.add_argument("--repeats", type=int, default=2, help="passes over the rows")
    parser.add_argument("--profile", action="store_true", help="profile one step")
    parser.add_argument("--recipes", action="store_true", help="measure the memory of every recipe")
    parser.add_argument("--peak", action="store_true", help="the memory of one recipe: what --recipes runs")
    options = parser.parse_args()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    warnings.filterwarnings("ignore")  # of torch and transformers, about each other
    if options.recipes:
        print_recipe_memory(options.base)
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
        evaluate_every=_NEVER,
        save_every=_NEVER,
        compile="on" if _CUDA and recipe.compile == "auto" else recipe.compile,
    )
    precision = choose_precision(recipe.precision)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        rows = library_rows(base, recipe.length, 2 * recipe.batch if options.peak else options.rows, work)
        if options.peak:
            our_trainer(base, rows, recipe, precision, work).train()
            print(f"{_process_peak() / _GIB:.1f}")
        elif options.profile:
            print_profile(our_trainer(base, rows, recipe, precision, work), recipe, precision)
        else:
            print(f"{base.name}, {recipe.method}, ours in {precision.precision} ({precision.why}), on {_device()}")
            compare_trainers(base, rows, recipe, precision, options.repeats, work)


def library_rows(base: Base, length: int, count: int, folder: Path) -> list[Row]:
    """Return `count` rows spread over the training split of twelve stories, or of all where that is not enough."""
    stories = sorted(_LIBRARY.glob("*.twee"))
    for some in (stories[:12], stories):
        corpus = folder / f"corpus-{len(some)}"
        command = [sys.executable, "-m", "corpus", "build", *map(str, some), "--out", str(corpus)]
        subprocess.run(command, check=True, capture_output=True)
        train = read_corpus(corpus).splits["train"]
        examples = make_rows(train, base.tokenizer, length, base.end_id, learn_context=True)
        rows = [row for example in examples for row in example]
        if len(rows) >= count:
            break
    rows = [rows[n * len(rows) // count] for n in range(min(count, len(rows)))]
    lengths = [len(row["input_ids"]) for row in rows]
    print(f"{len(rows)} rows of {min(lengths)} to {max(lengths)} tokens, {sum(lengths):,} in all")
    return rows


# ---- the two trainers --------------------------------------------------------------------------------------------


def our_trainer(base: Base, rows: list[Row], recipe: Recipe, precision: Precision, work: Path) -> Trainer:
    """Return the trainer of `dungeon finetune`, for steps alone: no evaluation, no saving."""
    model = prepare_model(base.model, recipe)
    if recipe.weights != "fp32":
        halve_frozen(model, precision.dtype)
    held_out = HeldOutRows(rows[:1], 1)
    data = TrainingData(rows, count_targets(rows), held_out, "test", held_out, [], TaleEncoder(base.tokenizer))
    trainer = VoiceTrainer(model, data, recipe, precision, base, work)
    trainer.args.eval_strategy, trainer.args.save_strategy = IntervalStrategy.NO, SaveStrategy.NO
    return trainer


def plain_trainer(model: Any, tokenizer: Any, rows: list[Row], recipe: Recipe, work: Path) -> Trainer:
    """Return the trainer of a plain script."""
    if recipe.method == "lora":
        lora = LoraConfig(
            r=recipe.rank, lora_alpha=int(recipe.alpha), target_modules="all-linear", task_type="CAUSAL_LM"
        )
        model = get_peft_model(model, lora)
    bf16 = _CUDA and torch.cuda.get_device_capability() >= (8, 0)
    arguments = TrainingArguments(
        output_dir=str(work / "plain"),
        per_device_train_batch_size=recipe.batch,
        num_train_epochs=1,
        learning_rate=recipe.learning_rate,
        bf16=bf16,
        fp16=_CUDA and not bf16,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
    )
    collator = DataCollatorForSeq2Seq(tokenizer, padding=True)
    trainer = Trainer(model=model, args=arguments, train_dataset=Dataset.from_list(rows), data_collator=collator)
    trainer.remove_callback(PrinterCallback)
    return trainer


class TrainingClock(TrainerCallback):
    """The seconds from the first batch to the end of the last step: of the wall clock, and of CPU time."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0
        self._began: tuple[float, float] | None = None

    def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
        self._began = self._began or (time.perf_counter(), time.process_time())

    def on_train_end(self, *args: Any, **kwargs: Any) -> None:
        assert self._began is not None
        if _CUDA:
            torch.cuda.synchronize()
        self.wall, self.cpu = time.perf_counter() - self._began[0], time.process_time() - self._began[1]


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass over the rows took."""

    wall: float
    cpu: float
    memory: float
    """Bytes at the peak, beside the model that was loaded before."""


def measure_pass(trainer: Trainer, steps: int = -1) -> Pass:
    """Train `steps` steps, or all rows once."""
    trainer.args.max_steps = steps
    clock = TrainingClock()
    trainer.add_callback(clock)
    before = _reset_peak()
    trainer.train()
    trainer.remove_callback(clock)
    return Pass(clock.wall, clock.cpu, _peak() - before)


def compare_trainers(
    base: Base, rows: list[Row], recipe: Recipe, precision: Precision, repeats: int, work: Path
) -> None:
    """Print a line for each trainer, and the ratios."""
    plain = plain_trainer(copy.deepcopy(base.model), base.tokenizer, rows, recipe, work)
    trainers = {"plain": plain, "ours": our_trainer(base, rows, recipe, precision, work)}
    for trainer in trainers.values():
        measure_pass(trainer, 1)
    passes: dict[str, list[Pass]] = {name: [] for name in trainers}
    for _ in range(repeats):
        for name, trainer in trainers.items():
            passes[name].append(measure_pass(trainer))
    tokens = sum(len(row["input_ids"]) for row in rows)
    print("        seconds  tokens/s  CPU seconds  tokens/CPU s  GiB added")
    for name, measured in passes.items():
        wall = statistics.median(each.wall for each in measured)
        cpu = statistics.median(each.cpu for each in measured)
        memory = max(each.memory for each in measured) / _GIB
        print(f"{name:<6}  {wall:7.1f}  {tokens / wall:8.0f}  {cpu:11.1f}  {tokens / cpu:12.1f}  {memory:9.2f}")
    pairs = list(zip(passes["plain"], passes["ours"], strict=True))
    for name, ratios in (
        ("wall clock", sorted(plain.wall / ours.wall for plain, ours in pairs)),
        ("CPU time", sorted(plain.cpu / ours.cpu for plain, ours in pairs)),
    ):
        print(f"ours is {statistics.median(ratios):.2f} times as fast by {name} ({ratios[0]:.2f} to {ratios[-1]:.2f})")


# ---- memory ------------------------------------------------------------------------------------------------------


def _reset_peak() -> float:
    """Forget the peak so far; return the bytes in use, 0 where the system doesn't say."""
    if _CUDA:
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    if sys.platform != "linux":
        return 0.0
    Path("/proc/self/clear_refs").write_text("5")
    return _process_status("VmRSS")


def _peak() -> float:
    """Return the bytes at the peak since `_reset_peak`."""
    if _CUDA:
        return torch.cuda.max_memory_allocated()
    return _process_status("VmHWM") if sys.platform == "linux" else float("nan")


def _process_status(key: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(key)) * 1024


def _process_peak() -> float:
    """Return the bytes at the peak of the whole process."""
    if _CUDA:
        return torch.cuda.max_memory_reserved()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def print_recipe_memory(base: str) -> None:
    """Print the peak memory of each recipe that this machine can train with."""
    print(f"peak memory in GiB, {base}, on {_device()}")
    for name in recipe_names():
        if load_recipe(name).gpu and not _CUDA:
            print(f"{name:<12} not measured: the recipe is for a CUDA card")
            continue
        recipe_base = _XL if name == "colab-t4-xl" else base
        command = [sys.executable, "-m", __spec__.name, "--peak", "--base", recipe_base, "--recipe", name]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        print(f"{name:<12} {output.split()[-1]}", flush=True)


# ---- where the time goes -----------------------------------------------------------------------------------------


def print_profile(trainer: Trainer, recipe: Recipe, precision: Precision) -> None:
    """Print the time of one step by part, and its lower bound."""
    measure_pass(trainer, 1)
    activities = [torch.profiler.ProfilerActivity.CPU, *([torch.profiler.ProfilerActivity.CUDA] if _CUDA else [])]
    with torch.profiler.profile(activities=activities, record_shapes=True) as profile:
        step = measure_pass(trainer, 1)
    model: Any = trainer.model
    inner = model.get_base_model() if recipe.method == "lora" else model
    vocabulary = inner.get_output_embeddings().weight.shape[0]
    spent: Counter[str] = Counter()
    for event in profile.key_averages(group_by_input_shape=True):
        seconds = (event.self_device_time_total if _CUDA else event.self_cpu_time_total) / 1e6
        spent[_part_of(event.key, event.input_shapes, vocabulary, recipe.rank)] += seconds
    total = sum(spent.values())
    print("part                             seconds  share")
    for name, seconds in spent.most_common():
        print(f"{name:<32} {seconds:7.2f}  {seconds / total:5.0%}")
    batch = next(iter(trainer.get_train_dataloader()))
    tokens, targets = batch["input_ids"].numel(), count_batch_targets(batch)
    operations = _operations(inner, tokens, targets, adapter=recipe.method == "lora")
    bound = operations / _product_speed(precision, trainer.args.device)
    print(f"one step of {tokens} tokens, {targets} targets: {step.wall:.2f} s; the lower bound is {bound:.2f} s,")
    print(f"{bound / step.wall:.0%} of the step")


def _operations(model: Any, tokens: int, targets: int, *, adapter: bool) -> float:
    """Return the multiplications and additions that a step needs at least, those of attention and adapters left out."""
    head = model.get_output_embeddings().weight.numel()
    tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
    weights = sum(weight.numel() for name, weight in model.named_parameters() if "lora_" not in name)
    layers = weights - head - (0 if tied else model.get_input_embeddings().weight.numel())
    return float((4 if adapter else 6) * (layers * tokens + head * targets))


def _part_of(name: str, shapes: list[list[int]], vocabulary: int, rank: int) -> str:
    """Return the part of the step that an operation with inputs of these shapes belongs to."""
    sizes = {size for shape in shapes for size in (shape if isinstance(shape, list) else [])}
    if "attention" in name:
        return "attention"
    if vocabulary in sizes:
        return "output head and cross-entropy"
    if name in ("aten::mm", "aten::addmm", "aten::addmm_", "aten::bmm"):
        return "adapters' matrix products" if rank in sizes else "matrix products of the layers"
    return "the rest"


def _product_speed(precision: Precision, device: torch.device) -> float:
    """Return the operations a second of a large matrix product."""
    size = 4096 if _CUDA else 2048
    left, right = torch.randn(size, size, device=device), torch.randn(size, size, device=device)
    best = float("inf")
    with precision.autocast(device):
        for _ in range(4):
            began = time.perf_counter()
            left @ right
            if _CUDA:
                torch.cuda.synchronize()
            best = min(best, time.perf_counter() - began)
    return 2 * size**3 / best


def _device() -> str:
    return torch.cuda.get_device_name() if _CUDA else f"{torch.get_num_threads()} CPU threads"


if __name__ == "__main__":
    main()

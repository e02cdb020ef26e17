"""What transfer buys, measured: each method on each share of a corpus's training text, and a page about it.

    make_report(Grid(corpus=Path("my-corpus"), base="smollm2", out=Path("my-report")))

Every run is an ordinary training that ends in figures instead of a voice. A share is whole stories, and a larger one
has all stories of a smaller one; what is held out is the same for all. One process, one run at a time.

OUT/plan.json     base, corpus and recipes; the same command goes on here, another is refused
OUT/runs/         a file for each run that is finished
OUT/study.json    all of them, and what they share
OUT/pictures/     PNG
OUT/index.html    the page; written anew after each share
"""

import copy
import json
import math
import random
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState  # type: ignore[import-untyped]
from datasets import Dataset

from finetune.compare.evaluate import SAMPLER
from finetune.data.rows import IGNORED, Collator, Corpus, read_corpus
from finetune.errors import FinetuneError
from finetune.models.base import Arithmetic, Base, choose_arithmetic, open_base
from finetune.models.held_out import HeldOut, HeldOutRows, held_out
from finetune.models.sampling import choose_prompts, sample
from finetune.recipe import DEFAULT, Recipe, load
from finetune.report.charts import draw
from finetune.report.page import write_page
from finetune.report.peak_memory import Peak
from finetune.report.study import LABELS, METHODS, Moment, Run, Study, percent
from finetune.training.train import Job, check_machine, train
from finetune.training.trainer import Rows
from finetune.training.voice_files import device_name, write_json
from finetune.training.work_folder import narrate

SHARES = (1.0, 3.0, 10.0, 30.0, 100.0)
GPU_PRICE = 3.5
"""Dollars an hour: what one H100 of llm.c's $672 for 24 hours of eight cost in 2024."""
CPU_PRICE = 0.1
"""Dollars an hour: assumed for a rented machine of a few cores."""
_OWN = ("learning_rate=0", "patience=3", "samples=0", "save_every=1000000")
"""What a report asks for where the user doesn't: each method's own learning rate, its early-stopping optimum, and no
checkpoints, for a run is short and starts over."""
_OF_METHOD = ("method", "layers", "learning_rate")
"""What differs from method to method."""
_PROMPTS = 3


@dataclass(frozen=True, slots=True)
class Grid:
    """What is asked for."""

    corpus: Path
    base: str
    out: Path
    recipe: str = DEFAULT
    changes: tuple[str, ...] = ()
    """Of the recipe, KEY=VALUE."""
    shares: tuple[float, ...] = SHARES
    """Of the training text, in percent."""
    methods: tuple[str, ...] = METHODS
    price: float | None = None
    """Dollars an hour of this machine; None takes GPU_PRICE or CPU_PRICE."""
    tokens: int = 60
    """Most tokens of a turn that is sampled; 0 samples none."""
    fresh: bool = False
    """Whether runs that are there are thrown away."""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the training split."""

    examples: Dataset
    stories: int
    percent: float
    """Of the characters of all targets."""


def make_report(grid: Grid) -> Path:
    """Makes the runs that are not there yet, and the page; returns the page's path.

    Raises FinetuneError for whatever the user can mend, before anything long has begun where that is possible.
    """
    state = PartialState(cpu=not torch.accelerator.is_available())
    if state.num_processes > 1:
        raise FinetuneError("A report is made by one process. Start it without accelerate launch.")
    recipes = {method: _recipe(grid, method) for method in METHODS}
    check_machine(grid.recipe, recipes["base"])
    corpus = read_corpus(grid.corpus)
    base = open_base(grid.base)
    _open(grid, {"base": [base.name, base.sha256], "corpus": corpus.fingerprint, "recipes": _asdicts(recipes)})
    bench = _Bench.make(grid, corpus, base, recipes, state.device)
    shares = nested(corpus.splits["train"], grid.shares, recipes["base"].seed)
    bench.once("base", "Untuned base", bench.base_run)
    methods = [method for method in METHODS[1:] if method in grid.methods]
    # The most telling first: all of the text, then the least of it.
    for n, share in enumerate([shares[-1], *shares[:-1]]):
        made = 0
        for k, method in enumerate(methods, 1):
            title = f"Run {n * len(methods) + k} of {len(shares) * len(methods)}: {LABELS[method]}"
            title += f" on {percent(share.percent)} of the text"
            made += bench.once(f"{method}-{share.stories}", title, partial(bench.run, method, share, not n))
        if made and n + 1 < len(shares):
            bench.publish()
    return bench.publish()


def nested(examples: Dataset, shares: Sequence[float], seed: int) -> list[Share]:
    """Parts of a training split by their size in percent, smallest first: whole stories in an order that `seed` makes.

    Each has the number of stories that comes nearest to its share, at least one; shares that come to the same part
    make one.
    """
    sizes: Counter[str] = Counter()
    for story, target in zip(examples["story"], examples["target"], strict=True):
        sizes[story] += len(target)
    order = list(sizes)
    random.Random(seed).shuffle(order)  # noqa: S311  # an order, no secret
    total = sum(sizes.values())
    reached = [0.0]
    for story in order:
        reached.append(reached[-1] + 100 * sizes[story] / total)
    counts = {min(range(1, len(reached)), key=lambda n: abs(reached[n] - share)) for share in shares}
    parts = []
    for count in sorted(counts):
        chosen = set(order[:count])
        rows = [n for n, story in enumerate(examples["story"]) if story in chosen]
        parts.append(Share(examples.select(rows), count, reached[count]))
    return parts


# ---- the runs ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Bench:
    """What all runs share."""

    grid: Grid
    corpus: Corpus
    base: Base
    """As it was opened; a run trains a copy."""
    recipes: Mapping[str, Recipe]
    """By method."""
    arithmetic: Arithmetic
    rows: Rows
    """Of the whole corpus."""
    device: torch.device
    prompts: tuple[str, ...]

    @classmethod
    def make(
        cls, grid: Grid, corpus: Corpus, base: Base, recipes: Mapping[str, Recipe], device: torch.device
    ) -> "_Bench":
        recipe = recipes["base"]
        arithmetic = choose_arithmetic(recipe.precision)
        rows = Rows.make(corpus, base, recipe)
        budget = recipe.max_steps or recipe.epochs * math.ceil(len(rows.train) / (recipe.batch * recipe.accumulate))
        prompts = choose_prompts(corpus.splits[rows.split], _PROMPTS) if grid.tokens else []
        return cls(
            grid,
            corpus,
            base,
            {
                method: replace(made, max_steps=budget, precision=arithmetic.precision)
                for method, made in recipes.items()
            },
            arithmetic,
            rows,
            device,
            tuple(prompts),
        )

    def once(self, name: str, title: str, work: Callable[[], Run]) -> bool:
        """Does a run, unless its file is there already; says whether."""
        file = self.grid.out / "runs" / f"{name}.json"
        if file.is_file():
            return False
        narrate(f"\n{title}")
        write_json(file, asdict(work()))
        return True

    def base_run(self) -> Run:
        """The base as it is."""
        recipe, pad = self.recipes["base"], self.base.tokenizer.pad_token_id
        collator = Collator(0 if pad is None else pad, min(recipe.length, self.base.positions))
        with Peak(self.device) as peak:
            model: Any = copy.deepcopy(self.base.model)
            model.to(self.device)
            held, validation = (
                held_out(model, part, recipe.batch, self.arithmetic, collator)
                for part in (self.rows.held_out, self.rows.validation)
            )
        return Run(
            method="base",
            stories=0,
            share=0.0,
            words=0,
            learning_rate=0.0,
            trained=0,
            steps=0,
            budget=0,
            passes=0.0,
            best_step=0,
            bits_per_byte=held.bits_per_byte,
            nats_per_token=held.nats_per_token,
            seconds=0.0,
            tokens_per_second=0.0,
            memory=peak.bytes,
            curve=(Moment(0, 0.0, validation.bits_per_byte),),
            samples=self._samples(model),
        )

    def run(self, method: str, share: Share, sampled: bool) -> Run:
        """A training, and turns of what came of it where they are wanted."""
        recipe = self.recipes[method]
        out = self.grid.out / "runs" / f"{method}-{share.stories}"
        job = Job(self.grid.corpus, self.grid.base, out, self.grid.recipe, recipe, fresh=True)
        corpus = replace(self.corpus, splits={**self.corpus.splits, "train": share.examples})
        with Peak(self.device) as peak:
            base = replace(self.base, model=copy.deepcopy(self.base.model))
            done = train(job, corpus, base, before=self._before())
        assert done is not None  # this is the main process
        outcome = done.made.outcome
        entries = [json.loads(line) for line in (done.work / "log.jsonl").read_text(encoding="utf-8").splitlines()]
        seconds = max(entry["seconds"] for entry in entries)
        run = Run(
            method=method,
            stories=share.stories,
            share=share.percent,
            words=_words(share.examples),
            learning_rate=recipe.learning_rate,
            trained=sum(tensor.numel() for tensor in done.model.parameters() if tensor.requires_grad),
            steps=outcome.steps,
            budget=recipe.max_steps,
            passes=outcome.target_tokens_per_second * seconds / outcome.target_tokens,
            best_step=outcome.best_step,
            bits_per_byte=outcome.after.bits_per_byte,
            nats_per_token=outcome.after.nats_per_token,
            seconds=seconds,
            tokens_per_second=outcome.tokens_per_second,
            memory=peak.bytes,
            curve=self._curve(entries),
            samples=self._samples(done.model) if sampled else (),
        )
        shutil.rmtree(done.work)
        return run

    def _before(self) -> HeldOut:
        run = _read(self.grid.out / "runs" / "base.json")
        tokens = _targets(self.rows.held_out)
        return HeldOut(run.nats_per_token * tokens, tokens, self.rows.held_out.utf8_bytes)

    def _curve(self, entries: Sequence[Mapping[str, Any]]) -> tuple[Moment, ...]:
        part = self.rows.validation
        bits = _targets(part) / (math.log(2) * part.utf8_bytes)  # nats a token -> bits a byte
        return tuple(
            Moment(entry["step"], entry["seconds"], entry["validation_loss"] * bits)
            for entry in entries
            if "validation_loss" in entry
        )

    def _samples(self, model: Any) -> tuple[str, ...]:
        base, seed = self.base, self.recipes["base"].seed
        made = sample(
            model,
            base.tokenizer,
            self.prompts,
            max_tokens=self.grid.tokens,
            temperature=SAMPLER["temperature"],
            top_k=int(SAMPLER["top_k"]),
            min_p=SAMPLER["min_p"],
            seed=seed,
            end=base.end,
        )
        return tuple(made)

    def publish(self) -> Path:
        """Writes the page, its pictures and the study of all runs that are there; returns the page's path."""
        out, recipe = self.grid.out, self.recipes["base"]
        train_split = self.corpus.splits["train"]
        price = CPU_PRICE if self.device.type == "cpu" else GPU_PRICE
        study = Study(
            base=self.base.name,
            parameters=self.base.model.num_parameters(),
            device=device_name(self.device),
            precision=self.arithmetic.precision,
            stories=len(set(train_split["story"])),
            words=_words(train_split),
            split=self.rows.split,
            held_out_tokens=_targets(self.rows.held_out),
            held_out_bytes=self.rows.held_out.utf8_bytes,
            recipe_name=self.grid.recipe,
            recipe={key: value for key, value in asdict(recipe).items() if key not in _OF_METHOD},
            price=price if self.grid.price is None else self.grid.price,
            prompts=self.prompts,
            runs=tuple(_read(file) for file in sorted(out.glob("runs/*.json"))),
        )
        write_json(out / "study.json", asdict(study))
        page = out / "index.html"
        write_page(study, page, draw(study, out / "pictures"))
        return page


def _recipe(grid: Grid, method: str) -> Recipe:
    changes = [*_OWN, *grid.changes, f"method={'lora' if method == 'base' else method}"]
    if method != "last-layers":  # the only one that trains a few
        changes.append("layers=0")
    return load(grid.recipe, changes)


def _open(grid: Grid, plan: Mapping[str, Any]) -> None:
    """Makes the folder, or finds it again if it is this very plan's; FinetuneError if it is another's."""
    out, path = grid.out, grid.out / "plan.json"
    if out.exists() and not path.is_file() and (not out.is_dir() or any(out.iterdir())):
        raise FinetuneError(f"{out} is there already and is no report. Name another place with --out.")
    if grid.fresh:
        shutil.rmtree(out / "runs", ignore_errors=True)
    elif path.is_file():
        earlier = json.loads(path.read_text(encoding="utf-8"))
        if differs := [key for key in plan if earlier.get(key) != plan[key]]:
            raise FinetuneError(
                f"{out} holds a report with another {' and another '.join(differs)}. Give --fresh to make its runs "
                "again, or name another place with --out."
            )
    (out / "runs").mkdir(parents=True, exist_ok=True)
    write_json(path, plan)


def _read(file: Path) -> Run:
    try:
        return Run.read(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError, KeyError) as error:
        raise FinetuneError(
            f"{file} is no run of this version: {error}. Delete it, and its run is made again."
        ) from error


def _asdicts(recipes: Mapping[str, Recipe]) -> dict[str, Any]:
    return {method: asdict(recipe) for method, recipe in recipes.items()}


def _words(examples: Dataset) -> int:
    return sum(len(target.split()) for target in examples["target"])


def _targets(part: HeldOutRows) -> int:
    return sum(label != IGNORED for row in part.rows for label in row["labels"][1:])

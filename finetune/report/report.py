"""Trains each method on each share of a corpus's training text, and writes a page about it.

    make_report(ReportJob(corpus=Path("my-corpus"), base="smollm2", out=Path("my-report")))

Every run is an ordinary training that ends in figures instead of a voice. What is held out is the same for all runs.
One process, one run at a time.

OUT/plan.json     base, corpus and recipes; the same command goes on here, another is refused
OUT/runs/         a file for each finished run
OUT/study.json    all of them, and what they have in common
OUT/pictures/     PNG
OUT/index.html    the page; written anew after each share
"""

import copy
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState  # type: ignore[import-untyped]
from datasets import Dataset

from finetune.console import print_status
from finetune.data.batches import Collator
from finetune.data.corpus import Corpus, read_corpus
from finetune.data.prompts import action_prompts
from finetune.data.rows import count_targets
from finetune.errors import FinetuneError
from finetune.files import StepLog, read_json, write_json
from finetune.models.base import Base, open_base
from finetune.models.held_out import HeldOutLoss, held_out_loss
from finetune.models.precision import Precision, choose_precision
from finetune.models.sampling import GAME_SAMPLING, generate, pad_id
from finetune.recipe import Recipe
from finetune.report.charts import draw_charts
from finetune.report.job import KIND, METHODS, ReportJob
from finetune.report.page import write_page
from finetune.report.peak_memory import PeakMemory
from finetune.report.shares import Share, nested_shares
from finetune.report.study import LABELS, Evaluation, Run, Study
from finetune.report.units import percent
from finetune.training.job import TrainingJob
from finetune.training.result import device_name
from finetune.training.train import check_machine, train
from finetune.training.training_data import TrainingData, prepare_data
from finetune.training.work_folder import LOG, claim_folder

GPU_PRICE = 3.5
"""Dollars per hour: what one H100 of llm.c's $672 for 24 hours of eight cost in 2024."""
CPU_PRICE = 0.1
"""Dollars per hour: assumed for a rented machine of a few cores."""
_DIFFERS_BY_METHOD = ("method", "layers", "learning_rate")
_PROMPTS = 3


def make_report(job: ReportJob) -> Path:
    """Make the runs that are not there yet, and the page; return the page's path.

    Raises:
        FinetuneError: whatever the user can put right, before anything long has begun where that is possible.
    """
    state = PartialState(cpu=not torch.accelerator.is_available())
    if state.num_processes > 1:
        raise FinetuneError("A report is made by one process. Start it without accelerate launch.")
    job.check()
    recipes = job.method_recipes()
    check_machine(job.recipe, recipes["base"], state.device)
    corpus = read_corpus(job.corpus)
    for note in corpus.notes:
        print_status(note)
    base = open_base(job.base)
    plan = {
        "base": [base.name, base.sha256],
        "corpus": corpus.fingerprint,
        "recipes": {method: asdict(recipe) for method, recipe in recipes.items()},
    }
    runs = job.out / "runs"
    claim_folder(job.out, plan, KIND, contents=runs, begun=any(runs.glob("*.json")), fresh=job.fresh)
    runs.mkdir(exist_ok=True)
    runner = _Runner.prepare(job, corpus, base, recipes, state.device)
    shares = nested_shares(corpus.splits["train"], job.shares, recipes["base"].seed)
    runner.run_once("base", "Untuned base", runner.measure_base)
    methods = [method for method in METHODS[1:] if method in job.methods]
    # All of the text first, then the least of it: the page is worth reading early.
    for n, share in enumerate([shares[-1], *shares[:-1]]):
        made = 0
        for k, method in enumerate(methods, 1):
            title = f"Run {n * len(methods) + k} of {len(shares) * len(methods)}: {LABELS[method]}"
            title += f" on {percent(share.percent)} of the text"
            made += runner.run_once(f"{method}-{share.stories}", title, partial(runner.train, method, share, not n))
        if made and n + 1 < len(shares):
            runner.publish()
    return runner.publish()


@dataclass(frozen=True, slots=True)
class _Runner:
    """Makes the runs, with everything that they have in common."""

    job: ReportJob
    corpus: Corpus
    base: Base
    """As it was opened; a run trains a copy."""
    recipes: Mapping[str, Recipe]
    """By method."""
    precision: Precision
    data: TrainingData
    """Of the whole corpus."""
    device: torch.device
    prompts: tuple[str, ...]

    @classmethod
    def prepare(
        cls, job: ReportJob, corpus: Corpus, base: Base, recipes: Mapping[str, Recipe], device: torch.device
    ) -> "_Runner":
        recipe = recipes["base"]
        precision = choose_precision(recipe.precision)
        data = prepare_data(corpus, base, recipe)
        steps = recipe.max_steps or recipe.epochs * math.ceil(len(data.train) / (recipe.batch * recipe.accumulate))
        prompts = action_prompts(corpus.splits[data.split], _PROMPTS) if job.tokens else []
        same_budget = {
            method: replace(recipe, max_steps=steps, precision=precision.precision)
            for method, recipe in recipes.items()
        }
        return cls(job, corpus, base, same_budget, precision, data, device, tuple(prompts))

    def run_once(self, name: str, title: str, work: Callable[[], Run]) -> bool:
        """Make a run, unless its file is there already; return whether it was made."""
        file = self.job.out / "runs" / f"{name}.json"
        if file.is_file():
            return False
        print_status(f"\n{title}")
        write_json(file, asdict(work()))
        return True

    def measure_base(self) -> Run:
        """Measure the base without any training."""
        recipe = self.recipes["base"]
        collator = Collator(pad_id(self.base.tokenizer), min(recipe.length, self.base.context_size))
        with PeakMemory(self.device) as peak:
            model: Any = copy.deepcopy(self.base.model)
            model.to(self.device)
            held_out, validation = (
                held_out_loss(model, part, recipe.batch, self.precision, collator)
                for part in (self.data.held_out, self.data.validation)
            )
        return Run(
            method="base",
            bits_per_byte=held_out.bits_per_byte,
            nats_per_token=held_out.nats_per_token,
            memory=peak.bytes,
            curve=(Evaluation(0, 0.0, validation.bits_per_byte),),
            samples=self._samples(model),
        )

    def train(self, method: str, share: Share, sampled: bool) -> Run:
        """Train a method on a share, and generate turns with the model where they are wanted."""
        recipe = self.recipes[method]
        out = self.job.out / "runs" / f"{method}-{share.stories}"
        job = TrainingJob(self.job.corpus, self.job.base, out, self.job.recipe, recipe, fresh=True)
        corpus = replace(self.corpus, splits={**self.corpus.splits, "train": share.examples})
        with PeakMemory(self.device) as peak:
            base = replace(self.base, model=copy.deepcopy(self.base.model))
            trained = train(job, corpus, base, before=self._base_loss())
        assert trained is not None  # this is the main process
        result, model = trained
        figures = result.figures
        entries = StepLog(job.work_folder / LOG).entries()
        seconds = max(entry["seconds"] for entry in entries)
        run = Run(
            method=method,
            stories=share.stories,
            share=share.percent,
            words=_count_words(share.examples),
            learning_rate=recipe.learning_rate,
            trained=sum(tensor.numel() for tensor in model.parameters() if tensor.requires_grad),
            steps=figures.steps,
            budget=recipe.max_steps,
            passes=figures.target_tokens_per_second * seconds / figures.target_tokens,
            best_step=figures.best_step,
            bits_per_byte=figures.after.bits_per_byte,
            nats_per_token=figures.after.nats_per_token,
            seconds=seconds,
            tokens_per_second=figures.tokens_per_second,
            memory=peak.bytes,
            curve=self._curve(entries),
            samples=self._samples(model) if sampled else (),
        )
        shutil.rmtree(job.work_folder)
        return run

    def _base_loss(self) -> HeldOutLoss:
        run = _read_run(self.job.out / "runs" / "base.json")
        tokens = count_targets(self.data.held_out.rows)
        return HeldOutLoss(run.nats_per_token * tokens, tokens, self.data.held_out.utf8_bytes)

    def _curve(self, entries: Sequence[Mapping[str, Any]]) -> tuple[Evaluation, ...]:
        part = self.data.validation
        bits = count_targets(part.rows) / (math.log(2) * part.utf8_bytes)  # nats per token -> bits per byte
        return tuple(
            Evaluation(entry["step"], entry["seconds"], entry["validation_loss"] * bits)
            for entry in entries
            if "validation_loss" in entry
        )

    def _samples(self, model: Any) -> tuple[str, ...]:
        texts = generate(
            model,
            self.base.tokenizer,
            self.prompts,
            max_tokens=self.job.tokens,
            sampling=replace(GAME_SAMPLING, seed=self.recipes["base"].seed),
            precision=self.precision,
            encoder=self.data.encoder,
        )
        return tuple(texts)

    def publish(self) -> Path:
        """Write the page, its charts and the study of all finished runs; return the page's path."""
        out, recipe = self.job.out, self.recipes["base"]
        train_split = self.corpus.splits["train"]
        price = CPU_PRICE if self.device.type == "cpu" else GPU_PRICE
        study = Study(
            base=self.base.name,
            parameters=self.base.model.num_parameters(),
            device=device_name(self.device),
            precision=self.precision.precision,
            stories=len(set(train_split["story"])),
            words=_count_words(train_split),
            split=self.data.split,
            held_out_tokens=count_targets(self.data.held_out.rows),
            held_out_bytes=self.data.held_out.utf8_bytes,
            recipe_name=self.job.recipe,
            recipe={key: value for key, value in asdict(recipe).items() if key not in _DIFFERS_BY_METHOD},
            price=price if self.job.price is None else self.job.price,
            prompts=self.prompts,
            runs=tuple(_read_run(file) for file in sorted(out.glob("runs/*.json"))),
        )
        write_json(out / "study.json", asdict(study))
        page = out / "index.html"
        write_page(study, page, draw_charts(study, out / "pictures"))
        return page


def _read_run(file: Path) -> Run:
    try:
        return Run.from_json(read_json(file))
    except (ValueError, TypeError, KeyError) as error:
        raise FinetuneError(
            f"{file} is not a run of this version: {error}. Delete it, and its run is made again."
        ) from error


def _count_words(examples: Dataset) -> int:
    return sum(len(target.split()) for target in examples["target"])

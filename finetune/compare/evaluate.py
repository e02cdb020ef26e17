"""Compares voices and bases: held-out loss, the measures of `measures`, and the turns they generate.

    comparison = evaluate(EvaluationJob(voices=("smollm2", "my-voice"), corpus=Path("my-corpus")))
    comparison.columns[1].measurements.seq_rep_4

All answer the same prompts with the same seed and sampling. With a corpus the loss is measured on its test split (on
validation where it has none), on the same text for all, and the prompts come from there; the corpus's own answers, cut
at the same number of tokens, are a column of their own: the measures of people's writing. Without a corpus the prompts
are the program's own, and the losses those that each voice's training stored.

Everything is computed in 32 bits, so that the figures do not depend on what the machine computes fastest.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset

from finetune.compare.job import EvaluationJob
from finetune.compare.measures import MEASURES, GeneratedTurn, Measurements, measure
from finetune.console import print_status
from finetune.data.batches import Collator
from finetune.data.corpus import Corpus, read_corpus, spread_evenly
from finetune.data.encoders import Encoder, make_encoder
from finetune.data.prompts import Scene, corpus_scenes, default_scenes
from finetune.data.rows import token_ids
from finetune.errors import FinetuneError
from finetune.models.base import open_base
from finetune.models.folders import is_voice, prompt_format_of
from finetune.models.held_out import HeldOutLoss, choose_held_out, held_out_loss
from finetune.models.precision import FP32
from finetune.models.sampling import GAME_SAMPLING, generate, pad_id
from finetune.models.voice import OpenVoice, open_voice
from finetune.recipe import Recipe

TEXT_COLUMN = "the text itself"
"""The column of the corpus's own answers."""
_PROMPTS_AT_ONCE = 16
_ROWS_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Column:
    """What was measured of one voice, one base, or the corpus's own answers."""

    name: str
    """A folder's own name where no other has it, else as it was given."""
    kind: str
    """voice, base or text."""
    loss: HeldOutLoss | None
    loss_from: str
    """The split it was measured on; with "training: " in front where the voice's training measured it."""
    measurements: Measurements
    turns: tuple[str, ...]
    """What it generated, one text per prompt."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A finished evaluation."""

    job: EvaluationJob
    scenes: tuple[Scene, ...]
    columns: tuple[Column, ...]
    measured: tuple[int, int] | None
    """On how many examples of the held-out split the loss was measured, and how many it has; None without a corpus."""
    notes: tuple[str, ...]
    """What makes the figures less comparable than they look."""


Trainings = Mapping[str, Mapping[str, Any] | None]


def evaluate(job: EvaluationJob) -> Comparison:
    """Open each voice in turn, measure it and let it generate.

    Raises:
        FinetuneError: as `EvaluationJob.check`, and where a voice, base or corpus can't be read.
    """
    trainings = job.check()
    corpus = read_corpus(job.corpus) if job.corpus else None
    scenes = _scenes(job, corpus)
    held_out = _held_out_examples(corpus, job.examples) if corpus else None
    names = _column_names(job.voices)
    columns = []
    text_column = None
    for given, training in trainings.items():
        name = names[given]
        print_status(f"{name}: opening …")
        subject = _Subject.open(given, job.base, trainings)
        if held_out is None or corpus is None:
            loss, loss_from = _stored_loss(training, subject.sha256, trainings)
        else:
            loss_from = corpus.held_out_split
            print_status(f"{name}: held-out loss on {len(held_out)} examples of the {loss_from} split …")
            loss = subject.loss(held_out)
        print_status(f"{name}: generating {len(scenes)} turns …")
        turns = subject.generate(scenes, job)
        columns.append(_column(name, "voice" if training else "base", loss, loss_from, scenes, turns))
        if corpus and text_column is None:
            answers = [subject.cut(scene.answer, job.tokens) for scene in scenes]
            text_column = _column(TEXT_COLUMN, "text", None, "", scenes, answers)
        del subject  # before the next is opened: one model at a time in memory
    columns += [text_column] if text_column else []
    measured = (len(held_out), len(corpus.splits[corpus.held_out_split])) if held_out is not None and corpus else None
    return Comparison(job, tuple(scenes), tuple(columns), measured, tuple(_notes(trainings, corpus)))


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Return everything, for other programs: `columns` has figures and turns, `measures` says what the figures are."""
    job = comparison.job
    sampler = {key: value for key, value in asdict(GAME_SAMPLING).items() if key != "seed"}
    return {
        "format": 1,
        "sampler": {**sampler, "tokens": job.tokens, "seed": job.seed},
        "measures": {entry.key: {"is": entry.definition, "source": entry.source} for entry in MEASURES},
        "examples_measured": comparison.measured and comparison.measured[0],
        "notes": list(comparison.notes),
        "prompts": [asdict(scene) for scene in comparison.scenes],
        "columns": [
            {
                "name": column.name,
                "kind": column.kind,
                "loss": column.loss.as_json() if column.loss else None,
                "loss_from": column.loss_from,
                "manner": asdict(column.measurements),  # the key of format 1
                "turns": list(column.turns),
            }
            for column in comparison.columns
        ],
        "versions": {package: version(package) for package in ("dungeon", "torch", "transformers", "peft")},
    }


def _column_names(voices: Sequence[str]) -> dict[str, str]:
    short = {given: Path(given).resolve().name if Path(given).is_dir() else given for given in voices}
    counts = Counter(short.values())
    return {given: name if counts[name] == 1 else given for given, name in short.items()}


def _scenes(job: EvaluationJob, corpus: Corpus | None) -> list[Scene]:
    if corpus is None:
        return default_scenes(job.turns)
    if found := corpus_scenes(corpus.splits[corpus.held_out_split], job.turns):
        return found
    raise FinetuneError(
        f"The {corpus.held_out_split} split of {job.corpus} has no player's action with an answer, so there is nothing "
        "to generate. Leave --corpus out to use the program's own prompts."
    )


def _held_out_examples(corpus: Corpus, most: int) -> Dataset:
    """Return at most `most` examples; the same whatever the tokenizer, so that all are measured on one text."""
    examples = corpus.splits[corpus.held_out_split]
    return examples.select(spread_evenly(range(len(examples)), most)) if 0 < most < len(examples) else examples


def _column(
    name: str, kind: str, loss: HeldOutLoss | None, loss_from: str, scenes: Sequence[Scene], turns: Sequence[str]
) -> Column:
    generated = [GeneratedTurn(scene.action, text) for scene, text in zip(scenes, turns, strict=True)]
    return Column(name, kind, loss, loss_from, measure(generated), tuple(turns))


@dataclass(frozen=True, slots=True)
class _Subject:
    """A voice or a base that is open, on the device that it runs on."""

    model: Any
    encoder: Encoder
    sha256: str
    """Of its base; "" for a voice that is a whole model."""

    @classmethod
    def open(cls, name: str, base_name: str | None, trainings: Trainings) -> "_Subject":
        path = Path(name).expanduser()
        opened = open_voice(path, base_name) if is_voice(path) else open_base(name)
        base = opened.base if isinstance(opened, OpenVoice) else opened
        model: Any = opened.model
        if torch.accelerator.is_available():
            model.to(torch.accelerator.current_accelerator())
        sha256 = base.sha256 if base else ""
        if isinstance(opened, OpenVoice):
            return cls(model.eval(), opened.encoder(), sha256)
        # A base is asked like what was tuned on it.
        over = (other for other, training in trainings.items() if training and _is_over(training, sha256))
        prompt_format = next((prompt_format_of(Path(other).expanduser()) for other in over), "tale")
        return cls(model.eval(), make_encoder(prompt_format, opened.tokenizer, name), sha256)

    def loss(self, examples: Dataset) -> HeldOutLoss:
        """Measure on rows of the usual length, or of as many tokens as the model was made for."""
        length = min(Recipe().length, getattr(self.model.config, "max_position_embeddings", Recipe().length))
        collator = Collator(pad_id(self.encoder.tokenizer), length)
        part = choose_held_out(examples, self.encoder, length, 0)
        return held_out_loss(self.model, part, _ROWS_AT_ONCE, FP32, collator)

    def generate(self, scenes: Sequence[Scene], job: EvaluationJob) -> list[str]:
        """Return a turn for each scene."""
        turns = []
        tokenizer = self.encoder.tokenizer
        for n, first in enumerate(range(0, len(scenes), _PROMPTS_AT_ONCE)):
            texts = [scene.text for scene in scenes[first : first + _PROMPTS_AT_ONCE]]
            sampling = replace(GAME_SAMPLING, seed=job.seed + n)
            turns += generate(
                self.model, tokenizer, texts, max_tokens=job.tokens, sampling=sampling, encoder=self.encoder
            )
        return turns

    def cut(self, text: str, tokens: int) -> str:
        """Return as much of a text as fits into so many tokens."""
        ids = token_ids(self.encoder.tokenizer, text)
        return text if len(ids) <= tokens else str(self.encoder.tokenizer.decode(ids[:tokens])).rstrip("\ufffd")


def _is_over(training: Mapping[str, Any], sha256: str) -> bool:
    """Return whether a voice was tuned on the base with that hash."""
    return bool(training["base"]["sha256"] == sha256)


def _stored_loss(
    training: Mapping[str, Any] | None, sha256: str, trainings: Trainings
) -> tuple[HeldOutLoss | None, str]:
    """Return the loss that a voice's training stored; for a base, where the first voice tuned on it started."""
    when = "after"
    if training is None:
        tuned = (other for other in trainings.values() if other and _is_over(other, sha256))
        training, when = next(tuned, None), "before"
    figures = (training or {}).get("figures")
    try:
        return HeldOutLoss.from_json(figures[when]), f"training: {figures['split']}"  # type: ignore[index]
    except (KeyError, TypeError, ValueError):  # no voice is over this base, or its training stored other figures
        return None, ""


def _notes(trainings: Trainings, corpus: Corpus | None) -> list[str]:
    learned = {name: _section(training, "corpus") for name, training in trainings.items() if training}
    notes = []
    if len({prompt_format_of(Path(name).expanduser()) for name in learned}) > 1:
        notes.append(
            "Some of the voices were tuned in a chat frame, where the loss is that of the replies alone, and some in "
            "plain text: their losses don't compare."
        )
    if corpus is None:
        if len({str(section.get("fingerprint")) for section in learned.values()}) > 1:
            notes.append(
                "The voices were tuned on different corpora, so their losses are on different texts and don't compare. "
                "Give --corpus to measure them on one."
            )
        return notes
    names, split = _column_names(tuple(trainings)), corpus.held_out_split
    held_out = _titles(corpus.report, split)
    for name, section in learned.items():
        if section.get("fingerprint") == corpus.fingerprint:
            continue
        seen = sorted(held_out & (_titles(section, "train") | _titles(section, "validation")))
        if seen:
            more = f" and {len(seen) - 3} more" if len(seen) > 3 else ""
            note = f"it has learned stories by the same titles ({', '.join(seen[:3])}{more}), so its loss is too good"
        else:
            note = f"none of this one's {split} stories has a title that it learned, which is no proof"
        notes.append(f"{names[name]} was tuned on another corpus: {note}.")
    return notes


def _section(training: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    section = training.get(key)
    return section if isinstance(section, dict) else {}


def _titles(report: Mapping[str, Any], split: str) -> set[str]:
    titles = _section(report, "titles").get(split)
    return {title for title in titles if isinstance(title, str)} if isinstance(titles, list) else set()

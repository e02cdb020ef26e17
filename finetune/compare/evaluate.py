"""Voices and bases side by side: held-out loss, the measures of `finetune.compare.measures`, and the turns they write.

    comparison = compare(Question(("smollm2", "my-voice"), corpus=Path("my-corpus")))
    comparison.columns[1].manner.seq_rep_4

All answer the same prompts with the same seed and sampler. With a corpus the loss is measured on its test split (on
validation where it has none), on the same text for all, and the prompts come from there; the corpus's own answers, cut
at the same number of tokens, are a column of their own: that is what the measures are for people's writing. Without
one the prompts are the program's own, and the losses those that each voice's training noted down.

Everything is computed in 32 bits, so that the figures do not depend on what the machine is good at.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset

from finetune.compare.measures import MEASURES, Manner, Told, measure
from finetune.data.prompts import Prompt, corpus_prompts, own_prompts
from finetune.data.rows import Collator, Corpus, make_rows, read_corpus
from finetune.errors import FinetuneError
from finetune.models.base import BUNDLED, Arithmetic, open_base
from finetune.models.held_out import HeldOut, choose_rows, held_out
from finetune.models.sampling import sample
from finetune.models.voice import VOICE, open_voice, read_voice
from finetune.recipe import Recipe
from finetune.training.work_folder import narrate

SAMPLER = {"temperature": 0.5, "top_k": 40, "min_p": 0.1}
"""The game's own, without its penalties on repetition, for repetition is measured here."""
TEXT = "the text itself"
"""The column of the corpus's own answers."""
_AT_ONCE = 16  # prompts in one batch of generation
_ROWS_AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is compared, on what."""

    voices: tuple[str, ...]
    """Voice folders, and bases as `open_base` takes them."""
    corpus: Path | None = None
    base: str | None = None
    """Where the voices' base is now, if it has moved."""
    turns: int = 32
    tokens: int = 60
    """Most tokens a turn."""
    seed: int = 0
    examples: int = 32
    """Most examples of the held-out split whose loss is measured, spread evenly over it; 0 means all."""


@dataclass(frozen=True, slots=True)
class Column:
    """What was found out about one voice, one base, or the corpus's own answers."""

    name: str
    """A folder's own name where no other has it, else as it was given."""
    kind: str
    """voice, base or text."""
    loss: HeldOut | None
    loss_from: str
    """The split it was measured on; with "training: " in front where the voice's training measured it."""
    manner: Manner
    turns: tuple[str, ...]
    """What it wrote, one text a prompt."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answer to a question."""

    question: Question
    prompts: tuple[Prompt, ...]
    columns: tuple[Column, ...]
    measured: tuple[int, int] | None
    """On how many examples of the held-out split the loss was measured, and how many it has; None without a corpus."""
    notes: tuple[str, ...]
    """What makes the figures less comparable than they look."""


def compare(question: Question) -> Comparison:
    """Opens each voice in turn, measures it and lets it write.

    Raises FinetuneError for a voice, base or corpus that can't be read, and where the same one is named twice.
    """
    trainings = {name: _training(name) for name in question.voices}
    if len(trainings) < len(question.voices):
        raise FinetuneError("A voice is named twice. Name each once.")
    corpus = read_corpus(question.corpus) if question.corpus else None
    split = "test" if corpus and "test" in corpus.splits else "validation"
    prompts = _prompts(question, corpus, split)
    part = _part(corpus.splits[split], question.examples) if corpus else None

    columns = []
    reference = None
    shown = _shown(question.voices)
    for given, training in trainings.items():
        name = shown[given]
        narrate(f"{name}: opening …")
        subject = _Subject.open(given, question.base)
        if part is None:
            loss, loss_from = _noted(training, subject.sha256, trainings)
        else:
            narrate(f"{name}: held-out loss on {len(part)} examples of the {split} split …")
            loss, loss_from = subject.loss(part), split
        narrate(f"{name}: writing {len(prompts)} turns …")
        turns = subject.write(prompts, question)
        kind = "voice" if training else "base"
        columns.append(Column(name, kind, loss, loss_from, _manner(prompts, turns), tuple(turns)))
        if corpus and reference is None:
            answers = [subject.cut(prompt.answer, question.tokens) for prompt in prompts]
            reference = Column(TEXT, "text", None, "", _manner(prompts, answers), tuple(answers))
        del subject  # before the next is opened: one model at a time in memory
    columns = [*columns, reference] if reference else columns
    measured = (len(part), len(corpus.splits[split])) if corpus and part is not None else None
    return Comparison(question, tuple(prompts), tuple(columns), measured, tuple(_notes(trainings, corpus, split)))


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Everything, for other programs: `columns` has figures and turns, `measures` says what the figures are."""
    question = comparison.question
    return {
        "format": 1,
        "sampler": {**SAMPLER, "tokens": question.tokens, "seed": question.seed},
        "measures": {entry.key: {"is": entry.definition, "source": entry.source} for entry in MEASURES},
        "examples_measured": comparison.measured and comparison.measured[0],
        "notes": list(comparison.notes),
        "prompts": [asdict(prompt) for prompt in comparison.prompts],
        "columns": [
            {
                "name": column.name,
                "kind": column.kind,
                "loss": _figures(column.loss),
                "loss_from": column.loss_from,
                "manner": asdict(column.manner),
                "turns": list(column.turns),
            }
            for column in comparison.columns
        ],
        "versions": {package: version(package) for package in ("dungeon", "torch", "transformers", "peft")},
    }


def _figures(loss: HeldOut | None) -> dict[str, float] | None:
    if loss is None:
        return None
    return {**asdict(loss), "nats_per_token": loss.nats_per_token, "bits_per_byte": loss.bits_per_byte}


# ---- what is asked -------------------------------------------------------------------------------------------


def _training(name: str) -> dict[str, Any] | None:
    """A voice's `training.json`; None for a base. Says so at once where a name can be neither."""
    path = Path(name).expanduser()
    if (path / VOICE).is_file():
        return read_voice(path)
    if path.is_dir() and not (path / "config.json").is_file():
        raise FinetuneError(
            f"{path} is neither a voice (it has no {VOICE}) nor a model folder (no config.json). "
            "Name a folder that training wrote, or a base."
        )
    if not path.exists() and (path.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1):
        raise FinetuneError(f"There is no voice and no model folder {path}. Look at the path.")
    if path.is_file():
        raise FinetuneError(f"{path} is a file. Name the folder of a voice, or a base: a model folder or {BUNDLED}.")
    return None


def _shown(voices: Sequence[str]) -> dict[str, str]:
    """How each is called in the table."""
    short = {given: Path(given).resolve().name if Path(given).is_dir() else given for given in voices}
    counts = Counter(short.values())
    return {given: name if counts[name] == 1 else given for given, name in short.items()}


def _prompts(question: Question, corpus: Corpus | None, split: str) -> list[Prompt]:
    if corpus is None:
        return own_prompts(question.turns)
    if found := corpus_prompts(corpus.splits[split], question.turns):
        return found
    raise FinetuneError(
        f"The {split} split of {question.corpus} has no player's action with an answer, so there is nothing to write. "
        "Leave --corpus out to use the program's own prompts."
    )


def _part(examples: Dataset, most: int) -> Dataset:
    """At most `most` examples spread evenly; the same whatever the tokenizer, so that all are measured on one text."""
    count = len(examples)
    if not most or most >= count:
        return examples
    return examples.select([(2 * n + 1) * count // (2 * most) for n in range(most)])


def _manner(prompts: Sequence[Prompt], turns: Sequence[str]) -> Manner:
    return measure([Told(prompt.action, text) for prompt, text in zip(prompts, turns, strict=True)])


# ---- one voice -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Subject:
    """A voice or a base that is open, on the device that it runs on."""

    model: Any
    tokenizer: Any
    sha256: str
    """Of its base; "" for a voice that is a whole model."""

    @classmethod
    def open(cls, name: str, base_name: str | None) -> "_Subject":
        path = Path(name).expanduser()
        model: Any
        if (path / VOICE).is_file():
            voice = open_voice(path, base_name)
            model, tokenizer, sha256 = voice.model, voice.tokenizer, voice.base.sha256 if voice.base else ""
        else:
            base = open_base(name)
            model, tokenizer, sha256 = base.model, base.tokenizer, base.sha256
        if torch.accelerator.is_available():
            model.to(torch.accelerator.current_accelerator())
        return cls(model.eval(), tokenizer, sha256)

    def loss(self, part: Dataset) -> HeldOut:
        """On rows of the usual length, or of as many tokens as the model was made for."""
        length = min(Recipe().length, getattr(self.model.config, "max_position_embeddings", Recipe().length))
        rows = make_rows(part, self.tokenizer, length, self.tokenizer.eos_token_id)
        pad = self.tokenizer.pad_token_id
        collator = Collator(0 if pad is None else pad, length)
        plain = Arithmetic("fp32", "figures that compare")
        return held_out(self.model, choose_rows(part, rows, 0), _ROWS_AT_ONCE, plain, collator)

    def write(self, prompts: Sequence[Prompt], question: Question) -> list[str]:
        """A turn for each prompt."""
        turns = []
        for first in range(0, len(prompts), _AT_ONCE):
            texts = [prompt.text for prompt in prompts[first : first + _AT_ONCE]]
            seed = question.seed + first // _AT_ONCE
            turns += sample(
                self.model,
                self.tokenizer,
                texts,
                max_tokens=question.tokens,
                temperature=SAMPLER["temperature"],
                top_k=int(SAMPLER["top_k"]),
                min_p=SAMPLER["min_p"],
                seed=seed,
                end=self.tokenizer.eos_token_id,
            )
        return turns

    def cut(self, text: str, tokens: int) -> str:
        """What of a text fits into as many tokens."""
        ids = self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        return text if len(ids) <= tokens else str(self.tokenizer.decode(ids[:tokens])).rstrip("\ufffd")


# ---- what the voices' trainings say --------------------------------------------------------------------------


def _noted(
    training: Mapping[str, Any] | None, sha256: str, trainings: Mapping[str, Mapping[str, Any] | None]
) -> tuple[HeldOut | None, str]:
    """The loss that a voice's training noted; for a base, what the first voice tuned on it started from."""
    when = "after"
    if training is None:
        over = (other for other in trainings.values() if other and other["base"]["sha256"] == sha256)
        training, when = next(over, None), "before"
    figures = (training or {}).get("figures")
    try:
        noted = figures[when]  # type: ignore[index]
        loss = HeldOut(float(noted["nats"]), int(noted["tokens"]), int(noted["utf8_bytes"]))
        return loss, f"training: {figures['split']}"  # type: ignore[index]
    except (KeyError, TypeError, ValueError):  # no voice is over this base, or an older one that noted other things
        return None, ""


def _notes(trainings: Mapping[str, Mapping[str, Any] | None], corpus: Corpus | None, split: str) -> list[str]:
    learned = {name: _section(training, "corpus") for name, training in trainings.items() if training}
    if corpus is None:
        differ = len({str(section.get("fingerprint")) for section in learned.values()}) > 1
        apart = "The voices were tuned on different corpora, so their losses are on different texts and don't compare."
        return [f"{apart} Give --corpus to measure them on one."] if differ else []
    notes = []
    held = _titles(corpus.report, split)
    shown = _shown(tuple(trainings))
    for name, section in learned.items():
        if section.get("fingerprint") == corpus.fingerprint:
            continue
        seen = sorted(held & (_titles(section, "train") | _titles(section, "validation")))
        if seen:
            more = f" and {len(seen) - 3} more" if len(seen) > 3 else ""
            told = f"it has learned stories by the same titles ({', '.join(seen[:3])}{more}), so its loss is too good"
        else:
            told = f"none of this one's {split} stories has a title that it learned, which is no proof"
        notes.append(f"{shown[name]} was tuned on another corpus: {told}.")
    return notes


def _section(training: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    section = training.get(key)
    return section if isinstance(section, dict) else {}


def _titles(report: Mapping[str, Any], split: str) -> set[str]:
    titles = _section(report, "titles").get(split)
    return {title for title in titles if isinstance(title, str)} if isinstance(titles, list) else set()

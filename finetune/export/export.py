"""What other programs read: a voice as an adapter, as one merged model, as GGUF, each compared with the voice itself.

    export(Export(Path("my-voice"), "gguf", Path("my-voice.gguf"), "q4_0"))

adapter      a folder that peft opens over the base
merged       a model folder in safetensors, for `from_pretrained` and `transformers serve`
gguf         one file of the whole model, for llama.cpp and what is built on it
gguf-adapter one file that llama.cpp lays over the base's GGUF

Nothing is left at `out` that does not say what the voice says: see `finetune.export.agreement`.
"""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import ModelCard
from peft import PeftModel
from transformers import AutoModelForCausalLM

from finetune.data.rows import beginning, encode
from finetune.errors import FinetuneError
from finetune.export.agreement import (
    TOP,
    Agreement,
    agreement,
    answers_of,
    check,
    distributions,
    make_questions,
    read_prompts,
)
from finetune.export.hub import check_publishable, push
from finetune.export.llama_cpp import Answer, LlamaFailed, Question, ask
from finetune.models.base import open_base
from finetune.models.gguf_convert import CONVERTER, SMALLER, ConversionFailed, convert, save_model
from finetune.models.voice import OpenVoice, has_adapter, open_voice, read_voice

PRECISIONS = {"merged": ("fp32", "bf16", "fp16"), "gguf": ("q8_0", *(p for p in CONVERTER if p != "q8_0"), *SMALLER)}
"""What the weights of a target may be held in, the default first; the other targets are taken as they are."""
_ADAPTER_FILES = ("adapter_model.safetensors", "adapter_config.json")
_TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, slots=True)
class Export:
    """What is asked for."""

    voice: Path
    target: str
    out: Path
    """The folder or, for GGUF, the file to write; must not exist."""
    precision: str | None = None
    """One of `PRECISIONS`; None takes the default."""
    base: str | None = None
    """Where an adapter's base is now, if it has moved."""
    corpus: Path | None = None
    """Where the turns to compare with come from, if not from the voice."""
    repository: str | None = None
    """The Hub repository to push the export to; None pushes nothing."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What came of it."""

    found: Agreement
    """How far the export is from the voice."""
    tuning: Agreement | None
    """How far its base is from the voice: what an export without the tuning would show. None for a whole model."""
    over: Path | None
    """The GGUF that a GGUF adapter lies over."""
    address: str | None
    """Where it was pushed to."""


def export(job: Export) -> Exported:
    """Writes the export, after it was compared with the voice.

    Raises FinetuneError for a foreign folder, a base that can't be had or isn't the one the voice was tuned on, a
    target that this voice doesn't have, an `out` that is there already, an export that differs from the voice, and
    for a push that is not allowed or fails.
    """
    training = read_voice(job.voice)
    precision = _precision(job)
    _check_target(job)
    out = job.out.absolute()
    if out.exists():
        raise FinetuneError(f"{job.out} is there already. Name another place with --out, or move it away.")
    if job.repository is not None:
        check_publishable(training, job.repository, whole=job.target in PRECISIONS)
    prompts = read_prompts(job.voice, job.corpus)
    voice = open_voice(job.voice, job.base)
    texts = [prompt["context"] + prompt["target"] for prompt in prompts]
    questions = make_questions(prompts, voice.tokenizer, getattr(voice.model.config, "max_position_embeddings", 2048))
    wanted = distributions(voice.model, questions)
    tuning = _tuning(voice, questions, wanted)

    over = _base_gguf(voice) if job.target == "gguf-adapter" else None
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as staging:
        made = Path(staging) / out.name
        try:
            answers = _WRITERS[job.target](_Writing(job, voice, made, precision, questions, texts, over))
        except (ConversionFailed, LlamaFailed) as error:
            raise FinetuneError(
                f"llama.cpp can't take this voice: {error}. Nothing was written. --to merged works for every voice."
            ) from error
        found = agreement(wanted, questions, answers)
        check(found, _form(job, precision), tuning)
        card = _card(job, precision, found)
        if made.is_dir():
            (made / "README.md").write_text(card, encoding="utf-8")
        made.rename(out)
    address = push(out, card, job.repository) if job.repository is not None else None
    return Exported(found, tuning, over, address)


def _precision(job: Export) -> str:
    known = PRECISIONS.get(job.target)
    if known is None:
        if job.precision is not None:
            raise FinetuneError(f"--to {job.target} takes the adapter as it is. Leave --precision out.")
        return ""
    if job.precision is not None and job.precision not in known:
        raise FinetuneError(f"--to {job.target} has no precision {job.precision}; it has {', '.join(known)}.")
    return job.precision or known[0]


def _check_target(job: Export) -> None:
    """Raises FinetuneError where this voice has nothing for the target."""
    if job.target in PRECISIONS:
        return
    if not has_adapter(job.voice):
        raise FinetuneError(
            f"The voice {job.voice} is a whole model and has no adapter. Take --to merged or --to gguf."
        )
    if job.target == "gguf-adapter" and not (job.voice / "adapter.gguf").is_file():
        raise FinetuneError(
            f"The voice {job.voice} has no adapter that llama.cpp can lay over a base. "
            "Take --to gguf, or --to adapter for peft."
        )


def _tuning(voice: OpenVoice, questions: Sequence[Question], wanted: torch.Tensor) -> Agreement | None:
    if not isinstance(voice.model, PeftModel):
        return None
    with voice.model.disable_adapter():
        plain = distributions(voice.model, questions)
    return agreement(wanted, questions, answers_of(plain, questions))


def _base_gguf(voice: OpenVoice) -> Path:
    own = voice.folder / "base.gguf"
    if own.is_file():
        return own
    file = voice.base.gguf if voice.base else None
    if file is None:
        raise FinetuneError(f"The voice {voice.folder} lacks its base.gguf. Tune it again, or take --to gguf.")
    return file


# ---- the targets: each writes its files and asks them the questions --------------------------------------------


@dataclass(frozen=True, slots=True)
class _Writing:
    job: Export
    voice: OpenVoice
    made: Path
    precision: str
    questions: Sequence[Question]
    texts: Sequence[str]
    over: Path | None


def _write_adapter(work: _Writing) -> list[Answer]:
    work.made.mkdir()
    for name in _ADAPTER_FILES:
        shutil.copyfile(work.voice.folder / name, work.made / name)
    assert work.voice.base is not None
    _release(work.voice.model)
    fresh = open_base(work.voice.base.given)  # the open one has the adapter's layers in it
    adapted = PeftModel.from_pretrained(fresh.model, str(work.made))
    return answers_of(distributions(adapted, work.questions), work.questions)


def _write_merged(work: _Writing) -> list[Answer]:
    model = _merged(work.voice).to(_TYPES[work.precision])
    work.made.mkdir()
    save_model(model, work.voice.tokenizer, work.made)
    _release(model)
    written = AutoModelForCausalLM.from_pretrained(work.made, dtype=torch.float32, trust_remote_code=False)
    return answers_of(distributions(written, work.questions), work.questions)


def _write_gguf(work: _Writing) -> list[Answer]:
    model = _merged(work.voice)
    convert(model, work.voice.tokenizer, work.made, work.precision)
    _release(model)
    return _ask(work.made, None, work)


def _write_gguf_adapter(work: _Writing) -> list[Answer]:
    assert work.over is not None
    _release(work.voice.model)
    shutil.copyfile(work.voice.folder / "adapter.gguf", work.made)
    return _ask(work.over, work.made, work)


def _ask(model: Path, adapter: Path | None, work: _Writing) -> list[Answer]:
    """llama.cpp's answers; its tokens must be those that were learned."""
    answers, tokens = ask(model, adapter, work.questions, work.texts, TOP)
    start = beginning(work.voice.tokenizer)
    if tokens != [[*start, *encode(work.voice.tokenizer, "", text, None)[0]] for text in work.texts]:
        raise LlamaFailed("it reads texts as other tokens than those that the voice learned")
    return answers


_WRITERS: dict[str, Callable[[_Writing], list[Answer]]] = {
    "adapter": _write_adapter,
    "merged": _write_merged,
    "gguf": _write_gguf,
    "gguf-adapter": _write_gguf_adapter,
}
TARGETS = tuple(_WRITERS)


def _merged(voice: OpenVoice) -> Any:
    return voice.model.merge_and_unload() if isinstance(voice.model, PeftModel) else voice.model


def _release(model: Any) -> None:
    """Gives a model's memory back: what it is compared with is as large, and both may be more than there is."""
    model.to("meta")


def _form(job: Export, precision: str) -> str:
    """The form of the weights, which decides how far from the voice they may be."""
    return precision or ("fp32" if job.target == "adapter" else "gguf-adapter")


def _card(job: Export, precision: str, found: Agreement) -> str:
    """The voice's card, saying what this export is and how it agrees with the voice."""
    card = ModelCard((job.voice / "README.md").read_text(encoding="utf-8"))
    data: Any = card.data
    if job.target in PRECISIONS:
        data.library_name = "transformers" if job.target == "merged" else "gguf"
        if data.base_model:
            data.base_model_relation = "finetune"
        form = f"This is the whole model, in {precision}"
    else:
        form = "This is the adapter alone"
    return (
        f"{str(card).rstrip()}\n\n## Export\n\n{form} (`--to {job.target}`). Beside the voice in 32 bits, over "
        f"{found.places} places in held-out turns: mean difference of the true next token's log-probability "
        f"{found.mean:.5f} nats, largest {found.most:.5f}, KL divergence {found.divergence:.6f} nats.\n"
    )

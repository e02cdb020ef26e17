"""Writes a voice for other programs, and compares each export with the voice itself.

    export(ExportJob(Path("my-voice"), "gguf", Path("my-voice.gguf"), "q4_0"))

adapter      a folder that peft opens over the base
merged       a model folder in safetensors, for `from_pretrained` and `transformers serve`
gguf         one file of the whole model, for llama.cpp and what is built on it
gguf-adapter one file that llama.cpp applies to the base's GGUF

An export that doesn't predict what the voice predicts is not kept: see `agreement`.
"""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import ModelCard
from peft import PeftModel
from transformers import AutoModelForCausalLM

from finetune.data.rows import bos_ids, encode
from finetune.errors import FinetuneError
from finetune.export.agreement import (
    TOP,
    Agreement,
    check_agreement,
    log_probabilities,
    make_probes,
    measure_agreement,
    predictions_of,
    read_turns,
)
from finetune.export.hub import check_publishable, push
from finetune.export.job import ExportJob
from finetune.export.llama_cpp import Prediction, Probe, predict
from finetune.models.base import open_base
from finetune.models.folders import ADAPTER_FILES, read_training
from finetune.models.gguf_convert import LlamaCppError, save_model, write_gguf
from finetune.models.precision import DTYPES
from finetune.models.voice import OpenVoice, open_voice


@dataclass(frozen=True, slots=True)
class Exported:
    """A finished export."""

    agreement: Agreement
    """How far it is from the voice."""
    base_agreement: Agreement | None
    """How far its base is from the voice: what an export without the tuning would show. None for a whole model."""
    base_gguf: Path | None
    """The GGUF that a GGUF adapter is applied to."""
    address: str | None
    """Where it was pushed to."""


def export(job: ExportJob) -> Exported:
    """Write the export, after it was compared with the voice.

    Raises:
        FinetuneError: as `ExportJob.check`; the base can't be opened or is not the voice's own; the export differs from
            the voice; a push is not allowed or fails.
    """
    job.check()
    if job.repository is not None:
        check_publishable(read_training(job.voice), job.repository, whole=job.is_whole_model)
    out = job.out.absolute()
    turns = read_turns(job.voice, job.corpus)
    voice = open_voice(job.voice, job.base)
    probes = make_probes(turns, voice.encoder(), getattr(voice.model.config, "max_position_embeddings", 2048))
    expected = log_probabilities(voice.model, probes)
    base_agreement = _base_agreement(voice, probes, expected)

    base_gguf = _base_gguf(voice) if job.target == "gguf-adapter" else None
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as staging:
        path = Path(staging) / out.name
        texts = [turn["context"] + turn["target"] for turn in turns]
        writer = _Writer(job, voice, path, probes, texts, base_gguf)
        try:
            predictions = getattr(writer, job.target.replace("-", "_"))()
        except LlamaCppError as error:
            raise FinetuneError(
                f"llama.cpp can't take this voice: {error}. Nothing was written. --to merged works for every voice."
            ) from error
        found = measure_agreement(expected, probes, predictions)
        check_agreement(found, job.weight_form or job.target, base_agreement)
        card = _card(job, found)
        if path.is_dir():
            (path / "README.md").write_text(card, encoding="utf-8")
        path.rename(out)
    address = push(out, card, job.repository) if job.repository is not None else None
    return Exported(found, base_agreement, base_gguf, address)


def _base_agreement(voice: OpenVoice, probes: Sequence[Probe], expected: torch.Tensor) -> Agreement | None:
    if not isinstance(voice.model, PeftModel):
        return None
    with voice.model.disable_adapter():
        untuned = log_probabilities(voice.model, probes)
    return measure_agreement(expected, probes, predictions_of(untuned, probes))


def _base_gguf(voice: OpenVoice) -> Path:
    in_folder = voice.folder / "base.gguf"
    if in_folder.is_file():
        return in_folder
    file = voice.base.gguf if voice.base else None
    if file is None:
        raise FinetuneError(f"The voice {voice.folder} lacks its base.gguf. Tune it again, or take --to gguf.")
    return file


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes an export: each method, named after its target, writes the files and returns what they predict."""

    job: ExportJob
    voice: OpenVoice
    path: Path
    """Where the export is made before it is checked."""
    probes: Sequence[Probe]
    texts: Sequence[str]
    base_gguf: Path | None

    @property
    def is_chat(self) -> bool:
        return self.voice.prompt_format == "frame"

    def adapter(self) -> list[Prediction]:
        self.path.mkdir()
        for name in ADAPTER_FILES:
            shutil.copyfile(self.voice.folder / name, self.path / name)
        assert self.voice.base is not None
        _release_memory(self.voice.model)
        fresh = open_base(self.voice.base.given)  # the open one has the adapter's layers in it
        adapted = PeftModel.from_pretrained(fresh.model, str(self.path))
        return predictions_of(log_probabilities(adapted, self.probes), self.probes)

    def merged(self) -> list[Prediction]:
        model = _merged(self.voice).to(DTYPES[self.job.weight_form])
        self.path.mkdir()
        save_model(model, self.voice.tokenizer, self.path, chat=self.is_chat)
        _release_memory(model)
        written = AutoModelForCausalLM.from_pretrained(self.path, dtype=torch.float32, trust_remote_code=False)
        return predictions_of(log_probabilities(written, self.probes), self.probes)

    def gguf(self) -> list[Prediction]:
        model = _merged(self.voice)
        write_gguf(model, self.voice.tokenizer, self.path, self.job.weight_form, chat=self.is_chat)
        _release_memory(model)
        return self._predict_with_llama_cpp(self.path, None)

    def gguf_adapter(self) -> list[Prediction]:
        assert self.base_gguf is not None
        _release_memory(self.voice.model)
        shutil.copyfile(self.voice.folder / "adapter.gguf", self.path)
        return self._predict_with_llama_cpp(self.base_gguf, self.path)

    def _predict_with_llama_cpp(self, model: Path, adapter: Path | None) -> list[Prediction]:
        """Return llama.cpp's predictions; its tokens must be those that were learned."""
        predictions, tokens = predict(model, adapter, self.probes, self.texts, TOP)
        tokenizer = self.voice.tokenizer
        if tokens != [[*bos_ids(tokenizer), *encode(tokenizer, "", text, None)[0]] for text in self.texts]:
            raise LlamaCppError("it reads texts as other tokens than those that the voice learned")
        return predictions


def _merged(voice: OpenVoice) -> Any:
    return voice.model.merge_and_unload() if isinstance(voice.model, PeftModel) else voice.model


def _release_memory(model: Any) -> None:
    """Free a model's memory: what it is compared with is as large, and both may be more than there is."""
    model.to("meta")


def _card(job: ExportJob, found: Agreement) -> str:
    """Return the voice's card with a chapter on this export and how it agrees with the voice."""
    card = ModelCard((job.voice / "README.md").read_text(encoding="utf-8"))
    data: Any = card.data
    form = "This is the adapter alone"
    if job.is_whole_model:
        data.library_name = "transformers" if job.target == "merged" else "gguf"
        if data.base_model:
            data.base_model_relation = "finetune"
        form = f"This is the whole model, in {job.weight_form}"
    return (
        f"{str(card).rstrip()}\n\n## Export\n\n{form} (`--to {job.target}`). Compared with the voice in 32 bits, at "
        f"{found.probes} places in held-out turns: mean difference of the true next token's log-probability "
        f"{found.mean:.5f} nats, largest {found.largest:.5f}, KL divergence {found.divergence:.6f} nats.\n"
    )

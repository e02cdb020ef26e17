"""Writes a finished voice: its weights in every form, voice.json, training.json, and the model card.

    write_voice(result, model, work, out)

All of it is made inside the work folder and moved into its place in one step.
"""

import errno
import platform
import re
import shlex
import shutil
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from peft import PeftModel
from transformers import PreTrainedModel

from corpus.chat_frame import INSTRUCT_CONTEXT, INSTRUCT_SAMPLING
from finetune.console import print_status
from finetune.data.prompts import held_out_turns
from finetune.files import sha256_of, write_json
from finetune.models.base import open_base
from finetune.models.folders import ADAPTER_GGUF, BASE_GGUF, PROMPTS, TRAINING, VOICE
from finetune.models.gguf_adapter import write_adapter
from finetune.models.gguf_convert import LlamaCppError, save_model, write_gguf
from finetune.training.methods import convert_pissa_to_lora, restore_tensors, trainable_tensors
from finetune.training.model_card import describe_corpus, model_card, serve_command
from finetune.training.result import TrainingResult
from finetune.training.trackers import copy_events
from finetune.training.work_folder import LOG, SAMPLES, SAMPLES_PAGE, TENSORBOARD

_PACKAGES = ("dungeon", "torch", "transformers", "peft", "accelerate", "datasets", "tokenizers", "gguf")
_DISK_FULL = re.compile(rf"\[Errno ({errno.ENOSPC}|{errno.EDQUOT}|{errno.EFBIG})\]")
"""In the last line of a converter that could not write on."""


def write_voice(result: TrainingResult, model: PreTrainedModel | PeftModel, work: Path, out: Path) -> None:
    """Write the voice inside the work folder, move it to `out`, and delete the work folder."""
    print_status("Writing the voice …")
    voice = work / "voice"
    shutil.rmtree(voice, ignore_errors=True)
    voice.mkdir()
    how_to_use = _write_weights(result, model, voice, out)
    for name in (LOG, SAMPLES, SAMPLES_PAGE):
        if (work / name).is_file():
            shutil.copyfile(work / name, voice / name)
    copy_events(work / TENSORBOARD, voice / TENSORBOARD)
    write_json(voice / PROMPTS, held_out_turns(result.corpus))
    _write_descriptions(result, voice, out.name)
    if out.exists():
        out.rename(work / "replaced")
    voice.rename(out)
    shutil.rmtree(work)
    print_status(f"The voice is in {out}. {how_to_use}")


def _write_weights(result: TrainingResult, model: PreTrainedModel | PeftModel, voice: Path, out: Path) -> str:
    """Write the weights in all the forms that a voice has; return how to use it at `out`."""
    try:
        if isinstance(model, PeftModel):
            _write_adapter(result, model, voice)
        else:
            _write_whole_model(result, model, voice)
    except LlamaCppError as error:
        if full := _DISK_FULL.search(str(error)):  # more room would help, so the training is not thrown away
            raise OSError(int(full[1]), str(error)) from error
        for name in (BASE_GGUF, ADAPTER_GGUF):
            (voice / name).unlink(missing_ok=True)
        serve = serve_command(result.recipe, str(out))
        return f"llama.cpp can't play this voice: {error}.\nServe it instead: {serve}"
    return f"Play it: dungeon play --voice {shlex.quote(str(out))}"


def _write_adapter(result: TrainingResult, model: PeftModel, voice: Path) -> None:
    """Write the adapter for peft and for llama.cpp, over a base in GGUF; where that can't be, the two merged."""
    base = result.base
    convert_pissa_to_lora(model)
    model.peft_config["default"].base_model_name_or_path = base.hub_id or base.name
    # save_embedding_layers: "auto" would ask the Hub about the base.
    model.save_pretrained(str(voice), save_embedding_layers=False)
    if result.recipe.dora:  # GGUF has no place for its lengths
        plain = open_base(base.given)  # the one in memory has the adapter's layers in it, and may be in 16 bits
        merged: Any = PeftModel.from_pretrained(plain.model, str(voice))
        write_gguf(merged.merge_and_unload(), plain.tokenizer, voice / BASE_GGUF, "q8_0", chat=result.is_chat)
        return
    if base.gguf is None:
        # As its files hold it: a 3B model in 32 bits takes 12 GB.
        plain = open_base(base.given, replace(result.recipe, weights="half"))
        write_gguf(plain.model, plain.tokenizer, voice / BASE_GGUF, "q8_0", chat=result.is_chat)
    elif not base.in_game:
        shutil.copyfile(base.gguf, voice / BASE_GGUF)
    write_adapter(model, base.gguf or voice / BASE_GGUF, voice / ADAPTER_GGUF)


def _write_whole_model(result: TrainingResult, model: PreTrainedModel, voice: Path) -> None:
    """Write a model folder, and the same as GGUF."""
    whole = open_base(result.base.given)  # in 32 bits, whatever the frozen part was held in
    restore_tensors(whole.model, trainable_tensors(model))
    save_model(whole.model, whole.tokenizer, voice, chat=result.is_chat)
    write_gguf(whole.model, whole.tokenizer, voice / BASE_GGUF, "q8_0", chat=result.is_chat)


def _write_descriptions(result: TrainingResult, folder: Path, name: str) -> None:
    """Write `voice.json`, `training.json` and `README.md` for the voice `name` whose weights are in `folder`."""
    base, adapter = folder / BASE_GGUF, folder / ADAPTER_GGUF
    bundled = result.base.gguf if adapter.is_file() else None
    played = base if base.is_file() else bundled
    voice = {
        "format": 1,
        "name": name,
        "base": {
            "name": result.base.name,
            "file": base.name if base.is_file() else None,
            "sha256": sha256_of(played) if played else "",
            "license": result.base.license,
        },
        "adapter": {"file": adapter.name, "sha256": sha256_of(adapter)} if adapter.is_file() else None,
        **_how_it_is_played(result),
    }
    training = {
        "base": {"given": result.base.given, "sha256": result.base.sha256, "license": result.base.license},
        "start": asdict(result.base.start) if result.base.start else None,
        "corpus": {"fingerprint": result.corpus.fingerprint, **describe_corpus(result.corpus)},
        "recipe": {"name": result.recipe_name, **asdict(result.recipe)},
        "device": result.device,
        "processes": result.processes,
        "precision": asdict(result.precision),
        "figures": result.figures.as_json(),
        "versions": {"python": platform.python_version(), **{package: version(package) for package in _PACKAGES}},
    }
    write_json(folder / VOICE, voice)
    write_json(folder / TRAINING, training)
    (folder / "README.md").write_text(model_card(result, name, playable=played is not None), encoding="utf-8")


def _how_it_is_played(result: TrainingResult) -> dict[str, Any]:
    """Return what `voice.json` says of that: a voice in its base's chat frame is played like the base."""
    base = result.base
    if not result.is_chat:
        return {"prompt_format": "tale", "context": base.context_size, "sampling": {}}
    positions = getattr(base.model.config, "max_position_embeddings", INSTRUCT_CONTEXT)
    sampling = dict(base.sampling or INSTRUCT_SAMPLING)
    return {"prompt_format": "frame", "context": min(positions, INSTRUCT_CONTEXT), "sampling": sampling}

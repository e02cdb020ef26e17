"""The folders of a training: `OUT.partial`, in which everything is made, and the voice that it becomes.

OUT.partial/plan.json      base, corpus and recipe; the same command goes on here, another is refused
OUT.partial/checkpoints/   of the trainer, each with a mark when it is whole
OUT.partial/best-STEP/     the best adapter so far
OUT.partial/before.json    the base's held-out figures
OUT.partial/log.jsonl      a line a step
OUT.partial/voice/         the voice while it is written; renamed to OUT when it is complete
"""

import json
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peft import PeftModel

from finetune.adapter import UnknownLayout, write_adapter
from finetune.errors import FinetuneError
from finetune.export import VOICE, ConversionFailed, convert_base
from finetune.model import Base, open_base
from finetune.report import Made, write_json, write_papers

WHOLE = "whole"
"""The file that marks a checkpoint which was written to its end."""
_FIGURES = "figures.json"


def check_place(out: Path, replace: bool) -> None:
    """Raises FinetuneError where something lies at `out` that must not be replaced."""
    if not out.exists():
        return
    if not (out / VOICE).is_file():
        raise FinetuneError(f"{out} is there already and is no voice. Name another place with --out.")
    if not replace:
        raise FinetuneError(f"{out} is a voice already. Give --replace to put the new one in its place.")


def open_work(work: Path, plan: Mapping[str, Any], fresh: bool) -> None:
    """Makes the work folder, or finds it again if it is this very plan's; FinetuneError if it is another's."""
    path = work / "plan.json"
    if work.exists() and not (path.is_file() or (work.is_dir() and not any(work.iterdir()))):
        raise FinetuneError(f"{work} is in the way: it is no work folder of a training. Move it away.")
    if fresh and work.exists():
        shutil.rmtree(work)
    if path.is_file():
        earlier = json.loads(path.read_text(encoding="utf-8"))
        if differs := [key for key in plan if earlier.get(key) != plan[key]]:
            raise FinetuneError(
                f"{work} holds an unfinished training with another {' and another '.join(differs)}. "
                "Give --fresh to start over, or name another place with --out."
            )
        return
    work.mkdir(parents=True, exist_ok=True)
    write_json(path, plan)


def best(work: Path) -> tuple[float, int, Path] | None:
    """Validation loss, step and folder of the best adapter that was kept."""
    kept = []
    for path in work.glob(f"best-*/{_FIGURES}"):
        figures = json.loads(path.read_text(encoding="utf-8"))
        kept.append((float(figures["validation_loss"]), int(figures["step"]), path.parent))
    return min(kept, default=None)


def keep_if_best(work: Path, model: PeftModel, loss: float, step: int) -> None:
    """Keeps the adapter of `model` in the place of the best so far, if its validation loss is lower."""
    earlier = best(work)
    if not loss < (earlier[0] if earlier else float("inf")):
        return
    folder = work / f"best-{step}"
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(str(folder))
    write_json(folder / _FIGURES, {"step": step, "validation_loss": loss})  # last: it makes the folder count
    if earlier and earlier[2] != folder:
        shutil.rmtree(earlier[2])


def last_checkpoint(work: Path) -> Path | None:
    """The latest checkpoint that is whole."""
    whole = [mark.parent for mark in work.glob(f"checkpoints/checkpoint-*/{WHOLE}")]
    return max(whole, key=lambda folder: int(folder.name.rpartition("-")[2]), default=None)


def finish(made: Made, model: PeftModel, work: Path, out: Path) -> None:
    """Writes the voice inside the work folder and moves it into its place."""
    narrate("Writing the voice …")
    voice = work / "voice"
    shutil.rmtree(voice, ignore_errors=True)
    voice.mkdir()
    model.peft_config["default"].base_model_name_or_path = made.base.repo or made.base.name
    # save_embedding_layers: "auto" would ask the Hub about the base.
    model.save_pretrained(str(voice), save_embedding_layers=False)
    shutil.copyfile(work / "log.jsonl", voice / "log.jsonl")
    use = f"Play it: dungeon play --voice {shlex.quote(str(out))}"
    try:
        _write_gguf(made.base, model, voice)
    except (ConversionFailed, UnknownLayout) as error:
        for name in ("base.gguf", "adapter.gguf"):
            (voice / name).unlink(missing_ok=True)
        use = (
            f"llama.cpp can't play this voice: {error}.\nServe it instead: "
            f"dungeon finetune export {shlex.quote(str(out))} --to merged --out DIR, then transformers serve DIR"
        )
    write_papers(made, voice, out.name)
    old = work / "replaced"
    if out.exists():
        out.rename(old)
    voice.rename(out)
    shutil.rmtree(work)
    narrate(f"The voice is in {out}. {use}")


def _write_gguf(base: Base, model: PeftModel, voice: Path) -> None:
    if base.gguf is None:
        plain = open_base(base.given)  # the one in memory has the adapter's layers in it
        convert_base(plain, voice / "base.gguf")
    write_adapter(model, base.gguf or voice / "base.gguf", voice / "adapter.gguf")


def narrate(line: str) -> None:
    """Tells the user on stderr what happens."""
    print(line, file=sys.stderr, flush=True)

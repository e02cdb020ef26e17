"""The papers that go with a voice: `voice.json` for the game, `training.json` to repeat it, `README.md` to read.

Titles and licences come from the corpus, so they are data: escaped before they stand in the card's Markdown.
"""

import hashlib
import json
import platform
import re
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import ModelCardData

from corpus.files import write_atomic
from corpus.text import one_line, printable
from finetune.data.rows import Corpus
from finetune.models.base import Arithmetic, Base
from finetune.models.held_out import HeldOut
from finetune.models.voice import TRAINING, VOICE
from finetune.recipe import Recipe

_PACKAGES = ("dungeon", "torch", "transformers", "peft", "accelerate", "datasets", "tokenizers", "gguf")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a training."""

    split: str
    """The split that was measured before and after."""
    before: HeldOut
    after: HeldOut
    validation_loss: float
    """Nats a token of the weights that were kept, the best of those measured."""
    best_step: int
    """Optimizer steps after which it was the best."""
    steps: int
    target_tokens: int
    """Distinct target tokens of the training split; each is learned once an epoch."""
    seconds: float
    """Spent in training since the last start."""
    target_tokens_per_second: float
    tokens_per_second: float
    """Context and padding counted."""


@dataclass(frozen=True, slots=True)
class Made:
    """Everything that the papers speak of."""

    base: Base
    corpus: Corpus
    recipe_name: str
    recipe: Recipe
    arithmetic: Arithmetic
    device: str
    processes: int
    outcome: Outcome


def table(outcome: Outcome) -> str:
    """The held-out loss before and after, aligned."""
    rows = [
        (f"held out ({outcome.split}, {outcome.after.tokens:,} tokens)", "before", "after"),
        ("nats a token", f"{outcome.before.nats_per_token:.3f}", f"{outcome.after.nats_per_token:.3f}"),
        ("bits a byte", f"{outcome.before.bits_per_byte:.3f}", f"{outcome.after.bits_per_byte:.3f}"),
    ]
    width = max(len(row[0]) for row in rows)
    return "\n".join(f"{name:<{width}}  {before:>8}  {after:>8}" for name, before, after in rows)


def write_papers(made: Made, folder: Path, name: str) -> None:
    """Writes `voice.json`, `training.json` and `README.md` for the voice `name` whose files lie in `folder`."""
    base = folder / "base.gguf"
    adapter = folder / "adapter.gguf"
    bundled = made.base.gguf if adapter.is_file() else None
    file = base if base.is_file() else bundled
    voice = {
        "format": 1,
        "name": name,
        "base": {
            "name": made.base.name,
            "file": base.name if base.is_file() else None,
            "sha256": _sha256(file) if file else "",
            "license": made.base.license,
        },
        "adapter": {"file": adapter.name, "sha256": _sha256(adapter)} if adapter.is_file() else None,
        "context": made.base.positions,
        "sampling": {},
    }
    training = {
        "base": {"given": made.base.given, "sha256": made.base.sha256, "license": made.base.license},
        "corpus": {"fingerprint": made.corpus.fingerprint, **_told(made.corpus)},
        "recipe": {"name": made.recipe_name, **asdict(made.recipe)},
        "device": made.device,
        "processes": made.processes,
        "precision": asdict(made.arithmetic),
        "figures": {
            **asdict(made.outcome),
            "before": _figures(made.outcome.before),
            "after": _figures(made.outcome.after),
        },
        "versions": {"python": platform.python_version(), **{package: version(package) for package in _PACKAGES}},
    }
    write_json(folder / VOICE, voice)
    write_json(folder / TRAINING, training)
    (folder / "README.md").write_text(card(made, name, playable=file is not None), encoding="utf-8")


def card(made: Made, name: str, playable: bool) -> str:
    """The model card: YAML head as the Hub reads it, then prose."""
    adapter = made.recipe.method == "lora"
    repo = None if made.recipe.method == "scratch" else made.base.repo  # nothing of its weights is left
    data = ModelCardData(
        license=made.base.license,
        base_model=repo,
        base_model_relation=("adapter" if adapter else "finetune") if repo else None,
        library_name="peft" if adapter else "transformers",
        pipeline_tag="text-generation",
        tags=[*(["lora"] if adapter else []), "interactive-fiction", "text-adventure"],
    )
    told, outcome = _told(made.corpus), made.outcome
    title, quoted = _escaped(name), shlex.quote(printable(name))
    play = (
        f"    dungeon play --voice {quoted}"
        if playable
        else f"llama.cpp can't play this model. Serve it:\n\n    {serving(made, printable(name))}"
    )
    rights = "".join(f"| {_escaped(right)} | {count} |\n" for right, count in sorted(told["rights"].items()))
    titles = "".join(
        f"- {split}: {'; '.join(_escaped(title) for title in part)}\n" for split, part in told["titles"].items()
    )
    recipe = "".join(f"| {key} | {value} |\n" for key, value in asdict(made.recipe).items())
    return f"""---
{data.to_yaml()}
---

# {title}

A voice for interactive fiction in the second person: {_what(made.recipe, _escaped(made.base.name))}
(licence: {_escaped(made.base.license)}).

## Play

{play}

## Figures

Loss on the {outcome.split} split, which was not learned from. Bits a byte compare across tokenizers.

| | before | after |
|---|---|---|
| nats a token | {outcome.before.nats_per_token:.3f} | {outcome.after.nats_per_token:.3f} |
| bits a byte | {outcome.before.bits_per_byte:.3f} | {outcome.after.bits_per_byte:.3f} |

{outcome.steps} steps over a training split of {outcome.target_tokens:,} target tokens; kept are the weights of step
{outcome.best_step} (validation loss {outcome.validation_loss:.3f} nats a token). Computed in
{made.arithmetic.precision} on {_escaped(made.device)}.

## Data

| rights | stories |
|---|---|
{rights}
{titles}
"unknown" means that nobody stated a licence: don't publish such a voice without the author's leave.

## Recipe

{_escaped(made.recipe_name)}; `training.json` has the versions as well.

| | |
|---|---|
{recipe}"""


def serving(made: Made, folder: str) -> str:
    """The command that serves the voice in `folder` where llama.cpp can't play it."""
    if made.recipe.method != "lora":
        return f"transformers serve {shlex.quote(folder)}"
    return f"dungeon finetune export {shlex.quote(folder)} --to merged --out DIR && transformers serve DIR"


def _what(recipe: Recipe, base: str) -> str:
    """What the method makes of a base, in words."""
    blocks = "block" if recipe.layers == 1 else f"{recipe.layers} blocks"
    if recipe.method == "lora":
        where = f", on its last {blocks}" if recipe.layers else ""
        return f"a {'DoRA' if recipe.dora else 'LoRA'} adapter over {base}{where}"
    if recipe.method == "last-layers":
        return f"{base}, its last {blocks} and the final norm tuned, all else as it was"
    if recipe.method == "full":
        return f"{base}, all of its weights tuned"
    return f"a model of the architecture of {base}, trained on this corpus alone from random weights"


def device_name(device: torch.device) -> str:
    """The device in words, without this machine's name."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "cpu":
        return f"CPU ({platform.machine()}, {torch.get_num_threads()} threads)"
    return device.type


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replaces a JSON file, atomically."""
    write_atomic(path, json.dumps(content, ensure_ascii=False, indent=2) + "\n")


def _told(corpus: Corpus) -> dict[str, Any]:
    """Rights and titles as the corpus's report has them; a few titles for each of the rights."""
    by_rights: dict[str, list[str]] = {}
    for story in corpus.report.get("contents", []):
        by_rights.setdefault(story["rights"], []).append(story["title"])
    return {
        "rights": corpus.report.get("rights", {}),
        "titles": corpus.report.get("titles", {}),
        "titles_by_rights": {rights: titles[:10] for rights, titles in by_rights.items()},
    }


def _figures(figure: HeldOut) -> dict[str, float]:
    return {**asdict(figure), "nats_per_token": figure.nats_per_token, "bits_per_byte": figure.bits_per_byte}


def _escaped(text: str) -> str:
    """Any text as one line of plain Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&$-])", r"\\\1", one_line(text))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

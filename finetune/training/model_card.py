"""The model card of a voice: README.md with a YAML head as the Hub reads it, from the template `model_card.md`.

Titles and licences come from the corpus, so they are data: escaped before they stand in the card's Markdown.
"""

import re
import shlex
from dataclasses import asdict
from importlib.resources import files
from string import Template
from typing import Any

from huggingface_hub import ModelCardData

from corpus.text import one_line, printable
from finetune.data.corpus import Corpus
from finetune.recipe import Recipe
from finetune.training.result import TrainingResult

_TITLES_PER_RIGHTS = 10


def model_card(result: TrainingResult, name: str, playable: bool) -> str:
    """Return the card of the voice `name`. `playable`: whether llama.cpp plays it."""
    recipe, base, figures = result.recipe, result.base, result.figures
    about = describe_corpus(result.corpus)
    play = f"    dungeon play --voice {shlex.quote(printable(name))}"
    if not playable:
        play = f"llama.cpp can't play this model. Serve it:\n\n    {serve_command(recipe, printable(name))}"
    parts = {
        "head": _head(result),
        "title": _escaped(name),
        "description": _describe_method(recipe, _escaped(base.name)),
        "start": f" {_escaped(base.start.how)}" if base.start else "",
        "frame": " It was tuned in the base's own chat frame, and is asked in it." if result.is_chat else "",
        "license": _escaped(base.license),
        "play": play,
        "split": figures.split,
        "leak": _describe_leak(result.corpus),
        "nats_before": f"{figures.before.nats_per_token:.3f}",
        "nats_after": f"{figures.after.nats_per_token:.3f}",
        "bits_before": f"{figures.before.bits_per_byte:.3f}",
        "bits_after": f"{figures.after.bits_per_byte:.3f}",
        "steps": figures.steps,
        "target_tokens": f"{figures.target_tokens:,}",
        "best_step": figures.best_step,
        "validation_loss": f"{figures.validation_loss:.3f}",
        "precision": result.precision.precision,
        "device": _escaped(result.device),
        "rights": "".join(f"| {_escaped(right)} | {count} |\n" for right, count in sorted(about["rights"].items())),
        "titles": "".join(f"- {split}: {'; '.join(map(_escaped, part))}\n" for split, part in about["titles"].items()),
        "recipe_name": _escaped(result.recipe_name),
        "recipe": "\n".join(f"| {key} | {value} |" for key, value in asdict(recipe).items()),
    }
    template = (files("finetune.training") / "model_card.md").read_text(encoding="utf-8")
    return Template(template).substitute(parts)


def _head(result: TrainingResult) -> str:
    """Return the YAML head."""
    adapter = result.recipe.method == "lora"
    hub_id = None if result.recipe.method == "scratch" else result.base.hub_id  # nothing of its weights is left
    data = ModelCardData(
        license=result.base.license,
        base_model=hub_id,
        base_model_relation=("adapter" if adapter else "finetune") if hub_id else None,
        library_name="peft" if adapter else "transformers",
        pipeline_tag="text-generation",
        tags=[*(["lora"] if adapter else []), "interactive-fiction", "text-adventure"],
    )
    return data.to_yaml()


def describe_corpus(corpus: Corpus) -> dict[str, Any]:
    """Return rights and titles as the corpus's report has them, and a few titles for each of the rights."""
    by_rights: dict[str, list[str]] = {}
    for story in corpus.report.get("contents", []):
        by_rights.setdefault(story["rights"], []).append(story["title"])
    return {
        "rights": corpus.report.get("rights", {}),
        "titles": corpus.report.get("titles", {}),
        "titles_by_rights": {rights: titles[:_TITLES_PER_RIGHTS] for rights, titles in by_rights.items()},
    }


def serve_command(recipe: Recipe, folder: str) -> str:
    """Return the command that serves the voice in `folder` where llama.cpp can't play it."""
    if recipe.method != "lora":
        return f"transformers serve {shlex.quote(folder)}"
    return f"dungeon finetune export {shlex.quote(folder)} --to merged --out DIR && transformers serve DIR"


def _describe_method(recipe: Recipe, base: str) -> str:
    blocks = "block" if recipe.layers == 1 else f"{recipe.layers} blocks"
    if recipe.method == "lora":
        share = "" if recipe.upper == 1 else f", on the upper {recipe.upper:.0%} of its blocks"
        where = f", on its last {blocks}" if recipe.layers else share
        return f"a {'DoRA' if recipe.dora else 'LoRA'} adapter over {base}{where}"
    if recipe.method == "last-layers":
        return f"{base}, its last {blocks} and the final norm tuned, all else unchanged"
    if recipe.method == "full":
        return f"{base}, all of its weights tuned"
    return f"a model of the architecture of {base}, trained on this corpus alone from random weights"


def _describe_leak(corpus: Corpus) -> str:
    """Return how much of the validation text was learned from, and what follows from it."""
    if corpus.leaked is None:
        return ""
    stands = f"{corpus.leaked:.1%} of the validation text stands in the training text as well"
    return f"**{stands}, so the figures look better than they are.**" if corpus.leak_warning else f"{stands}."


def _escaped(text: str) -> str:
    """Return any text as one line of plain Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&$-])", r"\\\1", one_line(text))

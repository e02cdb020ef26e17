"""The model card of a voice: README.md with a YAML head as the Hub reads it.

Titles and licences come from the corpus, so they are data: escaped before they stand in the card's Markdown.
"""

import re
import shlex
from dataclasses import asdict
from typing import Any

from huggingface_hub import ModelCardData

from corpus.text import one_line, printable
from finetune.data.corpus import Corpus
from finetune.recipe import Recipe
from finetune.training.result import TrainingResult

_TITLES_PER_RIGHTS = 10


def model_card(result: TrainingResult, name: str, playable: bool) -> str:
    """Return the card of the voice `name`. `playable`: whether llama.cpp plays it."""
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
    about, figures = describe_corpus(result.corpus), result.figures
    play = (
        f"    dungeon play --voice {shlex.quote(printable(name))}"
        if playable
        else f"llama.cpp can't play this model. Serve it:\n\n    {serve_command(result.recipe, printable(name))}"
    )
    rights = "".join(f"| {_escaped(right)} | {count} |\n" for right, count in sorted(about["rights"].items()))
    titles = "".join(
        f"- {split}: {'; '.join(_escaped(title) for title in part)}\n" for split, part in about["titles"].items()
    )
    recipe = "".join(f"| {key} | {value} |\n" for key, value in asdict(result.recipe).items())
    return f"""---
{data.to_yaml()}
---

# {_escaped(name)}

A voice for interactive fiction in the second person: {_describe_method(result.recipe, _escaped(result.base.name))}
(licence: {_escaped(result.base.license)}).

## Play

{play}

## Figures

Loss on the {figures.split} split, which was not learned from. Bits per byte compare across tokenizers.

| | before | after |
|---|---|---|
| nats per token | {figures.before.nats_per_token:.3f} | {figures.after.nats_per_token:.3f} |
| bits per byte | {figures.before.bits_per_byte:.3f} | {figures.after.bits_per_byte:.3f} |

{figures.steps} steps over a training split of {figures.target_tokens:,} target tokens; kept are the weights of step
{figures.best_step} (validation loss {figures.validation_loss:.3f} nats per token). Computed in
{result.precision.precision} on {_escaped(result.device)}.

## Data

| rights | stories |
|---|---|
{rights}
{titles}
"unknown" means that nobody stated a licence: don't publish such a voice without the author's consent.

## Recipe

{_escaped(result.recipe_name)}; `training.json` has the versions as well.

| | |
|---|---|
{recipe}"""


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
        where = f", on its last {blocks}" if recipe.layers else ""
        return f"a {'DoRA' if recipe.dora else 'LoRA'} adapter over {base}{where}"
    if recipe.method == "last-layers":
        return f"{base}, its last {blocks} and the final norm tuned, all else unchanged"
    if recipe.method == "full":
        return f"{base}, all of its weights tuned"
    return f"a model of the architecture of {base}, trained on this corpus alone from random weights"


def _escaped(text: str) -> str:
    """Return any text as one line of plain Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&$-])", r"\\\1", one_line(text))

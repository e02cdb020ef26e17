"""The rows of a training: what is learned, what is measured, and which prompts show the progress."""

import inspect
import math
from dataclasses import dataclass

import numpy as np
import torch
from accelerate import PartialState  # type: ignore[import-untyped]
from datasets import Dataset
from torch import Tensor, nn

from finetune.console import print_status
from finetune.data.corpus import Corpus
from finetune.data.encoders import Encoder, make_encoder
from finetune.data.packing import pack, padding_share
from finetune.data.prompts import action_prompts
from finetune.data.rows import Row, count_targets
from finetune.errors import FinetuneError
from finetune.models.base import Base
from finetune.models.held_out import HeldOutRows, choose_held_out
from finetune.recipe import Recipe

_EXAMPLES_AT_ONCE = 512
_MOST_PADDING = 0.1
"""Share of padding above which rows are packed."""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """A corpus as this base and recipe learn it."""

    train: list[Row]
    """All of the training split, or as many rows of random examples as the run has steps for."""
    target_tokens: int
    """Target tokens of the whole training split; estimated where only a part of it was tokenised."""
    validation: HeldOutRows
    split: str
    """The split that is measured before and after."""
    held_out: HeldOutRows
    """Of that split."""
    prompts: list[str]
    """Of the validation split: what the voice answers as it learns."""
    encoder: Encoder
    """How rows and prompts become tokens."""


def prepare_data(corpus: Corpus, base: Base, recipe: Recipe, processes: int = 1) -> TrainingData:
    """Return the rows of a training that is shared by so many processes.

    Raises:
        FinetuneError: `skip_player_speech` leaves nothing to learn, or the base's tokenizer can't serve it; the base
            has no chat frame to learn in, or rows are too short for it.
    """
    length = min(recipe.length, base.context_size)
    encoder = make_encoder(recipe.prompt_format, base.tokenizer, base.name)
    if recipe.skip_player_speech and not base.tokenizer.is_fast:
        raise FinetuneError(
            f"skip_player_speech needs the place of each token in the text, which the tokenizer of {base.name} can't "
            "give. Tune without skip_player_speech, or take a base that has a tokenizer.json."
        )
    learned, share = _learned_rows(corpus.splits["train"], encoder, recipe, length, processes)
    if recipe.skip_player_speech and not learned:
        raise FinetuneError(
            "Nothing is left to learn: too many turns of the training split speak for the player or are slow to say "
            '"you". Tune without skip_player_speech.'
        )
    target_tokens = round(count_targets(learned) / share)
    if recipe.packing:
        learned = pack_if_it_pays(learned, length, base)
    measured = {
        name: choose_held_out(part, encoder, length, recipe.held_out_rows)
        for name, part in corpus.splits.items()
        if name != "train"
    }
    split = corpus.held_out_split
    prompts = action_prompts(corpus.splits["validation"], recipe.samples)
    return TrainingData(learned, target_tokens, measured["validation"], split, measured[split], prompts, encoder)


def _learned_rows(
    examples: Dataset, encoder: Encoder, recipe: Recipe, length: int, processes: int
) -> tuple[list[Row], float]:
    """Return the rows of random examples that a run of `max_steps` can learn, or of all; and their share of the text.

    Seeded, so that a resumed run has the same rows.
    """
    needed = recipe.max_steps * recipe.batch * recipe.accumulate * processes or math.inf
    order = np.random.default_rng(recipe.seed).permutation(len(examples)) if recipe.max_steps else range(len(examples))
    rows: list[Row] = []
    characters = 0
    for first in range(0, len(examples), _EXAMPLES_AT_ONCE):
        part = examples.select(order[first : first + _EXAMPLES_AT_ONCE])
        characters += sum(map(len, part["target"]))
        made = encoder.rows(part, length, recipe.learn_context, recipe.skip_player_speech)
        rows += [row for example in made for row in example]
        # Several rows may be packed into one.
        if (sum(len(row["input_ids"]) for row in rows) / length if recipe.packing else len(rows)) >= needed:
            break
    return rows, characters / sum(map(len, examples["target"]))


def pack_if_it_pays(rows: list[Row], length: int, base: Base) -> list[Row]:
    """Return the rows packed, where over a tenth would be padding otherwise and the base keeps packed rows apart."""
    if padding_share(rows, length) <= _MOST_PADDING:
        return rows
    apart = keeps_packed_rows_apart(base.model)
    packed = pack(rows, length) if apart else rows
    if PartialState().is_main_process:
        print_status(
            f"{len(rows)} rows are packed into {len(packed)} of at most {length} tokens."
            if apart
            else f"{base.name} would let packed rows see each other, so they are not packed."
        )
    return packed


@torch.no_grad()
def keeps_packed_rows_apart(model: nn.Module) -> bool:
    """Return whether the model keeps the rows of a packed row apart: tried on a dozen tokens."""
    if "position_ids" not in inspect.signature(model.forward).parameters:
        return False
    device = next(model.parameters()).device
    one, other, row = torch.arange(1, 5), torch.arange(5, 9), torch.arange(9, 17)
    positions = torch.cat([torch.arange(4), torch.arange(8)])

    def logits(ids: Tensor, places: Tensor) -> Tensor:
        output = model(input_ids=ids[None].to(device), position_ids=places[None].to(device), use_cache=False)
        return output.logits[0, -8:].float()  # type: ignore[no-any-return]

    training = model.training
    model.eval()
    alone = logits(row, torch.arange(8))
    after_one, after_other = (logits(torch.cat([first, row]), positions) for first in (one, other))
    model.train(training)
    return torch.equal(after_one, after_other) and bool((after_one - alone).abs().max() < 0.01 * alone.std())

"""Text that a model generates for prompts: samples during training, and turns that are measured after it.

    texts = generate(model, tokenizer, prompts, max_tokens=60, sampling=Sampling(temperature=0.5))

A model that is being trained computes in the trainer's precision, which has to be named: its frozen weights may be held
in 16 bits, and its adapter in 32.

All prompts go through the model as one batch, so its memory bounds their number. The random numbers come from a state
of their own: a training that takes samples has the losses of one that takes none (on Apple's GPU the dropout differs).
The same seed gives the same texts for the same list of prompts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import GenerationConfig, StoppingCriteria, StoppingCriteriaList

from corpus.turns import STOP
from finetune.data.encoders import Encoder, TaleEncoder
from finetune.models.precision import FP32, Precision

_STOP_TOKENS = 8  # STOP is two characters: in any tokenizer it lies within this many of the last tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How the next token is drawn. The defaults suit watching a voice as it learns."""

    temperature: float = 0.8
    """0 takes the likeliest token each time."""
    top_k: int = 40
    """0 leaves this filter out."""
    min_p: float = 0.05
    """0 leaves this filter out."""
    seed: int = 0


GAME_SAMPLING = Sampling(temperature=0.5, top_k=40, min_p=0.1)
"""The game's own, without its penalties on repetition: what voices are compared with, since repetition is measured."""


def generate(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[str],
    *,
    max_tokens: int,
    sampling: Sampling,
    stop: str | None = STOP,
    precision: Precision = FP32,
    encoder: Encoder | None = None,
) -> list[str]:
    """Return what `model` writes after each prompt, at most `max_tokens` each, without white space around it.

    A text ends before `stop`, as in the game, or at the tokenizer's end of text. A prompt that is longer than the
    model's positions allow loses its start. `model` is any transformers or peft model; it stays in the mode it was in.
    `encoder` writes the prompts; without it they are plain text.
    """
    if not prompts:
        return []
    encoder = encoder or TaleEncoder(tokenizer)
    device = next(model.parameters()).device
    ids, mask = _left_padded(model, encoder, prompts, max_tokens)
    greedy = sampling.temperature == 0
    config = GenerationConfig(  # type: ignore[no-untyped-call]
        max_new_tokens=max_tokens,
        do_sample=not greedy,
        temperature=1.0 if greedy else sampling.temperature,
        top_k=0 if greedy else sampling.top_k,
        min_p=None if greedy or sampling.min_p == 0 else sampling.min_p,
        # Stated here, or the model's own file would decide.
        top_p=1.0,
        repetition_penalty=1.0,
        no_repeat_ngram_size=0,
        num_beams=1,
        num_return_sequences=1,
        eos_token_id=encoder.end_ids or None,
        pad_token_id=pad_id(tokenizer),
        use_cache=True,
    )
    criteria = StoppingCriteriaList([_StopAtText(tokenizer, stop, ids.shape[1])] if stop else [])
    training = model.training
    model.eval()
    try:
        with (
            torch.no_grad(),
            torch.random.fork_rng([device] if device.type == "cuda" else []),
            precision.autocast(device),
            torch.compiler.set_stance("force_eager"),  # each token has a shape of its own: not worth compiling for
        ):
            torch.manual_seed(sampling.seed)
            generated = model.generate(
                input_ids=ids.to(device),
                attention_mask=mask.to(device),
                generation_config=config,
                stopping_criteria=criteria,
            )
    finally:
        model.train(training)
    # What comes after the end of text in a batch is padding.
    ends = set(encoder.end_ids)
    rows = [list(takewhile(lambda token: token not in ends, row[ids.shape[1] :].tolist())) for row in generated]
    texts = tokenizer.batch_decode(rows, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return [(text.partition(stop)[0] if stop else text).strip() for text in texts]


def pad_id(tokenizer: Any) -> int:
    """Return the token that fills rows up; any will do where the tokenizer names none."""
    known = (tokenizer.pad_token_id, tokenizer.eos_token_id)
    return next((token for token in known if token is not None), 0)


class _StopAtText(StoppingCriteria):
    """Ends each text of a batch once its generated part holds `stop`.

    transformers' own `stop_strings` would also match across the prompt's end, which is the newline of a stop.
    """

    def __init__(self, tokenizer: Any, stop: str, prompt_tokens: int) -> None:
        self.tokenizer = tokenizer
        self.stop = stop
        self.prompt_tokens = prompt_tokens

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: Any) -> torch.Tensor:
        last = input_ids[:, max(self.prompt_tokens, input_ids.shape[1] - _STOP_TOKENS) :]
        found = [self.stop in text for text in self.tokenizer.batch_decode(last)]
        return torch.tensor(found, device=input_ids.device)


def _left_padded(
    model: Any, encoder: Encoder, prompts: Sequence[str], max_tokens: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return token ids and attention mask of the prompts, B x T each."""
    positions = getattr(model.config, "max_position_embeddings", None)
    room = max(1, positions - max_tokens) if positions else None
    pad = pad_id(encoder.tokenizer)
    rows = [encoder.prompt_ids(prompt, room) or [pad] for prompt in prompts]
    left = partial(pad_sequence, batch_first=True, padding_side="left")
    return (
        left([torch.tensor(row) for row in rows], padding_value=pad),
        left([torch.ones(len(row), dtype=torch.long) for row in rows]),
    )

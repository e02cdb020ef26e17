"""Turns a model writes for given prompts: what a writer looks at while a voice is tuned, and what is measured after.

    prompts = choose_prompts(corpus.splits["validation"], 4)
    texts = sample(model, tokenizer, prompts, max_tokens=60, temperature=0.8, top_k=40, min_p=0.05, seed=0, end=end)

All prompts go through the model as one batch, so their number is bounded by its memory. The random numbers are drawn
from a state of their own: a training that takes samples has the losses of one that takes none (on Apple's GPU the
dropout differs). The same seed gives the same texts for the same list of prompts.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, StoppingCriteria, StoppingCriteriaList

from corpus.files import write_atomic
from corpus.text import printable
from corpus.turns import PARAGRAPH, PROMPT_END, STOP
from finetune.data.rows import beginning

_ACTION = re.compile(r"^> .+$", re.MULTILINE)
_STOP_TOKENS = 8  # STOP is two characters: in any tokenizer it lies within this many of the last tokens


def choose_prompts(examples: Iterable[Mapping[str, Any]], count: int, characters: int = 800) -> list[str]:
    """Up to `count` prompts that end in a player's action, spread evenly over the examples of a split.

    Each is the end of what was told before the first action of a target, at most `characters` of it from the beginning
    of a paragraph on, then the action. The same split gives the same prompts; one without actions gives none.
    """
    prompts = []
    for example in examples:
        if action := _ACTION.search(example["target"]):
            before = (example["context"] + example["target"][: action.start()]).strip("\n")
            tale = _end(before, characters)
            prompts.append((tale + PARAGRAPH if tale else "") + action.group() + PROMPT_END)
    count = min(count, len(prompts))
    return [prompts[(2 * n + 1) * len(prompts) // (2 * count)] for n in range(count)]


def sample(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[str],
    *,
    max_tokens: int,
    temperature: float,
    top_k: int,
    min_p: float,
    seed: int,
    end: int | None,
    stop: str | None = STOP,
) -> list[str]:
    """What `model` writes after each of the prompts, at most `max_tokens` each; leaves it in the mode it was in.

    A text ends before `stop`, as in the game, or at the token `end`; None leaves one out. White space around it is
    left out. `temperature` 0 takes the likeliest token each time; `top_k` 0 and `min_p` 0 leave that filter out. A
    prompt that is longer than the model's positions allow loses its beginning. `model` is any transformers or peft
    model with `generate`.
    """
    if not prompts:
        return []
    device = next(model.parameters()).device
    ids, mask = _left_padded(model, tokenizer, prompts, max_tokens)
    greedy = temperature == 0
    config = GenerationConfig(  # type: ignore[no-untyped-call]
        max_new_tokens=max_tokens,
        do_sample=not greedy,
        temperature=1.0 if greedy else temperature,
        top_k=0 if greedy else top_k,
        min_p=None if greedy or min_p == 0 else min_p,
        # Said, or the model's own file would decide.
        top_p=1.0,
        repetition_penalty=1.0,
        no_repeat_ngram_size=0,
        num_beams=1,
        num_return_sequences=1,
        eos_token_id=end,
        pad_token_id=_pad(tokenizer),
        use_cache=True,
    )
    criteria = StoppingCriteriaList([_AtText(tokenizer, stop, ids.shape[1])] if stop else [])
    training = model.training
    model.eval()
    try:
        with torch.no_grad(), torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.manual_seed(seed)
            made = model.generate(
                input_ids=ids.to(device),
                attention_mask=mask.to(device),
                generation_config=config,
                stopping_criteria=criteria,
            )
    finally:
        model.train(training)
    texts = [_decode(tokenizer, row[ids.shape[1] :].tolist(), end) for row in made]
    return [(text.partition(stop)[0] if stop else text).strip() for text in texts]


def write_markdown(entries: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Writes sample turns of a training, each with `step`, `prompt` and `text`, as a page to read."""
    by_prompt: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries:
        by_prompt.setdefault(entry["prompt"], []).append(entry)
    page = ["# What the voice writes as it learns"]
    for n, (prompt, written) in enumerate(by_prompt.items(), 1):
        page += [f"## Prompt {n}", _quoted(prompt)]
        for entry in sorted(written, key=lambda entry: int(entry["step"])):
            page += [f"After {entry['step']} steps:", _quoted(entry["text"])]
    write_atomic(path, "\n\n".join(page) + "\n")


def _quoted(text: str) -> str:
    """Text as a block of Markdown in which nothing is markup."""
    return "\n".join("    " + line for line in printable(text).strip("\n").splitlines()) or "    …"


class _AtText(StoppingCriteria):
    """Ends each text of a batch when it has written `stop`."""

    def __init__(self, tokenizer: Any, stop: str, written: int) -> None:
        self.tokenizer = tokenizer
        self.stop = stop
        self.written = written

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: Any) -> torch.Tensor:
        last = input_ids[:, max(self.written, input_ids.shape[1] - _STOP_TOKENS) :]
        found = [self.stop in text for text in self.tokenizer.batch_decode(last)]
        return torch.tensor(found, device=input_ids.device)


def _left_padded(
    model: Any, tokenizer: Any, prompts: Sequence[str], max_tokens: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens and mask of the prompts, B x T each."""
    positions = getattr(model.config, "max_position_embeddings", None)
    start = beginning(tokenizer)
    room = max(1, positions - max_tokens - len(start)) if positions else None
    rows = []
    for prompt in prompts:
        ids = tokenizer(prompt, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        rows.append([*start, *(ids[-room:] if room else ids)])
    width = max(1, *map(len, rows))
    padded = torch.full((len(rows), width), _pad(tokenizer))
    mask = torch.zeros_like(padded)
    for n, row in enumerate(rows):
        padded[n, width - len(row) :] = torch.tensor(row, dtype=torch.long)
        mask[n, width - len(row) :] = 1
    return padded, mask


def _pad(tokenizer: Any) -> int:
    known = (tokenizer.pad_token_id, tokenizer.eos_token_id)
    return next((token for token in known if token is not None), 0)


def _decode(tokenizer: Any, ids: list[int], end: int | None) -> str:
    """The text up to the token `end`; what comes after it in a batch is padding."""
    if end is not None and end in ids:
        ids = ids[: ids.index(end)]
    return str(tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))


def _end(text: str, characters: int) -> str:
    """The end of a tale from the beginning of a paragraph on, or of a word where the last paragraph is too long."""
    if len(text) <= characters:
        return text
    end = text[-characters:]
    for border in (PARAGRAPH, " "):
        if rest := end.partition(border)[2].lstrip("\n "):
            return rest
    return end.lstrip("\n ")

"""Whether an export says what the voice says: next-token probabilities side by side, in nats.

    questions = make_questions(read_prompts(voice, None), tokenizer, positions=1024)
    wanted = distributions(model, questions)            # peft's model in 32 bits
    found = agreement(wanted, questions, answers)       # what the export answered
    check(found, "q8_0", base=None)

The prompts are validation turns, kept with the voice when it was tuned, so they are text that it has not learned.
Places inside a turn are compared, not only its beginning.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from finetune.data.rows import Corpus, beginning, encode, read_corpus
from finetune.errors import FinetuneError
from finetune.export.llama_cpp import Answer, Question

PROMPTS = "prompts.json"
TOP = 200
"""Likeliest tokens that are compared one by one; the rest are compared together."""
_PROMPTS = 8
_PLACES = 4  # of each prompt
_TOKENS = 128  # of a prompt, at most
_CHARACTERS = 1200  # of a prompt's context that are kept

BOUNDS: Mapping[str, float] = {
    "fp32": 0.001,
    "fp16": 0.01,
    "bf16": 0.02,
    "f32": 0.01,
    "f16": 0.01,
    "q8_0": 0.03,
    "q5_1": 0.15,
    "q5_0": 0.15,
    "q4_1": 0.4,
    "q4_0": 0.4,
    "gguf-adapter": 0.03,
}
"""Mean divergence in nats above which an export is not the voice any more, by the form of its weights.

Measured on the bundled weights with a voice of 8 steps: bf16 0.00005, f16 0.000004, q8_0 0.0025, its adapter over the
Q4_1 base 0.0017, q5_0 0.034, q4_0 0.12.
"""
_KEPT = 0.5
"""Share of the base's own divergence from the voice above which too little of the tuning is left.

Coarse blocks round a small change away: back on the grid of the Q4_1 base that it was tuned over, the same voice is
as far off as the base (0.23 of 0.25 nats), though every weight is within 1% of where it was.
"""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far an export is from the voice."""

    places: int
    """Next tokens that were compared."""
    mean: float
    """Absolute difference of the true next token's log-probability, nats."""
    most: float
    """The largest of those differences, nats."""
    divergence: float
    """Mean Kullback-Leibler divergence of the export from the voice, nats."""

    def __str__(self) -> str:
        return (
            f"mean {self.mean:.5f}, largest {self.most:.5f} nats a true next token; "
            f"KL divergence {self.divergence:.6f} nats; {self.places} places"
        )


def write_prompts(corpus: Corpus, folder: Path) -> None:
    """Keeps a few validation turns with the voice in `folder`: the last of their contexts, and what followed."""
    folder.joinpath(PROMPTS).write_text(
        json.dumps(_choose(corpus), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


def read_prompts(voice: Path, corpus: Path | None) -> list[dict[str, str]]:
    """The turns that were kept with `voice`, or such turns of a corpus. Raises FinetuneError where there are none."""
    if corpus is not None:
        return _choose(read_corpus(corpus))
    path = voice / PROMPTS
    try:
        prompts = json.loads(path.read_text(encoding="utf-8"))
        return [{"context": str(one["context"]), "target": str(one["target"])} for one in prompts]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FinetuneError(
            f"The voice {voice} has no readable {PROMPTS} to check the export with. "
            "Give the corpus that it was tuned on with --corpus."
        ) from error


def make_questions(prompts: Sequence[Mapping[str, str]], tokenizer: Any, positions: int) -> list[Question]:
    """Places spread over what is learned of each prompt; `positions` is the most tokens that the model takes.

    Places whose true token is no whole text by itself are left out: llama.cpp doesn't tell its probability.
    """
    start = beginning(tokenizer)
    questions: list[Question] = []
    for prompt in prompts:
        ids, learn = encode(tokenizer, prompt["context"], prompt["target"], None)
        first = max(learn.index(True), 0 if start else 1) if any(learn) else len(ids)
        room = min(_TOKENS, positions - 8) - len(start)
        begin = max(0, first - room // 2)
        ids = ids[begin : begin + room]
        places = range(first - begin, len(ids))
        questions += [
            Question([*start, *ids[:place]], ids[place])
            for place in list(places)[:: max(1, len(places) // _PLACES)][:_PLACES]
            if "\ufffd" not in tokenizer.decode([ids[place]])
        ]
    if not questions:
        raise FinetuneError("The prompts to check the export with are empty. Give a corpus with --corpus.")
    return questions


@torch.inference_mode()
def distributions(model: Any, questions: Sequence[Question]) -> torch.Tensor:
    """Log-probabilities of the next token by transformers or peft, questions x vocabulary, 32 bits."""
    rows: list[torch.Tensor] = []
    while len(rows) < len(questions):
        # The places of a prompt stand in their order: its last question holds what the others ask, too.
        first = last = len(rows)
        while last + 1 < len(questions) and _begins(questions[last + 1].before, questions[last].before):
            last += 1
        logits = model(torch.tensor([questions[last].before])).logits[0].float()
        rows += [logits[len(questions[n].before) - 1].log_softmax(-1) for n in range(first, last + 1)]
    return torch.stack(rows)


def _begins(tokens: list[int], beginning: list[int]) -> bool:
    return tokens[: len(beginning)] == beginning


def answers_of(found: torch.Tensor, questions: Sequence[Question]) -> list[Answer]:
    """`distributions` in the form that llama.cpp answers in."""
    made = []
    for row, question in zip(found, questions, strict=True):
        values, tokens = row.topk(min(TOP, len(row)))
        made.append(Answer(float(row[question.true]), list(zip(tokens.tolist(), values.tolist(), strict=True))))
    return made


def agreement(wanted: torch.Tensor, questions: Sequence[Question], answers: Sequence[Answer]) -> Agreement:
    """How far `answers` are from the voice's distributions `wanted` (questions x vocabulary).

    The divergence is that of the answers' likeliest tokens and of all the others taken as one, which is at most the
    true one (the log sum inequality) and misses little of it.
    """
    differences, divergences = [], []
    for row, question, answer in zip(wanted.double(), questions, answers, strict=True):
        differences.append(abs(float(row[question.true]) - answer.true))
        tokens = torch.tensor([token for token, _ in answer.top])
        theirs = torch.tensor([value for _, value in answer.top], dtype=torch.double)
        ours = row[tokens]
        rest = (1 - ours.exp().sum()).clamp(min=1e-9), (1 - theirs.exp().sum()).clamp(min=1e-9)
        divergence = (ours.exp() * (ours - theirs)).sum() + rest[0] * (rest[0] / rest[1]).log()
        divergences.append(max(0.0, float(divergence)))  # below 0 by rounding only
    count = len(differences)
    return Agreement(count, sum(differences) / count, max(differences), sum(divergences) / count)


def check(found: Agreement, form: str, base: Agreement | None) -> None:
    """Raises FinetuneError where an export with weights of that form is too far from the voice.

    `base`: how far the base is, which the export must be clearly nearer than; None for a whole model.
    """
    finer = "Nothing was written. Take a finer --precision, or --to gguf-adapter, which rounds nothing away."
    if base and not found.divergence <= _KEPT * base.divergence + BOUNDS["fp32"]:
        raise FinetuneError(
            f"Little of the tuning is left in {form}: the export is {found.divergence:.4f} nats from the voice, its "
            f"base {base.divergence:.4f}. {finer}"
        )
    if not found.divergence <= BOUNDS[form]:
        raise FinetuneError(
            f"The export doesn't say what the voice says: {found}. At most {BOUNDS[form]:g} nats of divergence are "
            f"right for {form}. {finer}"
        )


def _choose(corpus: Corpus) -> list[dict[str, str]]:
    """Validation turns spread evenly, those with a context first."""
    examples = corpus.splits["validation"]
    numbers = [n for n, context in enumerate(examples["context"]) if context] or list(range(len(examples)))
    step = max(1, len(numbers) // _PROMPTS)
    chosen = [examples[n] for n in numbers[::step][:_PROMPTS]]
    return [{"context": one["context"][-_CHARACTERS:], "target": one["target"][:_CHARACTERS]} for one in chosen]

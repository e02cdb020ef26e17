"""Whether an export predicts what the voice predicts: next-token probabilities compared, in nats.

    probes = make_probes(read_turns(voice, None), encoder, positions=1024)
    expected = log_probabilities(model, probes)                 # peft's model in 32 bits
    found = measure_agreement(expected, probes, predictions)    # the export's predictions
    check_agreement(found, "q8_0", base=None)

The texts are validation turns, kept with the voice when it was tuned, so they are text that it has not learned. Places
inside a turn are compared, not only its start.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset

from finetune.data.corpus import read_corpus
from finetune.data.encoders import Encoder
from finetune.data.prompts import held_out_turns
from finetune.data.rows import IGNORED
from finetune.errors import FinetuneError
from finetune.export.llama_cpp import Prediction, Probe
from finetune.files import read_json
from finetune.models.folders import PROMPTS

TOP = 200
"""Likeliest tokens that are compared one by one; the rest are compared together."""
_PROBES_PER_TURN = 4
_TURN_TOKENS = 128  # at most

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
    "adapter": 0.001,
    "gguf-adapter": 0.03,
}
"""Mean divergence in nats above which an export no longer stands for the voice, by the form of its weights.

Measured on the bundled weights with a voice of 8 steps: bf16 0.00005, f16 0.000004, q8_0 0.0025, its adapter over the
Q4_1 base 0.0017, q5_0 0.034, q4_0 0.12.
"""
_MOST_LOST = 0.5
"""Share of the base's own divergence from the voice above which too little of the tuning is left.

Coarse blocks round a small change away: back on the grid of the Q4_1 base that it was tuned over, the same voice is
as far off as the base (0.23 of 0.25 nats), though every weight is within 1% of where it was.
"""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far an export's predictions are from the voice's."""

    probes: int
    """Next tokens that were compared."""
    mean: float
    """Absolute difference of the true next token's log-probability, nats."""
    largest: float
    """The largest of those differences, nats."""
    divergence: float
    """Mean Kullback-Leibler divergence of the export from the voice, nats."""

    def __str__(self) -> str:
        return (
            f"mean {self.mean:.5f}, largest {self.largest:.5f} nats per true next token; "
            f"KL divergence {self.divergence:.6f} nats; {self.probes} places"
        )


def read_turns(voice: Path, corpus: Path | None) -> list[dict[str, str]]:
    """Return the held-out turns that were kept with `voice`, or those of a corpus.

    Raises:
        FinetuneError: the voice has none, or the corpus can't be read.
    """
    if corpus is not None:
        return held_out_turns(read_corpus(corpus))
    try:
        turns = read_json(voice / PROMPTS)
        return [{"context": str(turn["context"]), "target": str(turn["target"])} for turn in turns]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FinetuneError(
            f"The voice {voice} has no readable {PROMPTS} to check the export with. "
            "Give the corpus that it was tuned on with --corpus."
        ) from error


def make_probes(turns: Sequence[Mapping[str, str]], encoder: Encoder, positions: int) -> list[Probe]:
    """Return places spread over what is learned of each turn; `positions` is the most tokens that the model takes.

    A place whose true token is not a whole text by itself is left out: llama.cpp doesn't return its probability.

    Raises:
        FinetuneError: the turns hold no such place.
    """
    length = min(encoder.overhead + _TURN_TOKENS, positions - 8)
    examples = Dataset.from_list([{**turn, "ends": False} for turn in turns])
    probes: list[Probe] = []
    for rows in encoder.rows(examples, length):
        for row in rows[:1]:
            ids = row["input_ids"].tolist()
            places = [place for place, label in enumerate(row["labels"]) if label != IGNORED]
            probes += [
                Probe(ids[:place], ids[place])
                for place in places[:: max(1, len(places) // _PROBES_PER_TURN)][:_PROBES_PER_TURN]
                if "\ufffd" not in encoder.tokenizer.decode([ids[place]])
            ]
    if not probes:
        raise FinetuneError("The turns to check the export with are empty. Give a corpus with --corpus.")
    return probes


@torch.inference_mode()
def log_probabilities(model: Any, probes: Sequence[Probe]) -> torch.Tensor:
    """Return the next token's log-probabilities by transformers or peft, probes x vocabulary, 32 bits."""
    rows: list[torch.Tensor] = []
    while len(rows) < len(probes):
        # The probes of a turn come in its order: the prefix of the last one holds those of the others.
        first = last = len(rows)
        while last + 1 < len(probes) and probes[last].prefix == probes[last + 1].prefix[: len(probes[last].prefix)]:
            last += 1
        logits = model(torch.tensor([probes[last].prefix])).logits[0].float()
        rows += [logits[len(probes[n].prefix) - 1].log_softmax(-1) for n in range(first, last + 1)]
    return torch.stack(rows)


def predictions_of(log_probs: torch.Tensor, probes: Sequence[Probe]) -> list[Prediction]:
    """Return `log_probabilities` (probes x vocabulary) in the form of llama.cpp's predictions."""
    made = []
    for row, probe in zip(log_probs, probes, strict=True):
        values, tokens = row.topk(min(TOP, len(row)))
        made.append(Prediction(float(row[probe.next_id]), list(zip(tokens.tolist(), values.tolist(), strict=True))))
    return made


def measure_agreement(expected: torch.Tensor, probes: Sequence[Probe], predictions: Sequence[Prediction]) -> Agreement:
    """Return how far `predictions` are from the voice's log-probabilities, `expected` (probes x vocabulary).

    The divergence is that of the likeliest tokens and of all the others taken as one, which is at most the true one
    (the log sum inequality) and misses little of it.
    """
    differences, divergences = [], []
    for row, probe, prediction in zip(expected.double(), probes, predictions, strict=True):
        differences.append(abs(float(row[probe.next_id]) - prediction.logprob))
        tokens = torch.tensor([token for token, _ in prediction.top])
        theirs = torch.tensor([value for _, value in prediction.top], dtype=torch.double)
        ours = row[tokens]
        rest = (1 - ours.exp().sum()).clamp(min=1e-9), (1 - theirs.exp().sum()).clamp(min=1e-9)
        divergence = (ours.exp() * (ours - theirs)).sum() + rest[0] * (rest[0] / rest[1]).log()
        divergences.append(max(0.0, float(divergence)))  # below 0 by rounding only
    count = len(differences)
    return Agreement(count, sum(differences) / count, max(differences), sum(divergences) / count)


def check_agreement(found: Agreement, form: str, base: Agreement | None) -> None:
    """Check that an export whose weights have that form is near enough to the voice.

    `base`: how far the base is from the voice, which the export must be clearly nearer than; None for a whole model.

    Raises:
        FinetuneError: it is not.
    """
    finer = "Nothing was written. Take a finer --precision, or --to gguf-adapter, which rounds nothing away."
    if base and not found.divergence <= _MOST_LOST * base.divergence + BOUNDS["fp32"]:
        raise FinetuneError(
            f"Little of the tuning is left in {form}: the export is {found.divergence:.4f} nats from the voice, its "
            f"base {base.divergence:.4f}. {finer}"
        )
    if not found.divergence <= BOUNDS[form]:
        raise FinetuneError(
            f"The export doesn't predict what the voice predicts: {found}. {form} allows at most {BOUNDS[form]:g} nats "
            f"of divergence. {finer}"
        )

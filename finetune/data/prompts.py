"""What voices are compared on: scenes that end in a player's action, of a corpus's held-out split or our own.

    prompts = corpus_prompts(corpus.splits["test"], 32) or own_prompts(32)

The same split gives the same prompts. Where there are fewer than asked for they come again, in the same order: a voice
answers each anew.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from corpus.turns import ACTION_MARK, parse, prompt
from finetune.models.sampling import choose_prompts


@dataclass(frozen=True, slots=True)
class Prompt:
    """A scene and an action."""

    text: str
    """What the voice reads: the end of the tale, and the action as its last line."""
    action: str
    """The action's sentence."""
    answer: str
    """How the story itself goes on; "" where there is no story."""


def own_prompts(count: int) -> list[Prompt]:
    """`count` of the prompts that come with the program."""
    listed = tomllib.loads((files("finetune.data") / "default_prompts.toml").read_text(encoding="utf-8"))["prompt"]
    made = [Prompt(prompt(entry["tale"].strip(), entry["action"]), entry["action"], "") for entry in listed]
    return _repeated(made, count)


def corpus_prompts(examples: Iterable[Mapping[str, Any]], count: int) -> list[Prompt]:
    """`count` prompts spread evenly over a split; none where no action of it has an answer."""
    answered = [(example, _answer(example)) for example in examples]
    found = [
        Prompt(text, text.rstrip("\n").rpartition("\n")[2].removeprefix(ACTION_MARK), answer)
        for example, answer in answered
        if answer
        for text in choose_prompts([example], 1)
    ]
    most = min(count, len(found))
    return _repeated([found[(2 * n + 1) * len(found) // (2 * most)] for n in range(most)], count)


def _answer(example: Mapping[str, Any]) -> str:
    """The prose after the first action of what is learned."""
    return next((turn.prose for turn in parse(example["target"]) if turn.action), "")


def _repeated(prompts: Sequence[Prompt], count: int) -> list[Prompt]:
    return [prompts[n % len(prompts)] for n in range(count)] if prompts else []

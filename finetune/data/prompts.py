"""Prompts for a voice: ends of tales whose last line is a player's action; and held-out turns to check an export with.

    texts = action_prompts(corpus.splits["validation"], 4)
    scenes = corpus_scenes(corpus.splits["test"], 32) or default_scenes(32)

The same split gives the same prompts, spread evenly over it.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, TypeVar

from corpus.turns import ACTION_MARK, PARAGRAPH, PROMPT_END, parse, prompt
from finetune.data.corpus import Corpus, spread_evenly

_ACTION = re.compile(rf"^{ACTION_MARK}.+$", re.MULTILINE)
_HELD_OUT_TURNS = 8
_TURN_CHARACTERS = 1200
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scene:
    """A prompt that voices are compared on."""

    text: str
    """What the voice reads: the end of the tale, and the action as its last line."""
    action: str
    """The action's sentence."""
    answer: str
    """How the story itself goes on; "" where there is no story."""


def action_prompts(examples: Iterable[Mapping[str, Any]], count: int, characters: int = 800) -> list[str]:
    """Return up to `count` prompts that end in a player's action.

    Each is the end of what stands before the first action of a target, at most `characters` of it from the start of a
    paragraph on, then the action. Examples without an action give none.
    """
    prompts = []
    for example in examples:
        if action := _ACTION.search(example["target"]):
            before = (example["context"] + example["target"][: action.start()]).strip("\n")
            tale = _last_paragraphs(before, characters)
            prompts.append((tale + PARAGRAPH if tale else "") + action.group() + PROMPT_END)
    return spread_evenly(prompts, count)


def corpus_scenes(examples: Iterable[Mapping[str, Any]], count: int) -> list[Scene]:
    """Return `count` scenes of a split, repeated where it has fewer; none where no action in it has an answer."""
    found = []
    for example in examples:
        answer = next((turn.prose for turn in parse(example["target"]) if turn.action), "")
        for text in action_prompts([example], 1) if answer else []:
            action = text.rstrip("\n").rpartition("\n")[2].removeprefix(ACTION_MARK)
            found.append(Scene(text, action, answer))
    return _repeated(spread_evenly(found, count), count)


def default_scenes(count: int) -> list[Scene]:
    """Return `count` of the scenes that come with the program, repeated where there are fewer."""
    listed = tomllib.loads((files("finetune.data") / "default_prompts.toml").read_text(encoding="utf-8"))["prompt"]
    return _repeated(
        [Scene(prompt(entry["tale"].strip(), entry["action"]), entry["action"], "") for entry in listed], count
    )


def held_out_turns(corpus: Corpus) -> list[dict[str, str]]:
    """Return a few validation turns, those with a context first: the end of each context, and what followed it."""
    examples = corpus.splits["validation"]
    numbers = [n for n, context in enumerate(examples["context"]) if context] or list(range(len(examples)))
    step = max(1, len(numbers) // _HELD_OUT_TURNS)
    turns = [examples[n] for n in numbers[::step][:_HELD_OUT_TURNS]]
    most = _TURN_CHARACTERS
    return [{"context": turn["context"][-most:], "target": turn["target"][:most]} for turn in turns]


def _last_paragraphs(text: str, characters: int) -> str:
    """Return the end of a text from the start of a paragraph on, or of a word where the last paragraph is too long."""
    if len(text) <= characters:
        return text
    end = text[-characters:]
    for border in (PARAGRAPH, " "):
        if rest := end.partition(border)[2].lstrip("\n "):
            return rest
    return end.lstrip("\n ")


def _repeated(items: Sequence[T], count: int) -> list[T]:
    return [items[n % len(items)] for n in range(count)] if items else []

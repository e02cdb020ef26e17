"""The recipe: every knob of the training in one dataclass, and the named recipes that come with the project.

`load("laptop")`, `load("my.toml", ["epochs=5"])`. A recipe file is flat TOML with keys of `Recipe`; what it leaves
out keeps the default below. An unknown key or an impossible value is an error that names the nearest right one.
"""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from finetune.errors import FinetuneError

DEFAULT = "laptop"
PRECISIONS = ("auto", "fp32", "bf16", "fp16")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a voice is tuned. Raises FinetuneError for a value that can't be."""

    rank: int = 16
    """Rank of the LoRA matrices, on every linear layer but the output head."""
    alpha: float = 32.0
    """LoRA's scale: the update is multiplied by alpha / rank."""
    dropout: float = 0.0
    """Share of the adapter's inputs dropped in training. The base's own dropout is always off."""
    learning_rate: float = 1e-3
    """AdamW's peak step size, reached after the warm-up, from where it falls to 0 by a cosine."""
    warmup: float = 0.05
    """Share of the steps over which the learning rate rises from 0."""
    weight_decay: float = 0.0
    """AdamW's decay, a step, as a share of learning rate times weight."""
    grad_clip: float = 1.0
    """Largest norm of a step's gradient; a longer one is scaled down to it."""
    epochs: int = 3
    """Passes over the training split."""
    max_steps: int = 0
    """Optimizer steps after which training ends, whatever the epochs; 0 leaves it to the epochs."""
    length: int = 512
    """Tokens a row, context and target together; also bounded by the base's positions."""
    batch: int = 4
    """Rows a forward pass, on each device."""
    accumulate: int = 1
    """Forward passes an optimizer step."""
    precision: str = "auto"
    """auto, fp32, bf16 or fp16 arithmetic; auto takes what this device really has."""
    checkpointing: bool = False
    """Whether activations are recomputed in the backward pass: less memory, about a third slower."""
    held_out_rows: int = 0
    """Most rows of the validation and of the test split that are measured; 0 means all."""
    save_every: int = 20
    """Steps between checkpoints, which is the most that an interruption can cost."""
    seed: int = 0
    """Of the adapter's start, the order of the rows and the dropout."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            wanted = field.type if isinstance(field.type, type) else type(field.default)
            if wanted is float and type(value) is int:
                object.__setattr__(self, field.name, float(value))
            elif type(value) is not wanted:
                raise FinetuneError(f"The recipe's {field.name} must be {_NOUNS[wanted]}, not {value!r}.")
        for name, low, high in _BOUNDS:
            value = getattr(self, name)
            if not low <= value <= high:
                limits = f"at least {low:g}" if high == float("inf") else f"between {low:g} and {high:g}"
                raise FinetuneError(f"The recipe's {name} is {value!r}; it must be {limits}.")
        if self.precision not in PRECISIONS:
            raise FinetuneError(f"The recipe's precision is {self.precision!r}; it is one of {', '.join(PRECISIONS)}.")


_NOUNS: dict[type, str] = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
_MANY = float("inf")
_BOUNDS = (
    ("rank", 1, 1024),
    ("alpha", 1e-3, 1e5),
    ("dropout", 0, 0.9),
    ("learning_rate", 1e-8, 1),
    ("warmup", 0, 0.9),
    ("weight_decay", 0, 1),
    ("grad_clip", 1e-3, 1e4),
    ("epochs", 1, _MANY),
    ("max_steps", 0, _MANY),
    ("length", 16, _MANY),
    ("batch", 1, _MANY),
    ("accumulate", 1, _MANY),
    ("held_out_rows", 0, _MANY),
    ("save_every", 1, _MANY),
    ("seed", 0, 2**32 - 1),
)


def names() -> list[str]:
    """The recipes that come with the project."""
    return sorted(
        entry.name.removesuffix(".toml") for entry in (files("finetune") / "recipes").iterdir() if _is_toml(entry.name)
    )


def load(name: str, changes: Iterable[str] = ()) -> Recipe:
    """The recipe of that name or in that TOML file, with `key=value` changes over it.

    Raises FinetuneError: there is none, it is no TOML, or a key or value in it is wrong.
    """
    values: dict[str, Any] = {}
    if _is_toml(name):
        path = Path(name).expanduser()
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise FinetuneError(f"The recipe {path} can't be read: {error}.") from error
    elif name in names():
        text = (files("finetune") / "recipes" / f"{name}.toml").read_text(encoding="utf-8")
    else:
        raise FinetuneError(
            f"There is no recipe '{name}'.{_nearest(name, names())} "
            f"There are {', '.join(names())}, or name a file that ends in .toml."
        )
    try:
        values |= tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FinetuneError(f"The recipe {name} is not valid TOML: {error}.") from error
    for change in changes:
        key, sign, value = change.partition("=")
        if not sign:
            raise FinetuneError(f"--set {change}: write it as KEY=VALUE, for example --set epochs=5.")
        values[key.strip()] = _value(value.strip())
    return from_values(values)


def from_values(values: Mapping[str, Any]) -> Recipe:
    """A recipe of these values, e.g. as they were stored. Raises FinetuneError like `load`."""
    known = [field.name for field in fields(Recipe)]
    for key in values:
        if key not in known:
            raise FinetuneError(f"A recipe has no '{key}'.{_nearest(key, known)} The keys are {', '.join(known)}.")
    return Recipe(**values)


def _is_toml(name: str) -> bool:
    return name.endswith(".toml")


def _nearest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f" Did you mean '{close[0]}'?" if close else ""


def _value(text: str) -> Any:
    """A value as TOML reads it; a bare word is a text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text

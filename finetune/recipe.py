"""The recipe: every knob of the training in one dataclass, and the named recipes that come with the project.

`load("laptop")`, `load("my.toml", ["epochs=5"])`. A recipe file is flat TOML with keys of `Recipe`; what it leaves
out keeps the default below. An unknown key or an impossible value is an error that names the nearest right one.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from corpus.text import did_you_mean
from finetune.errors import FinetuneError

DEFAULT = "laptop"
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
METHODS = ("lora", "last-layers", "full", "scratch")
INITS = ("default", "pissa", "orthogonal")
RATES = {"lora": 1e-3, "last-layers": 2e-4, "full": 1e-4, "scratch": 6e-4}
"""Learning rate of each method where the recipe names none.

lora: best of those tried with this project on the bundled weights, rank 16 and 32. full: a tenth of that; "LoRA Without
Regret" (Schulman and others, 2025) finds LoRA's optimum at about ten times that of full tuning, whatever the rank.
last-layers: twice full's, for a few blocks must move what all would share. scratch: that of nanoGPT's GPT-2 124M.
"""
_LAST_LAYERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a voice is tuned. Raises FinetuneError for a value that can't be."""

    method: str = "lora"
    """lora trains an adapter, last-layers the last blocks and the final norm, full everything; scratch trains the same
    architecture from random weights, which is what transfer is measured against."""
    layers: int = 0
    """Blocks, counted from the last, that lora or last-layers trains; 0 is all for lora, and 2 for last-layers."""
    modules: str = ""
    """Names of the linear layers that lora changes, separated by commas, as the base calls them: `o_proj,down_proj`. ""
    is every linear layer but the output head."""
    rank: int = 16
    """Rank of the LoRA matrices."""
    alpha: float = 32.0
    """LoRA's scale: the update is multiplied by alpha / rank."""
    rslora: bool = False
    """Whether LoRA's update is multiplied by alpha / sqrt(rank) instead, which suits large ranks."""
    dora: bool = False
    """Whether LoRA learns each weight's length apart from its direction (DoRA): slower, and a larger voice."""
    init: str = "default"
    """LoRA's start. default: A random, B zero. pissa: the weights' own principal directions. orthogonal: A and B
    random and at right angles, so that their product is zero."""
    dropout: float = 0.0
    """Share of the adapter's inputs dropped in training. The base's own dropout is always off."""
    learning_rate: float = 0.0
    """AdamW's peak step size, reached after the warm-up, from where it falls to 0 by a cosine; 0 takes the method's own
    (`RATES`)."""
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
    learn_context: bool = False
    """Whether a row's context is learned too: what many choices lead to counts more often, and no token is idle, which
    is worth more where a run sees only a part of the corpus."""
    mannerly: bool = False
    """Whether sentences that play the player's part, which the game would cut off, and turns that are slow to say "you"
    are only read and never learned, and rows that hold much of them are left out."""
    batch: int = 4
    """Rows a forward pass, on each device."""
    accumulate: int = 1
    """Forward passes an optimizer step."""
    packing: bool = False
    """Whether short rows share one of `length` tokens, unseen by each other, where over a tenth would be padding."""
    precision: str = "auto"
    """auto, fp32, bf16 or fp16 arithmetic; auto takes what this device really has."""
    weights: str = "fp32"
    """fp32, or half: the frozen matrices are held in the arithmetic's 16 bits, where it has 16."""
    checkpointing: bool = False
    """Whether activations are recomputed in the backward pass: less memory, about a third slower."""
    compile: str = "auto"
    """auto, on or off: whether torch compiles the model. auto does on a CUDA card, for a run that wins it back."""
    gpu: bool = False
    """Whether the recipe is refused where there is no CUDA card, on which it would take hours or days."""
    held_out_rows: int = 0
    """Most rows of the validation and of the test split that are measured; 0 means all."""
    evaluate_every: int = 0
    """Steps between measurements of the validation split; 0 makes ten of them, evenly over the run."""
    patience: int = 0
    """Measurements in a row without a better loss after which training stops; 0 never stops early."""
    samples: int = 2
    """Turns that are written at each measurement, from the same prompts, to watch the voice change."""
    save_every: int = 20
    """Steps between checkpoints, which is the most that an interruption can cost."""
    seed: int = 0
    """Of the start, the order of the rows, the dropout and the samples."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            wanted = field.type if isinstance(field.type, type) else type(field.default)
            if wanted is float and type(value) is int:
                object.__setattr__(self, field.name, float(value))
            elif type(value) is not wanted:
                raise FinetuneError(f"The recipe's {field.name} must be {_NOUNS[wanted]}, not {value!r}.")
        for name, known in _CHOICES.items():
            if (word := getattr(self, name)) not in known:
                raise FinetuneError(
                    f"The recipe's {name} is {word!r}; it is one of {', '.join(known)}.{did_you_mean(word, known)}"
                    f"{_REFUSED.get(word.lower(), '')}"
                )
        # The method's own values, before the bounds are checked.
        if self.learning_rate == 0:
            object.__setattr__(self, "learning_rate", RATES[self.method])
        if self.method == "last-layers" and self.layers == 0:
            object.__setattr__(self, "layers", _LAST_LAYERS)
        for name, low, high in _BOUNDS:
            value = getattr(self, name)
            if not low <= value <= high:
                limits = f"at least {low:g}" if high == float("inf") else f"between {low:g} and {high:g}"
                raise FinetuneError(f"The recipe's {name} is {value!r}; it must be {limits}.")
        if self.layers and self.method not in ("lora", "last-layers"):
            raise FinetuneError(
                f"The recipe's layers is {self.layers}, but method {self.method} trains every block. "
                "Leave layers out, or take --method lora or last-layers."
            )
        if self.init == "orthogonal" and self.rank % 2:
            raise FinetuneError(f"The recipe's rank is {self.rank}; init orthogonal needs an even one.")
        if self.init == "pissa" and self.dora:
            raise FinetuneError("The recipe has both init pissa and dora, which don't go together. Take one of them.")


_NOUNS: dict[type, str] = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
_CONV = " What was asked for does not work on GPT-2's layers."
_REFUSED = dict.fromkeys(("olora", "loftq", "kasa"), _CONV)
"""What peft offers beside `INITS`, and why it is not taken."""
_CHOICES = {
    "method": METHODS,
    "init": INITS,
    "precision": PRECISIONS,
    "weights": ("fp32", "half"),
    "compile": ("auto", "on", "off"),
}
_MANY = float("inf")
_BOUNDS = (
    ("layers", 0, _MANY),
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
    ("evaluate_every", 0, _MANY),
    ("patience", 0, _MANY),
    ("samples", 0, 64),
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
            f"There is no recipe '{name}'.{did_you_mean(name, names())} "
            f"There are {', '.join(names())}, or name a file that ends in .toml."
        )
    try:
        values |= tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FinetuneError(f"The recipe {name} is not valid TOML: {error}.") from error
    return from_values(values | _read_changes(changes))


def repeat(stored: object, changes: Iterable[str] = ()) -> tuple[str, Recipe]:
    """Name and recipe as a voice's `training.json` has them under "recipe", with `key=value` changes over it.

    Another method takes its own learning rate and layers, where the changes don't name them. Raises FinetuneError
    like `load`, and where this version knows no such recipe.
    """
    if not isinstance(stored, Mapping):
        raise FinetuneError("The voice's training.json holds no recipe, so it can't be repeated. Give a --recipe.")
    values = dict(stored)
    name = str(values.pop("name", DEFAULT))
    if foreign := values.keys() - {field.name for field in fields(Recipe)}:
        raise FinetuneError(
            f"The voice was tuned by another version, whose recipe has {', '.join(sorted(map(repr, foreign)))}, which "
            "this one does not know. Give a --recipe, and --set what else should be as it was."
        )
    changed = _read_changes(changes)
    if changed.get("method", values.get("method")) != values.get("method"):
        values = {key: value for key, value in values.items() if key not in ("learning_rate", "layers")}
    return name, from_values(values | changed)


def _read_changes(changes: Iterable[str]) -> dict[str, Any]:
    values = {}
    for change in changes:
        key, sign, value = change.partition("=")
        if not sign:
            raise FinetuneError(f"--set {change}: write it as KEY=VALUE, for example --set epochs=5.")
        values[key.strip()] = _value(value.strip())
    return values


def from_values(values: Mapping[str, Any]) -> Recipe:
    """A recipe of these values, e.g. as they were stored. Raises FinetuneError like `load`."""
    known = [field.name for field in fields(Recipe)]
    for key in values:
        if key not in known:
            raise FinetuneError(f"A recipe has no '{key}'.{did_you_mean(key, known)} The keys are {', '.join(known)}.")
    return Recipe(**values)


def _is_toml(name: str) -> bool:
    return name.endswith(".toml")


def _value(text: str) -> Any:
    """A value as TOML reads it; a bare word is a text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text

"""The recipe: every setting of a training in one dataclass, and the named recipes that come with the project.

    load_recipe("laptop")
    load_recipe("my.toml", ["epochs=5"])

A recipe file is flat TOML whose keys are the fields of `Recipe`; a key that is left out keeps its default. An unknown
key or a value out of range is an error that names the nearest valid one.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from corpus.text import did_you_mean
from finetune.errors import FinetuneError

DEFAULT_RECIPE = "laptop"
METHODS = ("lora", "last-layers", "full", "scratch")
INITS = ("default", "pissa", "orthogonal")
LEARNING_RATES = {"lora": 1e-3, "last-layers": 2e-4, "full": 1e-4, "scratch": 6e-4}
"""Learning rate of each method where the recipe names none.

lora: best of those tried with this project on the bundled weights, rank 16 and 32. full: a tenth of that; "LoRA Without
Regret" (Schulman and others, 2025) finds LoRA's optimum at about ten times that of full tuning, whatever the rank.
last-layers: twice full's, because a few blocks must move what all would share. scratch: that of nanoGPT's GPT-2 124M.
"""
_LAST_LAYERS = 2
_RENAMED = {"mannerly": "skip_player_speech"}
"""Keys of earlier versions, which still stand in recipe files and in the training.json of voices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a voice is trained.

    Raises:
        FinetuneError: a value has the wrong type or is out of range, or two values exclude each other.
    """

    method: str = "lora"
    """lora trains an adapter, last-layers the last blocks and the final norm, full everything; scratch trains the same
    architecture from random weights, the reference for what transfer is worth."""
    layers: int = 0
    """Blocks, counted from the last, that lora or last-layers trains; 0 is all for lora, and 2 for last-layers."""
    upper: float = 1.0
    """Share of the blocks, counted from the last, that lora trains where `layers` doesn't say how many: fewer let a
    processor pass over more text in the same time."""
    modules: str = ""
    """Names of the linear layers that lora adapts, separated by commas, as the base calls them: `o_proj,down_proj`. ""
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
    """LoRA's initial values. default: A random, B zero. pissa: the weights' own principal directions. orthogonal: A and
    B random and orthogonal, so that their product is zero."""
    dropout: float = 0.0
    """Share of the adapter's inputs dropped in training. The base's own dropout is always off."""
    learning_rate: float = 0.0
    """AdamW's peak step size, reached after the warm-up, from where it falls to 0 by a cosine; 0 takes the method's own
    (`LEARNING_RATES`)."""
    warmup: float = 0.05
    """Share of the steps over which the learning rate rises from 0."""
    weight_decay: float = 0.0
    """AdamW's decay per step, as a share of learning rate times weight."""
    grad_clip: float = 1.0
    """Largest norm of a step's gradient; a longer one is scaled down to it."""
    epochs: int = 3
    """Passes over the training split."""
    max_steps: int = 0
    """Optimizer steps after which training ends, whatever the epochs; 0 leaves it to the epochs."""
    length: int = 512
    """Tokens per row, context and target together; also bounded by the base's positions."""
    prompt_format: str = "tale"
    """How the text stands before the model. tale: as plain text, in which the player's actions are lines that begin
    with "> ". frame: in the base's own chat frame, as the game asks a chat model: instructions, the player's actions as
    the user's messages, and the prose as the replies, which alone are learned."""
    learn_context: bool = False
    """Whether a row's context is learned too: passages that many choices lead to count more often, and no token is
    idle, which is worth more where a run sees only a part of the corpus."""
    skip_player_speech: bool = False
    """Whether sentences that speak or decide for the player, which the game would cut off, and turns that are slow to
    say "you" are read as context and never learned, and rows that hold many of them are left out."""
    batch: int = 4
    """Rows per forward pass, on each device."""
    accumulate: int = 1
    """Forward passes per optimizer step."""
    packing: bool = False
    """Whether short rows share one of `length` tokens, invisible to each other, where over a tenth would be padding."""
    precision: str = "auto"
    """auto, fp32, bf16 or fp16; auto takes what this device computes fastest."""
    weights: str = "fp32"
    """fp32, or half: the frozen matrices are held in the 16 bits of `precision`, where it has 16; or 4bit: by
    bitsandbytes in 4 bits (NF4), on a CUDA card."""
    checkpointing: bool = False
    """Whether activations are recomputed in the backward pass: less memory, for a second forward pass."""
    compile: str = "auto"
    """auto, on or off: whether torch compiles the model. auto does on a CUDA card, for a run long enough to gain."""
    gpu: bool = False
    """Whether the recipe is refused where there is no CUDA card, because a processor would take too long."""
    held_out_rows: int = 0
    """Most rows of the validation and of the test split that are measured; 0 means all."""
    evaluate_every: int = 0
    """Steps between evaluations on the validation split; 0 spreads ten of them evenly over the run."""
    patience: int = 0
    """Evaluations in a row without a lower loss after which training stops; 0 never stops early."""
    samples: int = 2
    """Turns generated at each evaluation, from the same prompts, to watch the voice change."""
    save_every: int = 0
    """Steps between checkpoints, which is the most that an interruption can cost; 0 saves once a minute."""
    seed: int = 0
    """Seeds the initial values, the order of the rows, the dropout and the samples."""

    def __post_init__(self) -> None:
        self._check_types()
        self._check_choices()
        # The method's own values, before the bounds are checked.
        if self.learning_rate == 0:
            object.__setattr__(self, "learning_rate", LEARNING_RATES[self.method])
        if self.method == "last-layers" and self.layers == 0:
            object.__setattr__(self, "layers", _LAST_LAYERS)
        self._check_bounds()
        self._check_combinations()

    @property
    def module_names(self) -> set[str]:
        """The names in `modules`."""
        return {name.strip() for name in self.modules.split(",")} if self.modules else set()

    def _check_types(self) -> None:
        for field in fields(self):
            value, wanted = getattr(self, field.name), type(field.default)
            if wanted is float and type(value) is int:
                object.__setattr__(self, field.name, float(value))
            elif type(value) is not wanted:
                raise FinetuneError(f"The recipe's {field.name} must be {_TYPE_NAMES[wanted]}, not {value!r}.")

    def _check_choices(self) -> None:
        for name, known in _CHOICES.items():
            if (word := getattr(self, name)) not in known:
                hint = did_you_mean(word, known)
                if word.lower() in _UNSUPPORTED_INITS:
                    hint += " peft's does not work on GPT-2's layers."
                raise FinetuneError(f"The recipe's {name} is {word!r}; it is one of {', '.join(known)}.{hint}")

    def _check_bounds(self) -> None:
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                limits = f"at least {low:g}" if high == _INFINITY else f"between {low:g} and {high:g}"
                raise FinetuneError(f"The recipe's {name} is {value!r}; it must be {limits}.")

    def _check_combinations(self) -> None:
        if self.layers and self.method not in ("lora", "last-layers"):
            raise FinetuneError(
                f"The recipe's layers is {self.layers}, but method {self.method} trains every block. "
                "Leave layers out, or take --method lora or last-layers."
            )
        if self.init == "orthogonal" and self.rank % 2:
            raise FinetuneError(f"The recipe's rank is {self.rank}; init orthogonal needs an even one.")
        if self.compile == "on" and self.dora:
            raise FinetuneError(
                "The recipe has both compile on and dora, which torch can't compile as a whole. Leave compile to auto."
            )
        if self.weights == "4bit" and (self.method != "lora" or self.init == "pissa"):
            what = f"method {self.method}" if self.method != "lora" else "init pissa"
            raise FinetuneError(
                f"The recipe has weights 4bit, which can't be changed, and {what}, which changes them. Take --set "
                "weights=half."
            )
        if self.init == "pissa" and self.dora:
            raise FinetuneError("The recipe has both init pissa and dora, which exclude each other. Take one of them.")


_TYPE_NAMES: dict[type, str] = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
_UNSUPPORTED_INITS = ("olora", "loftq", "kasa")
_CHOICES = {
    "method": METHODS,
    "init": INITS,
    "precision": ("auto", "fp32", "bf16", "fp16"),
    "weights": ("fp32", "half", "4bit"),
    "compile": ("auto", "on", "off"),
    "prompt_format": ("tale", "frame"),
}
_INFINITY = float("inf")
_BOUNDS: dict[str, tuple[float, float]] = {
    **dict.fromkeys(
        ("layers", "max_steps", "held_out_rows", "evaluate_every", "patience", "save_every"), (0, _INFINITY)
    ),
    **dict.fromkeys(("epochs", "batch", "accumulate"), (1, _INFINITY)),
    "rank": (1, 1024),
    "alpha": (1e-3, 1e5),
    "upper": (0.01, 1),
    "dropout": (0, 0.9),
    "learning_rate": (1e-8, 1),
    "warmup": (0, 0.9),
    "weight_decay": (0, 1),
    "grad_clip": (1e-3, 1e4),
    "length": (16, _INFINITY),
    "samples": (0, 64),
    "seed": (0, 2**32 - 1),
}


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with the project."""
    return sorted(Path(entry.name).stem for entry in _packaged().iterdir() if entry.name.endswith(".toml"))


def load_recipe(name: str, changes: Iterable[str] = ()) -> Recipe:
    """Return the recipe of that name or in that TOML file, with `key=value` changes over it.

    Raises:
        FinetuneError: there is no such recipe, the file is not valid TOML, or a key or value in it is invalid.
    """
    if name.endswith(".toml"):
        path = Path(name).expanduser()
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise FinetuneError(f"The recipe {path} can't be read: {error}.") from error
    elif name in recipe_names():
        text = (_packaged() / f"{name}.toml").read_text(encoding="utf-8")
    else:
        known = recipe_names()
        raise FinetuneError(
            f"There is no recipe '{name}'.{did_you_mean(name, known)} "
            f"There are {', '.join(known)}, or name a file that ends in .toml."
        )
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FinetuneError(f"The recipe {name} is not valid TOML: {error}.") from error
    return _from_values(current_keys(values) | _parse_changes(changes))


def stored_recipe(stored: object, changes: Iterable[str] = ()) -> tuple[str, Recipe]:
    """Return name and recipe as a voice's `training.json` holds them, with `key=value` changes over them.

    A change of the method also takes the new method's learning rate and layers, where the changes don't name them.

    Raises:
        FinetuneError: as `load_recipe`, and where `stored` has keys that this version does not know.
    """
    if not isinstance(stored, Mapping):
        raise FinetuneError("The voice's training.json holds no recipe, so it can't be repeated. Give a --recipe.")
    values = current_keys(stored)
    name = str(values.pop("name", DEFAULT_RECIPE))
    if unknown := values.keys() - {field.name for field in fields(Recipe)}:
        raise FinetuneError(
            f"The voice was tuned by another version, whose recipe has {', '.join(sorted(map(repr, unknown)))}, which "
            "this one does not know. Give a --recipe, and --set what else should be as it was."
        )
    changed = _parse_changes(changes)
    if changed.get("method", values.get("method")) != values.get("method"):
        values = {key: value for key, value in values.items() if key not in ("learning_rate", "layers")}
    return name, _from_values(values | changed)


def current_keys(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an earlier version stored of a recipe, or of several by name, under this version's keys."""
    return {
        _RENAMED.get(key, key): current_keys(value) if isinstance(value, dict) else value
        for key, value in stored.items()
    }


def _packaged() -> Any:
    return files("finetune") / "recipes"


def _parse_changes(changes: Iterable[str]) -> dict[str, Any]:
    values = {}
    for change in changes:
        key, sign, value = change.partition("=")
        if not sign:
            raise FinetuneError(f"--set {change}: write it as KEY=VALUE, for example --set epochs=5.")
        values[key.strip()] = _parse_value(value.strip())
    return current_keys(values)


def _parse_value(text: str) -> Any:
    """Return a value as TOML reads it; a bare word is a string."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _from_values(values: Mapping[str, Any]) -> Recipe:
    known = [field.name for field in fields(Recipe)]
    for key in values:
        if key not in known:
            raise FinetuneError(f"A recipe has no '{key}'.{did_you_mean(key, known)} The keys are {', '.join(known)}.")
    return Recipe(**values)

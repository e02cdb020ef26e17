"""What a report is asked to train, and every check of it that needs no heavy import."""

from dataclasses import dataclass
from pathlib import Path

from corpus.text import did_you_mean
from finetune.data.corpus_check import check_corpus
from finetune.errors import FinetuneError
from finetune.models.base_check import check_base, check_layers, check_prompt_format, read_layers
from finetune.models.card_driver import check_card, may_have_card
from finetune.recipe import DEFAULT_RECIPE, Recipe, load_recipe
from finetune.training.job import check_ours, check_writable

METHODS = ("base", "last-layers", "lora", "full", "scratch")
KIND = "a report"
_DEFAULTS = ("learning_rate=0", "patience=3", "samples=0", "save_every=1000000")
"""What a report takes where the user doesn't say: each method's own learning rate, its early-stopping optimum, and no
checkpoints, because a run is short and starts over."""


@dataclass(frozen=True, slots=True)
class ReportJob:
    """Which methods are trained on which shares of a corpus, and where the page goes."""

    corpus: Path
    base: str
    out: Path
    recipe: str = DEFAULT_RECIPE
    changes: tuple[str, ...] = ()
    """Of the recipe, KEY=VALUE."""
    shares: tuple[float, ...] = (1.0, 3.0, 10.0, 30.0, 100.0)
    """Of the training text, in percent."""
    methods: tuple[str, ...] = METHODS
    price: float | None = None
    """Dollars per hour of this machine; None takes an assumed price."""
    tokens: int = 60
    """Most tokens of a turn that is sampled; 0 samples none."""
    fresh: bool = False
    """Whether finished runs are thrown away."""

    def check(self) -> None:
        """Check the job before anything heavy is imported, and before anything is written.

        Raises:
            FinetuneError: the recipe or a change of it is invalid, nothing can be written at `out`, or there is no such
                corpus or base, or the base or this machine lacks what a recipe needs.
        """
        recipes = self.method_recipes()
        check_ours(self.out, KIND)
        check_writable(self.out)
        check_card(self.recipe, recipes["base"], may_have_card())
        check_corpus(self.corpus)
        check_base(self.base)
        check_prompt_format(self.base, recipes["base"])
        if layers := read_layers(self.base):
            for method in self.methods:
                check_layers(recipes[method], layers)

    def method_recipes(self) -> dict[str, Recipe]:
        """Return the recipe of each method.

        Raises:
            FinetuneError: the recipe or a change of it is invalid.
        """
        return {method: self._method_recipe(method) for method in METHODS}

    def _method_recipe(self, method: str) -> Recipe:
        changes = [*_DEFAULTS, *self.changes, f"method={'lora' if method == 'base' else method}"]
        if method != "last-layers":  # the only one that trains a few
            changes.append("layers=0")
        return load_recipe(self.recipe, changes)


def parse_shares(text: str) -> tuple[float, ...]:
    """Parse "1,3,100" as percentages.

    Raises:
        FinetuneError: one of them is not a percentage.
    """
    shares = []
    for word in text.split(","):
        try:
            share = float(word.strip().removesuffix("%"))
        except ValueError:
            share = 0.0
        if not 0 < share <= 100:
            raise FinetuneError(
                f"--shares {text}: '{word.strip()}' is not a percentage above 0 and at most 100. Write for example "
                "1,10,100."
            )
        shares.append(share)
    return tuple(shares)


def parse_methods(text: str) -> tuple[str, ...]:
    """Parse "lora,full" as methods.

    Raises:
        FinetuneError: one of them is unknown.
    """
    methods = tuple(word.strip() for word in text.split(","))
    for method in methods:
        if method not in METHODS:
            hint = did_you_mean(method, METHODS)
            raise FinetuneError(f"--methods: there is no '{method}'.{hint} There are {', '.join(METHODS)}.")
    return methods

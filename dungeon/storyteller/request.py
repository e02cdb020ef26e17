"""A request to a storyteller, as data: what it is given, what it is to continue, and how it samples.

A client turns it into what goes over the wire. `prompt` is the context, as its prompt format writes it, and the prefix
right behind it.
"""

from dataclasses import dataclass

from dungeon.storyteller.sampling import Sampling
from dungeon.tale.context import Context
from dungeon.tale.prompt_format import TALE, PromptFormat


@dataclass(frozen=True, slots=True)
class GenerationParams:
    """How text is generated, beside the adventure and the voice."""

    sampling: Sampling
    seed: int
    budget: int
    """The tokens that the prompt may take."""
    drain: bool = False
    """Read the stream to its end when the turn is complete, so that the engine's cache does not depend on when we left:
    with a seed, the same story can be generated again only so."""
    prompt_format: PromptFormat = TALE


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One completion."""

    context: Context
    prefix: str
    """Text behind the prompt that the storyteller is to continue; "" to begin."""
    params: GenerationParams
    max_tokens: int

    @property
    def prompt(self) -> str:
        """The text that the model continues."""
        return self.context.text + self.prefix

    @property
    def stop(self) -> tuple[str, ...]:
        """The text ends before any of these strings."""
        return (*self.context.format.stop, *self.params.sampling.stop)

"""What a storyteller can do, as data: the game asks here instead of guessing from a server's name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The flags of one server, or of the game's own engine."""

    raw_text: bool
    """It continues a text as sent. False: it takes chat messages only, and its own template makes the prompt."""
    counts_tokens: bool
    """It counts the tokens of a text."""
    deterministic_prefill: bool = False
    """Text that was read, and not generated, leaves the same cache in whatever batches it was read."""

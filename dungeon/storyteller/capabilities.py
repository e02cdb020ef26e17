"""What a storyteller's server can do, as data: the game asks here instead of guessing from the server's name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The flags of one server, or of the game's own engine."""

    raw_text: bool
    """It continues a text as sent. False: it takes chat messages only, and its own template makes the prompt."""
    counts_tokens: bool
    """It counts the tokens of a text."""
    reports_cache: bool
    """It says how much of a prompt it had in its cache."""
    deterministic_prefill: bool
    """Text that was read, and not generated, leaves the same cache in whatever batches it was read."""

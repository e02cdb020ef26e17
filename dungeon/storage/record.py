"""How a turn was generated: all that is needed to generate it again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GenerationRecord:
    """Stored beside each turn."""

    voice: str
    """The voice's name; "" for what the player or an author wrote."""
    sampling: str
    """JSON."""
    seed: int
    adapter: str = ""
    """The voice's fingerprint: sha256 of its adapter, or of its weights."""
    prompt: str = ""
    """sha256 of the prompt."""
    lore: int | None = None
    """The lore that was in force, by its id on the shelf."""
    budget: int = 0
    """The tokens that the prompt could take."""


NO_VOICE = GenerationRecord("", "{}", 0)

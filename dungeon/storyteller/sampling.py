"""How the next token is drawn: the sampling parameters of a voice, named as llama.cpp's server names them."""

import msgspec


class Sampling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sampling parameters. The defaults suit the bundled voice, and any voice that is tuned like it.

    So small a model keeps to the story only at a low temperature, and repeats a few phrases unless repetition has a
    price. DRY prices whole phrases, so that single words, names among them, are penalised for a short while only. It
    counts from the third token on: at two it broke names and common turns of speech
    (`tests/benchmarks/voice_search.md`).
    """

    temperature: float = 0.5
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.1
    repeat_penalty: float = 1.05
    """Divides the logits of the last `repeat_last_n` tokens; 1 is off. At 1.1, names that came again soon were
    miswritten; without it, the people of a tale said the same few words (`tests/benchmarks/names.py`)."""
    repeat_last_n: int = 64
    dry_multiplier: float = 2.0
    """Strength of DRY, which penalises the token that would continue a repeated sequence; 0 is off."""
    dry_base: float = 1.75
    dry_allowed_length: int = 3
    dry_penalty_last_n: int = 2048
    dry_sequence_breakers: tuple[str, ...] = ("\n", ":", '"', "*")
    """A token with one of these strings in it ends a sequence. llama.cpp refuses an empty list, and each string costs
    5 ms a request. A turn adds the initials of the tale's names (`dungeon.generation.generate.turn_request`), so that
    DRY never prices the rest of a name behind its beginning."""
    xtc_probability: float = 0.0
    """How often XTC drops the likeliest tokens: all above `xtc_threshold` but the least likely of them; 0 is off."""
    xtc_threshold: float = 0.1
    length: int = 80
    """Tokens of a turn; it runs on to the end of its sentence, at most 20 tokens more."""
    stop: tuple[str, ...] = ()
    """A turn ends before any of these strings."""
    banned: tuple[str, ...] = ()
    """Phrases that a turn must not hold. The game checks them, not the server."""

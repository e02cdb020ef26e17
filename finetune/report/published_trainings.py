"""What others have published of their trainings, to compare one's own with."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files

AI_DUNGEON_TOKENS = 1000 * 32 * 1024
"""What AI Dungeon's script sends through GPT-2: 1,000 steps of 32 rows of 1,024 tokens."""


@dataclass(frozen=True, slots=True)
class PublishedTraining:
    """A training by somebody else."""

    name: str
    description: str
    machine: str
    sources: list[str]
    hours: float | None = None
    """None where it was not published, as with `dollars`."""
    dollars: float | None = None


def published_trainings() -> list[PublishedTraining]:
    """Return all of them, from `published_trainings.toml`."""
    text = (files("finetune.report") / "published_trainings.toml").read_text(encoding="utf-8")
    return [PublishedTraining(**entry) for entry in tomllib.loads(text)["training"]]

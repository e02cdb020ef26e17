"""What others have published of their trainings, to compare one's own with: each figure with the page it is from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PublishedTraining:
    """A training by somebody else."""

    name: str
    description: str
    machine: str
    hours: float | None
    """None where it was not published, as with `cost`."""
    cost: float | None
    """Dollars."""
    sources: tuple[str, ...]


AI_DUNGEON_TOKENS = 1000 * 32 * 1024
"""What AI Dungeon's script sends through GPT-2: 1,000 steps of 32 rows of 1,024 tokens."""

PUBLISHED_TRAININGS = (
    PublishedTraining(
        name="AI Dungeon 2, 2019",
        description="GPT-2 1.5B, all weights tuned on 30 MB of stories, about 33 million tokens",
        machine="8 × V100 32 GB",
        hours=None,
        cost=None,
        sources=(
            "https://github.com/latitudegames/AIDungeon",
            "https://github.com/latitudegames/AIDungeon/issues/20",
        ),
    ),
    PublishedTraining(
        name="OpenGPT-2, 2019",
        description="GPT-2 1.5B from random weights; their estimate of one training's value in the cloud",
        machine="rented, not named",
        hours=None,
        cost=50_000,
        sources=("https://medium.com/@vanya_cohen/opengpt-2-we-replicated-gpt-2-because-you-can-too-45e34e6d36dc",),
    ),
    PublishedTraining(
        name="llm.c, 2024, 1.5B",
        description="GPT-2 1.5B from random weights",
        machine="8 × H100 80 GB",
        hours=24,
        cost=672,
        sources=("https://github.com/karpathy/llm.c/discussions/677",),
    ),
    PublishedTraining(
        name="llm.c, 2024, 124M",
        description="GPT-2 124M from random weights, 10 billion tokens",
        machine="8 × A100 80 GB",
        hours=1.5,
        cost=20,
        sources=("https://github.com/karpathy/llm.c/discussions/481",),
    ),
)

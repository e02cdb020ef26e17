"""A ChoiceScript game, and helpers for small ones, for the tests of the reader."""

from pathlib import Path

from corpus.readers.choicescript import STARTUP, read_project
from corpus.story import Story

FOLDER = Path(__file__).parent / "choicescript"
SCENES = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.iterdir())}
GAME = [(STARTUP, SCENES[STARTUP]), *(scene for scene in SCENES.items() if scene[0] != STARTUP)]


def read(*texts: str) -> Story:
    """Return a game with scenes named startup, b, c, …"""
    return read_project([(name, text) for name, text in zip((STARTUP, "b.txt", "c.txt"), texts, strict=False)])


def choices(story: Story, name: str = "") -> list[tuple[str, str]]:
    """Return the label of each choice of a passage (the first by default), with the text that it leads to."""
    passage = story.passages[name or story.start]
    targets = ((choice.label, story.passages.get(choice.target)) for choice in passage.choices)
    return [(label, target.text if target else "?") for label, target in targets]


def texts(story: Story) -> list[str]:
    return [story.passages[name].text for name in story.passages]


def first(story: Story) -> str:
    return story.passages[story.start].text


def reached_labels(story: Story) -> set[str]:
    reachable = story.reachable()
    return {choice.label for passage, choice in story.edges() if passage.name in reachable}

"""A story that is written as Twee or as a Twine archive is the same when it is read again."""

from dataclasses import replace
from pathlib import Path

import pytest

from corpus.readers.twee import read_twee
from corpus.readers.twine import read_twine
from corpus.story import Story
from corpus.writers import write_twee, write_twine
from tests.corpus.crawl.graphs import random_story

GRAPHS = 250
LIBRARY = sorted((Path(__file__).parents[3] / "corpus" / "library").glob("*.twee"))[::4]


def from_twee(text: str) -> Story:
    return read_twee(text, "")


def from_twine(text: str) -> Story:
    [story] = read_twine(text, "")
    return story


def bare(story: Story) -> Story:
    """Return the story without source and notes."""
    return replace(story, source="", notes=())


@pytest.mark.usefixtures("untraced")
def test_library_stories() -> None:
    for path in LIBRARY:
        story = bare(read_twee(path.read_text(encoding="utf-8"), path.name))
        assert bare(from_twee(write_twee(story))) == story
        assert bare(from_twine(write_twine(story))) == story


@pytest.mark.usefixtures("untraced")
def test_random_graphs() -> None:
    for seed in range(GRAPHS):
        story = random_story(seed).story
        assert bare(from_twee(write_twee(story))) == story, f"seed {seed}"
        assert bare(from_twine(write_twine(story))) == story, f"seed {seed}"


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("story_format", ["Harlowe", "SugarCube", "Chapbook", "Snowman"])
def test_written_text_is_the_same_in_every_story_format(story_format: str) -> None:
    for seed in range(60):
        story = random_story(seed).story
        text = write_twee(story).replace('"format": "Harlowe"', f'"format": "{story_format}"')
        assert bare(from_twee(text)) == story, f"seed {seed}"


def test_output_is_deterministic() -> None:
    story = random_story(3).story
    assert write_twee(story) == write_twee(story)
    assert write_twine(story) == write_twine(story)
    assert "Secret" not in write_twee(replace(story, source="Secret.doc", notes=("Secret.",)))

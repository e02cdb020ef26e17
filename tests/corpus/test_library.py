"""The stories that are shipped: whole, long enough to learn from, and told to the player."""

import json
import re
from pathlib import Path

import pytest

import corpus
from corpus.readers import read
from corpus.story import Story

FILES = sorted((Path(corpus.__file__).parent / "library").iterdir())
each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)


def load(file: Path) -> Story:
    [story] = read(file)
    return story


def test_the_library_is_all_there() -> None:
    assert len(FILES) >= 6


@each_file
def test_a_story_is_whole(file: Path) -> None:
    story = load(file)
    assert story.notes == ()
    assert story.dangling() == []
    assert set(story.passages) - story.reachable() == set()
    assert all(passage.text for passage in story.passages.values())


@each_file
def test_a_story_is_long_enough_and_ends_in_several_ways(file: Path) -> None:
    story = load(file)
    assert len(story.passages) >= 25
    assert story.words() >= 1500
    assert len(story.endings()) >= 3


@each_file
def test_a_story_speaks_to_the_player(file: Path) -> None:
    passages = load(file).passages.values()
    addressed = [passage for passage in passages if re.search(r"\byou", passage.text, re.IGNORECASE)]
    assert len(addressed) / len(passages) >= 0.6


@each_file
def test_a_story_says_who_may_use_it(file: Path) -> None:
    story = load(file)
    assert story.rights == "Apache-2.0"
    assert story.author
    assert story.title != file.stem


def test_no_two_stories_share_an_identifier() -> None:
    data = [re.search(r"^:: StoryData\n(\{.*?^\})", file.read_text(), re.MULTILINE | re.DOTALL) for file in FILES]
    identifiers = [json.loads(match[1])["ifid"] for match in data if match]
    assert len(set(identifiers)) == len(FILES)

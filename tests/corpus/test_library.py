"""The library: complete, and clean by every rule of the linter."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

import corpus
from corpus.build import build_stories
from corpus.check import check
from corpus.pipeline import Settings
from corpus.readers import read
from corpus.story import Story
from tests.genres import GENRES

LIBRARY = Path(corpus.__file__).parent / "library"


@pytest.fixture(scope="module")
def stories() -> list[Story]:
    return list(read(LIBRARY))


def test_library_is_complete(stories: list[Story]) -> None:
    assert len(stories) == len(list(LIBRARY.glob("*.twee")))
    assert Counter(story.genre for story in stories) == dict.fromkeys(GENRES, 6)
    assert sum(len(story.passages) for story in stories) >= 4_000
    assert sum(story.words() for story in stories) >= 280_000


@pytest.mark.usefixtures("untraced")
def test_library_passes_the_linter(stories: list[Story]) -> None:
    assert [str(finding) for finding in check(stories).findings if not finding.note] == []


def test_every_story_is_in_the_corpus(stories: list[Story], tmp_path: Path) -> None:
    assert build_stories(stories, tmp_path / "corpus", Settings()).stories == len(stories)


def test_every_story_has_metadata(stories: list[Story]) -> None:
    for story in stories:
        assert story.rights == "CC0-1.0"
        assert story.author == "The Dungeon developers"
        assert story.title != Path(story.source).stem
        assert story.notes == ()
    assert len({story.title for story in stories}) == len(stories)


def test_identifiers_are_unique() -> None:
    files = list(LIBRARY.glob("*.twee"))
    data = [
        re.search(r"^:: StoryData\n(\{.*?^\})", file.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        for file in files
    ]
    identifiers = {json.loads(match[1])["ifid"].upper() for match in data if match}
    assert len(identifiers) == len(files)

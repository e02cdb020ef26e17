"""A story that is written as Twee or as a Twine archive is the same when it is read again."""

from dataclasses import replace
from pathlib import Path

import pytest

from corpus.readers.twee import read_twee
from corpus.readers.twine import read_twine
from corpus.story import Choice, Passage, Story
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
    """Return the story without source, notes and id: one that has no id gets one when it is written."""
    return replace(story, source="", notes=(), work="")


@pytest.mark.usefixtures("untraced")
def test_library_stories() -> None:
    for path in LIBRARY:
        story = bare(read_twee(path.read_text(encoding="utf-8"), path.name))
        assert bare(from_twee(write_twee(story))) == story
        assert bare(from_twine(write_twine(story))) == story


def test_a_story_keeps_its_id_so_that_its_versions_are_known_as_such() -> None:
    story = read_twee(LIBRARY[0].read_text(encoding="utf-8"), LIBRARY[0].name)
    assert story.work
    assert from_twee(write_twee(story)).work == from_twine(write_twine(story)).work == story.work


@pytest.mark.usefixtures("untraced")
def test_random_graphs() -> None:
    for seed in range(GRAPHS):
        story = random_story(seed).story
        assert bare(from_twee(write_twee(story))) == story, f"seed {seed}"
        assert bare(from_twine(write_twine(story))) == story, f"seed {seed}"


def test_written_text_is_readable() -> None:
    text = (
        "You see [a door], {old} & grey; 5 < 7 > 3 | so it is.\n\nA *knock* -- says (in red: ink) a sign, “100% true”."
        "\n\n- Who is there? `Me.`\n1. Go in.\n\\o/ it's $5 and/or nothing... [1]"
    )
    story = Story(
        "Signs", "Start", {"Start": Passage("Start", text, (Choice("Read *it* & nod (twice): $5", "Start"),))}
    )
    written = write_twee(story)
    assert text in written
    assert "[[Read *it* & nod (twice): $5->Start]]" in written
    assert bare(from_twee(written)) == story


@pytest.mark.parametrize(
    "text",
    [
        "<<if $a>>b<</if>>",
        "[[a]]",
        "[img[a]]",
        "''a''",
        "$name",
        "_a",
        "<b>",
        "&lt;",
        "!a",
        "* a",
        "> a",
        "::a",
        "--",
        "----",
    ],
)
def test_markup_in_a_text_stays_text(text: str) -> None:
    story = Story("Signs", "Start", {"Start": Passage("Start", f"{text}\n{text}", (Choice(text, "Start"),))})
    assert bare(from_twee(write_twee(story))) == story
    assert bare(from_twine(write_twine(story))) == story


def test_output_is_deterministic() -> None:
    story = random_story(3).story
    assert write_twee(story) == write_twee(story)
    assert write_twine(story) == write_twine(story)
    assert "Secret" not in write_twee(replace(story, source="Secret.doc", notes=("Secret.",)))

"""Bookmarks of earlier versions: where a reader was is found, and a damaged file is reported and left alone."""

import json
from pathlib import Path

import pytest

from dungeon.authored.old_bookmarks import old_bookmark
from dungeon.errors import DungeonError
from dungeon.paths import readings_folder

FILE = "cb40432c055c2f546e8e4e27.json"
"""The bookmark of the book `library/gate`: sha256 of that, 24 digits."""


def write_bookmark(content: bytes) -> Path:
    file = readings_folder() / FILE
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    return file


def test_a_book_that_was_never_read_has_none() -> None:
    assert old_bookmark("library/gate") is None


def test_the_last_walk_and_all_that_was_seen_are_kept() -> None:
    steps = [("Gate", ""), ("Hall", "Go in"), ("Gate", ""), ("Cave", "Go down")]
    walk = [{"passage": passage, "label": label} for passage, label in steps]
    write_bookmark(json.dumps({"title": "The Gate", "steps": walk, "visited": ["Gate", "Hall", "Cave"]}).encode())
    found = old_bookmark("library/gate")
    assert found is not None
    assert [(step.passage, step.label) for step in found.steps] == [("Gate", ""), ("Cave", "Go down")]
    assert found.visited == {"Gate", "Hall", "Cave"}
    assert old_bookmark("another/gate") is None


@pytest.mark.parametrize("content", [b"", b"{}", b'{"title": "x", "steps": 3, "visited": []}', b"\xff\x00"])
def test_a_damaged_bookmark_is_reported_and_stays_unchanged(content: bytes) -> None:
    file = write_bookmark(content)
    with pytest.raises(DungeonError, match=r"The bookmark .*json can't be read: .*Move it away to begin anew"):
        old_bookmark("library/gate")
    assert file.read_bytes() == content

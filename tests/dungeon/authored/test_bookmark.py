"""Bookmarks: reading continues at the same page, and a damaged file is never overwritten."""

from pathlib import Path

import pytest

from dungeon.errors import DungeonError
from dungeon.reading.bookmark import MAX_STEPS, bookmark_file, load_walk, progress, save_walk
from dungeon.authored.books import Book
from dungeon.reading.walk import start_walk, take_choice
from tests.dungeon.stories import GATE

BOOK = Book("gate", "library/gate", GATE)


def test_a_saved_walk_is_loaded_for_its_story_alone() -> None:
    assert load_walk(BOOK) == start_walk(GATE)
    assert progress(BOOK) == ""
    walk = take_choice(take_choice(start_walk(GATE), 2), 2)
    save_walk(BOOK, walk)
    assert load_walk(BOOK) == walk
    assert progress(BOOK) == "1 of 2 endings"
    assert load_walk(Book("gate", "another/gate", GATE)) == start_walk(GATE)
    assert [file.name for file in bookmark_file(BOOK).parent.iterdir()] == [bookmark_file(BOOK).name]


def test_only_the_last_steps_of_a_long_walk_are_saved() -> None:
    walk = start_walk(GATE)
    for _ in range(MAX_STEPS):
        walk = take_choice(walk, 1 if walk.passage.name == "Gate" else 2)
    save_walk(BOOK, walk)
    assert load_walk(BOOK).steps == walk.steps[-MAX_STEPS:]


@pytest.mark.parametrize("content", [b"", b"{}", b'{"title": "x", "steps": 3, "visited": []}', b"\xff\x00"])
def test_a_damaged_bookmark_is_reported_and_stays_unchanged(content: bytes) -> None:
    save_walk(BOOK, start_walk(GATE))
    bookmark_file(BOOK).write_bytes(content)
    with pytest.raises(DungeonError, match=r"The bookmark in The Gate can't be read: .*Move .* away to begin anew"):
        load_walk(BOOK)
    assert bookmark_file(BOOK).read_bytes() == content


def test_a_failed_write_leaves_no_temporary_file(home: Path) -> None:
    bookmark_file(BOOK).mkdir(parents=True)
    with pytest.raises(DungeonError, match="can't be written"):
        save_walk(BOOK, start_walk(GATE))
    assert list(bookmark_file(BOOK).parent.iterdir()) == [bookmark_file(BOOK)]

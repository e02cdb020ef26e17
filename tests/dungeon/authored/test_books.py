"""The stories that can be read: the library, and stories found by name, title or path."""

from pathlib import Path

import pytest

from dungeon.authored.books import find_books, library
from dungeon.errors import DungeonError


def test_the_library_is_sorted_by_genre() -> None:
    books = library()
    assert len(books) >= 6
    assert [book.genre for book in books] == sorted(book.genre for book in books)
    assert len({book.key for book in books}) == len(books)


def test_a_story_is_found_by_name_title_and_path(tmp_path: Path) -> None:
    assert [book.title for book in find_books("salt-stair")] == ["The Salt Stair"]
    assert [book.name for book in find_books("the salt stair")] == ["salt-stair"]
    file = tmp_path / "mine.twee"
    file.write_text(":: Start\nYou wait.\n")
    [mine] = find_books(str(file))
    assert (mine.title, mine.genre) == ("mine", "other")
    (tmp_path / "other.twee").write_text(":: StoryTitle\nA tale\n\n:: Start\nYou go.\n")
    assert [book.title for book in find_books(str(tmp_path))] == ["A tale", "mine"]


def test_a_missing_or_broken_story_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DungeonError, match=r"There is no story or file 'salt-stare'\. Did you mean salt-stair\?"):
        find_books("salt-stare")
    (tmp_path / "broken.twee").write_text(":: Start [tag\n")
    with pytest.raises(DungeonError, match=r"broken\.twee:1"):
        find_books(str(tmp_path))

"""The stories that can be read: those that come with the game, and any file in a format that the corpus reads.

    books = library()
    books = find_books("salt-stair")         # a name, a title, a file or a folder

The game's stories are Twee files in the package. A format that needs an extra (HTML, Word) is an error without it,
with the line that installs it.
"""

from dataclasses import dataclass
from pathlib import Path

import corpus
from corpus.extras import install_line
from corpus.readers import read
from corpus.story import Story, StoryError
from corpus.text import did_you_mean, printable
from dungeon.errors import DungeonError

LIBRARY = Path(corpus.__file__).parent / "library"


@dataclass(frozen=True, slots=True)
class Book:
    """A story to read."""

    name: str
    """Its name on the command line."""
    key: str
    """What its bookmark is kept under: the same for the same story at every start."""
    story: Story

    @property
    def title(self) -> str:
        """The title, printable."""
        return printable(self.story.title) or self.name

    @property
    def genre(self) -> str:
        """The genre, printable; "other" if the story has none."""
        return printable(self.story.genre) or "other"


def library() -> list[Book]:
    """Return the game's stories, sorted by genre and title. Raises DungeonError if they can't be read."""
    books = [Book(Path(story.source).stem, f"library/{Path(story.source).stem}", story) for story in _read(LIBRARY)]
    return _sorted(books)


def find_books(name: str) -> list[Book]:
    """Return the game's story of this name or title, or else the stories in this file or folder.

    Raises:
        DungeonError: there is no such story, or it can't be read.
    """
    books = library()
    wanted = name.strip().lower()
    if found := [book for book in books if wanted in (book.name, book.title.lower())]:
        return found
    path = Path(name)
    if path.exists():
        return _sorted([_book_from_file(story) for story in _read(path)])
    hint = did_you_mean(wanted, (book.name for book in books))
    raise DungeonError(f"There is no story or file '{printable(name)}'.{hint} `dungeon read` alone lists the stories.")


def _book_from_file(story: Story) -> Book:
    path = Path(story.source).resolve()
    return Book(path.stem, f"{path}#{story.title}", story)


def _sorted(books: list[Book]) -> list[Book]:
    return sorted(books, key=lambda book: (book.genre, book.title))


def _read(path: Path) -> list[Story]:
    try:
        return list(read(path))
    except StoryError as error:
        raise DungeonError(printable(str(error))) from error
    except ModuleNotFoundError as error:
        raise DungeonError(
            f"Reading {path} needs {error.name}, which is not installed. Install it with:\n  {install_line('corpus')}"
        ) from error

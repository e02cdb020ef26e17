"""The authored stories that can be played: the game's, and any file in a format that the corpus reads.

    books = library()
    books = find_books("salt-stair")         # a name, a title, a file or a folder

The game's stories are Twee files in the package. A format that needs an extra (HTML, Word) is an error without it,
with the line that installs it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import corpus
from corpus.extras import install_line
from corpus.readers import read
from corpus.story import Story, StoryError
from corpus.text import did_you_mean, printable
from dungeon.errors import DungeonError
from dungeon.tale.authored import endings

LIBRARY = Path(corpus.__file__).parent / "library"


@dataclass(frozen=True, slots=True)
class Book:
    """A story to play."""

    name: str
    """Its name on the command line."""
    key: str
    """What the shelf knows it by: the same for the same story at every start."""
    story: Story

    @property
    def title(self) -> str:
        """The title, printable."""
        return printable(self.story.title) or self.name

    @property
    def details(self) -> str:
        """Genre, length and endings, in one line."""
        count = len(endings(self.story))
        return f"{self.genre} · {self.story.words():,} words · {count} ending{'s' * (count != 1)}"

    @property
    def genre(self) -> str:
        """The genre, printable; "other" if the story has none."""
        return printable(self.story.genre) or "other"


@cache
def library() -> tuple[Book, ...]:
    """Return the game's stories, sorted by genre and title. Raises DungeonError if they can't be read."""
    return _sorted(_read(LIBRARY), _library_book)


def _library_book(story: Story) -> Book:
    name = Path(story.source).stem
    return Book(name, f"library/{name}", story)


def find_books(name: str) -> tuple[Book, ...]:
    """Return the game's story of this name or title, or else the stories in this file or folder.

    A name is the quickest: only its file is read.

    Raises:
        DungeonError: there is no such story, or it can't be read.
    """
    wanted = name.strip().lower()
    file = LIBRARY / f"{wanted}.twee"
    if Path(wanted).name == wanted and file.is_file():
        return _sorted(_read(file), _library_book)
    books = library()
    if found := tuple(book for book in books if wanted in (book.name, book.title.lower())):
        return found
    path = Path(name)
    if path.exists():
        return _sorted(_read(path), _book_from_file)
    hint = did_you_mean(wanted, (book.name for book in books))
    raise DungeonError(f"There is no story or file '{printable(name)}'.{hint} `dungeon stories` lists the stories.")


def _book_from_file(story: Story) -> Book:
    path = Path(story.source).resolve()
    return Book(path.stem, f"{path}#{story.title}", story)


def _sorted(stories: list[Story], book: Callable[[Story], Book]) -> tuple[Book, ...]:
    return tuple(sorted(map(book, stories), key=lambda book: (book.genre, book.title)))


def _read(path: Path) -> list[Story]:
    try:
        return list(read(path))
    except StoryError as error:
        raise DungeonError(printable(str(error))) from error
    except ModuleNotFoundError as error:
        raise DungeonError(
            f"Reading {path} needs {error.name}, which is not installed. Install it with:\n  {install_line('corpus')}"
        ) from error

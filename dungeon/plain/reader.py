"""Reading as lines: stdin to stdout, no escape codes, for pipes and screen readers.

A number takes a choice; everything else is a command with a slash in front. stdout has the story and what was asked
for, notes go to stderr. The end of the input is /quit.
"""

import sys

from corpus.labels import label_action
from corpus.text import printable
from corpus.turns import ACTION_MARK
from dungeon.errors import DungeonError
from dungeon.reading.bookmark import opened, progress, save
from dungeon.reading.books import Book, library
from dungeon.reading.commands import BY_NAME, COMMANDS
from dungeon.reading.walk import Walk, back, endings_line, map_lines, restart, take


def read_plain(books: list[Book]) -> None:
    """Reads until /quit or the end of input; of several books the reader chooses one first.

    Raises:
        DungeonError: a story or its bookmark can't be read.
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    try:
        book = books[0] if len(books) == 1 else _choose(books)
        while book is not None:
            book = _choose(library()) if _read(book) else None
    except EOFError:
        pass
    except KeyboardInterrupt:
        _note("Stopped. Your place is kept.")
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has left: there is nobody to tell.
        sys.stderr.close()


def _choose(books: list[Book]) -> Book | None:
    """The book that the reader picks; None for /quit."""
    genre = ""
    for number, book in enumerate(books, 1):
        if book.genre != genre:
            genre = book.genre
            _say(genre.capitalize())
        read_so_far = progress(book)
        _say(f"  {number}. {book.title}" + (f" ({read_so_far})" if read_so_far else ""))
    _say("Type a number.")
    while True:
        line = _line()
        if line == "/quit":
            return None
        if (number := _number(line)) and number <= len(books):
            return books[number - 1]
        _note(f"Type a number from 1 to {len(books)}, or /quit.")


def _read(book: Book) -> bool:
    """Reads a book; whether the reader wants another."""
    walk = opened(book)
    _say(f"{book.title}{f', by {printable(book.story.author)}' if book.story.author else ''}\n")
    if len(walk.steps) > 1:
        _note("You read on where you were. /restart begins again; /help lists what else you can do.")
    _show(walk)
    while True:
        line = _line()
        if line in ("/quit", "/stories"):
            return line == "/stories"
        stepped = _obey(walk, line)
        if stepped is not walk:
            walk = stepped
            try:
                save(book, walk)
            except DungeonError as error:
                _note(str(error))
            _say("")
            _show(walk)


def _obey(walk: Walk, line: str) -> Walk:
    """Does what a line asks; the same walk where it moves nobody."""
    if number := _number(line):
        if number <= len(walk.choices):
            return take(walk, number)
        _note(f"There is no choice {line} here.")
    elif line == "/back":
        if len(walk.steps) == 1:
            _note("This is where you began.")
        return back(walk)
    elif line == "/restart":
        return restart(walk)
    elif line == "/map":
        _say("\n".join(map_lines(walk)))
    elif line == "/help":
        _say("\n".join(f"/{command.name:8} {command.summary}" for command in COMMANDS))
    else:
        names = ", ".join(f"/{name}" for name in BY_NAME)
        _note(f"Type the number of a choice, or one of {names}.")
    return walk


def _show(walk: Walk) -> None:
    if action := label_action(walk.steps[-1].label):
        _say(f"{ACTION_MARK}{action}\n")
    _say(printable(walk.here.text) + "\n")
    for number, choice in enumerate(walk.choices, 1):
        _say(f"{number}. {printable(choice.label)}")
    if not walk.choices:
        _say(f"The end: {printable(walk.here.name)}. {endings_line(walk)}. /back, /restart, /stories or /quit.")


def _number(line: str) -> int:
    """The number that a line is; 0 for anything else."""
    return int(line) if line.isascii() and line.isdecimal() and len(line) < 6 else 0


def _line() -> str:
    """The next line. Raises EOFError at the end of the input."""
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.strip().lower()


def _say(text: str) -> None:
    print(text, flush=True)


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)

"""Reading a story as lines: stdin to stdout, no escape codes, for pipes and screen readers.

A number takes a choice; every other command starts with a slash. stdout has the story and what the reader asks for,
stderr the notes of the game. The end of the input is /quit.
"""

import sys

from corpus.labels import label_action
from corpus.text import printable
from corpus.turns import ACTION_MARK
from dungeon.errors import DungeonError
from dungeon.reading.bookmark import load_walk, progress, save_walk
from dungeon.reading.books import Book, library
from dungeon.reading.commands import BY_NAME, COMMANDS
from dungeon.reading.walk import Walk, endings_line, go_back, map_lines, restart, take_choice


def read_plain(books: list[Book]) -> None:
    """Read until /quit or the end of input; the reader first chooses one of several books.

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
        _note("Stopped. Your place is saved.")
        sys.exit(130)
    except BrokenPipeError:
        # The program that read our output has ended: nobody is there to read a message.
        sys.stderr.close()


def _choose(books: list[Book]) -> Book | None:
    """List the books and return the one that the reader picks; None for /quit."""
    genre = ""
    for number, book in enumerate(books, 1):
        if book.genre != genre:
            genre = book.genre
            _say(genre.capitalize())
        endings = progress(book)
        _say(f"  {number}. {book.title}" + (f" ({endings})" if endings else ""))
    _say("Type a number.")
    while True:
        line = _next_line()
        if line == "/quit":
            return None
        if (number := _number(line)) and number <= len(books):
            return books[number - 1]
        _note(f"Type a number from 1 to {len(books)}, or /quit.")


def _read(book: Book) -> bool:
    """Read a book; return whether the reader wants another."""
    walk = load_walk(book)
    _say(f"{book.title}{f', by {printable(book.story.author)}' if book.story.author else ''}\n")
    if len(walk.steps) > 1:
        _note("You read on where you were. /restart begins again; /help lists what else you can do.")
    _show(walk)
    while True:
        line = _next_line()
        if line in ("/quit", "/stories"):
            return line == "/stories"
        moved = _run_command(walk, line)
        if moved is not walk:
            walk = moved
            try:
                save_walk(book, walk)
            except DungeonError as error:
                _note(str(error))
            _say("")
            _show(walk)


def _run_command(walk: Walk, line: str) -> Walk:
    """Do what the line asks; return the same walk if the reader stays where they are."""
    if number := _number(line):
        if number <= len(walk.choices):
            return take_choice(walk, number)
        _note(f"There is no choice {line} here.")
    elif line == "/back":
        if len(walk.steps) == 1:
            _note("This is where you began.")
        return go_back(walk)
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
    _say(printable(walk.passage.text) + "\n")
    for number, choice in enumerate(walk.choices, 1):
        _say(f"{number}. {printable(choice.label)}")
    if not walk.choices:
        _say(f"The end. {endings_line(walk)}. /back, /restart, /stories or /quit.")


def _number(line: str) -> int:
    """Return the number that the line is; 0 for anything else."""
    return int(line) if line.isascii() and line.isdecimal() and len(line) < 6 else 0


def _next_line() -> str:
    """Return the next line of the input. Raises EOFError at its end."""
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.strip().lower()


def _say(text: str) -> None:
    print(text, flush=True)


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)

"""The first question of the plain game: what there is to play, and how the player says which.

    menu = Menu(session, books, lines, run_command)
    chosen = await menu.choose()      # a story, a scenario, or an adventure of the shelf

A listener has to hear all that is printed, so the start is a few lines, and lists come on request. A number is one of
the list that was printed last.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from corpus.text import did_you_mean, one_line
from dungeon.authored.books import Book, library
from dungeon.errors import DungeonError
from dungeon.plain.lines import LineReader, note, say
from dungeon.plain.titles import find_titles, is_nearly, near_titles
from dungeon.play.adventures import plural, time_ago
from dungeon.play.registry import COMMANDS, help_lines
from dungeon.play.session import Session
from dungeon.scenarios.library import builtin_scenarios
from dungeon.scenarios.model import Scenario, fill_placeholders, scenario_from_opening
from dungeon.scenarios.user import find_scenario, user_scenarios
from dungeon.storage.entries import ShelfEntry
from dungeon.tale.adventure import Adventure
from dungeon.tale.authored import endings_line

Choice = Book | Scenario | ShelfEntry | Adventure

ANYWHERE = ("settings", "set", "preset", "theme", "voices", "help", "quit")
"""Commands that a menu and a question let through."""
_LISTS = ("stories", "scenarios")
"""Commands that only the menu has."""
_LONGEST_TITLE_TYPED = 4
"""Words: a longer line that is no title is an opening of the player's own."""
_FEW = 5
"""Candidates that a listener can keep in mind."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """Something that can be chosen."""

    what: Choice
    title: str
    name: str = ""
    """What the command line calls it."""
    kind: str = ""
    genre: str = ""
    remark: str = ""

    @property
    def names(self) -> tuple[str, str]:
        return self.title, self.name

    @property
    def line(self) -> str:
        """As a list without headings shows it."""
        kind = ", ".join(filter(None, (self.kind, self.genre)))
        return f"{self.title} ({kind})" if kind else f"{self.title}{self.remark}"


class Menu:
    """Asks until something is chosen."""

    def __init__(
        self,
        session: Session,
        books: Sequence[Book],
        lines: LineReader,
        run_command: Callable[[str, str], Awaitable[None]],
    ) -> None:
        """Of several `books` the player chooses one, and nothing else.

        `run_command` runs a line with a command that needs no adventure; for others it raises a DungeonError, of which
        the second argument is the end.
        """
        self._session = session
        self._given = books
        self._lines = lines
        self._run_command = run_command
        self._listed: Sequence[_Entry] = ()
        self._asked_about = ""
        """An opening of the player's own that is nearly a title."""
        self._has_greeted = False
        self._left: Adventure | None = None
        """The adventure that the player comes from: it may have no turn, and then the shelf has not got it."""

    @staticmethod
    def has_command(line: str) -> bool:
        """Whether the line is a command that only the menu has."""
        return line.strip().lower().partition(" ")[0] in [f"/{name}" for name in _LISTS]

    async def choose(self, left: Adventure | None = None, line: str | None = None) -> Choice:
        """Returns what the player wants to play; the adventure that they have `left`, if they go back to it.

        `line` is what they have typed already.

        Raises:
            EOFError: the input has ended.
        """
        self._left = left
        if line is None:
            self._greet()
            line = await self._lines.next()
        while True:
            try:
                if chosen := await self._chosen(line.strip()):
                    return chosen
            except DungeonError as error:
                note(str(error))
            line = await self._lines.next()

    def _greet(self) -> None:
        if not self._has_greeted:
            note("Dungeon: text adventures, line by line. Type a line and press Enter.")
            self._has_greeted = True
        if latest := self._latest():
            note(f"An empty line continues {latest.title}{latest.remark}.")
        if self._has_scenarios:
            note("/stories GENRE lists authored stories, /scenarios GENRE openings for the voice.")
            note(f"A title, or words of one, begins it. More than {_LONGEST_TITLE_TYPED} words are your own opening.")
        else:
            note("/stories GENRE lists stories. A title, or words of one, begins it.")
        note("/help lists the commands, /quit leaves.")

    async def _chosen(self, line: str) -> Choice | None:
        """What the line chooses; None where it asks for something else, or is not clear."""
        if not line:
            if latest := self._latest():
                return latest.what
            raise DungeonError("There is nothing to continue yet. Type a title; /stories lists the stories.")
        if line.startswith("/"):
            await self._run(line)
            return None
        if line.isascii() and line.isdecimal() and len(line) < 6:
            return self._numbered(int(line))
        if self._has_scenarios and line.lower().endswith(".toml"):
            return find_scenario(line)
        return await self._named(line)

    # ---- what there is ---------------------------------------------------------------------------------------

    @property
    def _has_scenarios(self) -> bool:
        return self._session.may_type and len(self._given) < 2

    @cached_property
    def _books(self) -> tuple[Book, ...]:
        if len(self._given) > 1:
            return tuple(self._given)
        keys = {book.key for book in library()}
        return (*library(), *(book for book in self._given if book.key not in keys))

    def _stories(self) -> list[_Entry]:
        seen = self._session.shelf.all_seen_passages()
        entries = []
        for book in self._books:
            found = f" ({endings_line(book.story, seen[book.key]).lower()})" if book.key in seen else ""
            entries.append(_Entry(book, book.title, book.name, "story", book.genre, found))
        return entries

    def _scenarios(self) -> list[_Entry]:
        if not self._has_scenarios:
            return []
        users, _ = user_scenarios()
        genres = [(scenario, "yours") for scenario in users]
        genres += [(scenario, scenario.genre) for scenario in builtin_scenarios()]
        return [
            _Entry(scenario, fill_placeholders(scenario, {}).title, scenario.name, "scenario", genre)
            for scenario, genre in genres
        ]

    def _latest(self) -> _Entry | None:
        """What an empty line continues: the last adventure, or the last one in one of the stories."""
        if self._left:
            return _Entry(self._left, one_line(self._left.title), remark=f" ({plural(len(self._left.nodes), 'turn')})")
        shelf = self._session.shelf
        if self._has_scenarios:
            for entry in shelf.list_adventures(limit=1):
                return _adventure(entry)
            return None
        seen = shelf.all_seen_passages()
        book_of = {shelf.latest_of_book(book.key): book for book in self._books if book.key in seen}
        for entry in shelf.list_adventures() if book_of else ():
            if book := book_of.get(entry.id):
                return _Entry(book, book.title, remark=_adventure(entry).remark)
        return None

    # ---- by name and by number -------------------------------------------------------------------------------

    async def _named(self, line: str) -> Choice | None:
        entries = [*self._scenarios(), *self._stories()]
        found = find_titles(line, entries, lambda entry: entry.names)
        if len(found) == 1:
            return found[0].what
        if found:
            few = f"; the first {_FEW}" if len(found) > _FEW else ""
            note(f"{len(found)} titles have that{few}. Type a number, or more of the title.")
            self._list(found[:_FEW])
        elif self._has_scenarios and len(line.split()) > _LONGEST_TITLE_TYPED:
            return self._own_opening(line, entries)
        elif line.lower() in (*_LISTS, "shelf", *ANYWHERE):  # nothing is done here that it could mean
            await self._run(f"/{line}")
        elif of_genre := [entry for entry in entries if line.lower() in entry.genre.lower()]:
            self._list(of_genre)
        elif near := near_titles(line, entries, lambda entry: entry.names):
            note("Did you mean one of these? Type its number." if near[1:] else _did_you_mean(near[0]))
            self._list(near)
        else:
            own = f" An opening of your own has more than {_LONGEST_TITLE_TYPED} words." if self._has_scenarios else ""
            lists = "/stories and /scenarios list" if self._has_scenarios else "/stories lists"
            raise DungeonError(f"No title has “{one_line(line)[:60]}”. {lists} what there is.{own}")
        return None

    def _own_opening(self, line: str, entries: Iterable[_Entry]) -> Choice | None:
        """An adventure that begins with the line; None, and a question, the first time that it is nearly a title."""
        near = [entry for entry in entries if is_nearly(line, entry.title)]
        if not near or line == self._asked_about:
            return scenario_from_opening(line)
        self._asked_about = line
        note(f"{_did_you_mean(near[0])} The same line again is your own opening.")
        self._list(near[:1])
        return None

    def _numbered(self, number: int) -> Choice:
        if 1 <= number <= len(self._listed):
            return self._listed[number - 1].what
        if not self._listed:
            raise DungeonError("A number is one of a list, and none was printed yet: /stories prints one.")
        raise DungeonError(f"The last list goes from 1 to {len(self._listed)}.")

    # ---- commands and lists ----------------------------------------------------------------------------------

    async def _run(self, line: str) -> None:
        name, _, words = line[1:].partition(" ")
        name, words = name.lower(), words.strip()
        if name == "shelf":
            found = self._session.shelf.list_adventures(words)
            self._list([_adventure(entry) for entry in found], "No adventure has these words." if words else "")
        elif name == "stories":
            self._list_by_genre(self._stories(), words)
        elif name == "scenarios" and self._has_scenarios:
            for trouble in user_scenarios()[1]:
                note(trouble.message)
            self._list_by_genre(self._scenarios(), words)
        elif name == "help":
            say("\n".join(self._help(words)))
        elif name not in COMMANDS:
            hint = did_you_mean(f"/{name}", [f"/{known}" for known in (*_LISTS, "shelf", *ANYWHERE)])
            raise DungeonError(f"There is no command /{one_line(name)[:30]}.{hint} /help lists them.")
        else:
            await self._run_command(line, "Choose an adventure first.")

    def _list_by_genre(self, entries: list[_Entry], words: str) -> None:
        of_genre = [entry for entry in entries if words.lower() in entry.genre.lower()]
        found = of_genre or find_titles(words, entries, lambda entry: entry.names)
        if not found:
            genres = ", ".join(dict.fromkeys(entry.genre for entry in entries if entry.genre))
            raise DungeonError(f"Neither a genre nor a title has “{one_line(words)[:60]}”. The genres are {genres}.")
        entries = self._listed = found
        number = 0
        for genre, group in groupby(entries, key=lambda entry: entry.genre):
            say(genre.capitalize())
            for entry in group:
                number += 1
                say(f"  {number}. {entry.title}{entry.remark}")
        note("Type a number, or a title.")

    def _list(self, entries: Sequence[_Entry], otherwise: str = "") -> None:
        if not entries:
            raise DungeonError(otherwise or "No adventure was played yet.")
        self._listed = entries
        for number, entry in enumerate(entries, 1):
            say(f"{number}. {entry.line}")

    def _help(self, words: str) -> list[str]:
        if words:
            return help_lines(words)
        latest = self._latest()
        here = [
            *([("An empty line", f"Continue {latest.title}.")] if latest else []),
            ("A title", "Begin it. Words of a title are enough, and capitals make no difference."),
            ("A number", "Take that line of the list that was printed last."),
            (
                f"/{_LISTS[0]} [WORDS]",
                "List the stories by genre, or those of one genre, or with these words in the title.",
            ),
        ]
        if self._has_scenarios:
            here += [
                (f"/{_LISTS[1]} [WORDS]", "The same for openings, from which the voice tells the story."),
                ("An opening", f"Begin it, if it has more than {_LONGEST_TITLE_TYPED} words: write your own."),
            ]
        here.append((COMMANDS["shelf"].usage, "List your adventures, or those with these words."))
        here += [(COMMANDS[name].usage, COMMANDS[name].summary) for name in ANYWHERE]
        width = max(len(usage) for usage, _ in here)
        more = "An adventure has more commands: /help lists them there, and /help WORD finds one here."
        return [*(f"{usage:{width}}  {summary}" for usage, summary in here), more]


def _adventure(entry: ShelfEntry) -> _Entry:
    tags = f"tags: {', '.join(entry.tags)}" if entry.tags else ""
    remark = ", ".join(filter(None, (plural(entry.turns, "turn"), time_ago(entry.played), tags)))
    return _Entry(entry, one_line(entry.title), remark=f" ({remark})")


def _did_you_mean(entry: _Entry) -> str:
    return f"Did you mean {entry.title}? 1 takes it."

"""What the first screen offers before all else: the last adventure or a first story, and what the day brings.

    scenario = scenario_of_the_day(builtin_scenarios(), today)
    book = story_of_the_day(library(), begun, today)      # one that the player has not begun, while there is one

The same date gives the same scenario; each day comes another, and a genre seldom comes twice in a row.
"""

from collections.abc import Sequence, Set
from datetime import date
from typing import TypeVar

from textual.content import Content

from corpus.text import one_line
from dungeon.authored.books import Book
from dungeon.play.adventures import plural, time_ago
from dungeon.scenarios.model import Scenario
from dungeon.storage.entries import ShelfEntry
from dungeon.tale.authored import endings
from dungeon.tui.screens.start_preview import entry_title

_FIRST_STORY = "the-ten-forty"
"""The story for those who have not played yet: much at stake, and it is plain what can be done."""
_STEP = 7
"""From one day's place in the list, which is sorted by genre, to the next day's: more than a genre has."""

_Entry = TypeVar("_Entry")


def first_story(books: Sequence[Book]) -> Book | None:
    """Return the story for those who have not played yet; None where the books are the player's own."""
    return next((book for book in books if book.name == _FIRST_STORY), None)


def story_of_the_day(books: Sequence[Book], begun: Set[str], today: date) -> Book:
    """Return today's story, or while the player has begun it (by its key), the next that they have not."""
    others = [book for book in books if book.name != _FIRST_STORY] or list(books)
    in_order = _from_today(others, today)
    return next((book for book in in_order if book.key not in begun), in_order[0])


def scenario_of_the_day(scenarios: Sequence[Scenario], today: date) -> Scenario:
    """Return today's scenario."""
    return _from_today(scenarios, today)[0]


def _from_today(entries: Sequence[_Entry], today: date) -> list[_Entry]:
    """Return the entries from today's on, and those before it behind them."""
    place = today.toordinal() * _STEP % len(entries)
    return [*entries[place:], *entries[:place]]


# ---- how they are listed ---------------------------------------------------------------------------------------


def continue_row(entry: ShelfEntry) -> Content:
    """Return the option of the adventure that was played last: what a player would recognise it by."""
    details = (plural(entry.turns, "turn"), time_ago(entry.played), one_line(entry.last_action))
    return _row("Continue", one_line(entry.title), " · ".join(filter(None, details)))


def first_story_row(book: Book) -> Content:
    """Return the option of the story for those who have not played yet."""
    return _row("Begin here", book.title, f"a first story, with {_endings(book)}")


def story_row(book: Book) -> Content:
    """Return the option of today's story."""
    return _row("Story", book.title, f"today's: written, with {_endings(book)}")


def scenario_row(scenario: Scenario) -> Content:
    """Return the option of today's scenario."""
    return _row("Scenario", entry_title(scenario), "today's: the voice writes it all")


def _row(kind: str, title: str, about: str) -> Content:
    return Content.assemble((f"{kind}: ", "$secondary"), (title, "bold"), (f"\n  {about}", "$foreground 75%"))


def _endings(book: Book) -> str:
    return plural(len(endings(book.story)), "ending")

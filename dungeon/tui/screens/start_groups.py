"""The stories and scenarios of the first screen, in groups that can be folded.

    for group in grouped(library(), builtin_scenarios(), own):
        group.section, group.name, group.entries

Every entry has the id of its option in the list, by which the screen finds it again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from dungeon.authored.books import Book
from dungeon.scenarios.model import Scenario

YOURS = "group:yours"
"""The id of the group of the player's own scenarios."""
_GROUP = "group:"
_YOURS = "yours:"
_STORY = "story:"
_STORIES = "Stories: written, with endings"
_SCENARIOS = "Scenarios: the voice writes all"


@dataclass(frozen=True, slots=True)
class EntryGroup:
    """Stories, or scenarios, under one heading that can be folded."""

    option_id: str
    name: str
    section: str
    """The heading above it and others of its sort."""
    entries: dict[str, Scenario | Book]
    """By the ids of their options."""


def grouped(books: Sequence[Book], scenarios: Sequence[Scenario], own: Sequence[Scenario]) -> tuple[EntryGroup, ...]:
    """Return the player's own scenarios, the stories of each genre, and the scenarios of each genre.

    Both are sorted by genre.
    """
    groups = [EntryGroup(YOURS, "yours", "", {f"{_YOURS}{each.name}": each for each in own})] if own else []
    for genre, of_genre in groupby(books, key=lambda book: book.genre):
        entries: dict[str, Scenario | Book] = {story_id(book): book for book in of_genre}
        groups.append(EntryGroup(stories_id(genre), genre, _STORIES, entries))
    for genre, in_genre in groupby(scenarios, key=lambda scenario: scenario.genre):
        groups.append(EntryGroup(_GROUP + genre, genre, _SCENARIOS, {scenario.name: scenario for scenario in in_genre}))
    return tuple(groups)


def story_id(book: Book) -> str:
    """Return the id of a story's option; that of a built-in scenario is its name."""
    return f"{_STORY}{book.key}"


def stories_id(genre: str) -> str:
    """Return the id of the group of this genre's stories."""
    return f"{_GROUP}{_STORY}{genre}"


def is_own(option_id: str) -> bool:
    """Return whether an option is one of the player's own scenarios."""
    return option_id.startswith(_YOURS)

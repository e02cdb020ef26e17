"""What the first screen shows of the highlighted adventure, story or scenario."""

from collections.abc import Set

from textual.content import Content

from corpus.text import one_line, printable
from dungeon.authored.books import Book
from dungeon.play.adventures import plural, time_ago
from dungeon.scenarios.model import Scenario, fill_placeholders
from dungeon.storage.entries import ShelfEntry
from dungeon.tale.authored import endings_line

HOW_STORY = "Pick one of the choices, or type what you do. What the author did not foresee, the voice improvises."
HOW_SCENARIO = "Type what you do, and the voice writes what happens. Enter alone goes on."


def about_adventure(entry: ShelfEntry, last_passage: str) -> Content:
    """Return the adventure's details, and the text where the player is below what they did last."""
    details = (time_ago(entry.played), plural(entry.turns, "turn"), plural(entry.words, "word"))
    tags = [f"#{one_line(tag)}" for tag in entry.tags]
    last = f"> {one_line(entry.last_action)}\n\n" if entry.last_action else ""
    return page(one_line(entry.title), " · ".join([*filter(None, details), *tags]), last + printable(last_passage))


def about_entry(entry: Scenario | Book, seen: Set[str], how: str = "") -> Content:
    """Return the details and the opening of a story, of which some passages were seen, or of a scenario.

    `how` it is played comes last.
    """
    how = f"\n\n{how}" if how else ""
    if isinstance(entry, Book):
        details = f"{entry.details}\n{endings_line(entry.story, seen)}" if seen else entry.details
        return page(entry.title, details, entry_opening(entry) + how)
    parts = [entry.genre] if entry.genre else []
    if entry.cards:
        parts.append(plural(len(entry.cards), "card"))
    questions = "".join(f"\n{placeholder.ask}" for placeholder in entry.placeholders)
    more = f"\n\nYou are asked:{questions}" if questions else ""
    return page(entry_title(entry), " · ".join(parts), entry_opening(entry) + more + how)


def entry_title(entry: Scenario | Book) -> str:
    """Return the title, of a scenario with its own answers in its placeholders."""
    return entry.title if isinstance(entry, Book) else fill_placeholders(entry, {}).title


def entry_opening(entry: Scenario | Book) -> str:
    """Return the first text that the player will see."""
    if isinstance(entry, Book):
        return printable(entry.story.passages[entry.story.start].text)
    return fill_placeholders(entry, {}).opening


def page(title: str, details: str, text: str) -> Content:
    """Return a page of the preview."""
    return Content.assemble((title, "bold $primary"), (f"\n{details}" if details else "", "$secondary"), f"\n\n{text}")

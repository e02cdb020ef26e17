"""The adventures on the shelf as a player names, lists, labels and exports them. Both front ends and the command line.

id = find_adventure(shelf, "lamp road")        # its number, or part of its title
export(shelf.open(id), "lamp-road.md")         # Markdown or text, by the ending
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from itertools import count
from pathlib import Path

from corpus.files import write_atomic
from corpus.text import one_line, printable
from dungeon.errors import DungeonError
from dungeon.scenarios.library import builtin_scenarios
from dungeon.scenarios.model import fill_placeholders
from dungeon.scenarios.user import file_stem, user_scenarios
from dungeon.storage.entries import ShelfEntry
from dungeon.storage.shelf import Shelf
from dungeon.tale import transcript
from dungeon.tale.adventure import Adventure

_TITLE_LENGTH = 60
_TAG_LENGTH = 30
_NAMED = 5
_WRITERS = {".md": transcript.render_markdown, ".markdown": transcript.render_markdown, ".txt": transcript.render_text}


def find_adventure(shelf: Shelf, wanted: str) -> int:
    """The id of the adventure with this number, this title, or this part of its title if no other has it.

    Raises:
        DungeonError: there is none, or several.
    """
    listing = shelf.list_adventures()
    words = " ".join(wanted.split()).casefold()
    shown = printable(words)[:60]
    by_number = [listed for listed in listing if str(listed.id) == words]
    by_title = [listed for listed in listing if listed.title.casefold() == words]
    by_part = [listed for listed in listing if words and words in listed.title.casefold()]
    found = by_number or by_title or by_part
    if not found:
        raise DungeonError(f"There is no adventure '{shown}' on the shelf. `dungeon adventures` lists them.")
    if len(found) > 1:
        names = ", ".join(f"{listed.id} ({printable(listed.title)})" for listed in found[:_NAMED])
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise DungeonError(f"'{shown}' is in the title of {names}{more}. Say which by its number.")
    return found[0].id


def delete_unplayed(shelf: Shelf) -> None:
    """Deletes adventures that were opened and never played, which earlier versions of the game have left."""
    with suppress(DungeonError):  # the disk is full, say: the next start tries again
        scenarios = [*builtin_scenarios(), *user_scenarios()[0]]
        shelf.delete_unplayed({scenario.name: fill_placeholders(scenario, {}).title for scenario in scenarios})


def adventure_lines(listing: Iterable[ShelfEntry]) -> list[str]:
    """A line each: id, title, turns, words, branches, when it was played, tabs between them."""
    return [
        "\t".join(
            (
                str(listed.id),
                one_line(listed.title),
                str(listed.turns),
                str(listed.words),
                str(listed.branches),
                listed.played,
            )
        )
        for listed in listing
    ]


def scenario_lines() -> tuple[list[str], list[str]]:
    """A line for each scenario: name, title, genre, and "yours" for the player's own, tabs between them.

    And what is wrong with those of the player's own that can't be read.
    """
    users, broken = user_scenarios()
    lines = [f"{each.name}\t{fill_placeholders(each, {}).title}\t{each.genre}\tyours" for each in users]
    lines += [f"{each.name}\t{fill_placeholders(each, {}).title}\t{each.genre}" for each in builtin_scenarios()]
    return lines, [file.message for file in broken]


def relabel(shelf: Shelf, adventure: Adventure, *, title: str | None = None, tags: Iterable[str] | None = None) -> None:
    """Renames or tags the adventure; a title without words leaves the old one."""
    before = adventure.title, adventure.tags
    if title is not None and (title := one_line(title)[:_TITLE_LENGTH]):
        adventure.title = title
    if tags is not None:
        adventure.tags = tuple(dict.fromkeys(tag for tag in (one_line(t)[:_TAG_LENGTH] for t in tags) if tag))
    try:
        shelf.save_adventure_labels(adventure)
    except DungeonError:
        adventure.title, adventure.tags = before
        raise


# ---- export --------------------------------------------------------------------------------------------------


def default_export_path(adventure: Adventure, ending: str = ".md") -> Path:
    """Where it might be exported to: a new file in the folder that the game was started in."""
    stem = file_stem(adventure.title, "adventure")
    names = (f"{stem}{'' if number == 1 else f'-{number}'}{ending}" for number in count(1))
    return next(path for path in map(Path, names) if not path.exists())


class ExportFileExists(DungeonError):
    """The file to write is there already."""


def export_adventure(adventure: Adventure, to: Path | str, *, whole: bool = False, over: bool = False) -> Path:
    """Writes the story, with `whole` all of its branches, to a file: Markdown or text, by its ending. Gives its path.

    Raises:
        FileThere: it is not to be written `over`.
        DungeonError: its ending is neither, or it can't be written.
    """
    path = Path(str(to).strip())
    with suppress(RuntimeError):  # a home that nobody knows
        path = path.expanduser()
    shown = printable(str(path))[-200:]
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise DungeonError(f"{shown} ends in none of {', '.join(_WRITERS)}: .md writes Markdown, .txt text.")
    try:
        if path.exists() and not over:
            raise ExportFileExists(f"There is a file {shown} already. Give another name, or move it away.")
        if not path.absolute().parent.is_dir():
            raise DungeonError(f"There is no folder {printable(str(path.parent))} to write in.")
        write_atomic(path, write(adventure, whole))
    except (OSError, ValueError) as error:  # ValueError: a name with a zero in it
        raise DungeonError(f"The file {shown} can't be written: {getattr(error, 'strerror', error)}.") from error
    return path


# ---- how it is said ------------------------------------------------------------------------------------------


def time_ago(played: str, now: datetime | None = None) -> str:
    """When that was, as people say it, in the time of this place: "today 14:02", "3 days ago", "12 May 2025"."""
    try:
        then = datetime.fromisoformat(played).astimezone()
    except (ValueError, OverflowError):
        return ""
    today = (now or datetime.now()).astimezone().date()
    days = (today - then.date()).days
    if days == 0:
        return f"today {then:%H:%M}"
    if days == 1:
        return f"yesterday {then:%H:%M}"
    if 1 < days < 7:
        return f"{days} days ago"
    return f"{then.day} {then:%b}" if then.year == today.year else f"{then.day} {then:%b} {then.year}"


def plural(number: int, thing: str) -> str:
    """ "1 turn", "2 turns"; "branch" has its own plural."""
    plural = f"{thing}es" if thing.endswith("ch") else f"{thing}s"
    return f"{number:,} {thing if number == 1 else plural}"

"""Every command there is, once: key, slash word, help and the README's table all come from here.

A line that does not start with `/` is something the player does, says (in quotes) or, when empty, the wish to go on.
"""

import difflib
from dataclasses import dataclass

from corpus.actions import read_input
from corpus.turns import Kind
from dungeon.errors import DungeonError


@dataclass(frozen=True, slots=True)
class Command:
    """One command."""

    name: str
    """What follows the slash."""
    summary: str
    key: str = ""
    """Textual's name of the key; "" for none."""
    argument: str = ""
    """What may follow, as help shows it."""


COMMANDS = (
    Command("do", "Do something: open the door. A bare line is the same.", argument="WORDS"),
    Command("say", 'Say something. A line that starts with a quote is the same: "Who is there?"', argument="WORDS"),
    Command("story", "Write the next lines of the story yourself.", argument="WORDS"),
    Command("continue", "Let the story go on. An empty line is the same."),
    Command("retry", "Another answer to the last action. The old one is kept.", "ctrl+r"),
    Command("undo", "Back one turn. It is kept.", "ctrl+z"),
    Command("redo", "Forward again.", "ctrl+y"),
    Command("mode", "Change what a bare line means: do, say or story.", "tab"),
    Command("stop", "Stop the storyteller and keep what came.", "escape"),
    Command("print", "Show the last turns again."),
    Command("new", "Leave this adventure, which is kept, and choose another.", "ctrl+n"),
    Command("help", "Show this list.", "f1"),
    Command("quit", "Leave. Everything is saved already.", "ctrl+q"),
)
BY_NAME = {command.name: command for command in COMMANDS}
PLAYS = {"do": Kind.DO, "say": Kind.SAY, "story": Kind.STORY, "continue": Kind.CONTINUE}


@dataclass(frozen=True, slots=True)
class Request:
    """What a line asks for: a turn of some kind, or another command."""

    command: str
    kind: Kind | None = None
    words: str = ""


def read_line(line: str, mode: Kind = Kind.DO, suggestions: tuple[str, ...] = ()) -> Request:
    """What the player wants. A number alone picks a suggestion.

    Raises:
        DungeonError: the slash is followed by no command of ours.
    """
    text = line.strip()
    if text.startswith("/"):
        name, *rest = text[1:].split(maxsplit=1) or [""]
        return _named(name.lower(), "".join(rest))
    if len(text) < 3 and text.isdecimal() and 1 <= int(text) <= len(suggestions):
        text = suggestions[int(text) - 1]
    kind, words = read_input(text)
    if kind is Kind.DO and mode is not Kind.DO:
        kind = mode
    if kind is Kind.STORY:
        words = text  # its line breaks are the author's
    return Request(kind.value, kind, words)


def _named(name: str, rest: str) -> Request:
    if name not in BY_NAME:
        near = difflib.get_close_matches(name, BY_NAME, 1)
        guess = f" Did you mean /{near[0]}?" if near else ""
        raise DungeonError(f"There is no command /{name[:30]}.{guess} /help lists them.")
    kind = PLAYS.get(name)
    if kind in (Kind.DO, Kind.SAY, Kind.STORY) and not rest:
        raise DungeonError(f"/{name} needs words: /{name} {BY_NAME[name].argument}")
    return Request(name, kind, rest)

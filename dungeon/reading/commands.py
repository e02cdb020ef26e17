"""What a reader can ask for besides the choices, once: key, word and help all come from here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One command; `key` is Textual's name of its key."""

    name: str
    summary: str
    key: str


COMMANDS = (
    Command("back", "Back one page. Nothing that you have seen is forgotten.", "b"),
    Command("map", "Show where you have been, and which endings you have found.", "m"),
    Command("restart", "Begin this story again. Back leads to where you were.", "r"),
    Command("stories", "Put this story away and choose another.", "s"),
    Command("help", "Show this list.", "f1"),
    Command("quit", "Leave. Your place is kept.", "ctrl+q"),
)
BY_NAME = {command.name: command for command in COMMANDS}

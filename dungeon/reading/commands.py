"""The registry of a reader's commands, besides the choices: keys, words and help come from here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One command; `key` is Textual's name of its key."""

    name: str
    summary: str
    key: str


COMMANDS = (
    Command("back", "Back one page. What you have seen is remembered.", "b"),
    Command("map", "Show where you have been, and which endings you have found.", "m"),
    Command("restart", "Begin this story again. Back leads to where you were.", "r"),
    Command("stories", "Close this story and choose another.", "s"),
    Command("help", "Show this list.", "f1"),
    Command("quit", "Leave. Your place is saved.", "ctrl+q"),
)
BY_NAME = {command.name: command for command in COMMANDS}

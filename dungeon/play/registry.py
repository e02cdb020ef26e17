"""The registry of commands: each is one entry with its name, help, key, screen and handler.

    @command(Group.TREE, "go", "Go to turn N of the tree; 0 is the opening.", argument="N")
    async def go(frontend: PlayFrontend, request: Request) -> None: ...

Help, the palette, the keys, the plain game and the README's table all read `COMMANDS`, which the modules of
`dungeon.play.commands` fill. A line that does not start with `/` is something the player does, says (in quotes) or,
when it is empty, the wish to go on.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from corpus.actions import read_input
from corpus.text import did_you_mean
from corpus.turns import Kind
from dungeon.errors import DungeonError
from dungeon.play.frontend import PlayFrontend
from dungeon.tale.adventure import Node


@dataclass(frozen=True, slots=True)
class Request:
    """A command that the player gave, with the words behind it."""

    command: str
    words: str = ""


class Group(StrEnum):
    """The headings of the help, in order."""

    PLAY = "Play"
    STORY = "Authored stories"
    TREE = "The story tree"
    LORE = "What the voice knows"
    SETTINGS = "Settings"
    ADVENTURES = "Adventures"


Handler = Callable[[PlayFrontend, Request], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Command:
    """One entry."""

    name: str
    """What follows the slash."""
    summary: str
    handler: Handler
    group: Group
    argument: str = ""
    """What follows the name, as help shows it; what is in brackets may be left out."""
    key: str = ""
    """Textual's name of the default key; "" for none."""
    screen: str = ""
    """The screen that the app opens in place of running the handler (`dungeon.tui.screens.by_command`)."""
    while_streaming: bool = False
    """Whether it may run while a turn streams."""
    needs_adventure: bool = True

    @property
    def stands_alone(self) -> bool:
        """Whether it can be given without words: by a key, or from the palette."""
        return not self.argument or self.argument.startswith("[")

    @property
    def usage(self) -> str:
        """As help shows it."""
        return f"/{self.name} {self.argument}".rstrip()


COMMANDS: dict[str, Command] = {}
"""By name."""


def command(
    group: Group,
    name: str,
    summary: str,
    *,
    argument: str = "",
    key: str = "",
    screen: str = "",
    while_streaming: bool = False,
    needs_adventure: bool = True,
) -> Callable[[Handler], Handler]:
    """A decorator that adds its function as the handler of a command; for the arguments see `Command`."""

    def add(handler: Handler) -> Handler:
        assert name not in COMMANDS, name
        COMMANDS[name] = Command(name, summary, handler, group, argument, key, screen, while_streaming, needs_adventure)
        return handler

    return add


def commands_by_group() -> dict[Group, list[Command]]:
    """The commands as help lists them."""
    return {group: [entry for entry in COMMANDS.values() if entry.group is group] for group in Group}


def help_lines(words: str = "") -> list[str]:
    """Return a line for each command: what to type, and what it does; with words, for those that have them in there.

    Raises:
        DungeonError: none has the words.
    """
    wanted = words.lower().lstrip("/").split()
    entries = [entry for group in commands_by_group().values() for entry in group]
    entries = [entry for entry in entries if all(word in f"{entry.usage} {entry.summary}".lower() for word in wanted)]
    if not entries:
        hint = did_you_mean(f"/{wanted[0]}", (f"/{known}" for known in COMMANDS))
        raise DungeonError(f"No command has '{' '.join(wanted)[:30]}' in its help.{hint} /help lists all.")
    entries.sort(key=lambda entry: entry.name not in wanted)  # the command of that name comes first
    width = max(len(entry.usage) for entry in entries)
    return [f"{entry.usage:{width}}  {entry.summary}" for entry in entries]


# ---- what the player typed -----------------------------------------------------------------------------------

_SUGGESTION_NUMBERS = ("1", "2", "3", "4")
"""Lines that pick a suggestion or a choice: nobody does a mere number."""

_LIKELY_COMMANDS = {
    **{name: name for name in ("help", "quit", "undo", "redo", "map")},
    **dict.fromkeys(("exit", "q"), "quit"),
    **dict.fromkeys(("back", "go back"), "undo"),
    "menu": "new",
}
"""Lines that hardly anybody means as a deed, and the commands that they mean."""

_OTHER_NAMES = {
    **dict.fromkeys(("erase", "revert", "eth"), "undo"),
    **dict.fromkeys(("alter", "fix"), "edit"),
    **dict.fromkeys(("remember", "plot", "essentials"), "memory"),
    **dict.fromkeys(("world", "lore", "worldinfo"), "cards"),
    **dict.fromkeys(("load", "save", "adventures"), "shelf"),
    **dict.fromkeys(("restart", "reset", "menu"), "new"),
    **dict.fromkeys(("exit", "bye", "q"), "quit"),
}
"""What other games call our commands."""


def parse_line(line: str, mode: Kind = Kind.DO, suggestions: tuple[str, ...] = ()) -> Request:
    """The command that a line gives; `suggestions` are what can be picked by number.

    Raises:
        DungeonError: there is no such command, its words are missing or too many, or the line is a command's name.
    """
    text = line.strip()
    if text.startswith("/"):
        name, *rest = text[1:].split(maxsplit=1) or [""]
        return _slash_command(name.lower(), "".join(rest))
    if text in _SUGGESTION_NUMBERS or (len(text) < 3 and text.isdecimal() and 0 < int(text) <= len(suggestions)):
        return Request("choose", str(int(text)))
    if command := likely_command(text):
        raise DungeonError(f"Did you mean /{command}? A line without a slash is what you do; /do {text} plays it.")
    kind, words = read_input(text)
    if kind is Kind.DO and mode is not Kind.DO:
        kind = mode
    return Request(kind.value, text if kind is Kind.STORY else words)  # a story's line breaks are the author's


def likely_command(line: str) -> str:
    """The command that a line without a slash is rather meant to be; "" for any other line."""
    return _LIKELY_COMMANDS.get(line.strip().lower(), "")


def _slash_command(name: str, words: str) -> Request:
    if name not in COMMANDS:
        meant = _OTHER_NAMES.get(name)
        hint = f" Did you mean /{meant}?" if meant else did_you_mean(f"/{name}", (f"/{known}" for known in COMMANDS))
        raise DungeonError(f"There is no command /{name[:30]}.{hint} /help lists them.")
    command = COMMANDS[name]
    if not command.stands_alone and not words:
        what = "words" if command.argument == "WORDS" else "more"
        raise DungeonError(f"/{name} needs {what}: {command.usage}")
    if words and not command.argument:
        raise DungeonError(f"/{name} takes no words; leave out '{words[:30]}'.")
    return Request(name, words)


def typed_line(turn: Node) -> str:
    """The line that a player may have typed for a turn: what `parse_line` reads as the same."""
    if turn.kind is Kind.STORY:
        return f"/{Kind.STORY.value} {turn.input}"
    if turn.kind is Kind.SAY and not turn.input.startswith('"'):
        return f'"{turn.input}"'
    return turn.input


def number_in(request: Request) -> int:
    """The number that a command was given.

    Raises:
        DungeonError: the words are not a number.
    """
    if len(request.words) > 9 or not request.words.isdecimal():
        raise DungeonError(f"/{request.command} takes a number: {COMMANDS[request.command].usage}")
    return int(request.words)

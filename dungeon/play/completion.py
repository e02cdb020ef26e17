"""What Tab makes of a line that is being typed: a whole command, or the name of somebody the tale knows.

completed("/re", ())              # "/retry"
completed("ask hes", ("Hessa",))  # "ask Hessa"
command_hint("/re")               # "/retry: Another answer … · also /redo, /rename"
"""

from collections.abc import Iterable

from dungeon.play.registry import COMMANDS, Command, commands_by_group

_LEAST_LETTERS = 3
"""Of a name: fewer begin too many words."""
_MOST_OTHERS = 6
"""Other commands that the hint names."""


def completed(line: str, names: Iterable[str]) -> str:
    """The line with the command or the name whole that its end begins; "" if it begins none."""
    if commands := _commands(line):
        return f"/{commands[0].name}" + (" " if commands[0].argument else "")
    if line.startswith("/") and " " not in line:
        return ""
    return next(filter(None, (_with_name(line, name) for name in names)), "")


def _with_name(line: str, name: str) -> str:
    """The line with the name whole, whose beginning stands at its end; "" if it does not."""
    for length in range(min(len(name) - 1, len(line)), _LEAST_LETTERS - 1, -1):
        before, end = line[:-length], line[-length:]
        if not before[-1:].isalnum() and end.casefold() == name[:length].casefold():
            return before + name
    return ""


def command_hint(line: str) -> str:
    """What the command does that a line begins, and which others it might become; "" if it begins none."""
    name, _, words = line.partition(" ")
    if words or line.endswith(" "):
        command = COMMANDS.get(name.removeprefix("/")) if line.startswith("/") else None
        return f"{command.usage}: {command.summary}" if command else ""
    commands = _commands(line)
    if not commands:
        return ""
    first, *others = commands
    also = ", ".join(f"/{other.name}" for other in others[:_MOST_OTHERS]) + " …" * (len(others) > _MOST_OTHERS)
    return f"{first.usage}: {first.summary}" + (f" · also {also}" if also else "")


def _commands(line: str) -> list[Command]:
    """The commands that a line of one word begins with a slash; the one that it names is first."""
    if not line.startswith("/") or (not line[1:].isalpha() and line != "/"):
        return []
    typed = line[1:].lower()
    listed = [command for group in commands_by_group().values() for command in group]
    found = [command for command in listed if command.name.startswith(typed)]
    return sorted(found, key=lambda command: command.name != typed)

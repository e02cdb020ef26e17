"""The game in lines, as processes."""

import subprocess
import sys

from tests.dungeon.scripted import ScriptedServer


def dungeon(*arguments: str, lines: str = "") -> subprocess.CompletedProcess[str]:
    """Run `dungeon` with these lines in a pipe, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "dungeon", *arguments],
        input=lines,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def plain_options(server: ScriptedServer, *options: str) -> list[str]:
    """Return what plays in lines with the server's answers."""
    return ["play", "--plain", "--endpoint", server.url, "--model", "scripted", *options]


def command(server: ScriptedServer, *options: str) -> list[str]:
    """Return the command that plays in lines with the server's answers."""
    return [sys.executable, "-m", "dungeon", *plain_options(server, *options)]


def play(server: ScriptedServer, lines: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Play these lines to the end."""
    return dungeon(*plain_options(server, *options), lines=lines)

"""Playing an adventure: the session, and the commands with their keys.

Importing it fills the registry of commands, which is thus never empty.
"""

from dungeon.play import commands

__all__ = ["commands"]

"""`python -m dungeon`: the same as the command `dungeon`."""

from dungeon.cli import main

main()

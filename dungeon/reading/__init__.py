"""Reading a story choice by choice: `dungeon read`. No model takes part.

walk.py      where the reader is and has been: pure
books.py     the stories that can be read
bookmark.py  saves a walk between sessions
commands.py  the reader's commands

The front ends are `dungeon.plain.reader` and `dungeon.tui.reader`.
"""

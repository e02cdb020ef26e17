"""Reading a story as a choose-your-own-adventure: `dungeon read`. No model tells it; somebody wrote it.

walk.py      where the reader is, came from and has been: pure
books.py     the stories that can be read
bookmark.py  what is remembered between sessions
commands.py  what a reader can ask for
plain.py     reading as lines; the screens are in `dungeon.screens`
"""

"""Authored stories: where they come from, and which of the author's choices a typed line means.

books.py          the stories that can be played: the library's, and files of the player's
matching.py       a typed line -> one of the author's choices
old_bookmarks.py  where a reader of an earlier version was
cast.py           who is in a story, as story cards for free play

Where a player is in a story is in `dungeon.tale.authored`, how it is played in `dungeon.play.director`.
"""

"""Voices as a player chooses among them.

find.py      a voice by name or path: weights + adapter + prompt format + defaults
added.py     those that the player added
overview.py  which are here, fit this machine and keep up with reading; lines.py has them as text
getting.py   gets and removes them; background.py while the game goes on
"""

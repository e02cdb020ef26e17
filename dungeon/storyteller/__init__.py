"""The storyteller: a voice running behind an HTTP endpoint, in the game's own child process or at a server's address.

sampling.py      how the next token is drawn
catalogue.py     base weights that the game can fetch
voices.py        weights + adapter + defaults, found by name or path
download.py      fetches and verifies the catalogue's weights
local.py         runs llama.cpp in a child process, engine.py is that child; http_client.py speaks to it
remote.py        a server that somebody else runs
servers/         finds out what a server is, and speaks to each kind as it wants
capabilities.py  what a server can do
messages.py      chat messages, for servers that take nothing else
open.py          picks the storyteller that the player asked for
"""

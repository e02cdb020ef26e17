"""The storyteller: a voice running behind an OpenAI-compatible `/v1/completions` endpoint.

sampling.py   how the next token is drawn
catalogue.py  base weights that the game can fetch
voices.py     weights + adapter + defaults, found by name or path
download.py   fetches and verifies the catalogue's weights
local.py      runs llama.cpp in a child process, engine.py is that child
client.py     streams completions from it, or from any other endpoint
open.py       picks the storyteller that the player asked for
"""

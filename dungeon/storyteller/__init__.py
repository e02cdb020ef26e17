"""The storyteller: a voice running behind an HTTP endpoint, in the game's own child process or at a server's address.

sampling.py      how the next token is drawn
catalogue.py     the voices that the game offers, from catalogue.toml; added.py: those that the player added
voices.py        weights + adapter + prompt format + defaults, found by name or path
overview.py      which are here, fit this machine and keep up with reading; machine.py, measurements.py, trial.py
getting.py       gets and removes voices; fetches.py: in the background
download.py      fetches and verifies weights: download_http.py and hub.py, download_packages.py, download_part.py
local.py         runs llama.cpp in a child process, engine.py is that child; http_client.py speaks to it
engine_params.py how the engine runs a model: gguf_header.py, memory.py, gpu.py
remote.py        a server that somebody else runs
servers/         finds out what a server is, and speaks to each kind as it wants
capabilities.py  what a server can do
chat_frame.py    learns a chat model's frame; messages.py: chat messages, for servers that take nothing else
open.py          picks the storyteller that the player asked for
"""

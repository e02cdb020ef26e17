"""The storyteller: a voice running behind an OpenAI-compatible `/v1/completions` endpoint.

sampling.py   how the next token is drawn
catalogue.py  the voices that the game offers, from catalogue.toml; added.py: those that the player added
voices.py     weights + adapter + format + defaults, found by name or path
overview.py   which of them are here, fit this machine and keep up with reading; machine.py, measurements.py, trial.py
getting.py    gets and removes voices; fetches.py: in the background
download.py   fetches and verifies weights: download_http.py and hub.py, download_packages.py, download_part.py
local.py      runs llama.cpp in a child process, engine.py is that child
client.py     streams completions from it, or from any other endpoint
open.py       picks the storyteller that the player asked for
"""

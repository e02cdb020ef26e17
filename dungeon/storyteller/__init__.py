"""The storyteller: a voice running behind an HTTP endpoint, in the game's own child process or at a server's address.

voices/         voices by name; which are here and fit this machine; getting and removing them
catalogue.py    the voices that the game offers, from catalogue.toml
download/       fetches and verifies weights
local/          runs a voice on this machine
servers/        finds out what a server is, and speaks to each kind as it wants
hardware/       this machine's memory and speed
protocol.py     what the game needs of a storyteller; open.py picks the one that the player asked for
request.py      what a storyteller is asked, with sampling.py; capabilities.py: what a server can do
chat_frame.py   learns a chat model's frame; messages.py: chat messages, for servers that take nothing else
gguf_header.py  what a model's file says about it
"""

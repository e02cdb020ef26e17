"""A voice on this machine: llama.cpp in a child process of the game.

storyteller.py    starts the child, restarts it once, and asks it through servers/completions.py
engine.py         is that child
engine_params.py  how it runs a model, by architecture and memory
trial.py          measures a voice on this machine
"""

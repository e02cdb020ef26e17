"""What this machine has, and what a model needs of it.

memory.py        the memory that a model takes, and that is free
machine.py       memory, cores, and how fast a voice would be
measurements.py  what was measured here, in one file
gpu.py           a graphics card that the engine can't use yet
"""

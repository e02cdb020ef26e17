"""Fetching weights: verified, resumed after any interruption, complete or not at all.

weights.py    the file of a voice, from its sources
one_file.py   one file, from the first source that delivers it; kept_file.py, once it is here: verified, or removed
disk.py       what is wrong with a disk that takes no more, as a sentence
http.py       one file by HTTP; hub.py asks the Hugging Face Hub where it is
packages.py   a file in parts, inside packages of the Python package index
part_file.py  what has arrived so far; file_lock.py keeps two games from writing it at once
"""

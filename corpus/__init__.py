"""Branching stories in, a training corpus out.

`corpus.story` is the data model that every reader returns, `corpus.turns` defines how a turn is written as text, and
`corpus.build` turns stories into a corpus. `python -m corpus --help` lists the commands.
Importing this package imports nothing else, because the game imports `corpus.turns` before its first screen.
"""

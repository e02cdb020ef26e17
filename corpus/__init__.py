"""Branching stories in, a training corpus out.

`corpus.story` is what every reader makes, `corpus.turns` is how a turn is written as text, and
`corpus.build` turns the one into the other. `python -m corpus --help` lists the commands.
Importing this package imports nothing else: the game reads `corpus.turns` on its way to the first screen.
"""

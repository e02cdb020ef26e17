"""The game: a text adventure in the terminal, written by a language model on the player's own machine.

`dungeon.cli` is the entry point. An adventure is a tree of turns (`dungeon.tale`, pure), saved on the shelf
(`dungeon.storage`), generated (`dungeon.generation`) by a voice (`dungeon.storyteller`), and shown as screens
(`dungeon.tui`) or lines (`dungeon.plain`). `dungeon.play.session` connects them. Nothing here imports torch.
"""

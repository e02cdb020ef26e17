"""The game: an adventure in the terminal, told by a language model that runs on the player's own machine.

`dungeon.cli` is the entry point. What is played lives in `dungeon.tale` (pure), is kept by `dungeon.storage.shelf`, told by
`dungeon.storyteller` and shown by `dungeon.tui.app` or, line by line, by `dungeon.plain.game`; `dungeon.play.session` holds the
four together. Nothing here imports torch.
"""

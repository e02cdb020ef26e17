"""`dungeon read` in the terminal: a Textual app without a storyteller."""

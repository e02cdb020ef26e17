"""`dungeon evaluate`: voices and bases side by side."""

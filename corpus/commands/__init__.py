"""The commands of `dungeon corpus`, one module each; `corpus.cli` lists them."""

"""The commands of `dungeon corpus`, a module each; `corpus.cli` lists them."""

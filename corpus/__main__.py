"""`python -m corpus`, which the game runs as `dungeon corpus`."""

from corpus.cli import main

if __name__ == "__main__":
    main(prog_name="dungeon corpus")

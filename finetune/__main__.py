"""`python -m finetune`."""

from finetune.cli import main

main(prog_name="dungeon finetune")

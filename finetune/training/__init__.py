"""`dungeon finetune`: trains a base on a corpus and writes the voice."""

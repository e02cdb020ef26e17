"""The commands, a module a group. Importing them fills `dungeon.play.registry.COMMANDS`."""

from dungeon.play.commands import adventures, authored, lore, settings, tree, turns, voices

__all__ = ["adventures", "authored", "lore", "settings", "tree", "turns", "voices"]

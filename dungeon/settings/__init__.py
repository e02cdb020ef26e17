"""What the player can set: the table of settings, presets, themes, and the layers in which values are kept."""

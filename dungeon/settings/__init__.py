"""Settings: the registry, presets and themes, the file, and the values in force in an adventure."""

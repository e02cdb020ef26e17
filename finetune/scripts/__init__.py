"""Programs for those who work on the project itself; nothing here is part of the library."""

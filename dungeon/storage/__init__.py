"""Crash-safe files: the shelf of adventures (SQLite) and TOML."""

"""Bases and voices: how they are opened, run, measured and made fast, and how their weights are written as GGUF."""

"""The game as lines: stdin to stdout, for pipes, scripts and screen readers."""

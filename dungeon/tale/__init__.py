"""The tale and its rules, without I/O: turns, memory and cards, the prompt's context, the output policy."""

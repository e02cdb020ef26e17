"""One module a screen, its style sheet beside it. Each is imported when it is first shown."""

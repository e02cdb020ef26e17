"""The errors that a user can do something about."""


class DungeonError(Exception):
    """Says what is wrong, where, and what to do next. The command line prints it and exits with 2."""


class StorytellerError(DungeonError):
    """The server can't be reached, refused the request, or broke off."""


class ContextOverflow(StorytellerError):
    """The prompt is longer than the server's context."""

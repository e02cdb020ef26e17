"""Playing an adventure: the session, the commands and the keys."""

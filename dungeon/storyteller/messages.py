"""A chat as messages, for servers that take no raw text."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat."""

    role: str
    """system, user or assistant."""
    content: str

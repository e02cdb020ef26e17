"""A chat as messages, for servers that take no raw text."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat."""

    role: str
    """system, user or assistant."""
    content: str


def split_messages(prompt: str) -> list[Message]:
    """Return the messages of a prompt in the frame `dungeon.tale.prompt_format.MESSAGES`. The last may be empty."""
    pieces = (piece.partition("\x1f") for piece in prompt.split("\x1e")[1:])
    return [Message(role, content) for role, _, content in pieces]

"""Chat messages, for servers that take nothing else.

The prompt format "messages" marks where each message of a prompt begins. A prompt of any other format is plain text,
which `plain_messages` wraps: an instruction, and the story so far as the user's one message.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from dungeon.storyteller.request import GenerationRequest

SYSTEM, USER, ASSISTANT = "system", "user", "assistant"

_INSTRUCTION = (
    "You write an interactive story together with a player. The user's message is the story so far; a line that begins "
    "with > is what the player does. Write what happens next, directly behind its last word: one paragraph, second "
    "person, present tense. Do not repeat the story, do not act or speak for the player, and add no comments."
)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat."""

    role: str
    """`system`, `user` or `assistant`. A last message of the assistant is the beginning of the answer."""
    content: str


def request_messages(request: GenerationRequest) -> tuple[Message, ...]:
    """Return the messages of a request: those of its prompt, or its text wrapped."""
    if request.context.format.name == "messages":
        return split_messages(request.prompt)
    return plain_messages(request.prompt)


def split_messages(prompt: str) -> tuple[Message, ...]:
    """Return the messages of a prompt in the frame `dungeon.tale.prompt_format.MESSAGES`. The last may be empty."""
    pieces = (piece.partition("\x1f") for piece in prompt.split("\x1e")[1:])
    return tuple(Message(role, content) for role, _, content in pieces)


def plain_messages(prompt: str) -> tuple[Message, ...]:
    """Return messages that ask for the continuation of a text."""
    return Message(SYSTEM, _INSTRUCTION), Message(USER, prompt)


def merge_messages(messages: Iterable[Message]) -> list[Message]:
    """Return the messages without empty ones, neighbours of one role joined by a blank line.

    Many chat services refuse two messages of one role in a row, and an assistant who speaks first.
    """
    merged: list[Message] = []
    for message in messages:
        if not message.content.strip():
            continue
        if message.role == ASSISTANT and all(before.role == SYSTEM for before in merged):
            merged.append(Message(USER, "Begin."))
        if merged and merged[-1].role == message.role:
            merged[-1] = replace(message, content=f"{merged[-1].content}\n\n{message.content}")
        else:
            merged.append(message)
    return merged

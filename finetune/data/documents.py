"""What rows with a text or with messages are, and how they become examples: a document is a text or a chat.

    document = read_document({"messages": [{"role": "user", "content": "open the door"}, …]}, "chats.jsonl, line 1")
    for example in examples(document_id(document), document): ...

A text is learned whole. It stays as it is, so lines in it that begin with "> " are the player's (`corpus.turns`).
A chat becomes turns of that form: what the user writes is the player's action, what the assistant writes answers it,
and what the system writes opens the context. As in a corpus that was built, the action is learned with its answer,
because a voice ends its prose with the next action. A user's message of several lines or more than a few sentences is
no action: it is prose of the context, and never learned. A chat breaks off, so no end of a story is learned there.

Light: standard library and corpus only.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from corpus.actions import action_line, read_input
from corpus.examples import DEFAULT_CONTEXT, Example, edge_cover
from corpus.graph import Graph, Node
from corpus.readers.playthrough import is_narration
from corpus.text import did_you_mean, printable
from corpus.turns import PARAGRAPH, clean_prose
from finetune.errors import FinetuneError

COLUMNS = ("messages", "conversations", "text")
"""What a row is read from: the first of them that it has."""
_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
}
_ID_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a chat."""

    role: str
    """system, user or assistant."""
    text: str


Document = str | tuple[Message, ...]


def read_document(row: Mapping[str, Any], where: str) -> Document:
    """Return the text or the chat of a row; "" or () where there is nothing in it to learn.

    Raises:
        FinetuneError: the row has no such column, or something else in it; `where` says where that is.
    """
    column = next((name for name in COLUMNS if name in row), None)
    if column is None:
        known = sorted(map(str, row))
        raise FinetuneError(
            f"{where} has no column text or messages; its columns: {', '.join(known) or 'none'}."
            f"{did_you_mean('text', known)} Rename the one that holds the text to text."
        )
    value = row[column]
    if column == "text":
        if not isinstance(value, str | None):
            raise FinetuneError(f"{where}: its text is no text but {type(value).__name__}.")
        return printable((value or "").replace("\r\n", "\n").replace("\r", "\n")).strip("\n").rstrip()
    if not isinstance(value, list):
        raise FinetuneError(f"{where}: its {column} is not a list of messages.")
    messages = [_read_message(message, f"{where}, message {n}") for n, message in enumerate(value, 1)]
    joined = tuple(
        Message(role, PARAGRAPH.join(message.text for message in group))
        for role, group in groupby((message for message in messages if message.text), key=lambda message: message.role)
    )
    return joined if any(message.role == "assistant" for message in joined) else ()


def _read_message(message: Any, where: str) -> Message:
    """Return a message in OpenAI's form (role, content) or in ShareGPT's (from, value)."""
    fields = message if isinstance(message, Mapping) else {}
    role, text = fields.get("role", fields.get("from")), fields.get("content", fields.get("value"))
    if role not in _ROLES:
        raise FinetuneError(f"{where}: its role is {role!r}; it is one of {', '.join(_ROLES)}.")
    if not isinstance(text, str | None):
        raise FinetuneError(f"{where}: its content is no text but {type(text).__name__}.")
    return Message(_ROLES[role], clean_prose(text or ""))


def document_id(document: Document) -> str:
    """Return the id of a document: the same for the same text."""
    text = document if isinstance(document, str) else "\0".join(f"{part.role}\0{part.text}" for part in document)
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_DIGITS]


def examples(story: str, document: Document) -> Iterable[Example]:
    """Return the examples of a document; `story` is its id."""
    if isinstance(document, str):
        return [Example(story, "", document, ends=True)]
    return edge_cover(_chat_graph(story, document), DEFAULT_CONTEXT)


def _chat_graph(story: str, chat: tuple[Message, ...]) -> Graph:
    """Return a chat as a story without branches."""
    turns = [("", "", True)]  # action, prose, whether the prose is only context
    action = ""
    for message in chat:
        if message.role == "user" and not is_narration(message.text):
            action = action_line(*read_input(message.text))
        else:
            turns.append((action, message.text, message.role != "assistant"))
            action = ""
    if not turns[1][0]:  # the chat opens with prose
        del turns[0]
    nodes = {}
    for n, ((_, prose, context_only), (following, _, _)) in enumerate(pairwise([*turns, ("", "", True)])):
        last = n + 1 == len(turns)
        edges = () if last else ((following, str(n + 1)),)
        nodes[str(n)] = Node(prose, edges, ends=False, context_only=context_only)
    return Graph(story, b"", "0", nodes, ())

"""A tale in a chat model's own frame: what training and play share beside `corpus.turns`.

    system   what the model is asked to do (`DEFAULT_INSTRUCTIONS`)
    user     Begin the story.
    reply    You stand before the iron door.
    user     > You open the door.
    reply    The hinges scream.
    user     Continue the story.
    reply    …

A frame is the text that a model's template puts around the messages of a chat. It is learned from the model itself, so
no template has to be guessed from a model's name: whoever can render a chat with the template renders `MARKER_CHATS`,
and `read_frame` takes what stands between the markers. Where the template opens a block of thinking, the frame closes
it. Texts of a story go into a frame with `control_strings.break_control_strings`.

Limits: a template that moves or changes messages (a system text in the last user turn, say) is used without its system
role: the system text begins the first user turn.

Standard library only, because the game imports this module at start.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corpus.control_strings import close_thinking
from corpus.turns import PARAGRAPH

DEFAULT_INSTRUCTIONS = (
    'You are the narrator of a text adventure. The player writes what they do, in lines that begin with "> You". '
    "Answer with what happens next, in one paragraph of two to four sentences, in the second person and the present "
    "tense. Let the action happen as the player wrote it, and let the world answer: what changes, what people do and "
    "say, what the player sees and hears. Stay with the place, the people and the facts of the story so far, and use "
    "their names as they are written. Add one new detail or event that follows from what came before. An action may "
    "fail if it would. Never decide, speak or act for the player. Never ask the player what to do. Write prose only: "
    "no lists, no headings, no comments."
)
"""What the narrator is asked to do, where nobody asks for something else."""
BEGIN = "Begin the story."
CONTINUE = "Continue the story."
"""What the user says where the player did nothing: before the opening, and for a turn without an action."""
INSTRUCT_SAMPLING: Mapping[str, Any] = {
    "temperature": 0.8,
    "min_p": 0.05,
    "repeat_penalty": 1.05,
    "dry_multiplier": 0.0,
    "length": 110,
}
"""How an instruct model of which nothing is known is played, by the names of `voice.json`: a warm voice with a light
penalty was read with more pleasure than a cool one without."""
INSTRUCT_CONTEXT = 4096
"""Tokens, for the same, if it was trained for as many."""


@dataclass(frozen=True, slots=True)
class ChatFrame:
    """The text around the messages of a chat: between messages, the end of one and the start of the next."""

    before_system: str
    system_to_user: str
    user_to_reply: str
    """Up to where the model starts to write."""
    reply_to_user: str

    @property
    def end_of_reply(self) -> str:
        """The control string that ends a reply, like `<|im_end|>`; "" if the frame has none there."""
        match = re.match(r"\s*(<[^<>\s]+>)", self.reply_to_user)
        return match[1] if match else ""


CHATML = ChatFrame(
    "<|im_start|>system\n",
    "<|im_end|>\n<|im_start|>user\n",
    "<|im_end|>\n<|im_start|>assistant\n",
    "<|im_end|>\n<|im_start|>user\n",
)
"""The most common frame (https://huggingface.co/docs/transformers/chat_templating)."""


Chat = Sequence[tuple[str, str]]
"""Messages: role and text."""
_CHAT = (("user", "First7marker"), ("assistant", "Reply7marker"), ("user", "Last7marker"))
MARKER_CHATS: tuple[Chat, ...] = ((("system", "Sys7marker"), *_CHAT), _CHAT)
"""To be rendered up to where the next reply begins: the second where the first teaches nothing."""


def read_frame(rendered: str, chat: Chat) -> ChatFrame | None:
    """Return the frame around one of `MARKER_CHATS`; None unless each marker is there once, in its place."""
    pieces = []
    for _, marker in chat:
        if rendered.count(marker) != 1:
            return None
        before, _, rendered = rendered.partition(marker)
        pieces.append(before)
    # Before the system text, where there is one, and before the first user's; the first reply's beginning is not used.
    *start, _, reply_to_user = pieces
    before_system, system_to_user = start if len(start) == 2 else (start[0], PARAGRAPH)
    return ChatFrame(before_system, system_to_user, close_thinking(rendered), reply_to_user)

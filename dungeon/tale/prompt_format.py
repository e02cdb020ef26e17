"""Prompt formats: how the parts of a context become the text that a model continues.

    writer = TaleFormat().writer()
    text = writer.memory("You light the lamps.") + writer.opening("It is dark.")
    text += writer.last_turn(Turn("You wait.", ""), is_started=False)

- `TaleFormat` is plain text, the format of `corpus.turns`, for voices that were tuned on it.
- `ChatFormat` puts the tale into a chat model's own frame (ChatML, Llama 3, Gemma, …): instructions and memory are the
  system text, the player's actions are the user's turns, the prose is the assistant's. The frame is sent as raw text,
  so that a reply can be continued, started and cached like any other text. `dungeon.storyteller.chat_frame` learns it.

In both formats a longer story begins with the text of the shorter one, which keeps the engine's prefix cache warm. For
that, the chat format starts every reply with what the model's template puts before a new reply, even where the template
leaves it out of earlier ones (an empty block of thinking).
"""

import re
from dataclasses import dataclass, replace

from corpus.turns import ACTION_MARK, PARAGRAPH, PROMPT_END, STOP, Turn, write
from dungeon.tale.control_strings import break_control_strings

DEFAULT_INSTRUCTIONS = (
    'You are the narrator of a text adventure. The player writes what they do, in lines that begin with "> You". '
    "Answer with what happens next, in one paragraph of two to four sentences, in the second person and the present "
    "tense. Let the action happen as the player wrote it, and let the world answer: what changes, what people do and "
    "say, what the player sees and hears. Stay with the place, the people and the facts of the story so far, and use "
    "their names as they are written. Add one new detail or event that follows from what came before. An action may "
    "fail if it would. Never decide, speak or act for the player. Never ask the player what to do. Write prose only: "
    "no lists, no headings, no comments."
)
CARD_LABEL = "Good to know"
NOTE_LABEL = "Author's note"
SUMMARY_LABEL = "The story so far"
"""How notes are marked."""
_BEGIN = "Begin the story."
_CONTINUE = "Continue the story."


def with_instructions(prompt_format: "PromptFormat", text: str) -> "PromptFormat":
    """Return the format with these instructions for adventures without their own; "" leaves it as it is."""
    if not text or not prompt_format.takes_instructions:
        return prompt_format
    return replace(prompt_format, default_instructions=text)


def byte_size(text: str) -> int:
    """Return the bytes of `text` in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


# ---- plain text --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TaleFormat:
    """Plain text: paragraphs, and actions as `> You …`."""

    name: str = "tale"
    takes_instructions: bool = False
    default_instructions: str = ""
    """For an adventure without its own."""
    prose_start: str = PROMPT_END
    """What stands between a prompt and the prose that answers it."""
    can_prefill: bool = True
    stop: tuple[str, ...] = (STOP,)
    """A reply ends before any of these strings."""

    def writer(self) -> "TaleWriter":
        """Return a writer for one prompt."""
        return TaleWriter()

    def turn_bytes(self, turn: Turn) -> int:
        """Return the bytes of the turn and of a blank line for each of its blocks."""
        action = byte_size(turn.action) + len(ACTION_MARK + PARAGRAPH) if turn.action else 0
        return action + (byte_size(turn.prose) + len(PARAGRAPH) if turn.prose else 0)

    def note_overhead(self, label: str) -> int:
        """Return the bytes that a note takes beside its text."""
        return byte_size(_plain_note(label, "") + PARAGRAPH)

    def fixed_bytes(self) -> int:
        """Return the bytes of the last turn beside its words."""
        return len(PARAGRAPH + ACTION_MARK + PARAGRAPH + PROMPT_END)


TALE = TaleFormat()


class TaleWriter:
    """Writes one prompt, part by part from the beginning; each method returns the text to append for its part."""

    def __init__(self) -> None:
        self._is_empty = True

    def _block(self, text: str) -> str:
        if not text:
            return ""
        before, self._is_empty = "" if self._is_empty else PARAGRAPH, False
        return before + break_control_strings(text)

    def instructions(self, text: str) -> str:
        """What the model is asked to do: nothing, in plain text."""
        assert not text, "plain text takes no instructions"
        return ""

    def memory(self, text: str) -> str:
        """What the model always has to know."""
        return self._block(text)

    def opening(self, text: str) -> str:
        """The prose before the first turn."""
        return self._block(text)

    def note(self, label: str, text: str) -> str:
        """Something to know at this place of the tale: a summary, a card, the author's note."""
        return self._block(_plain_note(label, text)) if text else ""

    def turn(self, turn: Turn) -> str:
        """An action and its prose."""
        return self._block(write([turn]))

    def last_turn(self, turn: Turn, *, is_started: bool) -> str:
        """The turn to be answered; `is_started`: the model continues right after its prose."""
        return self._block(write([turn])) + ("" if is_started else PROMPT_END)

    def next_action(self) -> str:
        """The beginning of the player's next action, for a suggestion."""
        return f"{PARAGRAPH}{ACTION_MARK}You"


def _plain_note(label: str, text: str) -> str:
    """The author's note is marked as one; a summary and a card are paragraphs."""
    return f"[{label}: {text}]" if label == NOTE_LABEL else text


# ---- a chat model's frame ----------------------------------------------------------------------------------------


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


MESSAGES = ChatFrame("\x1esystem\x1f", "\x1euser\x1f", "\x1eassistant\x1f", "\x1euser\x1f")
"""Not a model's frame: `dungeon.storyteller.messages` splits the text at these characters, which no part may hold."""


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """A tale in a chat model's frame."""

    frame: ChatFrame = CHATML
    name: str = "frame"
    """Or "messages", for a server that takes no raw text."""
    takes_instructions: bool = True
    default_instructions: str = DEFAULT_INSTRUCTIONS
    prose_start: str = ""

    @property
    def can_prefill(self) -> bool:
        """Whether the beginning of a reply, or of the player's action, can be given."""
        return self.name != "messages"

    @property
    def stop(self) -> tuple[str, ...]:
        """A reply ends before the player's next action or a note of ours, or with the frame's own mark."""
        own = (self.frame.end_of_reply,) if self.frame.end_of_reply else ()
        return (STOP, *own, *(f"[{label}:" for label in (CARD_LABEL, NOTE_LABEL, SUMMARY_LABEL)))

    def writer(self) -> "ChatWriter":
        """Return a writer for one prompt."""
        return ChatWriter(self.frame)

    def turn_bytes(self, turn: Turn) -> int:
        """Return the bytes of the turn in its frame."""
        action = ACTION_MARK + turn.action if turn.action else _CONTINUE
        return byte_size(self.frame.reply_to_user + action + self.frame.user_to_reply + turn.prose)

    def note_overhead(self, label: str) -> int:
        """Return the bytes that a note takes beside its text, at most."""
        return byte_size(self.frame.reply_to_user + _bracketed(label, "") + PARAGRAPH)

    def fixed_bytes(self) -> int:
        """Return the bytes of the frame around the system text, the opening and the last action."""
        frame = self.frame
        start = frame.before_system + frame.system_to_user + _BEGIN + frame.user_to_reply
        return byte_size(start + PARAGRAPH * 2 + frame.reply_to_user + _CONTINUE + frame.user_to_reply)


class ChatWriter:
    """Writes one prompt like `TaleWriter`, in a chat's frame."""

    def __init__(self, frame: ChatFrame) -> None:
        self._frame = frame
        self._role = ""

    def _system(self, text: str) -> str:
        if not text:
            return ""
        before, self._role = PARAGRAPH if self._role else self._frame.before_system, "system"
        return before + break_control_strings(text)

    def _user(self, text: str) -> str:
        frame = self._frame
        before = {
            "": frame.before_system + frame.system_to_user,
            "system": frame.system_to_user,
            "user": PARAGRAPH,
            "reply": frame.reply_to_user,
        }[self._role]
        self._role = "user"
        return before + break_control_strings(text)

    def _reply(self, text: str) -> str:
        self._role = "reply"
        return self._frame.user_to_reply + break_control_strings(text)

    def _action(self, action: str) -> str:
        return self._user(ACTION_MARK + action if action else _CONTINUE)

    def instructions(self, text: str) -> str:
        """The beginning of the system text."""
        return self._system(text)

    def memory(self, text: str) -> str:
        """The end of the system text."""
        return self._system(text)

    def opening(self, text: str) -> str:
        """The first reply."""
        return self._user(_BEGIN) + self._reply(text) if text else ""

    def note(self, label: str, text: str) -> str:
        """A paragraph in brackets before the next action."""
        return self._user(_bracketed(label, text)) if text else ""

    def turn(self, turn: Turn) -> str:
        """The action, or a wish to go on, and its reply."""
        if not (turn.action or turn.prose):
            return ""
        action = self._action(turn.action)
        return action + self._reply(turn.prose) if turn.prose else action

    def last_turn(self, turn: Turn, *, is_started: bool) -> str:
        """The action, and the reply up to where the model continues."""
        text = self._action(turn.action) + self._reply(turn.prose)
        return text if is_started or not turn.prose else text + PARAGRAPH

    def next_action(self) -> str:
        """The beginning of the player's next action, for a suggestion."""
        return self._user(f"{ACTION_MARK}You")


def _bracketed(label: str, text: str) -> str:
    return f"[{label}: {text}]"


PromptFormat = TaleFormat | ChatFormat

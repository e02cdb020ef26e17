"""Learns the frame of a chat model: the text that its template puts around the messages of a chat.

    frame = await learn_frame(client.chat_template_prompt)

The server renders a chat of marker texts with the model's own template, and what stands between the markers is the
frame (llama.cpp: POST /apply-template). Where the template opens a block of thinking, the frame closes it. So no
template has to be guessed from a model's name, and none is run here.

Limits: a template that moves or changes messages (a system text in the last user turn, say) is used without its system
role: the system text begins the first user turn.
"""

from collections.abc import Awaitable, Callable, Sequence

from corpus.turns import PARAGRAPH
from dungeon.storyteller.messages import Message
from dungeon.tale.control_strings import close_thinking
from dungeon.tale.prompt_format import ChatFrame

RenderChat = Callable[[Sequence[Message]], Awaitable[str | None]]
"""Returns the prompt for a chat, up to where the next reply begins; None where the server can't or the template
refuses."""

_SYSTEM, _USER, _REPLY, _LAST = "Sys7marker", "First7marker", "Reply7marker", "Last7marker"
_CHAT = (Message("user", _USER), Message("assistant", _REPLY), Message("user", _LAST))


async def learn_frame(render: RenderChat) -> ChatFrame | None:
    """Return the frame that `render` puts around a chat, None if it can't be learned."""
    rendered = await render((Message("system", _SYSTEM), *_CHAT))
    if rendered and (between := _between(rendered, (_SYSTEM, _USER, _REPLY, _LAST))):
        before_system, system_to_user, _, reply_to_user, user_to_reply = between
        return ChatFrame(before_system, system_to_user, close_thinking(user_to_reply), reply_to_user)
    rendered = await render(_CHAT)
    if rendered and (between := _between(rendered, (_USER, _REPLY, _LAST))):
        before_user, _, reply_to_user, user_to_reply = between
        return ChatFrame(before_user, PARAGRAPH, close_thinking(user_to_reply), reply_to_user)
    return None


def _between(text: str, markers: Sequence[str]) -> list[str] | None:
    """Return what stands before, between and after the markers; None unless each is there once, in this order."""
    pieces = []
    for marker in markers:
        if text.count(marker) != 1:
            return None
        before, _, text = text.partition(marker)
        pieces.append(before)
    return [*pieces, text]

"""Learns the frame of a chat model from a server that renders chats with the model's own template.

    frame = await learn_frame(client.chat_template_prompt)

llama.cpp does (POST /apply-template), so no template is run here. `corpus.chat_frame` says what a frame is.
"""

from collections.abc import Awaitable, Callable, Sequence

from corpus.chat_frame import MARKER_CHATS, ChatFrame, read_frame
from dungeon.storyteller.messages import Message

RenderChat = Callable[[Sequence[Message]], Awaitable[str | None]]
"""Returns the prompt for a chat, up to where the next reply begins; None where the server can't or the template
refuses."""


async def learn_frame(render: RenderChat) -> ChatFrame | None:
    """Return the frame that `render` puts around a chat, None if it can't be learned."""
    for chat in MARKER_CHATS:
        rendered = await render([Message(role, text) for role, text in chat])
        if rendered and (frame := read_frame(rendered, chat)):
            return frame
    return None

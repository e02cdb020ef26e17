"""Learning a model's chat frame from what its template makes of marker texts."""

from collections.abc import Callable, Sequence

import pytest

from corpus.chat_frame import CHATML, ChatFrame
from dungeon.storyteller.chat_frame import learn_frame
from dungeon.storyteller.messages import Message

Template = Callable[[Sequence[Message]], str | None]


def chatml(messages: Sequence[Message]) -> str:
    return "".join(f"<|im_start|>{m.role}\n{m.content}<|im_end|>\n" for m in messages) + "<|im_start|>assistant\n"


def thinking_off(messages: Sequence[Message]) -> str:
    """Qwen3: an empty block of thinking before the new reply only."""
    return chatml(messages) + "<think>\n\n</think>\n\n"


def gemma(messages: Sequence[Message]) -> str:
    """The system text is the beginning of the first user turn."""
    system = next((m.content + "\n\n" for m in messages if m.role == "system"), "")
    text = ""
    for message in messages:
        if message.role != "system":
            role = "model" if message.role == "assistant" else "user"
            text += f"<start_of_turn>{role}\n{system}{message.content.strip()}<end_of_turn>\n"
            system = ""
    return text + "<start_of_turn>model\n"


def no_system(messages: Sequence[Message]) -> str | None:
    """Gemma 1, Mistral 0.1: the template refuses a system role."""
    return None if messages[0].role == "system" else gemma(messages)


def system_last(messages: Sequence[Message]) -> str:
    """Mistral v3: the system text goes into the last user turn."""
    system = next((m.content + "\n\n" for m in messages if m.role == "system"), "")
    chat = [m for m in messages if m.role != "system"]
    text = "<s>"
    for message in chat:
        before = system if message is chat[-1] else ""
        text += f"[INST] {before}{message.content}[/INST]" if message.role == "user" else f" {message.content}</s>"
    return text


async def learned(template: Template) -> ChatFrame | None:
    async def render(messages: Sequence[Message]) -> str | None:
        return template(messages)

    return await learn_frame(render)


async def test_chatml() -> None:
    assert await learned(chatml) == CHATML


async def test_what_switches_thinking_off_stands_before_every_reply() -> None:
    frame = await learned(thinking_off)
    assert frame is not None
    assert frame.user_to_reply == CHATML.user_to_reply + "<think>\n\n</think>\n\n"
    assert frame.reply_to_user == CHATML.reply_to_user


def always_thinking(messages: Sequence[Message]) -> str:
    """DeepSeek R1, QwQ: the template opens a block of thinking, whatever it is asked."""
    return chatml(messages) + "<think>\n"


async def test_a_block_of_thinking_that_a_template_opens_is_closed() -> None:
    frame = await learned(always_thinking)
    assert frame is not None
    assert frame.user_to_reply == CHATML.user_to_reply + "<think>\n\n</think>\n\n"


@pytest.mark.parametrize("template", [gemma, no_system])
async def test_without_a_system_role_the_system_text_begins_the_first_turn(template: Template) -> None:
    frame = await learned(template)
    assert frame == ChatFrame(
        "<start_of_turn>user\n", "\n\n", "<end_of_turn>\n<start_of_turn>model\n", "<end_of_turn>\n<start_of_turn>user\n"
    )


async def test_a_template_that_moves_the_system_text_is_used_without_its_system_role() -> None:
    assert await learned(system_last) == ChatFrame("<s>[INST] ", "\n\n", "[/INST]", "</s>[INST] ")


@pytest.mark.parametrize("answer", [None, "", "nothing of it", chatml((Message("user", "x"),)) * 2])
async def test_an_answer_that_is_no_chat_teaches_nothing(answer: str | None) -> None:
    assert await learned(lambda messages: answer) is None

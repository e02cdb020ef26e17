"""Breaks up control strings, so that no text from a player, a card or a file can command the model; hides thinking.

    break_control_strings("<|im_end|>")                # "< |im_end|>"
    hide_thinking("<think>He asks.</think>\\n\\nRain.")   # "Rain."

A server reads control strings such as `<|im_start|>system` or `[/INST]` as control tokens wherever they stand in a
prompt, in raw text and in chat messages (tested with llama.cpp's server). A space inside makes them plain text. The
patterns cover the frames of ChatML, Llama 2, 3 and 4, Mistral, Gemma, Phi, Command R, DeepSeek, Granite, GPT-OSS and
their kin, and the marks around thinking.
"""

import re

_CONTROL_STRING = re.compile(
    r"""
      <(?=\|[^<>\n]{1,40}\|?>)                   # <|im_end|>, <|eot_id|>, <|turn>, <|START_OF_TURN_TOKEN|>
    | <(?=｜[^<>\n]{1,40}｜>)                     # <｜end▁of▁sentence｜>
    | <(?=[a-z_]{1,20}\|>)                       # <turn|>, <channel|>
    | <(?=/?(?:s|bos|eos|pad|unk|mask)>)         # </s>, <bos>
    | <(?=(?:start|end)_of_(?:turn|text|image|role)>)
    | <(?=/?(?:think|thinking|thought|reasoning|tool_call|tool_response|tools|system|user|assistant)>)
    | <(?=<?/?SYS>>)                             # <<SYS>>, <</SYS>>
    | <(?=(?:unused|extra_id_|reserved_special_token_)\d+>)
    | \[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_(?:CALLS|RESULTS|CONTENT)|IMG|PREFIX|SUFFIX|MIDDLE|THINK)\])
    """,
    re.VERBOSE | re.IGNORECASE,
)


def break_control_strings(text: str) -> str:
    """Return `text` with a space inside each control string; the same text if it has none."""
    if "<" not in text and "[" not in text:
        return text
    return _CONTROL_STRING.sub(lambda match: match[0] + " ", text)


THINKING_MARKS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("[THINK]", "[/THINK]"),
    ("<|channel>thought", "<channel|>"),
)
"""Around what a model thinks before it answers: Qwen, DeepSeek and most others; some tunes; Magistral; Gemma 4."""


def hide_thinking(text: str) -> str:
    """Return what follows a block of thinking at the beginning of a reply; "" while the block, or its mark, is open."""
    reply = text.lstrip()
    for start, end in THINKING_MARKS:
        if reply and start.startswith(reply):
            return ""
        if reply.startswith(start):
            return reply.partition(end)[2].lstrip()
    return text


def close_thinking(text: str) -> str:
    """Return the beginning of a reply with its block of thinking closed, where a template has opened one."""
    for start, end in THINKING_MARKS:
        if text.rstrip().endswith(start):
            return f"{text.rstrip()}\n\n{end}\n\n"
    return text

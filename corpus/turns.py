r"""How a turn is written as text: the contract between the corpus, training and the game.

A tale is paragraphs separated by a blank line. An action is a paragraph of its own that starts with `> `:

    You stand before the iron door.

    > You open the door.

    The hinges scream.

    > You say "Who's there?"

    Nobody answers.

The format is AI Dungeon's with blank lines. A model trained on it ends its prose with a new action, so generation
stops at `STOP`. The end of a story is the tokenizer's end-of-text token, which is not written here.

A prompt ends with exactly one newline. Byte-level tokenizers of the GPT-2 family encode a blank line before a word as
two newline tokens, but a blank line at the end of a text as one other token, which never occurs there in training. With
one newline, the prompt's tokens are a prefix of the whole text's tokens, which also keeps the prefix cache valid.

`corpus.actions` turns the player's words into an action line, `corpus.labels` the label of a choice.

Standard library only, because the game imports this module at start.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from corpus.text import CONTROL, printable

PARAGRAPH = "\n\n"
ACTION_MARK = "> "
STOP = "\n>"
PROMPT_END = "\n"


class Kind(StrEnum):
    """What the player entered."""

    DO = "do"
    SAY = "say"
    STORY = "story"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class Turn:
    """An action, written as a sentence ("You open the door."), and the prose that answers it.

    An empty action marks an opening, the player's own narration, or a turn in which the story continues by itself.
    """

    action: str
    prose: str


def write(turns: Iterable[Turn]) -> str:
    """Return the turns as text, without a trailing newline. Prose is expected to be clean (see `clean_prose`)."""
    blocks = []
    for turn in turns:
        if turn.action:
            blocks.append(ACTION_MARK + turn.action)
        if turn.prose:
            blocks.append(turn.prose)
    return PARAGRAPH.join(blocks)


def parse(text: str) -> list[Turn]:
    """Return the turns of a written text.

    A turn without an action is merged with the turn before it, because the text doesn't separate them; otherwise
    `parse(write(turns)) == turns`.
    """
    turns: list[Turn] = []
    action, prose = "", list[str]()
    for block in re.split(r"\n\s*\n", text.rstrip()):
        block = block.strip("\n")  # keeps the author's indentation
        if block.lstrip().startswith(">"):
            if action or prose:
                turns.append(Turn(action, PARAGRAPH.join(prose)))
            line, _, rest = block.lstrip()[1:].strip().partition("\n")
            action, prose = line.strip(), [rest.strip()] if rest.strip() else []
        elif block:
            prose.append(block)
    if action or prose:
        turns.append(Turn(action, PARAGRAPH.join(prose)))
    return turns


def prompt(tale: str, action: str) -> str:
    """Return the prompt for the answer to `action` ("" to continue) after `tale`; the module explains the newline."""
    head = tale + PARAGRAPH if tale and action else tale
    return head + (ACTION_MARK + action if action else "") + PROMPT_END


# Control characters, the action mark, and invisible spaces at the end of a line.
_UNTIDY = re.compile(f"[{CONTROL}>\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_MARKED = re.compile(r"^\s*>[>\s]*")
# Zero for bytes of UTF-8 without which a text has nothing that `_UNTIDY` finds, except for U+2000: a quick first test.
_MAYBE_UNTIDY = bytes(
    0
    if n
    in (*range(10), *range(11, 32), ord(">"), 127, *range(0x81, 0x8B), 0x9F, 0xA8, 0xA9, 0xAF, 0xC2, 0xE1, 0xE3, 0xED)
    else n
    for n in range(256)
)


def clean_prose(text: str) -> str:
    """Return `text` as prose: no control characters, no line that would read as an action, no repeated blank lines.

    Emoji, right-to-left text and anything that looks like markup stay: they are the author's words.
    """
    data = text.encode(errors="surrogatepass").translate(_MAYBE_UNTIDY)
    tidy = (b"\0" not in data and "\u2000" not in text) or not _UNTIDY.search(text)
    if tidy and " \n" not in text and "\n\n\n" not in text and not text.endswith(" "):
        return text.strip("\n")  # covers nearly all text, a hundred times faster
    text = printable(text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = ((_MARKED.sub("", line) if ">" in line else line).rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", PARAGRAPH, "\n".join(lines)).strip("\n")

r"""How a turn is written as text: the contract between the corpus, the training and the game.

A tale is paragraphs separated by a blank line. An action is a paragraph of its own that starts with `> `:

    You stand before the iron door.

    > You open the door.

    The hinges scream.

    > You say "Who's there?"

    Nobody answers.

The format is AI Dungeon's with blank lines. A voice that learned it ends its prose with a new action, so
generation stops at `STOP`. A story's end is the tokenizer's end-of-text, which is not written here.

A prompt ends with exactly one newline: byte-level tokenizers of the GPT-2 family write a blank line in front of
a word as two newline tokens, but a blank line at the end of a text as one other token, which training never
shows in that place. Ending on one newline keeps a prompt's tokens a prefix of the tale's tokens, which is also
what keeps the engine's prefix cache warm.

How the player's words become an action line is `corpus.actions`; how a choice's label does, `corpus.labels`.

Light on purpose: standard library only, for the game imports it at start.
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
    """What sort of thing the player put in."""

    DO = "do"
    SAY = "say"
    STORY = "story"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class Turn:
    """An action, as the sentence that is written ("You open the door."), and the prose that answers it.

    An empty action is an opening, narration by the player, or "go on".
    """

    action: str
    prose: str


# ---- writing and parsing -------------------------------------------------------------------------------------


def write(turns: Iterable[Turn]) -> str:
    """The tale as text, without a trailing newline. Prose is expected to be clean (`clean_prose`)."""
    blocks = []
    for turn in turns:
        if turn.action:
            blocks.append(ACTION_MARK + turn.action)
        if turn.prose:
            blocks.append(turn.prose)
    return PARAGRAPH.join(blocks)


def parse(text: str) -> list[Turn]:
    """The turns of a written tale.

    Turns without an action run together with the turn before them, for the text does not tell them apart;
    otherwise `parse(write(turns)) == turns`.
    """
    turns: list[Turn] = []
    action, prose = "", list[str]()
    for block in re.split(r"\n\s*\n", text.rstrip()):
        block = block.strip("\n")  # the indentation of a paragraph is its author's
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
    """What a voice is given to answer `action` ("" for go on) after `tale`; see the module on its last newline."""
    head = tale + PARAGRAPH if tale and action else tale
    return head + (ACTION_MARK + action if action else "") + PROMPT_END


# Control characters, the mark of an action, and the spaces that a line may end on unseen.
_UNTIDY = re.compile(f"[{CONTROL}>\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_MARKED = re.compile(r"^\s*>[>\s]*")


def clean_prose(text: str) -> str:
    """Text from anywhere as prose: no control characters, no line that would read as an action, tidy blank lines.

    Emoji, right-to-left text and everything that looks like markup stay: they are the author's words.
    """
    if not _UNTIDY.search(text) and " \n" not in text and "\n\n\n" not in text and not text.endswith(" "):
        return text.strip("\n")  # nearly all text, at a hundred times the speed
    text = printable(text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = ((_MARKED.sub("", line) if ">" in line else line).rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", PARAGRAPH, "\n".join(lines)).strip("\n")

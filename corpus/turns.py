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

Light on purpose: standard library only, for the game imports it at start.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

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


def clean_prose(text: str) -> str:
    """Text from anywhere as prose: no control characters, no line that would read as an action, tidy blank lines.

    Emoji, right-to-left text and everything that looks like markup stay: they are the author's words.
    """
    text = printable(text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = (re.sub(r"^\s*>[>\s]*", "", line).rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", PARAGRAPH, "\n".join(lines)).strip("\n")


def printable(text: str) -> str:
    """`text` without control characters (ANSI escapes lose their escape), newlines kept, tabs as spaces."""
    if text.isprintable():
        return text
    text = text.replace("\t", " ")
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs"))


# ---- the player's words -> an action -------------------------------------------------------------------------

_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'"})
_GO_ON = frozenset({"", "continue", "go on", "next", "more", "onward", "keep reading", "next page", "turn the page"})
_DIRECTIONS = frozenset(
    {"north", "south", "east", "west", "left", "right", "up", "down", "back", "forward"}
    | {"inside", "outside", "in", "out"}
)
_DETERMINERS = frozenset(
    {"the", "a", "an", "this", "that", "these", "those", "another", "my", "your", "his", "her", "its", "their"}
)

# First person to second, in the order they apply. "We" and "us" stay: the player may not be alone.
_PERSON = (
    (r"\bI am\b|\bi am\b", "you are"),
    (r"\bam I\b|\bam i\b", "are you"),
    (r"\bI was\b|\bi was\b", "you were"),
    (r"\bwas I\b|\bwas i\b", "were you"),
    (r"\b[Ii]'m\b", "you're"),
    (r"\b[Ii](?=\b(?!\.\w))", "you"),
    (r"\bmyself\b", "yourself"),
    (r"(?<=\bis )mine\b|(?<=\bare )mine\b|(?<=\bof )mine\b", "yours"),  # not the mine one digs
    (r"\bmy\b", "your"),
    (r"\bme\b", "you"),
)


def read_input(raw: str) -> tuple[Kind, str]:
    """What the player most likely means by a bare line: speech in quotes, nothing at all, or something to do."""
    text = " ".join(raw.split()).translate(_QUOTES)
    if not text:
        return Kind.CONTINUE, ""
    return (Kind.SAY if text.startswith('"') else Kind.DO), text


def action_line(kind: Kind, raw: str) -> str:
    """The player's words, or a choice's label, as the sentence of an action; "" where there is none to write.

    >>> action_line(Kind.DO, "open my pack")
    'You open your pack.'
    >>> action_line(Kind.SAY, "who is there?")
    'You say "Who is there?"'
    """
    if kind in (Kind.STORY, Kind.CONTINUE):
        return ""
    text = " ".join(printable(raw).translate(_QUOTES).lstrip("> \t\n").split())
    if not text.strip('" '):
        return ""
    return _spoken(text) if kind is Kind.SAY else _done(text)


def label_action(label: str) -> str:
    """A choice's label as an action line; "" for labels that only turn the page."""
    plain = re.sub(r"[\W_]+", " ", label).strip().lower()
    if plain in _GO_ON:
        return ""
    kind, text = read_input(label)
    return action_line(kind, text)


def _spoken(text: str) -> str:
    """`"Run," I tell Ito` and the like -> `You tell Ito "Run."`; anything else is what is said."""
    match = re.fullmatch(r'"([^"]*)"\s*(?:I|i|you)\s+(\w[^"]*)(?:"([^"]*)"?)?', text)
    if match:
        words, telling, more = match.groups()
        telling = telling.rstrip()
        if more:
            # Speech that the telling interrupts: `"Lower it," I tell Ito, "and run."`.
            words = (re.sub(r",\s*$", ".", words) if telling.endswith(".") else words) + " " + more.lstrip()
        return f"You {_second_person(telling).rstrip('.,!')} {_quoted(words)}"
    if text.count('"') == 2 and text.startswith('"') and not text.endswith('"'):
        # Speech, then something done: `"Stay back!" and raise the lamp`.
        words, rest = text[1:].split('"')
        return f"You say {_quoted(words)}" + (f" {_sentence(rest.strip())}" if rest.strip(" .") else "")
    return f"You say {_quoted(text.strip(chr(34) + ' '))}"


def _quoted(words: str) -> str:
    words = words.strip().replace('"', "'")
    if words.endswith(","):
        words = words[:-1] + "."
    if words and words[-1].isalnum():
        words += "."
    return f'"{words[:1].upper()}{words[1:]}"'


def _done(text: str) -> str:
    word, _, rest = text.partition(" ")
    bare = word.strip(".!?,").lower()
    if bare in ("yes", "no") and not rest:
        return f"You say {_quoted(word)}"
    if bare in _DIRECTIONS and not rest:
        return f"You go {bare}."
    if bare in _DETERMINERS:
        return _sentence(f"You choose {_second_person(word.lower())} {_second_person(rest)}".rstrip())
    text = _second_person(text)
    if re.match(r"you('|\b)", text, re.IGNORECASE):
        return _sentence("Y" + text[1:])
    return _sentence("You " + (text[0].lower() + text[1:] if not text[:2].isupper() else text))


def _second_person(text: str) -> str:
    """First person to second, outside double quotes."""
    parts = text.split('"')
    for n in range(0, len(parts), 2):
        for pattern, replacement in _PERSON:
            parts[n] = re.sub(pattern, replacement, parts[n])
    return '"'.join(parts)


def _sentence(text: str) -> str:
    """`text` with an end: a full stop where there is none, inside a closing quote."""
    if text.count('"') % 2:
        text += '"'
    if text.endswith('"') and len(text) > 1:
        inner = text[:-1].rstrip()
        return inner + ('."' if inner[-1:].isalnum() else '"')
    text = text.rstrip(" ,;:")
    return text if text.endswith((".", "!", "?", "…")) else text + "."

r"""The storyteller's raw text as prose: where a turn stops, where its sentences end, how a broken end is trimmed.

    text = clean_turn("\nIt rains. The do\n> You run.")    # "It rains. The do"
    [sentence.text for sentence in split_sentences(text)]    # ["It rains.", "The do"]
    trim_broken_end(text)                                    # "It rains."

Pure functions of the text so far; `dungeon.tale.output_policy` calls them for every piece that streams in.

Limits: speech is text in double quotation marks, typed or printed, and ends with its line at the latest; single quotes
look like apostrophes. Text in a script whose full stop is not in `_SENTENCE_END` has no sentences.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from corpus.turns import clean_prose

OVERRUN_TOKENS = 20
"""Tokens past its length in which a turn may finish its last sentence."""

# A full stop after one of these, or after a single capital (an initial), ends no sentence.
_ABBREVIATIONS = frozenset({"mr", "mrs", "ms", "dr", "st", "sgt", "capt", "lt", "prof", "rev", "vs"})
_SENTENCE_END = re.compile(r"""(?P<stop>\.\.\.|[.!?…؟।]+)(?P<close>["'”’)*\]]*)(?=\s|$)|[。！？]+[」』”]*""")
_LINE = re.compile(r"(?P<text>[^\n]*)(?P<breaks>\n*)")


# ---- where a turn stops --------------------------------------------------------------------------------------


def clean_turn(raw: str, stop: tuple[str, ...] = ()) -> str:
    """Return the prose in the storyteller's text so far, up to the end of the turn, without control characters."""
    return clean_prose(raw.lstrip()[: turn_end(raw, stop)]).strip()


def turn_end(raw: str, stop: tuple[str, ...] = ()) -> int | None:
    """Return the index, in `raw.lstrip()`, where the turn is over: at a stop string, or at any `>`.

    `>` marks actions. Storytellers also write it within a line or indented, and a story that needs it for anything
    else is rarer than a storyteller that begins the next action.
    """
    raw = raw.lstrip()
    return min((at for at in map(raw.find, (">", *filter(None, stop))) if at >= 0), default=None)


# ---- where sentences end -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a text, or the unfinished rest of a line."""

    leading_space: str
    """Spaces and line breaks before it."""
    text: str
    is_complete: bool
    """Whether it ends like a sentence, outside an open quotation."""
    start: int
    """The index of its first character in the text, after the leading space."""
    line_start: int
    """The index in the text where its line begins."""

    @property
    def end(self) -> int:
        """The index after its last character."""
        return self.start + len(self.text)


def split_sentences(text: str) -> Iterator[Sentence]:
    """Yield the sentences of a text in order."""
    space = ""
    for match in _LINE.finditer(text):
        line = match["text"]
        ends = _sentence_ends(line)
        start = 0
        for end in dict.fromkeys([*ends, len(line)]):
            part = line[start:end]
            words = part.lstrip()
            space += part[: len(part) - len(words)]
            if words:
                yield Sentence(space, words, end in ends, match.start() + end - len(words), match.start())
                space = ""
            start = end
        space += match["breaks"]


def sentence_end(text: str) -> int:
    """Return the index after the last complete sentence, 0 if there is none."""
    stop = len(text)
    while stop > 0:
        line_start = text.rfind("\n", 0, stop) + 1
        if ends := _sentence_ends(text[line_start:stop]):
            return line_start + ends[-1]
        stop = line_start - 1
    return 0


def _sentence_ends(line: str) -> list[int]:
    """Return the indices in a line where sentences end. `"Who is there?" she asks.` is one sentence."""
    quote_marks = _quote_marks(line)
    ends = []
    for match in _SENTENCE_END.finditer(line):
        at = match.end()
        in_quotation = sum(step for mark, step in quote_marks if mark < at)
        sentence_continues = line[at - 1] in "\"'”’" and line[at:].lstrip()[:1].islower()
        if not (in_quotation or sentence_continues or _is_abbreviation(line, match)):
            ends.append(at)
    return ends


def _is_abbreviation(line: str, match: re.Match[str]) -> bool:
    if match["stop"] != "." or match["close"]:
        return False
    word = re.search(r"\w*$", line[max(0, match.start() - 12) : match.start()])
    return word is not None and (word[0].lower() in _ABBREVIATIONS or bool(re.fullmatch(r"[A-HJ-Z]", word[0])))


# ---- quotation marks -----------------------------------------------------------------------------------------


def split_speech(line: str) -> list[tuple[bool, str]]:
    """Return the pieces of a line in order, without quotation marks: whether a piece is speech, and its text."""
    pieces = []
    start, is_speech = 0, False
    for at, step in _quote_marks(line):
        pieces.append((is_speech, line[start:at]))
        start, is_speech = at + 1, step > 0
    return [*pieces, (is_speech, line[start:])]


def drop_stray_quotes(line: str) -> str:
    """Return a line without closing quotation marks that nothing opened."""
    paired = {at for at, _ in _quote_marks(line)}
    return "".join(letter for at, letter in enumerate(line) if letter not in '"“”' or at in paired)


def close_quotes(line: str) -> str:
    """Return a line with every quotation mark in a pair: an open quotation is closed at the end, strays are dropped."""
    line = drop_stray_quotes(line)
    quote_marks = _quote_marks(line)
    if not quote_marks or quote_marks[-1][1] < 0:
        return line
    at = quote_marks[-1][0]
    if not line[at + 1 :].strip():
        return line[:at].rstrip()  # the quotation has no words yet
    return line.rstrip() + ("”" if line[at] == "“" else '"')


def _quote_marks(line: str) -> list[tuple[int, int]]:
    """Return the index of each paired double quotation mark, with 1 if it opens speech and -1 if it closes it."""
    marks: list[tuple[int, int]] = []
    for match in re.finditer('["“”]', line):
        at = match.start()
        if marks and marks[-1][1] > 0:
            marks += [(at, -1)] if match[0] != "“" else []
        elif match[0] == "“" or (match[0] == '"' and _may_open(line, at)):
            marks.append((at, 1))
    return marks


def _may_open(line: str, at: int) -> bool:
    """Whether a typed quotation mark outside speech can open some: after a space or a dash, or before a word."""
    return at == 0 or line[at - 1] in " ([—–-" or line[at + 1 : at + 2].isalnum()


# ---- trimming a broken end -----------------------------------------------------------------------------------


def trim_broken_end(text: str) -> str:
    """Return the complete sentences of a text; if there are none, its words with an ellipsis at the end."""
    if complete := complete_sentences(text):
        return complete
    text = text.rstrip()
    line_start = text.rfind("\n") + 1
    words = text.rpartition(" ")[0] if text.count(" ") > 2 else text  # the last may be half a word
    words = words.rstrip(" \n,;:-–—\"“”'")
    return words[:line_start] + close_quotes(words[line_start:] + "…") if words else ""


def complete_sentences(text: str) -> str:
    """Return the text up to its last complete sentence, "" if there is none.

    Of speech that breaks off, the complete sentences stay and the quotation is closed.
    """
    text = text.rstrip()
    line_start = text.rfind("\n") + 1
    end = sentence_end(text)
    quote_marks = _quote_marks(text[line_start:])
    if end == len(text) or (quote_marks and quote_marks[-1] == (len(text) - line_start - 1, -1)):
        return text  # a closing quotation mark counts as a full stop
    start = max(end, line_start)
    speech = _complete_speech(text[start:])
    return text[:start] + speech if speech else text[:end]


def _complete_speech(broken: str) -> str:
    """Return a broken sentence up to the last complete one that is spoken in it, closed; "" if there is none."""
    quote_marks = _quote_marks(broken)
    if not quote_marks or quote_marks[-1][1] < 0:
        return ""
    inside = quote_marks[-1][0] + 1
    ends = _sentence_ends(broken[inside:])
    return close_quotes(broken[: inside + ends[-1]]) if ends else ""

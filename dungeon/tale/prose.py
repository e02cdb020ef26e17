"""What a voice writes, made fit to show: where a turn stops, where its sentences end, and how a broken end is mended.

Pure functions on the text so far; `dungeon.tale.output_policy` calls them for every piece that streams in.

Limits: speech is what stands in double quotation marks, typed or printed, and ends with its line at the latest; single
ones can't be told from apostrophes. A text of an alphabet whose full stop is not in `_END` has no sentences.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from corpus.turns import clean_prose

OVERRUN = 20
"""Tokens past the budget in which a turn may finish its sentence."""

# A full stop after one of these, or after a single capital (an initial), ends no sentence.
_ABBREVIATIONS = frozenset({"mr", "mrs", "ms", "dr", "st", "sgt", "capt", "lt", "prof", "rev", "vs"})
_END = re.compile(r"""(?P<stop>\.\.\.|[.!?…؟।]+)(?P<close>["'”’)*\]]*)(?=\s|$)|[。！？]+[」』”]*""")
_LINE_ENDS = re.compile(r"\n+")


# ---- where a turn stops --------------------------------------------------------------------------------------


def tidy(raw: str, stop: tuple[str, ...] = ()) -> str:
    """The prose in what a voice has written so far: nothing from its end on, no control characters."""
    return clean_prose(raw.lstrip()[: turn_end(raw, stop)]).strip()


def turn_end(raw: str, stop: tuple[str, ...] = ()) -> int | None:
    """The index, counted behind leading blanks, where the turn is over: at a stop string, or at any `>`.

    The mark belongs to actions. Voices write it within a line as well, or before a line that they indent, and a
    story that needs it for anything else is rarer than a voice that means the next action.
    """
    raw = raw.lstrip()
    return min((at for at in map(raw.find, (">", *filter(None, stop))) if at >= 0), default=None)


# ---- where sentences end -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a text, or what is left of a line behind its last one."""

    gap: str
    """What stands before it: blanks, line ends, or nothing at the beginning."""
    text: str
    whole: bool
    """Whether it stops where a sentence does. One in an open quotation is not whole."""
    start: int
    """Where in the text it begins, behind the gap."""
    line: int
    """Where in the text its line begins."""

    @property
    def end(self) -> int:
        """The index behind it."""
        return self.start + len(self.text)


def sentences(text: str) -> Iterator[Sentence]:
    """All of a text, in its order."""
    line, gap = 0, ""
    while line < len(text):
        found = _LINE_ENDS.search(text, line)
        stop = found.start() if found else len(text)
        ends = _ends(text[line:stop])
        start = 0
        for end in ends if ends[-1:] == [stop - line] else [*ends, stop - line]:
            part = text[line + start : line + end]
            bare = part.lstrip()
            gap += part[: len(part) - len(bare)]
            if bare:
                yield Sentence(gap, bare, end in ends, line + end - len(bare), line)
                gap = ""
            start = end
        gap += found[0] if found else ""
        line = found.end() if found else len(text)


def sentence_end(text: str) -> int:
    """The index behind the last whole sentence, 0 where there is none. A sentence in an open quote is not whole."""
    stop = len(text)
    while stop > 0:
        line = text.rfind("\n", 0, stop) + 1
        if ends := _ends(text[line:stop]):
            return line + ends[-1]
        stop = line - 1
    return 0


def at_sentence_end(text: str) -> bool:
    """Whether the text stops where a sentence does."""
    return bool(text) and sentence_end(text) == len(text)


def _ends(line: str) -> list[int]:
    """Where in a line its sentences end. One goes on behind what is said in it: `"Who is there?" she asks.`"""
    marks = _quotes(line)
    ends = []
    for match in _END.finditer(line):
        at = match.end()
        is_open = sum(step for mark, step in marks if mark < at)
        goes_on = line[at - 1] in "\"'”’" and line[at:].lstrip()[:1].islower()
        if not (is_open or goes_on or _abbreviated(line, match)):
            ends.append(at)
    return ends


def _abbreviated(line: str, match: re.Match[str]) -> bool:
    if match["stop"] != "." or match["close"]:
        return False
    word = re.search(r"\w*$", line[max(0, match.start() - 12) : match.start()])
    return word is not None and (word[0].lower() in _ABBREVIATIONS or bool(re.fullmatch(r"[A-HJ-Z]", word[0])))


# ---- quotation marks -----------------------------------------------------------------------------------------


def speech(line: str) -> list[tuple[bool, str]]:
    """The pieces of a line in their order: whether it is said in it, and its words without the marks."""
    pieces = []
    start, said = 0, False
    for at, step in _quotes(line):
        pieces.append((said, line[start:at]))
        start, said = at + 1, step > 0
    return [*pieces, (said, line[start:])]


def without_strays(line: str) -> str:
    """A line without the closing marks of speech that nobody began."""
    known = {at for at, _ in _quotes(line)}
    return "".join(letter for at, letter in enumerate(line) if letter not in '"“”' or at in known)


def closed(line: str) -> str:
    """A line without half quotes: speech that is open at its end is closed there, strays are left out."""
    line = without_strays(line)
    marks = _quotes(line)
    if not marks or marks[-1][1] < 0:
        return line
    at = marks[-1][0]
    if not line[at + 1 :].strip():
        return line[:at].rstrip()  # nothing is said yet
    return line.rstrip() + ("”" if line[at] == "“" else '"')


def _quotes(line: str) -> list[tuple[int, int]]:
    """Where in a line speech begins (1) and ends (-1), by its double quotation marks; strays are left out."""
    marks: list[tuple[int, int]] = []
    for match in re.finditer('["“”]', line):
        at = match.start()
        if marks and marks[-1][1] > 0:
            marks += [(at, -1)] if match[0] != "“" else []
        elif match[0] == "“" or (match[0] == '"' and _opens(line, at)):
            marks.append((at, 1))
    return marks


def _opens(line: str, at: int) -> bool:
    """Whether a typed mark where no speech is open begins some: behind a blank, or right before a word."""
    return at == 0 or line[at - 1] in " ([—–-" or line[at + 1 : at + 2].isalnum()


# ---- mending a broken end ------------------------------------------------------------------------------------


def cut(text: str) -> str:
    """The text without a broken last sentence; where there is no other, its words with an ellipsis for the rest."""
    if kept := whole(text):
        return kept
    text = text.rstrip()
    line = text.rfind("\n") + 1
    words = text.rpartition(" ")[0] if text.count(" ") > 2 else text  # the last may be half a word
    words = words.rstrip(" \n,;:-–—\"“”'")
    return words[:line] + closed(words[line:] + "…") if words else ""


def whole(text: str) -> str:
    """The text up to its last whole sentence, "" where there is none. Of speech that breaks off, its sentences stay."""
    text = text.rstrip()
    line = text.rfind("\n") + 1
    end = sentence_end(text)
    marks = _quotes(text[line:])
    if end == len(text) or (marks and marks[-1] == (len(text) - line - 1, -1)):
        return text  # what ends with speech needs no full stop
    begun = max(end, line)
    said = _said(text[begun:])
    return text[:begun] + said if said else text[:end]


def _said(broken: str) -> str:
    """A broken sentence up to the last whole one that is said in it, closed; "" where there is none."""
    marks = _quotes(broken)
    if not marks or marks[-1][1] < 0:
        return ""
    inside = marks[-1][0] + 1
    ends = _ends(broken[inside:])
    return closed(broken[: inside + ends[-1]]) if ends else ""

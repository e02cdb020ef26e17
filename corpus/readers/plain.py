r"""Plain text -> blocks: paragraphs as their author meant them, however the lines were broken.

    blocks("A long line that was\nwrapped.\n\n    The next one.\n")

The layout is judged once a text, from a sample of it: lines that were broken at a width are joined again, and words
that were hyphenated there; paragraphs are told apart by blank lines, by indented first lines, or, where lines are not
wrapped, by line ends. Lines that stop short of the width (verse, letters) stay lines.

Limits: hyphens at line ends are decided by the words of the text's first part; columns and tables are not known.
"""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from corpus.readers.document import Block

PAGE_BREAK = "\f"
"""The text of a block that stands for a form feed."""

_BLANK = re.compile(r"\n(?:[ \t]*\n)+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
# A line that is only a number: of a page, a chapter, or a gamebook's section. It stands alone, blank lines or not.
_NUMBER_LINE = re.compile(
    r"\n([ \t]{0,80}(?:section|§|\[|-|–|—)?[ \t]{0,3}#?\d{1,4}[ \t]{0,3}[\].)\-–—]?[ \t]{0,80})(?=\n)", re.IGNORECASE
)
_HYPHENATED = re.compile(r"\b(\w{1,40})-\n[ \t]*(\w{1,40})")
_DASHED = re.compile(r"(--|—)\n[ \t]*")
_SPEAKS = (".", "!", "?", "…", '"', "”", "’", "'", ":", ";", ")", "—", "»")

_SAMPLE_BLOCKS = 4000
_SAMPLE_CHARS = 1 << 20
_WIDTHS = range(30, 141)
# The share of a wrapped text's lines that had no room for the next word. Real ones reach 95%, others stay below 20%.
_FULL = 0.6
_ROOM = 0.95
_VERSE = 0.75


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the lines of a text were broken."""

    width: int
    """Where lines were wrapped, in characters; 0 where they weren't."""
    indent: int
    """Spaces in front of most lines."""
    indented: bool
    """Whether a deeper indentation starts a paragraph."""


def blocks(text: str) -> list[Block]:
    """The paragraphs of a text, in order; page breaks are blocks of their own."""
    if _CONTROL.search(text):
        text = _CONTROL.sub("", text)
    if PAGE_BREAK in text:
        text = text.replace(PAGE_BREAK, f"\n\n{PAGE_BREAK}\n\n")
    text = _NUMBER_LINE.sub(r"\n\n\1\n", "\n" + text)
    raw = [block for block in _BLANK.split(text) if block and not block.isspace() or block == PAGE_BREAK]
    layout = _layout(raw)
    if layout.width and ("-\n" in text or "—\n" in text):
        known = frozenset(re.findall(r"[\w-]+", text[:_SAMPLE_CHARS].lower()))
        raw = [_rejoined(block, known) if "-\n" in block or "—\n" in block else block for block in raw]
    found: list[Block] = []
    for block in raw:
        if "\n" not in block.strip("\n"):
            found.append(Block(" ".join(block.split()) if block != PAGE_BREAK else block))
        else:
            found += [Block(paragraph) for paragraph in _paragraphs(block.strip("\n"), layout)]
    return [block for block in found if block.text]


def _layout(raw: list[str]) -> _Layout:
    """Judged by a sample from the whole length of the text."""
    sample = [block.expandtabs(8).strip("\n").split("\n") for block in raw[:: len(raw) // _SAMPLE_BLOCKS + 1]]
    lines = [line for block in sample for line in block]
    if not lines:
        return _Layout(0, 0, False)
    indents = Counter(_indent(line) for line in lines)
    indent = indents.most_common(1)[0][0]
    deeper = sum(count for depth, count in indents.items() if depth > indent)
    pairs = [(line, after) for block in sample for line, after in pairwise(block) if _indent(after) <= indent and after]
    width = sorted(len(line.rstrip()) for line in lines)[int(len(lines) * 0.95)]
    long = [(line.rstrip(), after.split(None, 1)[0]) for line, after in pairs if 2 * len(line.rstrip()) > width]
    full = sum(len(line) + 1 + len(word) > _ROOM * width for line, word in long)
    wrapped = bool(long) and width in _WIDTHS and full >= _FULL * len(long)
    # Where nearly every line is indented, or hardly one, indentation says nothing of paragraphs.
    return _Layout(width if wrapped else 0, indent, 0.02 * len(lines) <= deeper <= 0.7 * len(lines))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _rejoined(block: str, known: frozenset[str]) -> str:
    """The block without the breaks within words; a hyphen stays where the text writes the word with it elsewhere."""

    def join(match: re.Match[str]) -> str:
        whole, hyphenated = match[1] + match[2], f"{match[1]}-{match[2]}"
        keep = hyphenated.lower() in known and whole.lower() not in known
        return hyphenated if keep or match[2][0].isupper() or match[2][0].isdigit() else whole

    return _DASHED.sub(r"\1", _HYPHENATED.sub(join, block))


def _paragraphs(block: str, layout: _Layout) -> list[str]:
    """The paragraphs of a block of several lines."""
    lines = block.expandtabs(8).split("\n") if "\t" in block else block.split("\n")
    if layout.indented and any(_indent(line) > layout.indent for line in lines[1:]):
        parts: list[list[str]] = []
        for line in lines:
            if not parts or _indent(line) > layout.indent:
                parts.append([])
            parts[-1].append(line)
        # Every line deeper than the rest of the text: a quotation or a verse, not a row of paragraphs.
        if len(parts) < len(lines) or all(line.rstrip().endswith(_SPEAKS) for line in lines):
            return [_joined(part, layout) for part in parts]
        return [_lines(lines)]
    if layout.width:
        return [_joined(lines, layout)]
    if sum(map(len, lines)) > 100 * len(lines) or all(line.rstrip().endswith(_SPEAKS) for line in lines):
        return [" ".join(line.split()) for line in lines]
    return [_lines(lines)]


def _joined(lines: list[str], layout: _Layout) -> str:
    """The lines as one paragraph, or as the lines they are where each stops well short of the width."""
    if len(lines) > 1 and max(map(len, lines)) < _VERSE * layout.width:
        return _lines(lines)
    return " ".join(" ".join(lines).split())


def _lines(lines: list[str]) -> str:
    return "\n".join(" ".join(line.split()) for line in lines)

r"""Read plain text as blocks: paragraphs as their author meant them, however the lines were broken.

    blocks("A long line that was\nwrapped.\n\n    The next one.\n")

The layout is determined once per text, from a sample: lines that were wrapped at a width are joined, and so are words
that were hyphenated there. Paragraphs are separated by blank lines, by indented first lines or, if lines are not
wrapped, by line ends. Lines that end well before the width (verse, letters) stay lines.

Limits: hyphens at line ends are decided by the words in the first part of the text; columns and tables are not
recognised. Of wrapped lines with neither blank lines nor indentation between the paragraphs, a paragraph ends where a
sentence does well before the width; one that fills its last line is joined to the next.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from corpus.readers.document import BETWEEN_SPEECHES, PAGE_BREAK, Block

_FORM_FEED = "\f"
# Blank lines, and lines of white space that isn't visible.
_BLANK = re.compile(r"\n(?:[^\S\n\f]*\n)+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
# A line that is only a number: of a page, a chapter, or a section of a gamebook.
_NUMBER_LINE = re.compile(
    r"\n([ \t]{0,80}(?:[Ss]ection|SECTION|§|\[|-|–|—)?[ \t]{0,3}#?\d{1,4}[ \t]{0,3}[\].)\-–—]?[ \t]{0,80})(?=\n)"
)
_HYPHENATED = re.compile(r"\b(\w{1,40})-\n[ \t]*(\w{1,40})")
_DASHED = re.compile(r"(?<=\S)(--|—)\n[ \t]*(?=\S)")
_SPEAKS = (".", "!", "?", "…", '"', "”", "’", "'", ":", ";", ")", "—", "»")

_SAMPLE_BLOCKS = 4000
_SAMPLE_CHARS = 1 << 20
_WIDTHS = range(30, 141)
# The share of lines without room for the next word in a wrapped text. Real ones reach 95%, others stay below 20%.
_FULL = 0.6
_ROOM = 0.95
_VERSE = 0.75
_LONG_VERSE = 60
"""Lines; a longer sequence of short lines is not verse or a letter, but paragraphs of one line."""
_LONG_LINE = 100
"""Characters; a longer line is a paragraph."""
_MANY_LINES = 15
"""A longer block of wrapped lines may have several paragraphs."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the lines of a text were broken."""

    width: int
    """The characters at which lines were wrapped; 0 if they weren't."""
    indent: int
    """The indentation of most lines, in spaces."""
    indented: bool
    """Whether a deeper indentation begins a paragraph."""
    words: frozenset[str] = frozenset()
    """The words of the text, to check words that were broken."""
    hyphenates: bool = False
    """Whether lines were broken within words, not only at their own hyphens."""


def blocks(text: str) -> list[Block]:
    """Return the paragraphs of a text, in order; form feeds become page breaks."""
    if _CONTROL.search(text):
        text = _CONTROL.sub("", text)
    if _FORM_FEED in text:
        text = text.replace(_FORM_FEED, f"\n\n{_FORM_FEED}\n\n")
    text = _NUMBER_LINE.sub(_isolated, f"\n{text}\n")
    raw = [block for block in _BLANK.split(text) if block == _FORM_FEED or (block and not block.isspace())]
    layout = _layout(raw, text)
    found: list[Block] = []
    for block in raw:
        lines = block.strip("\n")
        if block == _FORM_FEED:
            found.append(Block("", PAGE_BREAK))
        elif "\n" not in lines:
            found.append(Block(" ".join(lines.split())))
        else:
            found += [Block(paragraph) for paragraph in _paragraphs(lines.expandtabs(8).split("\n"), layout)]
    return [block for block in found if block.text or block.level == PAGE_BREAK]


def _isolated(match: re.Match[str]) -> str:
    """Put blank lines around a line that is a number, unless it ends a paragraph ("It was the year / 1912.")."""
    before, after = match.string[match.start() - 1 : match.start()], match.string[match.end() : match.end() + 2]
    ends_paragraph = before not in ("", "\n", *_SPEAKS) and after == "\n\n"
    return match[0] if ends_paragraph else f"\n\n{match[1]}\n"


def lines_as_paragraphs(lines: Sequence[str]) -> list[str]:
    """Return the paragraphs of lines that weren't wrapped: one per line, unless they look like verse or a letter."""
    ends = sum(line.rstrip().endswith(_SPEAKS) for line in lines)
    if max(map(len, lines)) > _LONG_LINE or len(lines) > _LONG_VERSE or ends >= _VERSE * len(lines):
        return [" ".join(line.split()) for line in lines]
    return [_lines(lines)]


def _layout(raw: list[str], text: str) -> _Layout:
    """Determine the layout from a sample of the whole text."""
    sample = [block.expandtabs(8).strip("\n").split("\n") for block in raw[:: len(raw) // _SAMPLE_BLOCKS + 1]]
    lines = [line for block in sample for line in block]
    if not lines:
        return _Layout(0, 0, False)
    indents = Counter(_indent(line) for line in lines)
    indent = indents.most_common(1)[0][0]
    deeper = sum(count for depth, count in indents.items() if depth > indent)
    pairs = [(line.rstrip(), after) for block in sample for line, after in pairwise(block) if _indent(after) <= indent]
    width = sorted(len(line.rstrip()) for line in lines)[int(len(lines) * 0.95)]
    long = [(line, after.split(None, 1)[0]) for line, after in pairs if 2 * len(line) > width]
    full = sum(len(line) + 1 + len(word) > _ROOM * width for line, word in long)
    wrapped = bool(long) and width in _WIDTHS and full >= _FULL * len(long)
    # If nearly all lines are indented, or hardly one is, indentation doesn't separate paragraphs.
    indented = 0.02 * len(lines) <= deeper <= 0.7 * len(lines)
    if not wrapped:
        return _Layout(0, indent, indented)
    words = frozenset(re.findall(r"[\w-]+", text[:_SAMPLE_CHARS].lower()))
    broken = [match[1] + match[2] for match in _HYPHENATED.finditer(text, 0, _SAMPLE_CHARS)]
    whole = sum(word.lower() in words for word in broken)
    return _Layout(width, indent, indented, words, hyphenates=3 * whole >= len(broken))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _paragraphs(lines: Sequence[str], layout: _Layout) -> list[str]:
    """Return the paragraphs of a block of several lines."""
    if layout.indented and any(_indent(line) > layout.indent for line in lines[1:]):
        parts: list[list[str]] = []
        for line in lines:
            if not parts or _indent(line) > layout.indent:
                parts.append([])
            parts[-1].append(line)
        # If every line is indented more than the rest of the text, it is a quotation or verse, not paragraphs.
        if len(parts) < len(lines) or all(line.rstrip().endswith(_SPEAKS) for line in lines):
            return [_joined(part, layout) for part in parts]
        return [_lines(lines)]
    if not layout.width:
        return lines_as_paragraphs(lines)
    if len(lines) < _MANY_LINES:
        return [_joined(lines, layout)]
    return [_joined(part, layout) for part in _split_at_short_lines(lines, layout.width)]


def _split_at_short_lines(lines: Sequence[str], width: int) -> list[Sequence[str]]:
    """Split wrapped lines with nothing between the paragraphs after each sentence that ends well before the width."""
    ends = [
        n
        for n, (line, after) in enumerate(pairwise(lines), 1)
        if line.rstrip().endswith(_SPEAKS) and len(line.rstrip()) + 1 + len(after.split()[0]) < _ROOM * _ROOM * width
    ]
    return [lines[start:end] for start, end in pairwise([0, *ends, len(lines)])]


def _joined(lines: Sequence[str], layout: _Layout) -> str:
    """Return the lines as one paragraph, each speech on its own line, or all if they end well before the width."""
    if len(lines) > 1 and max(map(len, lines)) < _VERSE * layout.width:
        return _lines(lines)
    text = "\n".join(lines)
    if "-\n" in text or "—\n" in text:
        text = _rejoined(text, layout)
    return _lines(BETWEEN_SPEECHES.split(text))


def _rejoined(text: str, layout: _Layout) -> str:
    """Join words that were broken at line ends; a hyphen stays if the text has the word with it elsewhere."""

    def join(match: re.Match[str]) -> str:
        whole, hyphenated = match[1] + match[2], f"{match[1]}-{match[2]}"
        if whole.lower() in layout.words:
            return whole
        keep = hyphenated.lower() in layout.words or not layout.hyphenates
        return hyphenated if keep or not match[2][0].islower() else whole

    return _DASHED.sub(r"\1", _HYPHENATED.sub(join, text))


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(" ".join(line.split()) for line in lines)

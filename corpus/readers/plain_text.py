r"""Plain text -> blocks: paragraphs as their author meant them, however the lines were broken.

    blocks("A long line that was\nwrapped.\n\n    The next one.\n")

The layout is judged once a text, from a sample of it: lines that were broken at a width are joined again, and words
that were hyphenated there; paragraphs are told apart by blank lines, by indented first lines, or, where lines are not
wrapped, by line ends. Lines that stop short of the width (verse, letters) stay lines.

Limits: hyphens at line ends are decided by the words of the text's first part; columns and tables are not known, nor
paragraphs of wrapped lines with neither a blank line nor an indentation between them.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from corpus.readers.document import PAGE_BREAK, Block

_FORM_FEED = "\f"
# Blank lines, and spaces that `str.split` takes for some but nobody sees.
_BLANK = re.compile(r"\n(?:[^\S\n\f]*\n)+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
# A line that is only a number: of a page, a chapter, or a gamebook's section.
_NUMBER_LINE = re.compile(
    r"\n([ \t]{0,80}(?:[Ss]ection|SECTION|§|\[|-|–|—)?[ \t]{0,3}#?\d{1,4}[ \t]{0,3}[\].)\-–—]?[ \t]{0,80})(?=\n)"
)
_HYPHENATED = re.compile(r"\b(\w{1,40})-\n[ \t]*(\w{1,40})")
_DASHED = re.compile(r"(?<=\S)(--|—)\n[ \t]*(?=\S)")
_SPEAKS = (".", "!", "?", "…", '"', "”", "’", "'", ":", ";", ")", "—", "»")

_SAMPLE_BLOCKS = 4000
_SAMPLE_CHARS = 1 << 20
_WIDTHS = range(30, 141)
# The share of a wrapped text's lines that had no room for the next word. Real ones reach 95%, others stay below 20%.
_FULL = 0.6
_ROOM = 0.95
_VERSE = 0.75
_LONG_VERSE = 60
"""Lines; a longer row of short ones is no verse or letter but paragraphs, one each."""
_LONG_LINE = 100
"""Characters; a line that is longer is a paragraph."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the lines of a text were broken."""

    width: int
    """Where lines were wrapped, in characters; 0 where they weren't."""
    indent: int
    """Spaces in front of most lines."""
    indented: bool
    """Whether a deeper indentation starts a paragraph."""
    words: frozenset[str] = frozenset()
    """Words of the text, for those that were broken."""
    hyphenates: bool = False
    """Whether lines were broken within words, and not only at the hyphens that these have."""


def blocks(text: str) -> list[Block]:
    """The paragraphs of a text, in order; form feeds are page breaks."""
    if _CONTROL.search(text):
        text = _CONTROL.sub("", text)
    if _FORM_FEED in text:
        text = text.replace(_FORM_FEED, f"\n\n{_FORM_FEED}\n\n")
    text = _NUMBER_LINE.sub(_alone, f"\n{text}\n")
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


def _alone(match: re.Match[str]) -> str:
    """A number's line with blank lines around it, unless it ends a paragraph ("It was the year / 1912.")."""
    before, after = match.string[match.start() - 1 : match.start()], match.string[match.end() : match.end() + 2]
    ends_paragraph = before not in ("", "\n", *_SPEAKS) and after == "\n\n"
    return match[0] if ends_paragraph else f"\n\n{match[1]}\n"


def one_a_line(lines: Sequence[str]) -> list[str]:
    """Paragraphs of lines that nobody wrapped: each line is one, but where they are verse, a letter or the like."""
    ends = sum(line.rstrip().endswith(_SPEAKS) for line in lines)
    if max(map(len, lines)) > _LONG_LINE or len(lines) > _LONG_VERSE or ends >= _VERSE * len(lines):
        return [" ".join(line.split()) for line in lines]
    return [_lines(lines)]


def _layout(raw: list[str], text: str) -> _Layout:
    """Judged by a sample from the whole length of the text."""
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
    # Where nearly every line is indented, or hardly one, indentation says nothing of paragraphs.
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
    """The paragraphs of a block of several lines."""
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
    return [_joined(lines, layout)] if layout.width else one_a_line(lines)


def _joined(lines: Sequence[str], layout: _Layout) -> str:
    """The lines as one paragraph, or as the lines they are where each stops well short of the width."""
    if len(lines) > 1 and max(map(len, lines)) < _VERSE * layout.width:
        return _lines(lines)
    text = "\n".join(lines)
    if "-\n" in text or "—\n" in text:
        text = _rejoined(text, layout)
    return " ".join(text.split())


def _rejoined(text: str, layout: _Layout) -> str:
    """The lines without the breaks within words; a hyphen stays where the text writes the word with it elsewhere."""

    def join(match: re.Match[str]) -> str:
        whole, hyphenated = match[1] + match[2], f"{match[1]}-{match[2]}"
        if whole.lower() in layout.words:
            return whole
        keep = hyphenated.lower() in layout.words or not layout.hyphenates
        return hyphenated if keep or not match[2][0].islower() else whole

    return _DASHED.sub(r"\1", _HYPHENATED.sub(join, text))


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(" ".join(line.split()) for line in lines)

"""What stands in a document and is no prose: found, counted, and left out.

    kept, left_out = tidy(document.blocks)

Tables of contents, page numbers and running heads, footnotes and their marks,
placeholders of pictures. Lines that are headings or breaks between scenes by their look are marked as such.

Limits: English headings; a paragraph is never judged by what it tells.
"""

import re
from collections import Counter
from collections.abc import Sequence

from corpus.readers.document import PARAGRAPH, SCENE_BREAK, Block
from corpus.readers.plain import PAGE_BREAK

_SHORT = 90
"""Characters; no running head, heading or line of a table of contents is longer."""

_LICENCE_START = re.compile(r"\W*START OF (?:THE |THIS )?PROJECT GUTENBERG", re.IGNORECASE)
_LICENCE_END = re.compile(r"\W*END OF (?:THE |THIS )?PROJECT GUTENBERG", re.IGNORECASE)
_NUMBER = r"(?:\d{1,4}|[ivxlcdm]{1,7})"
_PAGE = re.compile(rf"[-–—\[( ]*(?:(?:page|pg\.?|p\.)\s*{_NUMBER}|\d{{1,4}})(?:\s*(?:of|/)\s*\d+)?[-–—\]). ]*", re.IGNORECASE)
_CHAPTER = re.compile(
    rf"(?:(?:chapter|part|book|act|scene|volume|canto|stave)\s+(?:{_NUMBER}|\w+)\b.{{0,70}}"
    rf"|(?:prologue|epilogue|interlude|introduction|foreword|preface|afterword|contents|table of contents)\b.{{0,40}}"
    rf"|[IVXLC]{{1,7}}\.?(?:\s+[A-Z].{{0,60}})?)",
    re.IGNORECASE,
)
_ROMAN = re.compile(r"[IVXLC]{1,7}\.?(?:\s.*)?")
_STARS = re.compile(r"(?:[*#~•⁂◆·§xX=_—–-]\s*){1,12}")
_CONTENTS = re.compile(r"\W*(?:table of )?contents\W*", re.IGNORECASE)
_ENTRY = re.compile(rf"(?:.*?(?:\s|\.{{2,}}|…|\t)\s*{_NUMBER}\s*|{_NUMBER}[.)]?\s.*)", re.IGNORECASE)
_FOOTNOTE = re.compile(r"\[(?:footnote\b.*|\d{1,3}\]\s.*|\*\]\s.*)|[¹²³⁴-⁹]\s.*", re.IGNORECASE | re.DOTALL)
_MARK = re.compile(r"(?<=[\w.,;:!?”’\"'])(?:\[(?:\d{1,3}|\*{1,3}|[a-z])\]|[¹²³⁰⁴-⁹]+)")
_PICTURE = re.compile(r"\[(?:illustration|image|picture)\b[^\]]{0,500}\]", re.IGNORECASE)
_PAGE_MARK = re.compile(r"\s?[\[{](?:pg|page|p\.)\s*\d{1,4}[\]}]", re.IGNORECASE)
_UNDERLINED = re.compile(r"(?<!\w)_([^_\n]+)_(?!\w)")
_SENTENCE_ENDS = (".", "!", "?", "…", '"', "”", "’", "'", ":", ")", "*", "»")
_MAX_CONTENTS = 500


def licensed(blocks: Sequence[Block]) -> tuple[int, int]:
    """Where the text of a free e-book starts and ends between its licence's marks: all of it where there are none."""
    start, end = 0, len(blocks)
    for n, block in enumerate(blocks):
        if len(block.text) > 200 or "GUTENBERG" not in block.text.upper():
            continue
        if _LICENCE_START.match(block.text):
            start = n + 1
        elif _LICENCE_END.match(block.text):
            end = n
            break
    return start, max(start, end)


def tidy(blocks: Sequence[Block]) -> tuple[list[Block], Counter[str]]:
    """The blocks that are prose, headings or scene breaks, and how many of what was left out."""
    left_out: Counter[str] = Counter()
    heads = _running_heads(blocks)
    numbers_split_sentences = _numbers_split_sentences(blocks)
    kept: list[Block] = []
    contents: set[str] | None = None  # the lines of the table of contents we are in
    cut = False  # the last block was left out where a page ended
    for block in blocks:
        text = block.text
        if contents is not None:
            if _is_entry(block, contents) and len(contents) < _MAX_CONTENTS:
                contents.update(_entries(text))
                continue
            contents = None
        if len(text) <= _SHORT and block.level <= PARAGRAPH and block.level != SCENE_BREAK:
            if text == PAGE_BREAK or _digitless(text) in heads:
                left_out["running head"] += text != PAGE_BREAK
                cut = True
                continue
            if _PAGE.fullmatch(text):
                left_out["page number"] += 1
                if not numbers_split_sentences:
                    kept.append(Block("", SCENE_BREAK))
                cut = True
                continue
            block = _marked(block)
            if block.level == PARAGRAPH and kept and kept[-1].level > PARAGRAPH and _is_subtitle(text):
                block = Block(text, kept[-1].level)
        if block.level > PARAGRAPH and _CONTENTS.fullmatch(text):
            contents = set()
            left_out["table of contents"] += 1
            continue
        if block.level == PARAGRAPH:
            text = _unmarked(text, left_out)
            if not text or _FOOTNOTE.fullmatch(text):
                left_out["footnote"] += bool(text)
                continue
            if cut and kept and kept[-1].level == PARAGRAPH and _goes_on(kept[-1].text, text):
                kept[-1] = Block(_spliced(kept[-1].text, text))
                cut = False
                continue
            if text is not block.text:
                block = Block(text)
        cut = False
        kept.append(block)
    return kept, +left_out


def _running_heads(blocks: Sequence[Block]) -> frozenset[str]:
    """Lines at the top or the foot of pages: beside a page number or page break three times and more."""
    seen: Counter[str] = Counter()
    shorts = [len(block.text) <= _SHORT and block.level == PARAGRAPH for block in blocks]
    for n, block in enumerate(blocks):
        if not shorts[n] or block.text == PAGE_BREAK or _PAGE.fullmatch(block.text):
            continue
        numbered = block.text[0].isdigit() or block.text[-1].isdigit() if block.text else False
        beside = any(
            shorts[m] and (blocks[m].text == PAGE_BREAK or _PAGE.fullmatch(blocks[m].text))
            for m in (n - 1, n + 1)
            if 0 <= m < len(blocks)
        )
        if (beside or numbered) and not block.text.endswith(_SENTENCE_ENDS) and not _CHAPTER.fullmatch(block.text):
            seen[_digitless(block.text)] += 1
    return frozenset(head for head, count in seen.items() if count >= 3 and head)


def _digitless(text: str) -> str:
    return text.strip("0123456789 \t|-–—.").casefold()


def _numbers_split_sentences(blocks: Sequence[Block]) -> bool:
    """Whether lone numbers are those of pages; where none ever stands within a sentence they are of chapters."""
    return any(
        before.level == PARAGRAPH and len(number.text) < 12 and _PAGE.fullmatch(number.text) and _goes_on(before.text, after.text)
        for before, number, after in zip(blocks, blocks[1:], blocks[2:], strict=False)
    )


def _goes_on(before: str, after: str) -> bool:
    """Whether a sentence runs from one block into the next."""
    return bool(before) and not before.endswith(_SENTENCE_ENDS) and after[:1].islower()


def _spliced(before: str, after: str) -> str:
    return before[:-1] + after if before.endswith("-") else f"{before} {after}"


def _is_entry(block: Block, seen: set[str]) -> bool:
    """Whether a block belongs to a table of contents: its heading's second coming is the chapter itself."""
    lines = block.text.split("\n")
    if any(len(line) > _SHORT for line in lines):
        return False
    start = _entries(lines[0])[0]
    if any(entry.startswith(start) for entry in seen):
        return False
    return all(
        _ENTRY.fullmatch(line) or _CHAPTER.fullmatch(line) or not line.endswith(_SENTENCE_ENDS) for line in lines
    )


def _entries(text: str) -> list[str]:
    """The lines of a table of contents, comparable with the headings that they announce."""
    return [" ".join(line.casefold().split()) for line in text.split("\n")]


def _marked(block: Block) -> Block:
    """A short paragraph as the heading or scene break that it looks like."""
    text = block.text
    if _STARS.fullmatch(text) and not (len(text) == 1 and text.isalpha()):
        return Block("", SCENE_BREAK)
    if "\n" in text or text.endswith((",", ";", "”", '"', "!", "?")):
        return block
    if _CHAPTER.fullmatch(text) and (not _ROMAN.fullmatch(text.upper()) or _is_roman_heading(text)):
        if text.endswith(".") and text.count(" ") > 6:
            return block  # "Part of me wanted to stay."
        first = text.split()[0]
        return Block(text, 1) if first[0].isupper() or first.isdigit() else block
    if text.isupper() and len(text) > 3 and not text.endswith(".") and text.count(" ") < 10:
        return Block(text, 2)
    return block


def _is_subtitle(text: str) -> bool:
    """Whether a line under a chapter's heading is the rest of it."""
    return len(text) <= 60 and text[:1].isupper() and "\n" not in text and not text.endswith((*_SENTENCE_ENDS, ",", ";"))


def _is_roman_heading(text: str) -> bool:
    """ "IV", "IV." and "IV. The Lamp", but not "I went" and "I"'s like."""
    number, _, rest = text.partition(" ")
    if not number.isupper():
        return False
    return not rest or number.endswith(".") or len(number) > 1 and rest[:1].isupper()


def _unmarked(text: str, left_out: Counter[str]) -> str:
    """The text without marks of footnotes, pages and pictures, and the underscores of plain text's italics."""
    if "[" in text or "{" in text or not text.isascii():
        text, count = _PICTURE.subn("", text)
        left_out["picture"] += count
        text, count = _PAGE_MARK.subn("", text)
        left_out["page number"] += count
        text, count = _MARK.subn("", text)
        left_out["footnote mark"] += count
        text = text.strip()
    if "_" in text:
        text = _UNDERLINED.sub(r"\1", text)
    return text

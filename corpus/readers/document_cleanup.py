"""Remove what is in a document but isn't prose, and count it.

    kept, left_out = clean_document(document.blocks)

Footnotes and their references, picture placeholders, page numbers, running heads and tables of contents are removed;
sentences that they interrupt are joined. If a document has hardly any marked headings, lines that look like headings
are made headings, and so are the breaks between scenes.

Limits: English headings; the content of a paragraph is never judged. Of a footnote in several paragraphs, only the
first, which has the number, is recognised.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from corpus.readers.document import PAGE_BREAK, PARAGRAPH, SCENE_BREAK, Block

_SHORT = 90
"""Characters of the longest running head, heading or line of a table of contents."""
_SENTENCE_ENDS = (".", "!", "?", "…", '"', "”", "’", "'", ":", ")", "*", "»")


def clean_document(blocks: Sequence[Block], by_look: bool = True) -> tuple[list[Block], Counter[str]]:
    """Return the blocks that are prose, headings or scene breaks, and the counts of what was left out.

    Without `by_look`, only those are headings that the document marks.
    """
    left_out: Counter[str] = Counter()
    by_look = by_look and sum(block.level > PARAGRAPH for block in blocks) < _FEW_HEADINGS
    kept = _without_contents(_without_pages(_without_notes(blocks, left_out), left_out), left_out)
    return _with_headings(kept, by_look), +left_out


def gutenberg_text(blocks: Sequence[Block]) -> tuple[int, int]:
    """Return where the text of a Project Gutenberg e-book starts and ends; without its marks, that is everything."""
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


_LICENCE_START = re.compile(r"\W*START OF (?:THE |THIS )?PROJECT GUTENBERG", re.IGNORECASE)
_LICENCE_END = re.compile(r"\W*END OF (?:THE |THIS )?PROJECT GUTENBERG", re.IGNORECASE)

_FOOTNOTE = re.compile(
    r"(?:\[(?:footnote\b|\d{1,3}\]\s|\*\]\s|\^[^\]\s]{1,40}\]:)|[¹²³⁴-⁹]+\s).*", re.IGNORECASE | re.DOTALL
)
_MARK = re.compile(r"(?<=[\w.,;:!?”’\"'])(?:\[(?:\d{1,3}|\*{1,3}|\^[^\]\s]{1,40})\]|[¹²³⁰⁴-⁹]+)")
_PICTURE = re.compile(r"\[(?:illustration|image|picture)\b[^\[\]]{0,500}\]", re.IGNORECASE)
_PAGE_MARK = re.compile(r"\s?[\[{](?:pg|page|p\.)\s*\d{1,4}[\]}]", re.IGNORECASE)
_UNDERLINED = re.compile(r"(?<!\w)_([^_\n]+)_(?!\w)")
_RAISED = re.compile(r"[¹²³⁰⁴-⁹]")


def _without_notes(blocks: Iterable[Block], left_out: Counter[str]) -> list[Block]:
    """Return the blocks without footnotes (they end a page), references to notes and pages, and underscores."""
    kept = []
    for block in blocks:
        text = block.text
        if block.level == PARAGRAPH:
            if "[" in text or "{" in text or (not text.isascii() and _RAISED.search(text)):
                if _FOOTNOTE.fullmatch(text):
                    left_out["footnote"] += 1
                    kept.append(Block("", PAGE_BREAK))
                    continue
                for pattern, name in ((_PICTURE, "picture"), (_PAGE_MARK, "page number"), (_MARK, "footnote mark")):
                    text, count = pattern.subn("", text)
                    left_out[name] += count
                text = text.strip()
            if "_" in text:
                text = _UNDERLINED.sub(r"\1", text)
            if not text:
                continue
        kept.append(block if text is block.text else Block(text, block.level))
    return kept


_NUMBER = r"(?:\d{1,4}|[ivxlcdm]{1,7})"
_PAGE = re.compile(
    rf"[-–—\[( ]*(?:(?:page|pg\.?|p\.)\s*{_NUMBER}|\d{{1,4}})(?:\s*(?:of|/)\s*\d+)?[-–—\]). ]*", re.IGNORECASE
)
_FROM_PAGE_TO_PAGE = 4
"""Blocks, at most, between the halves of a sentence that a page break interrupts: number, running heads, a footnote."""
_LEAST_HEADS = 3
_PUNCTUATION = ".,;:!?…\"“”'‘’()—–"


def _without_pages(blocks: Sequence[Block], left_out: Counter[str]) -> list[Block]:
    """Return the blocks without page numbers and running heads, and join sentences across pages.

    Numbers on their own that never interrupt a sentence belong to chapters, not pages, and become headings.
    """
    at_page_ends = _at_page_ends(blocks)
    numbered = any(_PAGE.fullmatch(blocks[n].text) for n in at_page_ends)
    heads = _running_heads(blocks, at_page_ends, numbered)
    words = _hyphenated_words(blocks) if any(block.text.endswith("-") for block in blocks) else frozenset()
    kept: list[Block] = []
    page_ended = False  # after the last kept block
    for block in blocks:
        text = block.text
        if block.level == PAGE_BREAK:
            page_ended = True
            continue
        if block.level == PARAGRAPH and len(text) <= _SHORT:
            if heads and _digitless(text) in heads:
                left_out["running head"] += 1
                page_ended = True
                continue
            if _PAGE.fullmatch(text):
                number = text.strip(" -–—[]().")
                if numbered or not number.isdecimal():
                    left_out["page number"] += 1
                    page_ended = True
                    continue
                block = Block(number, 1)
        if page_ended and kept and _continues(kept[-1], block):
            kept[-1] = Block(_joined(kept[-1].text, text, words))
        else:
            kept.append(block)
        page_ended = False
    return kept


def _at_page_ends(blocks: Sequence[Block]) -> list[int]:
    """Return the short blocks between the halves of a sentence."""
    found = []
    for n, block in enumerate(blocks):
        if block.level != PARAGRAPH or block.text.endswith(_SENTENCE_ENDS):
            continue
        if n + 1 == len(blocks) or not _may_be_page_end(blocks[n + 1]):
            continue
        for after in range(n + 2, min(n + 2 + _FROM_PAGE_TO_PAGE, len(blocks))):
            if _may_be_page_end(blocks[after]) and not blocks[after].text[:1].islower():
                continue
            if _continues(block, blocks[after]) and max(len(block.text), len(blocks[after].text)) > _SHORT:
                found += [m for m in range(n + 1, after) if blocks[m].level == PARAGRAPH]
            break
    return found


def _may_be_page_end(block: Block) -> bool:
    return block.level == PAGE_BREAK or (block.level == PARAGRAPH and len(block.text) <= _SHORT)


def _continues(before: Block, after: Block) -> bool:
    """Return whether a sentence continues from one block in the next."""
    if before.level != PARAGRAPH or after.level != PARAGRAPH:
        return False
    return not before.text.endswith(_SENTENCE_ENDS) and after.text.lstrip("(—–“‘\"'")[:1].islower()


def _joined(before: str, after: str, words: Collection[str]) -> str:
    """Join the halves of a paragraph; a hyphen at the break goes unless the word has one elsewhere."""
    if not before.endswith("-"):
        return f"{before} {after}"
    broken = before.rpartition(" ")[2] + after.partition(" ")[0]
    return before + after if broken.strip(_PUNCTUATION).casefold() in words else before[:-1] + after


def _hyphenated_words(blocks: Iterable[Block]) -> frozenset[str]:
    texts = (block.text for block in blocks if "-" in block.text)
    return frozenset(word.strip(_PUNCTUATION).casefold() for text in texts for word in text.split() if "-" in word)


def _running_heads(blocks: Sequence[Block], at_page_ends: Iterable[int], numbered: bool) -> frozenset[str]:
    """Return the lines that are at page ends in at least three places, and in half of the places where they occur."""
    ends = set(at_page_ends)
    seen: Counter[str] = Counter()
    placed: Counter[str] = Counter()
    for n, block in enumerate(blocks):
        text = block.text
        if block.level != PARAGRAPH or len(text) > _SHORT or text.endswith(_SENTENCE_ENDS) or _PAGE.fullmatch(text):
            continue
        head = _digitless(text)
        if not head or _CHAPTER.fullmatch(text):
            continue
        seen[head] += 1
        neighbours = [blocks[m] for m in (n - 1, n + 1) if 0 <= m < len(blocks)]
        placed[head] += n in ends or any(
            other.level == PAGE_BREAK or (numbered and other.level == PARAGRAPH and _PAGE.fullmatch(other.text))
            for other in neighbours
        )
    return frozenset(head for head, count in placed.items() if count >= _LEAST_HEADS and 2 * count >= seen[head])


def _digitless(text: str) -> str:
    return text.strip("0123456789 \t|-–—.").casefold()


_CONTENTS = re.compile(r"\W*(?:table of )?contents\W*", re.IGNORECASE)
_ENTRY = re.compile(rf"(?:.*?(?:\s|\.{{2,}}|…|\t)\s*{_NUMBER}\s*|{_NUMBER}[.)]?\s.*)", re.IGNORECASE)
_WITHOUT_NUMBERS = re.compile(r"^[\dIVXLC]+[.:)]?\s+|[\s.…]+\d{1,4}\s*$")
_MAX_CONTENTS = 500


def _without_contents(blocks: Sequence[Block], left_out: Counter[str]) -> list[Block]:
    kept = []
    entries: set[str] | None = None  # of the current table of contents
    for n, block in enumerate(blocks):
        if entries is not None:
            # The second occurrence of a heading is the chapter itself; it may have two lines: "Chapter 1", "The Lamp".
            begins = _is_listed(block, entries) or (
                is_heading(block.text) and n + 1 < len(blocks) and _is_listed(blocks[n + 1], entries)
            )
            if not begins and len(entries) < _MAX_CONTENTS and _is_entry(block):
                entries.update(_comparable(line) for line in block.text.split("\n"))
                entries.update(_comparable(_WITHOUT_NUMBERS.sub("", line)) for line in block.text.split("\n"))
                continue
            entries = None
        if is_contents(block.text):
            entries = set()
            left_out["contents page"] += 1
            continue
        kept.append(block)
    return kept


def is_contents(text: str) -> bool:
    """Return whether a line is the heading of a table of contents."""
    return len(text) <= _SHORT and _CONTENTS.fullmatch(text) is not None


def _is_listed(block: Block, entries: Iterable[str]) -> bool:
    """Return whether an entry of a table of contents begins like this block."""
    first = _comparable(block.text[:_SHORT].split("\n")[0])
    return bool(first) and any(entry.startswith(first) for entry in entries)


def _is_entry(block: Block) -> bool:
    """Return whether a block can be part of a table of contents."""
    lines = block.text.split("\n")
    if any(len(line) > _SHORT for line in lines):
        return False
    return all(
        _ENTRY.fullmatch(line) or _CHAPTER.fullmatch(line) or not line.endswith(_SENTENCE_ENDS) for line in lines
    )


def _comparable(line: str) -> str:
    return " ".join(line.casefold().split())


_FEW_HEADINGS = 3
"""A document with this many marked headings needs no guesses."""
_ROMAN = r"(?=[IVXLC])C{0,3}(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_TEENS = r"(?:thir|four|fif|six|seven|eigh|nine)teen"
_TENS = r"(?:twen|thir|for|fif|six|seven|eigh|nine)t(?:y|ieth)"
_ONES = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_FIRST = r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last)"
_COUNT = rf"(?:\d{{1,4}}|(?-i:{_ROMAN})|(?:the\s+)?(?:(?:{_TENS}[- ]?)?(?:{_ONES}|{_FIRST})|{_TEENS}|{_TENS}))"
_CHAPTER = re.compile(
    rf"(?:(?:chapter|part|book|act|scene|volume|canto|stave)\s+{_COUNT}\b"
    r"(?:\s*[:.–—-].{0,70}|\s+(?-i:[A-Z\"“]).{0,70})?"
    r"|(?:prologue|epilogue|interlude|introduction|foreword|preface|afterword)(?:\s*[:.–—-].{0,60})?"
    rf"|(?-i:{_ROMAN})(?:\.(?:\s+(?-i:[A-Z\"“]).{{0,60}})?)?)",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    r"\d{1,3}\.?\s+[A-Z][\w’'-]*(?:\s+(?:[A-Z][\w’'-]*|a|an|and|at|by|for|from|in|of|on|or|the|to|with))*"
)
_OVER = (".", "!", "?", "…", '"', "”", "’")
_STARS = re.compile(r"(?:[*#~•⁂◆·§=_—–-]\s*)+|[xX](?:\s+[xX])+")


def _with_headings(blocks: Sequence[Block], by_look: bool) -> list[Block]:
    """Make stars and rules scene breaks; and, with `by_look`, make lines headings that look like them."""
    kept: list[Block] = []
    after_heading = False  # the last block became a heading, so its second half may follow
    for block in blocks:
        text = block.text
        heading = False
        if block.level == PARAGRAPH and len(text) <= _SHORT:
            if _STARS.fullmatch(text):
                block = Block("", SCENE_BREAK)
            elif by_look:
                first, *others = text.split("\n")
                heading = is_heading(first) if all(map(_is_subtitle, others)) else False
                heading = heading or (after_heading and _is_subtitle(text)) or (_is_shouted(text) and _ended(kept))
                block = Block(": ".join([first.rstrip("."), *others]) if others else text, 1) if heading else block
        after_heading = not after_heading and (heading or (by_look and block.level > PARAGRAPH and text.isdecimal()))
        kept.append(block)
    end = len(kept)
    while end and kept[end - 1].level > PARAGRAPH == blocks[end - 1].level:
        end -= 1  # "THE END" doesn't begin a chapter
    return kept[:end] + [Block(block.text) for block in kept[end:]]


def is_heading(text: str) -> bool:
    """Return whether a line has the words of a chapter's or part's heading."""
    if len(text) > _SHORT or "\n" in text:
        return False
    return _CHAPTER.fullmatch(text) is not None or _NUMBERED.fullmatch(text) is not None


def _is_shouted(text: str) -> bool:
    """Return whether a line is in capitals like a heading, but isn't a cry."""
    return text.isupper() and len(text) > 3 and text.count(" ") < 10 and "\n" not in text and text[-1].isalnum()


def _ended(kept: Sequence[Block]) -> bool:
    """Return whether the last sentence is complete: what a sign says is introduced ("The sign said:")."""
    return not kept or kept[-1].level != PARAGRAPH or kept[-1].text.endswith(_OVER)


def _is_subtitle(text: str) -> bool:
    """Return whether a line can be the second half of a chapter's heading."""
    return len(text) <= 60 and text[:1].isupper() and "\n" not in text and text[-1].isalnum()

"""Read HTML and XHTML as blocks: paragraphs, headings and scene breaks, without the page around the text.

    document = read_html(source)          # a saved web page
    add_html(text, document)              # a chapter of an .epub

Navigation, asides, scripts, pictures, footnotes and hidden parts are left out. If a page has a <main> or <article> with
at least half of its words, only that is read.

Limits: text that a script would add is missing; tables are read row by row.
"""

import re
from collections import Counter
from collections.abc import Iterable

from corpus.readers import plain_text
from corpus.readers.document import PARAGRAPH, SCENE_BREAK, Block, Document, spaced
from corpus.readers.encoding import declared_text, decode_text
from corpus.readers.html_tokens import Tag, tokens
from corpus.readers.source import Source
from corpus.story import StoryError

MAX_CHARACTERS = 12 * 2**20
MAX_MARKUP = 300_000
"""Tags and entities of a page, or of a whole book, at most. A long novel has a third of that."""
_BLOCKS = frozenset(
    "address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 "
    "h4 h5 h6 header hgroup hr html li main nav ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
_SKIPPED = frozenset(
    "aside audio button canvas figure footer iframe label map math nav noscript object picture rt script select style "
    "svg template textarea video xmp".split()
)
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_PARTS = ("main", "article")
_HEADINGS = {f"h{n}": n for n in range(1, 7)}

# What isn't prose, by the words in an element's class, id, role and epub:type.
_NOTE = re.compile(r"(?:doc-)?(?:foot|end|rear)notes?", re.IGNORECASE)
_MARK = re.compile(r"(?:doc-)?noteref|(?:fn|footnote)-?ref", re.IGNORECASE)
_PAGE = re.compile(r"(?:doc-)?page-?(?:break|list|num|number|no)", re.IGNORECASE)
_CONTENTS = re.compile(
    r"toc|table-of-contents|copyright(?:-page)?|(?:half-?)?title-?page|pg-boilerplate|nav|navigation|nav-?bar|side-?bar"
    r"|breadcrumbs?|comments",
    re.IGNORECASE,
)
NOT_STORY = re.compile(
    r"(?:doc-)?(?:toc|index|cover|colophon|bibliography|glossary|landmarks|loi|lot|copyright-page|(?:half)?title-?page|notes"
    r"|imprint|other-credits|contributors|errata|acknowledge?ments|complementary|contentinfo)",
    re.IGNORECASE,
)
"""What EPUB calls the parts of a book that are not the story, in `epub:type` and in its guide."""
_DESCRIPTIVE = re.compile(r"class|role|epub:type|hidden|style|\bid\b", re.IGNORECASE)
"""Attributes that can describe an element's purpose."""

_AUTHOR = ("author", "dc.creator", "article:author")
_RIGHTS = ("dc.rights", "dcterms.rights", "dcterms.license", "copyright")
_NOTE_SIGNS = ("*", "†", "‡")
_EMBEDDED = re.compile(r"""data:[^\s"'<>()]{1000,}""")


def looks_like_html(source: Source) -> bool:
    """Return whether the file is a web page."""
    start = source.head_text.lstrip("\ufeff \t\r\n")[:2000].lower()
    return re.match(r"(?:<\?xml[^>]*>\s*)?(?:<!--[^>]*>\s*)*(?:<!doctype html|<html)", start) is not None


def read_html(source: Source) -> Document:
    """Return the text of a web page. Raise StoryError if it isn't text, or is too large for a story."""
    text, note = declared_text(source.data), ""
    if text is None:
        text, note = decode_text(source)
    text = _EMBEDDED.sub("", text)
    if len(text) > MAX_CHARACTERS or count_markup(text) > MAX_MARKUP:
        raise StoryError(f"{source.name} is too large for a story. Save it as plain text (.txt), and try again.")
    document = Document(notes=[note] if note else [])
    page = _Page(document)
    page.read(text)
    document.blocks = page.main_part()
    document.title = page.metas.get("dc.title", "") or page.title
    document.author = next((page.metas[name] for name in _AUTHOR if page.metas.get(name)), "")
    document.rights = next((page.metas[name] for name in _RIGHTS if page.metas.get(name)), "")
    return document


def count_markup(text: str) -> int:
    """Return the number of characters that may begin tags and entities."""
    return text.count("<") + text.count("&")


def add_html(text: str, document: Document) -> None:
    """Add the prose of a page, or of a fragment, to the document."""
    page = _Page(document)
    page.read(text)
    document.blocks += [block for block, _ in page.found]


class _Page:
    """What was read of a page so far, and the position in it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.found: list[tuple[Block, frozenset[str]]] = []
        """The blocks, each with which of <main> and <article> it is in."""
        self.title = ""
        self.metas: dict[str, str] = {}
        self._texts: list[str] = []  # of the current block; \v is a line break
        self._level = PARAGRAPH
        self._open_parts: Counter[str] = Counter()
        self._within: frozenset[str] = frozenset()
        self._preformatted = False
        self._raised: int | None = None  # where a <sup> begins in _texts
        self._skipped = ""  # the element that is being left out
        self._depth = 0  # how many elements of that name are open

    def read(self, text: str) -> None:
        in_title = False
        for piece in tokens(text):
            if isinstance(piece, Tag):
                in_title = piece.name == "title" and not piece.is_end
                self._tag(piece)
            elif in_title:
                self.title = self.title or " ".join(piece.split())
            elif not self._skipped:
                self._texts.append(piece if self._preformatted else piece.replace("\n", " "))
        if self._skipped:
            self.document.notes.append(f"An unclosed <{self._skipped}> was left out, with everything after it.")
        self._end_block()

    def main_part(self) -> list[Block]:
        """Return the blocks of the page's <main> or <article> if it has half of the words, else all blocks."""
        found = self.found
        for part in _PARTS:
            inside = [(block, within) for block, within in found if part in within]
            if 2 * _words(inside) >= _words(found):
                found = inside
        return [block for block, _ in found]

    def _tag(self, tag: Tag) -> None:
        if tag.name in ("meta", "link", "a"):
            self._read_head(tag)
        if self._skipped:
            if self._skipped == "p" and tag.name in _BLOCKS and not (tag.name == "p" and tag.is_end):
                self._skipped = ""  # the end tag of a paragraph is optional
            else:
                self._skip(tag)
                return
        if tag.is_end:
            self._end(tag.name)
        else:
            self._start(tag)

    def _read_head(self, tag: Tag) -> None:
        about = tag.attributes()
        if tag.name == "meta":
            self.metas.setdefault((about.get("name") or about.get("property") or "").lower(), about.get("content", ""))
        elif "license" in about.get("rel", "").split():
            self.metas.setdefault("copyright", about.get("href", ""))

    def _skip(self, tag: Tag) -> None:
        if tag.name == self._skipped and not tag.is_empty:
            self._depth += -1 if tag.is_end else 1
            if self._depth == 0:
                self._skipped = ""

    def _start(self, tag: Tag) -> None:
        name = tag.name
        if name in _BLOCKS:
            self._end_block()
            self._level = _HEADINGS.get(name, PARAGRAPH)
        left_out = _left_out(tag)
        if left_out is not None:
            if left_out:
                self.document.left_out[left_out] += 1
            if name not in _VOID and not tag.is_empty:
                self._skipped, self._depth = name, 1
        elif name == "br":
            self._texts.append("\v")
        elif name == "hr":
            self.found.append((Block("", SCENE_BREAK), self._within))
        elif name == "pre":
            self._preformatted = True
        elif name == "sup":
            self._raised = len(self._texts)
        elif name in _PARTS:
            self._open_part(name, 1)

    def _end(self, name: str) -> None:
        if name in _BLOCKS:
            self._end_block()
            self._level = PARAGRAPH
        if name == "pre":
            self._preformatted = False
        elif name == "sup" and self._raised is not None:
            text = "".join(self._texts[self._raised :]).strip("[]() ")
            if text.isdecimal() or text in _NOTE_SIGNS:
                del self._texts[self._raised :]
                self.document.left_out["footnote mark"] += 1
            self._raised = None
        elif name in _PARTS:
            self._open_part(name, -1)

    def _open_part(self, name: str, change: int) -> None:
        self._open_parts[name] += change
        self._within = frozenset(part for part in _PARTS if self._open_parts[part] > 0)

    def _end_block(self) -> None:
        text = "".join(self._texts)
        self._texts.clear()
        self._raised = None
        if not text or text.isspace():
            return
        if self._preformatted:
            self.found += [(block, self._within) for block in plain_text.blocks(text.replace("\v", "\n"))]
        elif self._level > PARAGRAPH:
            self._add(spaced(text.replace("\v", " ")), self._level)
        elif "\v" not in text:
            self._add(spaced(text))
        else:
            for part in re.split(r"\v\s*\v", text):  # two breaks are a blank line
                lines = [line for line in map(spaced, part.split("\v")) if line]
                for paragraph in plain_text.lines_as_paragraphs(lines) if lines else ():
                    self._add(paragraph)

    def _add(self, text: str, level: int = PARAGRAPH) -> None:
        if text:
            self.found.append((Block(text, level), self._within))


def _words(found: Iterable[tuple[Block, frozenset[str]]]) -> int:
    return sum(len(block.text.split()) for block, _ in found)


def _left_out(tag: Tag) -> str | None:
    """Return what a tag begins that isn't prose, as counted in `Document.left_out`, or "" if not counted; else None."""
    if _DESCRIPTIVE.search(tag.written):
        about = tag.attributes()
        kinds = f"{about.get('epub:type', '')} {about.get('role', '')}".split()
        classes = [*about.get("class", "").split(), about.get("id", "")]
        for pattern, name in ((_NOTE, "footnote"), (_MARK, "footnote mark"), (_PAGE, "page number")):
            if any(pattern.fullmatch(word) for word in (*kinds, *classes)):
                return name
        if any(map(NOT_STORY.fullmatch, kinds)) or any(map(_CONTENTS.fullmatch, classes)):
            return "cover or contents page"
        if "hidden" in about or "display:none" in about.get("style", "").replace(" ", ""):
            return ""
    if tag.name in ("figure", "img"):
        return "picture"
    return "" if tag.name in _SKIPPED else None

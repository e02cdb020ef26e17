"""HTML and XHTML -> blocks: paragraphs, headings and scene breaks, without what surrounds a text on a page.

    document = read_html(source)          # a page somebody saved
    take(text, document)                  # a chapter of an .epub

Navigation, asides, scripts, pictures, footnotes and hidden parts are left out. Of a page with a <main> or an <article>
that holds at least half of its words, only that is taken.

Limits: what a script would write onto the page isn't there; tables are read row by row.
"""

import re
from collections import Counter
from collections.abc import Iterable

from corpus.readers import plain_text
from corpus.readers.document import PARAGRAPH, SCENE_BREAK, Block, Document, spaced
from corpus.readers.encoding import declared_text, text_of
from corpus.readers.html_tokens import Tag, pieces
from corpus.readers.source import Source
from corpus.story import StoryError

MAX_CHARACTERS = 12 * 2**20
MAX_SIGNS = 300_000
"""Of a page, or of a book's all: tags and entities. A long novel has a third of it."""
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

# What is no prose, by the words of an element's class, id, role and epub:type.
_NOTE = re.compile(r"(?:doc-)?(?:foot|end|rear)notes?", re.IGNORECASE)
_MARK = re.compile(r"(?:doc-)?noteref|(?:fn|footnote)-?ref", re.IGNORECASE)
_PAGE = re.compile(r"(?:doc-)?page-?(?:break|list|num|number|no)", re.IGNORECASE)
_CONTENTS = re.compile(
    r"toc|table-of-contents|copyright(?:-page)?|(?:half-?)?title-?page|pg-boilerplate|nav|navigation|nav-?bar|side-?bar"
    r"|breadcrumbs?|comments",
    re.IGNORECASE,
)
MATTER = re.compile(
    r"(?:doc-)?(?:toc|index|cover|colophon|bibliography|glossary|landmarks|loi|lot|copyright-page|(?:half)?title-?page|notes"
    r"|imprint|other-credits|contributors|errata|acknowledge?ments|complementary|contentinfo)",
    re.IGNORECASE,
)
"""What EPUB, in `epub:type` and in its guide, calls the parts of a book that are no story."""
_TELLING = re.compile(r"class|role|epub:type|hidden|style|\bid\b", re.IGNORECASE)
"""An element without any of it in its attributes doesn't say what it is."""

_AUTHOR = ("author", "dc.creator", "article:author")
_RIGHTS = ("dc.rights", "dcterms.rights", "dcterms.license", "copyright")
_NOTE_SIGNS = ("*", "†", "‡")
_EMBEDDED = re.compile(r"""data:[^\s"'<>()]{1000,}""")


def looks_like_html(source: Source) -> bool:
    """Whether the file is a web page."""
    start = source.head_text.lstrip("\ufeff \t\r\n")[:2000].lower()
    return re.match(r"(?:<\?xml[^>]*>\s*)?(?:<!--[^>]*>\s*)*(?:<!doctype html|<html)", start) is not None


def read_html(source: Source) -> Document:
    """The text of a web page. Raises StoryError for one that is no text, and for one larger than any story."""
    text, note = declared_text(source.data), ""
    if text is None:
        text, note = text_of(source)
    text = _EMBEDDED.sub("", text)
    if len(text) > MAX_CHARACTERS or signs(text) > MAX_SIGNS:
        raise StoryError(f"{source.name} is larger than any story. Save it as plain text (.txt), and try again.")
    document = Document(notes=[note] if note else [])
    page = _Page(document)
    page.read(text)
    document.blocks = page.main_part()
    document.title = page.metas.get("dc.title", "") or page.title
    document.author = next((page.metas[name] for name in _AUTHOR if page.metas.get(name)), "")
    document.rights = next((page.metas[name] for name in _RIGHTS if page.metas.get(name)), "")
    return document


def signs(text: str) -> int:
    """How many signs a page has that may be tags and entities."""
    return text.count("<") + text.count("&")


def take(text: str, document: Document) -> None:
    """Adds the prose of a page, or of a piece of one, to the document."""
    page = _Page(document)
    page.read(text)
    document.blocks += [block for block, _ in page.found]


class _Page:
    """What was read of a page so far, and where in it we are."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.found: list[tuple[Block, frozenset[str]]] = []
        """Blocks, and which of <main> and <article> each stands in."""
        self.title = ""
        self.metas: dict[str, str] = {}
        self._texts: list[str] = []  # of the block that isn't over yet; \v is a line break
        self._level = PARAGRAPH
        self._open_parts: Counter[str] = Counter()
        self._within: frozenset[str] = frozenset()
        self._preformatted = False
        self._raised: int | None = None  # where in _texts a <sup> begins
        self._skipped = ""  # the element that is being left out,
        self._depth = 0  # and how often it is open

    def read(self, text: str) -> None:
        in_title = False
        for piece in pieces(text):
            if isinstance(piece, Tag):
                in_title = piece.name == "title" and not piece.is_end
                self._tag(piece)
            elif in_title:
                self.title = self.title or " ".join(piece.split())
            elif not self._skipped:
                self._texts.append(piece if self._preformatted else piece.replace("\n", " "))
        if self._skipped:
            self.document.notes.append(f"A <{self._skipped}> that is never closed was left out, and what follows it.")
        self._end_block()

    def main_part(self) -> list[Block]:
        """The blocks of the page's <main> or <article>, if that holds half of its words."""
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
                self._skipped = ""  # the end of a paragraph may go without saying
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
            for part in re.split(r"\v\s*\v", text):  # two breaks are what a blank line is elsewhere
                lines = [line for line in map(spaced, part.split("\v")) if line]
                for paragraph in plain_text.one_a_line(lines) if lines else ():
                    self._add(paragraph)

    def _add(self, text: str, level: int = PARAGRAPH) -> None:
        if text:
            self.found.append((Block(text, level), self._within))


def _words(found: Iterable[tuple[Block, frozenset[str]]]) -> int:
    return sum(len(block.text.split()) for block, _ in found)


def _left_out(tag: Tag) -> str | None:
    """What a tag begins that is no prose, as `Document.left_out` names it, "" where that isn't counted; else None."""
    if _TELLING.search(tag.written):
        about = tag.attributes()
        kinds = f"{about.get('epub:type', '')} {about.get('role', '')}".split()
        classes = [*about.get("class", "").split(), about.get("id", "")]
        for pattern, name in ((_NOTE, "footnote"), (_MARK, "footnote mark"), (_PAGE, "page number")):
            if any(pattern.fullmatch(word) for word in (*kinds, *classes)):
                return name
        if any(map(MATTER.fullmatch, kinds)) or any(map(_CONTENTS.fullmatch, classes)):
            return "cover or contents page"
        if "hidden" in about or "display:none" in about.get("style", "").replace(" ", ""):
            return ""
    if tag.name in ("figure", "img"):
        return "picture"
    return "" if tag.name in _SKIPPED else None

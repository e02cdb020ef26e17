"""HTML and XHTML -> blocks: paragraphs, headings and scene breaks, without what surrounds a text on a page.

    document = read_html(source)          # a page somebody saved
    take(element, document)               # a chapter of an .epub

Navigation, asides, forms, scripts, pictures and hidden parts are left out. Of a page with an <article> or a <main>,
only that is taken.

Limits: what a script would write onto the page isn't there; tables are read row by row.
"""

import re
from html.entities import name2codepoint
from typing import TYPE_CHECKING

from corpus.readers.document import PARAGRAPH, SCENE_BREAK, Block, Document
from corpus.readers.source import Source
from corpus.story import StoryError

if TYPE_CHECKING:
    from lxml import etree

_BLOCKS = frozenset(
    "address article blockquote body center dd details div dl dt fieldset figcaption figure h1 h2 h3 h4 h5 h6 hr html li "
    "main ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
_SKIPPED = frozenset(
    "aside audio button canvas figure footer form head iframe input label map math menu nav noscript object option picture "
    "script select style sup svg template textarea title video".split()
)
_HEADINGS = {f"h{n}": n for n in range(1, 7)}
_NO_PROSE = re.compile(
    r"\b(?:toc|table-of-contents|loi|lot|landmarks|pagebreak|pagenum|pageno|page-number|footnotes?|endnotes?|rearnotes?|"
    r"noteref|copyright-page|titlepage|halftitlepage|cover|colophon|index|bibliography|glossary|imprint|"
    r"navigation|navbar|sidebar|breadcrumbs?|comments|pg-boilerplate|doc-(?:toc|footnotes?|endnotes?|noteref|pagebreak))\b",
    re.IGNORECASE,
)
_NOTE = re.compile(r"\b(?:noteref|footnotes?|endnotes?|rearnotes?|doc-(?:noteref|footnotes?|endnotes?))\b")
_EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"
_NAMED_ENTITY = re.compile(r"&(\w{2,10});")
_XML_OWN = frozenset({"amp", "lt", "gt", "quot", "apos"})
_DECLARED = re.compile(rb"""<\?xml[^>]{0,80}encoding=["']([\w-]{1,40})|<meta[^>]{0,200}charset=["']?([\w-]{1,40})""", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\n\r\x0c\xa0]+")


def looks_like_html(source: Source) -> bool:
    """Whether the file is a web page, but none that holds a Twine story."""
    start = source.head_text.lstrip("\ufeff \t\r\n")[:200].lower()
    if not re.match(r"<!doctype html|<html|<\?xml[^>]*\?>\s*(?:<!doctype html|<html)", start):
        return False
    try:
        data = source.data
    except StoryError:  # too large; whoever reads it will say so
        return True
    return b"<tw-storydata" not in data and not re.search(rb"""id=["']?store-?area""", data, re.IGNORECASE)


def read_html(source: Source) -> Document:
    """The text of a web page. Raises StoryError where there is none."""
    from lxml import etree

    root = parse_html(_decoded(source))
    if root is None:
        raise StoryError(f"{source.name} is an empty web page.")
    document = Document()
    metas = {
        (meta.get("name") or meta.get("property") or "").lower(): meta.get("content") or "" for meta in root.iter("meta")
    }
    title = root.find(".//title")
    document.title = metas.get("dc.title") or ("".join(str(t) for t in title.itertext()) if title is not None else "")
    document.author = metas.get("author") or metas.get("dc.creator") or ""
    licence = next((link.get("href") for link in root.iter("link", "a") if link.get("rel") == "license"), "")
    document.rights = metas.get("dc.rights") or metas.get("dcterms.rights") or metas.get("copyright") or licence or ""
    parts: list[etree._Element] = list(root.iter("article")) or list(root.iter("main"))
    inner = {part for article in parts for part in article.iterdescendants("article")}
    for part in [part for part in parts if part not in inner] or [root]:
        take(part, document)
    return document


def parse_html(text: str) -> "etree._Element | None":
    """The root of a page, however badly written; None where there is no element."""
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.LxmlError:
        return None


def parse_xhtml(data: bytes) -> "etree._Element | None":
    """The root of a chapter: as XML where it is proper, else as any page."""
    from lxml import etree

    text = decoded(data)
    if text is None:
        return None
    # XML knows five entities, and what a document type declares is not fetched.
    plain = _NAMED_ENTITY.sub(
        lambda match: chr(name2codepoint[match[1]]) if match[1] in name2codepoint and match[1] not in _XML_OWN else match[0],
        re.sub(r"^\s*<\?xml[^>]{0,200}\?>", "", text),
    )
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        return etree.fromstring(plain.encode("utf-8", "replace"), parser)
    except (etree.LxmlError, ValueError):
        return parse_html(text)


def decoded(data: bytes) -> str | None:
    """Bytes as the text they declare to be, UTF-8 where they declare nothing; None where they are not."""
    declared = _DECLARED.search(data[:2048])
    name = (declared[1] or declared[2]).decode("ascii") if declared else "utf-8"
    for encoding in ("utf-8-sig", name):
        try:
            return data.decode(encoding)
        except (UnicodeError, LookupError):
            continue
    return None


def _decoded(source: Source) -> str:
    return decoded(source.data) or source.text


def take(root: "etree._Element", document: Document) -> None:
    """Adds what stands under `root` to the document's blocks."""
    from lxml import etree

    pieces: list[str] = []
    levels = [PARAGRAPH]
    preformatted = 0

    def end_block() -> None:
        text = "".join(pieces)
        pieces.clear()
        lines = [_BLANKS.sub(" ", line).strip() for line in text.split("\v")]
        text = "\n".join(line for line in lines if line)
        if text:
            document.blocks.append(Block(text, levels[-1]))

    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""
        if event == "end":
            if tag in _HEADINGS and len(levels) > 1 and not _skipped(element, tag, root):
                end_block()
                levels.pop()
            elif tag in _BLOCKS:
                end_block()
            preformatted -= tag == "pre"
            if element is not root and element.tail:
                pieces.append(_lines(element.tail, preformatted))
            continue
        if not tag or _skipped(element, tag, root):
            document.left_out["footnote mark"] += _is_note_mark(element, tag)
            # The walker goes on with the element's end, which takes its tail.
            walk.skip_subtree()
            preformatted += tag == "pre"
            continue
        if tag in _BLOCKS:
            end_block()
        if tag == "hr":
            document.blocks.append(Block("", SCENE_BREAK))
        if tag in _HEADINGS:
            levels.append(_HEADINGS[tag])
        preformatted += tag == "pre"
        if tag == "br":
            pieces.append("\v")
        if element.text:
            pieces.append(_lines(element.text, preformatted))
    end_block()


def _lines(text: str, preformatted: int) -> str:
    return text.replace("\n", "\v") if preformatted > 0 else text


def _skipped(element: "etree._Element", tag: str, root: "etree._Element") -> bool:
    if tag == "sup":
        return _is_note_mark(element, tag)
    if tag in _SKIPPED:
        return True
    if element is root or not element.attrib:
        return False
    about = " ".join(filter(None, (element.get(_EPUB_TYPE), element.get("epub:type"), element.get("role"), element.get("class"))))
    style = element.get("style") or ""
    hidden = element.get("hidden") is not None or "display:none" in style.replace(" ", "")
    return hidden or bool(about and _NO_PROSE.search(about))


def _is_note_mark(element: "etree._Element", tag: str) -> bool:
    """A raised number, or a link that says it leads to a note."""
    if tag == "sup":
        text = "".join(str(part) for part in element.itertext()).strip("[]() \n")
        return text.isdigit() or text in ("*", "†", "‡")
    about = f"{element.get(_EPUB_TYPE) or element.get('epub:type') or ''} {element.get('role') or ''}"
    return bool(tag == "a" and _NOTE.search(about))

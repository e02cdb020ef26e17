"""Word's .docx and LibreOffice's .odt -> Document.

    document = read_docx(source)

Headings are known by their style; tracked deletions, footnotes, comments, headers, footers, field codes and
generated tables of contents are left out, tracked insertions stay.

Limits: numbers that the program counts itself (automatic lists and headings) are not in the file and not in the text.
"""

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from corpus.readers.archive import Archive
from corpus.readers.document import PARAGRAPH, SCENE_BREAK, Block, Document
from corpus.readers.source import Source
from corpus.story import StoryError

if TYPE_CHECKING:
    from lxml import etree

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_META = "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"
# What libraries and lxml raise for parts that are there but make no sense.
_BROKEN = (KeyError, ValueError, TypeError, AttributeError, IndexError, AssertionError, RuntimeError, BadZipFile, OSError)
_IN_TITLE = frozenset({"title", "subtitle"})
_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_DOCX_SKIPPED = frozenset(_W + name for name in ("pPr", "rPr", "sectPr", "del", "moveFrom", "instrText", "object")) | {
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
}
_ODT_SKIPPED = frozenset(
    _TEXT + name for name in ("tracked-changes", "table-of-content", "alphabetical-index", "bibliography", "illustration-index")
) | {"{urn:oasis:names:tc:opendocument:xmlns:office:1.0}annotation"}


def read_docx(source: Source) -> Document:
    """The text of a Word document. Raises StoryError for one that is damaged or locked."""
    import docx
    from docx.exceptions import PythonDocxError
    from lxml import etree

    Archive(source).check_all()  # python-docx inflates every part
    try:
        word = docx.Document(BytesIO(source.data))
        properties = word.core_properties
        document = Document(title=properties.title or "", author=properties.author or "")
        if document.author == "python-docx":
            document.author = ""
        _take_docx(word.element.body, _levels(word), document)
    except (*_BROKEN, PythonDocxError, etree.LxmlError) as error:
        raise StoryError(
            f"{source.name} is damaged: {error}. Open it in Word, save it anew as .docx, and try again."
        ) from error
    return document


def _levels(word: Any) -> dict[str, tuple[str, int]]:
    """Kind and level of each paragraph style by its id; a style without a level has that of the one it is based on."""
    from docx.enum.style import WD_STYLE_TYPE

    levels: dict[str, tuple[str, int]] = {}
    for style in word.styles:
        if style.type != WD_STYLE_TYPE.PARAGRAPH:
            continue
        base: Any = style
        for _ in range(12):  # a chain of styles may be a circle
            name = (base.name or "").lower()
            match = _HEADING.match(name)
            if match or name in _IN_TITLE or name.startswith(("toc", "table of", "footnote", "endnote", "header", "footer")):
                levels[style.style_id] = (name.split()[0], int(match[1]) if match else PARAGRAPH)
                break
            base = base.base_style
            if base is None:
                break
    return levels


def _take_docx(body: "etree._Element", styles: dict[str, tuple[str, int]], document: Document) -> None:
    from lxml import etree

    open_paragraphs: list[list[str]] = []
    walk = etree.iterwalk(body, events=("start", "end"))
    for event, element in walk:
        tag = element.tag
        if event == "end":
            if tag == f"{_W}p" and open_paragraphs:
                _end_paragraph(element, "".join(open_paragraphs.pop()), styles, document)
            continue
        if tag in _DOCX_SKIPPED or (tag == f"{_W}sdt" and _is_contents(element)):
            walk.skip_subtree()
        elif tag == f"{_W}p":
            open_paragraphs.append([])
        elif not open_paragraphs:
            continue
        elif tag == f"{_W}t":
            open_paragraphs[-1].append(element.text or "")
        elif tag in (f"{_W}br", f"{_W}cr"):
            # Word writes a page break as a line break of a kind.
            open_paragraphs[-1].append("\n" if element.get(f"{_W}type") is None else " ")
        elif tag == f"{_W}tab":
            open_paragraphs[-1].append(" ")
        elif tag == f"{_W}noBreakHyphen":
            open_paragraphs[-1].append("-")
        elif tag in (f"{_W}footnoteReference", f"{_W}endnoteReference"):
            document.left_out["footnote"] += 1


def _is_contents(element: "etree._Element") -> bool:
    gallery = element.find(f"{_W}sdtPr/{_W}docPartObj/{_W}docPartGallery")
    return gallery is not None and "contents" in (gallery.get(f"{_W}val") or "").lower()


def _end_paragraph(
    element: "etree._Element", text: str, styles: dict[str, tuple[str, int]], document: Document
) -> None:
    style = element.find(f"{_W}pPr/{_W}pStyle")
    outline = element.find(f"{_W}pPr/{_W}outlineLvl")
    kind, level = styles.get((style.get(f"{_W}val") or "") if style is not None else "", ("", PARAGRAPH))
    if level == PARAGRAPH and outline is not None and (outline.get(f"{_W}val") or "9") < "9":
        level = int(outline.get(f"{_W}val") or 0) + 1
    _add(text, kind, level, document)


def _add(text: str, kind: str, level: int, document: Document) -> None:
    """A paragraph as the block it is, or as what the document says of itself."""
    lines = [" ".join(line.split()) for line in text.split("\n")]
    text = "\n".join(line for line in lines if line)
    if not text:
        return
    if kind in ("toc", "table"):
        document.left_out["contents line"] += 1
    elif kind == "title":
        document.title = document.title or text.replace("\n", " ")
    elif kind == "subtitle":
        by = re.fullmatch(r"by\s+(.+)", text, re.IGNORECASE)
        document.author = document.author or (by[1] if by else "")
    elif kind in ("footnote", "endnote", "header", "footer"):
        document.left_out["footnote"] += 1
    else:
        document.blocks.append(Block(text.replace("\n", " ") if level else text, level))


def read_odt(source: Source) -> Document:
    """The text of an OpenDocument text. Raises StoryError for one that is damaged or locked."""
    from lxml import etree

    archive = Archive(source)
    if b"encryption-data" in (archive.read("META-INF/manifest.xml") if "META-INF/manifest.xml" in archive.names else b""):
        raise StoryError(f"{source.name} is locked with a password. Save it without one, and try again.")
    document = Document()
    if "meta.xml" in archive.names:
        meta = archive.xml("meta.xml")
        document.title = " ".join((meta.findtext(f".//{_DC}title") or "").split())
        document.author = meta.findtext(f".//{_META}initial-creator") or meta.findtext(f".//{_DC}creator") or ""
    open_blocks: list[list[str]] = []
    root = archive.xml("content.xml")
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "end":
            if tag in (f"{_TEXT}p", f"{_TEXT}h") and open_blocks:
                style = (element.get(f"{_TEXT}style-name") or "").lower()
                level = element.get(f"{_TEXT}outline-level") or "1" if tag == f"{_TEXT}h" else "0"
                kind = style if style in _IN_TITLE else ""
                _add("".join(open_blocks.pop()), kind, int(level) if level.isdecimal() else 1, document)
            if open_blocks and element.tail:
                open_blocks[-1].append(element.tail)
            continue
        if tag in _ODT_SKIPPED or tag == f"{_TEXT}note" or not tag:
            document.left_out["footnote"] += tag == f"{_TEXT}note"
            walk.skip_subtree()
            continue
        if tag in (f"{_TEXT}p", f"{_TEXT}h"):
            open_blocks.append([])
        if not open_blocks:
            continue
        if tag == f"{_TEXT}line-break":
            open_blocks[-1].append("\n")
        elif tag in (f"{_TEXT}tab", f"{_TEXT}s"):
            open_blocks[-1].append(" ")
        elif element.text:
            open_blocks[-1].append(element.text.replace("\n", " "))
    if not document.blocks:
        document.blocks.append(Block("", SCENE_BREAK))
    return document

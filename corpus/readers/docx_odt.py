"""Read Word's .docx and LibreOffice's .odt as a Document.

    document = read_docx(source)

Headings are recognised by their style. Tracked deletions, footnotes, comments, hidden text, headers, footers, field
codes and generated tables of contents are left out; tracked insertions stay.

Only the parts of the zip file with text are unpacked, and they are read as a stream. The usual library for .docx
(python-docx) unpacks a whole file before its size can be checked, so that a malicious file of 1 MB costs 2 GB, and it
ignores tracked insertions and links.

Limits: numbers that the program computes (automatic lists and headings) are not in the file, and so not in the text.
"""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from corpus.readers.document import PARAGRAPH, Document
from corpus.readers.source import Source
from corpus.readers.zip_archive import Archive, Target
from corpus.story import StoryError

_W = (
    "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}",
    "{http://purl.oclc.org/ooxml/wordprocessingml/main}",  # "Strict Open XML"
)
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_SVG = "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_META = "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"
_HEADING = re.compile(r"heading (\d)")
_TITLES = ("title", "subtitle")
_CONTENTS = ("toc ", "table of ", "contents ")
_NOTES = ("footnote", "endnote")
_DOCX_SKIPPED = frozenset("del moveFrom instrText sectPr pPrChange rPrChange".split())
_DOCX_READ = (
    "p r t br cr tab ptab noBreakHyphen vanish pStyle outlineLvl docPartGallery sdtContent footnoteReference "
    "endnoteReference style name basedOn"
).split()
_IN_WORD = {space + name: name for space in _W for name in (*_DOCX_SKIPPED, *_DOCX_READ)} | {_FALLBACK: "del"}
"""The elements of Word that are used, by tag."""
_ODT_SKIPPED = frozenset(
    "tracked-changes table-of-content alphabetical-index bibliography illustration-index note ruby-text hidden-text "
    "annotation".split()
)
_IN_ODT = {_TEXT + name: name for name in (*_ODT_SKIPPED, "p", "h", "s", "tab", "line-break")} | {
    f"{_OFFICE}annotation": "annotation",
    f"{_SVG}title": "annotation",  # of a picture
    f"{_SVG}desc": "annotation",
    f"{_STYLE}style": "style",
}
_OFF = ("0", "false", "off")
_MAX_STYLES = 12
"""The length of a chain of styles that are based on each other, at most; it may be a circle."""


@dataclass(slots=True)
class _Paragraph:
    texts: list[str] = field(default_factory=list)
    style: str = ""
    level: int = PARAGRAPH


class _Reader(Target):
    """The common handling of paragraphs, which can be nested: a text box is part of a paragraph."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.open: list[_Paragraph] = []
        self.skipped = 0
        """The nesting depth within something that is left out."""
        self._titled = False

    def add(self, style: str) -> None:
        """End a paragraph: add it as a block, or use it as the document's title or author."""
        paragraph = self.open.pop()
        text = "".join(paragraph.texts)
        line = " ".join(text.split())
        if not line:
            return
        if style.startswith(_CONTENTS):
            self.document.left_out["contents line"] += 1
        elif style.startswith(_NOTES):
            self.document.left_out["footnote"] += 1
        elif style == "title" and not self._titled:
            self.document.title = line
            self._titled = True
        elif style == "title":
            self.document.add(line, 1)
        elif style == "subtitle" and (by := re.fullmatch(r"by\s+(.+)", line, re.IGNORECASE)):
            self.document.author = self.document.author or by[1]
        elif style == "subtitle":
            self.document.left_out["subtitle"] += 1
        else:
            self.document.add(text, paragraph.level)


def read_docx(source: Source) -> Document:
    """Return the text of a Word document. Raise StoryError if it is damaged or locked."""
    archive = Archive(source)
    main = _main_part(archive)
    document = Document()
    if "docProps/core.xml" in archive.names:
        properties = archive.xml("docProps/core.xml")
        document.title = properties.findtext(f"{_DC}title") or ""
        document.author = properties.findtext(f"{_DC}creator") or ""
    styles = _Styles()
    named = posixpath.join(posixpath.dirname(main), "styles.xml")
    if named in archive.names:
        archive.feed(named, styles)
    archive.feed(main, _Docx(document, styles.resolved()))
    return document


def _main_part(archive: Archive) -> str:
    """Return the name of the part with the text, which is nearly always `word/document.xml`."""
    if "_rels/.rels" in archive.names:
        for relation in archive.xml("_rels/.rels"):
            if (relation.get("Type") or "").endswith("/officeDocument"):
                return (relation.get("Target") or "").lstrip("/")
    return "word/document.xml"


def _value(attributes: Mapping[str, str], name: str = "val") -> str:
    return next((attributes[space + name] for space in _W if space + name in attributes), "")


def _outline(attributes: Mapping[str, str]) -> int:
    """Return the level of a heading by its outline level, which Word counts from 0; 9 is text."""
    value = _value(attributes)
    return int(value) + 1 if re.fullmatch(r"[0-8]", value) else PARAGRAPH


class _Styles(Target):
    """The names, levels and bases of a Word document's styles."""

    def __init__(self) -> None:
        self._styles: dict[str, tuple[str, int, str]] = {}
        self._id = ""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        match _IN_WORD.get(tag):
            case "style":
                self._id = _value(attributes, "styleId")
                self._styles[self._id] = ("", PARAGRAPH, "")
            case "name" | "outlineLvl" | "basedOn" as what if self._id:
                name, level, base = self._styles[self._id]
                if what == "name":
                    name = _value(attributes).lower()
                elif what == "outlineLvl":
                    level = _outline(attributes)
                else:
                    base = _value(attributes)
                self._styles[self._id] = (name, level, base)

    def resolved(self) -> dict[str, tuple[str, int]]:
        """Return the name and level of each style that has either, directly or through its base."""
        found = {}
        for style, (name, _, _) in self._styles.items():
            if name in _TITLES:
                found[style] = (name, PARAGRAPH)
                continue
            base = style
            for _ in range(_MAX_STYLES):
                name, level, after = self._styles.get(base, ("", PARAGRAPH, ""))
                heading = _HEADING.match(name)
                level = int(heading[1]) if heading else level
                if level or name.startswith((*_CONTENTS, *_NOTES)):
                    found[style] = (name, level)
                    break
                base = after
        return found


class _Docx(_Reader):
    """The part of a Word document with the text."""

    def __init__(self, document: Document, styles: Mapping[str, tuple[str, int]]) -> None:
        super().__init__(document)
        self._styles = styles
        self._in_text = False
        self._hidden = False
        self._is_contents = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = _IN_WORD.get(tag)
        if self.skipped or name in _DOCX_SKIPPED:
            self.skipped += 1
        elif name is not None:
            self._start_structure(name, attributes)
            if self.open:
                self._start_content(name, attributes, self.open[-1])

    def _start_structure(self, name: str, attributes: Mapping[str, str]) -> None:
        match name:
            case "p":
                self.open.append(_Paragraph())
            case "docPartGallery":
                self._is_contents = "contents" in _value(attributes).lower()
            case "sdtContent" if self._is_contents:
                self._is_contents = False
                self.document.left_out["contents page"] += 1
                self.skipped = 1
            case "r":
                self._hidden = False
            case "vanish":
                self._hidden = _value(attributes) not in _OFF

    def _start_content(self, name: str, attributes: Mapping[str, str], paragraph: _Paragraph) -> None:
        match name:
            case "t":
                self._in_text = not self._hidden
            case "pStyle":
                paragraph.style = _value(attributes)
            case "outlineLvl":
                paragraph.level = _outline(attributes)
            case "br" | "cr":
                # Word writes the end of a page as a kind of line break.
                paragraph.texts.append("\n" if _value(attributes, "type") in ("", "textWrapping") else " ")
            case "tab" | "ptab":
                paragraph.texts.append(" ")
            case "noBreakHyphen":
                paragraph.texts.append("-")
            case "footnoteReference" | "endnoteReference":
                self.document.left_out["footnote"] += 1

    def data(self, text: str) -> None:
        if self._in_text and not self.skipped:
            self.open[-1].texts.append(text)

    def end(self, tag: str) -> None:
        if self.skipped:
            self.skipped -= 1
            return
        match _IN_WORD.get(tag):
            case "t":
                self._in_text = False
            case "p" if self.open:
                paragraph = self.open[-1]
                style, level = self._styles.get(paragraph.style, ("", PARAGRAPH))
                paragraph.level = paragraph.level or level
                self.add(style)


def read_odt(source: Source) -> Document:
    """Return the text of an OpenDocument text. Raise StoryError if it is damaged or locked."""
    archive = Archive(source)
    if "META-INF/manifest.xml" in archive.names and b"encryption-data" in archive.read("META-INF/manifest.xml"):
        raise StoryError(f"{source.name} is locked with a password. Save it without one, and try again.")
    document = Document()
    if "meta.xml" in archive.names:
        meta = archive.xml("meta.xml")
        document.title = meta.findtext(f".//{_DC}title") or ""
        document.author = meta.findtext(f".//{_META}initial-creator") or meta.findtext(f".//{_DC}creator") or ""
    archive.feed("content.xml", _Odt(document))
    return document


class _Odt(_Reader):
    """The part of an OpenDocument text with the text."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._bases: dict[str, str] = {}

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = _IN_ODT.get(tag)
        if self.skipped or name in _ODT_SKIPPED:
            self.document.left_out["footnote"] += not self.skipped and name == "note"
            self.document.left_out["contents page"] += not self.skipped and name == "table-of-content"
            self.skipped += 1
        elif name == "style":
            base = attributes.get(f"{_STYLE}parent-style-name", "")
            self._bases[attributes.get(f"{_STYLE}name", "")] = base
        elif name in ("p", "h"):
            style = attributes.get(f"{_TEXT}style-name", "")
            level = attributes.get(f"{_TEXT}outline-level", "1") if name == "h" else ""
            self.open.append(_Paragraph([], style, int(level) if re.fullmatch("[1-9]", level) else PARAGRAPH))
        elif self.open and name:
            self.open[-1].texts.append("\n" if name == "line-break" else " ")

    def data(self, text: str) -> None:
        if self.open and not self.skipped:
            self.open[-1].texts.append(text.replace("\n", " "))

    def end(self, tag: str) -> None:
        if self.skipped:
            self.skipped -= 1
        elif _IN_ODT.get(tag) in ("p", "h"):
            style = self.open[-1].style
            # Manual formatting creates a style based on the one that the writer chose.
            style = self._bases.get(style) or style
            self.add(style.lower().replace("_20_", " "))

"""Documents for tests: a generated novel, and the file formats of novels.

tale = novel(chapters=4)
hard_wrapped(tale, pages=True)     # as a text file with page numbers
docx(tale)                         # as Word saves it, by python-docx
"""

import io
import random
import re
import textwrap
import zipfile
from dataclasses import dataclass
from xml.sax.saxutils import escape

import docx as docx_library
from docx.oxml import parse_xml

from corpus.readers.prose import FORMATS
from corpus.readers.source import Source
from corpus.story import Story

_WHO = ("Ada", "the miller", "Ito", "the ferryman", "a tall boy", "the old nurse", "Mr. Holt", "nobody", "the baker")
_DID = (
    "carried the lamp up the stair",
    "asked for bread",
    "looked at the well-known door",
    "sat by the half-open window",
    "laughed at the grey sky",
    "counted the coins — twice —",
    "went down to the river",
    "would not speak of it",
)
_ADVERBS = (
    "in the rain",
    "before the bell rang",
    "with a letter in hand",
    "as if it were May",
    "for the third time",
    "slowly",
)
_SPEECH = ("“Wait for me,” said {who}.", "“Is it you?” {who} asked.", "“Never!” cried {who}. “Not in this house.”")
_TITLES = ("The Lamp", "A Cold Morning", "What the Ferryman Saw", "Bread and Salt", "The Long Stair", "Home", "Ice")
NUMBERS = ("One", "Two", "Three", "Four", "Five", "Six", "Seven")


@dataclass(frozen=True)
class Chapter:
    title: str
    scenes: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Novel:
    title: str
    author: str
    chapters: tuple[Chapter, ...]

    def paragraphs(self) -> list[str]:
        return [text for chapter in self.chapters for scene in chapter.scenes for text in scene]

    def words(self) -> list[str]:
        return " ".join(self.paragraphs()).split()


def novel(chapters: int = 4, scenes: int = 2, paragraphs: int = 8, seed: int = 1) -> Novel:
    chance = random.Random(seed)

    def sentence() -> str:
        who, did, adverb = chance.choice(_WHO), chance.choice(_DID), chance.choice(_ADVERBS)
        return f"{who[0].upper()}{who[1:]} {did} {adverb}, and {chance.choice(_WHO)} saw {chance.randint(2, 60)} geese."

    def paragraph() -> str:
        if chance.random() < 0.3:
            return chance.choice(_SPEECH).format(who=chance.choice(_WHO))
        return " ".join(sentence() for _ in range(chance.randint(2, 6)))

    return Novel(
        "The Mill Road",
        "Anna Holt",
        tuple(
            Chapter(
                _TITLES[n % len(_TITLES)],
                tuple(tuple(paragraph() for _ in range(paragraphs)) for _ in range(scenes)),
            )
            for n in range(chapters)
        ),
    )


def read(data: bytes, name: str) -> Story:
    """Return the one story of a file, read in the format that its content or suffix indicates."""
    source = Source(name, data)
    formats = [each for each in FORMATS if each.looks_like(source)] or [
        each for each in FORMATS if source.suffix in each.suffixes
    ]
    (story,) = formats[0].read(source)
    return story


def words(story: Story) -> list[str]:
    """Return the words of the story's passages, in order."""
    return " ".join(passage.text for passage in story.passages.values()).split()


def is_chain(story: Story) -> bool:
    """Return whether each passage has one choice, "Continue", to the next, and the last has none."""
    passages = list(story.passages.values())
    choices = [[(choice.label, choice.target) for choice in passage.choices] for passage in passages]
    return story.start == passages[0].name and choices == [*([("Continue", after.name)] for after in passages[1:]), []]


# ---- text ----------------------------------------------------------------------------------------------------


def hard_wrapped(tale: Novel, indented: bool = False, pages: bool = False, notes: bool = False) -> str:
    """Return the novel as a text file with lines of 72 columns, a table of contents and stars between scenes.

    Indented paragraphs have no blank line between them. With `pages`, a page ends after 30 lines.
    """
    lines = [tale.title.upper(), "", f"by {tale.author}", "", "", "CONTENTS", ""]
    lines += [f"{n}. {chapter.title} {'.' * 20} {7 * n}" for n, chapter in enumerate(tale.chapters, 1)]
    body: list[str] = []
    for n, chapter in enumerate(tale.chapters, 1):
        body += ["", "", f"CHAPTER {n}", "", chapter.title, ""]
        for scene_number, scene in enumerate(chapter.scenes):
            body += ["", "* * *".center(72).rstrip(), ""] if scene_number else []
            for number, paragraph in enumerate(scene):
                mark = notes and scene_number == 0 and number == 2
                text = paragraph + "[1]" if mark else paragraph
                body += textwrap.wrap(text, 72, initial_indent="    " if indented else "")
                body += [] if indented else [""]
                body += (
                    ["", "[1] A mill stood there until the war; the stones of it are in the", "churchyard wall.", ""]
                    if mark
                    else []
                )
    if pages:
        body = _paged(body, tale.title.upper())
    return "\n".join([*lines, *body, "", "THE END", ""])


def _paged(lines: list[str], head: str) -> list[str]:
    paged: list[str] = []
    for number, begin in enumerate(range(0, len(lines), 30), 1):
        paged += [*lines[begin : begin + 30], "", str(number).center(72).rstrip(), "", f"\f{head}", ""]
    return paged


def unwrapped(tale: Novel, blank_lines: bool = True) -> str:
    """Return the novel with one line for each paragraph."""
    gap = "\n\n" if blank_lines else "\n"
    parts = [tale.title, f"By {tale.author}"]
    for n, chapter in enumerate(tale.chapters):
        parts.append(f"Chapter {NUMBERS[n % 7]}: {chapter.title}")
        parts.append(f"{gap}***{gap}".join(gap.join(scene) for scene in chapter.scenes))
    return gap.join(parts)


def markdown(tale: Novel) -> str:
    parts = [
        f'---\ntitle: "{tale.title}"\nauthor: {tale.author}\nlicense: CC BY 4.0\ntags: [mill]\n---\n',
        f"# {tale.title}",
    ]
    for chapter in tale.chapters:
        parts.append(f"## {chapter.title}")
        parts.append("\n\n***\n\n".join("\n\n".join(scene) for scene in chapter.scenes))
    return "\n\n".join(parts).replace("the miller", "the *miller*").replace("Ada", "[Ada](ada.html)")


# ---- pages and zip files -------------------------------------------------------------------------------------


def page(body: str, head: str = "", attributes: str = ' xmlns="http://www.w3.org/1999/xhtml"') -> str:
    return f"<!DOCTYPE html>\n<html{attributes}>\n<head>{head}</head>\n<body>\n{body}\n</body>\n</html>\n"


def chapter_html(chapter: Chapter) -> str:
    scenes = "\n<hr/>\n".join("\n".join(f"<p>{escape(text)}</p>" for text in scene) for scene in chapter.scenes)
    return f"<h2>{escape(chapter.title)}</h2>\n{scenes}"


def zipped(members: dict[str, str | bytes], stored: tuple[str, ...] = ("mimetype",)) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            packing = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), content, packing)
    return buffer.getvalue()


def docx(tale: Novel) -> bytes:
    """Return the novel by python-docx: styled headings, and in the first paragraph what Word writes besides prose."""
    word = docx_library.Document()
    word.core_properties.author = tale.author
    word.core_properties.title = tale.title
    word.add_paragraph(tale.title, style="Title")
    word.element.body.append(parse_xml(_WORD_CONTENTS))
    for chapter in tale.chapters:
        word.add_heading(chapter.title, 1)
        for number, scene in enumerate(chapter.scenes):
            if number:
                word.add_paragraph("* * *")
            for text in scene:
                word.add_paragraph(text)
    first = next(paragraph for paragraph in word.paragraphs if paragraph.text == tale.paragraphs()[0])
    inserted, kept = first.text.split(" ", 1)
    first.text = ""
    for xml in (_INSERTED.format(inserted), _DELETED, _HIDDEN):
        first._p.append(parse_xml(xml))
    first.add_run(kept)
    first._p.append(parse_xml(_NOTE))
    buffer = io.BytesIO()
    word.save(buffer)
    return buffer.getvalue()


_SPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_TRACKED = 'w:id="1" w:author="Editor" w:date="2026-05-01T10:00:00Z"'
_INSERTED = f'<w:ins {_SPACE} {_TRACKED}><w:r><w:t xml:space="preserve">{{}} </w:t></w:r></w:ins>'
_DELETED = f"<w:del {_SPACE} {_TRACKED}><w:r><w:delText>Struck out.</w:delText></w:r></w:del>"
_HIDDEN = f"<w:r {_SPACE}><w:rPr><w:vanish/></w:rPr><w:t>Nobody sees this.</w:t></w:r>"
_NOTE = f'<w:r {_SPACE}><w:footnoteReference w:id="2"/></w:r>'
_WORD_CONTENTS = f"""
<w:sdt {_SPACE}>
  <w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj></w:sdtPr>
  <w:sdtContent>
    <w:p><w:r><w:t>Contents</w:t></w:r></w:p>
    <w:p><w:r><w:fldChar w:fldCharType="begin"/><w:instrText> TOC </w:instrText><w:t>The Lamp 3</w:t></w:r></w:p>
  </w:sdtContent>
</w:sdt>"""


def odt(tale: Novel) -> bytes:
    """Return the novel as LibreOffice writes it: direct formatting, tracked changes, a note, a comment, contents."""
    body = [
        '<text:tracked-changes><text:changed-region text:id="c1"><text:deletion><text:p>Struck out.</text:p>'
        "</text:deletion></text:changed-region></text:tracked-changes>",
        f'<text:p text:style-name="P1">{tale.title}</text:p>',
        "<text:table-of-content><text:index-body><text:p>The Lamp<text:tab/>3</text:p></text:index-body>"
        "</text:table-of-content>",
    ]
    for chapter in tale.chapters:
        body.append(f'<text:h text:style-name="Heading_20_1" text:outline-level="1">{chapter.title}</text:h>')
        for number, scene in enumerate(chapter.scenes):
            body += ['<text:p text:style-name="Standard">* * *</text:p>'] if number else []
            body += [f'<text:p text:style-name="Standard">{escape(text)}</text:p>' for text in scene]
    plain = f'<text:p text:style-name="Standard">{escape(tale.paragraphs()[0])}</text:p>'
    word, rest = escape(tale.paragraphs()[0]).split(" ", 1)
    body[body.index(plain)] = (
        f'<text:p text:style-name="P2">{word}<text:s text:c="2"/><text:span text:style-name="T1">{rest}</text:span>'
        '<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body>'
        "<text:p>A note.</text:p></text:note-body></text:note>"
        "<office:annotation><text:p>Cut this?</text:p></office:annotation></text:p>"
    )
    spaces = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"'
        for short in ("office", "text", "style", "meta")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<office:document-content {spaces}><office:automatic-styles>'
        '<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Title"/>'
        "</office:automatic-styles>"
        f"<office:body><office:text>{''.join(body)}</office:text></office:body></office:document-content>"
    )
    meta = (
        f"<office:document-meta {spaces}><office:meta><meta:initial-creator>{tale.author}</meta:initial-creator>"
        "</office:meta></office:document-meta>"
    )
    kind = "application/vnd.oasis.opendocument.text"
    manifest = f'<m:manifest xmlns:m="urn:manifest"><m:file-entry m:media-type="{kind}"/></m:manifest>'
    return zipped({"mimetype": kind, "content.xml": content, "meta.xml": meta, "META-INF/manifest.xml": manifest})


def epub(tale: Novel, version: int = 3, more: dict[str, str | bytes] | None = None) -> bytes:
    """Return the novel as a book with a cover, contents, a copyright page, and notes outside the reading order.

    The chapters are in the file in reverse order. `more` adds members, or replaces them.
    """
    names = [f"text/chapter {n}.xhtml" for n in range(1, len(tale.chapters) + 1)]
    epub_type = ' xmlns:epub="http://www.idpf.org/2007/ops"' if version == 3 else ""
    pages: dict[str, str | bytes] = {
        f"OEBPS/{name}": '<?xml version="1.0" encoding="utf-8"?>\n'
        + page(chapter_html(chapter), f"<title>{chapter.title}</title>")
        for name, chapter in reversed(list(zip(names, tale.chapters, strict=True)))
    }
    pages["OEBPS/cover.xhtml"] = page('<p>The cover.</p><img src="cover.jpg" alt=""/>')
    pages["OEBPS/rights.xhtml"] = page(
        '<section epub:type="copyright-page"><p>All rights reserved.</p></section>'
        if version == 3
        else "<p>All rights.</p>",
        attributes=f' xmlns="http://www.w3.org/1999/xhtml"{epub_type}',
    )
    pages["OEBPS/notes.xhtml"] = page("<p>1. A note.</p>")
    pages["OEBPS/nav.xhtml"] = page(f'<nav epub:type="toc"><ol><li>{tale.title}</li></ol></nav>', "", epub_type)
    items = "".join(
        f'<item id="c{n}" href="{name.replace(" ", "%20")}" media-type="application/xhtml+xml"/>'
        for n, name in enumerate(names, 1)
    )
    order = "".join(f'<itemref idref="c{n}"/>' for n in range(1, len(names) + 1))
    guide = (
        '<guide><reference type="cover" href="cover.xhtml"/>'
        '<reference type="copyright-page" href="rights.xhtml"/></guide>'
    )
    properties = ' properties="nav"' if version == 3 else ""
    package = f"""<?xml version="1.0"?>
<package xmlns="http://www.idpf.org/2007/opf" version="{version}.0" unique-identifier="id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{tale.title}</dc:title><dc:title>A Novel</dc:title>
<dc:creator>{tale.author}</dc:creator><dc:creator>Ito</dc:creator><dc:rights>CC BY 4.0</dc:rights></metadata>
<manifest>{items}<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml"{properties}/>
<item id="cover" href="cover.xhtml" media-type="application/xhtml+xml"/>
<item id="rights" href="rights.xhtml" media-type="application/xhtml+xml"/>
<item id="notes" href="notes.xhtml" media-type="application/xhtml+xml"/></manifest>
<spine><itemref idref="cover"/><itemref idref="rights"/><itemref idref="nav"{' linear="no"' * (version == 2)}/>{order}
<itemref idref="notes" linear="no"/></spine>{guide}
</package>"""
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    members = {"mimetype": "application/epub+zip", "META-INF/container.xml": container, "OEBPS/book.opf": package}
    return zipped({**members, **pages, **(more or {})})


def docx_of(paragraphs: list[str]) -> bytes:
    """Return a Word document of these paragraphs."""
    word = docx_library.Document()
    for text in paragraphs:
        word.add_paragraph(text)
    buffer = io.BytesIO()
    word.save(buffer)
    return buffer.getvalue()


def rtf(tale: Novel) -> bytes:
    """Return the novel as Rich Text, as WordPad writes it; `chapters` are numbered bold lines."""
    lines = []
    for number, chapter in enumerate(tale.chapters, 1):
        lines.append(rf"\pard\sb240 {{\b Chapter {number}: {chapter.title}}}\par\par")
        for scene in chapter.scenes:
            lines += [rf"\pard\fi360 {text}\par" for text in scene]
            lines.append(r"\pard\qc * * *\par")
        lines.pop()
    info = rf"{{\info{{\title {tale.title}}}{{\author {tale.author}}}}}"
    body = "".join(c if c.isascii() else rf"\'{c.encode('cp1252').hex()}" for c in "\n".join(lines))
    return rf"{{\rtf1\ansi\ansicpg1252\deff0{{\fonttbl{{\f0\froman Times;}}}}{info}{body}}}".encode("ascii")


def pdf(tale: Novel, indented: bool) -> bytes:
    """Return the novel as a PDF with running heads and page numbers, in Courier; paragraphs are indented, or spaced."""
    lines: list[tuple[int, str]] = []  # each with its distance from the line before, in tenths of a line
    for number, chapter in enumerate(tale.chapters, 1):
        lines.append((40, f"Chapter {number}: {chapter.title}"))
        for scene, paragraphs in enumerate(chapter.scenes):
            lines += [(20, "* * *")] if scene else []
            for n, text in enumerate(paragraphs):
                wrapped = textwrap.wrap(text, 66, initial_indent="    " if indented and n else "")
                lines += [(10 if m or (indented and n) else 20, line) for m, line in enumerate(wrapped)]
    pages, height = [[]], 0
    for gap, line in lines:
        if height + gap > 400:
            pages.append([])
            height = 0
        pages[-1].append((gap if height else 10, line))
        height += gap
    return _pdf_of([_pdf_page(page, number, tale.title) for number, page in enumerate(pages, 1)], tale)


def _pdf_page(lines: list[tuple[int, str]], number: int, head: str) -> bytes:
    rows, y = [(790, head), (40, str(number))] if lines else [], 750.0
    for gap, line in lines:
        y -= gap * 1.4
        rows.append((round(y), line))
    shown = (
        b"BT /F 10 Tf 1 0 0 1 %d %d Tm (%s) Tj ET"
        % (60 + 6 * (len(line) - len(line.lstrip())), y, re.sub(rb"([()\\])", rb"\\\1", line.strip().encode("cp1252")))
        for y, line in rows
    )
    return b"\n".join(shown)


def _pdf_of(pages: list[bytes], tale: Novel) -> bytes:
    kids = b" ".join(b"%d 0 R" % (5 + 2 * n) for n in range(len(pages)))
    objects = [
        b"<</Type /Catalog /Pages 2 0 R>>",
        b"<</Type /Pages /Count %d /Kids [%s]>>" % (len(pages), kids),
        b"<</Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding>>",
        b"<</Title (%s) /Author (%s)>>" % (tale.title.encode(), tale.author.encode()),
    ]
    for n, content in enumerate(pages):
        objects.append(
            b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources <</Font <</F 3 0 R>>>> /Contents %d 0 R>>"
            % (6 + 2 * n)
        )
        objects.append(b"<</Length %d>>\nstream\n%s\nendstream" % (len(content), content))
    written, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(b"%010d 00000 n \n" % len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(places) + 1, b"".join(places))
    trailer = b"trailer <</Size %d /Root 1 0 R /Info 4 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(places) + 1,
        len(written),
    )
    return written + table + trailer

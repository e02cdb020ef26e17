"""A novel in Word, OpenDocument, EPUB, HTML and Markdown: all of its text is read, and no other."""

import io
import zipfile

import pytest

from corpus.story import NoStoryError, Story, StoryError
from tests.corpus.readers import documents
from tests.corpus.readers.documents import is_chain, novel, page, read, words, zipped

TALE = novel(chapters=4)
CHAPTERS = "\n".join(map(documents.chapter_html, TALE.chapters))
LONG = "He put the lamp on the table and looked at the wall for a time, and nobody in the house spoke of it again."


def members(data: bytes) -> dict[str, str | bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def changed(data: bytes, name: str, old: str, new: str) -> bytes:
    """Return a zip file with a replacement in one member."""
    parts = members(data)
    content = parts[name]
    assert isinstance(content, bytes)
    assert old.encode() in content
    return zipped({**parts, name: content.replace(old.encode(), new.encode(), 1)})


# ---- complete novels -----------------------------------------------------------------------------------------


def web_page() -> bytes:
    head = '<meta charset="utf-8"><title>The Mill Road</title><meta name="author" content="Anna Holt">'
    return page(
        f"<header><nav><ul><li><a href=/>Home</a></ul></nav></header><main><article><h1>The Mill Road</h1>{CHAPTERS}"
        '<div class="comments"><p>First!</p></div></article></main>'
        "<aside>Buy more books.</aside><footer>© 2026</footer>"
        "<script>document.write('<p>An advertisement.</p>')</script>",
        head,
        "",
    ).encode()


NOVELS = {
    "mill.docx": documents.docx(TALE),
    "mill.odt": documents.odt(TALE),
    "mill.epub": documents.epub(TALE),
    "mill2.epub": documents.epub(TALE, version=2),
    "mill.html": web_page(),
}


@pytest.mark.parametrize("name", NOVELS)
def test_novel(name: str) -> None:
    story = read(NOVELS[name], name)
    assert (story.title, story.author.partition(",")[0]) == ("The Mill Road", "Anna Holt")
    assert is_chain(story)
    assert words(story) == TALE.words()
    assert {name.partition(" – ")[0] for name in story.passages} == {chapter.title for chapter in TALE.chapters}


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        ("mill.docx", "1 footnote, 1 contents page"),
        ("mill.odt", "1 footnote, 1 contents page"),
        ("mill.epub", "4 cover or contents pages"),
        ("mill2.epub", "4 cover or contents pages"),
        ("mill.html", "1 cover or contents page"),
    ],
)
def test_left_out_parts_are_counted(name: str, left_out: str) -> None:
    (note,) = read(NOVELS[name], name).notes
    assert sorted(note.removeprefix("Left out: ").rstrip(".").split(", ")) == sorted(left_out.split(", "))


# ---- Word ----------------------------------------------------------------------------------------------------

_WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def word(body: str, namespace: str = _WORD, **parts: str) -> Story:
    document = f"<w:document {namespace}><w:body>{body}</w:body></w:document>"
    return read(zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": document, **parts}), "tale.docx")


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*runs: str, style: str = "") -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{"".join(runs)}</w:p>'


def test_parts_of_a_word_paragraph() -> None:
    story = word(
        paragraph(run("One "), "<w:hyperlink>", run("two"), "</w:hyperlink>", run(" thr"), run("ee,"))
        + paragraph(run("four"), "<w:r><w:tab/></w:r>", run("five<!-- no -->teen "), run("never", "<w:vanish/>"))
        + paragraph(
            run("six", '<w:vanish w:val="0"/>'),
            "<w:r><w:br/></w:r>",
            run("se"),
            "<w:r><w:noBreakHyphen/></w:r>",
            run("ven"),
        )
        + paragraph(run("eight"), '<w:r><w:br w:type="page"/></w:r>', run("nine"))
    )
    (passage,) = story.passages.values()
    assert passage.text == "One two three,\n\nfour fiveteen\n\nsix\nse-ven\n\neight nine"


def test_text_boxes_are_read_once() -> None:
    box = f"<w:txbxContent>{paragraph(run('In the box.'))}</w:txbxContent>"
    mc = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    both = f"<mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
    alternatives = f'<mc:AlternateContent xmlns:mc="{mc}">{both}</mc:AlternateContent>'
    (passage,) = word(paragraph(run("Before, "), f"<w:r>{alternatives}</w:r>", run("after."))).passages.values()
    assert passage.text == "In the box.\n\nBefore, after."


def test_tables_are_read_cell_by_cell() -> None:
    cells = "".join(f"<w:tc>{paragraph(run(text))}</w:tc>" for text in ("Ada", "Ito"))
    (passage,) = word(f"<w:tbl><w:tr>{cells}</w:tr></w:tbl>").passages.values()
    assert passage.text == "Ada\n\nIto"


STYLES = f"""<w:styles {_WORD}>
<w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
<w:style w:styleId="Own"><w:name w:val="My chapters"/><w:basedOn w:val="berschrift1"/></w:style>
<w:style w:styleId="Outlined"><w:name w:val="Parts"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>
<w:style w:styleId="Titel"><w:name w:val="Title"/></w:style>
<w:style w:styleId="Author"><w:name w:val="Author"/><w:basedOn w:val="Titel"/></w:style>
<w:style w:styleId="Unter"><w:name w:val="Subtitle"/></w:style>
<w:style w:styleId="Verzeichnis1"><w:name w:val="toc 1"/></w:style>
<w:style w:styleId="Round"><w:name w:val="Round"/><w:basedOn w:val="Trip"/></w:style>
<w:style w:styleId="Trip"><w:name w:val="Trip"/><w:basedOn w:val="Round"/></w:style>
</w:styles>"""


def test_heading_styles_in_any_language() -> None:
    outline = f'<w:p><w:pPr><w:outlineLvl w:val="2"/></w:pPr>{run("Four")}</w:p>'
    story = word(
        paragraph(run("The Mill Road"), style="Titel")
        + paragraph(run("by Anna Holt"), style="Unter")
        + paragraph(run("One....3"), style="Verzeichnis1")
        + "".join(
            heading + paragraph(run(LONG), style="Round")
            for heading in (
                paragraph(run("One"), style="berschrift1"),
                paragraph(run("Two"), style="Own"),
                paragraph(run("Three"), style="Outlined"),
                outline,
                paragraph(run("Five"), style="Titel"),
            )
        ),
        **{"word/styles.xml": STYLES},
    )
    assert (story.title, story.author) == ("The Mill Road", "Anna Holt")
    assert list(story.passages) == ["One", "Two", "Three", "Four", "Five"]
    assert story.notes == ("Left out: 1 contents line.",)


def test_strict_open_xml_with_another_main_part() -> None:
    strict = _WORD.replace("schemas.openxmlformats.org/wordprocessingml/2006", "purl.oclc.org/ooxml/wordprocessingml")
    assert words(word(paragraph(run("One two.")), strict)) == ["One", "two."]
    rels = '<r><r Type="http://x/officeDocument" Target="/word/document2.xml"/></r>'
    document = f"<w:document {_WORD}>{paragraph(run('Three.'))}</w:document>"
    data = zipped({"[Content_Types].xml": "x", "_rels/.rels": rels, "word/document2.xml": document})
    assert words(read(data, "a.docx")) == ["Three."]


def test_encrypted_or_old_word_file() -> None:
    with pytest.raises(StoryError, match=r"a\.docx is locked with a password, or in the format of an old Word"):
        read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.docx")


# ---- OpenDocument --------------------------------------------------------------------------------------------


def odt(body: str) -> Story:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text", "draw")
    )
    svg = 'xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"'
    content = f"<office:document-content {spaces} {svg}>{body}</office:document-content>"
    kind = "application/vnd.oasis.opendocument.text"
    return read(zipped({"mimetype": kind, "content.xml": content}), "tale.odt")


def test_parts_of_an_opendocument_paragraph() -> None:
    story = odt(
        '<text:p>One<text:s text:c="3"/>two<text:line-break/>three<text:tab/>four\nfive</text:p>'
        "<text:p>Before <draw:frame><draw:text-box><text:p>the box</text:p></draw:text-box><svg:desc>A box.</svg:desc>"
        "</draw:frame>after.</text:p><text:list><text:list-item><text:p>An item.</text:p></text:list-item></text:list>"
    )
    (passage,) = story.passages.values()
    assert passage.text == "One two\nthree four five\n\nthe box\n\nBefore after.\n\nAn item."


def test_opendocument_with_a_password() -> None:
    parts = {**members(documents.odt(TALE)), "META-INF/manifest.xml": "<m><manifest:encryption-data/></m>"}
    with pytest.raises(StoryError, match=r"a\.odt is locked with a password"):
        read(zipped(parts), "a.odt")


# ---- EPUB ----------------------------------------------------------------------------------------------------


def book(chapter: str, **more: str) -> Story:
    """Read a book with this first chapter."""
    tale = novel(chapters=1, scenes=1, paragraphs=1)
    return read(documents.epub(tale, more={"OEBPS/text/chapter 1.xhtml": chapter, **more}), "tale.epub")


def test_chapter_of_an_epub() -> None:
    story = book(
        '<?xml version="1.0"?><!DOCTYPE html [<!ENTITY own "x"> ]>'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title/></head><body>'
        '<section epub:type="chapter"><h1>One<br/>Night</h1><p>It&nbsp;was <i>caf&eacute;</i> &amp;'
        '<span epub:type="pagebreak" id="p3"/> tea.'
        '<a epub:type="noteref" href="#n1">1</a></p><p>He<sup>2</sup> and 1<sup>st</sup>.</p>'
        '<aside epub:type="footnote" id="n1"><p>A note.</p></aside><p hidden="">No.</p><p style="display: none">No.</p>'
        "<![CDATA[ Kept < here. ]]></section></body></html>"
    )
    ((name, passage),) = story.passages.items()
    assert name == "One Night"
    assert passage.text == "It was café & tea.\n\nHe and 1st.\n\nKept < here."
    assert "2 footnote marks" in story.notes[0]
    assert "1 footnote" in story.notes[0]
    assert "1 page number" in story.notes[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1251"])
def test_encodings_of_chapters(encoding: str) -> None:
    text = "Мельница" if encoding == "windows-1251" else "café"
    chapter = f'<?xml version="1.0" encoding="{encoding}"?>{page(f"<p>{text}.</p>")}'
    tale = novel(chapters=1, scenes=1, paragraphs=1)
    data = documents.epub(tale, more={"OEBPS/text/chapter 1.xhtml": chapter.encode(encoding)})
    assert words(read(data, "a.epub")) == [f"{text}."]


def test_chapter_with_an_unsupported_encoding() -> None:
    tale = novel(chapters=2)
    chapter = b'<?xml version="1.0" encoding="punycode"?><p>\xff' + b"a" * 1000
    story = read(documents.epub(tale, more={"OEBPS/text/chapter 1.xhtml": chapter}), "a.epub")
    assert "1 of the book's texts is missing or unreadable." in story.notes


def test_book_with_missing_chapters() -> None:
    data = changed(documents.epub(TALE), "OEBPS/book.opf", 'href="text/chapter%202.xhtml"', 'href="../../etc/passwd"')
    story = read(data, "a.epub")
    expected = [text for n, chapter in enumerate(TALE.chapters) if n != 1 for scene in chapter.scenes for text in scene]
    assert words(story) == " ".join(expected).split()
    assert "1 of the book's texts is missing or unreadable." in story.notes


@pytest.mark.parametrize(
    ("algorithm", "locked"),
    [
        ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", True),
        ("http://www.idpf.org/2008/embedding", False),
        ("http://ns.adobe.com/pdf/enc#RC", False),
    ],
)
def test_encrypted_book_is_refused_but_obfuscated_fonts_are_allowed(algorithm: str, locked: bool) -> None:
    xml = (
        '<encryption xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData>'
        f'<enc:EncryptionMethod Algorithm="{algorithm}"/></enc:EncryptedData></encryption>'
    )
    data = documents.epub(TALE, more={"META-INF/encryption.xml": xml})
    if locked:
        with pytest.raises(StoryError, match=r"a\.epub is locked by copy protection \(DRM\)"):
            read(data, "a.epub")
    else:
        assert words(read(data, "a.epub")) == TALE.words()


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("META-INF/container.xml", "OEBPS/book.opf", "book.opf", "names no package file"),
        ("META-INF/container.xml", "</container>", "", "'META-INF/container.xml' is not valid XML"),
        ("OEBPS/book.opf", "<manifest>", "<", "'OEBPS/book.opf' is not valid XML"),
    ],
)
def test_broken_book(name: str, old: str, new: str, message: str) -> None:
    with pytest.raises(StoryError, match=r"a\.epub") as error:
        read(changed(documents.epub(TALE), name, old, new), "a.epub")
    assert message in str(error.value)


def test_book_without_text() -> None:
    with pytest.raises(NoStoryError, match=r"There is no prose in tale\.epub"):
        book(page('<img src="1.png"/>'))


# ---- Markdown ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("One *two* __three__ `four`\nfive", "One two three four five"),
        ("One  \ntwo\\\nthree<br>four", "One\ntwo\nthree\nfour"),
        ("[One](a.html) ![no](b.png) [two][r]\n\n[r]: c.html", "One two"),
        ("> One\n\n- Two\n- Three", "One\n\nTwo\n\nThree"),
        ("One[^1] two.\n\n[^1]: A note.", "One two."),
        ("    Indented by hand.\n\n    And more.", "Indented by hand.\n\nAnd more."),
        ("<div>\n\nOne <b>two</b>\n\n</div>\n\n<p align=center>Three</p>", "One two\n\nThree"),
        ("One \\*two\\* &amp; three", "One *two* & three"),
        ("---\ntitle: 'X'\n---\nOne", "One"),
        ("```\nno\n```\nOne", "One"),
        ('"Who is there?"\n"Me."\nA hand\nknocks.', '"Who is there?"\n"Me." A hand knocks.'),
    ],
)
def test_inline_markdown(written: str, text: str) -> None:
    (passage,) = read(written.encode(), "a.md").passages.values()
    assert passage.text == text


def test_headings_and_scene_breaks_of_markdown() -> None:
    story = read(f"# The Mill\n\nOne\n===\n\n{LONG}\n\n* * *\n\n{LONG}\n\n### Two ###\n\n{LONG}".encode(), "a.md")
    assert (story.title, list(story.passages)) == ("The Mill", ["One", "Two"])

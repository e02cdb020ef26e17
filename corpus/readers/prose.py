"""Read prose that was not written as a game: .txt, .md, .docx, .odt, .epub, .rtf, .pdf, .html and Scrivener projects.

A text with the player's lines (`> open the door`) becomes turns (`corpus.readers.transcript`), in any file format.
Otherwise, chapters and scenes become a chain of passages of a few hundred words; a document of numbered sections ("turn
to 42") becomes the graph that it describes. What isn't prose (contents, page numbers, footnotes, licences, …) is left
out, and counted in the story's notes.

A text file is recognised by its suffix only. Its encoding is UTF-8, or another one beyond doubt, which a note names.

Limits: one file is one story; of a Scrivener project, the draft. Pictures are ignored. See the module of each format
for its own limits.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from corpus.readers import plain_text, zip_archive
from corpus.readers.document import PARAGRAPH, Block, Document, left_out_note
from corpus.readers.document_cleanup import clean_document, gutenberg_text, is_contents, is_heading
from corpus.readers.docx_odt import read_docx, read_odt
from corpus.readers.encoding import decode_text
from corpus.readers.epub import read_epub
from corpus.readers.gamebook import read_gamebook
from corpus.readers.html_page import looks_like_html, read_html
from corpus.readers.passage_splitter import split_into_passages
from corpus.readers.scrivener import looks_like as is_scrivener
from corpus.readers.source import Format, Source
from corpus.readers.transcript import is_transcript, isolate_actions, transcript_to_story
from corpus.story import NoStoryError, Story, StoryError
from corpus.text import one_line, printable

MAX_BYTES = 12 * 2**20
MAX_LINES = 300_000
"""Of a text file. The longest novels have two thirds of each."""
MAX_BLOCKS = 300_000
"""Paragraphs of a document; the longest novel has a tenth of that."""
_BYLINE = re.compile(r"(?i:(?:written )?by):?\s+([^\W\d_a-z][^.!?]{0,60})")
_STATED = re.compile(r"(title|author|rights|licen[cs]e|copyright)\s*:\s*(\S.{0,200})", re.IGNORECASE)
_COPYRIGHT = re.compile(r"(?:copyright\s+(?:©|\(c\)|by\b|\d{4})|©|\(c\)\s*\d{4}).{0,1000}", re.IGNORECASE)
_LICENSED = "Project Gutenberg License, as the file states"
_LONG_LINE = 100
_LONG_RIGHTS = 200
_FRONT_BLOCKS = 12
"""The blocks at the beginning of a text file that may state title, author and rights."""
_HEADER_BLOCKS = 30
"""The blocks of a Project Gutenberg e-book's header that may state them."""


def to_story(document: Document, source: Source) -> Story:
    """Return the story of a document. Raise StoryError if it has no prose, or is too large for a story."""
    if len(document.blocks) > MAX_BLOCKS:
        raise StoryError(f"{source.name} has more than {MAX_BLOCKS} paragraphs, too many for a story. Split it.")
    if is_transcript(document.blocks):
        return transcript_to_story(document, source)
    blocks = _without_title(document)
    book = read_gamebook(blocks)
    if book is not None:
        document.left_out.update(book.left_out)
        document.notes += book.notes
        start, passages = book.start, book.passages
    else:
        kept, left_out = clean_document(blocks)
        document.left_out.update(left_out)
        passages = split_into_passages(kept, document.title)
        start = next(iter(passages), "")
    if not passages:
        raise NoStoryError(f"There is no prose in {source.name}. {' '.join(left_out_note(document.left_out))}".rstrip())
    return Story(
        title=one_line(document.title) or printable(source.stem),
        start=start,
        passages=passages,
        source=source.name,
        author=one_line(document.author),
        rights=one_line(document.rights) or "unknown",
        notes=(*document.notes, *left_out_note(document.left_out)),
    )


def _without_title(document: Document) -> list[Block]:
    """Return the blocks without first lines that repeat title and author."""
    title, author = one_line(document.title).casefold(), one_line(document.author).casefold()
    known = {title, author, f"by {author}"}
    front = [block for block in document.blocks[:_FRONT_BLOCKS] if block.text.casefold() not in known or not block.text]
    return front + document.blocks[_FRONT_BLOCKS:]


def _read_text(source: Source) -> Document:
    """Read a text file, with its title page and licence."""
    text, note = _decode(source)
    return _from_text(text, Document(notes=[note] if note else []))


def _read_rtf(source: Source) -> Document:
    from corpus.readers.rtf import rtf_properties, rtf_text

    return _from_text(rtf_text(source.data, source.name), rtf_properties(source.data))


def _read_pdf(source: Source) -> Document:
    from corpus.readers.pdf import read_pages

    document, text = read_pages(source)
    return _from_text(text, document)


def _read_scrivener(source: Source) -> Document:
    from corpus.readers.scrivener import read_project

    return read_project(source)


def _from_text(text: str, document: Document) -> Document:
    """Add the paragraphs of a text to a document, without its title page and licence, which it takes from it."""
    blocks = plain_text.blocks(isolate_actions(text))
    start, end = gutenberg_text(blocks)
    for line in "\n".join(block.text for block in blocks[: min(start, _HEADER_BLOCKS)]).split("\n"):
        _read_statement(line, document)
    document.blocks = _read_title_page(blocks[start:end], document)
    if end - start < len(blocks):
        document.left_out["licence paragraph"] += len(blocks) - (end - start)
        document.rights = document.rights or _LICENSED
    return document


def _read_markdown(source: Source) -> Document:
    from corpus.readers.markdown import read_markdown

    text, note = _decode(source)
    document = read_markdown(isolate_actions(text, mark="\\>"), source.name)
    document.notes += [note] if note else []
    return document


def _decode(source: Source) -> tuple[str, str]:
    if len(source.data) > MAX_BYTES:
        raise StoryError(f"{source.name} is larger than {MAX_BYTES >> 20} MiB, too large for a story. Split it.")
    text, note = decode_text(source)
    if text.count("\n") + text.count("\f") > MAX_LINES:
        raise StoryError(f"{source.name} has more than {MAX_LINES} lines, too many for a story. Split it.")
    return text, note


def _read_title_page(blocks: Sequence[Block], document: Document) -> list[Block]:
    """Take title, author and rights from the short lines before a text; return the blocks after them."""
    front = _front(blocks)
    lines = [(n, line) for n, block in enumerate(front, 1) for line in block.text.split("\n")]
    taken = 0
    unlabelled: list[str] = []
    above: list[str] = []  # unlabelled lines since the last labelled one
    for n, line in lines:
        if _read_statement(line, document) or (above and _read_byline(f"{above[-1]} {line}", line, document)):
            unlabelled += above
            above = []
            taken = n
        elif not line.startswith("["):
            above.append(line)
    if not taken and len(lines) == 1 and len(front) < len(blocks) and lines[0][1][-1].isalnum():
        unlabelled, taken = [lines[0][1]], 1  # a single line above the first chapter
    unlabelled = [line for line in unlabelled if line.lower() != "by" and line != document.title]
    if unlabelled and not document.title:
        document.title = unlabelled.pop(0)
    document.left_out["title page line"] += len(unlabelled)
    return list(blocks[taken:])


def _read_byline(both: str, line: str, document: Document) -> bool:
    """Take the author from "by Anna Holt", or from a name under the line "by"; return whether it is such a line."""
    byline = _BYLINE.fullmatch(line) or _BYLINE.fullmatch(both)
    if byline:
        document.author = document.author or byline[1]
    return byline is not None


def _front(blocks: Sequence[Block]) -> list[Block]:
    """Return the short lines before the first heading; none if prose begins without a heading."""
    for n, block in enumerate(blocks[:_FRONT_BLOCKS]):
        if block.level != PARAGRAPH or is_heading(block.text) or is_contents(block.text):
            return list(blocks[:n])
        if max(map(len, block.text.split("\n"))) > _LONG_LINE and not _COPYRIGHT.fullmatch(block.text):
            return list(blocks[:n])
    return []


def _read_statement(text: str, document: Document) -> bool:
    """Take title, author or rights from "Title: …" or a copyright notice; return whether it is such a line."""
    stated = _STATED.fullmatch(text)
    if stated is None:
        if not _COPYRIGHT.fullmatch(text):
            return False
        document.rights = document.rights or text[:_LONG_RIGHTS]
        return True
    match stated[1].lower():
        case "title":
            document.title = stated[2]
        case "author":
            document.author = stated[2]
        case _:
            document.rights = stated[2]
    return True


def _stories(read: Callable[[Source], Document], source: Source) -> Iterator[Story]:
    yield to_story(read(source), source)


def _is_docx(source: Source) -> bool:
    # Word writes the directory of parts first.
    if not zip_archive.is_zip(source) or source.head[30:49] != b"[Content_Types].xml":
        return False
    try:
        return any(name.startswith("word/") for name in zip_archive.Archive(source).names)
    except StoryError:  # reported when it is read
        return False


def _is_kind(kind: bytes) -> Callable[[Source], bool]:
    return lambda source: zip_archive.kind(source).startswith(kind)


_ODT = b"application/vnd.oasis.opendocument.text"


def _format(
    name: str,
    suffixes: tuple[str, ...],
    looks_like: Callable[[Source], bool],
    read: Callable[[Source], Document],
    about: str,
) -> Format:
    return Format(name, suffixes, looks_like, partial(_stories, read), about=about)


def _is_rtf(source: Source) -> bool:
    return source.head.startswith(b"{\\rtf")


def _is_pdf(source: Source) -> bool:
    return b"%PDF-" in source.head[:1024]


def _never(_: Source) -> bool:
    """Any file may be text, so Markdown and plain text are recognised by their suffixes only."""
    return False


_TEXT = "Chapters, gamebooks (“turn to 42”), and transcripts with the player's lines (“> open the door”). "
FORMATS: tuple[Format, ...] = (
    _format(
        "EPUB book",
        (".epub",),
        _is_kind(b"application/epub+zip"),
        read_epub,
        "Chapters in reading order, without notes and pictures. Books with DRM are not read.",
    ),
    _format(
        "Word document", (".docx",), _is_docx, read_docx, "Text without comments, notes and what was struck. No .doc."
    ),
    _format(
        "OpenDocument text", (".odt",), _is_kind(_ODT), read_odt, "Text without comments, notes and what was struck."
    ),
    _format("Rich Text", (".rtf",), _is_rtf, _read_rtf, "Text without notes and pictures; headings by their words."),
    _format(
        "Scrivener project",
        (".scrivx",),
        is_scrivener,
        _read_scrivener,
        "The draft in the order of the binder, without what is not to be compiled. Name the folder or its .scrivx.",
    ),
    _format(
        "PDF",
        (".pdf",),
        _is_pdf,
        _read_pdf,
        "Paragraphs by indentation, space or short last lines; no columns, and no scans without recognised text.",
    ),
    _format("Web page", (".html", ".htm", ".xhtml"), looks_like_html, read_html, "The article of a saved page."),
    _format("Markdown", (".md", ".markdown"), _never, _read_markdown, _TEXT + "Code is left out, tables stay."),
    _format("Plain text", (".txt", ".text"), _never, _read_text, _TEXT + "UTF-8, or Windows-1252 beyond doubt."),
)

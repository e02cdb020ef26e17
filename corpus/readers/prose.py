"""Prose that was not written as a game -> Story: .txt, .md, .docx, .odt, .epub and .html.

Chapters and scenes become a chain of passages of a few hundred words; a document of numbered sections ("turn to 42")
becomes the graph that it describes, whatever its file format. What is no prose (contents, page numbers, footnotes,
licences, …) is left out, and the story's notes count it.

A text file is known by its ending alone. Its encoding is UTF-8, or another beyond doubt, which a note then names.

Limits: one file is one story; pictures are not looked at. See the module of each format for its own.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from corpus.readers import plain_text, zip_archive
from corpus.readers.document import PARAGRAPH, Block, Document, told
from corpus.readers.document_cleanup import is_contents, is_heading, licensed, tidy
from corpus.readers.docx_odt import read_docx, read_odt
from corpus.readers.encoding import text_of
from corpus.readers.epub import read_epub
from corpus.readers.gamebook import numbered
from corpus.readers.html_page import looks_like_html, read_html
from corpus.readers.passage_splitter import chain
from corpus.readers.source import Format, Source
from corpus.story import NoStoryError, Story, StoryError
from corpus.text import one_line, printable

MAX_BYTES = 12 * 2**20
MAX_LINES = 300_000
"""Of a text file. The longest novels have two thirds of either."""
MAX_BLOCKS = 300_000
"""Paragraphs in a document; the longest novel has a tenth of it."""
_BYLINE = re.compile(r"(?i:(?:written )?by):?\s+([^\W\d_a-z][^.!?]{0,60})")
_STATED = re.compile(r"(title|author|rights|licen[cs]e|copyright)\s*:\s*(\S.{0,200})", re.IGNORECASE)
_COPYRIGHT = re.compile(r"(?:copyright\s+(?:©|\(c\)|by\b|\d{4})|©|\(c\)\s*\d{4}).{0,1000}", re.IGNORECASE)
_LICENSED = "Project Gutenberg License, as the file states"
_LONG_LINE = 100
_LONG_RIGHTS = 200
_FRONT_BLOCKS = 12
"""Title, author and rights of a text file stand among its first blocks."""
_HEADER_BLOCKS = 30
"""The header of a free e-book states them somewhere in front of its licence's mark."""


def story_of(document: Document, source: Source) -> Story:
    """The story that a document tells. Raises StoryError for one without prose, or with more than any story."""
    if len(document.blocks) > MAX_BLOCKS:
        raise StoryError(f"{source.name} has more than {MAX_BLOCKS} paragraphs, more than any story. Split it.")
    blocks = _without_title(document)
    book = numbered(blocks)
    if book is not None:
        document.left_out.update(book.left_out)
        document.notes += book.notes
        start, passages = book.start, book.passages
    else:
        kept, left_out = tidy(blocks)
        document.left_out.update(left_out)
        passages = chain(kept, document.title)
        start = next(iter(passages), "")
    if not passages:
        raise NoStoryError(f"There is no prose in {source.name}. {' '.join(told(document.left_out))}".rstrip())
    return Story(
        title=one_line(document.title) or printable(source.stem),
        start=start,
        passages=passages,
        source=source.name,
        author=one_line(document.author),
        rights=one_line(document.rights) or "unknown",
        notes=(*document.notes, *told(document.left_out)),
    )


def _without_title(document: Document) -> list[Block]:
    """The blocks without the first lines that only repeat title and author."""
    title, author = one_line(document.title).casefold(), one_line(document.author).casefold()
    known = {title, author, f"by {author}"}
    front = [block for block in document.blocks[:_FRONT_BLOCKS] if block.text.casefold() not in known or not block.text]
    return front + document.blocks[_FRONT_BLOCKS:]


# ---- text files ----------------------------------------------------------------------------------------------


def _read_text(source: Source) -> Document:
    """A text file, its title page and licence read and taken off."""
    text, note = _text_of(source)
    document = Document(notes=[note] if note else [])
    blocks = plain_text.blocks(text)
    start, end = licensed(blocks)
    for line in "\n".join(block.text for block in blocks[: min(start, _HEADER_BLOCKS)]).split("\n"):
        _take_stated(line, document)
    document.blocks = _take_front(blocks[start:end], document)
    if end - start < len(blocks):
        document.left_out["licence paragraph"] += len(blocks) - (end - start)
        document.rights = document.rights or _LICENSED
    return document


def _read_markdown(source: Source) -> Document:
    from corpus.readers.markdown import read_markdown

    text, note = _text_of(source)
    document = read_markdown(text, source.name)
    document.notes += [note] if note else []
    return document


def _text_of(source: Source) -> tuple[str, str]:
    if len(source.data) > MAX_BYTES:
        raise StoryError(f"{source.name} is larger than {MAX_BYTES >> 20} MiB, more than any story. Split it.")
    text, note = text_of(source)
    if text.count("\n") + text.count("\f") > MAX_LINES:
        raise StoryError(f"{source.name} has more than {MAX_LINES} lines, more than any story. Split it.")
    return text, note


def _take_front(blocks: Sequence[Block], document: Document) -> list[Block]:
    """Title, author and rights out of the short lines in front of a text, where they are stated; and what follows."""
    front = _front(blocks)
    lines = [(n, line) for n, block in enumerate(front, 1) for line in block.text.split("\n")]
    taken = 0
    unnamed: list[str] = []
    above: list[str] = []  # lines that don't say what they are: the title, if one follows that does
    for n, line in lines:
        if _take_stated(line, document) or (above and _take_byline(f"{above[-1]} {line}", line, document)):
            unnamed += above
            above = []
            taken = n
        elif not line.startswith("["):
            above.append(line)
    if not taken and len(lines) == 1 and len(front) < len(blocks) and lines[0][1][-1].isalnum():
        unnamed, taken = [lines[0][1]], 1  # a line alone above the first chapter
    unnamed = [line for line in unnamed if line.lower() != "by" and line != document.title]
    if unnamed and not document.title:
        document.title = unnamed.pop(0)
    document.left_out["title page line"] += len(unnamed)
    return list(blocks[taken:])


def _take_byline(both: str, line: str, document: Document) -> bool:
    """Whether a line is "by Anna Holt", or a name under the line "by"."""
    byline = _BYLINE.fullmatch(line) or _BYLINE.fullmatch(both)
    if byline:
        document.author = document.author or byline[1]
    return byline is not None


def _front(blocks: Sequence[Block]) -> list[Block]:
    """The short lines in front of the first heading; none where prose begins without one."""
    for n, block in enumerate(blocks[:_FRONT_BLOCKS]):
        if block.level != PARAGRAPH or is_heading(block.text) or is_contents(block.text):
            return list(blocks[:n])
        if max(map(len, block.text.split("\n"))) > _LONG_LINE and not _COPYRIGHT.fullmatch(block.text):
            return list(blocks[:n])
    return []


def _take_stated(text: str, document: Document) -> bool:
    """Whether a line says "Title: …" or the like, or is a copyright notice; then the document knows it."""
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


# ---- the formats ---------------------------------------------------------------------------------------------


def _stories(read: Callable[[Source], Document], source: Source) -> Iterator[Story]:
    yield story_of(read(source), source)


def _is_kind(kind: bytes, source: Source) -> bool:
    return zip_archive.kind(source).startswith(kind)


def _is_docx(source: Source) -> bool:
    # Word writes the directory of parts first.
    if not zip_archive.is_zip(source) or source.head[30:49] != b"[Content_Types].xml":
        return False
    try:
        return any(name.startswith("word/") for name in zip_archive.Archive(source).names)
    except StoryError:  # whoever reads it says what is wrong
        return False


def _never(_: Source) -> bool:
    """Any file may be text; one is read so where its name says it is."""
    return False


_EPUB = b"application/epub+zip"
_ODT = b"application/vnd.oasis.opendocument.text"

FORMATS: tuple[Format, ...] = (
    Format("EPUB book", (".epub",), partial(_is_kind, _EPUB), partial(_stories, read_epub)),
    Format("Word document", (".docx",), _is_docx, partial(_stories, read_docx)),
    Format("OpenDocument text", (".odt",), partial(_is_kind, _ODT), partial(_stories, read_odt)),
    Format("Web page", (".html", ".htm", ".xhtml"), looks_like_html, partial(_stories, read_html)),
    Format("Markdown", (".md", ".markdown"), _never, partial(_stories, _read_markdown)),
    Format("Plain text", (".txt", ".text"), _never, partial(_stories, _read_text)),
)

"""Prose that was not written as a game -> Story: .txt, .md, .docx, .odt, .epub and .html.

Chapters and scenes become a chain of passages of a few hundred words; a document of numbered sections ("turn to 42")
becomes the graph that it describes, whatever its file format. What is no prose (contents, page numbers, footnotes,
licences, …) is left out, and the story's notes count it.

A text file is known by its ending alone. Its encoding is UTF-8, or another that is beyond doubt, which a note then names.

Limits: one file is one story; pictures are not looked at. See the module of each format for its own.
"""

import re
from collections.abc import Iterator
from functools import partial

from corpus.readers import plain
from corpus.readers.archive import Archive, first_file, is_zip
from corpus.readers.chain import chain
from corpus.readers.document import Block, Document, told
from corpus.readers.encoding import text_of
from corpus.readers.gamebook import numbered
from corpus.readers.hypertext import looks_like_html, read_html
from corpus.readers.source import Format, Source
from corpus.readers.tidy import licensed, tidy
from corpus.story import Story, StoryError
from corpus.turns import printable

_BYLINE = re.compile(r"(?:written )?by:?\s+(\S.{0,80})", re.IGNORECASE)
_STATED = re.compile(r"(title|author|rights|licen[cs]e|copyright)\s*:\s*(\S.{0,200})", re.IGNORECASE)
_COPYRIGHT = re.compile(r"(?:copyright\b|©|\(c\)\s*\d{4}).{0,120}", re.IGNORECASE)
_LICENSED = "Project Gutenberg License, as the file states"
_LONG_TITLE = 100
_HEAD_BLOCKS = 30
"""Title, author and rights of a text file stand among its first blocks."""


def story_of(document: Document, source: Source) -> Story:
    """The story that a document tells. Raises StoryError for one without prose."""
    book = numbered(document.blocks)
    if book is not None:
        document.left_out.update(book.left_out)
        document.notes += book.notes
        start, passages = book.start, book.passages
    else:
        kept, left_out = tidy(document.blocks)
        document.left_out.update(left_out)
        passages = chain(kept, document.title)
        start = next(iter(passages), "")
    if not passages:
        raise StoryError(f"There is no prose in {source.name}.")
    return Story(
        title=_line(document.title) or printable(source.stem),
        start=start,
        passages=passages,
        source=source.name,
        author=_line(document.author),
        rights=_line(document.rights) or "unknown",
        notes=(*document.notes, *told(document.left_out)),
    )


def _line(text: str) -> str:
    return " ".join(printable(text).split())


def _read_text(source: Source) -> Iterator[Story]:
    text, note = text_of(source)
    document = Document(notes=[note] if note else [])
    blocks = plain.blocks(text)
    start, end = licensed(blocks)
    _stated(blocks[: min(start, _HEAD_BLOCKS)], document)
    document.blocks = _stated(blocks[start:end], document)
    if end - start < len(blocks):
        document.left_out["licence paragraph"] += len(blocks) - (end - start)
        document.rights = document.rights or _LICENSED
    yield story_of(document, source)


def _stated(blocks: list[Block], document: Document) -> list[Block]:
    """Takes title, author and rights from a text's first lines where they state them, and gives what follows."""
    said = 0
    for n, block in enumerate(blocks[:_HEAD_BLOCKS]):
        lines = block.text.split("\n")
        stated = [match for line in lines if (match := _STATED.fullmatch(line))]
        byline = _BYLINE.fullmatch(lines[-1]) if len(lines) < 4 else None
        title = lines[0] if len(lines) > 1 else blocks[n - 1].text if n else ""
        if len(stated) == len(lines):
            for match in stated:
                _state(match[1].lower(), match[2], document)
        elif byline and title and len(title) < _LONG_TITLE and n == said + (len(lines) == 1):
            document.title = document.title or title
            document.author = document.author or byline[1]
            said = n
        elif _COPYRIGHT.fullmatch(block.text):
            document.rights = document.rights or block.text
        else:
            continue
        if n == said:
            said += 1
    return blocks[said:]


def _state(what: str, text: str, document: Document) -> None:
    if what == "title":
        document.title = text
    elif what == "author":
        document.author = text
    else:
        document.rights = text


def _read_markdown(source: Source) -> Iterator[Story]:
    from corpus.readers.markdown import read_markdown

    text, note = text_of(source)
    document = read_markdown(text)
    if note:
        document.notes.append(note)
    yield story_of(document, source)


def _read_docx(source: Source) -> Iterator[Story]:
    from corpus.readers.word import read_docx

    yield story_of(read_docx(source), source)


def _read_odt(source: Source) -> Iterator[Story]:
    from corpus.readers.word import read_odt

    yield story_of(read_odt(source), source)


def _read_epub(source: Source) -> Iterator[Story]:
    from corpus.readers.epub import read_epub

    yield story_of(read_epub(source), source)


def _read_html(source: Source) -> Iterator[Story]:
    yield story_of(read_html(source), source)


def _is_named(name: bytes, source: Source) -> bool:
    return is_zip(source) and first_file(source).startswith(name)


def _is_docx(source: Source) -> bool:
    # Word writes the directory of parts first.
    return is_zip(source) and source.head[30:49] == b"[Content_Types].xml" and _holds(source, "word/document.xml")


def _holds(source: Source, member: str) -> bool:
    try:
        return member in Archive(source).names
    except StoryError:  # whoever reads it says what is wrong
        return False


def _never(_: Source) -> bool:
    """Any file may be text; one is read so where its name says it is."""
    return False


_EPUB = b"application/epub+zip"
_ODT = b"application/vnd.oasis.opendocument.text"

FORMATS: tuple[Format, ...] = (
    Format("EPUB book", (".epub",), partial(_is_named, _EPUB), _read_epub),
    Format("Word document", (".docx",), _is_docx, _read_docx),
    Format("OpenDocument text", (".odt",), partial(_is_named, _ODT), _read_odt),
    Format("Web page", (".html", ".htm", ".xhtml"), looks_like_html, _read_html),
    Format("Markdown", (".md", ".markdown"), _never, _read_markdown),
    Format("Plain text", (".txt", ".text"), _never, _read_text),
)

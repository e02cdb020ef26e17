"""Read PDF as text, with pypdf: pages with their lines as they are printed, so that paragraphs can be found.

    document, text = read_pages(source)     # title and author; the pages with form feeds between them

`corpus.readers.plain_text` joins wrapped lines, and `corpus.readers.document_cleanup` removes page numbers and running
heads.

Limits: pages in columns are read line by line across them; a paragraph must be indented or have space above it, or all
of a page becomes one. Scanned pages have no text. More than `MAX_PAGES` pages are refused.
"""

import logging
import re
from io import BytesIO

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from corpus.readers.document import Document
from corpus.readers.source import Source
from corpus.story import NoStoryError, StoryError
from corpus.text import one_line

MAX_PAGES = 3000
_MAX_CHARACTERS = 12 << 20
_WIDE = re.compile(r"(?<=\S) {2,}(?=\S)")
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl"})
logging.getLogger("pypdf").setLevel(logging.ERROR)  # each repaired detail would be a line in the terminal
_BROKEN = (PyPdfError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, OverflowError)
"""What pypdf raises for damaged files, beside its own errors."""


def read_pages(source: Source) -> tuple[Document, str]:
    """Return a document with title and author, and the text of the pages, separated by form feeds.

    Raise StoryError if the file can't be read, and NoStoryError if its pages are pictures.
    """
    try:
        reader = PdfReader(BytesIO(source.data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise StoryError(f"{source.name} is locked with a password. Save it without one, and try again.")
        if len(reader.pages) > MAX_PAGES:
            raise StoryError(f"{source.name} has more than {MAX_PAGES} pages, too many for a story. Split it.")
        about = reader.metadata
        document = Document()
        if about:
            document.title, document.author = one_line(about.title or ""), one_line(about.author or "")
        pages: list[str] = []
        left = _MAX_CHARACTERS
        for page in reader.pages:
            pages.append(_page_text(page.extract_text(extraction_mode="layout")))
            left -= len(pages[-1])
            if left < 0:
                raise StoryError(f"{source.name} has more than {_MAX_CHARACTERS:,} characters, too many for a story.")
    except _BROKEN as error:
        raise StoryError(
            f"{source.name} can't be read: {error}. Open it in a PDF viewer, print it to a new PDF, and try again."
        ) from error
    if not any(page.strip() for page in pages):
        raise NoStoryError(f"{source.name} has no text, only pictures of pages. Recognise its text (OCR) first.")
    return document, "\n\f\n".join(pages)


def _page_text(text: str) -> str:
    """Return the lines of a page, without the margin, and with single spaces where words were spread to fill a line."""
    lines = [_WIDE.sub(" ", line.rstrip().translate(_LIGATURES)) for line in text.split("\n")]
    return "\n".join(lines)

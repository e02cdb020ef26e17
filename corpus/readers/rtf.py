r"""Read Rich Text (.rtf) as text, with striprtf: paragraphs with blank lines between them.

    text = rtf_text(source.data, source.name)
    document = rtf_properties(source.data)         # title and author

Limits: footnotes, pictures, headers and comments are left out, and can't be counted; text that is marked as deleted
stays. Headings are recognised by their words, as in a text file. Cells of tables are separated by `|`.
"""

import re

from striprtf.striprtf import rtf_to_text

from corpus.readers.document import Document
from corpus.story import StoryError
from corpus.text import one_line

MARK = b"{\\rtf"
_PICTURE = re.compile(r"[0-9a-fA-F\r\n]{400,}")
_ADDRESS = re.compile(r'HYPERLINK(?=\s+\\?")')
"""Without this word striprtf doesn't write the address of a link after its text."""
_TITLE = re.compile(r"\{\\title ([^{}]{1,400})\}")
_AUTHOR = re.compile(r"\{\\author ([^{}]{1,400})\}")
_MOST = 24 << 20
"""Characters without pictures; a novel has two million."""


def rtf_text(data: bytes, name: str) -> str:
    """Return the text, with blank lines between paragraphs; `name` is for messages.

    Raise StoryError if it is too long for a story, or damaged.
    """
    rtf = _ADDRESS.sub("LINK", _PICTURE.sub("", data.decode("latin-1")))
    if len(rtf) > _MOST:
        raise StoryError(f"{name} has more than {_MOST >> 20} MiB of text, too long for a story. Split it.")
    try:
        text = _converted(rtf)
    except (ValueError, LookupError, TypeError, ArithmeticError) as error:  # what striprtf raises for damaged files
        raise StoryError(f"{name} is damaged: {error}. Open it in a word processor, save it, and try again.") from error
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # emoji are written in halves
    return joined.replace("\xad", "").replace("\n", "\n\n")


def rtf_properties(data: bytes) -> Document:
    """Return a document with the title and author that the file states."""
    head = data[: 1 << 16].decode("latin-1")
    title, author = (match[1] if (match := pattern.search(head)) else "" for pattern in (_TITLE, _AUTHOR))
    return Document(title=_plain(title), author=_plain(author))


def _plain(words: str) -> str:
    return one_line(_converted(f"{{\\rtf1\\ansi {words}}}")) if words else ""


def _converted(rtf: str) -> str:
    return str(rtf_to_text(rtf, errors="replace"))  # type: ignore[no-untyped-call]

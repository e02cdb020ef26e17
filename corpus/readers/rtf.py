r"""Read Rich Text (.rtf) as text, with striprtf: one line a paragraph, as a text file whose lines aren't wrapped.

    text = rtf_text(source.data, source.name)
    document = rtf_properties(source.data)         # title and author

Limits: footnotes, pictures, headers, comments and deleted text are left out (striprtf leaves them out, and they can't be
counted); headings are recognised by their words, as in a text file; cells of tables are separated by `|`.
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
    """Return the text; `name` is for messages. Raise StoryError if it is too long for a story."""
    rtf = _ADDRESS.sub("LINK", _PICTURE.sub("", data.decode("latin-1")))
    if len(rtf) > _MOST:
        raise StoryError(f"{name} has more than {_MOST >> 20} MiB of text, too long for a story. Split it.")
    try:
        text = rtf_to_text(rtf, errors="replace")
    except (ValueError, LookupError, TypeError) as error:  # a number where a word is, an unknown code page
        raise StoryError(f"{name} is damaged: {error}. Open it in a word processor, save it, and try again.") from error
    return str(text).replace("\xad", "")


def rtf_properties(data: bytes) -> Document:
    """Return a document with the title and author that the file states."""
    head = data[: 1 << 16].decode("latin-1")
    title, author = (match[1] if (match := pattern.search(head)) else "" for pattern in (_TITLE, _AUTHOR))
    return Document(title=_plain(title), author=_plain(author))


def _plain(words: str) -> str:
    return one_line(str(rtf_to_text(f"{{\\rtf1\\ansi {words}}}", errors="replace"))) if words else ""

"""Read Markdown as a Document, with markdown-it, which implements CommonMark.

Headings, paragraphs and rules are read; of links and emphasis the text, of HTML the text. Pictures and fenced code are
left out and counted. A YAML header gives title, author and rights.

Limits: extensions of single editors (tables, wiki links) stay as they are written. markdown-it is written in Python:
what would add_html it more than a few seconds is refused.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

from corpus.readers import plain_text
from corpus.readers.document import BETWEEN_SPEECHES, PARAGRAPH, SCENE_BREAK, Block, Document
from corpus.readers.html_page import add_html
from corpus.story import StoryError

MAX_MARKS = 60_000
"""Line ends and markup characters: a novel has 20,000, and the parser takes up to 40 µs for each."""
MAX_SIGNS = 1_000_000
"""Characters at which the parser stops to check for markup."""
_HEAD = re.compile(r"\A---[ \t]*\n(.{0,20000}?)\n(?:---|\.\.\.)[ \t]*\n", re.DOTALL)
_ENTRY = re.compile(r"^(title|author|rights|license|licence)[ \t]*:[ \t]*(.+)$", re.IGNORECASE | re.MULTILINE)
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_SOFT_BREAK = "\x01"
# Nested quotations and lists take time; no prose nests deeper.
_MAX_NESTING = 20


def read_markdown(text: str, name: str) -> Document:
    """Return the document's prose; `name` is for messages. Raise StoryError if it has too much markup for a story."""
    marks = sum(map(text.count, "\n[*_`&\\")) + 2 * text.count("<")
    if marks > MAX_MARKS or sum(map(text.count, "!#$%+-:=>@]^{}~")) > MAX_SIGNS:
        raise StoryError(f"{name} has too many lines and markup characters for a story. Split it, or save it as .txt.")
    document = Document()
    text = _read_header(text, document)
    level = PARAGRAPH
    for token in MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).parse(text):
        match token.type:
            case "heading_open":
                level = int(token.tag[1:])
            case "inline":
                document.add(_written(token, document), level)
                level = PARAGRAPH
            case "hr":
                document.blocks.append(Block("", SCENE_BREAK))
            case "code_block":  # no story has indented code, but many have indented paragraphs
                document.blocks += plain_text.blocks(token.content)
            case "fence":
                document.left_out["code block"] += 1
            case "html_block":
                add_html(token.content, document)
    first = document.blocks[0] if document.blocks else None
    if not document.title and first is not None and first.level == 1:
        document.title = first.text
    return document


def _read_header(text: str, document: Document) -> str:
    """Take title, author and rights from a YAML header; return the text after it."""
    header = _HEAD.match(text)
    if header is None:
        return text
    for key, value in _ENTRY.findall(header[1]):
        value = value.strip().strip("\"'")
        match key.lower():
            case "title":
                document.title = value
            case "author":
                document.author = value
            case _:
                document.rights = value
    return text[header.end() :]


def _written(token: Token, document: Document) -> str:
    """Return the text of a paragraph; its line ends are spaces, except between speeches and where they are forced."""
    parts = []
    for child in token.children or ():
        match child.type:
            case "text" | "code_inline" | "text_special":
                parts.append(child.content)
            case "softbreak":
                parts.append(_SOFT_BREAK)
            case "hardbreak":
                parts.append("\n")
            case "html_inline" if _LINE_BREAK.fullmatch(child.content):
                parts.append("\n")
            case "image":
                document.left_out["picture"] += 1
    return BETWEEN_SPEECHES.sub("\n", "".join(parts)).replace(_SOFT_BREAK, " ")

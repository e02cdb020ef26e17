"""Markdown -> Document, by markdown-it, which knows CommonMark whole.

Headings, paragraphs and rules are taken; of links the words, of emphasis and of HTML the text. Pictures and fenced code
are left out and counted. A YAML head is asked for title, author and rights.

Limits: extensions of single editors (tables, wiki links) stay as they are written. markdown-it is written in Python:
what would take it more than a few seconds is refused.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

from corpus.readers import plain_text
from corpus.readers.document import PARAGRAPH, SCENE_BREAK, Block, Document
from corpus.readers.html_page import take
from corpus.story import StoryError

MAX_MARKS = 60_000
"""Line ends and signs of markup: a novel has 20,000, and the parser takes up to 40 µs for each."""
MAX_SIGNS = 1_000_000
"""Signs at which the parser stops to look."""
_HEAD = re.compile(r"\A---[ \t]*\n(.{0,20000}?)\n(?:---|\.\.\.)[ \t]*\n", re.DOTALL)
_ENTRY = re.compile(r"^(title|author|rights|license|licence)[ \t]*:[ \t]*(.+)$", re.IGNORECASE | re.MULTILINE)
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
# Nested quotations and lists cost time; no prose nests deeper.
_MAX_NESTING = 20


def read_markdown(text: str, name: str) -> Document:
    """The document's prose; `name` is for messages. Raises StoryError for one with more markup than any story."""
    marks = sum(map(text.count, "\n[*_`&\\")) + 2 * text.count("<")
    if marks > MAX_MARKS or sum(map(text.count, "!#$%+-:=>@]^{}~")) > MAX_SIGNS:
        raise StoryError(f"{name} has more lines and signs than any story in Markdown. Split it, or save it as .txt.")
    document = Document()
    head = _HEAD.match(text)
    if head:
        text = text[head.end() :]
        for key, value in _ENTRY.findall(head[1]):
            value = value.strip().strip("\"'")
            match key.lower():
                case "title":
                    document.title = value
                case "author":
                    document.author = value
                case _:
                    document.rights = value
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
            case "code_block":  # nobody indents code in a story, but many their paragraphs
                document.blocks += plain_text.blocks(token.content)
            case "fence":
                document.left_out["code block"] += 1
            case "html_block":
                take(token.content, document)
    first = document.blocks[0] if document.blocks else None
    if not document.title and first is not None and first.level == 1:
        document.title = first.text
    return document


def _written(token: Token, document: Document) -> str:
    """The text of a paragraph; its line ends are spaces, but for those the author forced."""
    parts = []
    for child in token.children or ():
        match child.type:
            case "text" | "code_inline" | "text_special":
                parts.append(child.content)
            case "softbreak":
                parts.append(" ")
            case "hardbreak":
                parts.append("\n")
            case "html_inline" if _LINE_BREAK.fullmatch(child.content):
                parts.append("\n")
            case "image":
                document.left_out["picture"] += 1
    return "".join(parts)

"""Markdown -> Document, by markdown-it, which knows CommonMark whole.

Headings, paragraphs and rules are taken; of links the words, of emphasis the text. Pictures, code and raw HTML are left
out and counted. A YAML head is asked for title, author and rights.

Limits: extensions of single editors (tables, wiki links) stay as they are written.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

from corpus.readers.document import PARAGRAPH, SCENE_BREAK, Block, Document

_HEAD = re.compile(r"\A---[ \t]*\n(.{0,20000}?)\n(?:---|\.\.\.)[ \t]*\n", re.DOTALL)
_ENTRY = re.compile(r"^(title|author|rights|license|licence)[ \t]*:[ \t]*(.+)$", re.IGNORECASE | re.MULTILINE)
# Nested quotations and lists cost time; no prose nests deeper.
_MAX_NESTING = 20


def read_markdown(text: str) -> Document:
    """The document's prose; never raises."""
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
    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).disable("reference")
    level = PARAGRAPH
    for token in parser.parse(text):
        match token.type:
            case "heading_open":
                level = int(token.tag[1:])
            case "inline":
                written = _written(token, document)
                if written:
                    document.blocks.append(Block(written, level))
                level = PARAGRAPH
            case "hr":
                document.blocks.append(Block("", SCENE_BREAK))
            case "fence" | "code_block":
                document.left_out["code block"] += 1
            case "html_block":
                document.left_out["HTML block"] += 1
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
            case "image":
                document.left_out["picture"] += 1
    return "\n".join(" ".join(line.split()) for line in "".join(parts).split("\n")).strip()

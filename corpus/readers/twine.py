r"""Twine's HTML -> Stories: published games and archives of Twine 2, and the published games of Twine 1.

Follows the specifications of the Interactive Fiction Technology Foundation (github.com/iftechfoundation/ twine-specs:
twine-2-htmloutput-spec.md, twine-2-archive-spec.md, twine-1-htmloutput-doc.md). Both formats are flat: a story is a
sequence of elements, each with one escaped text. So only these elements are searched, and the rest of the page, which
is the story format's program, is ignored; an element that is never closed ends where the next one begins. An HTML
parser would need an extra install, and libxml2 spends minutes on an element with a hundred thousand attributes.

An archive has a story for each `<tw-storydata>`. Where Twine has no field, we use attributes of `<tw-storydata>`:
`author`, `rights` and `genre`; passages called `StoryAuthor` and `StoryTitle` are read as well.

Limits: an element that a script writes as text counts as one if it has a name.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from html import unescape

from corpus.readers.source import Format, Source
from corpus.readers.twee import DEFAULT_START, dangling_note
from corpus.readers.twine_formats import ABOUT, Section, read_passages
from corpus.story import Story, StoryError
from corpus.text import one_line

_ATTRIBUTES = r"""((?:[^<>"']|"[^"]*+"|'[^']*+')*+)>"""
_STORY = re.compile(rf"<tw-storydata(?=[\s>]){_ATTRIBUTES}", re.IGNORECASE)
_STORY_END = re.compile(r"</tw-storydata\s*>", re.IGNORECASE)
_PASSAGE = re.compile(rf"<tw-passagedata(?=[\s>]){_ATTRIBUTES}", re.IGNORECASE)
_PASSAGE_END = re.compile(r"</tw-passagedata|<tw-passagedata[\s>]|<script\b|<tw-storydata[\s>]", re.IGNORECASE)
_STORE = re.compile(r"""<div\s[^<>]*?\bid\s*=\s*["']?store-?area\b[^<>]*>""", re.IGNORECASE)
_TIDDLER = re.compile(rf"""<div(?=\s[^<>]*?\btiddler\s*=){_ATTRIBUTES}""", re.IGNORECASE)
_TIDDLER_END = re.compile(r"</div\s*>|<div\s", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([^\s"'=/<>]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+))""")
# The escape sequences in a tiddler's text.
_TIDDLER_SIGN = re.compile(r"\\([nts])")
_TIDDLER_SIGNS = {"n": "\n", "t": "\t", "s": "\\"}


def read_twine(text: str, source: str) -> Iterator[Story]:
    """Yield the stories in an HTML page; `source` names it in messages. Choices that lead nowhere are kept and noted.

    Raise StoryError if the page has no story, or if a story has no passage or no start.
    """
    found = False
    for match in _STORY.finditer(text):
        attributes = _attributes(match[1])
        if "name" not in attributes:
            continue
        found = True
        end = _STORY_END.search(text, match.end())
        yield _twine_2(attributes, text, match.end(), end.start() if end else len(text), source)
    store = None if found else _STORE.search(text)
    if store:
        yield _twine_1(text, store.end(), source)
    elif not found:
        raise StoryError(f"{source}: there is no Twine story in this page. Publish it from Twine again.")


def _twine_2(attributes: Mapping[str, str], text: str, begin: int, end: int, source: str) -> Story:
    title = one_line(attributes["name"])
    sections: list[Section] = []
    by_number: dict[str, str] = {}
    for match, body in _elements(_PASSAGE, _PASSAGE_END, text, begin, end):
        passage = _attributes(match[1])
        if "name" not in passage:
            continue  # a script that mentions passages
        name = passage["name"].strip()
        by_number.setdefault(passage.get("pid", "").strip(), name)
        sections.append(Section(name, frozenset(passage.get("tags", "").split()), _text(body)))
    number = attributes.get("startnode", "").strip()
    missing = (
        f"{source}: the start of the story '{title}' is passage number {number or '(none)'}, which does not exist. "
        "Set a start passage in Twine and publish it again."
    )
    return _story(title, (by_number.get(number, ""), DEFAULT_START), missing, sections, source, attributes)


def _twine_1(text: str, begin: int, source: str) -> Story:
    sections = []
    for match, body in _elements(_TIDDLER, _TIDDLER_END, text, begin, len(text)):
        passage = _attributes(match[1])
        body = _TIDDLER_SIGN.sub(lambda sign: _TIDDLER_SIGNS[sign[1]], _text(body))
        sections.append(Section(passage.get("tiddler", "").strip(), frozenset(passage.get("tags", "").split()), body))
    titles = [one_line(section.body) for section in sections if section.name == "StoryTitle"]
    title = titles[-1] if titles and titles[-1] else "Untitled"
    missing = f"{source}: the story '{title}' has no passage '{DEFAULT_START}', where Twine 1 starts."
    return _story(title, (DEFAULT_START,), missing, sections, source, {})


def _story(
    title: str, starts: Sequence[str], missing: str, sections: list[Section], source: str, stated: Mapping[str, str]
) -> Story:
    """Return the story that starts with the first of `starts` that exists; `missing` is the error if none does."""
    read = read_passages(sections, starts, stated.get("format", ""))
    if not read.passages:
        raise StoryError(f"{source}: the story '{title}' has no passage with text.")
    if not read.start:
        raise StoryError(missing)
    notes = read.notes
    specials = {section.name: section.body for section in sections}
    if repeated := len(sections) - len(specials):
        notes.append(f"Of passages with the same name, only the first is read; left out: {repeated}.")
    story = Story(
        title=title,
        start=read.start,
        passages=read.passages,
        source=source,
        author=one_line(stated.get("author") or specials.get("StoryAuthor", "")),
        rights=one_line(stated.get("rights", "")) or "unknown",
        genre=one_line(stated.get("genre", "")),
        work=one_line(stated.get("ifid", "")),
        left_out=read.left_out,
    )
    return replace(story, notes=(*notes, *dangling_note(story)))


def _elements(
    opening: re.Pattern[str], closing: re.Pattern[str], text: str, begin: int, end: int
) -> Iterator[tuple[re.Match[str], str]]:
    """Yield each element's opening tag, and the text up to its end."""
    while match := opening.search(text, begin, end):
        close = closing.search(text, match.end(), end)
        begin = close.start() if close else end
        yield match, text[match.end() : begin]


def _attributes(written: str) -> dict[str, str]:
    """Return an element's attributes by lower-case name; of two with the same name, the first counts."""
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(written):
        found.setdefault(name.lower(), unescape(double or single or bare))
    return found


def _text(body: str) -> str:
    """Return an element's content without white space at its end."""
    return (unescape(body) if "&" in body else body).rstrip()


def _looks_like(source: Source) -> bool:
    # A published game can have its format's program, of megabytes, before the story.
    head = source.head_text
    if not head.lstrip("\ufeff \t\r\n").startswith("<"):
        return False
    if _STORY.search(head) or _STORE.search(head):
        return True
    return _is_page(head) and (b"<tw-storydata" in source.data or b"storeArea" in source.data)


def _is_page(head: str) -> bool:
    return (
        re.match(r"\ufeff?\s*(?:<!--[^>]*>\s*)*<(?:!doctype\s+html|html|head|meta)\b", head, re.IGNORECASE) is not None
    )


FORMAT = Format(
    "Twine HTML", (".html", ".htm"), _looks_like, lambda source: read_twine(source.text, source.name), about=ABOUT
)

r"""Twine's HTML -> Stories: published games and archives of Twine 2, and the published games of Twine 1.

Written after the specifications of the Interactive Fiction Technology Foundation (github.com/iftechfoundation/
twine-specs: twine-2-htmloutput-spec.md, twine-2-archive-spec.md, twine-1-htmloutput-doc.md). Both are flat: a story is
elements in a row, each with one escaped text. So the elements are found as they are specified, and nothing is built of
the page around them, which is the story format's program; an element that is never closed ends where the next begins.
An HTML parser would need an extra install, and libxml2 spends minutes on an element with a hundred thousand attributes.

An archive holds a story for each `<tw-storydata>`. Where Twine states nothing, ours does: `author`, `rights` and
`genre` are attributes of `<tw-storydata>`; passages called `StoryAuthor` and `StoryTitle` count as well.

Limits: an element that somebody's script writes as text counts as one, if it has a name.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html import unescape

from corpus.readers.source import Format, Source
from corpus.readers.twee import DEFAULT_START, dangling_note
from corpus.readers.twine_formats import Section, read_passages
from corpus.story import Passage, Story, StoryError
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
# What a tiddler's text has instead of line breaks, tabs and backslashes.
_TIDDLER_SIGN = re.compile(r"\\([nts])")
_TIDDLER_SIGNS = {"n": "\n", "t": "\t", "s": "\\"}


def read_twine(text: str, source: str) -> Iterator[Story]:
    """The stories in an HTML page; `source` names it in messages.

    Choices that lead nowhere are kept and noted. Raises StoryError for a page without a story, and for a story without
    a passage or whose start isn't there.
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
    repeated = 0
    names = set[str]()
    for match, body in _elements(_PASSAGE, _PASSAGE_END, text, begin, end):
        about = _attributes(match[1])
        if "name" not in about:
            continue  # a script that speaks of passages
        name = about["name"].strip()
        by_number.setdefault(about.get("pid", "").strip(), name)
        repeated += name in names
        names.add(name)
        sections.append(Section(name, frozenset(about.get("tags", "").split()), _text(body)))
    passages, notes = read_passages(sections, attributes.get("format", ""))
    number = attributes.get("startnode", "").strip()
    start = by_number.get(number, "")
    if passages and start not in passages:
        if DEFAULT_START not in passages:
            raise StoryError(
                f"{source}: the story '{title}' is to begin at passage number {number or '(none)'}, which is not "
                "there. Set a start passage in Twine and publish it again."
            )
        start = DEFAULT_START
    specials = {section.name: section.body for section in sections}
    return _story(title, start, passages, source, {**attributes, **_author(attributes, specials)}, notes, repeated)


def _twine_1(text: str, begin: int, source: str) -> Story:
    sections = []
    for match, body in _elements(_TIDDLER, _TIDDLER_END, text, begin, len(text)):
        about = _attributes(match[1])
        body = _TIDDLER_SIGN.sub(lambda sign: _TIDDLER_SIGNS[sign[1]], _text(body))
        sections.append(Section(about.get("tiddler", "").strip(), frozenset(about.get("tags", "").split()), body))
    passages, notes = read_passages(sections)
    specials = {section.name: section.body for section in sections}
    title = one_line(specials.get("StoryTitle", "")) or "Untitled"
    if passages and DEFAULT_START not in passages:
        raise StoryError(f"{source}: the story '{title}' has no passage '{DEFAULT_START}', where Twine 1 begins.")
    repeated = len(sections) - len(specials)
    return _story(title, DEFAULT_START, passages, source, _author({}, specials), notes, repeated)


def _story(
    title: str,
    start: str,
    passages: Mapping[str, Passage],
    source: str,
    stated: Mapping[str, str],
    notes: list[str],
    repeated: int,
) -> Story:
    if not passages:
        raise StoryError(f"{source}: the story '{title}' has no passage with text.")
    if repeated:
        notes.append(f"Of passages of one name, the first counts; left out: {repeated}.")
    story = Story(
        title=title,
        start=start,
        passages=passages,
        source=source,
        author=one_line(stated.get("author", "")),
        rights=one_line(stated.get("rights", "")) or "unknown",
        genre=one_line(stated.get("genre", "")),
    )
    return replace(story, notes=(*notes, *dangling_note(story)))


def _author(attributes: Mapping[str, str], specials: Mapping[str, str]) -> dict[str, str]:
    author = attributes.get("author") or specials.get("StoryAuthor", "")
    return {"author": author}


def _elements(
    opening: re.Pattern[str], closing: re.Pattern[str], text: str, begin: int, end: int
) -> Iterator[tuple[re.Match[str], str]]:
    """Each element's opening tag, and the text up to its end."""
    while match := opening.search(text, begin, end):
        close = closing.search(text, match.end(), end)
        begin = close.start() if close else end
        yield match, text[match.end() : begin]


def _attributes(written: str) -> dict[str, str]:
    """An element's attributes by lower-case name; of two of one name the first counts."""
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(written):
        found.setdefault(name.lower(), unescape(double or single or bare))
    return found


def _text(body: str) -> str:
    """An element's content; line ends are those of the file, and the last ones no one's."""
    return (unescape(body) if "&" in body else body).rstrip()


def _looks_like(source: Source) -> bool:
    # A published game may carry its format's program, of megabytes, in front of the story.
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


def _read(source: Source) -> Iterator[Story]:
    return read_twine(source.text, source.name)


FORMAT = Format("Twine HTML", (".html", ".htm"), _looks_like, _read)

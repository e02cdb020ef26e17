r"""Twee, the text form of Twine stories -> Story.

Written after the Twee 3 specification 3.0.2 of the Interactive Fiction Technology Foundation
(github.com/iftechfoundation/twine-specs, twee-3-specification.md) and the link forms that Twine's own editor knows:

    :: Lamp room [indoors] {"position":"600,400"}
    The bell rings twice.

    [[Go down->Stair]]  [[Stair<-Go down]]  [[Go down|Stair]]  [[Stair]]

`StoryTitle`, `StoryAuthor` and `StoryData` are read; ours has `rights` and `genre` beside the specified keys. Twee 1,
which has no StoryData, is read as well. Passages tagged `script` or `stylesheet`, and those in which the compilers and
the story formats keep their own things, are no prose and are left out. Macros: see `corpus.readers.twine_formats`.

Limits: setters (`[[Stair][$lamp to 1]]`) are dropped. A story in several files is `read_project`'s; which files belong
together, `corpus.readers.projects` says.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from corpus.readers.source import Format, Source
from corpus.readers.twine_formats import Section, read_passages
from corpus.story import Story, StoryError
from corpus.text import one_line, printable

_HEADER = re.compile(
    r"(?P<name>(?:\\.|[^\\\[\]{}])*)"  # brackets in a name are escaped with a backslash
    r"(?:\[(?P<tags>(?:\\.|[^\\\[\]{}])*)\])?"
    r"[ \t]*(?:\{.*\})?[ \t]*"  # the passage's place on the author's map
)
_SIGNS = re.compile(r"[\\\[\]{}]")
DEFAULT_START = "Start"


def looks_like(text: str) -> bool:
    """Whether `text` is Twee: its first line that isn't blank is a passage header."""
    return re.match(r"\s*^::[ \t]*[^\s:]", text, re.MULTILINE) is not None


def read_twee(text: str, source: str) -> Story:
    """The story that is written in `text`; `source` names it in messages.

    Choices that lead nowhere are kept and noted. Raises StoryError, with the line, for a header that can't be read, two
    passages of one name, StoryData that is broken, a start that isn't there, and a text without a passage.
    """
    return read_project([(source, text)])


def read_project(files: Sequence[tuple[str, str]]) -> Story:
    """The story that is written in several files, each (name, text); the first is named as its source.

    Raises StoryError like `read_twee`.
    """
    source = files[0][0]
    sections: dict[str, Section] = {}
    places: dict[str, str] = {}
    preamble = False
    for name, text in files:
        before, found = _sections(text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text, name)
        preamble = preamble or bool(before)
        for section in found:
            if section.name in sections:
                first = sections[section.name].line
                where = f"in line {first}" if places[section.name] == name else f"in {places[section.name]}:{first}"
                raise StoryError(
                    f"{name}:{section.line}: there is already a passage '{section.name}', {where}. Rename one."
                )
            sections[section.name] = section
            places[section.name] = name
    data = _story_data(sections.get("StoryData"), places.get("StoryData", source))
    passages, notes = read_passages(sections.values(), data.get("format", ""))
    if not passages:
        raise StoryError(f"{source}:1: there is no passage here. A passage starts with a line like ':: Start'.")
    start = data.get("start", DEFAULT_START)
    if start not in passages:
        line = sections["StoryData"].line if "start" in data else 1
        raise StoryError(
            f"{places.get('StoryData', source)}:{line}: the story is to begin at the passage '{start}', which is not "
            'there. Name a passage so, or name another one as "start" in StoryData.'
        )
    story = Story(
        title=_line(sections, "StoryTitle") or printable(PurePath(source).stem),
        start=start,
        passages=passages,
        source=source,
        author=_line(sections, "StoryAuthor"),
        rights=one_line(data.get("rights", "")) or "unknown",
        genre=one_line(data.get("genre", "")),
    )
    if preamble:
        notes.insert(0, "The text before the first passage header is left out.")
    return replace(story, notes=(*notes, *dangling_note(story)))


def dangling_note(story: Story) -> list[str]:
    """A note on the choices that lead nowhere, if there are any."""
    lost = [f"'{choice.target}' (in '{passage.name}')" for passage, choice in story.dangling()]
    if not lost:
        return []
    more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
    return [f"Choices lead to passages that are not there: {', '.join(lost[:3])}{more}."]


def _looks_like(source: Source) -> bool:
    return looks_like(source.head_text)


def _read(source: Source) -> Iterator[Story]:
    yield read_twee(source.text, source.name)


FORMAT = Format("Twee 3", (".twee", ".tw"), _looks_like, _read, read_project)


def _sections(text: str, source: str) -> tuple[str, list[Section]]:
    """What stands before the first header, and the sections in order."""
    before, *parts = ("\n" + text).split("\n::")
    sections = []
    line = before.count("\n") + 1
    for part in parts:
        header, _, body = part.partition("\n")
        name, tags = header.strip(), frozenset[str]()
        if _SIGNS.search(header):
            match = _HEADER.fullmatch(header)
            name = _unescape(match["name"]).strip() if match else ""
            tags = frozenset(_unescape(match["tags"] or "").split()) if match else tags
        if not name:
            raise StoryError(
                f"{source}:{line}: this passage header can't be read. It is written ':: Name [tags]', "
                "with a backslash in front of any other [ ] { } or \\."
            )
        sections.append(Section(name, tags, body.rstrip(), line))
        line += part.count("\n") + 1
    return before.strip(), sections


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _story_data(section: Section | None, source: str) -> Mapping[str, Any]:
    """The JSON object under StoryData, its texts checked to be texts."""
    if section is None:
        return {}
    try:
        data = json.loads(section.body)
    except json.JSONDecodeError as error:
        line = section.line + error.lineno
        raise StoryError(f"{source}:{line}: StoryData is not proper JSON here: {error.msg}.") from error
    except (RecursionError, ValueError) as error:  # ValueError: a number of thousands of digits
        raise StoryError(f"{source}:{section.line}: StoryData is nested too deeply, or a number too long.") from error
    if not isinstance(data, dict):
        raise StoryError(f'{source}:{section.line}: StoryData must be a JSON object, {{"ifid": …}}.')
    for key in ("start", "rights", "genre", "format"):
        if not isinstance(data.get(key, ""), str):
            raise StoryError(f'{source}:{section.line}: "{key}" in StoryData must be a text in quotes.')
    return data


def _line(sections: Mapping[str, Section], name: str) -> str:
    """A special passage that holds one line of text."""
    return one_line(sections[name].body) if name in sections else ""

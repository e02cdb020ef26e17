r"""Twee 3, the text form of Twine stories -> Story.

Written after the Twee 3 specification 3.0.2 of the Interactive Fiction Technology Foundation
(github.com/iftechfoundation/twine-specs, twee-3-specification.md) and the link forms that Twine's own editor knows:

    :: Lamp room [indoors] {"position":"600,400"}
    The bell rings twice.

    [[Go down->Stair]]  [[Stair<-Go down]]  [[Go down|Stair]]  [[Stair]]

`StoryTitle`, `StoryAuthor` and `StoryData` are read; ours has `rights` beside the specified keys. Passages tagged
`script` or `stylesheet` are no prose and are left out.

Limits: one file is one story. Macros of the story formats (SugarCube, Harlowe, Snowman) are not run: they stay in the
prose, and a note says so. Setters (`[[Stair][$lamp to 1]]`) are dropped.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from corpus.story import Choice, Passage, Story, StoryError
from corpus.turns import printable

_HEADER = re.compile(
    r"::(?P<name>(?:\\.|[^\\\[\]{}])*)"  # brackets in a name are escaped with a backslash
    r"(?:\[(?P<tags>(?:\\.|[^\\\[\]{}])*)\])?"
    r"[ \t]*(?:\{.*\})?[ \t]*"  # the passage's place on the author's map
)
_LINK = re.compile(r"\[\[(.*?)\]\]")
_ADDRESS = re.compile(r"\w+:/|mailto:", re.IGNORECASE)
_MACRO = re.compile(r"<<\w|<%|\((?:set|if|else|unless|print|display|link|link-goto):")
_SPECIAL = frozenset({"StoryTitle", "StoryAuthor", "StoryData"})
_NO_PROSE = frozenset({"script", "stylesheet"})
_DEFAULT_START = "Start"


@dataclass(frozen=True, slots=True)
class _Section:
    """A header and what stands under it; `line` counts from 1."""

    name: str
    tags: frozenset[str]
    body: str
    line: int


def looks_like(text: str) -> bool:
    """Whether `text` is Twee: its first line that isn't blank is a passage header."""
    return re.match(r"\s*^::[ \t]*[^\s:]", text, re.MULTILINE) is not None


def read_twee(text: str, source: str) -> Story:
    """The story that is written in `text`; `source` names it in messages.

    Choices that lead nowhere are kept and noted. Raises StoryError, with the line, for a header that can't be read, two
    passages of one name, StoryData that is broken, a start that isn't there, and a text without a passage.
    """
    preamble, sections = _sections(text.replace("\r\n", "\n").replace("\r", "\n"), source)
    special = {name: section for name, section in sections.items() if name in _SPECIAL}
    bodies = {
        name: section for name, section in sections.items() if name not in _SPECIAL and not section.tags & _NO_PROSE
    }
    if not bodies:
        raise StoryError(f"{source}:1: there is no passage here. A passage starts with a line like ':: Start'.")
    data = _story_data(special.get("StoryData"), source)
    start = data.get("start", _DEFAULT_START)
    if start not in bodies:
        line = special["StoryData"].line if "start" in data else 1
        raise StoryError(
            f"{source}:{line}: the story is to begin at the passage '{start}', which is not there. "
            'Name a passage so, or name another one as "start" in StoryData.'
        )
    story = Story(
        title=_line(special, "StoryTitle") or printable(PurePath(source).stem),
        start=start,
        passages={name: _passage(section) for name, section in bodies.items()},
        source=source,
        author=_line(special, "StoryAuthor"),
        rights=" ".join(printable(data.get("rights", "")).split()) or "unknown",
    )
    return replace(story, notes=tuple(_notes(story, preamble)))


def _sections(text: str, source: str) -> tuple[str, dict[str, _Section]]:
    """What stands before the first header, and the sections by name."""
    lines = text.split("\n")
    starts = [n for n, line in enumerate(lines) if line.startswith("::")]
    sections: dict[str, _Section] = {}
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        match = _HEADER.fullmatch(lines[start])
        name = _unescape(match["name"]).strip() if match else ""
        if match is None or not name:
            raise StoryError(
                f"{source}:{start + 1}: this passage header can't be read. It is written ':: Name [tags]', "
                "with a backslash in front of any other [ ] { } or \\."
            )
        if name in sections:
            raise StoryError(
                f"{source}:{start + 1}: there is already a passage '{name}', in line {sections[name].line}. Rename one."
            )
        tags = frozenset(_unescape(match["tags"] or "").split())
        sections[name] = _Section(name, tags, "\n".join(lines[start + 1 : end]).rstrip(), start + 1)
    return "\n".join(lines[: starts[0]] if starts else lines).strip(), sections


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _story_data(section: _Section | None, source: str) -> Mapping[str, Any]:
    """The JSON object under StoryData, its texts checked to be texts."""
    if section is None:
        return {}
    try:
        data = json.loads(section.body)
    except json.JSONDecodeError as error:
        line = section.line + error.lineno
        raise StoryError(f"{source}:{line}: StoryData is not proper JSON here: {error.msg}.") from error
    except RecursionError as error:
        raise StoryError(f"{source}:{section.line}: StoryData is nested too deeply.") from error
    if not isinstance(data, dict):
        raise StoryError(f'{source}:{section.line}: StoryData must be a JSON object, {{"ifid": …}}.')
    for key in ("start", "rights"):
        if not isinstance(data.get(key, ""), str):
            raise StoryError(f'{source}:{section.line}: "{key}" in StoryData must be a text in quotes.')
    return data


def _line(sections: Mapping[str, _Section], name: str) -> str:
    """A special passage that holds one line of text."""
    return " ".join(printable(sections[name].body).split()) if name in sections else ""


def _passage(section: _Section) -> Passage:
    """The prose without its links, and the links.

    A line of links only is the author's list of choices and leaves the prose. A link within a sentence leaves its
    label there.
    """
    choices = []
    prose = []
    for line in section.body.split("\n"):
        links = [_link(match[1]) for match in _LINK.finditer(line)]
        choices += [link for link in links if not _ADDRESS.match(link.target)]
        if not links or re.search(r"\w", _LINK.sub("", line)):
            prose.append(_LINK.sub(lambda match: _link(match[1]).label, line))
    return Passage(section.name, re.sub(r"\n{3,}", "\n\n", "\n".join(prose)).strip("\n"), tuple(choices))


def _link(inner: str) -> Choice:
    """What stands between `[[` and `]]`: of several arrows or bars, the divider is the one Twine takes."""
    inner = inner.partition("][")[0]
    if "->" in inner:
        label, _, target = inner.rpartition("->")
    elif "<-" in inner:
        target, _, label = inner.partition("<-")
    elif "|" in inner:
        label, _, target = inner.rpartition("|")
    else:
        label = target = inner
    return Choice(label.strip() or target.strip(), target.strip())


def _notes(story: Story, preamble: str) -> list[str]:
    notes = []
    if preamble:
        notes.append("The text before the first passage header is left out.")
    dangling = [f"'{choice.target}' (in '{passage.name}')" for passage, choice in story.dangling()]
    if dangling:
        more = f" and {len(dangling) - 3} more" if len(dangling) > 3 else ""
        notes.append(f"Choices lead to passages that are not there: {', '.join(dangling[:3])}{more}.")
    macros = [name for name, passage in story.passages.items() if _MACRO.search(passage.text)]
    if macros:
        notes.append(f"Macros are not run and stay in the prose as written, first in '{macros[0]}'.")
    return notes

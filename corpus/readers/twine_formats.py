"""Passages of Twine stories, whatever story format they are written in -> passages of text.

    passages, notes = read_passages([Section("Start", frozenset(), "[[Go->Hall]]"), …], "Harlowe")

A story format is a language of its own within the passages. Which one it is, the story says; where it doesn't, the
macros tell. Macros are not run: `sugarcube`, `harlowe` and `chapbook` rewrite what they show, and what they lead to, as
plain text and links, which `passages` reads. Passages that are put into others (`<<include>>`, `(display:)`,
`{embed passage}`) are put in.

Limits: a variable shows the first literal that the story gives it, or else its name. Text that is put in is bounded by
`_MAX_INCLUDED` characters a story, in all.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from corpus.readers import chapbook, harlowe, sugarcube
from corpus.readers.twine_passage import LINK, prose, relabelled
from corpus.story import Passage

_MAX_INCLUDED = 1 << 20
_MAX_NESTED = 3
_LINK_HERE = "\x01"

_NO_PROSE = frozenset({"script", "stylesheet", "widget", "init", "annotation", "header", "footer", "startup"})
_NO_PROSE |= {"debug-header", "debug-footer", "debug-startup", "twine.private", "twine.image", "twine.audio"}
SPECIAL = frozenset(
    "StoryTitle StoryAuthor StoryData StorySubtitle StoryInit StoryMenu StoryCaption StoryBanner StorySettings "
    "StoryIncludes StoryShare StoryInterface StoryDisplayTitle StoryLoadingScreen StoryScript StoryStylesheet "
    "PassageHeader PassageFooter PassageReady PassageDone MenuOptions MenuStory MenuShare ClickOption".split()
)
"""Names of passages that hold no prose: what the compilers and SugarCube keep there."""

_HARLOWE_SIGN = re.compile(
    r"\((?:set|put|if|unless|else|else-if|elseif|print|display|either|link|link-goto|link-reveal|link-replace|"
    r"link-reveal-goto|link-repeat|link-undo|goto|go-to|click|click-replace|click-goto|live|event|cycling-link|"
    r"text-style|text-colour|text-color|align|history|enchant|show|hook|transition|t8n):",
    re.IGNORECASE,
)
_SUGARCUBE_SIGN = re.compile(r"<<(?:/?[A-Za-z][\w-]*|=|-)[^<>]*>>")


@dataclass(frozen=True, slots=True)
class Section:
    """A passage as its file has it; `line` counts from 1, 0 where the file has no lines."""

    name: str
    tags: frozenset[str]
    body: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class _Dialect:
    """The language of one story format."""

    name: str
    marks: re.Pattern[str]
    """What only a passage with something to rewrite has in it."""
    rewrite: Callable[[str, Mapping[str, str]], str]
    assignment: re.Pattern[str]
    """A variable's name, and the literal that it is given."""
    include: re.Pattern[str]
    emphasis: tuple[tuple[str, re.Pattern[str], str], ...]
    """A sign without which the pattern is not tried, the pattern, and what it leaves."""


_TWINS = (
    ("//", re.compile(r"(?<!:)//"), ""),
    *((sign, re.compile(re.escape(sign)), "") for sign in ("''", "~~", "^^")),
)
_STARS = ("*", re.compile(r"(?<!\\)\*{1,3}(?=[^\s*])([^*\n]++)(?<=\S)\*{1,3}"), r"\1")
_HEADING = ("#", re.compile(r"^[ \t]*#{1,6}[ \t]*", re.MULTILINE), "")
_UNDERSCORES = ("_", re.compile(r"(?<![\w\\])_{1,2}(?=[^\s_])([^_\n]++)(?<=\S)_{1,2}(?!\w)"), r"\1")
_RULE = ("--", re.compile(r"^[ \t]*+-{3,}+[ \t]*+$", re.MULTILINE), "")
_BULLET = ("*", re.compile(r"^[ \t]*\*+[ \t]+", re.MULTILINE), "")
_TICKS = ("`", re.compile(r"`+"), "")
_MARKDOWN = (_BULLET, _STARS, _UNDERSCORES, _HEADING, _RULE, _TICKS)

DIALECTS = {
    "harlowe": _Dialect(
        "Harlowe",
        harlowe.MARKS,
        harlowe.rewrite,
        harlowe.ASSIGNMENT,
        harlowe.INCLUDE,
        (*_TWINS, _BULLET, _STARS, _HEADING),
    ),
    "sugarcube": _Dialect(
        "SugarCube",
        sugarcube.MARKS,
        sugarcube.rewrite,
        sugarcube.ASSIGNMENT,
        sugarcube.INCLUDE,
        (
            *_TWINS,
            ("__", re.compile(r"(?<!_)__(?!_)"), ""),
            ("==", re.compile(r"(?<!=)==(?!=)"), ""),
            ("@@", re.compile(r"@@(?:[#.\w][\w#.:, -]*;)?"), ""),
            ("!", re.compile(r"^!{1,6}[ \t]*", re.MULTILINE), ""),
            ("#", re.compile(r"^#+[ \t]+", re.MULTILINE), ""),
            _BULLET,
            _RULE,
        ),
    ),
    "chapbook": _Dialect(
        "Chapbook", chapbook.MARKS, chapbook.rewrite, chapbook.ASSIGNMENT, chapbook.INCLUDE, _MARKDOWN
    ),
    "snowman": _Dialect(
        "Snowman",
        chapbook.SNOWMAN_MARKS,
        chapbook.rewrite_snowman,
        chapbook.SNOWMAN_ASSIGNMENT,
        chapbook.SNOWMAN_INCLUDE,
        _MARKDOWN,
    ),
}
_BY_FORMAT = {**DIALECTS, "sugarcane": DIALECTS["sugarcube"], "jonah": DIALECTS["sugarcube"]}


def read_passages(sections: Iterable[Section], story_format: str = "") -> tuple[dict[str, Passage], list[str]]:
    """The passages with prose, by name, and notes on what was left out.

    `story_format` is the name that the story gives ("SugarCube"), or "". Of two sections of one name the first counts.
    """
    found = list(sections)
    dialect = _dialect(story_format, found)
    bodies: dict[str, Section] = {}
    for section in found:
        if section.name not in SPECIAL and not (section.tags and _is_no_prose(section.tags)):
            bodies.setdefault(section.name, section)
    if dialect is None:
        return {name: _passage(section, section.body) for name, section in bodies.items()}, []
    values = _values(dialect, found)
    included = _Included({name: section.body for name, section in bodies.items()}, dialect.include)
    passages, rewritten = {}, []
    for name, section in bodies.items():
        body = section.body
        if dialect.marks.search(body):
            rewritten.append(name)
            body = dialect.rewrite(included.put_in(body), values)
        passages[name] = _passage(section, _without_emphasis(body, dialect))
    notes = []
    if rewritten:
        where = f"in {len(rewritten)} passage{'s' * (len(rewritten) > 1)}, first in '{rewritten[0]}'"
        notes.append(
            f"Macros are not run: {where}, those of {dialect.name} are left out, and every text they may show is kept."
        )
    if included.left_out:
        notes.append(f"Passages put into others were left out {included.left_out} times, for the text grew too long.")
    return passages, notes


def _is_no_prose(tags: frozenset[str]) -> bool:
    return not _NO_PROSE.isdisjoint(tag.lower() for tag in tags)


def _dialect(story_format: str, sections: list[Section]) -> _Dialect | None:
    """The dialect that the story names, or else the one whose macros stand in it."""
    named = _BY_FORMAT.get(re.sub(r"[^a-z]", "", story_format.lower()))
    if named:
        return named
    for section in sections:
        if "<" in section.body and _SUGARCUBE_SIGN.search(section.body):
            return DIALECTS["sugarcube"]
        if "<%" in section.body:
            return DIALECTS["snowman"]
        if ":" in section.body and _HARLOWE_SIGN.search(section.body):
            return DIALECTS["harlowe"]
    return None


def _passage(section: Section, source: str) -> Passage:
    text, choices = prose(source)
    return Passage(section.name, text, choices, section.tags)


def _without_emphasis(body: str, dialect: _Dialect) -> str:
    """`body` without the signs that make letters bold, a line a heading, and the like; links keep their targets."""
    if not any(sign in body for sign, _, _ in dialect.emphasis):
        return body
    parts = LINK.split(body.replace(_LINK_HERE, ""))
    links = [relabelled(inner, lambda label: _plain(label, dialect)) for inner in parts[1::2]]
    plain = _plain(_LINK_HERE.join(parts[::2]), dialect)
    pieces = plain.split(_LINK_HERE)
    return "".join(piece + link for piece, link in zip(pieces, [*links, ""], strict=True))


def _plain(text: str, dialect: _Dialect) -> str:
    for sign, pattern, left in dialect.emphasis:
        if sign in text:
            text = pattern.sub(left, text)
    return text


def _values(dialect: _Dialect, sections: list[Section]) -> dict[str, str]:
    """The first literal that each variable is given, those of the passages that run first before others."""
    values: dict[str, str] = {}
    for first in (True, False):
        for section in sections:
            begins = section.name == "StoryInit" or "startup" in section.tags or "init" in section.tags
            if begins is first:
                for name, literal in dialect.assignment.findall(section.body):
                    values.setdefault(name, literal.strip("\"'"))
    return values


@dataclass
class _Included:
    """Puts passages into others, as far as the room goes that is left."""

    bodies: Mapping[str, str]
    pattern: re.Pattern[str]
    room: int = _MAX_INCLUDED
    left_out: int = 0

    def put_in(self, body: str, depth: int = 0) -> str:
        return self.pattern.sub(lambda match: self._of(match, depth), body)

    def _of(self, match: re.Match[str], depth: int) -> str:
        body = self.bodies.get(next(filter(None, match.groups()), ""), "")
        if depth >= _MAX_NESTED or len(body) > self.room:
            self.left_out += 1
            return ""
        self.room -= len(body)
        return self.put_in(body, depth + 1) if body else ""

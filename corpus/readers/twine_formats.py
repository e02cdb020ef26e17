"""Turn the passages of a Twine story, in any story format, into passages of text.

    passages, notes = read_passages([Section("Start", frozenset(), "[[Go->Hall]]"), …], "Harlowe")

A story format is a language of its own within the passages. The story states which one it is; if it doesn't, the macros
decide. Macros are not executed: `sugarcube`, `harlowe` and `chapbook` rewrite what they show, and where they lead, as
plain text and links, which `twine_passage` parses. Passages that others include (`<<include>>`, `(display:)`, `{embed
passage}`) are inserted.

Limits: a variable shows the first literal that the story assigns to it, or else its name. Inserted text is limited to
`_MAX_INCLUDED` characters per story.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType

from corpus.readers import chapbook, harlowe, sugarcube
from corpus.readers.twine_passage import LINK, parse_passage, relabel
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
"""Names of passages without prose, in which the compilers and SugarCube keep data."""

_HARLOWE_SIGN = re.compile(
    r"\((?:set|put|if|unless|else|else-if|elseif|print|display|either|link|link-goto|link-reveal|link-replace|"
    r"link-reveal-goto|link-repeat|link-undo|goto|go-to|click|click-replace|click-goto|live|event|cycling-link|"
    r"text-style|text-colour|text-color|align|history|enchant|show|hook|transition|t8n):",
    re.IGNORECASE,
)
_SUGARCUBE_SIGN = re.compile(r"<<(?:/?[A-Za-z][\w-]*|=|-)[^<>]*>>")


@dataclass(frozen=True, slots=True)
class Section:
    """A passage as it is in its file; `line` counts from 1, or is 0 in a file without lines."""

    name: str
    tags: frozenset[str]
    body: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class _Dialect:
    name: str
    marks: re.Pattern[str]
    """Found in every passage with something to rewrite."""
    rewrite: Callable[[str, Mapping[str, str]], str]
    assignment: re.Pattern[str]
    """Matches a variable's name, and the literal that is assigned to it."""
    include: re.Pattern[str]
    emphasis: tuple[tuple[str, re.Pattern[str], str], ...]
    """Each with characters without which the pattern is not tried, the pattern, and its replacement."""


_DOUBLED = (
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

_SUGARCUBE = (
    *_DOUBLED,
    ("__", re.compile(r"(?<!_)__(?!_)"), ""),
    ("==", re.compile(r"(?<!=)==(?!=)"), ""),
    ("@@", re.compile(r"@@(?:[#.\w][\w#.:, -]*;)?"), ""),
    ("!", re.compile(r"^!{1,6}[ \t]*", re.MULTILINE), ""),
    ("#", re.compile(r"^#+[ \t]+", re.MULTILINE), ""),
    _BULLET,
    _RULE,
)


def _dialect_of(name: str, module: ModuleType, *emphasis: tuple[str, re.Pattern[str], str]) -> _Dialect:
    return _Dialect(name, module.MARKS, module.rewrite, module.ASSIGNMENT, module.INCLUDE, emphasis)


DIALECTS = {
    "harlowe": _dialect_of("Harlowe", harlowe, *_DOUBLED, _BULLET, _STARS, _HEADING),
    "sugarcube": _dialect_of("SugarCube", sugarcube, *_SUGARCUBE),
    "chapbook": _dialect_of("Chapbook", chapbook, *_MARKDOWN),
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
    """Return the passages with prose, by name, and notes on what was left out.

    `story_format` is the name that the story states ("SugarCube"), or "". Of two sections with one name, the first
    counts.
    """
    found = list(sections)
    dialect = _dialect(story_format, found)
    bodies: dict[str, Section] = {}
    for section in found:
        if section.name not in SPECIAL and _NO_PROSE.isdisjoint(tag.lower() for tag in section.tags):
            bodies.setdefault(section.name, section)
    if dialect is None:
        return {name: _passage(section, section.body) for name, section in bodies.items()}, []
    values = _values(dialect, found)
    includes = _Includes({name: section.body for name, section in bodies.items()}, dialect.include)
    passages, rewritten = {}, []
    for name, section in bodies.items():
        body = section.body
        if dialect.marks.search(body):
            rewritten.append(name)
            body = dialect.rewrite(includes.insert(body), values)
        passages[name] = _passage(section, _without_emphasis(body, dialect))
    notes = []
    if rewritten:
        where = f"in {len(rewritten)} passage{'s' * (len(rewritten) > 1)}, first in '{rewritten[0]}'"
        notes.append(
            f"{dialect.name} macros are not executed but removed {where}; every text that they can show is kept."
        )
    if includes.left_out:
        notes.append(f"Included passages were left out {includes.left_out} times, because the text became too long.")
    return passages, notes


def _dialect(story_format: str, sections: list[Section]) -> _Dialect | None:
    """Return the dialect that the story states, or else the one whose macros it has."""
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
    text, choices = parse_passage(source)
    return Passage(section.name, text, choices, section.tags)


def _without_emphasis(body: str, dialect: _Dialect) -> str:
    """Return `body` without the markup for bold text, headings and the like; the targets of links stay."""
    if not any(sign in body for sign, _, _ in dialect.emphasis):
        return body
    parts = LINK.split(body.replace(_LINK_HERE, ""))
    links = [relabel(inner, lambda label: _plain(label, dialect)) for inner in parts[1::2]]
    plain = _plain(_LINK_HERE.join(parts[::2]), dialect)
    pieces = plain.split(_LINK_HERE)
    return "".join(piece + link for piece, link in zip(pieces, [*links, ""], strict=True))


def _plain(text: str, dialect: _Dialect) -> str:
    for sign, pattern, replacement in dialect.emphasis:
        if sign in text:
            text = pattern.sub(replacement, text)
    return text


def _values(dialect: _Dialect, sections: list[Section]) -> dict[str, str]:
    """Return the first literal that is assigned to each variable, in passages that run first before others."""
    values: dict[str, str] = {}
    for first in (True, False):
        for section in sections:
            runs_first = section.name == "StoryInit" or "startup" in section.tags or "init" in section.tags
            if runs_first is first:
                for name, literal in dialect.assignment.findall(section.body):
                    values.setdefault(name, literal.strip("\"'"))
    return values


@dataclass
class _Includes:
    """Inserts passages into others, within a limit."""

    bodies: Mapping[str, str]
    pattern: re.Pattern[str]
    room: int = _MAX_INCLUDED
    left_out: int = 0

    def insert(self, body: str, depth: int = 0) -> str:
        return self.pattern.sub(lambda match: self._included(match, depth), body)

    def _included(self, match: re.Match[str], depth: int) -> str:
        body = self.bodies.get(next(filter(None, match.groups()), ""), "")
        if depth >= _MAX_NESTED or len(body) > self.room:
            self.left_out += 1
            return ""
        self.room -= len(body)
        return self.insert(body, depth + 1) if body else ""

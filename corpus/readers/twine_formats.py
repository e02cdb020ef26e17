"""Turn the passages of a Twine story, in any story format, into passages of text.

    read = read_passages([Section("Start", frozenset(), "[[Go->Hall]]"), …], ["Start"], "Harlowe")

A story format is a language of its own within the passages. The story states which one it is; if it doesn't, the macros
decide. `sugarcube`, `harlowe`, `chapbook` and `snowman` parse a passage into the same nodes (`twine_nodes`); these are
read without being executed, one branch of each condition at a time (`twine_reading`), and what the readings show
becomes passages (`twine_forms`).
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

from corpus.readers import chapbook, harlowe, snowman, sugarcube
from corpus.readers.twine_forms import Forms
from corpus.readers.twine_nodes import Nodes, Text
from corpus.readers.twine_passage import LINK, parse_passage, relabel
from corpus.readers.twine_world import World
from corpus.story import Passage

_LINK_HERE = "\x01"
_CONTROL = re.compile(r"[\x00-\x08]")
_WORD = re.compile(r"\w+")
_SCRIPT = re.compile(
    r"<<script>>((?:[^<]|<(?!</script>>))*+)|^\[(?:javascript|js)\]((?:[^\[]|(?<!\n)\[)*+)", re.I | re.M
)
# A variable that is named for an input: `<<textbox "$name">>`, `(input-box: bind $name)`, `{text input for: 'name'}`;
# and one that a template of Snowman's changes: `s.gold += 2`.
_INPUT = re.compile(r"""(?:["'][$_]|\bbind\s+[$_]|\bfor:\s*["']|\bs\.(?=\w+\s*(?:\+\+|--|[-+*/%]=)))(\w+)""")
_INPUT_SIGNS = ('"$', "'$", '"_', "'_", "bind ", "for:", "<%")
_FIRST = frozenset({"startup", "init"})

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


ABOUT = (
    "Stories in Harlowe, SugarCube, Chapbook or Snowman, and of Twine 1. Macros are read, not executed. A passage is "
    "read once for each branch of its conditions, with one branch at a time; a choice leads to the reading that fits "
    "what the player just did. A variable shows a value that the story gives it; a sentence without such a value is "
    "left out. A click that reveals text is a choice, or, in a sentence, the text itself. Not followed: what scripts "
    "write, and where they lead unless a passage's name is written there; what can't be reached is counted, and long "
    "parts of it are read as beginnings. Loops are read once, arrays not at all."
)
"""What the reader of Twine and Twee does and doesn't, for users."""


@dataclass(frozen=True, slots=True)
class Section:
    """A passage as it is in its file; `line` counts from 1, or is 0 in a file without lines."""

    name: str
    tags: frozenset[str]
    body: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Read:
    """The passages of a story."""

    passages: dict[str, Passage]
    """Those with prose, by name."""
    start: str
    """The name of the first passage; "" if there is none."""
    notes: list[str]
    left_out: int
    """Words that no reading shows."""


Emphasis = tuple[str, re.Pattern[str], str]
"""Characters without which the pattern is not tried, the pattern, and its replacement."""


@dataclass(frozen=True, slots=True)
class _Dialect:
    name: str
    marks: re.Pattern[str]
    """Found in every passage with something to parse."""
    parse: Callable[[str], Nodes]
    emphasis: tuple[Emphasis, ...]


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


def _dialect_of(name: str, module: ModuleType, *emphasis: Emphasis) -> _Dialect:
    return _Dialect(name, module.MARKS, module.parse_passage_source, emphasis)


DIALECTS = {
    "harlowe": _dialect_of("Harlowe", harlowe, *_DOUBLED, _BULLET, _STARS, _HEADING),
    "sugarcube": _dialect_of("SugarCube", sugarcube, *_SUGARCUBE),
    "chapbook": _dialect_of("Chapbook", chapbook, *_MARKDOWN),
    "snowman": _dialect_of("Snowman", snowman, *_MARKDOWN),
}
_BY_FORMAT = {**DIALECTS, "sugarcane": DIALECTS["sugarcube"], "jonah": DIALECTS["sugarcube"]}


def read_passages(sections: Iterable[Section], starts: Sequence[str], story_format: str = "") -> Read:
    """Return the passages with prose, and notes on what was left out.

    The story starts with the first of `starts` that exists. `story_format` is the name that the story states
    ("SugarCube"), or "". Of two sections with one name, the first counts.
    """
    found = list(sections)
    dialect = _dialect(story_format, found)
    sources: dict[str, Section] = {}
    for section in found:
        if section.name not in SPECIAL and _NO_PROSE.isdisjoint(tag.lower() for tag in section.tags):
            sources.setdefault(section.name, section)
    with_macros = {name for name, section in sources.items() if dialect and dialect.marks.search(section.body)}
    if dialect and with_macros:
        return _read_macros(dialect, found, sources, with_macros, starts)
    passages = {
        name: _passage(section, _without_emphasis(section.body, dialect) if dialect else section.body)
        for name, section in sources.items()
    }
    return Read(passages, next((name for name in starts if name in passages), ""), [], 0)


def _read_macros(
    dialect: _Dialect,
    found: list[Section],
    sources: Mapping[str, Section],
    with_macros: set[str],
    starts: Sequence[str],
) -> Read:
    """Return the passages of a story of which some have macros."""
    bodies: dict[str, Nodes] = {}
    for name, section in sources.items():
        body = _CONTROL.sub("", section.body)
        bodies[name] = dialect.parse(body) if name in with_macros else (Text(body),)
    helpers, first = _run_first(dialect, found, sources)
    lengths = {name: len(section.body) for name, section in sources.items()}
    start = next((name for name in starts if name in bodies), "")
    scripted = _scripted(found)
    world = World({**helpers, **bodies}, lengths, [*first, start], scripted)
    tags = {name: section.tags for name, section in sources.items()}
    forms = Forms(world, bodies, tags, lambda source: _without_emphasis(source, dialect))
    passages, begin = forms.linked(starts)
    first_name = next(name for name in sources if name in with_macros)
    where = f"in {len(with_macros)} passage{'s' * (len(with_macros) > 1)}, first in '{first_name}'"
    notes = [f"{dialect.name} macros are read, not executed, {where}."]
    if forms.limit_reached:
        notes.append("Some passages have more readings than were taken.")
    if world.left_out:
        notes.append(f"Included passages were left out {world.left_out} times, because the text became too long.")
    if world.untold_targets:
        notes.append(f"Links whose target only a script knows were not followed: {world.untold_targets}.")
    left_out = forms.left_out()
    if left_out:
        notes.append(f"Left out, because no reading that begins at the start shows them: {left_out:,} words.")
    return Read(passages, begin, notes, left_out)


def _run_first(
    dialect: _Dialect, found: list[Section], sources: Mapping[str, Section]
) -> tuple[dict[str, Nodes], list[str]]:
    """Return the widgets and the passages that run before the story begins, and the names of those."""
    bodies: dict[str, Nodes] = {}
    first = []
    for section in found:
        if section.name in sources:
            continue
        body = _CONTROL.sub("", section.body)
        if "widget" in section.tags and dialect.name == "SugarCube":
            bodies.update(sugarcube.widgets(body))
        if section.name == "StoryInit" or not _FIRST.isdisjoint(section.tags):
            first.append(section.name)
            bodies[section.name] = dialect.parse(body)
    return bodies, first


def _scripted(found: list[Section]) -> Callable[[str], bool]:
    """Return a function that tells whether a script or the player may set a variable."""
    names: set[str] = set()
    for section in found:
        if "script" in section.tags:
            names.update(_WORD.findall(section.body))
        else:
            for codes in _SCRIPT.findall(section.body) if "script" in section.body.lower() else ():
                names.update(word for code in codes for word in _WORD.findall(code))
            if any(sign in section.body for sign in _INPUT_SIGNS):
                names.update(_INPUT.findall(section.body))
    return lambda name: name.startswith("_") or name in names


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
        if chapbook.looks_like(section.body):
            return DIALECTS["chapbook"]
    return None


def _passage(section: Section, source: str) -> Passage:
    text, choices = parse_passage(source)
    return Passage(section.name, text, choices, section.tags)


def _without_emphasis(body: str, dialect: _Dialect) -> str:
    """Return `body` without the markup for bold text, headings and the like; the targets of links stay."""
    if not any(sign in body for sign, _, _ in dialect.emphasis):
        return body
    parts = LINK.split(body.replace(_LINK_HERE, ""))
    inside = [rule for rule in dialect.emphasis if not rule[1].pattern.startswith("^")]  # a label is no line
    links = [relabel(inner, lambda label: _plain(label, inside)) for inner in parts[1::2]]
    plain = _plain(_LINK_HERE.join(parts[::2]), dialect.emphasis)
    pieces = plain.split(_LINK_HERE)
    return "".join(piece + link for piece, link in zip(pieces, [*links, ""], strict=True))


def _plain(text: str, rules: Iterable[Emphasis]) -> str:
    for sign, pattern, replacement in rules:
        if sign in text:
            text = pattern.sub(replacement, text)
    return text

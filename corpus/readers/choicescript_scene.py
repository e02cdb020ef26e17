"""The text of a ChoiceScript scene -> its lines, and where each leads.

    scene = parse("cave", text)
    scene.lines[scene.labels["exit"]]

Nothing is run here. What only the indentation tells is worked out once: where a block ends, which `*else` belongs to
which `*if`, which options make one choice, and where the story goes on after the last line of a block. Blank lines are
no lines of their own: a line knows whether one stood before it.

Limits: a tab is as wide as four spaces.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

TEXT = ""
"""The command of a line that has none, which is prose."""
OPTION = "#"
CHOICES = frozenset({"choice", "fake_choice"})
ELSES = frozenset({"elseif", "elsif", "else"})
INPUTS = frozenset({"input_text", "input_number"})
PAGE_BREAKS = frozenset({"page_break", "page_break_advertisement", "delay_break"})
ENDINGS = frozenset({"ending", "delay_ending", "restart", "restore_checkpoint", "abort", "quit"})
BLOCKS = frozenset({"scene_list", "achievement", "stat_chart", "goto_random_scene"})
"""Commands whose indented block is no story."""
_ASIDE = frozenset(
    "comment title author create temp set setref delete params rand label image text_image sound youtube link "
    "link_button achieve check_achievements hide_reuse disable_reuse allow_reuse create_array temp_array delete_array "
    "script ifid config product purchase purchase_discount check_purchase restore_purchases print_discount "
    "advertisement check_registration login subscribe share_this_game more_games save_game restore_game "
    "restore_password show_password save_checkpoint timer feedback track_event kindle_image kindle_product "
    "kindle_search looplimit line_length bug_report allow_no_selection reset".split()
)
"""Commands that show no prose and lead nowhere."""
_LOUD = (
    CHOICES
    | PAGE_BREAKS
    | ENDINGS
    | frozenset(
        "goto gosub goto_scene redirect_scene gosub_scene goto_random_scene return finish line_break print bug".split()
    )
)
"""Commands that show something or lead somewhere."""
COMMANDS = _ASIDE | _LOUD | ELSES | INPUTS | BLOCKS | {"if"}

_COMMAND = re.compile(r"\*(\w+)[ \t]*")
_MODIFIER = re.compile(r"\*(?:hide_reuse|disable_reuse|allow_reuse|if|selectable_if)\b")
_SIGN = re.compile(r'"(?:[^"\\]|\\.)*+"|[()#]')
_LONGEST_CONDITION = 2000
_TAB = 4


class Join(IntEnum):
    """Where the text may be parted because several ways meet: nowhere, or, the higher the sooner, …"""

    NONE = 0
    PARAGRAPH = 1
    """… where a paragraph begins,"""
    SENTENCE = 2
    """… where a sentence has ended,"""
    ALWAYS = 3
    """… in any case."""


@dataclass(slots=True)
class Line:
    """One line that isn't blank."""

    number: int
    """Its place in the file, from 1."""
    indent: int
    command: str
    """Lower case, without its star; `TEXT` or `OPTION`."""
    rest: str
    """What follows the command: the prose itself, an option's label."""
    after_blank: bool
    end: int = 0
    """The first line behind its indented block."""
    after: int = -1
    """Of a choice, its options, `*if` and `*else`: the first line behind the whole."""
    ways: Sequence[int] = ()
    """Of `*if`, where its branches begin; of a choice, its options."""
    join: Join = Join.NONE


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene file. A place in it is the index of a line; that of none is its end."""

    name: str
    lines: Sequence[Line]
    labels: Mapping[str, int]
    """By lower-case name."""
    land: Sequence[int]
    """For each place, where the story goes on that comes there: behind the choice, after the last line of an option."""


def parse(name: str, text: str) -> Scene:
    """The scene that is written in `text`, whatever it is."""
    lines = list(_lines(text))
    _find_ends(lines)
    labels: dict[str, int] = {}
    for at, line in enumerate(lines):
        if line.command == "label":
            labels.setdefault(first_word(line.rest).lower(), at)
    silent = _find_chains(lines)
    falls = _find_choices(lines)
    land = list(range(len(lines) + 1))
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at]
        if falls[at] >= 0:
            land[at] = land[falls[at]]
        elif line.command in ELSES and line.after >= 0:
            land[at] = land[line.after]
    _find_joins(lines, land, silent)
    return Scene(name, lines, labels, land)


def first_word(text: str) -> str:
    """A label's or a scene's name, what follows left out."""
    words = text.split(maxsplit=1)
    return words[0] if words else ""


def _lines(text: str) -> Iterator[Line]:
    blank = False
    for number, raw in enumerate(text.split("\n"), 1):
        stripped = raw.strip()
        if not stripped:
            blank = True
            continue
        margin = raw[: len(raw) - len(raw.lstrip())]
        indent = len(margin.expandtabs(_TAB)) if "\t" in margin else len(margin)
        command, rest = TEXT, stripped
        if stripped[0] == "#":
            command, rest = OPTION, stripped[1:].strip()
        elif stripped[0] == "*" and (match := _COMMAND.match(stripped)):
            label = _modified_option(stripped) if _MODIFIER.match(stripped) else None
            command, rest = (match[1].lower(), stripped[match.end() :]) if label is None else (OPTION, label)
        yield Line(number, indent, command, rest, blank)
        blank = False


def _modified_option(text: str) -> str | None:
    """The label of an option behind `*hide_reuse`, `*if (…)` and their like; None where there is none.

    A number sign within the condition takes a letter of a text: `name#1`.
    """
    depth = 0
    for sign in _SIGN.finditer(text[:_LONGEST_CONDITION]):
        if sign[0] == "(":
            depth += 1
        elif sign[0] == ")":
            depth -= 1
        elif sign[0] == "#" and depth <= 0 and text[: sign.start()].endswith((" ", "\t", ")", "_reuse")):
            return text[sign.end() :].strip()
    return None


def _find_ends(lines: Sequence[Line]) -> None:
    """Where each line's indented block ends."""
    open_lines: list[Line] = []
    for at, line in enumerate(lines):
        while open_lines and open_lines[-1].indent >= line.indent:
            open_lines.pop().end = at
        open_lines.append(line)
    for line in open_lines:
        line.end = len(lines)


def _find_chains(lines: Sequence[Line]) -> set[int]:
    """The branches of each `*if`; those indices are returned whose branches show nothing and lead nowhere."""
    loud = [0]
    for line in lines:
        loud.append(loud[-1] + (line.command in _LOUD or line.command in (TEXT, OPTION)))
    silent = set()
    for at, line in enumerate(lines):
        if line.command != "if":
            continue
        chain, after = [line], line.end
        starts = [at]
        while after < len(lines) and lines[after].command in ELSES and lines[after].indent == line.indent:
            starts.append(after)
            chain.append(lines[after])
            after = lines[after].end
            if chain[-1].command == "else":
                break
        ways = [start + 1 if lines[start].end > start + 1 else after for start in starts]
        if chain[-1].command != "else":
            ways.append(after)
        if loud[at] == loud[after]:
            ways = [after]
            silent.add(at)
        line.ways = tuple(dict.fromkeys(ways))
        for part in chain:
            part.after = after
    return silent


def _find_choices(lines: Sequence[Line]) -> list[int]:
    """The options of each choice. For each line the place behind the choice whose options it stands among, or -1.

    Options that stand where no choice is announced are one: so nested groups of options are written.
    """
    falls = [-1] * len(lines)
    for at, line in enumerate(lines):
        if falls[at] >= 0:
            continue
        if line.command in CHOICES:
            line.after = line.end
            begin = at + 1
        elif line.command == OPTION:
            line.after = at
            begin = at
            while line.after < len(lines) and lines[line.after].indent == line.indent:
                if lines[line.after].command not in ELSES | {OPTION, "if"}:
                    break
                line.after = lines[line.after].end
        else:
            continue
        line.ways = _options(lines, begin, line.after, falls)
        if line.command == OPTION:
            falls[at] = -1
    return falls


def _options(lines: Sequence[Line], begin: int, after: int, falls: list[int]) -> Sequence[int]:
    """The options between two places, those under an `*if` among them."""
    options = []
    at = begin
    while at < after:
        falls[at] = after
        if lines[at].command == OPTION:
            options.append(at)
            lines[at].after = after
            at = lines[at].end
        else:
            at += 1
    return tuple(options)


def _find_joins(lines: Sequence[Line], land: Sequence[int], silent: set[int]) -> None:
    """The places where several ways meet."""

    def meet(place: int, join: Join) -> None:
        if land[place] < len(lines):
            line = lines[land[place]]
            line.join = max(line.join, join)

    for at, line in enumerate(lines):
        if line.command == "label":
            line.join = max(line.join, Join.SENTENCE)
        elif line.command in CHOICES or (line.command == OPTION and line.ways):
            meet(line.after, Join.SENTENCE)
        elif line.command == "if" and at not in silent:
            meet(line.after, Join.PARAGRAPH)
        elif line.command in ("gosub", "gosub_scene"):
            meet(at + 1, Join.SENTENCE)
    if lines:
        meet(0, Join.ALWAYS)

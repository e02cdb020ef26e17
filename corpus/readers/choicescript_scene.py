"""Parse the text of a ChoiceScript scene into lines, and find where each leads.

    scene = parse("cave", text)
    scene.lines[scene.labels["exit"]]

Nothing is executed. What follows from the indentation is computed once: where a block ends, which `*else` belongs to
which `*if`, which options form a choice, and where the story continues after the last line of a block. Blank lines are
not lines of their own; a line knows whether one precedes it.

Limits: a tab is as wide as four spaces.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

TEXT = ""
"""The command of a line of prose."""
OPTION = "#"
CHOICES = frozenset({"choice", "fake_choice"})
ELSES = frozenset({"elseif", "elsif", "else"})
INPUTS = frozenset({"input_text", "input_number"})
PAGE_BREAKS = frozenset({"page_break", "page_break_advertisement", "delay_break"})
ENDINGS = frozenset({"ending", "delay_ending", "restart", "restore_checkpoint", "abort", "quit"})
BLOCKS = frozenset({"scene_list", "achievement", "stat_chart", "goto_random_scene"})
"""Commands whose indented block is not part of the story."""
_ASIDE = frozenset(
    "comment title author create temp set setref delete params rand label image text_image sound youtube link "
    "link_button achieve check_achievements hide_reuse disable_reuse allow_reuse create_array temp_array delete_array "
    "script ifid config product purchase purchase_discount check_purchase restore_purchases print_discount "
    "advertisement check_registration login subscribe share_this_game more_games save_game restore_game "
    "restore_password show_password save_checkpoint timer feedback track_event kindle_image kindle_product "
    "kindle_search looplimit line_length bug_report allow_no_selection reset".split()
)
"""Commands that show no prose and don't jump."""
_VISIBLE = (
    CHOICES
    | PAGE_BREAKS
    | ENDINGS
    | frozenset(
        "goto gosub goto_scene redirect_scene gosub_scene goto_random_scene return finish line_break print bug".split()
    )
)
"""Commands that show something or jump."""
COMMANDS = _ASIDE | _VISIBLE | ELSES | INPUTS | BLOCKS | {"if"}

_COMMAND = re.compile(r"\*(\w+)[ \t]*")
_MODIFIER = re.compile(r"\*(?:hide_reuse|disable_reuse|allow_reuse|if|selectable_if)\b")
_SIGN = re.compile(r'"(?:[^"\\]|\\.)*+"|[()#]')
_LONGEST_CONDITION = 2000
_TAB = 4


class Join(IntEnum):
    """Where the text may be split because several paths meet; the later values allow more."""

    NONE = 0
    PARAGRAPH = 1
    """Where a paragraph begins."""
    SENTENCE = 2
    """After the end of a sentence."""
    ALWAYS = 3


@dataclass(slots=True)
class Line:
    """A line that isn't blank."""

    number: int
    """The line number in the file, from 1."""
    indent: int
    command: str
    """In lower case, without its star; `TEXT` or `OPTION`."""
    rest: str
    """What follows the command: the prose, or the label of an option."""
    after_blank: bool
    end: int = 0
    """The index of the first line after its indented block."""
    after: int = -1
    """For a choice, its options, `*if` and `*else`: the index of the first line after the whole."""
    branches: Sequence[int] = ()
    """The first lines of the branches of an `*if`, or of the options of a choice."""
    join: Join = Join.NONE


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene file. A position in it is the index of a line; the number of lines stands for the end."""

    name: str
    lines: Sequence[Line]
    labels: Mapping[str, int]
    """The positions of labels, by lower-case name."""
    continues_at: Sequence[int]
    """For each position, where the story continues: after the last line of an option, it is after the choice."""


def parse(name: str, text: str) -> Scene:
    """Parse the text of a scene; any text is valid."""
    lines = list(_lines(text))
    _find_ends(lines)
    labels: dict[str, int] = {}
    for at, line in enumerate(lines):
        if line.command == "label":
            labels.setdefault(first_word(line.rest).lower(), at)
    silent = _find_branches(lines)
    choice_ends = _find_choices(lines)
    continues_at = list(range(len(lines) + 1))
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at]
        if choice_ends[at] >= 0:
            continues_at[at] = continues_at[choice_ends[at]]
        elif line.command in ELSES and line.after >= 0:
            continues_at[at] = continues_at[line.after]
    _find_joins(lines, continues_at, silent)
    return Scene(name, lines, labels, continues_at)


def first_word(text: str) -> str:
    """Return the name of a label or scene, without what follows."""
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
    """Return the label of an option after `*hide_reuse`, `*if (…)` and the like; None if there is no option.

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
    """Find where each line's indented block ends."""
    open_lines: list[Line] = []
    for at, line in enumerate(lines):
        while open_lines and open_lines[-1].indent >= line.indent:
            open_lines.pop().end = at
        open_lines.append(line)
    for line in open_lines:
        line.end = len(lines)


def _find_branches(lines: Sequence[Line]) -> set[int]:
    """Find the branches of each `*if`; return the indices of those whose branches show nothing and don't jump."""
    visible = [0]
    for line in lines:
        visible.append(visible[-1] + (line.command in _VISIBLE or line.command in (TEXT, OPTION)))
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
        branches = [start + 1 if lines[start].end > start + 1 else after for start in starts]
        if chain[-1].command != "else":
            branches.append(after)
        if visible[at] == visible[after]:
            branches = [after]
            silent.add(at)
        line.branches = tuple(dict.fromkeys(branches))
        for part in chain:
            part.after = after
    return silent


def _find_choices(lines: Sequence[Line]) -> list[int]:
    """Find the options of each choice. For each line, return the end of the choice whose options surround it, or -1.

    Options without a choice command form a choice, too: nested groups of options are written this way.
    """
    choice_ends = [-1] * len(lines)
    for at, line in enumerate(lines):
        if choice_ends[at] >= 0:
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
        line.branches = _options(lines, begin, line.after, choice_ends)
        if line.command == OPTION:
            choice_ends[at] = -1
    return choice_ends


def _options(lines: Sequence[Line], begin: int, after: int, choice_ends: list[int]) -> Sequence[int]:
    """Return the options between two positions, including those under an `*if`."""
    options = []
    at = begin
    while at < after:
        choice_ends[at] = after
        if lines[at].command == OPTION:
            options.append(at)
            lines[at].after = after
            at = lines[at].end
        else:
            at += 1
    return tuple(options)


def _find_joins(lines: Sequence[Line], continues_at: Sequence[int], silent: set[int]) -> None:
    """Find the positions where several paths meet."""

    def meet(position: int, join: Join) -> None:
        if continues_at[position] < len(lines):
            line = lines[continues_at[position]]
            line.join = max(line.join, join)

    for at, line in enumerate(lines):
        if line.command == "label":
            line.join = max(line.join, Join.SENTENCE)
        elif line.command in CHOICES or (line.command == OPTION and line.branches):
            meet(line.after, Join.SENTENCE)
        elif line.command == "if" and at not in silent:
            meet(line.after, Join.PARAGRAPH)
        elif line.command in ("gosub", "gosub_scene"):
            meet(at + 1, Join.SENTENCE)
    if lines:
        meet(0, Join.ALWAYS)

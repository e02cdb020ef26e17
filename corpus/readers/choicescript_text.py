"""What a line of ChoiceScript shows the player, as far as it can be known without playing.

    values = first_values(scenes)
    shown("$!{name} @{(tall) stoops|stretches} at the [i]door[/i].", values)   # 'Ito stoops at the door.'

A variable shows the first text or number that the game gives it, or, where there is none, its name; a multireplace
shows the first of its texts. Bold and italics go.

Limits: expressions are not calculated: the first variable in one stands for it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from corpus.readers.choicescript_scene import Scene

Values = Mapping[str, Sequence[str]]
"""The texts and numbers that the game gives its variables, by lower-case name, in the order of the source."""

_LONGEST_VALUE = 200
"""Characters. A longer text is no name or number, and each mention would repeat it."""
_MOST_VALUES = 200
_LONGEST_LINE = 20_000
"""Characters. In a longer one nothing is replaced."""
_LONGEST_EXPRESSION = 400
_DEEPEST = 6

_GIVEN = re.compile(
    rf'(\w+)\s++(?:"((?:[^"\\{{]|\\.){{1,{_LONGEST_VALUE}}}+)"|(\d{{1,20}}(?:\.\d{{1,20}})?|true|false))', re.IGNORECASE
)
_ESCAPED = re.compile(r"\\(.)")
_OPENING = re.compile(r"([$@])(!{0,2})\{")
_BRACE = re.compile(r"[{}]")
_NESTED = re.compile(r"[(){}| ]")
_DIVIDING = re.compile(r"[{}|]")
_QUOTE = re.compile(r'"((?:[^"\\]|\\.)*+)"')
_NUMBER = re.compile(r"[\s({]*(\d+(?:\.\d+)?)[\s)}]*")
_NAME = re.compile(r"(?<!\w)[A-Za-z]\w*+(?!\()")
_EMPHASIS = re.compile(r"\[/?[bi]\]|\s*\[n/\]\s*")


def first_values(scenes: Iterable[Scene]) -> Values:
    """What `*create`, `*temp` and `*set` give each variable, where it is a plain text, a number, true or false."""
    values: dict[str, dict[str, None]] = {}
    for scene in scenes:
        for line in scene.lines:
            if line.command in ("create", "temp", "set") and (match := _GIVEN.fullmatch(line.rest)):
                known = values.setdefault(match[1].lower(), {})
                if len(known) < _MOST_VALUES:
                    known[_ESCAPED.sub(r"\1", match[2]) if match[2] else match[3]] = None
    return {name: tuple(known) for name, known in values.items()}


def shown(text: str, values: Values) -> str:
    """`text` as the player sees it; `[n/]` is a line break, also before or after all words."""
    if "{" in text and len(text) <= _LONGEST_LINE:
        text = "".join(_replaced(text, 0, len(text), _pairs(text), values, 0))
    if "[" in text:
        text = _EMPHASIS.sub(lambda match: "\n" if "n" in match[0] else "", text)
    return text.strip(" ")


def value(expression: str, values: Values) -> str:
    """What an expression shows: its text, its number, or its first variable's first value."""
    return possible(expression, values)[0]


def possible(expression: str, values: Values) -> Sequence[str]:
    """All that an expression may show, as far as the source tells; at least one."""
    expression = expression[:_LONGEST_EXPRESSION]
    quoted = _QUOTE.fullmatch(expression.strip())
    if quoted:
        return (_ESCAPED.sub(r"\1", quoted[1]),)
    number = _NUMBER.fullmatch(expression)
    if number:
        return (number[1],)
    name = _NAME.search(_QUOTE.sub("", expression))
    return values.get(name[0].lower(), (name[0],)) if name else ("",)


def _pairs(text: str) -> Mapping[int, int]:
    """For each brace that opens, where it closes."""
    pairs, opened = {}, []
    for brace in _BRACE.finditer(text):
        if brace[0] == "{":
            opened.append(brace.start())
        elif opened:
            pairs[opened.pop()] = brace.start()
    return pairs


def _replaced(text: str, begin: int, end: int, pairs: Mapping[int, int], values: Values, depth: int) -> Iterator[str]:
    """The pieces of `text[begin:end]`, variables and multireplaces replaced; what never closes stays."""
    at = begin
    while match := _OPENING.search(text, at, end):
        opening = match.end() - 1
        closing = pairs.get(opening, end)
        yield text[at : match.start()]
        if closing >= end or depth > _DEEPEST:
            yield match[0]
            at = match.end()
            continue
        if match[1] == "$":
            piece = value(text[opening + 1 : min(closing, opening + _LONGEST_EXPRESSION)], values)
        else:
            first, last = _first_text(text, opening + 1, closing)
            piece = "".join(_replaced(text, first, last, pairs, values, depth + 1))
        yield piece.upper() if match[2] == "!!" else piece[:1].upper() + piece[1:] if match[2] else piece
        at = closing + 1
    yield text[at:end]


def _first_text(text: str, begin: int, end: int) -> tuple[int, int]:
    """Where the first text of a multireplace begins and ends: after its expression, up to the bar."""
    first = end
    depth = 0
    for sign in _NESTED.finditer(text, begin, end):
        depth += (sign[0] in "({") - (sign[0] in ")}")
        # An expression in brackets may be followed by its first text at once.
        if depth <= 0 and sign.start() > begin:
            first = sign.start() if sign[0] == "|" else sign.end()
            break
    first += text.startswith(" ", first, end)
    depth = 0
    for sign in _DIVIDING.finditer(text, first, end):
        depth += (sign[0] == "{") - (sign[0] == "}")
        if depth == 0 and sign[0] == "|":
            return first, sign.start()
    return first, end

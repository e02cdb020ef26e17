"""What a line of ChoiceScript shows the player, as far as it is known without playing.

    values = first_values(scenes)
    shown("$!{name} @{(tall) stoops|stretches} at the [i]door[/i].", values)   # 'Ito stoops at the door.'

A variable shows the first text or number that the game assigns to it, or else its name; a multireplace shows the first
of its texts. Bold and italics are removed.

Limits: expressions are not evaluated: the first variable in one stands for it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from corpus.readers.choicescript_scene import Scene

Values = Mapping[str, Sequence[str]]
"""The texts and numbers that the game assigns to its variables, by lower-case name, in the order of the source."""

_LONGEST_VALUE = 200
"""Characters. A longer text is not a name or number, and each mention would repeat it."""
_MOST_VALUES = 200
_LONGEST_LINE = 20_000
"""Characters. In a longer line nothing is replaced."""
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
    """Return what `*create`, `*temp` and `*set` assign to each variable: plain texts, numbers, true and false."""
    values: dict[str, dict[str, None]] = {}
    for scene in scenes:
        for line in scene.lines:
            if line.command in ("create", "temp", "set") and (match := _GIVEN.fullmatch(line.rest)):
                known = values.setdefault(match[1].lower(), {})
                if len(known) < _MOST_VALUES:
                    known[_ESCAPED.sub(r"\1", match[2]) if match[2] else match[3]] = None
    return {name: tuple(known) for name, known in values.items()}


def shown(text: str, values: Values) -> str:
    """Return `text` as the player sees it; `[n/]` becomes a line break, also at the beginning or end."""
    if "{" in text and len(text) <= _LONGEST_LINE:
        text = "".join(_replaced(text, 0, len(text), _pairs(text), values, 0))
    if "[" in text:
        text = _EMPHASIS.sub(lambda match: "\n" if "n" in match[0] else "", text)
    return text.strip(" ")


def value(expression: str, values: Values) -> str:
    """Return what an expression shows: its text, its number, or the first value of its first variable."""
    return possible(expression, values)[0]


def possible(expression: str, values: Values) -> Sequence[str]:
    """Return everything that an expression may show, as far as the source tells; at least one text."""
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
    """Return the position of the closing brace for each opening brace."""
    pairs, open_braces = {}, []
    for brace in _BRACE.finditer(text):
        if brace[0] == "{":
            open_braces.append(brace.start())
        elif open_braces:
            pairs[open_braces.pop()] = brace.start()
    return pairs


def _replaced(text: str, begin: int, end: int, pairs: Mapping[int, int], values: Values, depth: int) -> Iterator[str]:
    """Yield the pieces of `text[begin:end]` with variables and multireplaces replaced; unclosed ones stay."""
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
    """Return the start and end of the first text of a multireplace: after its expression, up to the bar."""
    first = end
    depth = 0
    for sign in _NESTED.finditer(text, begin, end):
        depth += (sign[0] in "({") - (sign[0] in ")}")
        # An expression in parentheses may be directly followed by its first text.
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

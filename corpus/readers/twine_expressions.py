"""The expressions of Twine's story formats: parsed into one form, and evaluated as far as they are known.

    parse("$gold gt 2 and not $seen")      # SugarCube
    parse("$gold > 2 and not ($seen)")     # Harlowe; Chapbook and Snowman write JavaScript
    evaluate(expression, {"gold": 3})      # a value, or UNKNOWN

All dialects give the same tree of `Const`, `Var` and `Op`. What depends on more than variables (a function, an array,
chance) is a variable, too, with its source as its name, so that it has one value wherever it is asked in one reading.
A property (`$player.name`, `$player's name`) is a variable with a dot in its name.

Limits: no ternaries, arrays or methods; they are such variables. An undefined variable equals false.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum


class Special(Enum):
    """What is no value."""

    UNKNOWN = "unknown"
    """An expression of which too little is known."""
    OTHER = "other"
    """Some value that no passage names."""


UNKNOWN, OTHER = Special.UNKNOWN, Special.OTHER
Value = bool | int | float | str | None | Special
"""None is what a variable holds before it is set."""


@dataclass(frozen=True, slots=True)
class Const:
    """A literal."""

    value: Value


@dataclass(frozen=True, slots=True)
class Var:
    """A variable, or anything else whose value only playing tells."""

    name: str


@dataclass(frozen=True, slots=True)
class Op:
    """An operator (`not`, `and`, `==`, `+`, …), or `either` with the values that it chooses from."""

    name: str
    args: tuple["Expr", ...]


Expr = Const | Var | Op

_LONGEST = 2_000
_DEEPEST = 40
_STRING = r""""(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+\'|`(?:[^`\\]|\\.)*+`"""
STRING = re.compile(_STRING, re.DOTALL)
_TOKEN = re.compile(
    rf"\s*+(?:(?P<string>{_STRING})"
    r"|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<name>[$_]*[A-Za-z]\w*(?:(?:\.|'s\s+|’s\s+)[A-Za-z_$]\w*|\[(?:\"\w+\"|'\w+')\])*)"
    r"|(?P<sign>===|!==|==|!=|<=|>=|&&|\|\||[-+*/%<>=!(),:]))",
    re.DOTALL,
)
_CHOOSES = re.compile(r"\?|\b(?:random|pluck|shuffled?|either)\b")
_PROPERTY = re.compile(r"""['’]s\s+|\["|\['""")
_GLOBALS = re.compile(r"^(?:(?:SugarCube\.)?State\.(?:variables|temporary)|window\.story\.state|story\.state|s)\.|^\$")
_SYNONYMS = {
    "is": "==", "eq": "==", "===": "==", "=": "==", "isnot": "!=", "neq": "!=", "!==": "!=", "gt": ">", "gte": ">=",
    "lt": "<", "lte": "<=", "&&": "and", "||": "or", "!": "not",
}  # fmt: skip
_BINDING = {"or": 1, "and": 2, "==": 4, "!=": 4, "<": 4, ">": 4, "<=": 4, ">=": 4, "contains": 4, "in": 4} | {
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "%": 6,
}
COMPARISONS = frozenset({"==", "!=", "<", ">", "<=", ">=", "contains", "in"})
_LITERALS: dict[str, Value] = {"true": True, "false": False, "null": None, "undefined": None}


def parse(source: str) -> Expr:
    """Return the expression in `source`; if it is more than the tree can hold, a variable with that name."""
    source = source.strip()
    if len(source) <= _LONGEST:
        try:
            parser = _Parser(source)
            found = parser.expression(0)
            if parser.ended():
                return found
        except _NotSimpleError:
            pass
    return Var(_opaque(source))


def chosen_texts(expression: Expr) -> list[str]:
    """Return the texts of which an expression chooses one by chance or by a condition, if it does that."""
    if isinstance(expression, Op) and expression.name == "either":
        return [text for each in expression.args if isinstance(each, Const) and isinstance(text := each.value, str)]
    if isinstance(expression, Var) and _CHOOSES.search(expression.name):
        return [unquoted(literal) for literal in STRING.findall(expression.name)]
    return []


def unquoted(literal: str) -> str:
    """Return the text of a string literal."""
    return re.sub(r"\\(.)", r"\1", literal[1:-1], flags=re.DOTALL)


def split_arguments(source: str) -> list[str]:
    """Return what is between the commas of an argument list, outside strings and brackets."""
    parts, begin, depth = [], 0, 0
    for match in re.finditer(rf"{_STRING}|[(\[{{]|[)\]}}]|[,;]", source, re.DOTALL):
        sign = match[0]
        depth += (sign in "([{") - (sign in ")]}")
        if sign in ",;" and depth <= 0:
            parts.append(source[begin : match.start()])
            begin = match.end()
    return [part.strip() for part in (*parts, source[begin:]) if part.strip()]


def name_of(written: str) -> str:
    """Return the name of a variable as it is in the tree."""
    name = _PROPERTY.sub(".", written.strip()).replace('"]', "").replace("']", "")
    return _GLOBALS.sub("", name)


def variables(expression: Expr) -> Iterator[str]:
    """Yield the names of the variables in an expression."""
    if isinstance(expression, Var):
        yield expression.name
    elif isinstance(expression, Op):
        for argument in expression.args:
            yield from variables(argument)


def evaluate(expression: Expr, values: Mapping[str, Value]) -> Value:
    """Return the value of an expression; UNKNOWN if it has a variable that is not in `values`."""
    if isinstance(expression, Const):
        return expression.value
    if isinstance(expression, Var):
        return values.get(expression.name, UNKNOWN)
    arguments = [evaluate(argument, values) for argument in expression.args]
    if expression.name == "either" or UNKNOWN in arguments:
        return UNKNOWN
    try:
        return _FUNCTIONS[expression.name](*arguments)
    except (TypeError, ValueError, ArithmeticError):
        return UNKNOWN


def is_true(value: Value) -> bool:
    """Return whether a condition with this value holds."""
    return value is OTHER or bool(value)


def shown(value: Value) -> str:
    """Return what the player sees of a value; "" if it is nothing to read."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | Special) or value is None:
        return ""
    return str(int(value)) if value == int(value) else f"{value:g}"


def _opaque(source: str) -> str:
    return " ".join(source.split()) + "\x06"


class _NotSimpleError(Exception):
    """The expression is more than the tree can hold."""


class _Parser:
    """Parses by precedence: see `_BINDING`."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._depth = 0
        self._match = _TOKEN.match(source, 0)

    def ended(self) -> bool:
        return self._match is None and not self._source[self._at :].strip()

    def expression(self, binding: int) -> Expr:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _NotSimpleError
        left = self._primary()
        while (operator := self._operator()) and _BINDING[operator] > binding:
            self._next()
            if operator == "==" and self._word() in ("not", "in"):
                operator = "!=" if self._word() == "not" else "in"
                self._next()
            left = Op(operator, (left, self.expression(_BINDING[operator])))
        self._depth -= 1
        return left

    def _primary(self) -> Expr:
        match = self._match
        if match is None:
            raise _NotSimpleError
        begin, word = match.start(), self._word()
        self._next()
        if match["string"]:
            return Const(unquoted(match["string"]))
        if match["number"]:
            return Const(float(word) if "." in word else int(word[:300]))
        if word == "not":
            return Op("not", (self.expression(3),))
        if word == "-":
            return Op("-", (Const(0), self.expression(7)))
        if word in ("def", "ndef"):
            defined = Op("!=", (self.expression(6), Const(None)))
            return defined if word == "def" else Op("not", (defined,))
        if word == "(":
            return self._in_parentheses(begin)
        if not match["name"] or word in _BINDING:
            raise _NotSimpleError
        if word in _LITERALS:
            return Const(_LITERALS[word])
        if self._word() == "(":
            return self._call(word, begin, self._match.end() if self._match else 0)
        return Var(name_of(match["name"]))

    def _in_parentheses(self, begin: int) -> Expr:
        """Return what is in parentheses: an expression, or a macro of Harlowe's."""
        macro = re.compile(r"\(\s*([\w-]+):").match(self._source, self._source.index("(", begin))
        if macro:
            return self._call(macro[1].lower(), begin, macro.end())
        inner = self.expression(0)
        if self._word() != ")":
            raise _NotSimpleError
        self._next()
        return inner

    def _call(self, name: str, begin: int, at: int) -> Expr:
        """Return a function's value: a variable, unless it chooses from its arguments, which begin at `at`."""
        depth, end = 1, -1
        for match in re.compile(rf"{_STRING}|[()]", re.DOTALL).finditer(self._source, at):
            depth += (match[0] == "(") - (match[0] == ")")
            if depth == 0:
                end = match.start()
                break
        if end < 0:
            raise _NotSimpleError
        self._at = end + 1
        self._match = _TOKEN.match(self._source, self._at)
        if name == "either":
            return Op("either", tuple(parse(argument) for argument in split_arguments(self._source[at:end])))
        if re.match(r"\s*[.\[]", self._source[self._at :]):
            raise _NotSimpleError
        return Var(_opaque(self._source[begin : self._at]))

    def _word(self) -> str:
        match = self._match
        if match is None:
            return ""
        word = match[0].strip()
        return word if match["string"] else _SYNONYMS.get(word, word)

    def _operator(self) -> str:
        word = self._word()
        return word if word in _BINDING and self._match and not self._match["string"] else ""

    def _next(self) -> None:
        if self._match:
            self._at = self._match.end()
            self._match = _TOKEN.match(self._source, self._at)


def _equal(a: Value, b: Value) -> bool:
    if a is OTHER or b is OTHER:
        return False
    a, b = (False if value is None else value for value in (a, b))
    return a == b


def _contains(a: Value, b: Value) -> Value:
    return str(b) in a if isinstance(a, str) and isinstance(b, str) else UNKNOWN


def _less(a: Value, b: Value) -> bool:
    a, b = a or 0, b or 0
    if a is OTHER or b is OTHER or isinstance(a, str) or isinstance(b, str):
        return False
    return bool(a < b)  # type: ignore[operator]


def _add(a: Value, b: Value) -> Value:
    if isinstance(a, str) or isinstance(b, str):
        return UNKNOWN if a is OTHER or b is OTHER else f"{shown(a)}{shown(b)}"
    return _number(a) + _number(b)


def _number(value: Value) -> float:
    if isinstance(value, bool | int | float):
        return value
    if value is None:
        return 0
    raise TypeError


_FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "not": lambda a: not is_true(a),
    "and": lambda a, b: b if is_true(a) else a,
    "or": lambda a, b: a if is_true(a) else b,
    "==": _equal,
    "!=": lambda a, b: not _equal(a, b),
    "<": _less,
    ">": lambda a, b: _less(b, a),
    "<=": lambda a, b: _less(a, b) or _equal(a, b),
    ">=": lambda a, b: _less(b, a) or _equal(a, b),
    "contains": _contains,
    "in": lambda a, b: _contains(b, a),
    "+": _add,
    "-": lambda a, b: _number(a) - _number(b),
    "*": lambda a, b: _number(a) * _number(b),
    "/": lambda a, b: _number(a) / _number(b),
    "%": lambda a, b: _number(a) % _number(b),
}

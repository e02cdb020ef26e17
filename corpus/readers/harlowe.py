r"""Harlowe's macros and hooks -> nodes of `twine_nodes`.

`(if:)`, `(unless:)`, `(else-if:)` and `(else:)` choose one hook; `(link:)` and its like are clicks, which reveal their
hook or lead on by a `(go-to:)` in it; so is `(click: ?name)`, whose label is the hook of that name. A `(go-to:)` on its
own leads on at once, `(display:)` shows another passage, `(live:)` and `(after:)` show their hook after a while. All
other hooks are text; their brackets and names are removed. Follows the manual of Harlowe 3 (twine2.neocities.org).

Limits: arrays, data maps and custom macros have no value; a loop is read once; hidden hooks are shown.
`_DEPTH` hooks inside each other.
"""

import re
from dataclasses import dataclass

from corpus.readers.twine_expressions import STRING, Const, Expr, Op, Var, name_of, parse, split_arguments
from corpus.readers.twine_nodes import (
    BACK,
    Choose,
    Click,
    Frame,
    Include,
    Jump,
    Later,
    Node,
    Nodes,
    Set,
    Show,
    Text,
    parts_of,
    target_of,
    text_of,
)
from corpus.readers.twine_passage import LINK, REMOVED, escape, link_parts

MARKS = re.compile(
    r"\((?:[A-Za-z][\w-]*|\$\w+):|(?<!\[)\[(?!\[)|(?<!\])\](?!\])|\[\[\[|\]\]\]|\$[A-Za-z]|(?<!\w)_[A-Za-z]"
    r"|[`{}]|\|[\w-]+[>)]|[<(][\w-]+\||\\\n|^[ \t]*+(?:[=<>|]{2,20}+|-{3,}+)[ \t]*+$",
    re.MULTILINE,
)

_TOKEN = re.compile(
    rf"(?P<link>(?!\[\[\[){LINK.pattern})"
    r"|\((?P<macro>[A-Za-z][\w-]*|\$\w+):"
    r"|(?P<open>\|[\w-]*[>)]\[|\[)"
    r"|(?P<close>\](?:[<(][\w-]*\|)?)"
    r"|(?P<ticks>`+)"
    r"|(?P<variable>(?:\$|(?<!\w)_)[A-Za-z_]\w*)"
    r"|(?P<gone>[{}]|\\\n|^[ \t]*+(?:[=<>|]{2,20}+|-{3,}+)[ \t]*+$)",
    re.MULTILINE,
)
_VARIABLE = re.compile(r"(?:\$|(?<!\w)_)[A-Za-z_]\w*")
_INSIDE = re.compile(rf"{STRING.pattern}|[()]", re.DOTALL)
_NAMED = re.compile(r"\[([^\[\]\n]{1,80})\]<([\w-]+)\||\|([\w-]+)>\[([^\[\]\n]{1,80})\]")
_ASSIGNMENT = re.compile(r"\s*([$_]\w+(?:'s\s+\w+)*)\s+to\s+(.*)", re.DOTALL)
_PUT = re.compile(r"\s*(.*)\s+into\s+([$_]\w+(?:'s\s+\w+)*)\s*", re.DOTALL)
_GOTO_LINKS = frozenset("linkgoto linkrevealgoto linkstorylet".split())
_LINKS = frozenset(
    "link linkreplace linkreveal linkappend linkrepeat linkrerun linkshow linkonce linkrevealonce".split()
)
_GONE = frozenset({"link", "linkreplace", "linkonce", "linkrerun"})
"""Links whose label is replaced by what they reveal."""
_CLICKS = frozenset(
    f"{act}{what}"
    for act in ("click", "mouseover", "mouseout")
    for what in ("", "replace", "append", "prepend", "goto")
)
_UNDO = frozenset({"linkundo", "undo", "clickundo", "iconundo"})
_JUMPS = frozenset({"goto", "redirect"})
_LATER = frozenset({"live", "after", "event", "afterevent"})
_PICKERS = frozenset("cyclinglink seqlink dropdown cyclingtext".split())
_PRINTS = frozenset("print str string text verbatim upperfirst lowerfirst uppercase lowercase nth".split())
_NO_PROSE = frozenset("macro css dialog alert storylet metadata dm datamap a array".split())
_MAX_ARGUMENTS = 20_000
_MAX_UNCLOSED = 20
_DEPTH = 60
_NO_LABEL = ""


@dataclass(frozen=True, slots=True)
class _Macro:
    """A macro that may have a hook."""

    name: str
    arguments: str


def parse_passage_source(source: str) -> Nodes:
    """Return the nodes of a passage."""
    return _Parser(source).run()


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._named = {match[2] or match[3]: match[1] or match[4] for match in _NAMED.finditer(source)}
        self._frames = [Frame()]
        self._pending: list[_Macro] = []
        """The macros that were just read, until their hook opens."""
        self._unclosed = 0
        self._deeper = 0
        """Open hooks beyond the depth."""

    def run(self) -> Nodes:
        at = 0
        while match := _TOKEN.search(self._source, at):
            self._between(self._source[at : match.start()], bool(match["open"] or match["macro"]))
            at = self._token(match)
        self._between(self._source[at:], may_continue=False)
        while len(self._frames) > 1:
            self._close()
        return tuple(self._frames[0].nodes)

    def _add(self, *nodes: Node) -> None:
        self._frames[-1].nodes += nodes

    def _between(self, text: str, may_continue: bool) -> None:
        """Add the text before a token, unless it separates a macro from its hook or another macro."""
        if self._pending and (text.strip(" \t+") or not may_continue):
            pending, self._pending = self._pending, []
            for macro in pending:
                self._add(*self._without_hook(macro))
        if not self._pending and text:
            self._add(Text(text))

    def _token(self, match: re.Match[str]) -> int:
        """Read a token; return the position after it."""
        if match["macro"]:
            return self._macro(match)
        if match["ticks"]:
            return self._verbatim(match)
        if match["open"]:
            self._open()
        elif match["close"]:
            if self._deeper:
                self._deeper -= 1
            elif len(self._frames) > 1:
                self._close()
        elif match["variable"]:
            self._add(Show(parse(match["variable"])))
        elif match["link"]:
            label, target, _ = link_parts(match["link"][2:-2])
            self._add(Click(_label(label), target_of(target)))
        else:
            self._add(Text(REMOVED))
        return match.end()

    def _macro(self, match: re.Match[str]) -> int:
        at = match.end()
        end = _end(self._source, at) if self._unclosed < _MAX_UNCLOSED else -1
        if end < 0:
            self._unclosed += 1
            self._add(Text(match[0]))
            return at
        name = match["macro"].lower().replace("_", "").replace("-", "")
        self._pending.append(_Macro(name, self._source[at : end - 1]))
        return end

    def _verbatim(self, match: re.Match[str]) -> int:
        at = match.end()
        end = self._source.find(match["ticks"], at) if self._unclosed < _MAX_UNCLOSED else -1
        if end < 0:
            self._unclosed += 1
            return at
        self._add(Text(escape(self._source[at:end])))
        return end + len(match["ticks"])

    def _open(self) -> None:
        if len(self._frames) >= _DEPTH:
            self._deeper += 1
            return
        macros, self._pending = self._pending, []
        # Of several macros for one hook, the one that decides what becomes of it counts.
        deciding = [macro for macro in macros if _decides(macro.name)] or macros or [_Macro("", "")]
        for macro in macros:
            if macro is not deciding[-1] and not _decides(macro.name):
                self._add(*self._without_hook(macro))
        self._frames.append(Frame(deciding[-1].name, deciding[-1].arguments))
        for macro in deciding[-2::-1]:
            if macro.name in ("if", "unless"):
                self._frames[-1].test = _both(self._frames[-1].test, _test(macro))

    def _close(self) -> None:
        """Finish the innermost hook."""
        frame = self._frames.pop()
        nodes = self._hook(_Macro(frame.name, frame.arguments), tuple(frame.nodes))
        if frame.test is not None:
            nodes = (Choose(((frame.test, nodes),)),)
        self._add(*nodes)

    def _hook(self, macro: _Macro, content: Nodes) -> Nodes:
        """Return what a hook is that follows a macro."""
        if macro.name in ("if", "unless"):
            return (Choose(((_test(macro), content),)),)
        if macro.name in ("elseif", "else"):
            return self._otherwise(_test(macro) if macro.name == "elseif" else None, content)
        if macro.name in _NO_PROSE:
            return ()
        if macro.name in _LATER:
            return (Later(content),)
        click = self._click(macro, content)
        return (click,) if click else (*self._without_hook(macro), *content)

    def _otherwise(self, test: Expr | None, content: Nodes) -> Nodes:
        """Add a branch to the last condition; with text between, make one that holds if the last one doesn't."""
        nodes = self._frames[-1].nodes
        last = next((at for at in range(len(nodes) - 1, -1, -1) if isinstance(nodes[at], Choose)), -1)
        condition = nodes[last] if last >= 0 else None
        if not isinstance(condition, Choose):
            return content
        if all(isinstance(node, Text) and not node.source.strip(f" \t\n{REMOVED}") for node in nodes[last + 1 :]):
            nodes[last] = Choose((*condition.branches, (test, content)))
            return ()
        for earlier, _ in condition.branches:
            if earlier is not None:
                test = _both(Op("not", (earlier,)), test)
        return (Choose(((test, content),)),)

    def _click(self, macro: _Macro, content: Nodes) -> Click | None:
        """Return the link that a macro makes of its hook; None if it makes none."""
        arguments = split_arguments(macro.arguments)
        if not arguments:
            return Click(text_of("Back"), target_of(BACK)) if macro.name in _UNDO else None
        label = _label_of(arguments[0])
        if macro.name in _UNDO:
            return Click(label, target_of(BACK))
        if macro.name in _GOTO_LINKS:
            return Click(label, parse(arguments[-1] if len(arguments) > 1 else arguments[0]), content)
        if macro.name in _LINKS:
            return Click(label, None, content, macro.name not in _GONE)
        if macro.name in _CLICKS:
            hook = re.fullmatch(r"\?([\w-]+)", arguments[0])
            target = parse(arguments[1]) if macro.name.endswith("goto") and len(arguments) > 1 else None
            return Click(_label(self._named.get(hook[1], _NO_LABEL)) if hook else label, target, content)
        return None

    def _without_hook(self, macro: _Macro) -> Nodes:
        """Return what a macro does if no hook follows it."""
        name, written = macro.name, macro.arguments
        if name in ("set", "put"):
            return _assignments(written)
        if name == "either":
            return (Show(Op("either", tuple(parse(each) for each in split_arguments(written)))),)
        if name == "cond":
            return (_conditional(split_arguments(written)),)
        arguments = split_arguments(written)
        if name in _PRINTS and arguments:
            return (Show(parse(arguments[0])),)
        if name in _PICKERS:
            return tuple(Show(parse(each)) for each in arguments if not each.startswith(("bind", "2bind")))[:1]
        if name == "display" and arguments:
            return (Include(parse(arguments[0])),)
        if name in _JUMPS and arguments:
            return (Jump(parse(arguments[0])),)
        click = self._click(macro, ())
        return (click,) if click else (Text(REMOVED),)


def _decides(name: str) -> bool:
    """Return whether a macro decides if and how its hook is shown."""
    links = name in _LINKS or name in _GOTO_LINKS or name in _CLICKS or name in _UNDO
    return links or name in _NO_PROSE or name in _LATER or name in ("if", "unless", "else", "elseif")


def _test(macro: _Macro) -> Expr:
    test = parse(macro.arguments)
    return Op("not", (test,)) if macro.name == "unless" else test


def _both(first: Expr | None, second: Expr | None) -> Expr | None:
    return Op("and", (first, second)) if first is not None and second is not None else first or second


def _label_of(argument: str) -> Nodes:
    expression = parse(argument)
    text = expression.value if isinstance(expression, Const) else None
    return _label(text) if isinstance(text, str) else (Show(expression),)


def _label(text: str) -> Nodes:
    """Return a label, whose variables are shown."""
    return parts_of(text, _VARIABLE, lambda written: (Show(parse(written)),))


def _assignments(written: str) -> Nodes:
    nodes: list[Node] = []
    for part in split_arguments(written):
        if match := _ASSIGNMENT.fullmatch(part):
            written_name, value = match[1], match[2]
        elif match := _PUT.fullmatch(part):
            value, written_name = match[1], match[2]
        else:
            continue
        name = name_of(written_name)
        nodes.append(Set(name, _with_it(parse(value), name)))
    return tuple(nodes)


def _with_it(value: Expr, name: str) -> Expr:
    """Return an expression with `it`, which is the variable that is assigned, by its name."""
    if isinstance(value, Op):
        return Op(value.name, tuple(_with_it(argument, name) for argument in value.args))
    return Var(name) if value == Var("it") else value


def _conditional(arguments: list[str]) -> Choose:
    """Return the values of a `(cond:)`: pairs of a condition and a value, and a last value."""
    pairs = zip(arguments[::2], arguments[1::2], strict=False)
    branches: list[tuple[Expr | None, Nodes]] = [(parse(test), (Show(parse(value)),)) for test, value in pairs]
    if len(arguments) % 2:
        branches.append((None, (Show(parse(arguments[-1])),)))
    return Choose(tuple(branches))


def _end(source: str, at: int) -> int:
    """Return the end of the macro whose arguments begin at `at`; -1 if it isn't closed."""
    depth = 1
    for match in _INSIDE.finditer(source, at, at + _MAX_ARGUMENTS):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if not depth:
            return match.end()
    return -1

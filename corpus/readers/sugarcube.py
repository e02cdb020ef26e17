r"""SugarCube's macros (and Twine 1's, which they come from) -> nodes of `twine_nodes`.

Each macro is read as what it does: `<<if>>` and `<<switch>>` choose a branch; `<<link>>`, `<<button>>`,
`<<linkreplace>>` and their like are clicks, which lead to a passage or reveal what they hold; `<<goto>>` leads on at
once, `<<include>>` shows another passage, `<<timed>>` shows more after a while, a widget shows its content. A call of
`Engine.play` is a `<<goto>>`. Code, styles and comments are left out. Follows the macro and markup reference of
SugarCube 2 (github.com/tmedwards/sugarcube-2, docs/core/).

Limits: a loop is read once. What scripts write into the page is not read. `_DEPTH` macros inside each other.
"""

import re
from collections.abc import Iterator

from corpus.readers.twine_expressions import STRING, Const, Expr, Op, Var, name_of, parse, split_arguments, unquoted
from corpus.readers.twine_nodes import (
    BACK,
    Choose,
    Click,
    Frame,
    Include,
    Jump,
    Later,
    Macro,
    Node,
    Nodes,
    Set,
    Show,
    Text,
    parts_of,
    target_of,
    text_of,
)
from corpus.readers.twine_passage import LINK, escape, link_parts, remove_between
from corpus.readers.twine_world import widget_name

MARKS = re.compile(r"<<|\$[A-Za-z_$]|(?<!\w)_[A-Za-z]|\[img\[|\{\{\{|\"\"\"|\\\n|\]\[|/\*|/%|previous\(\)")

_TOKEN = re.compile(
    rf"(?P<link>{LINK.pattern})"
    rf"|<<(?P<close>/|end(?=\w))?(?P<macro>[A-Za-z][\w-]*+|[=-])"
    rf"(?P<args>(?:{STRING.pattern}|\[\[|[^\"'`<>\[]|\[|[\"'`]|<(?!<)|>(?!>))*+)>>"
    r"|\{\{\{(?P<verbatim>(?:[^{}]|\{(?!\{\{)|\}(?!\}\}))*+)\}\}\}"
    r"|(?P<dollars>\$\$)"
    r"|(?P<variable>(?:\$|(?<!\w)_)[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[(?:\"\w+\"|'\w+'|\d+|[$_]\w+)\])*)"
    r"|\[img\[(?P<image>[^\[\]\n]*)\](?:\[(?P<leads>[^\[\]\n]*)\])?(?:\[[^\[\]\n]*\])?\]"
    r"|\\\n",
    re.DOTALL,
)
_VARIABLE = re.compile(r"(?:\$|(?<!\w)_)[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_ARGUMENT = re.compile(
    rf"(?P<string>{STRING.pattern})|\[\[(?P<link>[^\[\]\n]*)\]\](?:\[[^\[\]\n]*\])?|(?P<bare>[^\s\"'`]+)", re.DOTALL
)
_ASSIGNMENT = re.compile(
    r"\s*([$_]\w+(?:\.\w+|\[\s*(?:\"\w+\"|'\w+')\s*\])*)\s*(\bto\b|[-+*/%]?=(?!=)|\+\+|--)(.*)", re.DOTALL
)
_PROPERTY = re.compile(r"""["']?(\w+)["']?\s*:\s*(.+)""", re.DOTALL)
_PLAY = re.compile(r"""\bEngine\s*\.\s*(?:play|goto)\(|\bstate\.display\(""")
_LINKS = frozenset({"link", "button", "click", "linkappend", "linkprepend", "linkreplace", "linkrepeat"})
_STAYING = frozenset({"link", "button", "click", "linkappend", "linkprepend", "linkrepeat"})
_CODE = frozenset({"script", "style", "widget", "css"})
_SILENT = frozenset({"silently", "silent"})
_PICKERS = frozenset({"cycle", "listbox"})
_BRANCHES = frozenset({"else", "elseif", "case", "default"})
_INPUTS = frozenset({"textbox", "textarea", "numberbox"})
# Macros of the format that show nothing here, so that their arguments are not taken for passages.
_NOTHING = frozenset(
    "addclass audio br cacheaudio checkbox createaudiogroup createplaylist done forget masteraudio next playlist "
    "radiobutton remember removeaudiogroup removeclass removeplaylist stop toggleclass unset waitforaudio".split()
)

_DEPTH = 60


def parse_passage_source(source: str) -> Nodes:
    """Return the nodes of a passage."""
    for opening, closing in (("/*", "*/"), ("/%", "%/")):
        source = remove_between(source, opening, closing)
    return _Parser(source).run()


def widgets(source: str) -> Iterator[tuple[str, Nodes]]:
    """Yield the widgets that a passage defines, under the names by which bodies are found."""
    source = remove_between(source, "/*", "*/")
    for match in re.finditer(
        r"""<<widget\s+["']?(\w[\w-]*)["']?[^<>]*>>((?:[^<]|<(?!</widget>>))*+)<</widget>>""", source, re.IGNORECASE
    ):
        yield widget_name(match[1].lower()), _Parser(match[2]).run()


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = list(_TOKEN.finditer(source))
        self._last_close = {match["macro"].lower(): match.start() for match in self._tokens if match["close"]}
        self._frames = [Frame()]
        self._code = ""
        """The macro whose content is being skipped."""

    def run(self) -> Nodes:
        at = 0
        for match in self._tokens:
            name = (match["macro"] or "").lower()
            if not self._code:
                self._add_text(self._source[at : match.start()])
                if name:
                    self._macro(name, match)
                else:
                    self._add(*_shown(match))
            elif name == self._code and match["close"]:
                self._code = ""
            at = match.end()
        if not self._code:
            self._add_text(self._source[at:])
        while len(self._frames) > 1:
            self._close()
        return tuple(self._frames[0].nodes)

    def _add(self, *nodes: Node) -> None:
        self._frames[-1].nodes += nodes

    def _add_text(self, text: str) -> None:
        if text:
            self._add(Text(text))

    def _macro(self, name: str, match: re.Match[str]) -> None:
        arguments = match["args"]
        if match["close"]:
            if any(frame.name == name for frame in self._frames):
                while self._frames[-1].name != name:
                    self._close()
                self._close()
        elif self._last_close.get(name, -1) >= match.end() and len(self._frames) < _DEPTH:
            if name in _CODE:
                self._code = name
            else:
                test = parse(arguments) if name == "if" else None
                self._frames.append(Frame(name, arguments, test=test))
        elif name in _BRANCHES:
            self._branch(name, arguments)
        else:
            self._add(*_single(name, arguments))

    def _branch(self, name: str, arguments: str) -> None:
        """Begin the next branch of the condition around it, if there is one."""
        frame = self._frames[-1]
        if frame.name not in ("if", "switch"):
            return
        frame.close_branch()
        if name == "elseif" or (name == "else" and re.match(r"\s*if\b", arguments)):
            frame.test = parse(re.sub(r"^\s*if\b", "", arguments))
        elif name == "case":
            value = parse(frame.arguments)
            tests: list[Expr] = [Op("==", (value, argument)) for argument in _arguments(arguments)]
            frame.test = tests[0] if tests else None
            for test in tests[1:]:
                frame.test = Op("or", (frame.test or test, test))
        else:
            frame.test = None

    def _close(self) -> None:
        """Finish the innermost macro."""
        frame = self._frames.pop()
        if frame.name in ("if", "switch"):
            frame.close_branch()
            # What precedes the first case is not shown.
            self._add(Choose(tuple(frame.branches[frame.name == "switch" :])))
        elif frame.name in _LINKS:
            self._add(_click(frame.name, frame.arguments, tuple(frame.nodes)))
        elif frame.name in _SILENT:
            self._add(*(node for node in frame.nodes if isinstance(node, Set | Jump)))
        elif frame.name in ("timed", "repeat"):
            self._add(Later(tuple(frame.nodes)))
        elif frame.name in _PICKERS:
            self._add(*[node for node in frame.nodes if isinstance(node, Show)][:1])
        else:
            self._add(*(node for node in _single(frame.name, frame.arguments) if isinstance(node, Macro)), *frame.nodes)


def _shown(match: re.Match[str]) -> Nodes:
    """Return what a token that isn't a macro shows."""
    if match["link"]:
        label, target, setter = link_parts(match["link"][2:-2])
        return (Click(_label(label), _passage(target), _assignments(setter)),)
    if match["verbatim"] is not None:
        return (Text(escape(match["verbatim"])),)
    if match["variable"]:
        return (Show(parse(match["variable"])),)
    if match["leads"]:
        image = match["image"] or ""
        return (Click(_label(image.rpartition("|")[0]), _passage(match["leads"])),)
    return (Text("&#36;"),) if match["dollars"] else ()


def _single(name: str, written: str) -> Nodes:
    """Return what a macro without content does."""
    if name in ("print", "=", "-"):
        return (Show(parse(written)),)
    if name in ("set", "run"):
        return _assignments(written)
    if name in _NOTHING:
        return ()
    arguments = _arguments(written)
    if name in ("return", "back"):
        label = _label_of(arguments[0]) if arguments else text_of("Back")
        return (Click(label, arguments[1] if len(arguments) > 1 else target_of(BACK)),)
    if not arguments:
        return (Macro(name, ()),)
    if name == "goto":
        return (Jump(parse(written) if "(" in written and "[[" not in written else _linked(arguments, written)),)
    if name in ("include", "display"):
        return (Include(_linked(arguments, written)),)
    if name == "choice":
        shown = arguments[0] if "[[" in written else arguments[-1]
        return (Click(_label_of(shown), _linked(arguments, written)),)
    if name == "actions":
        return tuple(node for each in arguments for node in (Click(_label_of(each), each), Text("\n")))
    if name in _LINKS:
        return (_click(name, written, ()),)
    if name == "option":
        return (Show(arguments[0]),)
    texts = tuple(each.value for each in arguments if isinstance(each, Const) and isinstance(each.value, str))
    if name in _INPUTS:
        given = arguments[1] if len(arguments) > 1 else Const("")
        return (Set(name_of(texts[0]), given),) if texts and given != Const("") else ()
    return (Macro(name, texts),)


def _linked(arguments: list[Expr], written: str) -> Expr:
    """Return the passage that a macro's arguments name, which may be a link."""
    return arguments[1] if "[[" in written and len(arguments) > 1 else arguments[0]


def _click(name: str, written: str, body: Nodes) -> Click:
    arguments = _arguments(written)
    label = _label_of(arguments[0]) if arguments else ()
    # "transition" and its short form are no passages.
    targets = [each for each in arguments[1:] if each not in (Const("t8n"), Const("transition"))]
    return Click(label, targets[0] if targets else None, body, name in _STAYING)


def _label_of(expression: Expr) -> Nodes:
    if isinstance(expression, Const) and isinstance(expression.value, str):
        return _label(expression.value)
    return (Show(expression),)


def _label(text: str) -> Nodes:
    """Return a label, whose variables are shown."""
    return parts_of(text, _VARIABLE, lambda written: (Show(parse(written)),))


def _passage(target: str) -> Expr | None:
    """Return the passage that a link leads to: a name, or an expression with variables."""
    if re.fullmatch(r"previous\(\)|\$(?:return|back|previous)\w*", target):
        return target_of(BACK)  # the usual ways to name the passage before
    return parse(target) if re.fullmatch(r"[$_][\w.]+", target) else target_of(target)


def _arguments(written: str) -> list[Expr]:
    """Return a macro's arguments; `[[label|target]]` counts as two."""
    found: list[Expr] = []
    for match in _ARGUMENT.finditer(written):
        if match["string"]:
            text = unquoted(match["string"])
            found.append(parse(text) if match["string"][0] == "`" else Const(text))
        elif match["link"] is not None:
            label, target, _ = link_parts(match["link"])
            found += (Const(label), _passage(target) or Const(label))
        elif match["bare"][0] in "$_":
            found.append(_passage(match["bare"]) or Const(""))
        else:
            number = re.fullmatch(r"\d{1,9}", match["bare"])
            found.append(
                Const(int(match["bare"]))
                if number
                else parse(match["bare"])
                if match["bare"] in ("true", "false")
                else Const(match["bare"])
            )
    return found


def _assignments(code: str) -> Nodes:
    """Return the assignments in a piece of code, and where it leads."""
    nodes: list[Node] = []
    for part in split_arguments(code):
        if match := _ASSIGNMENT.match(part):
            name, operator, value = name_of(match[1]), match[2], match[3].strip()
            if operator in ("to", "="):
                nodes += _properties(name, value) if value.startswith("{") else (Set(name, parse(value)),)
            else:
                change = Const(1) if operator in ("++", "--") else parse(value)
                nodes.append(Set(name, Op(operator[0], (Var(name), change))))
        elif match := _PLAY.search(part):
            nodes.append(Jump(parse(split_arguments(part[match.end() :].rpartition(")")[0] or part[match.end() :])[0])))
    return tuple(nodes)


def _properties(name: str, literal: str) -> Nodes:
    """Return the assignments of an object's properties."""
    found = (_PROPERTY.fullmatch(part) for part in split_arguments(literal.strip("{} \n")))
    return tuple(Set(f"{name}.{match[1]}", parse(match[2])) for match in found if match)

r"""SugarCube's macros (and Twine 1's, which they come from) -> plain passage source.

Macros are not run. What they would show stays: both branches of an `<<if>>`, the text of `<<print "…">>`. What leads on
becomes a link: `<<link "Go" "Hall">>`, `<<button>>`, `<<click>>`, a `<<goto>>` within one of them; a `<<goto>>` that
stands alone is a choice "Continue". Code, styles and comments go. Written after the macro and markup reference of
SugarCube 2 (github.com/tmedwards/sugarcube-2, docs/core/).

Limits: a variable shows the first literal that the story gives it, or else its name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from corpus.readers.twine_passage import GONE, LINK, escape, link, prose, with_values, without

ASSIGNMENT = re.compile(
    r"""<<set\s+[$_](\w+)\s+(?:to|=)\s+("[^"\n<>]{0,80}"|'[^'\n<>]{0,80}'|-?\d+(?:\.\d+)?)\s*(?=[,;>])"""
)
INCLUDE = re.compile(r"""<<(?:include|display)\s+(?:"([^"\n]*)"|'([^'\n]*)'|\[\[([^\[\]\n]*)\]\])[^<>\n]*>>""")
MARKS = re.compile(r"<<|\$[A-Za-z_$]|(?<!\w)_[A-Za-z]|\[img\[|\{\{\{|\"\"\"|\\\n")

_STRING = r""""(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+\'"""
_TOKEN = re.compile(
    rf"(?P<link>{LINK.pattern})"
    rf"|<<(?P<close>/|end(?=\w))?(?P<macro>[A-Za-z][\w-]*+|[=-])(?P<args>(?:{_STRING}|\[\[|[^\"'<>\[]|\[|<(?!<)|>(?!>))*+)>>"
    r"|\{\{\{(?P<verbatim>(?:[^{}]|\{(?!\{\{)|\}(?!\}\}))*+)\}\}\}"
    r"|(?P<dollars>\$\$)"
    r"|(?:\$|(?<!\w)_)(?P<variable>[A-Za-z_]\w*)(?:\.[A-Za-z_]\w*|\[[^\[\]\n]*\])*"
    r"|\[img\[(?P<image>[^\[\]\n]*)\](?:\[(?P<leads>[^\[\]\n]*)\])?(?:\[[^\[\]\n]*\])?\]"
    r"|\\\n",
    re.DOTALL,
)
_ARGUMENT = re.compile(rf"({_STRING})|\[\[([^\[\]\n]*)\]|([^\s\"']+)", re.DOTALL)
_LINKS = frozenset({"link", "button", "click", "linkappend", "linkprepend", "linkreplace", "linkrepeat"})
_CODE = frozenset({"script", "style", "silently", "silent", "widget", "option", "listbox", "cycle"})
_SEPARATORS = frozenset({"else", "elseif", "case", "default"})
_PRINTS = frozenset({"print", "=", "-"})


_DEPTH = 50
"""Links within links that are followed; nobody writes more."""


@dataclass
class _Open:
    """A link whose content is being read."""

    name: str
    label: str
    target: str
    before: list[str]
    """What stands in front of it."""


def rewrite(source: str, values: Mapping[str, str]) -> str:
    """`source` without macros; `values` are the texts of variables by name."""
    for opening, closing in (("/*", "*/"), ("/%", "%/")):
        source = without(source, opening, closing)
    closings = {name: max(source.rfind(f"<</{name}"), source.rfind(f"<<end{name}")) for name in _LINKS | _CODE}
    out: list[str] = []
    opened: list[_Open] = []
    code = ""  # the macro whose content is no prose
    at = 0
    for match in _TOKEN.finditer(source):
        name = (match["macro"] or "").lower()
        if code:
            at = match.end()
            if name == code and match["close"]:
                code = ""
            continue
        out.append(source[at : match.start()])
        at = match.end()
        if not name:
            out.append(_shown(match, values))
        elif match["close"]:
            if opened and opened[-1].name == name:
                out = _closed(opened.pop(), out)
            out.append(GONE)
        elif name in _CODE:
            code = name if closings[name] >= at else ""
            out.append(GONE)
        elif name in _LINKS and closings[name] >= at and len(opened) < _DEPTH:
            opened.append(_Open(name, *_link_of(_arguments(match["args"], values)), before=out))
            out = []
        elif name == "goto" and opened:
            target = "".join(_arguments(match["args"], values)[:1])
            opened[-1].target = opened[-1].target or target
        else:
            out.append(_macro(name, _arguments(match["args"], values), out))
    if not code:
        out.append(source[at:])
    while opened:
        out = _closed(opened.pop(), out)
    return "".join(out)


def _shown(match: re.Match[str], values: Mapping[str, str]) -> str:
    """What a token that is no macro shows."""
    if match["link"]:
        return with_values(match["link"][2:-2], values)
    if match["verbatim"] is not None:
        return escape(match["verbatim"])
    if match["variable"]:
        return escape(values.get(match["variable"], match["variable"]))
    if match["leads"]:
        label = (match["image"] or "").rpartition("|")[0] if "|" in (match["image"] or "") else match["leads"]
        return link(label, match["leads"])
    return "&#36;" if match["dollars"] else GONE


def _closed(link_macro: _Open, content: list[str]) -> list[str]:
    """What stood before the link, and the link; or what it reveals, where it leads nowhere."""
    before, text = link_macro.before, "".join(content)
    if link_macro.target:
        before.append(link(link_macro.label, link_macro.target))
    elif link_macro.name == "linkreplace" and text.strip(f" \n{GONE}"):
        before.append(text)
    else:
        before += (escape(link_macro.label), text)
    return before


def _macro(name: str, arguments: list[str], out: list[str]) -> str:
    """What a macro without content shows."""
    if name in _PRINTS and arguments:
        return escape(arguments[0])
    if name in _SEPARATORS:
        last = next((piece[-1] for piece in reversed(out) if piece), " ")
        return GONE if last in f" \n{GONE}" else f" {GONE}"
    if name == "goto" and arguments:
        return f"\n{link('Continue', arguments[0])}\n"
    if name == "choice" and arguments:
        return link(arguments[-1], arguments[0])
    if name == "actions":
        return "".join(link(target, target) + "\n" for target in arguments)
    if name in _LINKS and arguments:
        label, target = _link_of(arguments)
        return link(label, target) if target else escape(label)
    return GONE


def _link_of(arguments: list[str]) -> tuple[str, str]:
    """The label and the target of a link macro; the target is empty where only its content says it."""
    return (arguments[0] if arguments else ""), (arguments[1] if len(arguments) > 1 else "")


def _arguments(written: str, values: Mapping[str, str]) -> list[str]:
    """The texts of a macro's arguments; `[[label|target]]` counts as two, and a calculation as none."""
    found = []
    for string, inner, bare in _ARGUMENT.findall(written):
        if string:
            found.append(re.sub(r"\\(.)", r"\1", string[1:-1]))
        elif inner:
            _, choices = prose(f"[[{inner}]]")
            found += [text for choice in choices for text in (choice.label, choice.target)]
        elif bare[0] in "$_":
            found.append(values.get(bare[1:], bare[1:]))
    return found

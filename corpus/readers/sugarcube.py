r"""Rewrite SugarCube's macros (and Twine 1's, which they come from) as plain passage source.

Macros are not executed. What they can show stays: all branches of an `<<if>>`, the text of `<<print "…">>`. What leads
to a passage becomes a link: `<<link "Go" "Hall">>`, `<<button>>`, `<<click>>`, a `<<goto>>` in one of them; a
`<<goto>>` on its own becomes a choice "Continue". Code, styles and comments are removed. Follows the macro and markup
reference of SugarCube 2 (github.com/tmedwards/sugarcube-2, docs/core/).

Limits: a variable shows the first literal that the story assigns to it, or else its name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from corpus.readers.twine_passage import (
    LINK,
    REMOVED,
    escape,
    link,
    parse_passage,
    remove_between,
    separator,
    show_variables,
)

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
"""Nested links, at most; no author needs more."""


@dataclass
class _OpenLink:
    name: str
    label: str
    target: str
    before: list[str]
    """The output before it."""


def rewrite(source: str, values: Mapping[str, str]) -> str:
    """Return `source` without macros; `values` are the texts of variables by name."""
    for opening, closing in (("/*", "*/"), ("/%", "%/")):
        source = remove_between(source, opening, closing)
    return _Rewriter(source, values).run()


class _Rewriter:
    def __init__(self, source: str, values: Mapping[str, str]) -> None:
        self._source = source
        self._values = values
        self._last_closings = {
            name: max(source.rfind(f"<</{name}"), source.rfind(f"<<end{name}")) for name in _LINKS | _CODE
        }
        self._out: list[str] = []
        self._open_links: list[_OpenLink] = []
        self._code = ""
        """The macro whose content is being skipped."""

    def run(self) -> str:
        at = 0
        for match in _TOKEN.finditer(self._source):
            name = (match["macro"] or "").lower()
            if not self._code:
                self._out.append(self._source[at : match.start()])
                if name:
                    self._macro(name, match)
                else:
                    self._out.append(_shown(match, self._values))
            elif name == self._code and match["close"]:
                self._code = ""
            at = match.end()
        if not self._code:
            self._out.append(self._source[at:])
        while self._open_links:
            self._close_link()
        return "".join(self._out)

    def _macro(self, name: str, match: re.Match[str]) -> None:
        is_closed = self._last_closings.get(name, -1) >= match.end()
        if match["close"]:
            if self._open_links and self._open_links[-1].name == name:
                self._close_link()
            self._out.append(REMOVED)
        elif name in _CODE:
            self._code = name if is_closed else ""
            self._out.append(REMOVED)
        elif name in _LINKS and is_closed and len(self._open_links) < _DEPTH:
            label, target = _link_of(_arguments(match["args"], self._values))
            self._open_links.append(_OpenLink(name, label, target, before=self._out))
            self._out = []
        elif name == "goto" and self._open_links:
            target = "".join(_arguments(match["args"], self._values)[:1])
            self._open_links[-1].target = self._open_links[-1].target or target
        else:
            self._out.append(_macro_text(name, _arguments(match["args"], self._values), self._out))

    def _close_link(self) -> None:
        """Close the innermost link, and write the link, or what it reveals if it has no target."""
        closed, text = self._open_links.pop(), "".join(self._out)
        self._out = closed.before
        if closed.target:
            self._out.append(link(closed.label, closed.target))
        elif closed.name == "linkreplace" and text.strip(f" \n{REMOVED}"):
            self._out.append(text)
        else:
            self._out += (escape(closed.label), text)


def _shown(match: re.Match[str], values: Mapping[str, str]) -> str:
    """Return what a token that isn't a macro shows."""
    if match["link"]:
        return show_variables(match["link"][2:-2], values)
    if match["verbatim"] is not None:
        return escape(match["verbatim"])
    if match["variable"]:
        return escape(values.get(match["variable"], match["variable"]))
    if match["leads"]:
        label = (match["image"] or "").rpartition("|")[0] if "|" in (match["image"] or "") else match["leads"]
        return link(label, match["leads"])
    return "&#36;" if match["dollars"] else REMOVED


def _macro_text(name: str, arguments: list[str], out: list[str]) -> str:
    """Return what a macro without content shows; `out` is the text before it."""
    if name in _PRINTS and arguments:
        return escape(arguments[0])
    if name in _SEPARATORS:
        return separator(out)
    if name == "goto" and arguments:
        return f"\n{link('Continue', arguments[0])}\n"
    if name == "choice" and arguments:
        return link(arguments[-1], arguments[0])
    if name == "actions":
        return "".join(link(target, target) + "\n" for target in arguments)
    if name in _LINKS and arguments:
        label, target = _link_of(arguments)
        return link(label, target) if target else escape(label)
    return REMOVED


def _link_of(arguments: list[str]) -> tuple[str, str]:
    """Return the label and the target of a link macro; the target is empty if only its content has it."""
    return (arguments[0] if arguments else ""), (arguments[1] if len(arguments) > 1 else "")


def _arguments(written: str, values: Mapping[str, str]) -> list[str]:
    """Return the texts of a macro's arguments; `[[label|target]]` counts as two, an expression as none."""
    found = []
    for string, inner, bare in _ARGUMENT.findall(written):
        if string:
            found.append(re.sub(r"\\(.)", r"\1", string[1:-1]))
        elif inner:
            _, choices = parse_passage(f"[[{inner}]]")
            found += [text for choice in choices for text in (choice.label, choice.target)]
        elif bare[0] in "$_":
            found.append(values.get(bare[1:], bare[1:]))
    return found

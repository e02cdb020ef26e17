r"""Rewrite Harlowe's macros and hooks as plain passage source.

Macros are not executed. The hooks of all branches of an `(if:)` stay, and so does what a `(link:)` reveals;
`(link-goto: "Go", "Hall")`, and a link with a `(go-to:)` in its hook, become links; a `(go-to:)` on its own becomes a
choice "Continue". The brackets and names of hooks are removed. Follows the manual of Harlowe 3 (twine2.neocities.org).

Limits: a variable shows the first literal that the story assigns to it, or else its name; a macro that makes text of
several values shows the first.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from corpus.readers.twine_passage import LINK, REMOVED, escape, link, separator, show_variables

ASSIGNMENT = re.compile(
    r"""\((?:set|put):\s*[$_](\w+)\s+to\s+("[^"\n]{0,80}"|'[^'\n]{0,80}'|-?\d+(?:\.\d+)?)\s*(?=[,)])""", re.IGNORECASE
)
INCLUDE = re.compile(r"""\(display:\s*(?:"([^"\n]*)"|'([^'\n]*)')\s*\)""", re.IGNORECASE)
MARKS = re.compile(
    r"\((?:[A-Za-z][\w-]*|\$\w+):|(?<!\[)\[(?!\[)|(?<!\])\](?!\])|\[\[\[|\]\]\]|\$[A-Za-z]|(?<!\w)_[A-Za-z]"
    r"|[`{}]|\|[\w-]+[>)]|[<(][\w-]+\||\\\n|^[ \t]*+(?:[=<>|]{2,20}+|-{3,}+)[ \t]*+$",
    re.MULTILINE,
)

_STRING = r""""(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+\'"""
_TOKEN = re.compile(
    rf"(?P<link>{LINK.pattern})"
    r"|\((?P<macro>[A-Za-z][\w-]*|\$\w+):"
    r"|(?P<open>\|[\w-]*[>)]\[|\[)"
    r"|(?P<close>\](?:[<(][\w-]*\|)?)"
    r"|(?P<ticks>`+)"
    r"|(?:\$|(?<!\w)_)(?P<variable>[A-Za-z_]\w*)(?:'s\s+\w+)?"
    r"|(?P<gone>[{}]|\\\n|^[ \t]*+(?:[=<>|]{2,20}+|-{3,}+)[ \t]*+$)",
    re.MULTILINE,
)
_INSIDE = re.compile(rf"{_STRING}|[()]", re.DOTALL)
_ARGUMENT = re.compile(rf"({_STRING})|\$(\w+)|([^\s,\"'$]+)", re.DOTALL)
_GOTO_LINKS = frozenset(
    "link-goto link-reveal-goto click-goto mouseover-goto mouseout-goto link-storylet link-fullscreen".split()
)
_REVEALING = frozenset(
    "link link-replace link-reveal link-append link-repeat link-rerun link-show link-once link-reveal-once".split()
)
_REPLACED = frozenset({"link", "link-replace", "link-once"})
_JUMPS = frozenset({"goto", "go-to", "redirect"})
_PRINTS = frozenset("print str string text either cond nth cycling-link seq-link cycling-text upperfirst".split())
_NO_PROSE = frozenset({"macro", "css", "dialog", "alert", "storylet", "metadata"})
_ELSE = frozenset({"else", "else-if", "elseif"})
_MAX_ARGUMENTS = 20_000
_MAX_UNCLOSED = 20
_DEPTH = 200


@dataclass
class _Hook:
    """A hook that is being read, and the macro before it."""

    macro: str = ""
    label: str = ""
    target: str = ""
    before: list[str] | None = None
    """The output before the hook; None if its text simply continues it."""


def rewrite(source: str, values: Mapping[str, str]) -> str:
    """Return `source` without macros; `values` are the texts of variables by name."""
    return _Rewriter(source, values).run()


class _Rewriter:
    def __init__(self, source: str, values: Mapping[str, str]) -> None:
        self._source = source
        self._values = values
        self._out: list[str] = []
        self._hooks: list[_Hook] = []
        self._pending: _Hook | None = None
        """The macro that was just read, until its hook opens."""
        self._unclosed = 0

    def run(self) -> str:
        at = 0
        while match := _TOKEN.search(self._source, at):
            self._between(self._source[at : match.start()], bool(match["open"] or match["macro"]))
            at = self._token(match)
        if self._pending:
            self._out.append(_without_hook(self._pending))
        self._out.append(self._source[at:])
        while self._hooks:
            self._close()
        return "".join(self._out)

    def _between(self, text: str, may_continue: bool) -> None:
        """Write the text before a token, unless only a `+` separates a macro from its hook or another macro."""
        if self._pending and (text.strip(" \t+") or not may_continue):
            self._out.append(_without_hook(self._pending))
            self._pending = None
        if self._pending is None:
            self._out.append(text)

    def _token(self, match: re.Match[str]) -> int:
        """Rewrite a token; return the position after it."""
        if match["macro"]:
            return self._macro(match)
        if match["ticks"]:
            return self._verbatim(match)
        if match["open"]:
            self._open()
        elif match["close"]:
            if self._hooks:
                self._close()
        elif match["variable"]:
            self._out.append(escape(self._values.get(match["variable"], match["variable"])))
        else:
            self._out.append(show_variables(match["link"][2:-2], self._values) if match["link"] else REMOVED)
        return match.end()

    def _macro(self, match: re.Match[str]) -> int:
        at = match.end()
        end = _end(self._source, at) if self._unclosed < _MAX_UNCLOSED else -1
        if end < 0:
            self._unclosed += 1
            self._out.append(match[0])
            return at
        hook = self._show(match["macro"].lower().replace("_", ""), self._source[at : end - 1])
        # Of several macros for one hook, the one that makes a link of it counts.
        if not (self._pending and self._pending.label and not hook.label):
            self._pending = hook
        return end

    def _verbatim(self, match: re.Match[str]) -> int:
        at = match.end()
        end = self._source.find(match["ticks"], at) if self._unclosed < _MAX_UNCLOSED else -1
        if end < 0:
            self._unclosed += 1
            return at
        self._out.append(escape(self._source[at:end]))
        return end + len(match["ticks"])

    def _open(self) -> None:
        if len(self._hooks) >= _DEPTH:
            return
        hook, self._pending = self._pending or _Hook(), None
        if hook.macro in _REVEALING or hook.macro in _GOTO_LINKS or hook.macro in _NO_PROSE:
            hook.before, self._out = self._out, []
        self._hooks.append(hook)

    def _close(self) -> None:
        """Close the innermost hook, and write its content or the link that it makes."""
        hook, content = self._hooks.pop(), self._out
        if hook.before is None:
            return
        self._out = hook.before
        if hook.target:
            self._out.append(link(hook.label, hook.target))
        elif hook.macro in _REVEALING:
            text = "".join(content)
            replaces = hook.macro in _REPLACED and text.strip(f" \n{REMOVED}")
            self._out += (text,) if replaces else (escape(hook.label), " ", text)

    def _show(self, name: str, written: str) -> _Hook:
        """Write what the macro shows; return what it makes of the hook that may follow."""
        arguments = [
            re.sub(r"\\(.)", r"\1", string[1:-1]) if string else self._values.get(variable, variable)
            for string, variable, _ in _ARGUMENT.findall(written)
            if string or variable
        ]
        if name in _JUMPS and arguments:
            self._jump(arguments[0])
        elif name in _GOTO_LINKS and arguments:
            return _Hook(name, arguments[0], arguments[1] if len(arguments) > 1 else arguments[0])
        elif name in _REVEALING and arguments:
            return _Hook(name, arguments[0])
        elif name in _PRINTS and arguments:
            self._out.append(escape(arguments[0]))
        else:
            self._out.append(separator(self._out) if name in _ELSE else REMOVED)
        return _Hook(name)

    def _jump(self, target: str) -> None:
        """Make the surrounding link lead to the target; without one, write a choice."""
        link_hook = next((hook for hook in reversed(self._hooks) if hook.macro in _REVEALING), None)
        if link_hook is None:
            self._out.append(f"\n{link('Continue', target)}\n")
        else:
            link_hook.target = link_hook.target or target


def _end(source: str, at: int) -> int:
    """Return the end of the macro whose arguments begin at `at`; -1 if it isn't closed."""
    depth = 1
    for match in _INSIDE.finditer(source, at, at + _MAX_ARGUMENTS):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if not depth:
            return match.end()
    return -1


def _without_hook(hook: _Hook) -> str:
    """Return what a macro shows if no hook follows it."""
    return link(hook.label, hook.target) if hook.target else escape(hook.label)

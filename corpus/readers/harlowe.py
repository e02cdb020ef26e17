r"""Harlowe's macros and hooks -> plain passage source.

Macros are not run. The hooks of both branches of an `(if:)` stay, and what a `(link:)` reveals; `(link-goto: "Go",
"Hall")`, and a link with a `(go-to:)` in its hook, become links; a `(go-to:)` that stands alone is a choice
"Continue". Brackets and names of hooks go. Written after the manual of Harlowe 3 (twine2.neocities.org).

Limits: a variable shows the first literal that the story gives it, or else its name; a macro that makes text of several
values shows the first.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from corpus.readers.twine_passage import GONE, LINK, escape, link, with_values

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
    """A hook that is being read, and the macro in front of it."""

    macro: str = ""
    label: str = ""
    target: str = ""
    before: list[str] | None = None
    """What stands in front of it; None where its text runs on with that."""


def rewrite(source: str, values: Mapping[str, str]) -> str:
    """`source` without macros; `values` are the texts of variables by name."""
    out: list[str] = []
    hooks: list[_Hook] = []
    waiting: _Hook | None = None  # the hook of the macro just read
    at = unclosed = 0
    while match := _TOKEN.search(source, at):
        between = source[at : match.start()]
        if waiting and (between.strip(" \t+") or not (match["open"] or match["macro"])):
            out.append(_unhooked(waiting))
            waiting = None
        if waiting is None:
            out.append(between)
        at = match.end()
        if match["macro"]:
            end = _end(source, at) if unclosed < _MAX_UNCLOSED else -1
            if end < 0:
                unclosed += 1
                out.append(match[0])
                continue
            made = _macro(match["macro"].lower().replace("_", ""), source[at : end - 1], values, hooks, out)
            # Of several macros that change one hook, the one that makes a link of it counts.
            waiting = waiting if waiting and waiting.label and not made.label else made
            at = end
        elif match["open"]:
            if len(hooks) >= _DEPTH:
                continue
            hook, waiting = waiting or _Hook(), None
            if hook.macro in _REVEALING or hook.macro in _GOTO_LINKS or hook.macro in _NO_PROSE:
                hook.before, out = out, []
            hooks.append(hook)
        elif match["close"]:
            if hooks:
                out = _closed(hooks.pop(), out)
        elif match["ticks"]:
            end = source.find(match["ticks"], at) if unclosed < _MAX_UNCLOSED else -1
            if end < 0:
                unclosed += 1
            else:
                out.append(escape(source[at:end]))
                at = end + len(match["ticks"])
        elif match["variable"]:
            out.append(escape(values.get(match["variable"], match["variable"])))
        else:
            out.append(with_values(match["link"][2:-2], values) if match["link"] else GONE)
    if waiting:
        out.append(_unhooked(waiting))
    out.append(source[at:])
    while hooks:
        out = _closed(hooks.pop(), out)
    return "".join(out)


def _end(source: str, at: int) -> int:
    """Where the macro ends whose arguments begin at `at`; -1 where it doesn't."""
    depth = 1
    for match in _INSIDE.finditer(source, at, at + _MAX_ARGUMENTS):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if not depth:
            return match.end()
    return -1


def _macro(name: str, written: str, values: Mapping[str, str], hooks: list[_Hook], out: list[str]) -> _Hook:
    """Puts out what the macro shows; gives what it makes of the hook that may follow."""
    arguments = [
        re.sub(r"\\(.)", r"\1", string[1:-1]) if string else values.get(variable, variable)
        for string, variable, _ in _ARGUMENT.findall(written)
        if string or variable
    ]
    if name in _JUMPS and arguments:
        link_hook = next((hook for hook in reversed(hooks) if hook.macro in _REVEALING), None)
        if link_hook is None:
            out.append(f"\n{link('Continue', arguments[0])}\n")
        else:
            link_hook.target = link_hook.target or arguments[0]
    elif name in _GOTO_LINKS and arguments:
        return _Hook(name, arguments[0], arguments[1] if len(arguments) > 1 else arguments[0])
    elif name in _REVEALING and arguments:
        return _Hook(name, arguments[0])
    elif name in _PRINTS and arguments:
        out.append(escape(arguments[0]))
    elif name in _ELSE:
        last = next((piece[-1] for piece in reversed(out) if piece), " ")
        out.append(GONE if last in f" \n{GONE}" else f" {GONE}")
    else:
        out.append(GONE)
    return _Hook(name)


def _unhooked(hook: _Hook) -> str:
    """What a macro shows that no hook follows."""
    if hook.target:
        return link(hook.label, hook.target)
    return escape(hook.label)


def _closed(hook: _Hook, content: list[str]) -> list[str]:
    """What stands before the hook, and what the hook comes to."""
    if hook.before is None:
        return content
    if hook.target:
        hook.before.append(link(hook.label, hook.target))
    elif hook.macro in _REVEALING:
        text = "".join(content)
        shown = hook.macro in _REPLACED and text.strip(f" \n{GONE}")
        hook.before += (text,) if shown else (escape(hook.label), " ", text)
    return hook.before

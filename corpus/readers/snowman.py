r"""Snowman's templates -> nodes of `twine_nodes`.

`<% if (…) { %>` and its `else` choose what is shown, `<% s.name = … %>` sets a variable, `<%= s.name %>` shows one, a
call of `render` shows another passage. Follows the guide of Snowman 2 (videlais.github.io/snowman).

Limits: other JavaScript isn't read; what is in its braces is shown.
"""

import re

from corpus.readers.twine_expressions import name_of, parse
from corpus.readers.twine_nodes import Choose, Click, Frame, Include, Node, Nodes, Set, Show, Text, target_of, text_of
from corpus.readers.twine_passage import LINK, REMOVED, link_parts

MARKS = re.compile(r"<%")

_TOKEN = re.compile(rf"<%(?P<sign>[=-]?)(?P<code>(?:[^%<]|%(?!>)|<(?!%))*+)%>|(?P<link>{LINK.pattern})")
_RENDER = re.compile(
    r"""\s*(?:window\.)?(?:story\.)?(?:renderPassage|render|include)\(\s*(["'][^"'\n]*["'])\s*\)\s*;?\s*"""
)
# The JavaScript of a template, up to where a block ends, or begins, or both.
_BRACES = re.compile(
    r"(?P<before>[^{}]*?)(?P<close>\}\s*)?(?P<else>(?<=[\s}])else\b\s*)?"
    r"(?:(?<!\w)if\s*\((?P<test>(?:[^(){}]|\((?:[^(){}]|\([^(){}]*+\))*+\))*+)\)\s*)?(?:(?P<open>\{)|(?<=\})\s*|\Z)"
)
_ASSIGNMENT = re.compile(r"\s*(?:var\s+|let\s+|const\s+)?((?:window\.story\.state|s)\.\w+)\s*=(?!=)\s*(.*)", re.DOTALL)
_DEPTH = 60


def parse_passage_source(source: str) -> Nodes:
    """Return the nodes of a passage."""
    frames = [Frame()]
    at = 0
    for match in _TOKEN.finditer(source):
        if at < match.start():
            frames[-1].nodes.append(Text(source[at : match.start()]))
        at = match.end()
        if match["link"]:
            label, target, _ = link_parts(match["link"][2:-2])
            frames[-1].nodes.append(Click(text_of(label), target_of(target)))
        elif match["sign"]:
            render = _RENDER.fullmatch(match["code"])
            shown = parse(match["code"].strip().rstrip(";"))
            frames[-1].nodes.append(Include(parse(render[1])) if render else Show(shown))
        else:
            _code(match["code"], frames)
    frames[-1].nodes.append(Text(source[at:]))
    while len(frames) > 1:
        _close(frames)
    return tuple(frames[0].nodes)


def _code(code: str, frames: list[Frame]) -> None:
    """Read a template that shows nothing: it opens and closes blocks, and sets variables."""
    frames[-1].nodes.append(Text(REMOVED))
    if render := _RENDER.fullmatch(code):
        frames[-1].nodes.append(Include(parse(render[1])))
        return
    for brace in _BRACES.finditer(code):
        frames[-1].nodes += _assignments(brace["before"])
        test = parse(brace["test"]) if brace["test"] is not None else None
        if brace["else"] and brace["open"] and len(frames) > 1 and frames[-1].name == "if":
            frames[-1].close_branch()
            frames[-1].test = test
            continue
        if brace["close"] and len(frames) > 1:
            _close(frames)
        if brace["open"] and len(frames) < _DEPTH:
            frames.append(Frame("block" if test is None else "if", test=test))


def _close(frames: list[Frame]) -> None:
    frame = frames.pop()
    if frame.name == "if":
        frame.close_branch()
        frames[-1].nodes.append(Choose(tuple(frame.branches)))
    else:
        frames[-1].nodes += frame.nodes


def _assignments(code: str) -> list[Node]:
    found = (_ASSIGNMENT.fullmatch(part) for part in code.split(";"))
    return [Set(name_of(match[1]), parse(match[2])) for match in found if match]

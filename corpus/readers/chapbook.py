r"""Chapbook's modifiers, inserts and variables -> nodes of `twine_nodes`.

The section of variables sets them; `[if]`, `[unless]` and `[else]` choose the text under them; `{embed passage}` shows
another passage; `{reveal link}` is a click that reveals a text or a passage; notes, code and styles are left out.
Follows the guide of Chapbook 2 (klembot.github.io/chapbook).

Limits: JavaScript in modifiers isn't read; inserts of the story's own show nothing.
"""

import re

from corpus.readers.twine_expressions import STRING, Const, Op, name_of, parse, unquoted
from corpus.readers.twine_nodes import (
    BACK,
    Choose,
    Click,
    Include,
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
from corpus.readers.twine_passage import LINK, REMOVED, escape, is_address, link_parts

MARKS = re.compile(r"^--[ \t]*$|^\[[^\[\]\n]+\][ \t]*$|\{|^[ \t]*>|\\\n", re.MULTILINE)
_SIGN = re.compile(
    r"^\[(?:if|unless|ifalways|ifnever|else|cont(?:inued?|'d)?|after|append|align|note|n\.?b\.?)\b[^\[\]\n]*\][ \t]*$"
    r"|\{(?:embed|reveal|cycling|back|restart|dropdown|text input)\b[^{}\n]*\}|\{link to:"
    r"|\A\s*(?:\w[\w. ]*(?:\([^()\n]*\))?[ \t]*:[^\n]*\n|[ \t]*\n)+--[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)

_DIVIDER = re.compile(r"^--[ \t]*(?:\n|\Z)", re.MULTILINE)
_VARIABLE_LINE = re.compile(r"[ \t]*(?:([\w.]+)[ \t]*(?:\(([^()\n]*)\))?[ \t]*:(.*)|$)")
_MODIFIER = re.compile(r"^\[([^\[\]\n]+)\][ \t]*(?:\n|\Z)", re.MULTILINE)
_NO_PROSE = re.compile(r"(?:css|javascript|js|note|n\.?b\.?|fixme|todo|note to (?:my)?self)\b", re.IGNORECASE)
_CONDITION = re.compile(r"(if|unless)\s+(.+)|(ifalways|ifnever|else)\s*", re.IGNORECASE | re.DOTALL)
_INSERT = re.compile(r"\{([^{}\n]*+)\}")
_INSERT_OR_LINK = re.compile(rf"{_INSERT.pattern}|{LINK.pattern}")
_QUOTED = re.compile(r"""(\w+)?\s*:?\s*(?:"((?:[^"\\]|\\.)*+)"|'((?:[^'\\]|\\.)*+)')""")


def looks_like(source: str) -> bool:
    """Return whether a passage has modifiers, inserts or variables as only Chapbook has them."""
    # Most passages of other formats have none of these, and a line that begins with a link has two brackets.
    modified = source.count("\n[") > source.count("\n[[") or source.startswith("[")
    return ("{" in source or "--" in source or modified) and _SIGN.search(source) is not None


def parse_passage_source(source: str) -> Nodes:
    """Return the nodes of a passage."""
    nodes: list[Node] = []
    divider = _DIVIDER.search(source)
    if divider:
        lines = [_VARIABLE_LINE.fullmatch(line) for line in source[: divider.start()].split("\n")]
        if all(lines):
            source = source[divider.end() :]
            nodes += (node for line in lines if line and line[1] for node in _set(line[1], line[2], line[3]))
    parts = _MODIFIER.split(source)
    nodes += _inline(parts[0])
    for modifiers, text in zip(parts[1::2], parts[2::2], strict=True):
        nodes.append(Text(f"{REMOVED}\n"))
        content = _inline(text)
        for modifier in reversed(modifiers.split(";")):
            content = _modified(modifier.strip(), content, nodes)
        nodes += content
    return tuple(nodes)


def _set(name: str, condition: str | None, value: str) -> Nodes:
    """Return a line of the section of variables."""
    assignment = Set(name_of(name), parse(value))
    return (Choose(((parse(condition), (assignment,)),)),) if condition else (assignment,)


def _modified(modifier: str, content: Nodes, before: list[Node]) -> Nodes:
    """Return the text under a modifier; `before` is what precedes it, with the condition that an `[else]` is for."""
    if _NO_PROSE.match(modifier):
        return ()
    if re.match(r"after\b", modifier, re.IGNORECASE):
        return (Later(content),)
    match = _CONDITION.fullmatch(modifier)
    if not match:
        return content
    if match[1]:
        test = parse(match[2])
        return (Choose(((Op("not", (test,)) if match[1].lower() == "unless" else test, content),)),)
    if match[3].lower() != "else":
        return content if match[3].lower() == "ifalways" else ()
    last = next((at for at in range(len(before) - 1, -1, -1) if isinstance(before[at], Choose)), -1)
    condition = before[last] if last >= 0 else None
    if isinstance(condition, Choose):
        before[last] = Choose((*condition.branches, (None, content)))
        return ()
    return content


def _inline(text: str) -> Nodes:
    """Return a text with its inserts and links."""
    text = text.replace("\\\n", "")
    nodes: list[Node] = []
    at = 0
    for match in _INSERT_OR_LINK.finditer(text):
        nodes.append(Text(text[at : match.start()]))
        if match[2] is None:
            nodes += _insert(match[1])
        else:
            label, target, _ = link_parts(match[2])
            nodes.append(Click(_label(label), target_of(target)))
        at = match.end()
    nodes.append(Text(text[at:]))
    return tuple(nodes)


def _label(text: str) -> Nodes:
    """Return a label with its inserts shown."""
    return parts_of(text, _INSERT, lambda insert: _insert(insert[1:-1]))


def _insert(inner: str) -> Nodes:
    """Return what `{inner}` is."""
    name = inner.strip()
    if re.fullmatch(r"[\w.]+", name):
        return (Show(parse(name)),)
    quoted: dict[str, str] = {}
    for key, double, single in _QUOTED.findall(inner):
        quoted.setdefault(key, double or single)
    label = quoted.get("link", quoted.get("label", ""))
    if name.startswith("embed passage"):
        passage = next(iter(STRING.findall(inner)), "''")
        return (Include(Const(unquoted(passage))),)
    if name.startswith("reveal link"):
        shown: Nodes = (Include(Const(quoted["passage"])),) if "passage" in quoted else ()
        first = quoted.get("", label)
        return (Click(_label(label or first), None, shown or _label(quoted.get("text", ""))),)
    if name.startswith(("cycling link", "dropdown")):
        options = re.search(r"choices:\s*\[(.*)\]", inner)
        first_option = next((text for text in STRING.findall(options[1])), None) if options else None
        text = unquoted(first_option) if first_option else next(iter(quoted.values()), "")
        return (Text(escape(text)),)
    if name.startswith("back link"):
        return (Click(text_of(label or "Back"), target_of(BACK)),)
    if name.startswith("link to"):
        target = quoted.get("to", "")
        if is_address(target):
            return (Text(escape(label)),)
        return (Click(_label(label or target), target_of(target)),) if target else ()
    return (Text(REMOVED),)

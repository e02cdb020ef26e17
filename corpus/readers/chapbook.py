r"""Rewrite Chapbook's modifiers, inserts and variables, and Snowman's templates, as plain passage source.

Nothing is executed. Chapbook: the section of variables is removed; the text under every modifier stays, except notes,
code and styles; the caller includes `{embed passage}`; `{reveal link}` becomes its label and text, or a link. Snowman:
`<% code %>` is removed, `<%= s.name %>` shows a variable. Follows the guides of Chapbook 2 and Snowman 2
(klembot.github.io/chapbook, videlais.github.io/snowman).

Limits: a variable shows the first literal that the story assigns to it, or else its name.
"""

import re
from collections.abc import Mapping

from corpus.readers.twine_passage import LINK, REMOVED, escape, is_address, link, relabel

ASSIGNMENT = re.compile(
    r"""^(\w+)(?:[ \t]*\([^()\n]*\))?:[ \t]*("[^"\n]{0,80}"|'[^'\n]{0,80}'|-?\d+(?:\.\d+)?)[ \t]*$""", re.MULTILINE
)
INCLUDE = re.compile(r"""\{\s*embed\s+passage(?:\s+named)?\s*:\s*(?:"([^"\n{}]*)"|'([^'\n{}]*)')\s*\}""")
MARKS = re.compile(r"^--[ \t]*$|^\[[^\[\]\n]+\][ \t]*$|\{|^[ \t]*>|\\\n", re.MULTILINE)

SNOWMAN_ASSIGNMENT = re.compile(r"""\bs\.(\w+)\s*=\s*("[^"\n]{0,80}"|'[^'\n]{0,80}'|-?\d+(?:\.\d+)?)\s*(?=[;\n%])""")
SNOWMAN_INCLUDE = re.compile(
    r"""<%=?\s*(?:window\.)?(?:story\.)?(?:renderPassage|render|include)\(\s*(?:"([^"\n]*)"|'([^'\n]*)')\s*\)\s*;?\s*%>"""
)
SNOWMAN_MARKS = re.compile(r"<%")

_DIVIDER = re.compile(r"^--[ \t]*(?:\n|\Z)", re.MULTILINE)
_VARIABLE_LINE = re.compile(r"[ \t]*(?:\w[\w. ]*(?:\([^()\n]*\))?[ \t]*:|$)")
_MODIFIER = re.compile(r"^\[([^\[\]\n]+)\][ \t]*(?:\n|\Z)", re.MULTILINE)
_NO_PROSE = re.compile(r"(?:css|javascript|js|note|n\.?b\.?|fixme|todo|note to (?:my)?self)\b", re.IGNORECASE)
_INSERT = re.compile(r"\{([^{}\n]*+)\}")
_INSERT_OR_LINK = re.compile(rf"{_INSERT.pattern}|{LINK.pattern}")
_QUOTED = re.compile(r"""(\w+)?\s*:?\s*(?:"((?:[^"\\]|\\.)*+)"|'((?:[^'\\]|\\.)*+)')""")
_TEMPLATE = re.compile(r"<%([=-]?)((?:[^%<]|%(?!>)|<(?!%))*+)%>")
_VARIABLE = re.compile(r"\s*(?:s|window\.story\.state)\.(\w+)\s*;?\s*")


def rewrite(source: str, values: Mapping[str, str]) -> str:
    """Return a Chapbook passage as it is shown; `values` are the texts of variables by name."""
    divider = _DIVIDER.search(source)
    if divider and all(_VARIABLE_LINE.match(line) for line in source[: divider.start()].split("\n")):
        source = source[divider.end() :]
    parts = _MODIFIER.split(source)
    kept = [parts[0]]
    for modifier, text in zip(parts[1::2], parts[2::2], strict=True):
        kept += (f"{REMOVED}\n", "" if _NO_PROSE.match(modifier.strip()) else text)
    source = "".join(kept).replace("\\\n", "")
    return _INSERT_OR_LINK.sub(lambda match: _shown(match, values), source)


def rewrite_snowman(source: str, values: Mapping[str, str]) -> str:
    """Return a Snowman passage without its templates."""

    def shown(match: re.Match[str]) -> str:
        variable = _VARIABLE.fullmatch(match[2]) if match[1] else None
        return escape(values.get(variable[1], variable[1])) if variable else REMOVED

    return _TEMPLATE.sub(shown, source)


def _shown(match: re.Match[str], values: Mapping[str, str]) -> str:
    """Return what an insert shows, or a link with the inserts of its label shown; the target of a link stays."""
    if match[2] is None:
        return _insert(match[1], values)
    return relabel(match[2], lambda label: _INSERT.sub(lambda insert: _insert(insert[1], values), label))


def _insert(inner: str, values: Mapping[str, str]) -> str:
    """Return what `{inner}` shows."""
    name = inner.strip()
    if re.fullmatch(r"[\w.]+", name):
        return escape(values.get(name, name))
    quoted: dict[str, str] = {}
    for key, double, single in _QUOTED.findall(inner):
        quoted.setdefault(key, double or single)
    label = quoted.get("link", quoted.get("label", ""))
    if name.startswith("reveal link"):
        if "passage" in quoted:
            return link(label, quoted["passage"])
        return f"{escape(label)} {escape(quoted.get('text', ''))}".rstrip()
    if name.startswith(("cycling link", "dropdown")):
        return escape(next((text for key, text in quoted.items() if key not in ("for", "link")), ""))
    if name.startswith("link to") and "to" in quoted:
        target = quoted["to"]
        return escape(label) if is_address(target) else link(label or target, target)
    return REMOVED

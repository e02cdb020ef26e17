r"""A TOML file that a person wrote, as typed data, and back; mistakes are told with their place.

    scenario = read_toml(path.read_bytes(), Scenario, str(path))
    path.write_text(toml(scenario))

A message names the file, the key and what is expected there; a key that nobody knows is told with the nearest that
there is. What `toml` writes is what `read_toml` reads: fields that have their default are left out.

Limits: structs and dataclasses of text, numbers, yes or no, and of tuples of these; files of `MAX_BYTES`.
"""

import dataclasses
import re
import tomllib
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from corpus.text import did_you_mean, printable
from dungeon.errors import DungeonError

T = TypeVar("T")

MAX_BYTES = 1 << 18
"""Of a file. The longest scenario of ours has four thousand."""

_EXPECTED = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}
_WRONG_TYPE = re.compile(r"Expected `([\w |]+)`, got `(\w+)`(?: - at `\$(.*)`)?")
_MISSING = re.compile(r"Object missing required field `(\w+)`(?: - at `\$(.*)`)?")
# `a.b.c.d …`, of which the parser of the standard library takes a minute if it is long enough.
_DEEP_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){16}""")


def read_toml(data: bytes, type: type[T], place: str) -> T:  # noqa: A002
    """The file's bytes as a `type`; `place` is the file's name, for messages.

    Raises:
        DungeonError: it is no such file.
    """
    place = printable(place)
    if len(data) > MAX_BYTES:
        raise DungeonError(f"{place} is larger than {MAX_BYTES >> 10} KiB, more than such a file may hold.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DungeonError(
            f"{place} is no text in UTF-8 (byte {error.start + 1}). Save it again, with that encoding."
        ) from error
    if _DEEP_KEY.search(text):
        raise DungeonError(f"{place} can't be read: a key in it has too many parts.")
    try:
        table = tomllib.loads(text.replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        what = "it is nested too deeply" if isinstance(error, RecursionError) else printable(str(error))[:200]
        raise DungeonError(
            f"{place} is no TOML: {what}. Texts stand in quotes, after a key and an equals sign."
        ) from error
    for path, known, key in _strangers(table, msgspec.inspect.type_info(type), ""):
        hint = did_you_mean(key, known) or f" What may stand there: {', '.join(known)}."
        raise DungeonError(f"{place}: there is no key {printable(path + key)[:80]}.{hint}")
    try:
        return msgspec.convert(table, type)
    except msgspec.ValidationError as error:
        raise DungeonError(f"{place}: {_told(str(error))}") from error


def toml(value: Any) -> str:
    """The struct as a file, for people to read on in."""
    import tomlkit  # 40 ms that only writing needs to pay

    document = tomlkit.document()
    tables = {}
    for field in msgspec.structs.fields(value):
        content = getattr(value, field.name)
        if content == field.default:
            continue
        if isinstance(content, tuple) and content and not isinstance(content[0], str):
            tables[field.name] = tomlkit.aot()
            for item in content:
                tables[field.name].append(_table(item))
        else:
            document.add(field.name, _item(content))
    for name, table in tables.items():
        document.add(name, table)
    return tomlkit.dumps(document)


def _table(item: Any) -> Any:
    import tomlkit

    table = tomlkit.table()
    fields = dataclasses.fields(item) if dataclasses.is_dataclass(item) else msgspec.structs.fields(item)
    for field in fields:
        content = getattr(item, field.name)
        if content != field.default:
            table.add(field.name, _item(content))
    return table


def _item(content: Any) -> Any:
    import tomlkit

    if isinstance(content, str):
        text = printable(content)
        return tomlkit.string(text, multiline="\n" in text)
    return tomlkit.item(list(content) if isinstance(content, tuple) else content)


def _strangers(table: Any, info: msgspec.inspect.Type, path: str) -> Iterator[tuple[str, list[str], str]]:
    """Each key that the type has not: where it stands, what the type has there, the key."""
    if isinstance(info, (msgspec.inspect.StructType, msgspec.inspect.DataclassType)) and isinstance(table, dict):
        fields = {field.encode_name: field.type for field in info.fields}
        for key, value in table.items():
            if key in fields:
                yield from _strangers(value, fields[key], f"{path}{key}.")
            else:
                yield path, list(fields), key
    elif isinstance(info, msgspec.inspect.VarTupleType) and isinstance(table, list):
        for number, item in enumerate(table, 1):
            yield from _strangers(item, info.item_type, f"{path.rstrip('.')}[{number}].")


def _told(message: str) -> str:
    """What msgspec says, in the words of whoever wrote the file."""
    if missing := _MISSING.fullmatch(message):
        place = f" in {_where(missing[2])}" if missing[2] else ""
        return f"the key {missing[1]} is missing{place}."
    if wrong := _WRONG_TYPE.fullmatch(message):
        expected = " or ".join(_EXPECTED.get(name, name) for name in wrong[1].split(" | "))
        return f"{_where(wrong[3])} must be {expected}, and is {_EXPECTED.get(wrong[2], wrong[2])}."
    return printable(message)


def _where(path: str | None) -> str:
    """Counted from one, as people do."""
    return re.sub(r"\[(\d+)\]", lambda match: f"[{int(match[1]) + 1}]", (path or "").lstrip(".")) or "it"

"""TOML files that people write by hand, as typed data, and back. Errors name the file and the key.

    scenario = read_toml(read_limited(path), Scenario, str(path))
    path.write_text(to_toml(scenario))

Limits: structs and dataclasses of text, numbers, booleans, and tuples of these; files of at most `MAX_BYTES`.
"""

import dataclasses
import errno
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from corpus.text import did_you_mean, printable
from dungeon.errors import DungeonError

T = TypeVar("T")

MAX_BYTES = 1 << 18
"""Size of a file. The longest scenario of the game has four thousand bytes."""

_LONG_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){100}""")
"""A key of a hundred parts, `a.b.c.d …`. tomllib takes quadratic time and memory for one: 2.7 s for 32 KB (Python
3.11 and 3.13), and a file of `MAX_BYTES` runs out of memory after minutes."""


def read_limited(path: Path) -> bytes:
    """Return a file's bytes, and of one that is too large only so many that `parse_toml` refuses them.

    Raises:
        OSError: there is no such file, or it can't be read.
    """
    if path.exists() and not path.is_file():  # a pipe would keep the game waiting
        raise OSError(errno.EINVAL, "it is not a file")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def parse_toml(data: bytes, place: str) -> dict[str, Any]:
    """Parse a file's bytes; `place` is its name in messages.

    Raises:
        DungeonError: the file is too large, not UTF-8 or not TOML.
    """
    place = printable(place)
    if len(data) > MAX_BYTES:
        raise DungeonError(f"{place} is larger than {MAX_BYTES >> 10} KiB, the most that such a file may hold.")
    try:
        text = data.decode("utf-8-sig")  # some editors begin a file with a byte order mark
    except UnicodeDecodeError as error:
        raise DungeonError(
            f"{place} is not text in UTF-8 (byte {error.start + 1}). Save it again with that encoding."
        ) from error
    if _LONG_KEY.search(text):
        raise DungeonError(f"{place} can't be read: a key in it has too many parts.")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also a number of 5,000 digits
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else printable(str(error))[:200]
        raise DungeonError(
            f"{place} is not valid TOML: {reason}. Texts stand in quotes, after a key and an equals sign."
        ) from error


def read_toml(data: bytes, schema: type[T], place: str) -> T:
    """Return a file's bytes as a `schema`, a struct; `place` is the file's name in messages.

    Raises:
        DungeonError: as `parse_toml`; or a key is unknown or missing, or its value has the wrong type.
    """
    table = parse_toml(data, place)
    place = printable(place)
    for key, known in _unknown_keys(table, msgspec.inspect.type_info(schema), ""):
        hint = did_you_mean(key.rpartition(".")[2], known) or f" The keys are {', '.join(known)}."
        raise DungeonError(f"{place}: there is no key {printable(key)[:80]}.{hint}")
    try:
        return msgspec.convert(table, schema)
    except msgspec.ValidationError as error:
        # msgspec writes the place as `$.cards[0].keys`, and people count from one.
        reason = re.sub(r"\[(\d+)\]", lambda match: f"[{int(match[1]) + 1}]", str(error).replace("`$.", "`"))
        raise DungeonError(f"{place}: {printable(reason)}.") from error


def _unknown_keys(value: Any, info: msgspec.inspect.Type, prefix: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each key that its struct lacks, with its path, and the keys that the struct has."""
    if isinstance(info, (msgspec.inspect.StructType, msgspec.inspect.DataclassType)) and isinstance(value, dict):
        fields = {field.encode_name: field.type for field in info.fields}
        for key, item in value.items():
            if key in fields:
                yield from _unknown_keys(item, fields[key], f"{prefix}{key}.")
            else:
                yield prefix + key, list(fields)
    elif isinstance(info, msgspec.inspect.VarTupleType) and isinstance(value, list):
        for number, item in enumerate(value, 1):
            yield from _unknown_keys(item, info.item_type, f"{prefix.rstrip('.')}[{number}].")


def to_toml(struct: Any) -> str:
    """Return the struct as TOML that `read_toml` reads back. Fields that have their default are left out."""
    import tomlkit  # 40 ms that only writing needs to pay

    document = tomlkit.document()
    tables = {}
    for name, value in _set_fields(struct).items():
        if isinstance(value, tuple) and value and not isinstance(value[0], str):
            tables[name] = tomlkit.aot()
            for row in value:
                table = tomlkit.table()
                for key, item in _set_fields(row).items():
                    table.add(key, _item(item))
                tables[name].append(table)
        else:
            document.add(name, _item(value))
    for name, rows in tables.items():  # what follows a table's head belongs to that table, so tables come last
        document.add(name, rows)
    return tomlkit.dumps(document)


def _set_fields(value: Any) -> dict[str, Any]:
    """Return the fields of a struct or dataclass that differ from their default."""
    fields = dataclasses.fields(value) if dataclasses.is_dataclass(value) else msgspec.structs.fields(value)
    contents = ((field, getattr(value, field.name)) for field in fields)
    return {field.name: content for field, content in contents if content != field.default}


def _item(value: Any) -> Any:
    import tomlkit

    if isinstance(value, str):
        text = printable(value)
        return tomlkit.string(text, multiline="\n" in text)
    return tomlkit.item(list(value) if isinstance(value, tuple) else value)

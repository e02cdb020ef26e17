"""The player's own scenarios: the TOML files in `scenarios_folder()`, each as `dungeon.scenarios.model` reads it.

    own, troubles = user_scenarios()
    path = save_scenario(scenario)                # a new file; with its name, that one anew
    trash_scenario("the-lamp-road")               # into the folder `trash` beside it

A file name is made of a title's letters and digits, never taken from what a file says. Nothing is written over but
what the player edits, and nothing is deleted.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from corpus.files import write_atomic
from corpus.text import printable
from dungeon.errors import DungeonError
from dungeon.paths import scenarios_folder
from dungeon.scenarios.model import Scenario, builtin_scenarios, read_scenario
from dungeon.storage.tomlfile import MAX_BYTES, toml

_NAME_LENGTH = 50
_DEVICES = frozenset("con prn aux nul".split()) | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}
"""What Windows takes for no file, whatever its ending."""


@dataclass(frozen=True, slots=True)
class BrokenScenario:
    """A file in the folder that is no scenario."""

    path: Path
    what: str
    """What is wrong with it, for the player."""


def user_scenarios() -> tuple[list[Scenario], list[BrokenScenario]]:
    """The player's own, by title, and what is wrong with those that can't be read.

    Raises:
        DungeonError: the folder can't be read.
    """
    found, troubles = [], []
    with _disk("read"):
        files = sorted(scenarios_folder().glob("*.toml"))
    for path in files:
        if path.name.startswith("."):
            continue
        try:
            found.append(msgspec.structs.replace(read_scenario(path), name=path.stem))
        except DungeonError as error:
            troubles.append(BrokenScenario(path, str(error)))
    return sorted(found, key=lambda scenario: (scenario.title.casefold(), scenario.name)), troubles


def scenario_file(name: str) -> Path:
    """Where the player's own scenario of that name lies."""
    assert name == Path(name).name, "a name, no path"
    return scenarios_folder() / f"{name}.toml"


def save_scenario(scenario: Scenario, name: str = "") -> Path:
    """Keeps it as one of the player's own: in place of the one that is named, or else as a new one. Gives its file.

    One that is there already, word for word, is not kept twice.

    Raises:
        DungeonError: it is too long, or the disk takes nothing.
    """
    text = toml(msgspec.structs.replace(scenario, name=""))
    if len(text.encode()) > MAX_BYTES:
        raise DungeonError(f"The scenario is too long to keep: {MAX_BYTES >> 10} KiB is the most. Shorten it.")
    with _disk("written"):
        path = scenario_file(name) if name else _new_file(slug(scenario.title, "scenario"), text)
        write_atomic(path, text)
    return path


def trash_scenario(name: str) -> Path:
    """Moves the player's own scenario of that name into the trash; where it is now. The player has confirmed it."""
    with _disk("written"):
        path = scenario_file(name)
        trash = path.parent / "trash"
        trash.mkdir(exist_ok=True)
        moved = next(file for file in _numbered(trash, name) if not file.exists())
        path.rename(moved)
    return moved


# ---- drafts --------------------------------------------------------------------------------------------------


def draft(key: str) -> dict[str, str]:
    """What was written in the editor and not kept, by field; nothing if there is none."""
    path = _draft_file(key)
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        raise DungeonError(f"What you wrote last can't be read: {error}. It lies in {path}; move it away.") from error


def save_draft(key: str, fields: dict[str, str]) -> None:
    """Keeps what is in the editor, whatever happens to the game; without any words, forgets it."""
    with _disk("written"):
        if any(fields.values()):
            write_atomic(_draft_file(key), json.dumps(fields, ensure_ascii=False))
        else:
            _draft_file(key).unlink(missing_ok=True)


def _draft_file(key: str) -> Path:
    return scenarios_folder() / "drafts" / f"{slug(key, 'new opening')}.json"


# ---- files ---------------------------------------------------------------------------------------------------


def slug(title: str, instead: str) -> str:
    """A title as a file name without its ending: small letters, digits and dashes; `instead` if it has neither."""
    words = "-".join(re.findall(r"[^\W_]+", printable(title).casefold()))[:_NAME_LENGTH].strip("-")
    return f"{words}-{instead}" if words in _DEVICES else words or instead


def _new_file(stem: str, text: str) -> Path:
    ours = {scenario.name for scenario in builtin_scenarios()}
    for path in _numbered(scenarios_folder(), stem):
        if path.stem in ours:
            continue
        if not path.exists() or (path.is_file() and path.read_bytes() == text.encode()):
            return path
    raise AssertionError


def _numbered(folder: Path, stem: str) -> Iterator[Path]:
    yield folder / f"{stem}.toml"
    number = 2
    while True:
        yield folder / f"{stem}-{number}.toml"
        number += 1


@contextmanager
def _disk(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DungeonError(
            f"Your scenarios in {scenarios_folder()} can't be {what}: {error.strerror or error}."
        ) from error

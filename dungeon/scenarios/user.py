"""The player's own scenarios: the TOML files in `scenarios_folder()`. Also finds any scenario by name.

    scenarios, broken = user_scenarios()
    path = save_scenario(scenario)                # a new file
    save_scenario(scenario, "the-lamp-road")      # replaces that one
    trash_scenario("the-lamp-road")               # moves its file into the folder `trash` beside it
    scenario = find_scenario("the lamp road")     # a name, a title or a path

File names are made of a title's letters and digits only. Nothing is overwritten but the scenario that the player
edits, and nothing is deleted.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from corpus.files import write_atomic
from corpus.text import did_you_mean, printable
from dungeon.errors import DungeonError
from dungeon.paths import scenarios_folder
from dungeon.scenarios.library import builtin_scenarios
from dungeon.scenarios.model import Scenario, read_scenario
from dungeon.storage.tomlfile import MAX_BYTES, to_toml

_STEM_LENGTH = 50
_DEVICES = frozenset("con prn aux nul".split()) | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}
"""Names that Windows reserves for devices, whatever the ending."""


@dataclass(frozen=True, slots=True)
class BrokenScenario:
    """A file in the folder that is not a valid scenario."""

    path: Path
    message: str


def user_scenarios() -> tuple[list[Scenario], list[BrokenScenario]]:
    """Return the player's own scenarios, sorted by title, and the files that can't be read.

    Raises:
        DungeonError: the folder can't be read.
    """
    scenarios, broken = [], []
    with folder_errors("read"):
        files = sorted(scenarios_folder().glob("*.toml"))
    for path in files:
        if path.name.startswith("."):
            continue
        try:
            scenarios.append(msgspec.structs.replace(read_scenario(path), name=path.stem))
        except DungeonError as error:
            broken.append(BrokenScenario(path, str(error)))
    return sorted(scenarios, key=lambda scenario: (scenario.title.casefold(), scenario.name)), broken


def find_scenario(name: str) -> Scenario:
    """Return the scenario with this name or title (any case; the player's own come first), or read the file `….toml`.

    Raises:
        DungeonError: there is no such scenario, or its file is not a valid scenario.
    """
    users, broken = user_scenarios()
    scenarios = (*users, *builtin_scenarios())
    wanted = name.strip().casefold()
    for scenario in scenarios:
        if wanted in (scenario.name.casefold(), scenario.title.casefold()):
            return scenario
    if wanted.endswith(".toml"):
        return read_scenario(Path(name.strip()).expanduser())
    for file in broken:
        if file.path.stem.casefold() == wanted:
            raise DungeonError(file.message)
    hint = did_you_mean(wanted, [scenario.name for scenario in scenarios], 3)
    raise DungeonError(f"There is no scenario '{printable(name[:60])}'.{hint} `dungeon scenarios` lists them.")


def save_scenario(scenario: Scenario, name: str = "") -> Path:
    """Save the scenario as one of the player's own and return its file.

    `name` is the scenario to replace; without it a new file is made, unless a file of that title already holds the
    same text.

    Raises:
        DungeonError: the scenario is too long, or the file can't be written.
    """
    text = to_toml(msgspec.structs.replace(scenario, name=""))
    if len(text.encode()) > MAX_BYTES:
        raise DungeonError(f"The scenario is too long to keep: {MAX_BYTES >> 10} KiB is the most. Shorten it.")
    with folder_errors("written"):
        path = _file(name) if name else _new_file(file_stem(scenario.title, "scenario"), text)
        write_atomic(path, text)
    return path


def trash_scenario(name: str) -> Path:
    """Move the player's own scenario of that name into the trash; return where its file is now.

    Raises:
        DungeonError: the file can't be moved.
    """
    with folder_errors("written"):
        path = _file(name)
        trash = path.parent / "trash"
        trash.mkdir(exist_ok=True)
        target = next(file for file in _numbered_files(trash, name) if not file.exists())
        path.rename(target)
    return target


def file_stem(title: str, default: str) -> str:
    """Return a title as a file name without ending: small letters, digits and dashes; `default` if it has neither."""
    words = "-".join(re.findall(r"[^\W_]+", printable(title).casefold()))[:_STEM_LENGTH].strip("-")
    return f"{words}-{default}" if words in _DEVICES else words or default


@contextmanager
def folder_errors(action: str) -> Iterator[None]:
    """Report an OSError of the block as a DungeonError that names the folder; `action` is "read" or "written"."""
    try:
        yield
    except OSError as error:
        raise DungeonError(
            f"Your scenarios in {scenarios_folder()} can't be {action}: {error.strerror or error}."
        ) from error


def _file(name: str) -> Path:
    assert name == Path(name).name, "a name, not a path"
    return scenarios_folder() / f"{name}.toml"


def _new_file(stem: str, text: str) -> Path:
    """Return the first file that is free, or that already holds this text; never the name of one of the game's."""
    builtin = {scenario.name for scenario in builtin_scenarios()}
    for path in _numbered_files(scenarios_folder(), stem):
        if path.stem in builtin:
            continue
        if not path.exists() or (path.is_file() and path.read_bytes() == text.encode()):
            return path
    raise AssertionError


def _numbered_files(folder: Path, stem: str) -> Iterator[Path]:
    yield folder / f"{stem}.toml"
    number = 2
    while True:
        yield folder / f"{stem}-{number}.toml"
        number += 1

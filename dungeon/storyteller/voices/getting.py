"""Getting and removing voices by name: what `dungeon voices get` and the Voices screen do.

wish = find_wish("hf:OWNER/REPO:Q4_K_M")      # asks the Hub what it has; a catalogue's name asks nobody
name = get_voice(wish, progress, cancel)      # fetches it, and keeps it under that name
remove_voice(name)
"""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from corpus.text import did_you_mean, one_line
from dungeon.errors import DungeonError
from dungeon.paths import weights_folder
from dungeon.storyteller.catalogue import CATALOGUE
from dungeon.storyteller.download.errors import SourceFailed
from dungeon.storyteller.download.kept_file import remove_file
from dungeon.storyteller.download.one_file import run_cancellable
from dungeon.storyteller.download.weights import Progress, ensure_weights, fetch_hub_file, fetch_url, weights_path
from dungeon.storyteller.hardware.measurements import forget_speed
from dungeon.storyteller.voices.added import AddedVoice, add_voice, added_voices, forget_voice, name_for
from dungeon.storyteller.voices.find import find_voice

_FORMS = "a voice's name, hf:OWNER/REPO, hf:OWNER/REPO:Q5_K_M, hf:OWNER/REPO:FILE.gguf, an https address, or a path"


@dataclass(frozen=True, slots=True)
class Wish:
    """A voice that can be got: where it is, and what is known of it before it is fetched."""

    kind: Literal["catalogue", "hub", "url", "path"]
    name: str
    source: str
    """As the player wrote it."""
    size: int = 0
    """Bytes to fetch; 0 if not known."""
    license: str = ""
    license_url: str = ""
    repo: str = ""
    file: str = ""
    revision: str = ""
    sha256: str = ""


def find_wish(text: str, cancel: threading.Event | None = None) -> Wish:
    """Return what a player's words mean. For `hf:` this asks the Hub for the list of files.

    Raises:
        DungeonError: there is no such voice, file or repository; or the Hub can't be reached.
        DownloadCancelled: `cancel` was set.
    """
    text = text.strip()
    if text in CATALOGUE:
        weights = CATALOGUE[text].weights
        return Wish("catalogue", text, text, weights.size, weights.license, weights.license_url)
    if text.startswith("hf:"):
        return _hub_wish(text, cancel or threading.Event())
    if text.startswith(("https://", "http://")):
        file = _url_file(text)
        return Wish("url", name_for(file), text, file=file)
    return _path_wish(text)


def get_voice(wish: Wish, progress: Progress | None = None, cancel: threading.Event | None = None) -> str:
    """Fetch a voice unless it is here, and return its name. Blocks: run it in a thread.

    Raises:
        DungeonError: it can't be fetched, or another voice has its name.
        DownloadCancelled: `cancel` was set; the next call continues.
    """
    if wish.kind == "catalogue":
        ensure_weights(CATALOGUE[wish.name].weights, progress, cancel)
        return wish.name
    _check_name(wish)
    path = Path(wish.file)
    if wish.kind != "path":
        path = _added_path(wish.name)
    if wish.kind == "hub":
        fetch_hub_file(
            wish.repo,
            wish.file,
            wish.revision,
            path,
            sha256=wish.sha256,
            size=wish.size,
            progress=progress,
            cancel=cancel,
        )
    elif wish.kind == "url":
        fetch_url(wish.source, path, progress=progress, cancel=cancel)
    find_voice(str(path))  # says what is wrong with a file that is not a voice
    fetched = wish.kind != "path"
    source = wish.source.partition("?")[0] if wish.kind == "url" else wish.source  # a query may hold a signed token
    add_voice(AddedVoice(wish.name, str(path), source, wish.license, wish.license_url, fetched))
    return wish.name


def remove_voice(name: str) -> int:
    """Delete a voice's fetched file, or take the player's own file out of the list. Return the bytes freed.

    Raises:
        DungeonError: there is no such voice, or nothing of it is here.
    """
    try:
        if name in added_voices():
            voice = added_voices()[name]
            freed = remove_file(Path(voice.file)) if voice.fetched else 0
            forget_voice(name)
        elif name in CATALOGUE:
            freed = remove_file(weights_path(CATALOGUE[name].weights))
            if not freed:
                raise DungeonError(f"The voice '{name}' is not here, so there is nothing to remove.")
        elif not (freed := remove_file(_added_path(name_for(name)))):  # what an unfinished fetch has left
            known = [*CATALOGUE, *added_voices()]
            raise DungeonError(
                f"There is no voice '{one_line(name)[:100]}' to remove.{did_you_mean(name, known)} "
                "`dungeon voices` lists them."
            )
    except OSError as error:
        raise DungeonError(f"The voice '{name}' can't be removed: {error}. Close the game that plays it.") from error
    forget_speed(name)
    return freed


def _added_path(name: str) -> Path:
    """Where a voice that is fetched and not the catalogue's goes: apart, so that none stands for another."""
    return weights_folder() / "added" / f"{name}.gguf"


def _check_name(wish: Wish) -> None:
    taken = added_voices().get(wish.name)
    if wish.name in CATALOGUE or (taken and taken.source != wish.source.partition("?")[0]):
        owner = f"the one from {taken.source}" if taken else "one of the game's"
        raise DungeonError(
            f"Another voice, {owner}, is called '{wish.name}'. Remove it: dungeon voices remove {wish.name}"
        )


def _hub_wish(text: str, cancel: threading.Event) -> Wish:
    from dungeon.storyteller.download.hub import Hub, Repository, check_repo, choose_file

    place, _, wanted = text.removeprefix("hf:").partition(":")
    repo, _, revision = place.partition("@")

    async def ask() -> Repository:
        async with Hub(repo) as hub:
            return await hub.repository(revision or "main")

    try:
        check_repo(repo)
        repository = run_cancellable(ask(), cancel)
        file = choose_file(repository, wanted)
    except SourceFailed as failed:
        raise DungeonError(f"{one_line(text)[:200]} can't be fetched: {failed}") from failed
    return Wish(
        "hub",
        name_for(file.path.rpartition("/")[2]),
        text,
        file.size,
        repository.license,
        repository.url,
        repo,
        file.path,
        repository.commit,
        file.sha256,
    )


def _url_file(url: str) -> str:
    try:
        file = unquote(urlsplit(url).path.rpartition("/")[2])
    except ValueError:
        file = ""
    if not file.lower().endswith(".gguf"):
        raise DungeonError(f"{one_line(url)[:200]} is not the address of a GGUF file: its path should end in .gguf.")
    return file


def _path_wish(text: str) -> Wish:
    try:
        path = Path(text).expanduser().resolve()
        there = path.exists()
    except (OSError, RuntimeError, ValueError):  # too long, no such user's home, a null character
        there = False
    if not there:
        raise DungeonError(
            f"There is no voice '{one_line(text)[:200]}' to get.{did_you_mean(text, CATALOGUE)} "
            f"It can be {_FORMS}; the names are {', '.join(CATALOGUE)}."
        )
    find_voice(str(path))  # says what is wrong with it
    return Wish("path", name_for(path.name), str(path), file=str(path))

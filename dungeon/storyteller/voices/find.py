"""Voices: base weights, an optional adapter, a context size and sampling defaults; found by name or path.

    voice = find_voice("lantern")            # comes with the game
    voice = find_voice("ember")              # in the catalogue: fetched when it starts, if it is not here
    voice = find_voice("storm")              # the player added it: `dungeon voices get hf:OWNER/REPO`
    voice = find_voice("~/my-voice")         # a folder that `dungeon finetune` wrote, or a bare GGUF file

A voice's folder holds `voice.json`: `{"format": 1, "name", "base": {"name", "file", "sha256", "license"}, "adapter":
{"file", "sha256"} or null, "context", "prompt_format", "sampling"}`. `file` names a GGUF file in the same folder; a
base whose `file` is null is the catalogue's of that name. The voices that come with the game are in
`dungeon/storyteller/data/`.
"""

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import msgspec

from corpus.chat_frame import INSTRUCT_CONTEXT, INSTRUCT_SAMPLING
from corpus.text import did_you_mean
from dungeon.errors import DungeonError
from dungeon.storyteller.catalogue import CATALOGUE, DEFAULT_CONTEXT, CatalogueWeights, PromptFormatName
from dungeon.storyteller.gguf_header import read_header
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.voices.added import added_voices

DEFAULT_VOICE = "lantern"
"""Comes with the game."""
_DATA = Path(__file__).parent.parent / "data"
_INSTRUCT = Sampling(**INSTRUCT_SAMPLING)


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that can be started."""

    name: str
    weights: CatalogueWeights | Path
    adapter: Path | None = None
    context: int = DEFAULT_CONTEXT
    """Tokens."""
    sampling: Sampling = field(default_factory=Sampling)
    prompt_format: PromptFormatName = "tale"


class _Base(msgspec.Struct, frozen=True):
    name: str
    sha256: str
    file: str | None = None


class _Adapter(msgspec.Struct, frozen=True):
    file: str
    sha256: str


class _VoiceFile(msgspec.Struct, frozen=True):
    """`voice.json`. Unknown fields are ignored: a later version may add some."""

    format: int
    name: str
    base: _Base
    adapter: _Adapter | None = None
    context: Annotated[int, msgspec.Meta(ge=64, le=131_072)] = DEFAULT_CONTEXT
    sampling: Sampling = Sampling()
    prompt_format: PromptFormatName = "tale"


def find_voice(name: str) -> Voice:
    """Return the voice of that name, in the catalogue or among the player's, or the voice at that path.

    Raises:
        DungeonError: there is no such voice, or its files don't match its `voice.json`.
    """
    if entry := CATALOGUE.get(name):
        if entry.tuned:
            return _read_folder(_DATA / name)
        return Voice(name, entry.weights, None, entry.context, entry.sampling, entry.prompt_format)
    added = added_voices()
    if name in added:
        return replace(_read_path(Path(added[name].file), added[name].file), name=name)
    if name.startswith("hf:"):
        for voice in added.values():
            if voice.source == name:
                return find_voice(voice.name)
        raise DungeonError(f"The voice '{name[:200]}' is not here yet. Fetch it: dungeon voices get {name[:200]}")
    try:
        path = Path(name).expanduser()
        if path.exists():
            return _read_path(path, name)
    except (OSError, RuntimeError) as error:  # no permission, a name that is too long, no such user's home
        reason = error.strerror if isinstance(error, OSError) else error
        raise DungeonError(f"The voice '{name[:200]}' can't be read: {reason}.") from error
    except ValueError:  # a null character
        pass
    names = ", ".join([*CATALOGUE, *added])
    raise DungeonError(
        f"There is no voice '{name[:200]}': no folder or GGUF file of that path, and the voices are {names}."
        f"{did_you_mean(name, [*CATALOGUE, *added])}"
    )


def _read_path(path: Path, name: str) -> Voice:
    if path.is_dir():
        return _read_folder(path)
    if path.is_file():
        return _read_gguf(path)
    raise DungeonError(f"The voice '{name[:200]}' is not there any more. `dungeon voices` lists those that are.")


def _read_gguf(path: Path) -> Voice:
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise DungeonError(
                f"{path} is not a voice: it is neither a GGUF file nor a folder that `dungeon finetune` wrote."
            )
    try:
        header = read_header(path)
    except DungeonError:
        return Voice(path.stem, path.resolve())  # the engine will report what is wrong with the file
    if not header.chat_template:
        return Voice(path.stem, path.resolve())
    context = min(header.context_length or INSTRUCT_CONTEXT, INSTRUCT_CONTEXT)
    return Voice(path.stem, path.resolve(), None, context, _INSTRUCT, "frame")


def _read_folder(folder: Path) -> Voice:
    path = folder / "voice.json"
    if not path.is_file():
        raise DungeonError(f"{folder} is not a voice: it has no voice.json. `dungeon finetune --out FOLDER` makes one.")
    try:
        entry = msgspec.json.decode(path.read_bytes(), type=_VoiceFile)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DungeonError(f"{path} can't be read: {error}. Tune the voice again, or restore the file.") from error
    if entry.format != 1:
        raise DungeonError(f"{path} has format {entry.format}; this version of dungeon reads format 1. Update dungeon.")
    weights = _find_weights(entry.base, folder)
    adapter = _verified_file(folder, entry.adapter.file, entry.adapter.sha256) if entry.adapter else None
    return Voice(folder.resolve().name, weights, adapter, entry.context, entry.sampling, entry.prompt_format)


def _find_weights(base: _Base, folder: Path) -> CatalogueWeights | Path:
    if base.file is not None:
        return _verified_file(folder, base.file, base.sha256)
    entry = CATALOGUE.get(base.name)
    if entry is None:
        raise DungeonError(
            f"The voice {folder} needs the base '{base.name}', which is neither in its folder nor in the catalogue.\n"
            f"Serve it instead: dungeon finetune export {folder} --to merged --out DIR, then a server for DIR and "
            "dungeon play --endpoint URL --model NAME"
        )
    weights = entry.weights
    if weights.sha256 != base.sha256:
        raise DungeonError(
            f"The voice {folder} was tuned on other weights than this version's '{base.name}' "
            f"(sha256 {base.sha256[:12]}…, here {weights.sha256[:12]}…). Tune it again with this version."
        )
    return weights


def _verified_file(folder: Path, name: str, sha256: str) -> Path:
    """Return the path of a file that `voice.json` names, once its hash is checked."""
    path = folder / name
    if Path(name).name != name:  # the name is data from elsewhere: it may only mean a file directly in the folder
        raise DungeonError(f"{folder / 'voice.json'} names the file '{name}', which is not inside the voice's folder.")
    if not path.is_file():
        raise DungeonError(f"The voice {folder} lacks its file {name}. Tune it again, or restore the file.")
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise DungeonError(f"{path} is damaged: its hash is not the one in voice.json. Restore it, or tune again.")
    return path.resolve()

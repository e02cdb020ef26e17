"""Voices: base weights, an optional adapter, a context size and sampling defaults; found by name or path.

    voice = find_voice("lantern")            # comes with the game
    voice = find_voice("smollm2")            # base weights of the catalogue, untuned
    voice = find_voice("~/my-voice")         # a folder that `dungeon finetune` wrote, or a bare GGUF file

A voice's folder holds `voice.json`: `{"format": 1, "name", "base": {"name", "file", "sha256", "license"}, "adapter":
{"file", "sha256"} or null, "context", "sampling", "prompt_format"}`. `file` names a GGUF file in the same folder; a
base whose `file` is null is the catalogue's of that name. The voices that come with the game are in
`dungeon/storyteller/data/`.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from dungeon.errors import DungeonError
from dungeon.storyteller.catalogue import CATALOGUE, CatalogueWeights
from dungeon.storyteller.sampling import Sampling

DEFAULT_VOICE = "lantern"
VOICES = (DEFAULT_VOICE, *CATALOGUE)
"""The voices that come with the game, or that it can fetch."""
DEFAULT_CONTEXT = 2048
PromptFormatName = Literal["tale", "frame"]
"""Plain text, or the model's own chat frame: see `dungeon.tale.prompt_format`."""
_DATA = Path(__file__).parent / "data"
_UNTUNED = Sampling(temperature=0.4, dry_multiplier=1.0, dry_allowed_length=2, dry_penalty_last_n=1024)
"""Cooler than the default: untuned weights lose the thread sooner (`tests/benchmarks/output_policy.py`)."""


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
    """Return the voice of that name among the game's, or the voice at that path.

    Raises:
        DungeonError: there is no such voice, or its files don't match its `voice.json`.
    """
    if name in CATALOGUE:
        return Voice(name, CATALOGUE[name], sampling=_UNTUNED)
    if name in VOICES:
        return _read_folder(_DATA / name)
    try:
        path = Path(name).expanduser()
        if path.is_dir():
            return _read_folder(path)
        if path.is_file():
            return _read_gguf(path)
    except (OSError, RuntimeError) as error:  # no permission, a name that is too long, no such user's home
        reason = error.strerror if isinstance(error, OSError) else error
        raise DungeonError(f"The voice '{name[:200]}' can't be read: {reason}.") from error
    raise DungeonError(
        f"There is no voice '{name[:200]}': no folder or GGUF file of that path, and the game has {', '.join(VOICES)}."
    )


def _read_gguf(path: Path) -> Voice:
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise DungeonError(
                f"{path} is not a voice: it is neither a GGUF file nor a folder that `dungeon finetune` wrote."
            )
    return Voice(path.stem, path.resolve())


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
    weights = CATALOGUE.get(base.name)
    if weights is None:
        raise DungeonError(
            f"The voice {folder} needs the base '{base.name}', which is neither in its folder nor in the catalogue.\n"
            f"Serve it instead: dungeon finetune export {folder} --to merged --out DIR, then a server for DIR and "
            "dungeon play --endpoint URL --model NAME"
        )
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

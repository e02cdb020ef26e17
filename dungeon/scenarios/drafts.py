"""Drafts of the scenario editor: what is typed there and not yet saved survives the game.

    save_draft("the-lamp-road", {"title": "The Lamp Road", "opening": "You are …"})
    fields = load_draft("the-lamp-road")          # {} if there is no draft

A draft is a JSON file of the editor's fields, in the folder `drafts` beside the player's own scenarios.
"""

import json
from pathlib import Path

import msgspec

from corpus.files import write_atomic
from dungeon.errors import DungeonError
from dungeon.paths import scenarios_folder
from dungeon.scenarios.user import file_stem, folder_errors


def load_draft(key: str) -> dict[str, str]:
    """Return the draft's texts by field; {} if there is none.

    Raises:
        DungeonError: the draft can't be read; names its file.
    """
    path = _draft_file(key)
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        raise DungeonError(f"Your draft can't be read: {error}. Move the file {path} away.") from error


def save_draft(key: str, fields: dict[str, str]) -> None:
    """Save the texts by field; delete the draft where all are empty.

    Raises:
        DungeonError: the draft can't be written.
    """
    with folder_errors("written"):
        if any(fields.values()):
            write_atomic(_draft_file(key), json.dumps(fields, ensure_ascii=False))
        else:
            _draft_file(key).unlink(missing_ok=True)


def _draft_file(key: str) -> Path:
    return scenarios_folder() / "drafts" / f"{file_stem(key, 'new opening')}.json"

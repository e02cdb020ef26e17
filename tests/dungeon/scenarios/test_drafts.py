"""Drafts of the scenario editor."""

from pathlib import Path

import pytest

from dungeon.errors import DungeonError
from dungeon.paths import scenarios_folder
from dungeon.scenarios.drafts import load_draft, save_draft


def test_a_saved_draft_is_loaded_until_it_is_empty() -> None:
    save_draft("", {"title": "", "opening": "You \ud800wait. 🐉"})
    save_draft("new", {"title": "", "opening": "Another."})
    assert load_draft("") == {"title": "", "opening": "You ?wait. 🐉"}
    assert load_draft("new")["opening"] == "Another."
    save_draft("", {"title": "", "opening": ""})
    assert load_draft("") == {}


def test_a_damaged_draft_is_reported_with_its_file() -> None:
    save_draft("new", {"opening": "Another."})
    (scenarios_folder() / "drafts" / "new.json").write_text("{")
    with pytest.raises(DungeonError, match=r"can't be read.*new\.json"):
        load_draft("new")


def test_a_folder_that_can_not_be_written_is_reported(home: Path) -> None:
    home.mkdir()
    (home / "data").write_text("a file in the folder's place")
    with pytest.raises(DungeonError, match="can't be written"):
        save_draft("", {"opening": "You wait."})

"""Files that an earlier version wrote are read.

`old_home/` was written by the version of 2026-11-29 (commit c4a66a9), playing against a scripted server: two adventures
with a retry, an edit, undo, labels, lore and overrides; a settings file with keys, a preset and the setting that was
called `ahead`; a scenario, a draft, and a bookmark.
"""

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from corpus.turns import Kind
from dungeon.authored.books import find_books
from dungeon.generation.replay import NOT_GENERATED, run_replay
from dungeon.paths import shelf_file
from dungeon.play.director import open_story
from dungeon.play.keys import check_keys, keys_for
from dungeon.play.session import Session
from dungeon.scenarios.drafts import load_draft
from dungeon.scenarios.user import find_scenario
from dungeon.settings.file import load_settings
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.none import NoStoryteller
from dungeon.storyteller.servers.remote import RemoteStoryteller
from dungeon.tale.adventure import State
from tests.dungeon.scripted import ScriptedServer


@pytest.fixture(autouse=True)
def old_home(home: Path) -> Path:
    shutil.copytree(Path(__file__).parent / "old_home", home)
    return home


def test_the_adventures_have_all_their_turns() -> None:
    with closing(Shelf(shelf_file())) as shelf:
        listed = {entry.title: entry for entry in shelf.list_adventures()}
        assert list(listed) == ["The Lamp Road", "The Iron Door"]
        assert listed["The Iron Door"].tags == ("old", "door")
        adventure = shelf.open(listed["The Iron Door"].id)
    first, second, third, fourth = adventure.path()
    assert (first.kind, first.action, first.name, first.bookmarked) == (
        Kind.DO,
        "You open the door.",
        "The threshold",
        True,
    )
    assert [take.prose for take in adventure.takes(second.id)] == ["Nobody answers.", "The lamp goes out."]
    assert third.prose == "Hessa lights it again."
    assert (fourth.kind, fourth.input) == (Kind.STORY, "A bell rings.\n\nTwice.")
    edits = [node for node in adventure.nodes.values() if node.edit_of == third.id]
    assert [node.prose for node in edits] == ["The lamp goes out, and nobody lights it."]
    assert adventure.lore.memory == "Hessa is a queen."
    assert all(node.state is State.DONE for node in adventure.nodes.values())


async def test_an_adventure_continues_with_its_overrides(server: ScriptedServer) -> None:
    with closing(Shelf(shelf_file())) as shelf:
        session = Session(shelf, RemoteStoryteller(server.url, "scripted"))
        session.resume(1)
        assert (session.sampling.temperature, session.sampling.length) == (0.9, 120)
        assert session.settings.suggestions == 2
        server.answers = ["\nThe bell is silent."]
        node = await session.play_turn(Kind.DO, "listen", lambda _: None)
        assert (node.prose, server.requests[-1]["temperature"]) == ("The bell is silent.", 0.9)
        await session.storyteller.close()


async def test_the_prompts_of_old_turns_have_not_changed(server: ScriptedServer) -> None:
    """Otherwise `dungeon replay` could not compare them."""
    with closing(Shelf(shelf_file())) as shelf:
        storyteller = RemoteStoryteller(server.url, "scripted")
        lines: list[str] = []
        result = await run_replay(shelf, storyteller, 1, lines.append)
        assert result.agree + result.differ == len(shelf.open(1).path())
        assert set(result.skipped) <= {NOT_GENERATED}
        await storyteller.close()


def test_the_settings_are_read_by_their_former_names() -> None:
    settings = load_settings()
    check_keys(settings)
    assert (settings.theme, settings.prefetch) == ("parchment", False)
    assert keys_for(settings)["retry"] == "f8"
    assert settings.presets["mine"]["length"] == 120


def test_scenarios_and_drafts_are_read() -> None:
    scenario = find_scenario("the salt road")
    assert [placeholder.name for placeholder in scenario.placeholders] == ["name"]
    assert scenario.cards[0].depth == 8
    assert load_draft("") == {"title": "Half", "opening": "You are"}


def test_a_readers_bookmark_becomes_an_adventure_at_the_same_page() -> None:
    (book,) = find_books("the-ten-forty")
    with closing(Shelf(shelf_file())) as shelf:
        session = Session(shelf, NoStoryteller())
        adventure = open_story(session, book)
        assert [node.passage for node in adventure.path()] == ["Wire", "Fremont"]
        assert adventure.path()[0].action == "You try the telegraph once more."
        assert shelf.seen_passages(book.key) == {"Half past nine", "Wire", "Fremont"}
        assert open_story(session, book).id == adventure.id, "it is taken over once"

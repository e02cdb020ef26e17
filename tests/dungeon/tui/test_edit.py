"""The editor of a turn: what is saved, what stays unchanged, and that no typed text is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import TextArea

from corpus.turns import Kind
from dungeon.errors import DungeonError
from dungeon.play.session import Session
from dungeon.tui.screens.confirm import ConfirmScreen
from dungeon.tui.screens.edit import EditScreen
from tests.dungeon.host import (
    Host,
    add_turn,
    new_session,
    pane_title,
    press,
    reopened,
    screen_text,
    settle,
    showing,
    widget_text,
)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    session = new_session(tmp_path)
    for words, prose in (("open the door", "The door opens."), ("go in", "It is dark."), ("wait", "Nobody comes.")):
        add_turn(session, words, prose)
    yield session
    session.shelf.close()


def prose(app: Host) -> TextArea:
    return app.screen.query_one("#prose", TextArea)


async def write(pilot: Pilot[None], selector: str, text: str) -> None:
    pilot.app.screen.query_one(selector, TextArea).text = text
    await settle(pilot)


def head(session: Session) -> int:
    assert session.adventure.head is not None
    return session.adventure.head


def on_disk(session: Session) -> list[tuple[str, str]]:
    return [(node.action, node.prose) for node in reopened(session).adventure.path()]


async def test_the_cursor_is_where_the_answer_ends(session: Session) -> None:
    async with showing(EditScreen(session, head(session))) as (app, pilot):
        await press(pilot, "exclamation_mark")
        assert prose(app).text == "Nobody comes.!"
        await press(pilot, "ctrl+home", "space", "ctrl+end", "full_stop")
        assert prose(app).text == " Nobody comes.!."


async def test_the_action_and_the_prose_are_changed_and_saved(session: Session) -> None:
    before = head(session)
    async with showing(EditScreen(session, head(session))) as (app, pilot):
        await write(pilot, "#words", "wait a while")
        assert widget_text(app, "#action") == "> You wait a while."
        await press(pilot, *" Well.", "ctrl+s")
        assert app.results == [True]
    assert on_disk(session)[-1] == ("You wait a while.", "Nobody comes. Well.")
    assert session.adventure.nodes[before].prose == "Nobody comes."


async def test_several_turns_are_changed_in_one_edit(session: Session) -> None:
    first, _, third = (node.id for node in session.adventure.path())
    async with showing(EditScreen(session, third)) as (app, pilot):
        await write(pilot, "#prose", "Somebody comes.")
        await press(pilot, "ctrl+up", "ctrl+up")
        assert prose(app).text == "The door opens."
        await write(pilot, "#prose", "The door falls.")
        assert "2 turns changed" in widget_text(app, "#title")
        await press(pilot, "ctrl+up")  # there is no turn before the first; nothing is lost
        assert "can't be edited" in app.toasts[0]
        await press(pilot, "ctrl+down", "ctrl+down")
        assert prose(app).text == "Somebody comes."
        await press(pilot, "ctrl+s")
    assert [prose for _, prose in on_disk(session)] == ["The door falls.", "It is dark.", "Somebody comes."]
    assert len(session.adventure.nodes) == 6  # one new branch, not two
    assert session.adventure.nodes[first].prose == "The door opens."


async def test_leaving_with_changes_asks_once(session: Session) -> None:
    async with showing(EditScreen(session, head(session))) as (app, pilot):
        await write(pilot, "#prose", "Changed.")
        await press(pilot, "ctrl+up", "escape")
        assert isinstance(app.screen, ConfirmScreen)
        await press(pilot, "enter")  # the default answer is to stay
        assert isinstance(app.screen, EditScreen)
        await press(pilot, "ctrl+down")
        assert prose(app).text == "Changed."
        await press(pilot, "escape", "y")
        assert app.results == [False]
    assert len(session.adventure.nodes) == 3


async def test_leaving_without_changes_asks_nothing(session: Session) -> None:
    async with showing(EditScreen(session, head(session))) as (app, pilot):
        await press(pilot, "ctrl+up", "x", "backspace", "escape")
        assert app.results == [False]


async def test_text_that_can_t_be_saved_stays_on_the_screen(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise DungeonError("The disk is full.")

    async with showing(EditScreen(session, head(session))) as (app, pilot):
        await write(pilot, "#prose", "Changed.")
        with monkeypatch.context() as patch:
            patch.setattr(session.shelf, "add_edit", full)
            await press(pilot, "ctrl+s")
        assert (app.toasts, app.results) == (["The disk is full."], [])
        assert prose(app).text == "Changed."
        await press(pilot, "ctrl+s")
        assert app.results == [True]


async def test_a_turn_on_another_branch_is_edited_with_its_neighbours(session: Session) -> None:
    first, second, third = (node.id for node in session.adventure.path())
    session.go_to(first)
    here = add_turn(session, "turn back", "You go home.")
    async with showing(EditScreen(session, second)) as (app, pilot):
        assert "turn 2 of 3 on this branch" in widget_text(app, "#title")
        await press(pilot, "ctrl+down")
        assert prose(app).text == "Nobody comes."
        await write(pilot, "#prose", "Somebody comes.")
        await press(pilot, "ctrl+s")
    assert session.adventure.head == here.id
    assert [node.prose for node in session.adventure.children(second)] == ["Nobody comes.", "Somebody comes."]
    assert session.adventure.nodes[third].prose == "Nobody comes."


@pytest.mark.parametrize(
    ("kind", "label"), [(Kind.SAY, "say"), (Kind.STORY, "write"), (Kind.CONTINUE, "went on by itself")]
)
async def test_the_label_names_the_kind_of_the_turn(session: Session, kind: Kind, label: str) -> None:
    node = add_turn(session, "" if kind is Kind.CONTINUE else "It rains", "And so.", kind)
    async with showing(EditScreen(session, node.id)) as (app, _):
        assert label in pane_title(app, "#words-pane")


async def test_hostile_text_is_shown_as_text(session: Session) -> None:
    node = add_turn(session, "[/x] [@click=app.quit]y", "[bold]red[/bold] [/]")
    async with showing(EditScreen(session, node.id)) as (app, _):
        assert "[bold]red[/bold] [/]" in screen_text(app)
        assert "> You [/x] [@click=app.quit]y." in screen_text(app)


async def test_a_turn_too_long_for_the_editor_is_refused_with_its_length(session: Session) -> None:
    node = add_turn(session, "wait", "word " * 100_000)
    with pytest.raises(DungeonError, match="500,004 characters"):
        EditScreen(session, node.id)
    last = add_turn(session, "wait", "At last.")
    async with showing(EditScreen(session, last.id)) as (app, pilot):
        await press(pilot, "ctrl+up")
        assert "500,004" in app.toasts[0]
        assert prose(app).text == "At last."


async def test_a_small_terminal_shows_the_whole_editor(session: Session) -> None:
    async with showing(EditScreen(session, head(session)), size=(40, 12)) as (app, pilot):
        assert all(part in screen_text(app) for part in ("Turn 3", "wait", "Nobody comes.", "Ctrl+S"))
        await write(pilot, "#words", "very long words " * 30)
        assert "Nobody comes." in screen_text(app)

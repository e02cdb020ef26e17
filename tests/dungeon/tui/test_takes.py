"""The screen of takes: each is shown with its differences, and the player chooses one or none."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Static

from dungeon.play.session import Session
from dungeon.tale.adventure import Node
from dungeon.tui.screens.takes import TakesScreen
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
    yield session
    session.shelf.close()


def three_takes(session: Session) -> list[Node]:
    """Three takes of a second turn; the second is the current one."""
    first = add_turn(session, "go in", "It is dark.")
    takes = []
    for prose in ("You open a door of iron.", "You open a door of glass.", "Nothing at all happens here."):
        session.go_to(first.id)
        takes.append(add_turn(session, "look", prose))
    session.go_to(takes[1].id)
    return takes


def text(app: Host) -> str:
    return widget_text(app, "#text")


def styles(app: Host) -> set[str]:
    content = app.screen.query_one("#text", Static).content
    return {str(span.style) for span in content.spans}  # type: ignore[union-attr]


async def test_left_and_right_show_the_differences_and_enter_chooses(session: Session) -> None:
    takes = three_takes(session)
    async with showing(TakesScreen(session, takes[1].id)) as (app, pilot):
        assert text(app) == "> You look.\n\nYou open a door of glass."
        assert "the one in use" in widget_text(app, "#about")
        await press(pilot, "left")
        assert text(app) == "> You look.\n\nYou open a door of glass. iron."
        assert styles(app) == {"strike $error", "underline $success"}
        assert "Take 1 of 3" in pane_title(app, "#right")
        await press(pilot, "left", "d")  # there is no take further left; d shows the text without differences
        assert text(app) == "> You look.\n\nYou open a door of iron."
        await press(pilot, "right", "right", "right", "enter")
        assert app.results == [True]
    assert reopened(session).adventure.head == takes[2].id


async def test_leaving_or_choosing_the_current_take_changes_nothing(session: Session) -> None:
    takes = three_takes(session)
    for keys in (["left", "escape"], ["left", "right", "enter"]):
        async with showing(TakesScreen(session, takes[1].id)) as (app, pilot):
            await press(pilot, *keys)
            assert app.results == [False]
    assert session.adventure.head == takes[1].id


async def test_a_take_inside_the_branch_is_compared_with_the_current_take(session: Session) -> None:
    takes = three_takes(session)
    later = add_turn(session, "go on", "On you go.")
    async with showing(TakesScreen(session, takes[0].id)) as (app, pilot):
        assert "turn 3" in pane_title(app, "#right")
        assert "It has 1 turn after it" in widget_text(app, "#about")
        await press(pilot, "enter")
        assert app.results == [False]
    assert session.adventure.head == later.id


async def test_a_click_highlights_and_a_double_click_chooses(session: Session) -> None:
    takes = three_takes(session)
    async with showing(TakesScreen(session, takes[1].id), size=(100, 30)) as (app, pilot):
        await pilot.click("#takes", offset=(5, 2))
        assert "Take 3 of 3" in pane_title(app, "#right")
        assert app.results == []
        await pilot.click("#takes", offset=(5, 0), times=2)
        await settle(pilot)
        assert app.results == [True]
    assert session.adventure.head == takes[0].id


async def test_a_single_take_is_shown_without_differences(session: Session) -> None:
    node = add_turn(session, "go in", "It is dark.")
    async with showing(TakesScreen(session, node.id)) as (app, pilot):
        assert "no other yet" in widget_text(app, "#about")
        await press(pilot, "left", "right", "d")
        assert text(app).endswith("It is dark.")


async def test_edited_takes_and_other_actions_are_labelled(session: Session) -> None:
    node = add_turn(session, "go in", "It is dark.")
    session.undo()
    add_turn(session, "run away", "You run.")
    session.go_to(node.id)
    session.edit(node.id, prose="It is bright.")
    async with showing(TakesScreen(session, node.id)) as (app, _):
        assert "(edited) It is bright." in screen_text(app)
        assert "> You run away. You run." in screen_text(app)


async def test_without_colours_brackets_mark_the_differences(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    takes = three_takes(session)
    async with showing(TakesScreen(session, takes[1].id)) as (app, pilot):
        await press(pilot, "left")
        assert text(app).endswith("You open a door of [-glass.-] {+iron.+}")


@pytest.mark.parametrize("size", [(40, 12), (120, 40)])
async def test_list_and_text_are_visible_at_every_size(session: Session, size: tuple[int, int]) -> None:
    takes = three_takes(session)
    async with showing(TakesScreen(session, takes[1].id), size=size) as (app, pilot):
        assert "● 2 You open a door of glass." in screen_text(app)
        assert "> You look." in screen_text(app)
        await press(pilot, "right")
        assert "Take 3 of 3" in screen_text(app)
        await press(pilot, "pagedown", "pagedown")
        assert "at all happens here." in screen_text(app)


async def test_hostile_and_very_long_text_is_shown_as_text(session: Session) -> None:
    add_turn(session, "look", "[bold]one[/] [/x]")
    session.undo()
    node = add_turn(session, "look", "[@click=app.quit]two[/] " + "word " * 400_000)
    async with showing(TakesScreen(session, node.id)) as (app, pilot):
        assert "[@click=app.quit]two[/]" in screen_text(app)
        await press(pilot, "left")
        assert "[bold]one[/] [/x]" in screen_text(app)

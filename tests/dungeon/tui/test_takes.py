"""The takes on the screen: each is shown with what differs, and the player chooses one or none."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Static

from dungeon.play.session import Session
from dungeon.tale.adventure import Node
from dungeon.tui.screens.takes import TakesScreen
from tests.dungeon.host import Host, handled, new_session, page, play, press, reopened, showing, shown


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    session = new_session(tmp_path)
    yield session
    session.shelf.close()


def three_takes(session: Session) -> list[Node]:
    """Of a second turn; the second take is in use."""
    first = play(session, "go in", "It is dark.")
    takes = []
    for prose in ("You open a door of iron.", "You open a door of glass.", "Nothing at all happens here."):
        session.go_to(first.id)
        takes.append(play(session, "look", prose))
    session.go_to(takes[1].id)
    return takes


def text(app: Host) -> str:
    return shown(app, "#text")


def styles(app: Host) -> set[str]:
    content = app.screen.query_one("#text", Static).content
    return {str(span.style) for span in content.spans}  # type: ignore[union-attr]


async def test_left_and_right_show_what_differs_and_enter_chooses(session: Session) -> None:
    takes = three_takes(session)
    async with showing(TakesScreen(session, takes[1].id)) as (app, pilot):
        assert text(app) == "> You look.\n\nYou open a door of glass."
        assert "the one in use" in shown(app, "#about")
        await press(pilot, "left")
        assert text(app) == "> You look.\n\nYou open a door of glass. iron."
        assert styles(app) == {"strike $error", "underline $success"}
        assert "Take 1 of 3" in shown(app, "#about")
        await press(pilot, "left", "d")  # no further; and the text as it is
        assert text(app) == "> You look.\n\nYou open a door of iron."
        await press(pilot, "right", "right", "right", "enter")
        assert app.results == [True]
    assert reopened(session).adventure.head == takes[2].id


async def test_leaving_or_choosing_the_one_in_use_changes_nothing(session: Session) -> None:
    takes = three_takes(session)
    for keys in (["left", "escape"], ["left", "right", "enter"]):
        async with showing(TakesScreen(session, takes[1].id)) as (app, pilot):
            await press(pilot, *keys)
            assert app.results == [False]
    assert session.adventure.head == takes[1].id


async def test_a_take_in_the_middle_of_the_branch_is_compared_with_the_one_in_use(session: Session) -> None:
    takes = three_takes(session)
    later = play(session, "go on", "On you go.")
    async with showing(TakesScreen(session, takes[0].id)) as (app, pilot):
        assert "turn 3" in shown(app, "#about")
        assert "with 1 turn after it" in shown(app, "#about")
        await press(pilot, "enter")
        assert app.results == [False]
    assert session.adventure.head == later.id


async def test_a_click_highlights_and_a_double_click_chooses(session: Session) -> None:
    takes = three_takes(session)
    async with showing(TakesScreen(session, takes[1].id), size=(100, 30)) as (app, pilot):
        await pilot.click("#takes", offset=(5, 2))
        assert "Take 3 of 3" in shown(app, "#about")
        assert app.results == []
        await pilot.click("#takes", offset=(5, 0), times=2)
        await handled(pilot)
        assert app.results == [True]
    assert session.adventure.head == takes[0].id


async def test_the_only_take_says_how_there_could_be_another(session: Session) -> None:
    node = play(session, "go in", "It is dark.")
    async with showing(TakesScreen(session, node.id)) as (app, pilot):
        assert "no other yet" in shown(app, "#about")
        await press(pilot, "left", "right", "d")
        assert text(app).endswith("It is dark.")


async def test_edited_takes_and_other_actions_are_told_apart(session: Session) -> None:
    node = play(session, "go in", "It is dark.")
    session.undo()
    play(session, "run away", "You run.")
    session.go_to(node.id)
    session.edit(node.id, prose="It is bright.")
    async with showing(TakesScreen(session, node.id)) as (app, _):
        assert "(edited) It is bright." in page(app)
        assert "> You run away. You run." in page(app)


async def test_without_colours_brackets_mark_what_differs(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    takes = three_takes(session)
    async with showing(TakesScreen(session, takes[1].id)) as (app, pilot):
        await press(pilot, "left")
        assert text(app).endswith("You open a door of [-glass.-] {+iron.+}")


@pytest.mark.parametrize("size", [(40, 12), (120, 40)])
async def test_list_and_text_are_seen_in_every_size(session: Session, size: tuple[int, int]) -> None:
    takes = three_takes(session)
    async with showing(TakesScreen(session, takes[1].id), size=size) as (app, pilot):
        assert "● 2 You open a door of glass." in page(app)
        assert "> You look." in page(app)
        await press(pilot, "right")
        assert "Take 3 of 3" in page(app)
        await press(pilot, "pagedown", "pagedown")
        assert "at all happens here." in page(app)


async def test_hostile_and_endless_text_is_shown_as_text(session: Session) -> None:
    play(session, "look", "[bold]one[/] [/x]")
    session.undo()
    node = play(session, "look", "[@click=app.quit]two[/] " + "word " * 400_000)
    async with showing(TakesScreen(session, node.id)) as (app, pilot):
        assert "[@click=app.quit]two[/]" in page(app)
        await press(pilot, "left")
        assert "[bold]one[/] [/x]" in page(app)

"""The screen of the story tree: turns are labelled, folded, searched, compared, edited, purged and continued from."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Input
from textual.widgets._footer import FooterKey

from dungeon.errors import DungeonError
from dungeon.play.session import Session
from dungeon.tui.screens.compare import CompareScreen
from dungeon.tui.screens.confirm import ConfirmScreen
from dungeon.tui.screens.edit import EditScreen
from dungeon.tui.screens.takes import TakesScreen
from dungeon.tui.screens.tree import TreeScreen
from dungeon.tui.widgets.footer import KeyFooter
from dungeon.tui.widgets.tree_rows import TreeRows
from tests.dungeon.host import Host, add_turn, new_session, press, reopened, screen_text, settle, showing, widget_text


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """One, Two, Three, and beside Two another branch: Left, Far. The player is at Three."""
    session = new_session(tmp_path)
    add_turn(session, "wait", "One.")
    add_turn(session, "go right", "Two.")
    here = add_turn(session, "wait", "Three.")
    session.go_to(ids(session)["One."])
    add_turn(session, "go left", "Left.")
    add_turn(session, "wait", "Far.")
    session.go_to(here.id)
    yield session
    session.shelf.close()


def ids(session: Session) -> dict[str, int]:
    return {node.prose: node.id for node in session.adventure.nodes.values()}


def saved_head(session: Session) -> str:
    """The prose of the turn at the head, as another process would find it on the disk."""
    adventure = reopened(session).adventure
    return "" if adventure.head is None else adventure.nodes[adventure.head].prose


def rows(app: Host) -> list[str]:
    return [str(option.prompt) for option in app.screen.query_one(TreeRows).options]


def highlighted(app: Host) -> str:
    at = app.screen.query_one(TreeRows).highlighted
    assert at is not None
    return rows(app)[at]


async def test_the_whole_tree_is_listed_with_the_players_turn_highlighted(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, _):
        assert rows(app) == [
            "0 ● The opening",
            "1 ● > You wait. One.",
            "4 ├─○ 2/2 > You go left. Left.",
            "5 │ ○ > You wait. Far.",
            "2 ● 1/2 > You go right. Two.",
            "3 ◉ > You wait. Three.",
        ]
        assert highlighted(app).endswith("Three.")
        assert "5 turns, 2 branches" in screen_text(app)


async def test_the_highlighted_turn_is_shown_and_leaving_changes_nothing(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await press(pilot, "up")
        assert (widget_text(app, "#action"), widget_text(app, "#prose")) == ("> You go right.", "Two.")
        await press(pilot, "home")
        assert widget_text(app, "#prose") == "You stand before the iron door."
        await press(pilot, "escape")
        assert app.results == [False]
    assert saved_head(session) == "Three."


async def test_enter_continues_from_any_turn_and_from_the_opening(session: Session) -> None:
    for keys, place in (("up up", "Far."), ("home", ""), ("down down", "Two.")):
        async with showing(TreeScreen(session)) as (app, pilot):
            await press(pilot, *keys.split(), "enter")
            assert app.results == [True]
        assert saved_head(session) == place


async def test_a_double_click_continues_and_a_click_only_highlights(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await pilot.click("#tree", offset=(10, 3))
        assert highlighted(app).endswith("Far.")
        assert app.results == []
        await pilot.click("#tree", offset=(10, 2), times=2)
        await settle(pilot)
        assert app.results == [True]
    assert saved_head(session) == "Left."


async def test_a_branch_is_folded_and_stays_folded(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await press(pilot, "up", "up", "left", "left")  # to the start of the branch, then fold
        assert rows(app)[2] == "4 ├─▸ 2/2 (1 turn folded) > You go left. Left."
        assert len(rows(app)) == 5
        await press(pilot, "escape")
    async with showing(TreeScreen(reopened(session))) as (app, pilot):
        assert len(rows(app)) == 5
        await press(pilot, "up", "up", "right")
        assert len(rows(app)) == 6
        await press(pilot, "up", "space")  # the first turn: all hangs on it
        assert rows(app)[1:] == ["1 ▸ (you are in here, 4 turns folded) > You wait. One."]
        await press(pilot, "escape")
    async with showing(TreeScreen(reopened(session))) as (app, pilot):
        assert "You wait. One." in highlighted(app)
        await press(pilot, "space")
        assert len(rows(app)) == 6
        await press(pilot, "end", "space")
        assert "Nothing follows" in app.toasts[0]


async def test_turns_are_named_and_bookmarked_and_found_by_key(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await press(pilot, "up", "up", "n", "M", "y", "space", "h", "a", "l", "l", "enter", "b")
        assert highlighted(app) == "5 │ ◆ My hall > You wait. Far."
        await press(pilot, "home", "down", "b", "left_square_bracket")
        assert "My hall" in highlighted(app)  # wraps from the first bookmark to the last
        await press(pilot, "right_square_bracket")
        assert highlighted(app) == "1 ◆ > You wait. One."
        await press(pilot, "b")
        assert highlighted(app) == "1 ● > You wait. One."
        await press(pilot, "escape")
        assert app.results == [True]
    node = reopened(session).adventure.nodes[ids(session)["Far."]]
    assert (node.name, node.bookmarked) == ("My hall", True)


async def test_a_bookmark_in_a_folded_branch_is_found(session: Session) -> None:
    session.label_turn(ids(session)["Far."], bookmarked=True)
    session.label_turn(ids(session)["Left."], folded=True)
    async with showing(TreeScreen(session)) as (app, pilot):
        assert len(rows(app)) == 5
        await press(pilot, "right_square_bracket")
        assert highlighted(app).endswith("Far.")


async def test_naming_can_be_cancelled_and_a_name_removed(session: Session) -> None:
    session.label_turn(ids(session)["Three."], name="Here")
    async with showing(TreeScreen(session)) as (app, pilot):
        await press(pilot, "n", "x", "escape")
        assert "Here > You wait." in highlighted(app)
        await press(pilot, "n", "ctrl+u", "enter")
        assert highlighted(app) == "3 ◉ > You wait. Three."
        assert app.results == []


async def test_search_shows_only_the_turns_that_contain_the_words(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await press(pilot, "slash", "f", "a", "r")
        assert rows(app) == ["5 ○ You wait. Far."]
        await press(pilot, "x")
        assert rows(app) == []
        assert "0 of 5 turns" in screen_text(app)
        await press(pilot, "enter", "enter", "n", "b", "e", "x", "c", "space", "left", "right")  # no row is highlighted
        await press(pilot, "slash", "backspace", "enter", "escape")
        assert len(rows(app)) == 6
        assert highlighted(app).endswith("Far.")  # the turn that the search found
        await press(pilot, "enter")
        assert app.results == [True]
    assert saved_head(session) == "Far."


async def test_escape_closes_the_search_before_the_tree(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await press(pilot, "slash", "t", "w", "o", "escape")
        assert len(rows(app)) == 6
        assert not app.screen.query_one(Input).display
        assert app.results == []


async def test_two_branches_are_compared_from_the_turn_where_they_diverge(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await press(pilot, "c", "up", "up")
        assert any("⇄" in row for row in rows(app))
        await press(pilot, "c")
        assert isinstance(app.screen, CompareScreen)
        assert "part after turn 1" in widget_text(app, "#about")
        assert widget_text(app, "#text") == "> You go right.\n\nTwo.\n\nleft.\n\nLeft.\n\n> You wait.\n\nThree. Far."
        await press(pilot, "d")
        assert widget_text(app, "#text") == "> You go right.\n\nTwo.\n\n> You wait.\n\nThree."
        await press(pilot, "d")
        assert widget_text(app, "#text") == "> You go left.\n\nLeft.\n\n> You wait.\n\nFar."
        await press(pilot, "escape")
        assert isinstance(app.screen, TreeScreen)
        await press(pilot, "c", "c")  # on the same turn: no longer picked
        assert not any("⇄" in row for row in rows(app))


async def test_a_turn_is_compared_with_an_earlier_one_on_its_path(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await press(pilot, "up", "c", "down", "c")
        assert "goes on where the other ends" in widget_text(app, "#about")
        assert widget_text(app, "#text") == "> You wait.\n\nThree."
        await press(pilot, "d")
        assert "Nothing" in widget_text(app, "#text")


async def test_a_turn_is_edited_and_the_tree_shows_both(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await press(pilot, "up", "e")
        assert isinstance(app.screen, EditScreen)
        await press(pilot, "space", "N", "o", "ctrl+s")
        assert highlighted(app) == "6 ● 3/3 (edited) > You go right. Two. No"
        assert "2 ├─○ 1/3 (before an edit) Two." in rows(app)
        await press(pilot, "escape")
        assert app.results == [True]
    assert [node.prose for node in reopened(session).adventure.path()] == ["One.", "Two. No", "Three."]


async def test_the_takes_of_a_turn_are_opened_from_the_tree(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await press(pilot, "up", "t")
        assert isinstance(app.screen, TakesScreen)
        await press(pilot, "right", "enter")
        assert isinstance(app.screen, TreeScreen)
        assert "4 ◉ 2/2 > You go left. Left." in rows(app)
    assert saved_head(session) == "Left."


async def test_a_branch_is_purged_only_after_confirmation(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await press(pilot, "home", "down", "down", "x")
        assert isinstance(app.screen, ConfirmScreen)
        assert "2 turns, 5 words" in widget_text(app, "#question")
        await press(pilot, "enter")
        assert len(rows(app)) == 6
        await press(pilot, "x", "escape", "x", "n")
        assert len(reopened(session).adventure.nodes) == 5
        await press(pilot, "x", "right", "enter")
        assert len(rows(app)) == 4
        assert highlighted(app) == "1 ● > You wait. One."
        await press(pilot, "end", "x", "y")
        assert highlighted(app) == "2 ◉ > You go right. Two."
        await press(pilot, "escape")
        assert app.results == [True]
    assert set(ids(reopened(session))) == {"One.", "Two."}
    assert saved_head(session) == "Two."


async def test_the_opening_can_t_be_changed(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await press(pilot, "home")
        for key in "nbectx":
            await press(pilot, key)
        assert len(app.toasts) == 6
        assert isinstance(app.screen, TreeScreen)
    assert len(reopened(session).adventure.nodes) == 5


async def test_a_failed_write_is_reported(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise DungeonError("The disk is full.")

    monkeypatch.setattr(session.shelf, "save_head", full)
    async with showing(TreeScreen(session)) as (app, pilot):
        await press(pilot, "home", "enter")
        assert (app.toasts, app.results) == (["The disk is full."], [])


# ---- long and hostile adventures -----------------------------------------------------------------------------------


def long_adventure(session: Session, turns: int) -> None:
    for number in range(turns):
        add_turn(session, "walk on", f"Step {number}.")


async def test_a_run_of_turns_without_branches_is_collapsed_and_expanded(session: Session) -> None:
    long_adventure(session, 30)
    async with showing(TreeScreen(session), size=(80, 24)) as (app, pilot):
        short = len(rows(app))
        await press(pilot, "up", "up", "up")
        assert "⋮ … 28 turns …" in highlighted(app)
        assert "28 turns" in widget_text(app, "#about")
        await press(pilot, "b")
        assert "several turns" in app.toasts[0]
        await press(pilot, "enter")
        assert len(rows(app)) == short + 27
        assert "Three." in highlighted(app)
        await press(pilot, "down", "down", "left")
        assert len(rows(app)) == short
        assert "28 turns" in highlighted(app)
        await press(pilot, "a")
        assert len(rows(app)) == 36
        await press(pilot, "a", "h")
        assert len(rows(app)) == short
        assert "Step 29." in highlighted(app)


async def test_hostile_text_and_names_are_shown_as_text(session: Session) -> None:
    node = add_turn(session, "[/x] [@click=app.quit]y", "[bold]red[/bold] [/] שלום 🐉")
    session.label_turn(node.id, name="[/] [red]")
    session.adventure.title = "[/] [blink]"
    async with showing(TreeScreen(session)) as (app, pilot):
        for part in ("[/] [red]", "[@click=app.quit]y", "[bold]red[/bold] [/]", "[/] [blink]"):
            assert part in screen_text(app)
        await press(pilot, "slash", "left_square_bracket", "slash")
        assert "have “[/”" in screen_text(app)


@pytest.mark.parametrize("size", [(40, 12), (120, 40)])
async def test_tree_and_text_are_visible_at_every_size(session: Session, size: tuple[int, int]) -> None:
    async with showing(TreeScreen(session), size=size) as (app, pilot):
        assert "3 ◉ > You wait. Three." in screen_text(app)
        footer = screen_text(app).splitlines()[-1]
        assert "? Keys" in footer
        assert "Esc Back" in footer
        await press(pilot, "question_mark")
        assert "go on from" in screen_text(app)
        await press(pilot, "question_mark", "n")
        assert "A name for this place" in screen_text(app)


async def test_the_list_of_keys_has_every_key_of_the_footer_and_the_signs(session: Session) -> None:
    async with showing(TreeScreen(session), size=(110, 60)) as (app, pilot):
        shown = [key for key in app.screen.query_one(KeyFooter).query(FooterKey) if key.key != "escape"]
        await press(pilot, "question_mark")
        page = [line.strip(" │").split("  ")[0] for line in screen_text(app).splitlines()]
        assert {key.key_display for key in shown} <= set(page)
        assert "◆ is a bookmark" in screen_text(app)


async def test_random_keys_leave_every_turn_on_the_disk(session: Session) -> None:
    long_adventure(session, 8)
    before = reopened(session).adventure.nodes
    keys = ["up", "down", "left", "right", "space", "b", "c", "t", "a", "h", "x", "n", "slash", "escape", "home", "end"]
    keys += ["left_square_bracket", "right_square_bracket", "d", "question_mark"]
    chance = random.Random(3)
    for _ in range(2):
        async with showing(TreeScreen(session)) as (app, pilot):
            await press(pilot, *(chance.choice(keys) for _ in range(100)))
            assert app.is_running
        now = reopened(session).adventure.nodes
        assert {node.prose for node in now.values()} == {node.prose for node in before.values()}

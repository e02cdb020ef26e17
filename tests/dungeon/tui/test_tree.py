"""The story tree on the screen: walked, marked, folded, searched, compared, edited, purged, and gone on from."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Input

from dungeon.errors import DungeonError
from dungeon.play.session import Session
from dungeon.tui.screens.compare import CompareScreen
from dungeon.tui.screens.confirm import ConfirmScreen
from dungeon.tui.screens.edit import EditScreen
from dungeon.tui.screens.takes import TakesScreen
from dungeon.tui.screens.tree import TreeScreen
from dungeon.tui.widgets.tree_rows import TreeRows
from tests.dungeon.host import Host, page, play, reopened, seated, showing, shown


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """One, Two, Three, and beside Two another way: Left, Far. The player stands on Three."""
    session = seated(tmp_path)
    play(session, "wait", "One.")
    play(session, "go right", "Two.")
    here = play(session, "wait", "Three.")
    session.go_to(ids(session)["One."])
    play(session, "go left", "Left.")
    play(session, "wait", "Far.")
    session.go_to(here.id)
    yield session
    session.shelf.close()


def ids(session: Session) -> dict[str, int]:
    return {node.prose: node.id for node in session.adventure.nodes.values()}


def here(session: Session) -> str:
    """Where the player stands, as another process would find it."""
    adventure = reopened(session).adventure
    return "" if adventure.head is None else adventure.nodes[adventure.head].prose


def rows(app: Host) -> list[str]:
    return [str(option.prompt) for option in app.screen.query_one(TreeRows).options]


def marked(app: Host) -> str:
    """The row under the mark."""
    at = app.screen.query_one(TreeRows).highlighted
    assert at is not None
    return rows(app)[at]


async def test_the_whole_tree_is_there_and_the_player_in_it(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, _):
        assert rows(app) == [
            "0 ● The opening",
            "1 ● > You wait. One.",
            "4 ├─○ 2/2 > You go left. Left.",
            "5 │ ○ > You wait. Far.",
            "2 ● 1/2 > You go right. Two.",
            "3 ◉ > You wait. Three.",
        ]
        assert marked(app).endswith("Three.")
        assert "5 turns, 2 ends" in page(app)


async def test_walking_shows_each_turn_and_leaving_moves_nobody(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await pilot.press("up")
        assert (shown(app, "#action"), shown(app, "#prose")) == ("> You go right.", "Two.")
        await pilot.press("home")
        assert shown(app, "#prose") == "You stand before the iron door."
        await pilot.press("escape")
        await pilot.pause()
        assert app.results == [False]
    assert here(session) == "Three."


async def test_enter_goes_on_from_any_turn_and_from_the_opening(session: Session) -> None:
    for keys, place in (("up up", "Far."), ("home", ""), ("down down", "Two.")):
        async with showing(TreeScreen(session)) as (app, pilot):
            await pilot.press(*keys.split(), "enter")
            await pilot.pause()
            assert app.results == [True]
        assert here(session) == place


async def test_a_double_click_goes_on_a_click_only_marks(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await pilot.click("#tree", offset=(10, 3))
        assert marked(app).endswith("Far.")
        assert app.results == []
        await pilot.click("#tree", offset=(10, 2), times=2)
        await pilot.pause()
        assert app.results == [True]
    assert here(session) == "Left."


async def test_a_branch_is_folded_and_stays_folded(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await pilot.press("up", "up", "left", "left")  # to its beginning, then fold
        assert rows(app)[2] == "4 ├─▸ 2/2 (1 turn folded) > You go left. Left."
        assert len(rows(app)) == 5
        await pilot.press("escape")
    async with showing(TreeScreen(reopened(session))) as (app, pilot):
        assert len(rows(app)) == 5
        await pilot.press("up", "up", "right")
        assert len(rows(app)) == 6
        await pilot.press("up", "space")  # the first turn: all hangs on it
        assert rows(app)[1:] == ["1 ▸ (you are in here, 4 turns folded) > You wait. One."]
        await pilot.press("escape")
    async with showing(TreeScreen(reopened(session))) as (app, pilot):
        assert "You wait. One." in marked(app)
        await pilot.press("space")
        assert len(rows(app)) == 6
        await pilot.press("end", "space")
        assert app.toasts == ["Nothing follows this turn."]


async def test_places_are_named_and_bookmarked_and_found_again(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await pilot.press("up", "up", "n", "M", "y", "space", "h", "a", "l", "l", "enter", "b")
        assert marked(app) == "5 │ ◆ My hall > You wait. Far."
        await pilot.press("home", "down", "b", "left_square_bracket")
        assert "My hall" in marked(app)  # from the first round to the last
        await pilot.press("right_square_bracket")
        assert marked(app) == "1 ◆ > You wait. One."
        await pilot.press("b")
        assert marked(app) == "1 ● > You wait. One."
        await pilot.press("escape")
        await pilot.pause()
        assert app.results == [True]
    node = reopened(session).adventure.nodes[ids(session)["Far."]]
    assert (node.name, node.bookmarked) == ("My hall", True)


async def test_a_bookmark_in_what_is_folded_is_found(session: Session) -> None:
    session.label_turn(ids(session)["Far."], bookmarked=True)
    session.label_turn(ids(session)["Left."], folded=True)
    async with showing(TreeScreen(session)) as (app, pilot):
        assert len(rows(app)) == 5
        await pilot.press("right_square_bracket")
        assert marked(app).endswith("Far.")


async def test_naming_can_be_left_and_a_name_taken_away(session: Session) -> None:
    session.label_turn(ids(session)["Three."], name="Here")
    async with showing(TreeScreen(session)) as (app, pilot):
        await pilot.press("n", "x", "escape")
        assert "Here > You wait." in marked(app)
        await pilot.press("n", "ctrl+u", "enter")
        assert marked(app) == "3 ◉ > You wait. Three."
        assert app.results == []


async def test_search_leaves_the_turns_with_the_words(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await pilot.press("slash", "f", "a", "r")
        assert rows(app) == ["5 ○ You wait. Far."]
        await pilot.press("x")
        assert rows(app) == []
        assert "0 of 5 turns" in page(app)
        await pilot.press("enter", "enter", "n", "b", "e", "x", "c", "space", "left", "right")  # nothing is marked
        await pilot.press("slash", "backspace", "enter", "escape")
        assert len(rows(app)) == 6
        assert marked(app).endswith("Far.")  # where the search led
        await pilot.press("enter")
        await pilot.pause()
        assert app.results == [True]
    assert here(session) == "Far."


async def test_escape_leaves_the_search_first(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await pilot.press("slash", "t", "w", "o", "escape")
        assert len(rows(app)) == 6
        assert not app.screen.query_one(Input).display
        assert app.results == []


async def test_two_branches_are_compared_from_where_they_part(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await pilot.press("c", "up", "up")
        assert any("⇄" in row for row in rows(app))
        await pilot.press("c")
        assert isinstance(app.screen, CompareScreen)
        assert "part after turn 1" in shown(app, "#about")
        assert shown(app, "#text") == "> You go right. left.\n\nTwo. Left.\n\n> You wait.\n\nThree. Far."
        await pilot.press("d")
        assert shown(app, "#text") == "> You go right.\n\nTwo.\n\n> You wait.\n\nThree."
        await pilot.press("d")
        assert shown(app, "#text") == "> You go left.\n\nLeft.\n\n> You wait.\n\nFar."
        await pilot.press("escape")
        assert isinstance(app.screen, TreeScreen)
        await pilot.press("c", "c")  # on the same turn: no longer marked
        assert not any("⇄" in row for row in rows(app))


async def test_a_turn_is_compared_with_one_before_it(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await pilot.press("up", "c", "down", "c")
        assert "on the way to the other" in shown(app, "#about")
        assert shown(app, "#text") == "> You wait.\n\nThree."
        await pilot.press("d")
        assert "Nothing" in shown(app, "#text")


async def test_a_turn_is_edited_and_the_tree_shows_both(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await pilot.press("up", "e")
        assert isinstance(app.screen, EditScreen)
        await pilot.press("N", "o", "space", "ctrl+s")
        await pilot.pause()
        assert marked(app) == "6 ● 3/3 (edited) > You go right. No Two."
        assert "2 ├─○ 1/3 (before an edit) Two." in rows(app)
        await pilot.press("escape")
        await pilot.pause()
        assert app.results == [True]
    assert [node.prose for node in reopened(session).adventure.path()] == ["One.", "No Two.", "Three."]


async def test_the_takes_of_a_turn(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await pilot.press("up", "t")
        assert isinstance(app.screen, TakesScreen)
        await pilot.press("right", "enter")
        await pilot.pause()
        assert isinstance(app.screen, TreeScreen)
        assert "4 ◉ 2/2 > You go left. Left." in rows(app)
    assert here(session) == "Left."


async def test_a_branch_is_purged_only_when_that_is_confirmed(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await pilot.press("home", "down", "down", "x")
        assert isinstance(app.screen, ConfirmScreen)
        assert "2 turns, 5 words" in shown(app, "#question")
        await pilot.press("enter")
        assert len(rows(app)) == 6
        await pilot.press("x", "escape", "x", "n")
        assert len(reopened(session).adventure.nodes) == 5
        await pilot.press("x", "right", "enter")
        await pilot.pause()
        assert len(rows(app)) == 4
        assert marked(app) == "1 ● > You wait. One."
        await pilot.press("end", "x", "y")
        await pilot.pause()
        assert marked(app) == "2 ◉ > You go right. Two."
        await pilot.press("escape")
        await pilot.pause()
        assert app.results == [True]
    assert set(ids(reopened(session))) == {"One.", "Two."}
    assert here(session) == "Two."


async def test_the_opening_stays_as_it_is(session: Session) -> None:
    async with showing(TreeScreen(session)) as (app, pilot):
        await pilot.press("home")
        for key in "nbectx":
            await pilot.press(key)
        assert len(app.toasts) == 6
        assert isinstance(app.screen, TreeScreen)
    assert len(reopened(session).adventure.nodes) == 5


async def test_a_shelf_that_can_t_be_written_is_told(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise DungeonError("The disk is full.")

    monkeypatch.setattr(session.shelf, "save_head", full)
    async with showing(TreeScreen(session)) as (app, pilot):
        await pilot.press("home", "enter")
        await pilot.pause()
        assert (app.toasts, app.results) == (["The disk is full."], [])


# ---- long and odd tales --------------------------------------------------------------------------------------


def long_tale(session: Session, turns: int) -> None:
    for number in range(turns):
        play(session, "walk on", f"Step {number}.")


async def test_a_long_way_is_opened_and_closed(session: Session) -> None:
    long_tale(session, 30)
    async with showing(TreeScreen(session), size=(80, 24)) as (app, pilot):
        short = len(rows(app))
        await pilot.press("up", "up", "up")
        assert "⋮ … 28 turns …" in marked(app)
        assert "28 turns" in shown(app, "#about")
        await pilot.press("b")
        assert "several turns" in app.toasts[0]
        await pilot.press("enter")
        assert len(rows(app)) == short + 27
        assert "Three." in marked(app)
        await pilot.press("down", "down", "left")
        assert len(rows(app)) == short
        assert "28 turns" in marked(app)
        await pilot.press("a")
        assert len(rows(app)) == 36
        await pilot.press("a", "h")
        assert len(rows(app)) == short
        assert "Step 29." in marked(app)


async def test_hostile_text_and_names_are_text(session: Session) -> None:
    node = play(session, "[/x] [@click=app.quit]y", "[bold]red[/bold] [/] שלום 🐉")
    session.label_turn(node.id, name="[/] [red]")
    session.adventure.title = "[/] [blink]"
    async with showing(TreeScreen(session)) as (app, pilot):
        for part in ("[/] [red]", "[@click=app.quit]y", "[bold]red[/bold] [/]", "[/] [blink]"):
            assert part in page(app)
        await pilot.press("slash", "left_square_bracket", "slash")
        assert "have “[/”" in page(app)


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40)])
async def test_tree_and_text_fit_every_size(session: Session, size: tuple[int, int]) -> None:
    async with showing(TreeScreen(session), size=size) as (app, pilot):
        assert "3 ◉ > You wait. Three." in page(app)
        assert "? keys · Esc back" in page(app)
        await pilot.press("question_mark")
        assert "walk" in page(app)
        await pilot.press("question_mark", "n")
        assert "A name for this place" in page(app)


async def test_any_keys_in_any_order_leave_every_turn_on_the_disk(session: Session) -> None:
    long_tale(session, 8)
    before = reopened(session).adventure.nodes
    keys = ["up", "down", "left", "right", "space", "b", "c", "t", "a", "h", "x", "n", "slash", "escape", "home", "end"]
    keys += ["left_square_bracket", "right_square_bracket", "d", "question_mark"]
    chance = random.Random(3)
    for _ in range(2):
        async with showing(TreeScreen(session)) as (app, pilot):
            await pilot.press(*(chance.choice(keys) for _ in range(100)))
            assert app.is_running
        now = reopened(session).adventure.nodes
        assert {node.prose for node in now.values()} == {node.prose for node in before.values()}

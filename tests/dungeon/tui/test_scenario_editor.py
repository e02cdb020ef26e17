"""Writing a scenario: an opening alone is enough, and what was written is not lost."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from dungeon.errors import DungeonError
from dungeon.paths import scenarios_folder
from dungeon.scenarios.drafts import load_draft
from dungeon.scenarios.model import Placeholder, Scenario, fill_placeholders
from dungeon.scenarios.user import find_scenario, save_scenario, user_scenarios
from dungeon.tale.lore import Card
from dungeon.tui.screens.ask import AskScreen
from dungeon.tui.screens.confirm import ConfirmScreen
from dungeon.tui.screens.scenario_editor import ScenarioEditor, cards_from_lines, cards_to_lines
from dungeon.tui.themes import textual_themes
from tests.dungeon.host import Host, page, shown

CARDS = (Card(("Berrin", "old man"), "He waits.\n\nHe is old: very."), Card((), "It is night.", always=True, depth=9))
OPENING = "You are a cook on a small grey ship."


@asynccontextmanager
async def writing(
    scenario: Scenario | None = None, name: str = "", size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Host, Pilot[None]]]:
    app = Host()
    async with app.run_test(size=size) as pilot:
        app.push_screen(ScenarioEditor(scenario, name), app.results.append)
        await pilot.pause()
        yield app, pilot


def write(app: Host, field: str, text: str) -> None:
    widget = app.screen.query_one(f"#own-{field}")
    if isinstance(widget, TextArea):
        widget.text = text
    else:
        assert isinstance(widget, Input)
        widget.value = text


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


# ---- beginning ---------------------------------------------------------------------------------------------------


async def test_an_opening_alone_begins() -> None:
    async with writing() as (app, pilot):
        assert not app.screen.query_one("#folded").display
        await press(pilot, "ctrl+s")
        assert isinstance(app.screen, ScenarioEditor), "there is nothing to begin yet"
        write(app, "opening", OPENING)
        await press(pilot, "ctrl+s")
        assert app.results == [Scenario("You are a cook on a", OPENING)]
        assert load_draft("") == {}


async def test_all_fields_are_taken() -> None:
    async with writing() as (app, pilot):
        await press(pilot, "f3")
        assert app.screen.query_one("#folded").display
        for field, text in {
            "title": "  The \x1b Ship ",
            "opening": OPENING,
            "genre": "sea",
            "memory": "You cook.\n> You obey.",
            "note": "Salty.",
            "actions": 'Stir the soup\n\n"Who is hungry?"\n',
            "cards": cards_to_lines(CARDS),
        }.items():
            write(app, field, text)
        await press(pilot, "ctrl+s")
    assert app.results == [
        Scenario(
            "The Ship",
            OPENING,
            genre="sea",
            memory="You cook.\nYou obey.",
            note="Salty.",
            cards=CARDS,
            actions=("Stir the soup", '"Who is hungry?"'),
        )
    ]


async def test_what_stands_in_dollar_signs_is_asked_for_before_it_begins() -> None:
    async with writing() as (app, pilot):
        write(app, "opening", "You are ${name} of ${town}.")
        await pilot.pause()
        assert shown(app, "#asked") == "Asked at the start: name, town"
        await press(pilot, "ctrl+s")
        assert isinstance(app.screen, AskScreen)
        await press(pilot, "escape")
        assert isinstance(app.screen, ScenarioEditor), "what was written is still there"
        await press(pilot, "ctrl+s", "B", "o", "enter", "enter")
    (scenario,) = app.results
    assert isinstance(scenario, Scenario)
    assert (scenario.opening, scenario.placeholders) == ("You are Bo of town.", ())


async def test_a_card_that_is_none_is_told_with_its_number() -> None:
    async with writing() as (app, pilot):
        write(app, "opening", OPENING)
        write(app, "cards", "Berrin: He waits.\nNo colon here")
        await press(pilot, "f2")
        assert app.toasts[0].startswith("Card 2 (No colon here")
        assert user_scenarios() == ([], [])


# ---- keeping -----------------------------------------------------------------------------------------------------


async def test_it_is_kept_as_a_file_to_share_and_kept_again_in_the_same_place() -> None:
    async with writing() as (app, pilot):
        write(app, "title", "The Ship")
        write(app, "opening", "You are ${name}.")
        await press(pilot, "f2")
        path = scenarios_folder() / "the-ship.toml"
        assert app.toasts == [f"Kept. To share it, send the file {path}"]
        write(app, "title", "The Other Ship")
        await press(pilot, "f2", "escape")
        assert app.results == [None], "nothing is lost, so nothing is asked"
    ((kept,), _) = user_scenarios()
    assert (kept.name, kept.title) == ("the-ship", "The Other Ship")
    assert kept.placeholders == (Placeholder("name", "What is your name?", "Robin"),)
    assert load_draft("") == {}


async def test_one_that_is_edited_keeps_its_questions_and_what_it_no_longer_asks_goes() -> None:
    asked = (Placeholder("name", "Who are you?", "Ada"), Placeholder("town", "Where?", "Lund"))
    save_scenario(Scenario("The Gate", "You are ${name} of ${town}.", cards=CARDS, placeholders=asked))
    async with writing(find_scenario("the-gate"), "the-gate") as (app, pilot):
        assert app.screen.query_one("#folded").display, "there is something in it"
        write(app, "opening", "You are ${name}, a ${trade}.")
        await press(pilot, "f2")
    ((kept,), _) = user_scenarios()
    assert kept.placeholders == (asked[0], Placeholder("trade", "What is the trade?", "trade"))
    assert kept.cards == CARDS


@pytest.mark.parametrize("name", ["iron-door", "the-hamster-inspection"])
async def test_one_of_ours_comes_through_the_editor_as_it_was(name: str) -> None:
    ours = find_scenario(name)
    async with writing(ours) as (_, pilot):
        await press(pilot, "f2")
    ((kept,), _) = user_scenarios()
    assert kept.name != ours.name
    assert fill_placeholders(kept, {"hamster": "Bo"}).lore == fill_placeholders(ours, {"hamster": "Bo"}).lore
    assert (kept.opening, kept.genre, kept.actions, kept.placeholders) == (
        ours.opening,
        ours.genre,
        ours.actions,
        ours.placeholders,
    )


# ---- not losing --------------------------------------------------------------------------------------------------


async def test_escape_asks_before_it_throws_anything_away() -> None:
    async with writing() as (app, pilot):
        await press(pilot, *"You", "escape")
        assert isinstance(app.screen, ConfirmScreen)
        await press(pilot, "enter")
        assert app.screen.query_one("#own-opening", TextArea).text == "You"
        await press(pilot, "escape", "y")
        assert app.results == [None]
    async with writing() as (app, pilot):
        assert app.screen.query_one("#own-opening", TextArea).text == ""
        await press(pilot, "escape")
        assert app.results == [None]


async def test_what_was_written_when_the_game_ended_is_there_the_next_time() -> None:
    async with writing() as (app, pilot):
        await press(pilot, *"You")
        write(app, "memory", "A cook.")
        await pilot.pause()
    async with writing() as (app, pilot):
        assert app.screen.query_one("#own-opening", TextArea).text == "You"
        assert app.screen.query_one("#own-memory", TextArea).text == "A cook."
        assert app.toasts == ["Here is what you wrote last. Esc throws it away."]
        await press(pilot, "escape", "y")
    assert load_draft("") == {}


async def test_a_draft_belongs_to_what_was_edited() -> None:
    save_scenario(Scenario("The Gate", "You wait."))
    async with writing(find_scenario("the-gate"), "the-gate") as (app, pilot):
        write(app, "opening", "You wait and wait.")
        await pilot.pause()
    async with writing() as (app, _):
        assert app.screen.query_one("#own-opening", TextArea).text == ""
    async with writing(find_scenario("the-gate"), "the-gate") as (app, _):
        assert app.screen.query_one("#own-opening", TextArea).text == "You wait and wait."


async def test_a_disk_that_takes_nothing_is_told_and_the_text_stays() -> None:
    scenarios_folder().parent.mkdir(parents=True)
    scenarios_folder().write_text("in the way")
    async with writing() as (app, pilot):
        write(app, "opening", OPENING)
        await press(pilot, "f2")
        assert "can't be" in app.toasts[-1]
        assert app.screen.query_one("#own-opening", TextArea).text == OPENING
        await press(pilot, "ctrl+s")
        assert app.results == [Scenario("You are a cook on a", OPENING)]


# ---- cards as lines ----------------------------------------------------------------------------------------------


def test_cards_as_lines_come_back() -> None:
    assert cards_from_lines(cards_to_lines(CARDS)) == CARDS
    assert cards_to_lines(CARDS).split("\n")[0] == "Berrin, old man: He waits."
    assert cards_from_lines("\n\n a: b\n\n\nc: d\n") == (Card(("a",), "b"), Card(("c",), "d"))
    assert cards_from_lines("") == ()
    with pytest.raises(DungeonError, match=r"Card 2 \(c:"):
        cards_from_lines("a: b\nc:")


# ---- small and large ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40)])
async def test_it_is_usable_in_any_size(size: tuple[int, int]) -> None:
    async with writing(size=size) as (app, pilot):
        area = app.screen.query_one("#own-opening")
        assert area.region.height >= 3
        for button in ("#begin", "#keep", "#more"):
            assert app.screen.query_one(button).region.bottom <= size[1]
        assert "More (F3)" in page(app)
        await press(pilot, "f3")
        app.screen.query_one("#own-cards").focus()
        await pilot.pause()
        assert app.screen.query_one("#form").region.overlaps(app.screen.query_one("#own-cards").region)


async def test_hostile_text_is_text() -> None:
    async with writing() as (app, pilot):
        write(app, "opening", "[bold]You[/] [@click=app.quit]wait\x1b[31m. ${[bold]} ${x}")
        write(app, "cards", "[@click=app.quit]x[/]")
        await press(pilot, "f2")
        assert app.is_running
        write(app, "cards", "")
        await press(pilot, "ctrl+s", "ctrl+s")
    (scenario,) = app.results
    assert isinstance(scenario, Scenario)
    assert scenario.opening == "[bold]You[/] [@click=app.quit]wait[31m. ${[bold]} x"


@pytest.mark.parametrize("theme", ["lamplight", "parchment"])
@pytest.mark.parametrize("size", [(100, 40), (40, 12)], ids=["100", "40"])
@pytest.mark.parametrize("what", ["opening", "all", "asked"])
def test_snapshot(snap_compare: Callable[..., bool], what: str, size: tuple[int, int], theme: str) -> None:
    hamster = find_scenario("the-hamster-inspection")
    screens = {"opening": ScenarioEditor(), "all": ScenarioEditor(hamster), "asked": AskScreen(hamster)}
    app = Host()

    async def written(pilot: Pilot[None]) -> None:
        for made in textual_themes():
            app.register_theme(made)
        app.theme = theme
        await app.push_screen(screens[what])
        for field in app.screen.query(Input):
            field.cursor_blink = False
        for area in app.screen.query(TextArea):
            area.cursor_blink = False
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=written)

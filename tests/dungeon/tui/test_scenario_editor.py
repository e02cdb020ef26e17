"""The scenario editor: an opening alone is enough, and no text is lost."""

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
from tests.dungeon.host import Host, press, screen_text, settle, showing, stop_blinking, wait_until, widget_text

CARDS = (Card(("Berrin", "old man"), "He waits.\n\nHe is old: very."), Card((), "It is night.", always=True, depth=9))
OPENING = "You are a cook on a small grey ship."


@asynccontextmanager
async def writing(
    scenario: Scenario | None = None, name: str = "", size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Host, Pilot[None]]]:
    async with showing(ScenarioEditor(scenario, name), size) as (app, pilot):
        yield app, pilot


def write(app: Host, field: str, text: str) -> None:
    widget = app.screen.query_one(f"#own-{field}")
    if isinstance(widget, TextArea):
        widget.text = text
    else:
        assert isinstance(widget, Input)
        widget.value = text


# ---- beginning ---------------------------------------------------------------------------------------------------


async def test_an_opening_alone_is_enough_to_begin() -> None:
    async with writing() as (app, pilot):
        assert not app.screen.query_one("#folded").display
        await press(pilot, "ctrl+s")
        assert isinstance(app.screen, ScenarioEditor), "there is no opening yet"
        write(app, "opening", OPENING)
        await press(pilot, "ctrl+s")
        assert app.results == [Scenario("You are a cook on a", OPENING)]
        assert load_draft("") == {}


async def test_all_fields_go_into_the_scenario() -> None:
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


async def test_placeholders_are_asked_for_before_the_adventure_begins() -> None:
    async with writing() as (app, pilot):
        write(app, "opening", "You are ${name} of ${town}.")
        await settle(pilot)
        assert widget_text(app, "#questions") == "Asked at the start: name, town"
        await press(pilot, "ctrl+s")
        assert isinstance(app.screen, AskScreen)
        await press(pilot, "escape")
        assert isinstance(app.screen, ScenarioEditor), "the text is still there"
        await press(pilot, "ctrl+s", "B", "o", "enter", "enter")
    (scenario,) = app.results
    assert isinstance(scenario, Scenario)
    assert (scenario.opening, scenario.placeholders) == ("You are Bo of town.", ())


async def test_a_question_in_an_opening_needs_an_answer() -> None:
    async with writing() as (app, pilot):
        write(app, "opening", "You are ${Who are you?} of ${town}. [bold]${Who are you?}[/] waits.")
        await press(pilot, "ctrl+s", "enter", "enter")
        assert isinstance(app.screen, AskScreen)
        assert app.toasts == ["This needs an answer: Who are you?"]
        await press(pilot, "B", "o", "ctrl+s")
    (scenario,) = app.results
    assert isinstance(scenario, Scenario)
    assert scenario.opening == "You are Bo of town. [bold]Bo[/] waits."


async def test_an_invalid_card_is_reported_with_its_number() -> None:
    async with writing() as (app, pilot):
        write(app, "opening", OPENING)
        write(app, "cards", "Berrin: He waits.\nNo colon here")
        await press(pilot, "f2")
        assert app.toasts[0].startswith("Card 2 (No colon here")
        assert user_scenarios() == ([], [])


# ---- saving ------------------------------------------------------------------------------------------------------


async def test_saving_writes_a_file_and_saving_again_replaces_it() -> None:
    async with writing() as (app, pilot):
        write(app, "title", "The Ship")
        write(app, "opening", "You are ${name}.")
        await press(pilot, "f2")
        path = scenarios_folder() / "the-ship.toml"
        assert str(path) in app.toasts[0]
        write(app, "title", "The Other Ship")
        await press(pilot, "f2", "escape")
        assert app.results == [None], "everything is saved, so nothing is asked"
    ((saved,), _) = user_scenarios()
    assert (saved.name, saved.title) == ("the-ship", "The Other Ship")
    assert saved.placeholders == (Placeholder("name", "What is your name?", "Robin"),)
    assert load_draft("") == {}


async def test_a_question_is_saved_while_its_placeholder_is_used() -> None:
    asked = (Placeholder("name", "Who are you?", "Ada"), Placeholder("town", "Where?", "Lund"))
    save_scenario(Scenario("The Gate", "You are ${name} of ${town}.", cards=CARDS, placeholders=asked))
    async with writing(find_scenario("the-gate"), "the-gate") as (app, pilot):
        assert app.screen.query_one("#folded").display, "one of the folded fields has text"
        write(app, "opening", "You are ${name}, a ${trade}.")
        await press(pilot, "f2")
    ((saved,), _) = user_scenarios()
    assert saved.placeholders == (asked[0], Placeholder("trade", "What is the trade?", "trade"))
    assert saved.cards == CARDS


@pytest.mark.parametrize("name", ["iron-door", "the-hamster-inspection"])
async def test_a_built_in_scenario_is_copied_unchanged(name: str) -> None:
    built_in = find_scenario(name)
    async with writing(built_in) as (_, pilot):
        await press(pilot, "f2")
    ((saved,), _) = user_scenarios()
    assert saved.name != built_in.name
    assert fill_placeholders(saved, {"hamster": "Bo"}).lore == fill_placeholders(built_in, {"hamster": "Bo"}).lore
    assert (saved.opening, saved.genre, saved.actions, saved.placeholders) == (
        built_in.opening,
        built_in.genre,
        built_in.actions,
        built_in.placeholders,
    )


# ---- drafts ------------------------------------------------------------------------------------------------------


async def test_escape_asks_before_it_discards_text() -> None:
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


async def test_text_that_was_not_saved_is_restored_the_next_time() -> None:
    async with writing() as (app, pilot):
        await press(pilot, *"You")
        write(app, "memory", "A cook.")
        await settle(pilot)
    async with writing() as (app, pilot):
        assert app.screen.query_one("#own-opening", TextArea).text == "You"
        assert app.screen.query_one("#own-memory", TextArea).text == "A cook."
        assert "what you wrote last" in app.toasts[0]
        await press(pilot, "escape", "y")
    assert load_draft("") == {}


async def test_a_draft_belongs_to_the_scenario_that_was_edited() -> None:
    save_scenario(Scenario("The Gate", "You wait."))
    async with writing(find_scenario("the-gate"), "the-gate") as (app, pilot):
        write(app, "opening", "You wait and wait.")
        await settle(pilot)
    async with writing() as (app, _):
        assert app.screen.query_one("#own-opening", TextArea).text == ""
    async with writing(find_scenario("the-gate"), "the-gate") as (app, _):
        assert app.screen.query_one("#own-opening", TextArea).text == "You wait and wait."


async def test_a_failed_write_is_reported_and_the_text_stays() -> None:
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


def test_cards_written_as_lines_are_read_back() -> None:
    assert cards_from_lines(cards_to_lines(CARDS)) == CARDS
    assert cards_to_lines(CARDS).split("\n")[0] == "Berrin, old man: He waits."
    assert cards_from_lines("\n\n a: b\n\n\nc: d\n") == (Card(("a",), "b"), Card(("c",), "d"))
    assert cards_from_lines("") == ()
    with pytest.raises(DungeonError, match=r"Card 2 \(c:"):
        cards_from_lines("a: b\nc:")


# ---- small and large ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(40, 12), (120, 40)])
async def test_the_editor_is_usable_at_any_size(size: tuple[int, int]) -> None:
    async with writing(size=size) as (app, pilot):
        area = app.screen.query_one("#own-opening")
        assert area.region.height >= 3
        for button in ("#begin", "#keep", "#more"):
            assert app.screen.query_one(button).region.bottom <= size[1]
        assert all(name in screen_text(app) for name in ("Begin", "Keep", "More"))
        await press(pilot, "f3")
        app.screen.query_one("#own-cards").focus()
        form, cards = app.screen.query_one("#form"), app.screen.query_one("#own-cards")
        await wait_until(pilot, lambda: form.region.overlaps(cards.region))


async def test_the_keys_are_at_the_bottom() -> None:
    async with writing() as (app, _):
        line = screen_text(app).splitlines()[-1]
        assert all(key in line for key in ("Esc Back", "Ctrl+S Begin", "F2 Keep", "F3 More"))


async def test_hostile_text_is_shown_as_text() -> None:
    async with writing() as (app, pilot):
        write(app, "opening", "[bold]You[/] [@click=app.quit]wait\x1b[31m. ${[bold]} ${x}")
        write(app, "cards", "[@click=app.quit]x[/]")
        await press(pilot, "f2")
        assert app.is_running
        write(app, "cards", "")
        await press(pilot, "ctrl+s")
        assert "[bold]" in screen_text(app), "the question"
        await press(pilot, "y", "ctrl+s")
    (scenario,) = app.results
    assert isinstance(scenario, Scenario)
    assert scenario.opening == "[bold]You[/] [@click=app.quit]wait[31m. y x"


@pytest.mark.parametrize(("size", "text"), [((100, 40), "Hamster"), ((40, 12), "More")], ids=["wide", "narrow"])
def test_snapshot(snap_compare: Callable[..., bool], size: tuple[int, int], text: str) -> None:
    hamster = find_scenario("the-hamster-inspection") if size[0] == 100 else None
    app = Host(ScenarioEditor(hamster))

    async def written(pilot: Pilot[None]) -> None:
        await stop_blinking(pilot)
        assert text in screen_text(app)

    assert snap_compare(app, terminal_size=size, run_before=written)

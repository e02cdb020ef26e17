"""Memory, author's note, cards and summary in their editor."""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Checkbox, Input, OptionList, Static, TabbedContent, TextArea

from corpus.turns import Kind
from dungeon.play.session import Session
from dungeon.scenarios.model import scenario_from_opening
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.servers.remote import RemoteStoryteller
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.context import Context, context_to_continue
from dungeon.tale.lore import Card, Lore
from dungeon.tale.prompt_format import ChatFormat, PromptFormat
from dungeon.tui.screens import lore as lore_module
from dungeon.tui.screens.lore import LoreScreen
from tests.dungeon.host import LOOKS, Host, press, screen_text, settle, stop_blinking, wait_until

ROKE = Card(("Roke", "captain"), "Captain Roke has not slept since the storm.")
GOLD = Card(("gold",), "There is none on board.", case=True, whole_word=False, depth=9)
LORE = Lore("You are the helmsman of the Kind Harriet.", "Salt, fog and old fears.", (ROKE, GOLD))


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    shelf = Shelf(tmp_path / "shelf.db")
    session = Session(shelf, RemoteStoryteller("http://127.0.0.1:1", "scripted"))
    session.begin(scenario_from_opening("You stand at the wheel. The sea is grey, and the bell hangs over the deck."))
    session.adventure.lore = LORE
    yield session
    shelf.close()


def add_turns(session: Session, turns: int) -> None:
    adventure = session.adventure
    for number in range(len(adventure.nodes) + 1, len(adventure.nodes) + turns + 1):
        adventure.add(Node(number, adventure.head, Kind.DO, "", f"You take lamp {number} from Lorcan."))
        adventure.set_prose(number, "Roke looks out over the grey water and says nothing. " * 6, State.DONE)


@asynccontextmanager
async def editing(session: Session, tab: str, size: tuple[int, int] = (100, 30)) -> AsyncIterator[Pilot[None]]:
    async with Host(LoreScreen(session, tab)).run_test(size=size) as pilot:
        await settle(pilot)
        yield pilot


async def saved_lore(pilot: Pilot[None], key: str = "escape") -> Lore | None:
    """Close the screen and return the lore if it has changed."""
    screen, app = pilot.app.screen, pilot.app
    assert isinstance(screen, LoreScreen)
    assert isinstance(app, Host)
    await press(pilot, key)
    assert app.results == [None]
    lore = screen.session.adventure.lore
    return None if lore == screen.before else lore


def text_area(pilot: Pilot[None], name: str) -> TextArea:
    return pilot.app.screen.query_one(f"#{name}-text", TextArea)


def hint(pilot: Pilot[None], name: str) -> str:
    return str(pilot.app.screen.query_one(f"#{name}-hint", Static).content)


def card_input(pilot: Pilot[None], name: str) -> Input:
    return pilot.app.screen.query_one(f"#card-{name}", Input)


def checkbox(pilot: Pilot[None], name: str) -> Checkbox:
    return pilot.app.screen.query_one(f"#card-{name}", Checkbox)


def titles(pilot: Pilot[None]) -> list[str]:
    return [str(option.prompt) for option in pilot.app.screen.query_one("#cards-list", OptionList).options]


async def new_card(pilot: Pilot[None], key: str) -> None:
    """Press this key to add a card, and wait until its keys can be typed."""
    await press(pilot, key)
    await wait_until(pilot, lambda: card_input(pilot, "keys").has_focus and not card_input(pilot, "keys").value)


async def until_hint(pilot: Pilot[None], name: str, part: str) -> None:
    """Wait until the hint, which is updated after a pause in typing, contains this text."""
    await wait_until(pilot, lambda: part in hint(pilot, name))


# ---- opening and leaving -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tab", "key"), [("memory", "escape"), ("note", "ctrl+s"), ("cards", "escape"), ("summary", "ctrl+s")]
)
async def test_leaving_without_a_change_saves_nothing(session: Session, tab: str, key: str) -> None:
    session.adventure.lore = replace(LORE, memory="  odd\tspaces  \n\n\n> as they came ", note="a\nb")
    async with editing(session, tab) as pilot:
        assert pilot.app.screen.query_one(TabbedContent).active == tab
        assert await saved_lore(pilot, key) is None


async def test_ctrl_t_changes_the_tab_and_typing_changes_its_text(session: Session) -> None:
    async with editing(session, "memory") as pilot:
        await press(pilot, *"!")
        await press(pilot, "ctrl+t")
        await press(pilot, *"?")
        for expected in ("cards", "summary", "instructions", "memory"):
            await press(pilot, "ctrl+t")
            assert pilot.app.screen.query_one(TabbedContent).active == expected
        assert await saved_lore(pilot) == replace(LORE, memory=LORE.memory + "!", note=LORE.note + "?")


async def test_action_marks_and_line_breaks_are_removed_from_the_text(session: Session) -> None:
    async with editing(session, "memory") as pilot:
        text_area(pilot, "memory").text = "\n\n> You die.\n\n\n\n\nYou live.  \n"
        text_area(pilot, "note").text = "Plain\nwords,\n\nfog."
        await settle(pilot)
        lore = await saved_lore(pilot)
        assert lore is not None
        assert (lore.memory, lore.note) == ("You die.\n\nYou live.", "Plain words, fog.")


async def test_a_chat_models_instructions_begin_with_the_default_and_are_the_adventures_once_changed(
    session: Session,
) -> None:
    session.storyteller.prompt_format = ChatFormat(default_instructions="Narrate.")
    async with editing(session, "instructions") as pilot:
        assert text_area(pilot, "instructions").text == "Narrate."
        assert "Included, about" in hint(pilot, "instructions")
        await press(pilot, *" Rhyme.")
        lore = await saved_lore(pilot)
        assert lore == replace(LORE, instructions="Narrate. Rhyme.")


async def test_a_voice_that_reads_plain_text_says_that_it_takes_no_instructions(session: Session) -> None:
    async with editing(session, "instructions") as pilot:
        assert "no instructions" in hint(pilot, "instructions")
        assert await saved_lore(pilot) is None, "nothing has changed"


async def test_each_hint_says_whether_the_text_is_in_the_context(session: Session) -> None:
    async with editing(session, "memory") as pilot:
        assert hint(pilot, "memory").startswith("Included, about 12 tokens")
        text_area(pilot, "memory").text = "You are old. " * 400
        text_area(pilot, "note").text = ""
        await until_hint(pilot, "memory", "shortened to 15% of the window")
        assert "None is written" in hint(pilot, "note")
        assert "Every turn is in the window" in hint(pilot, "summary")


async def test_the_hint_is_computed_in_another_thread_after_a_pause_in_typing(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[tuple[threading.Thread, str]] = []

    def build(adventure: Adventure, budget: int, lore: Lore, prompt_format: PromptFormat) -> Context:
        built.append((threading.current_thread(), lore.note))
        return context_to_continue(adventure, budget, lore, prompt_format)

    monkeypatch.setattr(lore_module, "context_to_continue", build)
    async with editing(session, "note") as pilot:
        text_area(pilot, "note").text = ""
        await press(pilot, *"Fog and salt, and fears as old as the sea.")
        await until_hint(pilot, "note", "about 18 tokens")
    assert len(built) < 10, "once in a pause of the typing, not once a key"
    assert built[-1][1] == "Fog and salt, and fears as old as the sea."
    assert threading.main_thread() not in {thread for thread, _ in built}


async def test_a_late_result_replaces_no_newer_hint_and_does_not_delay_closing(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, running = threading.Event(), threading.Event()

    def build(adventure: Adventure, budget: int, lore: Lore, prompt_format: PromptFormat) -> Context:
        if lore.note == "Fog.":
            running.set()
            assert release.wait(20)
        return context_to_continue(adventure, budget, lore, prompt_format)

    monkeypatch.setattr(lore_module, "context_to_continue", build)
    async with editing(session, "note") as pilot:
        text_area(pilot, "note").text = "Fog."
        await wait_until(pilot, running.is_set)
        text_area(pilot, "note").text = "Fog, and the bell that rings in it."
        await until_hint(pilot, "note", "about 16 tokens")
        release.set()
        await pilot.pause(0.1)
        assert "about 16 tokens" in hint(pilot, "note")
        release.clear()
        running.clear()
        text_area(pilot, "note").text = "Fog."
        await wait_until(pilot, running.is_set)
        assert await saved_lore(pilot) == replace(LORE, note="Fog.")
        release.set()


# ---- cards -------------------------------------------------------------------------------------------------------


async def test_every_field_of_a_card_is_shown(session: Session) -> None:
    async with editing(session, "cards") as pilot:
        assert titles(pilot) == ["Roke, captain", "gold"]
        await press(pilot, "down")
        assert card_input(pilot, "keys").value == "gold"
        assert text_area(pilot, "card").text == "There is none on board."
        assert [checkbox(pilot, name).value for name in ("always", "case", "whole")] == [False, True, False]
        assert card_input(pilot, "depth").value == "9"
        assert await saved_lore(pilot) is None


async def test_a_new_card_is_written_with_the_keyboard_alone(session: Session) -> None:
    async with editing(session, "cards") as pilot:
        await new_card(pilot, "n")
        await press(pilot, *"bell, Sant Ilo")
        await press(pilot, "tab")
        await press(pilot, *"It calls the drowned home.")
        await press(pilot, "tab", "space", "tab", "space", "tab", "space", "tab", "backspace", "1", "2")
        assert titles(pilot)[2] == "bell, Sant Ilo · always"
        lore = await saved_lore(pilot)
        assert lore is not None
        new = Card(
            ("bell", "Sant Ilo"), "It calls the drowned home.", always=True, case=True, whole_word=False, depth=12
        )
        assert lore.cards == (ROKE, GOLD, new)


async def test_ctrl_n_makes_a_card_from_anywhere(session: Session) -> None:
    async with editing(session, "memory") as pilot:
        await new_card(pilot, "ctrl+n")
        await press(pilot, *"sea")
        assert pilot.app.screen.query_one(TabbedContent).active == "cards"
        assert titles(pilot) == ["Roke, captain", "gold", "sea"]


async def test_an_edit_of_one_card_leaves_the_others_alone(session: Session) -> None:
    async with editing(session, "cards") as pilot:
        await press(pilot, "enter", "end")
        await press(pilot, *", Bettany")
        pilot.app.screen.query_one("#cards-list").focus()
        await press(pilot, "down", "up", "down")
        lore = await saved_lore(pilot)
        assert lore is not None
        assert lore.cards == (replace(ROKE, keys=("Roke", "captain", "Bettany")), GOLD)


async def test_cards_are_copied_and_deleted_by_key(session: Session) -> None:
    async with editing(session, "cards") as pilot:
        await press(pilot, "d")
        assert titles(pilot) == ["Roke, captain", "Roke, captain", "gold"]
        await press(pilot, "enter")
        card_input(pilot, "keys").value = "Bettany"
        await settle(pilot)
        pilot.app.screen.query_one("#cards-list").focus()
        await press(pilot, "down", "delete")
        assert titles(pilot) == ["Roke, captain", "Bettany"]
        lore = await saved_lore(pilot)
        assert lore is not None
        assert lore.cards == (ROKE, replace(ROKE, keys=("Bettany",)))


async def test_cards_are_added_copied_and_deleted_with_the_mouse(session: Session) -> None:
    async with editing(session, "cards") as pilot:
        button = pilot.app.screen.query_one("#duplicate")
        await pilot.click("#duplicate")
        await wait_until(pilot, lambda: not button.has_class("-active"))  # while it shows a press it takes none
        await pilot.click("#duplicate")
        await settle(pilot)
        assert len(titles(pilot)) == 4
        await pilot.click("#delete")
        await pilot.click("#new")
        await settle(pilot)
        assert titles(pilot) == ["Roke, captain", "Roke, captain", "gold", "(new)"]


async def test_all_cards_are_deleted_and_a_first_one_is_added(session: Session) -> None:
    async with editing(session, "cards") as pilot:
        await press(pilot, "delete", "delete", "delete")
        assert titles(pilot)[0].startswith("No card")
        assert not pilot.app.screen.query_one("#card").display
        await new_card(pilot, "n")
        await press(pilot, *"sea")
        text_area(pilot, "card").text = "It is salt."
        await settle(pilot)
        lore = await saved_lore(pilot)
        assert lore is not None
        assert lore.cards == (Card(("sea",), "It is salt."),)


async def test_a_card_says_why_it_is_not_in_the_context(session: Session) -> None:
    add_turns(session, 3)
    async with editing(session, "cards") as pilot:
        assert hint(pilot, "cards").startswith("Included")
        assert "Roke, 1 turn back" in hint(pilot, "cards")
        card_input(pilot, "keys").value = " , "
        await until_hint(pilot, "cards", "has no key")
        checkbox(pilot, "always").value = True
        await until_hint(pilot, "cards", ": always")
        text_area(pilot, "card").text = ""
        await until_hint(pilot, "cards", "nothing is written")
        pilot.app.screen.query_one("#cards-list").focus()
        await press(pilot, "down")
        assert hint(pilot, "cards").startswith("Left out")
        assert "the last 9 turns" in hint(pilot, "cards")


async def test_an_empty_card_is_not_saved(session: Session) -> None:
    async with editing(session, "cards") as pilot:
        await new_card(pilot, "n")
        assert await saved_lore(pilot) is None


async def test_the_depth_of_a_card_accepts_only_digits(session: Session) -> None:
    async with editing(session, "cards") as pilot:
        card_input(pilot, "depth").focus()
        await press(pilot, "end", "backspace", *"x-7.89")
        assert card_input(pilot, "depth").value == "78"
        await press(pilot, "backspace", "backspace")
        lore = await saved_lore(pilot)
        assert lore is None, "an empty depth is the default"


async def test_a_ticked_box_differs_without_colours(session: Session) -> None:
    async with editing(session, "cards") as pilot:
        drawn = str(checkbox(pilot, "always").render()), str(checkbox(pilot, "whole").render())
        assert "X" not in drawn[0]
        assert "X" in drawn[1]


# ---- the summary -------------------------------------------------------------------------------------------------


async def test_the_summary_covers_the_turns_that_have_left_the_window(session: Session) -> None:
    add_turns(session, 60)
    context = session.context()
    async with editing(session, "summary") as pilot:
        assert text_area(pilot, "summary").text == context.summary != ""
        assert "turns that have left" in hint(pilot, "summary")
        text_area(pilot, "summary").text = "Lorcan gave you all his lamps."
        await until_hint(pilot, "summary", "your words")
        lore = await saved_lore(pilot)
    assert lore == replace(LORE, summary="Lorcan gave you all his lamps.", summary_through=context.summary_through)
    session.set_lore(lore)
    assert session.context().summary == "Lorcan gave you all his lamps."


async def test_clearing_the_summary_restores_the_automatic_one(session: Session) -> None:
    add_turns(session, 60)
    automatic = session.context().summary
    session.set_lore(replace(LORE, summary="You sail.", summary_through=session.context().summary_through))
    async with editing(session, "summary") as pilot:
        assert text_area(pilot, "summary").text == "You sail."
        text_area(pilot, "summary").text = ""
        await settle(pilot)
        lore = await saved_lore(pilot)
    assert lore == LORE
    session.set_lore(LORE)
    assert session.context().summary == automatic


async def test_an_unchanged_summary_stays_the_players_even_when_the_game_has_added_to_it(session: Session) -> None:
    add_turns(session, 30)
    through = session.context().summary_through
    session.set_lore(replace(LORE, summary="You sail.", summary_through=through))
    add_turns(session, 30)
    async with editing(session, "summary") as pilot:
        assert text_area(pilot, "summary").text.startswith("You sail.\n\n")
        text_area(pilot, "memory").text = "You are old."
        await settle(pilot)
        lore = await saved_lore(pilot)
    assert lore == replace(LORE, memory="You are old.", summary="You sail.", summary_through=through)


# ---- display -----------------------------------------------------------------------------------------------------


async def test_hostile_text_is_shown_as_text(session: Session) -> None:
    nasty = "[bold]x[/y] [@click=app.quit]p[/] \x1b[31mred\x07 שלום 🐉"
    session.adventure.lore = Lore(nasty, nasty, (Card((nasty,), nasty),), nasty)
    async with editing(session, "cards") as pilot:
        assert titles(pilot) == ["[bold]x[/y] [@click=app.quit]p[/] [31mred שלום 🐉"]
        assert await saved_lore(pilot) is None


@pytest.mark.parametrize(("tab", "size"), [("memory", (24, 8)), ("cards", (24, 8)), ("cards", (200, 60))])
async def test_the_editor_is_usable_at_any_size(session: Session, tab: str, size: tuple[int, int]) -> None:
    async with editing(session, tab, size) as pilot:
        if tab == "cards":
            await press(pilot, "enter", "tab")
        focused = pilot.app.screen.focused
        assert focused is not None
        assert pilot.app.screen.region.overlaps(focused.region)
        await press(pilot, *"x")
        assert await saved_lore(pilot) is not None


@pytest.mark.parametrize(("tab", "look"), [("cards", "wide"), ("cards", "narrow"), ("memory", "wide")])
def test_snapshot(snap_compare: Callable[..., bool], session: Session, tab: str, look: str) -> None:
    app = Host(LoreScreen(session, tab))

    async def ready(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await stop_blinking(pilot)
        assert ("Roke, captain" if tab == "cards" else "Included, about 12 tokens") in screen_text(app)

    assert snap_compare(app, terminal_size=LOOKS[look][0], run_before=ready)

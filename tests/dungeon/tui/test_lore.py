"""Memory, author's note, cards and summary, changed as a player changes them."""

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
from dungeon.storyteller.remote import RemoteStoryteller
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.context import Context, context_to_continue
from dungeon.tale.lore import Card, Lore
from dungeon.tui.screens import lore as lore_module
from dungeon.tui.screens.lore import LoreScreen
from tests.dungeon.host import LOOKS, Host, handled, page, press, stop_blinking, until

ROKE = Card(("Roke", "captain"), "Captain Roke has not slept since the storm.")
GOLD = Card(("gold",), "There is none on board.", case=True, whole_word=False, depth=9)
LORE = Lore("You are the helmsman of the Kind Harriet.", "Salt, fog and old fears.", (ROKE, GOLD))


Writer = Pilot[None]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    shelf = Shelf(tmp_path / "shelf.db")
    session = Session(shelf, RemoteStoryteller("http://127.0.0.1:1", "scripted"))
    session.begin(scenario_from_opening("You stand at the wheel. The sea is grey, and the bell hangs over the deck."))
    session.adventure.lore = LORE
    yield session
    shelf.close()


def play(session: Session, turns: int) -> None:
    adventure = session.adventure
    for number in range(len(adventure.nodes) + 1, len(adventure.nodes) + turns + 1):
        adventure.add(Node(number, adventure.head, Kind.DO, "", f"You take lamp {number} from Lorcan."))
        adventure.set_prose(number, "Roke looks out over the grey water and says nothing. " * 6, State.DONE)


@asynccontextmanager
async def editing(session: Session, tab: str, size: tuple[int, int] = (100, 30)) -> AsyncIterator[Writer]:
    async with Host(LoreScreen(session, tab)).run_test(size=size) as pilot:
        await handled(pilot)
        yield pilot


async def kept(pilot: Writer, key: str = "escape") -> Lore | None:
    """Closes the screen and returns the lore if it was changed."""
    screen, app = pilot.app.screen, pilot.app
    assert isinstance(screen, LoreScreen)
    assert isinstance(app, Host)
    await press(pilot, key)
    assert app.results == [None]
    lore = screen.session.adventure.lore
    return None if lore == screen.before else lore


def area(pilot: Writer, name: str) -> TextArea:
    return pilot.app.screen.query_one(f"#{name}-text", TextArea)


def hint(pilot: Writer, name: str) -> str:
    return str(pilot.app.screen.query_one(f"#{name}-hint", Static).content)


def line(pilot: Writer, name: str) -> Input:
    return pilot.app.screen.query_one(f"#card-{name}", Input)


def tick(pilot: Writer, name: str) -> Checkbox:
    return pilot.app.screen.query_one(f"#card-{name}", Checkbox)


def titles(pilot: Writer) -> list[str]:
    return [str(option.prompt) for option in pilot.app.screen.query_one("#cards-list", OptionList).options]


async def new_card(pilot: Writer, key: str) -> None:
    """Makes a card with this key, and waits until its keys can be typed."""
    await press(pilot, key)
    await until(pilot, lambda: line(pilot, "keys").has_focus and not line(pilot, "keys").value)


async def until_hint(pilot: Writer, name: str, end: str) -> None:
    """Waits for the hint, which follows the typing after a while."""
    await until(pilot, lambda: hint(pilot, name).endswith(end))


# ---- opening and leaving -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tab", "key"), [("memory", "escape"), ("note", "ctrl+s"), ("cards", "escape"), ("summary", "ctrl+s")]
)
async def test_leaving_without_a_change_keeps_nothing(session: Session, tab: str, key: str) -> None:
    session.adventure.lore = replace(LORE, memory="  odd\tspaces  \n\n\n> as they came ", note="a\nb")
    async with editing(session, tab) as pilot:
        assert pilot.app.screen.query_one(TabbedContent).active == tab
        assert await kept(pilot, key) is None


async def test_the_keys_go_from_tab_to_tab_and_typing_goes_to_the_text(session: Session) -> None:
    async with editing(session, "memory") as pilot:
        await press(pilot, *"!")
        await press(pilot, "ctrl+t")
        await press(pilot, *"?")
        for expected in ("cards", "summary", "memory"):
            await press(pilot, "ctrl+t")
            assert pilot.app.screen.query_one(TabbedContent).active == expected
        assert await kept(pilot) == replace(LORE, memory=LORE.memory + "!", note=LORE.note + "?")


async def test_what_is_typed_is_cleaned_of_what_would_read_as_an_action(session: Session) -> None:
    async with editing(session, "memory") as pilot:
        area(pilot, "memory").text = "\n\n> You die.\n\n\n\n\nYou live.  \n"
        area(pilot, "note").text = "Plain\nwords,\n\nfog."
        await handled(pilot)
        lore = await kept(pilot)
        assert lore is not None
        assert (lore.memory, lore.note) == ("You die.\n\nYou live.", "Plain words, fog.")


async def test_each_text_says_whether_the_voice_sees_it(session: Session) -> None:
    async with editing(session, "memory") as pilot:
        assert hint(pilot, "memory") == "Included, about 12 tokens: always."
        area(pilot, "memory").text = "You are old. " * 400
        area(pilot, "note").text = ""
        await until_hint(pilot, "memory", "always, shortened to 15% of the window.")
        assert hint(pilot, "note") == "None is written."
        assert hint(pilot, "summary") == "Every turn is in the window."


async def test_typing_waits_for_no_context_and_the_hint_follows_the_last_key(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[tuple[threading.Thread, str]] = []

    def build(adventure: Adventure, budget: int, lore: Lore) -> Context:
        built.append((threading.current_thread(), lore.note))
        return context_to_continue(adventure, budget, lore)

    monkeypatch.setattr(lore_module, "context_to_continue", build)
    async with editing(session, "note") as pilot:
        area(pilot, "note").text = ""
        await press(pilot, *"Fog and salt, and fears as old as the sea.")
        await until_hint(pilot, "note", "about 18 tokens: always.")
    assert len(built) < 10, "once in a pause of the typing, not once a key"
    assert built[-1][1] == "Fog and salt, and fears as old as the sea."
    assert threading.main_thread() not in {thread for thread, _ in built}


async def test_an_older_preview_does_not_replace_a_newer_one_and_closing_waits_for_none(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, running = threading.Event(), threading.Event()

    def build(adventure: Adventure, budget: int, lore: Lore) -> Context:
        if lore.note == "Fog.":
            running.set()
            assert release.wait(20)
        return context_to_continue(adventure, budget, lore)

    monkeypatch.setattr(lore_module, "context_to_continue", build)
    async with editing(session, "note") as pilot:
        area(pilot, "note").text = "Fog."
        await until(pilot, running.is_set)
        area(pilot, "note").text = "Fog, and the bell that rings in it."
        await until_hint(pilot, "note", "about 16 tokens: always.")
        release.set()
        await pilot.pause(0.1)
        assert hint(pilot, "note").endswith("about 16 tokens: always.")
        release.clear()
        running.clear()
        area(pilot, "note").text = "Fog."
        await until(pilot, running.is_set)
        assert await kept(pilot) == replace(LORE, note="Fog.")
        release.set()


# ---- cards -------------------------------------------------------------------------------------------------------


async def test_every_field_of_a_card_is_shown(session: Session) -> None:
    async with editing(session, "cards") as pilot:
        assert titles(pilot) == ["Roke, captain", "gold"]
        await press(pilot, "down")
        assert line(pilot, "keys").value == "gold"
        assert area(pilot, "card").text == "There is none on board."
        assert [tick(pilot, name).value for name in ("always", "case", "whole")] == [False, True, False]
        assert line(pilot, "depth").value == "9"
        assert await kept(pilot) is None


async def test_a_new_card_is_written_with_the_keyboard_alone(session: Session) -> None:
    async with editing(session, "cards") as pilot:
        await new_card(pilot, "n")
        await press(pilot, *"bell, Sant Ilo")
        await press(pilot, "tab")
        await press(pilot, *"It calls the drowned home.")
        await press(pilot, "tab", "space", "tab", "space", "tab", "space", "tab", "backspace", "1", "2")
        assert titles(pilot)[2] == "bell, Sant Ilo · always"
        lore = await kept(pilot)
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
        lore = await kept(pilot)
        assert lore is not None
        assert lore.cards == (replace(ROKE, keys=("Roke", "captain", "Bettany")), GOLD)


async def test_cards_are_copied_and_deleted(session: Session) -> None:
    async with editing(session, "cards") as pilot:
        await press(pilot, "d")
        assert titles(pilot) == ["Roke, captain", "Roke, captain", "gold"]
        await press(pilot, "enter")
        line(pilot, "keys").value = "Bettany"
        await handled(pilot)
        pilot.app.screen.query_one("#cards-list").focus()
        await press(pilot, "down", "delete")
        assert titles(pilot) == ["Roke, captain", "Bettany"]
        lore = await kept(pilot)
        assert lore is not None
        assert lore.cards == (ROKE, replace(ROKE, keys=("Bettany",)))


async def test_the_mouse_makes_copies_and_deletes_cards_too(session: Session) -> None:
    async with editing(session, "cards") as pilot:
        new, copy, delete = pilot.app.screen.query(".link")
        await pilot.click(copy, offset=(1, 0))
        await pilot.click(copy, offset=(1, 0))
        await handled(pilot)
        assert len(titles(pilot)) == 4
        await pilot.click(delete, offset=(1, 0))
        await pilot.click(new, offset=(1, 0))
        await handled(pilot)
        assert titles(pilot) == ["Roke, captain", "Roke, captain", "gold", "(new)"]


async def test_all_cards_can_go_and_a_first_one_come(session: Session) -> None:
    async with editing(session, "cards") as pilot:
        await press(pilot, "delete", "delete", "delete")
        assert titles(pilot) == ["No cards yet."]
        assert not pilot.app.screen.query_one("#card").display
        await new_card(pilot, "n")
        await press(pilot, *"sea")
        area(pilot, "card").text = "It is salt."
        await handled(pilot)
        lore = await kept(pilot)
        assert lore is not None
        assert lore.cards == (Card(("sea",), "It is salt."),)


async def test_a_card_says_why_the_voice_does_not_see_it(session: Session) -> None:
    play(session, 3)
    async with editing(session, "cards") as pilot:
        assert hint(pilot, "cards") == "Included, about 13 tokens: named: Roke, 1 turn back."
        line(pilot, "keys").value = " , "
        await until_hint(pilot, "cards", "it has no key, and is not always included.")
        tick(pilot, "always").value = True
        await until_hint(pilot, "cards", "tokens: always.")
        area(pilot, "card").text = ""
        await until_hint(pilot, "cards", "nothing is written on it yet.")
        pilot.app.screen.query_one("#cards-list").focus()
        await press(pilot, "down")
        assert hint(pilot, "cards") == "Left out, about 7 tokens: no key named in the last 9 turns."


async def test_a_card_on_which_nothing_was_written_is_not_kept(session: Session) -> None:
    async with editing(session, "cards") as pilot:
        await new_card(pilot, "n")
        assert await kept(pilot) is None


async def test_how_far_back_a_key_is_looked_for_can_only_be_a_number(session: Session) -> None:
    async with editing(session, "cards") as pilot:
        line(pilot, "depth").focus()
        await press(pilot, "end", "backspace", *"x-7.89")
        assert line(pilot, "depth").value == "78"
        await press(pilot, "backspace", "backspace")
        lore = await kept(pilot)
        assert lore is None, "an empty one is the common four"


async def test_whether_a_box_is_ticked_can_be_read_without_colours(session: Session) -> None:
    async with editing(session, "cards") as pilot:
        drawn = str(tick(pilot, "always").render()), str(tick(pilot, "whole").render())
        assert "X" not in drawn[0]
        assert "X" in drawn[1]


# ---- the summary -------------------------------------------------------------------------------------------------


async def test_the_summary_is_changed_for_the_turns_that_have_left_the_window(session: Session) -> None:
    play(session, 60)
    context = session.context()
    async with editing(session, "summary") as pilot:
        assert area(pilot, "summary").text == context.summary != ""
        assert hint(pilot, "summary").endswith("for the turns that have left.")
        area(pilot, "summary").text = "Lorcan gave you all his lamps."
        await until_hint(pilot, "summary", "your words.")
        lore = await kept(pilot)
    assert lore == replace(LORE, summary="Lorcan gave you all his lamps.", summary_through=context.summary_through)
    session.set_lore(lore)
    assert session.context().summary == "Lorcan gave you all his lamps."


async def test_a_summary_that_is_cleared_is_the_game_s_again(session: Session) -> None:
    play(session, 60)
    automatic = session.context().summary
    session.set_lore(replace(LORE, summary="You sail.", summary_through=session.context().summary_through))
    async with editing(session, "summary") as pilot:
        assert area(pilot, "summary").text == "You sail."
        area(pilot, "summary").text = ""
        await handled(pilot)
        lore = await kept(pilot)
    assert lore == LORE
    session.set_lore(LORE)
    assert session.context().summary == automatic


async def test_looking_at_one_s_own_summary_does_not_make_the_game_s_words_one_s_own(session: Session) -> None:
    play(session, 30)
    through = session.context().summary_through
    session.set_lore(replace(LORE, summary="You sail.", summary_through=through))
    play(session, 30)
    async with editing(session, "summary") as pilot:
        assert area(pilot, "summary").text.startswith("You sail.\n\n")
        area(pilot, "memory").text = "You are old."
        await handled(pilot)
        lore = await kept(pilot)
    assert lore == replace(LORE, memory="You are old.", summary="You sail.", summary_through=through)


# ---- looks -------------------------------------------------------------------------------------------------------


async def test_hostile_text_is_shown_as_text(session: Session) -> None:
    nasty = "[bold]x[/y] [@click=app.quit]p[/] \x1b[31mred\x07 שלום 🐉"
    session.adventure.lore = Lore(nasty, nasty, (Card((nasty,), nasty),), nasty)
    async with editing(session, "cards") as pilot:
        assert titles(pilot) == ["[bold]x[/y] [@click=app.quit]p[/] [31mred שלום 🐉"]
        assert await kept(pilot) is None


@pytest.mark.parametrize(("tab", "size"), [("memory", (24, 8)), ("cards", (24, 8)), ("cards", (200, 60))])
async def test_it_can_be_used_at_any_size(session: Session, tab: str, size: tuple[int, int]) -> None:
    async with editing(session, tab, size) as pilot:
        if tab == "cards":
            await press(pilot, "enter", "tab")
        focused = pilot.app.screen.focused
        assert focused is not None
        assert pilot.app.screen.region.overlaps(focused.region)
        await press(pilot, *"x")
        assert await kept(pilot) is not None


@pytest.mark.parametrize(("tab", "look"), [("cards", "wide"), ("cards", "narrow"), ("memory", "wide")])
def test_snapshot(snap_compare: Callable[..., bool], session: Session, tab: str, look: str) -> None:
    app = Host(LoreScreen(session, tab))

    async def shown(pilot: Writer) -> None:
        await handled(pilot)
        await stop_blinking(pilot)
        assert ("Roke, captain" if tab == "cards" else "Included, about 12 tokens: always.") in page(app)

    assert snap_compare(app, terminal_size=LOOKS[look][0], run_before=shown)

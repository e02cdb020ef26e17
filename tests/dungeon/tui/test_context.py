"""The context on the screen: what the voice will see, part by part."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from corpus.turns import Kind
from dungeon.generation.context_view import TokenCounts
from dungeon.play.session import Session
from dungeon.scenarios.model import scenario_from_opening
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.remote import RemoteStoryteller
from dungeon.tale.adventure import Node, State
from dungeon.tale.context import PartKind, context_to_continue
from dungeon.tale.lore import Card, Lore
from dungeon.tui.screens.context import ContextScreen
from dungeon.tui.screens.text import TextScreen
from dungeon.tui.themes import textual_themes

LORE = Lore(
    "You are the helmsman of the Kind Harriet.",
    "Salt, fog and old fears.",
    (
        Card(("Roke",), "Captain Roke has not slept since the storm."),
        Card(("gold", "silver"), "There is none on board."),
    ),
)


class Teller(RemoteStoryteller):
    """A word is a token, and the engine has read all but the last turns."""

    cached_tokens: int | None = 1
    cached_text: str = ""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1", "words")

    async def count_tokens(self, texts: Sequence[str]) -> list[int] | None:
        return [len(text.split()) for text in texts]


class Looking(App[None]):
    """An app with nothing in it but the screen."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, session: Session, theme: str = "lamplight") -> None:
        super().__init__()
        for made in textual_themes():
            self.register_theme(made)
        self.theme = theme
        self.session = session

    def on_mount(self) -> None:
        self.push_screen(ContextScreen(self.session))


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    shelf = Shelf(tmp_path / "shelf.db")
    session = Session(shelf, Teller())
    adventure = session.begin(
        scenario_from_opening("You stand at the wheel. The sea is grey, and the bell hangs over the deck.")
    )
    adventure.lore = LORE
    play(session, 60)
    yield session
    shelf.close()


def play(session: Session, turns: int) -> None:
    adventure = session.adventure
    for number in range(len(adventure.nodes) + 1, len(adventure.nodes) + turns + 1):
        adventure.add(Node(number, adventure.head, Kind.DO, "", f"You sail on for day {number}."))
        adventure.set_prose(number, "Roke looks out over the grey water and says nothing. " * 6, State.DONE)
    teller = session.storyteller
    assert isinstance(teller, Teller)
    teller.cached_text = session.context().text[:-800]


@asynccontextmanager
async def looking(session: Session, size: tuple[int, int] = (100, 30)) -> AsyncIterator[Pilot[None]]:
    async with Looking(session).run_test(size=size) as pilot:
        await counted(pilot)
        yield pilot


async def counted(pilot: Pilot[None]) -> None:
    """Waits until the storyteller has counted."""
    async with asyncio.timeout(20):
        while not (isinstance(screen := pilot.app.screen, ContextScreen) and screen.weighed.exact):
            await pilot.pause(0.01)
    await pilot.pause()


def rows(pilot: Pilot[None]) -> list[str]:
    options = pilot.app.screen.query_one("#parts", OptionList).options
    return [" ".join(str(option.prompt).split()) for option in options]


def shown(pilot: Pilot[None], id_: str) -> str:
    return str(pilot.app.screen.query_one(id_, Static).content)


async def test_every_part_has_a_row_with_its_mark_its_tokens_and_its_reason(session: Session) -> None:
    async with looking(session) as pilot:
        found = rows(pilot)
        assert found[0] == "M ● 8 Memory always"
        assert found[1] == "O ● 16 Opening always"
        assert found[2].startswith("S ● ")
        assert found[3].startswith("T ○ ")
        assert found[3].endswith("older than the window")
        assert "C ● 8 Card: Roke named: Roke, 1 turn back" in [row.replace("◐", "●") for row in found]
        assert "C ○ 7 Card: gold, silver no key named in the last 4 turns" in found
        assert found[-2].startswith("T ◐ 67 Turn 60: > You sail on for day 60. Roke looks")
        assert found[-1] == "A ◐ 0 Go on what is to be answered"


async def test_the_headline_and_the_bar_say_how_full_it_is(session: Session) -> None:
    async with looking(session) as pilot:
        context = session.context()
        total = len(context.text.split())
        assert shown(pilot, "#headline").startswith(f"{total:,} of {context.budget:,} tokens · ")
        bar = shown(pilot, "#bar")
        assert len(bar) == 96
        assert bar[0] == "M"
        assert bar[-1] == "·"
        assert set(bar) == set("MOSTCNA·"), "it can be read without colours"
        assert f"free {context.budget - total:,}" in shown(pilot, "#legend")


async def test_enter_shows_a_part_in_full_and_escape_closes_each(session: Session) -> None:
    async with looking(session) as pilot:
        await pilot.press("down", "enter")
        await pilot.pause()
        sheet = pilot.app.screen
        assert isinstance(sheet, TextScreen)
        assert shown(pilot, "#sheet-title") == "Opening · in: always"
        assert shown(pilot, "#sheet-text") == session.adventure.opening
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(pilot.app.screen, ContextScreen)
        assert pilot.app.screen.query_one("#parts", OptionList).highlighted == 1
        await pilot.press("escape")
        await pilot.pause()
        assert not isinstance(pilot.app.screen, ContextScreen)


async def test_a_click_shows_a_part_too(session: Session) -> None:
    async with looking(session) as pilot:
        await pilot.click("#parts", offset=(15, 0))
        await pilot.pause()
        assert shown(pilot, "#sheet-text") == LORE.memory


async def test_a_whole_book_that_has_left_is_shown_from_its_end(session: Session) -> None:
    play(session, 400)
    async with looking(session) as pilot:
        await pilot.press("down", "down", "down", "enter")
        await pilot.pause()
        text = shown(pilot, "#sheet-text")
        assert "characters before this" in text
        assert len(text) < 21_000
        assert text.rstrip().endswith("says nothing.")


async def test_many_cards_that_are_out_are_one_row_until_it_is_opened(session: Session) -> None:
    cards = tuple(Card((f"thing{n}",), f"Thing {n} is a thing.") for n in range(30))
    session.adventure.lore = Lore(cards=(LORE.cards[0], *cards))
    async with looking(session) as pilot:
        (folded,) = (n for n, row in enumerate(rows(pilot)) if "30 cards are out" in row)
        assert not any("thing7" in row for row in rows(pilot))
        pilot.app.screen.query_one("#parts", OptionList).highlighted = folded
        await pilot.press("enter")
        await pilot.pause()
        assert sum("Card: thing" in row for row in rows(pilot)) == 30
        assert pilot.app.screen.query_one("#parts", OptionList).highlighted == folded


async def test_until_it_is_counted_the_tokens_are_estimated(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = asyncio.Event()

    async def count_tokens(self: Teller, texts: Sequence[str]) -> list[int]:
        await waiting.wait()
        return [1 for _ in texts]

    monkeypatch.setattr(Teller, "count_tokens", count_tokens)
    async with Looking(session).run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert shown(pilot, "#headline").startswith("about ")
        waiting.set()
        await counted(pilot)
        assert not shown(pilot, "#headline").startswith("about ")


async def test_hostile_text_is_shown_as_text(session: Session) -> None:
    nasty = "[bold]x[/y] [@click=app.quit]press[/] \x1b[31mred\x07 שלום 🐉\n\n\n"
    session.adventure.lore = Lore(nasty, nasty, (Card((nasty,), nasty, always=True),))
    session.adventure.add(Node(99, session.adventure.head, Kind.STORY, nasty, "", nasty, State.DONE))
    async with looking(session, (200, 24)) as pilot:
        assert any("Card: [bold]x[/y] [@click=app.quit]press[/] [31mred שלום 🐉" in row for row in rows(pilot))
        await pilot.press("enter")
        await pilot.pause()
        assert shown(pilot, "#sheet-text").startswith("[bold]x[/y] [@click=app.quit]press[/] [31mred שלום 🐉")


@pytest.mark.parametrize("size", [(40, 12), (20, 6), (200, 60)])
async def test_it_can_be_used_at_any_size(session: Session, size: tuple[int, int]) -> None:
    async with looking(session, size) as pilot:
        parts = pilot.app.screen.query_one("#parts", OptionList)
        assert parts.region.height >= 2
        assert parts.region.bottom <= size[1]
        await pilot.press("end", "enter")
        await pilot.pause()
        assert isinstance(pilot.app.screen, TextScreen)
        await pilot.press("escape")
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert rows(pilot)[0] == "M ● 8 Memory always"


@pytest.mark.parametrize("theme", ["lamplight", "parchment"])
@pytest.mark.parametrize("size", [(100, 30), (40, 12)], ids=["100", "40"])
def test_snapshot(snap_compare: Callable[..., bool], session: Session, size: tuple[int, int], theme: str) -> None:
    assert snap_compare(Looking(session, theme), terminal_size=size, run_before=counted)


def test_a_thousand_turns_cost_the_view_no_more_than_the_window(session: Session) -> None:
    play(session, 1000)
    context = context_to_continue(session.adventure, session.context().budget)
    assert sum(part.kind is PartKind.TURN for part in context.parts) < 40
    assert TokenCounts((0,) * len(context.parts)).total(context) == 0

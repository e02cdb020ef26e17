"""The screen of the context: what the voice will read, part by part."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from corpus.turns import Kind
from dungeon.generation.context_view import TokenCounts
from dungeon.play.session import Session
from dungeon.scenarios.model import scenario_from_opening
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.servers.remote import RemoteStoryteller
from dungeon.tale.adventure import Node, State
from dungeon.tale.context import PartKind, context_to_continue
from dungeon.tale.lore import Card, Lore
from dungeon.tui.screens.context import ContextScreen
from dungeon.tui.screens.text import TextScreen
from tests.dungeon.host import LOOKS, Host, pane_title, press, screen_text, settle, wait_until, widget_text

LORE = Lore(
    "You are the helmsman of the Kind Harriet.",
    "Salt, fog and old fears.",
    (
        Card(("Roke",), "Captain Roke has not slept since the storm."),
        Card(("gold", "silver"), "There is none on board."),
    ),
)


class CountingStoryteller(RemoteStoryteller):
    """A word is a token, and all but the last turns are cached."""

    cached_tokens = 1
    cached_text = ""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1", "words")
        self.context_size, self.sampling = 2048, Sampling()

    async def count_tokens(self, texts: Sequence[str]) -> list[int] | None:
        return [len(text.split()) for text in texts]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    shelf = Shelf(tmp_path / "shelf.db")
    session = Session(shelf, CountingStoryteller())
    adventure = session.begin(
        scenario_from_opening("You stand at the wheel. The sea is grey, and the bell hangs over the deck.")
    )
    adventure.lore = LORE
    add_turns(session, 60)
    yield session
    shelf.close()


def add_turns(session: Session, turns: int) -> None:
    adventure = session.adventure
    for number in range(len(adventure.nodes) + 1, len(adventure.nodes) + turns + 1):
        adventure.add(Node(number, adventure.head, Kind.DO, "", f"You sail on for day {number}."))
        adventure.set_prose(number, "Roke looks out over the grey water and says nothing. " * 6, State.DONE)
    storyteller = session.storyteller
    assert isinstance(storyteller, CountingStoryteller)
    storyteller.cached_text = session.context().text[:-800]


@asynccontextmanager
async def showing_context(session: Session, size: tuple[int, int] = (100, 30)) -> AsyncIterator[Pilot[None]]:
    async with Host(ContextScreen(session)).run_test(size=size) as pilot:
        await wait_for_counts(pilot)
        yield pilot


async def wait_for_counts(pilot: Pilot[None]) -> None:
    """Wait until the storyteller has counted the tokens."""
    await wait_until(
        pilot, lambda: isinstance(screen := pilot.app.screen, ContextScreen) and screen.token_counts.counted
    )
    await settle(pilot)


def rows(pilot: Pilot[None]) -> list[str]:
    options = pilot.app.screen.query_one("#parts", OptionList).options
    return [" ".join(str(option.prompt).split()) for option in options]


async def test_each_part_has_a_row_with_its_letter_tokens_and_reason(session: Session) -> None:
    async with showing_context(session) as pilot:
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


async def test_the_headline_and_the_bar_show_how_full_the_window_is(session: Session) -> None:
    async with showing_context(session) as pilot:
        context = session.context()
        total = len(context.text.split())
        assert widget_text(pilot.app, "#headline").startswith(f"{total:,} of {context.budget:,} tokens · ")
        bar = widget_text(pilot.app, "#bar")
        assert len(bar) == 96
        assert bar[0] == "M"
        assert bar[-1] == "·"
        assert set(bar) == set("MOSTCNA·"), "the letters differ without colours"
        assert f"free {context.budget - total:,}" in widget_text(pilot.app, "#legend")


async def test_enter_shows_a_part_in_full_and_escape_closes_each(session: Session) -> None:
    async with showing_context(session) as pilot:
        await press(pilot, "down", "enter")
        assert isinstance(pilot.app.screen, TextScreen)
        assert pane_title(pilot.app, "#box") == "Opening · included: always"
        assert widget_text(pilot.app, "#text") == session.adventure.opening
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, ContextScreen)
        assert pilot.app.screen.query_one("#parts", OptionList).highlighted == 1
        await press(pilot, "escape")
        assert not isinstance(pilot.app.screen, ContextScreen)


async def test_a_click_shows_a_part_in_full(session: Session) -> None:
    async with showing_context(session) as pilot:
        await pilot.click("#parts", offset=(15, 0))
        await settle(pilot)
        assert widget_text(pilot.app, "#text") == LORE.memory


async def test_a_very_long_part_is_shown_from_its_end(session: Session) -> None:
    add_turns(session, 400)
    async with showing_context(session) as pilot:
        await press(pilot, "down", "down", "down", "enter")
        text = widget_text(pilot.app, "#text")
        assert "characters before this" in text
        assert len(text) < 21_000
        assert text.rstrip().endswith("says nothing.")


async def test_many_cards_that_are_left_out_share_a_row_until_it_is_opened(session: Session) -> None:
    cards = tuple(Card((f"thing{n}",), f"Thing {n} is a thing.") for n in range(30))
    session.adventure.lore = Lore(cards=(LORE.cards[0], *cards))
    async with showing_context(session) as pilot:
        (folded,) = (n for n, row in enumerate(rows(pilot)) if "30 cards are left out" in row)
        assert not any("thing7" in row for row in rows(pilot))
        pilot.app.screen.query_one("#parts", OptionList).highlighted = folded
        await press(pilot, "enter")
        assert sum("Card: thing" in row for row in rows(pilot)) == 30
        assert pilot.app.screen.query_one("#parts", OptionList).highlighted == folded


async def test_tokens_are_estimated_until_they_are_counted(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = asyncio.Event()

    async def count_tokens(self: CountingStoryteller, texts: Sequence[str]) -> list[int]:
        await waiting.wait()
        return [1 for _ in texts]

    monkeypatch.setattr(CountingStoryteller, "count_tokens", count_tokens)
    async with Host(ContextScreen(session)).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert widget_text(pilot.app, "#headline").startswith("about ")
        waiting.set()
        await wait_for_counts(pilot)
        assert not widget_text(pilot.app, "#headline").startswith("about ")


async def test_hostile_text_is_shown_as_text(session: Session) -> None:
    nasty = "[bold]x[/y] [@click=app.quit]press[/] \x1b[31mred\x07 שלום 🐉\n\n\n"
    session.adventure.lore = Lore(nasty, nasty, (Card((nasty,), nasty, always=True),))
    session.adventure.add(Node(99, session.adventure.head, Kind.STORY, nasty, "", nasty, State.DONE))
    async with showing_context(session, (200, 24)) as pilot:
        assert any("Card: [bold]x[/y] [@click=app.quit]press[/] [31mred שלום 🐉" in row for row in rows(pilot))
        await press(pilot, "enter")
        assert widget_text(pilot.app, "#text").startswith("[bold]x[/y] [@click=app.quit]press[/] [31mred שלום 🐉")


@pytest.mark.parametrize("size", [(20, 6), (200, 60)])
async def test_the_screen_is_usable_at_any_size(session: Session, size: tuple[int, int]) -> None:
    async with showing_context(session, size) as pilot:
        parts = pilot.app.screen.query_one("#parts", OptionList)
        assert parts.region.height >= 2
        assert parts.region.bottom <= size[1]
        await press(pilot, "end", "enter")
        assert isinstance(pilot.app.screen, TextScreen)
        await press(pilot, "escape")
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert rows(pilot)[0] == "M ● 8 Memory always"


@pytest.mark.parametrize("look", ["wide", "narrow", "light"])
def test_snapshot(snap_compare: Callable[..., bool], session: Session, look: str) -> None:
    size, theme = LOOKS[look]
    app = Host(ContextScreen(session), theme)

    async def ready(pilot: Pilot[None]) -> None:
        await wait_for_counts(pilot)
        assert "cached" in screen_text(app)
        assert "M ●      8 Memory" in screen_text(app)

    assert snap_compare(app, terminal_size=size, run_before=ready)


def test_the_context_of_a_thousand_turns_lists_only_those_near_the_window(session: Session) -> None:
    add_turns(session, 1000)
    context = context_to_continue(session.adventure, session.context().budget)
    assert sum(part.kind is PartKind.TURN for part in context.parts) < 40
    assert TokenCounts((0,) * len(context.parts)).total(context) == 0

"""The context view: the tokens of each part, which are cached, a bar of the budget, and the view as lines."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.turns import Kind
from dungeon.generation.context_view import (
    LETTERS,
    TokenCounts,
    bar,
    cached_parts,
    context_lines,
    count_tokens,
    estimate_tokens,
    headline,
    legend,
    preview,
)
from dungeon.storyteller.servers.remote import RemoteStoryteller
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.context import Context, Part, PartKind, context_to_continue
from dungeon.tale.lore import Card, Lore

BUDGET = 1932
LORE = Lore(
    "You are the helmsman.",
    "Salt and fog.",
    (Card(("Roke",), "Captain Roke has not slept since the storm."), Card(("gold",), "There is none.")),
)


class FakeStoryteller(RemoteStoryteller):
    """Counts words as tokens, and reports the cache that a test sets."""

    cached_tokens: int | None = None
    cached_text: str = ""
    can_count = True

    def __init__(self, cached_tokens: int | None = None, cached_text: str = "") -> None:
        super().__init__("http://127.0.0.1:1", "words")
        self.cached_tokens = cached_tokens
        self.cached_text = cached_text

    async def count_tokens(self, texts: Sequence[str]) -> list[int] | None:
        return [len(text.split()) for text in texts] if self.can_count else None


def adventure_with_turns(turns: int, lore: Lore = LORE) -> Adventure:
    adventure = Adventure(1, "The bell", "You stand at the wheel of the Kind Harriet.", lore=lore)
    for number in range(1, turns + 1):
        adventure.add(Node(number, adventure.head, Kind.DO, "", f"You sail on for day {number}."))
        adventure.set_prose(number, "Roke looks out over the grey water and says nothing. " * 6, State.DONE)
    return adventure


# ---- tokens and cached parts -------------------------------------------------------------------------------------


async def test_included_parts_are_counted_and_the_others_estimated() -> None:
    context = context_to_continue(adventure_with_turns(3), BUDGET)
    counts = await count_tokens(FakeStoryteller(), context)
    assert counts.counted
    assert counts.total(context) == len(context.text.split())
    (left_out,) = (n for part, n in zip(context.parts, counts.counts, strict=True) if part.label == "Card: gold")
    assert left_out == round(len("There is none.") / 3.4)


async def test_without_a_tokenizer_all_tokens_are_estimated_from_bytes() -> None:
    context = context_to_continue(adventure_with_turns(3), BUDGET)
    storyteller = FakeStoryteller(0, context.text)
    storyteller.can_count = False
    counts = await count_tokens(storyteller, context)
    assert not counts.counted
    assert counts.counts == estimate_tokens(context).counts
    assert counts.total(context) == pytest.approx(len(context.text) / 3.4, abs=len(context.parts))
    assert counts.cached == round(len(context.text) / 3.4)
    assert headline(context, counts).startswith("about ")


async def test_only_the_prefix_shared_with_the_engines_cache_is_cached() -> None:
    context = context_to_continue(adventure_with_turns(3), BUDGET)
    for at in (0, 1, 40, len(context.text) // 2, len(context.text)):
        counts = await count_tokens(FakeStoryteller(5, context.text[:at] + "\x00"), context)
        assert counts.cached == len(context.text[:at].split())
        flags = [flag for part, flag in zip(context.parts, cached_parts(context, counts), strict=True) if part.included]
        assert all(before or not after for before, after in pairwise(flags)), "cached parts come first"
    assert all(flags)


async def test_no_part_is_shown_as_cached_if_the_server_does_not_report_its_cache() -> None:
    context = context_to_continue(adventure_with_turns(3), BUDGET)
    counts = await count_tokens(FakeStoryteller(None, context.text), context)
    assert counts.cached is None
    assert not any(cached_parts(context, counts))
    assert headline(context, counts).endswith("the server does not say what is cached")


# ---- the bar -----------------------------------------------------------------------------------------------------

parts = st.builds(
    Part, st.sampled_from(PartKind), st.just("x"), st.just("x"), included=st.booleans(), reason=st.just("x")
)


@given(st.lists(st.tuples(parts, st.integers(0, 3000)), max_size=30), st.integers(1, 4000), st.integers(0, 130))
def test_the_bar_has_the_requested_width(pieces: list[tuple[Part, int]], budget: int, width: int) -> None:
    context = Context(tuple(part for part, _ in pieces), budget, "", 0)
    cells = bar(context, TokenCounts(tuple(count for _, count in pieces)), width)
    assert sum(taken for _, taken in cells) == width
    assert all(taken >= 0 for _, taken in cells)
    assert cells[-1][0] is None
    assert all(one != other for (one, _), (other, _) in pairwise(cells))


async def test_the_bar_shows_the_parts_in_the_order_of_the_prompt() -> None:
    context = context_to_continue(adventure_with_turns(60), BUDGET)
    counts = await count_tokens(FakeStoryteller(), context)
    drawn = "".join("·" if kind is None else LETTERS[kind] for kind, taken in bar(context, counts, 60) if taken)
    assert drawn == "MOSTCNTA·"
    half = Context(context.parts, counts.total(context) * 2, "", 0)
    assert bar(half, counts, 60)[-1][1] == pytest.approx(30, abs=6)


def test_each_kind_of_part_has_a_different_letter() -> None:
    assert len(set(LETTERS.values())) == len(PartKind)


async def test_the_numbers_of_the_legend_add_up_to_the_budget() -> None:
    context = context_to_continue(adventure_with_turns(60), BUDGET)
    counts = await count_tokens(FakeStoryteller(), context)
    figures = [int(text.split()[-1].replace(",", "")) for _, text in legend(context, counts)]
    assert sum(figures) == BUDGET


# ---- lines -------------------------------------------------------------------------------------------------------


async def test_the_whole_view_as_lines() -> None:
    context = context_to_continue(adventure_with_turns(2), BUDGET)
    lines = context_lines(context, await count_tokens(FakeStoryteller(3, context.text[:60]), context))
    assert lines == [
        "The next prompt: 160 of 1,932 tokens; 13 cached, 147 to read.",
        "In tokens: memory 4, opening 9, turns 134, cards 8, note 5, free 1,772.",
        "Memory: 4 tokens, in, cached (always)",
        "Opening: 9 tokens, in, cached (always)",
        "Summary: 0 tokens, out (every turn is in the window)",
        "Card: Roke: 8 tokens, in (named: Roke, 1 turn back)",
        "Card: gold: 4 tokens, out (no key named in the last 4 turns)",
        "Author's note: 5 tokens, in (always)",
        "Turn 1: 67 tokens, in (in the window)",
        "Turn 2: 67 tokens, in (in the window)",
        "Go on: 0 tokens, in (what is to be answered)",
    ]


@given(st.text(max_size=300), st.integers(1, 80))
def test_a_preview_is_one_printable_line_within_its_length(text: str, length: int) -> None:
    shown = preview(Part(PartKind.TURN, "x", text, included=True, reason="x"), length)
    assert len(shown) <= length
    assert "\n" not in shown
    assert "\x1b" not in shown

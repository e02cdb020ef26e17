"""The prompt: within its budget, and laid out so that each prompt begins with the one before."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.turns import ACTION_MARK, Kind, clean_prose, write
from dungeon.tale.adventure import State
from dungeon.tale.context import Context, PartKind, build_context, context_to_continue
from dungeon.tale.lore import Card, Lore
from tests.dungeon.tales import BUDGET, OPENING, adventure_with, answer, ask, max_bytes, prompt_for

# ---- the layout ------------------------------------------------------------------------------------------------


def test_a_prompt_is_the_opening_the_turns_the_action_and_a_newline() -> None:
    adventure = adventure_with("You stand before a door.")
    ask(adventure, "open it")
    answer(adventure, "It is locked.")
    ask(adventure, "", Kind.CONTINUE)
    answer(adventure, "Time passes.")
    ask(adventure, "A bell rings.", Kind.STORY)
    answer(adventure, "It is noon.")
    node = ask(adventure, "who is there?", Kind.SAY)
    assert prompt_for(adventure, node, BUDGET) == (
        "You stand before a door.\n\n> You open it.\n\nIt is locked.\n\nTime passes.\n\n"
        'A bell rings.\n\nIt is noon.\n\n> You say "Who is there?"\n'
    )


def test_a_continue_turn_at_the_opening() -> None:
    adventure = adventure_with("You stand before a door.")
    assert prompt_for(adventure, ask(adventure, "", Kind.CONTINUE), BUDGET) == "You stand before a door.\n"


def test_the_prompt_after_the_players_narration() -> None:
    adventure = adventure_with("You stand before a door.")
    node = ask(adventure, "A bell rings.\n\nTwice.", Kind.STORY)
    assert prompt_for(adventure, node, BUDGET) == "You stand before a door.\n\nA bell rings.\n\nTwice.\n"


def test_the_prompt_of_a_stopped_turn_ends_with_its_prose() -> None:
    adventure = adventure_with("You stand before a door.")
    node = ask(adventure, "open it")
    grown = adventure.set_prose(node.id, "It swings open and", State.STREAMING)
    expected = "You stand before a door.\n\n> You open it.\n\nIt swings open and"
    assert prompt_for(adventure, grown, BUDGET) == expected


def test_the_prompt_of_a_turn_does_not_have_the_prose_it_got_since() -> None:
    adventure = adventure_with("You stand before a door.")
    node = ask(adventure, "open it")
    adventure.set_prose(node.id, "It swings open and", State.STREAMING)
    assert prompt_for(adventure, node, BUDGET) == "You stand before a door.\n\n> You open it.\n"


# ---- the budget ------------------------------------------------------------------------------------------------

words = st.text(max_size=300) | st.sampled_from(["x" * 100_000, "🐉" * 5_000, "go on " * 3_000, "", "🐉 " * 900])


cards = st.builds(
    Card,
    st.lists(st.text(max_size=5), max_size=2).map(tuple),
    words.map(lambda text: clean_prose(text).strip()),
    always=st.booleans(),
    whole_word=st.booleans(),
    depth=st.integers(0, 9),
)
lores = st.builds(
    Lore,
    words.map(lambda text: clean_prose(text).strip()),
    words.map(lambda text: " ".join(clean_prose(text).split())),
    st.lists(cards, max_size=4).map(tuple),
    words.map(lambda text: clean_prose(text).strip()),
    st.integers(0, 12),
)


@given(
    words,
    st.lists(st.tuples(st.sampled_from(list(Kind)), words, words), max_size=12),
    st.sampled_from(list(Kind)),
    words,
    st.integers(128, 4096),
    st.just(Lore()) | lores,
)
def test_every_prompt_is_within_the_budget_and_ends_with_one_newline(
    opening: str, turns: list[tuple[Kind, str, str]], kind: Kind, last: str, budget: int, lore: Lore
) -> None:
    adventure = adventure_with(clean_prose(opening).strip())
    adventure.lore = lore
    for turn_kind, text, prose in turns:
        ask(adventure, text, turn_kind)
        answer(adventure, clean_prose(prose).strip())
    node = ask(adventure, last, kind)
    prompt = prompt_for(adventure, node, budget)
    assert len(prompt.encode()) <= max_bytes(budget)
    assert prompt.endswith("\n")
    assert not prompt.endswith("\n\n")
    assert "\ufffd" not in prompt

    context = build_context(adventure, node, budget)
    assert "".join(part.text for part in context.parts if part.included) == prompt
    assert [part.kind for part in context.parts if part.kind is not PartKind.TURN][:3] == list(PartKind)[:3]
    assert context.parts[-1].kind is PartKind.ACTION
    assert sum(part.kind is PartKind.CARD for part in context.parts) == len(lore.cards), "each card is listed"
    assert all(part.reason and part.label for part in context.parts)
    assert all(part.text for part in context.parts if part.included)


def test_action_marks_and_blank_lines_count_towards_the_budget() -> None:
    for length in range(300):  # somewhere among these the window is full to its last byte
        adventure = adventure_with("o" * 10_000)
        for _ in range(20):
            ask(adventure, "p" * length)
            answer(adventure, "q" * 10)
        prompt = prompt_for(adventure, ask(adventure, "r" * 10_000, Kind.STORY), 512)
        assert len(prompt.encode()) <= max_bytes(512)


def test_an_action_of_a_hundred_thousand_characters_is_shortened_only_in_the_prompt() -> None:
    adventure = adventure_with()
    long = "shout the name of every hill " * 3_450
    node = ask(adventure, long)
    prompt = prompt_for(adventure, node, BUDGET)
    assert prompt.startswith(f"{OPENING}\n\n> You shout the name of every hill")
    assert len(prompt.encode()) <= max_bytes(BUDGET)
    assert adventure.nodes[node.id].input == long


def test_a_long_opening_and_a_long_turn_keep_their_ends() -> None:
    adventure = adventure_with("In the beginning there was mud. " * 1_000 + "You stand before the door.")
    ask(adventure, "wait")
    answer(adventure, "Nothing happens for a while. " * 1_000 + "Then it rings.")
    prompt = prompt_for(adventure, ask(adventure, "listen"), BUDGET)
    opening, _, rest = prompt.partition(f"\n\n{ACTION_MARK}You wait.\n\n")
    assert opening.endswith("You stand before the door.")
    assert len(opening) > 1000
    assert rest.endswith("Then it rings.\n\n> You listen.\n")


def test_an_emoji_is_never_cut_in_the_middle() -> None:
    adventure = adventure_with("🐉" * 5_000)
    ask(adventure, "👩‍🚀" * 3_000)
    answer(adventure, "🗝️" * 5_000)
    prompt = prompt_for(adventure, ask(adventure, "🚪"), BUDGET)
    assert "\ufffd" not in prompt
    assert prompt.startswith("🐉")
    assert prompt.endswith("> You 🚪.\n")


def test_shortened_prose_has_no_line_that_reads_as_an_action() -> None:
    adventure = adventure_with("a > b " * 3_000)
    ask(adventure, "wait")
    answer(adventure, "c > d " * 3_000)
    for extra in range(12):
        prompt = prompt_for(adventure, ask(adventure, "look"), BUDGET + extra)
        adventure.undo()
        actions = [line for line in prompt.split("\n") if line.startswith(">")]
        assert len(actions) == 2, actions[0][:80]


# ---- the prefix cache --------------------------------------------------------------------------------------------


CARDS = (
    Card(("room 7", "rooms"), "Every seventh room has a lamp in it, and a stool on which nobody has sat for years."),
    Card(("lamp",), "The lamps of the house burn without oil, and they go out when somebody tells a lie."),
    Card(("wet",), "The water comes from the lake above the house.", always=True),
)


def contexts_of_a_long_game(turns: int, budget: int, lore: Lore = Lore()) -> list[Context]:  # noqa: B008 - frozen
    """Contexts of one adventure, turn by turn, with actions and answers of many lengths."""
    adventure = adventure_with()
    adventure.lore = lore
    contexts = []
    for number in range(turns):
        slowly = " as slowly as you can" * (number % 5)
        contexts.append(build_context(adventure, ask(adventure, f"go on to room {number}{slowly}"), budget))
        lamp = " A lamp burns." * (number % 9 == 0)
        answer(adventure, f"Room {number} is dark and wet. " * (5 + number * 7 % 11) + lamp)
    return contexts


def prompts_of_a_long_game(turns: int, budget: int) -> list[str]:
    return [context.text for context in contexts_of_a_long_game(turns, budget)]


def before_the_cards(context: Context) -> str:
    """The prompt up to the first card, the author's note or the last turns: the next prompt must begin with it."""
    inside = [part for part in context.parts if part.included]
    early = [n for n, part in enumerate(inside) if part.kind in (PartKind.CARD, PartKind.NOTE)]
    return "".join(part.text for part in inside[: min(early, default=len(inside) - 1)])


def steps_in(contexts: list[Context]) -> list[int]:
    """The turns at which the window moved."""
    through = [context.summary_through for context in contexts]
    return [number for number, (before, now) in enumerate(pairwise(through), 1) if before != now]


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize(
    ("lore", "turns"),
    [
        (Lore("You are a walker.", "Plain.", CARDS), 1000),
        (Lore("You are a walker.", "", CARDS, "You left home.", 0), 300),
    ],
    ids=["lore of all kinds", "the player's summary"],
)
def test_in_a_long_game_with_lore_each_prompt_begins_with_the_one_before_up_to_the_cards(
    lore: Lore, turns: int
) -> None:
    contexts = contexts_of_a_long_game(turns, BUDGET, lore)
    steps = steps_in(contexts)
    for number, (before, now) in enumerate(pairwise(contexts), 1):
        if number not in steps:
            assert now.text.startswith(before_the_cards(before)), number
            assert now.summary == before.summary
    gaps = [later - earlier for earlier, later in pairwise(steps)]
    assert min(gaps) >= 2
    assert sum(gaps) / len(gaps) >= 4
    texts = [context.text for context in contexts]
    assert 0 < sum(CARDS[1].text in text for text in texts) < turns, "cards entered and left the prompt"


def test_in_a_long_game_each_prompt_begins_with_the_one_before_but_for_rare_steps() -> None:
    prompts = prompts_of_a_long_game(120, BUDGET)
    steps = [
        number
        for number in range(1, len(prompts))
        if not prompts[number].startswith(prompts[number - 1].removesuffix("\n"))
    ]
    assert steps, "the game was too short to fill the window"
    gaps = [later - earlier for earlier, later in pairwise(steps)]
    assert min(gaps) >= 2
    assert sum(gaps) / len(gaps) >= 4


def test_the_opening_stays_in_the_prompt_and_the_window_is_well_used() -> None:
    prompts = prompts_of_a_long_game(120, BUDGET)
    assert all(prompt.startswith(OPENING) for prompt in prompts)
    full = [len(prompt.encode()) / max_bytes(BUDGET) for prompt in prompts[60:]]
    assert min(full) > 0.5
    assert max(full) > 0.75
    assert max(full) <= 1


def test_whole_turns_leave_the_prompt_the_oldest_first() -> None:
    prompt = prompts_of_a_long_game(120, BUDGET)[-1]
    actions = [line.removeprefix("> You go on to room ") for line in prompt.split("\n") if line[:1] == ">"]
    numbers = [int(action.split(" ")[0].rstrip(".")) for action in actions]
    assert numbers == list(range(numbers[0], 120))
    assert numbers[0] > 0


def test_undo_gives_the_earlier_prompt_again() -> None:
    adventure = adventure_with()
    for number in range(80):
        node = ask(adventure, f"go on to room {number}")
        before = prompt_for(adventure, node, BUDGET)
        answer(adventure, "It is dark and wet. " * 12)
    adventure.undo()
    assert prompt_for(adventure, ask(adventure, "go on to room 79"), BUDGET) == before


def test_a_short_adventure_is_in_the_prompt_completely() -> None:
    adventure = adventure_with()
    for number in range(5):
        ask(adventure, f"go on to room {number}")
        answer(adventure, "It is dark and wet.")
    tale = write(node.turn() for node in adventure.path())
    assert prompt_for(adventure, ask(adventure, "rest"), BUDGET) == f"{OPENING}\n\n{tale}\n\n> You rest.\n"


def test_a_very_long_action_does_not_change_later_prompts() -> None:
    adventure = adventure_with()
    for number in range(60):
        ask(adventure, f"go on to room {number}")
        answer(adventure, "It is dark and wet. " * 12)
    before = context_to_continue(adventure, BUDGET)
    long = prompt_for(adventure, ask(adventure, "shout the name of every hill " * 80), BUDGET)
    assert len(long.encode()) <= max_bytes(BUDGET)
    adventure.undo()
    assert context_to_continue(adventure, BUDGET) == before

"""What the context view shows of a prompt: each part, in or out, and why; and the summary of what has left."""

from dataclasses import replace

from corpus.turns import PARAGRAPH, Kind
from dungeon.tale.adventure import Adventure
from dungeon.tale.context import Context, Part, PartKind, build_context, context_to_continue
from dungeon.tale.lore import Card, Lore
from tests.dungeon.tales import BUDGET, OPENING, adventure_with, answer, ask, most_bytes, prompt_for

# ---- each part, in or out, and why -----------------------------------------------------------------------------------


def parts(context: Context, kind: PartKind) -> list[Part]:
    return [part for part in context.parts if part.kind is kind]


def reason(context: Context, kind: PartKind) -> tuple[bool, str]:
    (part,) = parts(context, kind)
    return part.included, part.reason


def a_tale(turns: int = 60) -> Adventure:
    adventure = adventure_with()
    for number in range(turns):
        ask(adventure, f"take lamp {number} from Berrin")
        answer(adventure, f"Berrin gives you lamp {number}. " + "It is dark and wet. " * 12)
    return adventure


def test_an_adventure_that_has_just_begun_says_why_nothing_else_is_in() -> None:
    context = context_to_continue(adventure_with(), BUDGET)
    assert [(part.kind.value, part.included, part.reason) for part in context.parts] == [
        ("memory", False, "none is written"),
        ("opening", True, "always"),
        ("summary", False, "every turn is in the window"),
        ("note", False, "none is written"),
        ("action", True, "what is to be answered"),
    ]
    assert context.text == OPENING + "\n"


def test_the_turns_that_have_left_are_one_part_and_those_in_the_window_one_each() -> None:
    context = context_to_continue(a_tale(), BUDGET)
    out, *inside = parts(context, PartKind.TURN)
    assert not out.included
    assert out.reason == "older than the window"
    first = int(out.label.removeprefix("Turns 1 to "))
    assert [part.label for part in inside] == [f"Turn {number}" for number in range(first + 1, 61)]
    assert all(part.included and part.reason == "in the window" for part in inside)
    assert out.text.startswith("> You take lamp 0 from Berrin.")
    assert context.summary_through == first


def test_a_card_that_only_the_action_calls_for_changes_nothing_before_the_action() -> None:
    adventure = a_tale(9)
    adventure.lore = Lore(note="Plain words.", cards=(Card(("mule",), "The mule is called Oro."),))
    read_before = context_to_continue(adventure, BUDGET).text.removesuffix("\n")
    prompt = prompt_for(adventure, ask(adventure, "saddle the mule"), BUDGET)
    assert prompt == f"{read_before}\n\nThe mule is called Oro.\n\n> You saddle the mule.\n"


def test_cards_say_which_key_was_named_where_or_why_they_are_out() -> None:
    adventure = a_tale(5)
    adventure.lore = Lore(
        cards=(
            Card(("Berrin",), "Berrin lights the lamps."),
            Card(("mule",), "The mule is called Oro."),
            Card(("lamp 2",), "Lamp 2 is the green one."),
            Card(("sea",), "The sea is salt.", always=True),
            Card(("Berrin",), "All that there is to say of Berrin. " * 40),
            Card((), "Nobody can call for this."),
            Card(("lamp",), ""),
            Card(("door",), "It is iron.", depth=0),
            Card(("key",), "It is brass.", depth=1),
        )
    )
    node = ask(adventure, "ask Berrin about the mule")
    found = [
        (part.label, part.included, part.reason)
        for part in parts(build_context(adventure, node, BUDGET), PartKind.CARD)
    ]
    assert found == [
        ("Card: Berrin", True, "named: Berrin, in the action"),
        ("Card: lamp 2", True, "named: lamp 2, 3 turns back"),
        ("Card: sea", True, "always"),
        ("Card: Berrin", False, "no room: cards may take 15% of the window"),
        ("Card: no key", False, "it has no key"),
        ("Card: lamp", False, "it has no text"),
        ("Card: door", False, "no key named in the action"),
        ("Card: key", False, "no key named in the last turn"),
        ("Card: mule", True, "named: mule, in the action"),
    ]


def test_what_is_too_long_says_what_it_was_shortened_to() -> None:
    adventure = adventure_with("In the beginning there was mud. " * 1_000)
    adventure.lore = Lore("You are old. " * 500, "Plain words. " * 100, (), "You left home. " * 300)
    ask(adventure, "wait")
    answer(adventure, "Nothing happens for a while. " * 1_000)
    context = context_to_continue(adventure, BUDGET)
    assert reason(context, PartKind.MEMORY) == (True, "always, shortened to 15% of the window")
    assert reason(context, PartKind.OPENING) == (True, "always, shortened to 25% of the window")
    assert reason(context, PartKind.SUMMARY) == (True, "your words, shortened to 10% of the window")
    assert reason(context, PartKind.NOTE) == (True, "always, shortened to 5% of the window")
    assert reason(context, PartKind.TURN) == (True, "in the window, shortened to 25% of it")


def test_a_turn_of_which_nothing_came_says_so() -> None:
    adventure = adventure_with()
    ask(adventure, "", Kind.CONTINUE)
    context = context_to_continue(adventure, BUDGET)
    assert reason(context, PartKind.TURN) == (False, "no text came")
    assert context.text == OPENING + "\n"


def test_looking_at_the_next_context_changes_nothing() -> None:
    adventure = a_tale()
    head, nodes = adventure.head, dict(adventure.nodes)
    context = context_to_continue(adventure, BUDGET)
    assert (adventure.head, adventure.nodes) == (head, nodes)
    assert context.text == prompt_for(adventure, ask(adventure, "", Kind.CONTINUE), BUDGET)


# ---- the summary -----------------------------------------------------------------------------------------------------


def test_what_has_left_is_summed_up_between_the_opening_and_the_window() -> None:
    context = context_to_continue(a_tale(), BUDGET)
    (summary,) = parts(context, PartKind.SUMMARY)
    assert summary.reason == "for the turns that have left"
    assert summary.text == PARAGRAPH + context.summary
    assert "You take lamp" in summary.text
    assert len(summary.text.encode()) <= most_bytes(BUDGET) * 0.1
    assert context.text.startswith(OPENING + summary.text + PARAGRAPH + "> You take lamp")


def test_the_player_s_summary_stands_and_what_leaves_after_it_is_added() -> None:
    adventure = a_tale(30)
    through = context_to_continue(adventure, BUDGET).summary_through
    adventure.lore = Lore(summary="You gather lamps.", summary_through=through)
    assert context_to_continue(adventure, BUDGET).summary == "You gather lamps."
    for _ in range(20):
        ask(adventure, "give the black crown to Hessa")
        answer(adventure, "Hessa is queen now. " * 15)
    context = context_to_continue(adventure, BUDGET)
    own, _, since = context.summary.partition(PARAGRAPH)
    assert own == "You gather lamps."
    assert "Hessa" in since
    assert reason(context, PartKind.SUMMARY) == (True, "your words, then the game's")
    assert context.summary_through > through


def test_the_player_s_summary_stands_only_where_it_happened() -> None:
    adventure = a_tale(30)
    adventure.lore = Lore(summary="You gather lamps.", summary_through=25)
    assert context_to_continue(adventure, BUDGET).summary.startswith("You gather lamps.")
    adventure.move(24)
    for number in range(30):
        ask(adventure, f"walk {number} miles with Hessa")
        answer(adventure, "It is dark and wet. " * 12)
    context = context_to_continue(adventure, BUDGET)
    assert "You gather lamps." not in context.text
    assert "Hessa" in context.summary


def test_writing_a_summary_does_not_move_the_window_and_going_back_keeps_to_the_budget() -> None:
    adventure = a_tale(30)
    before = context_to_continue(adventure, BUDGET)
    adventure.lore = Lore(summary="You gather lamps. " * 30, summary_through=before.summary_through)
    after = context_to_continue(adventure, BUDGET)
    assert parts(after, PartKind.TURN)[1:] == parts(before, PartKind.TURN)[1:]
    for _ in range(30):
        adventure.undo()
        context = context_to_continue(adventure, BUDGET)
        assert len(context.text.encode()) <= most_bytes(BUDGET)


def test_an_edit_of_an_earlier_turn_does_not_lose_the_player_s_summary() -> None:
    adventure = a_tale(30)
    adventure.lore = Lore(summary="You gather lamps.", summary_through=25)
    parent = 2
    for node in adventure.path()[2:]:  # as the shelf copies what follows a turn that was edited
        copied = replace(node, id=node.id + 100, parent=parent, edit_of=node.id)
        adventure.add(copied)
        parent = copied.id
    assert context_to_continue(adventure, BUDGET).summary.startswith("You gather lamps.")


def test_a_summary_from_before_the_first_turn_stands_everywhere() -> None:
    adventure = adventure_with()
    adventure.lore = Lore(summary="You left home.", summary_through=0)
    assert context_to_continue(adventure, BUDGET).text == f"{OPENING}\n\nYou left home.\n"

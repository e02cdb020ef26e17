"""The parts of a context: which are included and why; and the summary of the turns that have left the window."""

from dataclasses import replace

from corpus.turns import PARAGRAPH, Kind
from dungeon.tale.adventure import Adventure
from dungeon.tale.context import Context, Part, PartKind, build_context, context_to_continue
from dungeon.tale.lore import Card, Lore
from tests.dungeon.tales import BUDGET, OPENING, adventure_with, answer, ask, max_bytes, prompt_for

# ---- each part, in or out, and why -----------------------------------------------------------------------------------


def parts(context: Context, kind: PartKind) -> list[Part]:
    return [part for part in context.parts if part.kind is kind]


def reason(context: Context, kind: PartKind) -> tuple[bool, str]:
    (part,) = parts(context, kind)
    return part.included, part.reason


def adventure_with_turns(turns: int = 60) -> Adventure:
    adventure = adventure_with()
    for number in range(turns):
        ask(adventure, f"take lamp {number} from Berrin")
        answer(adventure, f"Berrin gives you lamp {number}. " + "It is dark and wet. " * 12)
    return adventure


def test_the_parts_of_a_new_adventure_and_why_they_are_left_out() -> None:
    context = context_to_continue(adventure_with(), BUDGET)
    assert [(part.kind.value, part.included, part.reason) for part in context.parts] == [
        ("memory", False, "none is written"),
        ("opening", True, "always"),
        ("summary", False, "every turn is in the window"),
        ("note", False, "none is written"),
        ("action", True, "what is to be answered"),
    ]
    assert context.text == OPENING + "\n"


def test_turns_older_than_the_window_are_one_part_and_each_later_turn_is_another() -> None:
    context = context_to_continue(adventure_with_turns(), BUDGET)
    older, *inside = parts(context, PartKind.TURN)
    assert not older.included
    assert older.reason == "older than the window"
    first = int(older.label.removeprefix("Turns 1 to "))
    assert [part.label for part in inside] == [f"Turn {number}" for number in range(first + 1, 61)]
    assert all(part.included and part.reason == "in the window" for part in inside)
    assert older.text.startswith("> You take lamp 0 from Berrin.")
    assert context.summary_through == first


def test_a_card_triggered_by_the_action_comes_right_before_the_action() -> None:
    adventure = adventure_with_turns(9)
    adventure.lore = Lore(note="Plain words.", cards=(Card(("mule",), "The mule is called Oro."),))
    read_before = context_to_continue(adventure, BUDGET).text.removesuffix("\n")
    prompt = prompt_for(adventure, ask(adventure, "saddle the mule"), BUDGET)
    assert prompt == f"{read_before}\n\nThe mule is called Oro.\n\n> You saddle the mule.\n"


def test_each_card_has_its_key_or_the_reason_why_it_is_left_out() -> None:
    adventure = adventure_with_turns(5)
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


def test_a_shortened_part_has_its_share_of_the_window() -> None:
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


def test_a_turn_without_text_is_left_out() -> None:
    adventure = adventure_with()
    ask(adventure, "", Kind.CONTINUE)
    context = context_to_continue(adventure, BUDGET)
    assert reason(context, PartKind.TURN) == (False, "no text came")
    assert context.text == OPENING + "\n"


def test_building_the_next_context_does_not_change_the_adventure() -> None:
    adventure = adventure_with_turns()
    head, nodes = adventure.head, dict(adventure.nodes)
    context = context_to_continue(adventure, BUDGET)
    assert (adventure.head, adventure.nodes) == (head, nodes)
    assert context.text == prompt_for(adventure, ask(adventure, "", Kind.CONTINUE), BUDGET)


# ---- the summary -----------------------------------------------------------------------------------------------------


def test_the_summary_of_older_turns_is_between_the_opening_and_the_window() -> None:
    context = context_to_continue(adventure_with_turns(), BUDGET)
    (summary,) = parts(context, PartKind.SUMMARY)
    assert summary.reason == "for the turns that have left"
    assert summary.text == PARAGRAPH + context.summary
    assert "You take lamp" in summary.text
    assert len(summary.text.encode()) <= max_bytes(BUDGET) * 0.1
    assert context.text.startswith(OPENING + summary.text + PARAGRAPH + "> You take lamp")


def test_the_players_summary_stays_and_later_turns_are_added_to_it() -> None:
    adventure = adventure_with_turns(30)
    through = context_to_continue(adventure, BUDGET).summary_through
    adventure.lore = Lore(summary="You gather lamps.", summary_through=through)
    assert context_to_continue(adventure, BUDGET).summary == "You gather lamps."
    for _ in range(20):
        ask(adventure, "give the black crown to Hessa")
        answer(adventure, "Hessa is queen now. " * 15)
    context = context_to_continue(adventure, BUDGET)
    by_player, _, since = context.summary.partition(PARAGRAPH)
    assert by_player == "You gather lamps."
    assert "Hessa" in since
    assert reason(context, PartKind.SUMMARY) == (True, "your words, then the game's")
    assert context.summary_through > through


def test_the_players_summary_is_used_only_on_its_branch() -> None:
    adventure = adventure_with_turns(30)
    adventure.lore = Lore(summary="You gather lamps.", summary_through=25)
    assert context_to_continue(adventure, BUDGET).summary.startswith("You gather lamps.")
    adventure.move(24)
    for number in range(30):
        ask(adventure, f"walk {number} miles with Hessa")
        answer(adventure, "It is dark and wet. " * 12)
    context = context_to_continue(adventure, BUDGET)
    assert "You gather lamps." not in context.text
    assert "Hessa" in context.summary


def test_a_players_summary_does_not_move_the_window_and_undo_stays_within_the_budget() -> None:
    adventure = adventure_with_turns(30)
    before = context_to_continue(adventure, BUDGET)
    adventure.lore = Lore(summary="You gather lamps. " * 30, summary_through=before.summary_through)
    after = context_to_continue(adventure, BUDGET)
    assert parts(after, PartKind.TURN)[1:] == parts(before, PartKind.TURN)[1:]
    for _ in range(30):
        adventure.undo()
        context = context_to_continue(adventure, BUDGET)
        assert len(context.text.encode()) <= max_bytes(BUDGET)


def test_an_edit_of_an_earlier_turn_does_not_lose_the_players_summary() -> None:
    adventure = adventure_with_turns(30)
    adventure.lore = Lore(summary="You gather lamps.", summary_through=25)
    parent = 2
    for node in adventure.path()[2:]:  # as the shelf copies what follows a turn that was edited
        copied = replace(node, id=node.id + 100, parent=parent, edit_of=node.id)
        adventure.add(copied)
        parent = copied.id
    assert context_to_continue(adventure, BUDGET).summary.startswith("You gather lamps.")


def test_a_summary_written_before_the_first_turn_is_used_on_every_branch() -> None:
    adventure = adventure_with()
    adventure.lore = Lore(summary="You left home.", summary_through=0)
    assert context_to_continue(adventure, BUDGET).text == f"{OPENING}\n\nYou left home.\n"

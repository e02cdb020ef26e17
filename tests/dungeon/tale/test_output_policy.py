"""The output policy on recorded outputs of the bundled voice, and rule by rule.

`recorded_output.json` holds bad outputs of the bundled voice, recorded with `tests/benchmarks/output_policy.py` on our
engine (those that loop, with the penalties off): the text before each, its faults by that benchmark, and the part that
the policy keeps, checked by eye.
"""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from corpus.turns import Kind
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.lore import Lore
from dungeon.tale.output_policy import FilteredOutput, OutputPolicy, StopReason, filter_output, policy_for_turn
from dungeon.tale.prose import sentence_end, trim_broken_end
from finetune.compare.measures import GeneratedTurn, cut_off, repetition, speaks_for_player

RECORDED = json.loads((Path(__file__).with_name("recorded_output.json")).read_text(encoding="utf-8"))

FAULTS = {
    "speaks for the player": lambda action, prose: speaks_for_player(GeneratedTurn(action, prose)),
    "leaks >": lambda _, prose: ">" in prose,
    "ends in a cut sentence": lambda _, prose: cut_off(prose),
    "half quote": lambda _, prose: any(len(re.findall('["“”]', line)) % 2 for line in prose.split("\n")),
    "chat, list or heading": lambda _, prose: bool(re.search(r"(?m)^ *(?:[-#*\[]|\d+\. )|Author's note", prose)),
    "loops": lambda _, prose: repetition(re.findall(r"\w+", prose.lower()) + [""] * 4, 4) > 0.3,
}


def policy(opening: str = "", before: list[list[str]] | None = None, action: str = "", note: str = "") -> OutputPolicy:
    """The policy for the next turn after `before`, pairs of action and prose."""
    adventure = Adventure(1, "", opening, lore=Lore(note=note))
    for number, (done, prose) in enumerate(before or [], 1):
        adventure.add(Node(number, number - 1 or None, Kind.DO, done, done, prose, State.DONE))
    node = Node(99, adventure.head, Kind.DO, action, action)
    adventure.add(node)
    return policy_for_turn(adventure, node)


def finished(sent: str, **turn: Any) -> FilteredOutput:
    return filter_output(sent, policy(**turn), finished=True)


def kept(sent: str, **turn: Any) -> str:
    return finished(sent, **turn).shown


def stop_reason(sent: str, **turn: Any) -> StopReason | None:
    return finished(sent, **turn).stop_reason


# ---- recorded bad outputs ------------------------------------------------------------------------------------


def test_the_recorded_output_has_every_fault() -> None:
    assert len(RECORDED) >= 30
    found = {fault for record in RECORDED for fault in record["faults"]}
    assert found >= {*FAULTS, "repeats a sentence"}


@pytest.mark.parametrize("record", RECORDED, ids=range(len(RECORDED)))
def test_the_good_part_of_a_recorded_bad_output_is_kept(record: dict) -> None:
    prose = kept(record["sent"], opening=record["opening"], before=record["before"], action=record["action"])
    assert prose == record["kept"]
    for fault, has in FAULTS.items():
        assert not has(record["action"], prose), fault


@pytest.mark.parametrize("record", RECORDED, ids=range(len(RECORDED)))
@pytest.mark.parametrize("step", [1, 4, 9])
def test_streaming_gives_the_same_result_and_takes_no_sentence_back(record: dict, step: int) -> None:
    rules = policy(record["opening"], record["before"], record["action"])
    raw = record["sent"]
    shown = ""
    for length in range(0, len(raw) + step, step):
        output = filter_output(raw[:length], rules)
        assert output.shown.startswith(shown[: sentence_end(shown)])
        shown = output.shown
        if output.stop_reason:
            break
    else:
        output = filter_output(raw, rules, finished=True)
    assert output.shown == record["kept"]


# ---- rule: speaks for the player -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "prose"),
    [
        ('It opens. You say, "Hello." He nods.', "It opens."),
        ('It opens.\n\n"Who is there?" you ask. He nods.', "It opens."),
        ("It opens.\n\n“Who is there?” you ask. He nods.", "It opens."),
        ("It opens.\n\n'Who is there?' you ask. He nods.", "It opens."),
        ('It opens. You quietly tell Hessa to run: "Run!"', "It opens."),
        ('It opens. You replied, "No." He nods.', "It opens."),
        ("It opens. You decide to go home. He nods.", "It opens."),
        ("It opens. At the end of the day you agree to it.", "It opens."),
        ("It opens. He asks if you will come in, and you agree.", "It opens."),
        ("It opens. I am glad to see it. He nods.", "It opens."),
        ("It opens. My hand shakes. He nods.", "It opens."),
        ('It opens.\n\nYou ask what she wears.\n\n"A coat."', "It opens."),
        ("It opens.\n\nYou quietly tell him that it is late. He nods.", "It opens."),
    ],
)
def test_the_turn_ends_before_it_speaks_for_the_player(sent: str, prose: str) -> None:
    assert kept(sent, action="You open the door.") == prose
    assert stop_reason(sent, action="You open the door.") is StopReason.PLAYER


@pytest.mark.parametrize(
    "sent",
    [
        "You open it and step in. You walk on until nightfall.",
        'He nods. "You say too much," he says. "I want you to go."',
        'He says, "You decide. I wait."',
        "'I am glad,' he says. 'So am I.'",
        "You tell them what happened. You ask for water.",
        "If you agree, he will go. Do you accept? He waits until you decide.",
        "World War I is over. J. I. Marsh sleeps.",
        'You hear a voice: "Who is there?"',
    ],
)
def test_short_deeds_and_the_speech_of_others_are_kept(sent: str) -> None:
    assert kept(sent, action="You open the door.") == sent


ANSWER = "The door swings open, and cold air comes up from a stair that leads down."


@pytest.mark.parametrize(
    "deed",
    ["You go down the stair.", "Then you quickly light your lamp.", "You then wait for an hour.", "So you turn back."],
)
def test_when_the_action_is_answered_the_turn_ends_before_the_player_does_something_else(deed: str) -> None:
    assert kept(f"{ANSWER} {deed} It is dark.", action="You open the door.") == ANSWER
    assert stop_reason(f"{ANSWER} {deed}", action="You open the door.") is StopReason.PLAYER


@pytest.mark.parametrize(
    ("sent", "action"),
    [
        (f"{ANSWER} You hear a bell.", "You open the door."),
        (f"{ANSWER} You can't see the end of it.", "You open the door."),
        (f"{ANSWER} You fall.", "You open the door."),
        (f"{ANSWER} You open it wide.", "You open the door."),  # the action itself
        ("It opens. You step in. It is dark.", "You open the door."),  # hardly answered
        (f"{ANSWER} You go down the stair.", ""),  # Enter: the story goes on by itself
        (f'{ANSWER} "You go first," says Hessa.', "You open the door."),
    ],
)
def test_what_happens_to_the_player_and_the_action_itself_are_no_new_deeds(sent: str, action: str) -> None:
    assert kept(sent, action=action) == sent


def test_speech_and_decisions_of_the_action_are_kept() -> None:
    sent = 'So you say "Who is there?" and wait.'
    assert kept(sent, action='You say "Who is there?"') == sent
    assert kept("You choose the red door. It opens.", action="You choose the red door, and run.") != ""
    sent = "She looks up.\n\nYou ask her again."
    assert kept(sent, action="You ask Hessa for the lamp.") == sent
    assert stop_reason("So you decide to go home, and go.", action="You decide to go home.") is None


def test_a_narrator_i_is_kept_in_a_first_person_story() -> None:
    assert kept("I open it. My hand shakes.", opening="I am a thief. I have no name.") == "I open it. My hand shakes."
    assert kept("I open it.", opening='"I am a thief," says the cat.') == ""
    # An "I" that the voice itself let slip in does not make the tale first person.
    assert kept("I open it.", before=[["You wait.", "I wait."]]) == ""


# ---- rule: repeats a known sentence --------------------------------------------------------------------------

KNOWN_SENTENCE = "The old bell over the gate rings three times."


@pytest.mark.parametrize(
    "again",
    [
        KNOWN_SENTENCE,
        "The OLD bell, over the gate, rings three times!",
        "The old bell over the gate rings three more times.",
        "“The old bell over the gate rings three times.”",
    ],
)
def test_a_known_sentence_of_the_last_turns_is_left_out(again: str) -> None:
    before = [["You wait.", f"It rains. {KNOWN_SENTENCE}"], *([["You wait.", f"Night {n}."] for n in range(5)])]
    assert kept(f"You nod. {again} Rain falls.", before=before) == "You nod. Rain falls."
    assert kept(f"You nod.\n\n{again} Rain falls.", before=before) == "You nod.\n\nRain falls."
    assert kept(f"You nod.\n\n{again}\n\nRain falls.", before=before) == "You nod.\n\nRain falls."


def test_a_sentence_may_be_repeated_after_six_turns() -> None:
    before = [["You wait.", KNOWN_SENTENCE], *([["You wait.", f"Night {n}."] for n in range(6)])]
    assert kept(KNOWN_SENTENCE, before=before) == KNOWN_SENTENCE


def test_a_known_sentence_of_this_turn_the_opening_the_note_or_the_action_is_left_out() -> None:
    assert (
        kept(f"It rains. {KNOWN_SENTENCE} You wait. {KNOWN_SENTENCE} You go.")
        == f"It rains. {KNOWN_SENTENCE} You wait. You go."
    )
    assert kept(f"{KNOWN_SENTENCE} You go.", opening=f"It rains. {KNOWN_SENTENCE}") == "You go."
    assert kept("Plain and tense, with much wonder. You go.", note="Plain and tense, with much wonder.") == "You go."
    assert kept("You open the iron door. It is dark.", action="You open the iron door.") == "It is dark."


def test_short_and_different_sentences_are_kept() -> None:
    before = [["You wait.", "You wait. The old man opens the red door. It rains."]]
    assert kept("You wait. It is cold.", before=before) == "You wait. It is cold."
    assert kept("The old man opens the blue door.", before=before) == "The old man opens the blue door."


def test_a_growing_sentence_is_withheld_until_it_differs_from_the_known_one() -> None:
    rules = policy(before=[["You wait.", KNOWN_SENTENCE]])
    shown = [
        filter_output(raw, rules).shown for raw in ("It rains. The old bell", "It rains. The old bell over the sea")
    ]
    assert shown == ["It rains.", "It rains. The old bell over the sea"]


def test_speech_is_shown_without_its_closing_mark_until_the_speaker_is_clear() -> None:
    rules = policy()
    growing = ['He nods. "Run."', 'He nods. "Run." Th', 'He nods. "Run," you', 'He nods. "Run," you say']
    assert [filter_output(raw, rules).shown for raw in growing] == [
        'He nods. "Run.',
        'He nods. "Run." Th',
        'He nods. "Run," you',
        "He nods.",
    ]


# ---- rule: stock phrases -----------------------------------------------------------------------------------------

PHRASE = "He looks at you as if he were a mirror."


def turns_with(*prose: str) -> list[list[str]]:
    return [["You wait.", text] for text in prose]


@pytest.mark.parametrize(
    "again", ["She looks at you as if you were late.", '"He looks at you as if it rains," she says.']
)
def test_the_turn_ends_before_a_phrase_of_two_earlier_turns(again: str) -> None:
    before = turns_with(f"It rains. {PHRASE}", "The cat looks at you as if it had won.")
    output = finished(f"You nod. {again} It rains.", before=before)
    assert (output.shown, output.stop_reason) == ("You nod.", StopReason.STOCK_PHRASE)


@pytest.mark.parametrize(
    ("before", "sent"),
    [
        ([PHRASE], "She looks at you as if you were late."),
        ([PHRASE, PHRASE], "She looks at you."),
        (["The man in white gloves waits.", "The man in white gloves nods."], "The man in white gloves sings."),
        (["Old Hessa is here with you.", "Old Hessa is here with me."], "Old Hessa is here with him."),
    ],
)
def test_what_one_turn_has_short_runs_things_and_names_are_no_stock_phrases(before: list[str], sent: str) -> None:
    assert kept(sent, opening="It is Hessa, the driver.", before=turns_with(*before)) == sent


def test_the_players_own_words_are_no_stock_phrase() -> None:
    said = "He hears you say that you are the king of salt."
    before = [['You say "Say that you are the king!"', said], ["You wait.", "Tell me that you are the king."]]
    sent = "They shout that you are the king of the hill."
    assert kept(sent, before=before, action="You wait.") == sent


# ---- rule: loops ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "prose"),
    [
        ("It rains. It is old and it is old and it is old and it is old and so", "It rains."),
        ("It rains. The cat, the dog, the cat, the dog, the cat, the dog, the cat, the dog", "It rains."),
        ("It rains. No no no no no no no no no no no", "It rains."),
        ("It rains. Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaargh", "It rains."),
        ("It rains. ..................................", "It rains."),
        (f"{KNOWN_SENTENCE} It rains. {KNOWN_SENTENCE} {KNOWN_SENTENCE} It rains on.", f"{KNOWN_SENTENCE} It rains."),
        ("You wait. It rains. You wait. It rains. You wait. It rains.", "You wait. It rains. You wait. It rains."),
        (
            "In the middle of it all he sits. In the middle of it all she sings. In the middle of it all is a cat.",
            "In the middle of it all he sits. In the middle of it all she sings.",
        ),
    ],
)
def test_the_turn_ends_before_it_loops(sent: str, prose: str) -> None:
    output = finished(sent)
    assert output.stop_reason is StopReason.LOOP
    assert output.shown == prose
    assert output.keep == output.shown


def test_a_turn_of_only_known_sentences_counts_as_a_loop() -> None:
    before = [["You wait.", KNOWN_SENTENCE]]
    assert stop_reason(KNOWN_SENTENCE, before=before) is StopReason.LOOP
    output = finished(f"{KNOWN_SENTENCE} It rains. {KNOWN_SENTENCE}", before=before)
    assert (output.shown, output.stop_reason) == ("It rains.", None)


def test_natural_repetition_is_kept() -> None:
    for sent in (
        "Knock. Knock. Knock.",
        '"No, no, no, no! No, no, no!" he says.',
        "Ha ha ha ha! He laughs.",
        "It rains and rains and rains.",
    ):
        assert finished(sent) == FilteredOutput(sent, None, sent, ends_sentence=True)


# ---- rule: chat ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "drift",
    [
        "### Response",
        "## Chapter 2\n\nYou wait.",
        "#16",
        "Chapter 12",
        "CHAPTER IV: The Door",
        "1. The door\n2. The cat",
        "2) The cat",
        "- The cat",
        "* The cat",
        "• The cat",
        "**The Door**",
        "---",
        "***",
        "```\ndoor\n```",
        "Assistant: The door",
        "User: open it",
        "Title: The Door",
        "Note: the door is old.",
        "Sure! Here is a story.",
        "Certainly, here you go.",
        "Of course! Here is more.",
        "As an AI, I have no doors.",
        "I'm sorry, but I can't go on.",
        "I cannot help with that.",
        "Here is a list of doors:",
        "Here's the next part of your story:",
        "[Author's note: Plain and tense.]",
        "Author's note: Plain.",
        "[The Door]\n\nYou wait.",
        "<|im_end|>",
        "</s>",
        "THE END",
        "To be continued...",
    ],
)
def test_the_turn_ends_before_chat_lists_and_headings(drift: str) -> None:
    assert kept(f"It opens.\n\n{drift}") == "It opens."
    assert kept(drift) == ""


@pytest.mark.parametrize(
    "sent",
    [
        "Sure enough, it opens. Of course it does.",
        "Here is the cat. Here are four doors.",
        "12 men wait. Two of them - the old ones - sleep.",
        '"Sure! Here it is," he says.',
        "It is the end of the road. The act is over.",
        "[red]The dragon[/] sleeps.",
        "Part of it is gone. Step by step he comes.",
        "* It rains.*".replace("* ", "*"),
    ],
)
def test_prose_that_looks_like_chat_is_kept(sent: str) -> None:
    assert kept(sent) == sent


# ---- any text at all -----------------------------------------------------------------------------------------

words = st.sampled_from(
    [
        *"\"“”.!?,…>'\n\x1b🐉",
        *"You say I it rains door the".split(),
        "\n\n",
        "- ",
        "# ",
        "1. ",
        "you say",
        KNOWN_SENTENCE,
        *"Hessa Hester knows > What do you? Remember, you".split(),
        "looks at you as if",
        "> You say It rains.",
    ]
)
texts = st.lists(words, max_size=40).map(" ".join)


@given(first=texts, more=texts, draws_again=st.booleans())
@example(first='" . \n You', more="you say", draws_again=True)
def test_shown_sentences_stay_shown_with_any_continuation(first: str, more: str, draws_again: bool) -> None:
    told = [["You wait.", f"{KNOWN_SENTENCE} {PHRASE} the Hessa"], ["You wait.", f"Hessa nods. {PHRASE}"]]
    rules = policy("The cat of Hessa.", before=told, action='You say "It rains."')
    rules = replace(rules, draws_again=draws_again)
    before, now = filter_output(first, rules), filter_output(f"{first} {more}", rules)
    if before.stop_reason is None:
        assert now.shown.startswith(before.shown[: sentence_end(before.shown)])


@given(texts)
@example('" 🐉 \n "')
def test_a_finished_turn_has_no_action_mark_no_unpaired_quote_and_no_broken_end(raw: str) -> None:
    output = finished(raw)
    assert ">" not in output.shown
    assert "\x1b" not in output.shown
    assert all(sum(line.count(mark) for mark in '"“”') % 2 == 0 for line in output.shown.split("\n"))
    assert not output.shown or sentence_end(output.shown) == len(output.shown) or output.shown[-1] in '"”'
    assert trim_broken_end(output.shown) == output.shown

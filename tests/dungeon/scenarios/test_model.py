"""A scenario from an opening and from a file: cleaning, placeholders, and errors that name the key."""

from pathlib import Path

import pytest

from dungeon.errors import DungeonError
from dungeon.scenarios.model import (
    Placeholder,
    Scenario,
    ask_for_placeholders,
    fill_placeholders,
    read_scenario,
    scenario_from_opening,
)
from dungeon.tale.lore import Card

# ---- from an opening ---------------------------------------------------------------------------------------------


def test_an_opening_without_a_title_is_named_by_its_first_words() -> None:
    scenario = scenario_from_opening("You wake up on a boat, alone. It is dark.")
    assert scenario == Scenario("You wake up on a boat,", "You wake up on a boat, alone. It is dark.")
    assert scenario_from_opening("You wake.", "  The\n boat ").title == "The boat"


@pytest.mark.parametrize("opening", ["", "   \n\t ", "\x1b\x07", "> "])
def test_an_opening_needs_words(opening: str) -> None:
    with pytest.raises(DungeonError, match="needs an opening"):
        scenario_from_opening(opening)


def test_an_opening_may_hold_anything_but_control_characters() -> None:
    text = "[bold]You[/] \x1b[31mwake 🐉 שלום\ud800.\r\n\r\n> a trap"
    assert scenario_from_opening(text).opening == "[bold]You[/] [31mwake 🐉 שלום.\n\na trap"
    assert scenario_from_opening("You wake.", "\x1b[31m\ud800Red").title == "[31mRed"
    long = "You walk. " * 10_000
    assert scenario_from_opening(long).opening == long.strip()
    assert len(scenario_from_opening("x" * 100_000).title) == 60


# ---- from a file -------------------------------------------------------------------------------------------------

HEAD = 'title = "A"\nopening = "B"\n'
LAMP_ROAD = r"""
title = "The Lamp Road to ${town}"
opening = "You are ${name}, a lamp lighter. Old Berrin waits."
memory = "${name} lights the lamps."
actions = ["Light the first lamp", "\"Who is there?\""]
[[placeholders]]
name = "town"
ask = "Which town?"
default = "Lund"
[[cards]]
keys = ["Berrin"]
text = "Berrin is old."
"""


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "lamp-road.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_file_is_read(tmp_path: Path) -> None:
    scenario = read_scenario(write(tmp_path, LAMP_ROAD))
    assert scenario.title == "The Lamp Road to ${town}"
    assert scenario.cards == (Card(("Berrin",), "Berrin is old."),)
    assert scenario.name == ""


def test_a_placeholder_without_a_question_gets_one(tmp_path: Path) -> None:
    scenario = read_scenario(write(tmp_path, LAMP_ROAD))
    assert scenario.placeholders == (
        Placeholder("town", "Which town?", "Lund"),
        Placeholder("name", "What is your name?", "Robin"),
    )
    assert fill_placeholders(scenario, {"name": "Ada"}).opening == "You are Ada, a lamp lighter. Old Berrin waits."
    odd = ask_for_placeholders(scenario_from_opening("You drink ${old_wine} with ${_}."))
    assert [(asked.ask, asked.default) for asked in odd.placeholders] == [
        ("What is the old wine?", "old wine"),
        ("What is the _?", "_"),
    ]


# ---- questions as placeholders -----------------------------------------------------------------------------------

QUESTIONS = r"""
title = "The quest of ${What is your name?}"
opening = "You are ${What is your name?}, and you like ${Tea, or coffee?}. ${what is your name?} is somebody else."
memory = "${What is your name?} drinks ${Tea, or coffee?}."
note = "Tell it like ${Whose favourite author?} would."
actions = ["Call ${What is your name?}"]
[[cards]]
keys = ["${What is your name?}"]
text = "${What is your name?} comes from ${town}."
"""


def asked(scenario: Scenario) -> list[str]:
    return [placeholder.ask for placeholder in scenario.placeholders]


def test_a_question_between_braces_is_asked_once_wherever_it_stands(tmp_path: Path) -> None:
    scenario = read_scenario(write(tmp_path, QUESTIONS))
    assert asked(scenario) == [
        "What is your name?",
        "Tea, or coffee?",
        "what is your name?",
        "Whose favourite author?",
        "What is the town?",
    ]
    answers = {"What is your name?": "Ada", "Tea, or coffee?": "tea", "what is your name?": "Bo", "town": "Lund"}
    filled = fill_placeholders(scenario, answers | {"Whose favourite author?": "Ibsen"})
    assert filled.title == "The quest of Ada"
    assert filled.opening == "You are Ada, and you like tea. Bo is somebody else."
    assert filled.memory == "Ada drinks tea."
    assert filled.note == "Tell it like Ibsen would."
    assert filled.actions == ("Call Ada",)
    assert filled.cards == (Card(("Ada",), "Ada comes from Lund."),)
    assert filled.placeholders == ()


def test_a_question_needs_an_answer_where_a_word_has_a_default(tmp_path: Path) -> None:
    question, word = ask_for_placeholders(scenario_from_opening("You are ${Who?} of ${town}.")).placeholders
    assert not question.is_answered("") and not question.is_answered(" \t\x1b ") and question.is_answered("Bo")
    assert word.is_answered("")
    scenario = scenario_from_opening("You are ${Who?} of ${town}.")
    assert fill_placeholders(scenario, {"Who?": " "}).opening == "You are … of town."
    declared = HEAD.replace("B", "${Who?}") + '[[placeholders]]\nname = "Who?"\nask = "Who is it?"\ndefault = "Ada"'
    assert read_scenario(write(tmp_path, declared)).placeholders == (Placeholder("Who?", "Who is it?", "Ada"),)


def test_an_opening_that_a_player_writes_asks_too() -> None:
    scenario = scenario_from_opening("You are ${What is your name, stranger?}, a cook. It rains on ${town}.")
    assert asked(scenario) == ["What is your name, stranger?", "What is the town?"]
    assert scenario.title == "You are ${What is your name, stranger?}, a cook. It"
    assert fill_placeholders(scenario, {"What is your name, stranger?": "Bo"}).title == "You are Bo, a cook. It"


def test_a_title_is_not_cut_within_a_question() -> None:
    question = "${What is the name of the dragon that you have been looking for?}"
    assert scenario_from_opening("You wait.", f"The hunt for {question} and its hoard").title == "The hunt for"
    assert scenario_from_opening("You wait.", question).title == question
    assert scenario_from_opening(f"You look for {question} in the hills.").title == "You look for"


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        ("${a ${b c} d}", ["b c"]),
        ("${${b c}}", ["b c"]),
        ("${one} ${", ["What is the one?"]),
        ("${ no end. ${What?} and } more", ["What?"]),
        ("${} ${ } ${\t} $ {a} {b} $", []),
        ("${a question\nof two lines?}", []),
        ("${" + "a " * 200 + "}", []),
        ("${[bold]Who?[/] \x1b[31m}", ["[bold]Who?[/] [31m"]),
        ("${Wer, wo? 🐉 שלום}", ["Wer, wo? 🐉 שלום"]),
        ("${ Who? } ${Who?}", ["Who?", "Who?"]),
    ],
)
def test_odd_braces_are_text(text: str, questions: list[str]) -> None:
    scenario = scenario_from_opening(f"You wait. {text}")
    assert asked(scenario) == questions
    answers = {placeholder.name: "${x} {y}" for placeholder in scenario.placeholders}
    filled = fill_placeholders(scenario, answers)
    assert filled.opening.count("${x} {y}") == len(questions), "an answer is text, too"


def test_an_answer_is_one_line_that_is_no_action() -> None:
    scenario = scenario_from_opening("${What do you say?} That is how it began.")
    for answer in ("> You obey.\n\n> You run.", "\x1b[31m>> You obey."):
        filled = fill_placeholders(scenario, {"What do you say?": answer}).opening
        assert not filled.startswith(">") and "\n" not in filled and "\x1b" not in filled


@pytest.mark.parametrize(
    "text",
    ["${" * 50_000, "${a?" * 50_000, "${a b}" * 50_000, "${" + " " * 100_000, "${ a" + "} ${" * 50_000],
    ids=["begun", "a letter", "whole", "spaces", "odd"],
)
def test_thousands_of_braces_are_read_in_no_time(text: str) -> None:
    fill_placeholders(scenario_from_opening(f"You wait. {text}"), {})


def test_ten_thousand_questions_are_refused() -> None:
    opening = "You wait. " + " ".join(f"${{Question {number}?}}" for number in range(10_000))
    with pytest.raises(DungeonError, match="The opening asks 10000 questions; 20 is the most"):
        scenario_from_opening(opening)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('title = "A"', "missing required field `opening`"),
        ('title = "A"\nopening = 3', "Expected `str`, got `int` - at `opening`"),
        ('titel = "A"\nopening = "B"', "there is no key titel. Did you mean title?"),
        (HEAD + 'weather = "wet"', "there is no key weather. The keys are title, "),
        ('title = "A"\nopening = " \\n "', "opening must have words in it"),
        ('title = "\\u001b"\nopening = "B"', "title must have words in it"),
        (HEAD + '[[cards]]\nkey = ["x"]', "there is no key cards[1].key. Did you mean keys?"),
        (HEAD + '[[cards]]\ntext = "x"', "missing required field `keys` - at `cards[1]`"),
        (HEAD + '[[cards]]\nkeys = ["x", 4]\ntext = "y"', "at `cards[1].keys[2]`"),
        (HEAD + '[[cards]]\nkeys = [" "]\ntext = "y"', "cards[1] must have keys"),
        (HEAD + '[[cards]]\nkeys = ["x"]\ntext = ""', "cards[1] must have a text"),
        (HEAD + '[[cards]]\nkeys = ["x, y"]\ntext = "z"', "cards[1].keys may hold no comma"),
        (HEAD + '[[cards]]\nkeys = ["x"]\ntext = "z"\ndepth = 1000', "cards[1].depth must be from 0"),
        (HEAD + '[[placeholders]]\nname = "a {b}"\nask = "c"', "placeholders[1].name must be what is between ${ and }"),
        (HEAD + '[[placeholders]]\nname = " "\nask = "c"', "placeholders[1].name must be what is between ${ and }"),
        ("title = A", "is not valid TOML: Invalid value (at line 1, column 9)"),
        ("a = " + "[" * 100_000, "nested too deeply"),
        ("a." * 100_000 + "a = 1", "a key in it has too many parts"),
        (b"\xff\xfe", "is not text in UTF-8"),
        ('title = "A"\nopening = "' + "x" * 10_000_000 + '"', "larger than 256 KiB"),
        ('title = "A"\nopening = "' + " ".join(f"${{a{n}}}" for n in range(30)) + '"', "asks 30 questions"),
    ],
    ids=lambda value: str(value)[-30:],
)
def test_an_invalid_file_is_reported_with_its_name_and_the_key(tmp_path: Path, text: str | bytes, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DungeonError) as caught:
        read_scenario(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 500


def test_many_short_sentences_are_not_taken_for_a_long_key(tmp_path: Path) -> None:
    opening = "Tick. Tock. " * 20
    assert read_scenario(write(tmp_path, f'title = "A"\nopening = "{opening}"')).opening == opening.strip()


def test_control_characters_in_a_file_are_dropped(tmp_path: Path) -> None:
    text = r"""
title = "[bold]A[/] \u001b[31mB\n"
opening = "\u001b]8;;http://x\u0007One.\n\n> You obey.\r\nTwo."
actions = ["Go\u0000 on", " "]
[[cards]]
keys = ["Ber\u001brin"]
text = "> You obey."
"""
    scenario = read_scenario(write(tmp_path, text))
    assert scenario.title == "[bold]A[/] [31mB"
    assert scenario.opening == "]8;;http://xOne.\n\nYou obey.\nTwo."
    assert scenario.actions == ("Go on",)
    assert scenario.cards == (Card(("Berrin",), "You obey."),)

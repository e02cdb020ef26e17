"""The openings: those that come with the game are fit to play, and a player's own becomes one."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from spellchecker import SpellChecker

import corpus
import dungeon
from corpus.actions import action_line, read_input
from corpus.check.language import COMMON
from corpus.check.repetition import NGRAM as RUN
from corpus.check.repetition import worn_phrases
from corpus.check.tokenizer import sentences, words
from corpus.check.vocabulary import english, is_name, names
from corpus.check.word_lists import NO_CONTENT
from corpus.readers import read
from corpus.turns import PARAGRAPH, PROMPT_END, Kind, clean_prose
from dungeon.errors import DungeonError
from dungeon.prompt import build_prompt
from dungeon.scenario import (
    Placeholder,
    Scenario,
    all_scenarios,
    filled,
    find_scenario,
    own_scenario,
    read_scenario,
    unknown_placeholders,
    with_questions,
)
from dungeon.tale.adventure import Adventure, Node
from dungeon.tale.lore import Card, Lore, fired
from tests.genres import GENRES

LIBRARY = Path(corpus.__file__).parent / "library"
BUDGET = 2048 - 80 - 20 - 16  # as the session asks for the bundled voice
each_scenario = pytest.mark.parametrize("scenario", all_scenarios(), ids=lambda scenario: scenario.name)


def texts(scenario: Scenario) -> list[str]:
    """Everything that is shown to a player or to the voice, but for the actions and the keys of cards."""
    return [scenario.title, scenario.opening, scenario.memory, scenario.note, *(card.text for card in scenario.cards)]


@pytest.fixture(scope="module")
def commonest() -> set[str]:
    """The thousand commonest words of English."""
    counts = Counter(SpellChecker(language="en").word_frequency.dictionary)
    return {word for word, _ in counts.most_common(1_000)}


# ---- those that come with the game -------------------------------------------------------------------------------


def test_there_is_one_for_every_taste() -> None:
    scenarios = all_scenarios()
    assert len(scenarios) == 60
    assert Counter(scenario.genre for scenario in scenarios) == dict.fromkeys(GENRES, 5)
    assert len({scenario.name for scenario in scenarios}) == len(scenarios)
    assert len({scenario.title.casefold() for scenario in scenarios}) == len(scenarios)
    assert list(scenarios) == sorted(scenarios, key=lambda scenario: (scenario.genre, scenario.title))


@each_scenario
def test_each_is_fit_to_play(scenario: Scenario, commonest: set[str]) -> None:
    assert unknown_placeholders(scenario) == set()
    scenario = filled(scenario, {})
    assert 60 <= len(scenario.opening.split()) <= 120
    assert scenario.opening.startswith("You are ")
    assert scenario.opening[-1] in '.!?"'
    assert 20 <= len(scenario.memory.split()) <= 50
    assert 0 < len(scenario.note.split()) <= 20
    for text in texts(scenario):
        assert text == clean_prose(text) != ""
        assert not set("“”‘’") & set(text), "quotes are straight"
    assert len(scenario.actions) == 3
    assert sum(action.startswith('"') for action in scenario.actions) == 1, "one of them is speech"
    for action in scenario.actions:
        kind, typed = read_input(action)
        assert action_line(kind, typed).startswith('You say "' if kind is Kind.SAY else "You ")
    assert len(scenario.cards) in (1, 2, 3)
    for card in scenario.cards:
        assert 15 <= len(card.text.split()) <= 40
        assert card.text not in scenario.opening
        assert card.keys
        for key in card.keys:
            assert key == key.strip() != ""
            assert key.lower() not in commonest | NO_CONTENT, "it would be named in every other turn"
        assert fired((card,), [scenario.opening + PARAGRAPH + scenario.memory]), "it is about something there"


@each_scenario
def test_each_is_told_plainly(scenario: Scenario) -> None:
    scenario = filled(scenario, {})
    assert 8 <= len(scenario.opening.split()) / len(sentences(scenario.opening)) <= 12
    found = list(words(scenario.opening))
    told = [word.lower for word in found if not is_name(word, names(found, english()))]
    assert sum(map(english().is_common, told)) >= COMMON * len(told)
    everything = PARAGRAPH.join(texts(scenario)).lower()
    assert [entry for entry, phrase in worn_phrases().items() if phrase.pattern.search(everything)] == []


@each_scenario
def test_the_voice_sees_all_of_each(scenario: Scenario) -> None:
    scenario = filled(scenario, {})

    def asked(lore: Lore) -> str:
        adventure = Adventure(1, scenario.title, scenario.opening, lore=lore)
        node = Node(1, None, Kind.CONTINUE, "", "")
        adventure.add(node)
        return build_prompt(adventure, node, BUDGET)

    def whole(cards: list[Card]) -> str:
        note = f"[Author's note: {scenario.note}]"
        return PARAGRAPH.join([scenario.memory, scenario.opening, *(card.text for card in cards), note]) + PROMPT_END

    assert asked(scenario.lore) == whole([hit.card for hit in fired(scenario.cards, [scenario.opening])])
    every = [Card(card.keys, card.text, always=True) for card in scenario.cards]
    assert asked(Lore(scenario.memory, scenario.note, tuple(every))) == whole(every)


def test_what_the_player_answers_stands_in_the_story() -> None:
    asking = [scenario for scenario in all_scenarios() if scenario.placeholders]
    assert len(asking) >= 12
    for scenario in asking:
        answers = {placeholder.name: f"Zq{placeholder.name}" for placeholder in scenario.placeholders}
        told = filled(scenario, answers)
        for placeholder in scenario.placeholders:
            assert placeholder.ask.endswith("?")
            assert placeholder.default.strip()
            assert answers[placeholder.name] in told.opening
            assert answers[placeholder.name] in told.memory
        keys = [key for card in told.cards for key in card.keys]
        assert not [text for text in (*texts(told), *told.actions, *keys) if "${" in text]


def test_no_opening_says_what_another_or_the_library_says() -> None:
    places = defaultdict[tuple[str, ...], set[str]](set)
    for scenario in all_scenarios():
        for run in runs(filled(scenario, {}).opening):
            places[run].add(scenario.name)
    for story in read(LIBRARY):
        for passage in story.passages.values():
            for run in runs(passage.text):
                if run in places:
                    places[run].add(story.title)
    assert {" ".join(run): found for run, found in places.items() if len(found) > 1} == {}


def runs(text: str) -> Iterator[tuple[str, ...]]:
    """Every `RUN` words in a row."""
    small = [word.lower for word in words(text)]
    return zip(*(small[start:] for start in range(RUN)), strict=False)


@pytest.mark.parametrize("name", ["iron-door", "The Iron Door", "  the iron door ", "IRON-DOOR"])
def test_found_by_name_or_title(name: str) -> None:
    assert find_scenario(name).name == "iron-door"


@pytest.mark.parametrize("name", ["nope", "", "../iron-door", "iron dor", "x" * 100_000])
def test_an_unknown_name_is_told_with_what_may_have_been_meant(name: str) -> None:
    with pytest.raises(DungeonError) as caught:
        find_scenario(name)
    message = str(caught.value)
    assert message.startswith("There is no scenario '" + name[:20])
    assert message.endswith("`dungeon scenarios` lists them.")
    assert ("Did you mean iron-door" in message) == ("iron" in name)
    assert len(message) < 300


def test_one_s_own_is_named_by_its_first_words() -> None:
    scenario = own_scenario("You wake up on a boat, alone. It is dark.")
    assert scenario == Scenario("You wake up on a boat,", "You wake up on a boat, alone. It is dark.")
    assert own_scenario("You wake.", "  The\n boat ").title == "The boat"


@pytest.mark.parametrize("opening", ["", "   \n\t ", "\x1b\x07", "> "])
def test_an_opening_needs_words(opening: str) -> None:
    with pytest.raises(DungeonError, match="needs an opening"):
        own_scenario(opening)


def test_one_s_own_may_hold_anything_but_control_characters() -> None:
    text = "[bold]You[/] \x1b[31mwake 🐉 שלום\ud800.\r\n\r\n> a trap"
    assert own_scenario(text).opening == "[bold]You[/] [31mwake 🐉 שלום.\n\na trap"
    assert own_scenario("You wake.", "\x1b[31m\ud800Red").title == "[31mRed"
    long = "You walk. " * 10_000
    assert own_scenario(long).opening == long.strip()
    assert len(own_scenario("x" * 100_000).title) == 60


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


def file_with(folder: Path, text: str | bytes) -> Path:
    path = folder / "lamp-road.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_each_of_ours_could_have_come_from_a_file() -> None:
    folder = Path(dungeon.__file__).parent / "scenarios"
    for scenario in all_scenarios():
        read = read_scenario(folder / f"{scenario.name}.toml")
        assert msgspec.structs.replace(read, name=scenario.name) == scenario


def test_a_shared_file_is_played_by_its_path(tmp_path: Path) -> None:
    scenario = find_scenario(f"  {file_with(tmp_path, LAMP_ROAD)} ")
    assert scenario.title == "The Lamp Road to ${town}"
    assert scenario.cards == (Card(("Berrin",), "Berrin is old."),)
    assert scenario.name == "", "it is none of the player's own"


def test_what_nobody_asks_for_in_a_file_is_asked_all_the_same(tmp_path: Path) -> None:
    scenario = read_scenario(file_with(tmp_path, LAMP_ROAD))
    assert scenario.placeholders == (
        Placeholder("town", "Which town?", "Lund"),
        Placeholder("name", "What is your name?", "Robin"),
    )
    assert filled(scenario, {"name": "Ada"}).opening == "You are Ada, a lamp lighter. Old Berrin waits."
    odd = with_questions(own_scenario("You drink ${old_wine} with ${_}."))
    assert [(asked.ask, asked.default) for asked in odd.placeholders] == [
        ("What is the old wine?", "old wine"),
        ("What is the _?", "_"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('title = "A"', "the key opening is missing"),
        ('title = "A"\nopening = 3', "opening must be text, and is a whole number"),
        ('titel = "A"\nopening = "B"', "there is no key titel. Did you mean title?"),
        (HEAD + 'weather = "wet"', "there is no key weather. What may stand there: title"),
        ('title = "A"\nopening = " \\n "', "opening must have words in it"),
        ('title = "\\u001b"\nopening = "B"', "title must have words in it"),
        (HEAD + '[[cards]]\nkey = ["x"]', "there is no key cards[1].key. Did you mean keys?"),
        (HEAD + '[[cards]]\ntext = "x"', "the key keys is missing in cards[1]"),
        (HEAD + '[[cards]]\nkeys = ["x", 4]\ntext = "y"', "cards[1].keys[2] must be text"),
        (HEAD + '[[cards]]\nkeys = [" "]\ntext = "y"', "cards[1] must have keys"),
        (HEAD + '[[cards]]\nkeys = ["x"]\ntext = ""', "cards[1] must have a text"),
        (HEAD + '[[cards]]\nkeys = ["x, y"]\ntext = "z"', "cards[1].keys may hold no comma"),
        (HEAD + '[[cards]]\nkeys = ["x"]\ntext = "z"\ndepth = 1000', "cards[1].depth must be from 0"),
        (HEAD + '[[placeholders]]\nname = "a b"\nask = "c"\ndefault = "d"', "placeholders[1].name must be one word"),
        ("title = A", "is no TOML: Invalid value (at line 1, column 9)"),
        ("a = " + "[" * 100_000, "nested too deeply"),
        ("a." * 100_000 + "a = 1", "a key in it has too many parts"),
        (b"\xff\xfe", "is no text in UTF-8"),
        ('title = "A"\nopening = "' + "x" * 10_000_000 + '"', "larger than 256 KiB"),
        ('title = "A"\nopening = "' + " ".join(f"${{a{n}}}" for n in range(30)) + '"', "asks 30 questions"),
    ],
    ids=lambda value: str(value)[-30:],
)
def test_a_file_that_is_none_is_told_with_its_name_and_the_key(tmp_path: Path, text: str | bytes, message: str) -> None:
    path = file_with(tmp_path, text)
    with pytest.raises(DungeonError) as caught:
        read_scenario(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "name", ["nowhere.toml", "~nobody/x.toml", "a\0b.toml", "x" * 5000 + ".toml", "\x1b[31m.toml"], ids=range(5)
)
def test_a_path_that_leads_nowhere_is_told(name: str) -> None:
    with pytest.raises(DungeonError, match="scenario") as caught:
        find_scenario(name)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_folder_is_no_scenario(tmp_path: Path) -> None:
    (tmp_path / "x.toml").mkdir()
    with pytest.raises(DungeonError, match="no scenario file"):
        find_scenario(str(tmp_path / "x.toml"))


def test_what_a_file_brings_along_is_text(tmp_path: Path) -> None:
    text = r"""
title = "[bold]A[/] \u001b[31mB\n"
opening = "\u001b]8;;http://x\u0007One.\n\n> You obey.\r\nTwo."
actions = ["Go\u0000 on", " "]
[[cards]]
keys = ["Ber\u001brin"]
text = "> You obey."
"""
    scenario = read_scenario(file_with(tmp_path, text))
    assert scenario.title == "[bold]A[/] [31mB"
    assert scenario.opening == "]8;;http://xOne.\n\nYou obey.\nTwo."
    assert scenario.actions == ("Go on",)
    assert scenario.cards == (Card(("Berrin",), "You obey."),)

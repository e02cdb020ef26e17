"""The openings: those that come with the game are fit to play, and a player's own becomes one."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from spellchecker import SpellChecker

import corpus
from corpus.actions import action_line, read_input
from corpus.check.language import COMMON
from corpus.check.lists import NO_CONTENT
from corpus.check.sameness import RUN, worn_phrases
from corpus.check.text import sentences, words
from corpus.check.vocabulary import english, is_name, names
from corpus.readers import read
from corpus.turns import PARAGRAPH, PROMPT_END, Kind, clean_prose
from dungeon.errors import DungeonError
from dungeon.prompt import build_prompt
from dungeon.scenario import Scenario, all_scenarios, filled, find_scenario, own_scenario, unknown_placeholders
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
        assert fired((card,), scenario.opening + PARAGRAPH + scenario.memory) == [card], "it is about something there"


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

    assert asked(scenario.lore) == whole(fired(scenario.cards, scenario.opening))
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


@pytest.mark.parametrize("name", ["nope", "", "../iron-door", "iron-door.toml", "iron dor", "x" * 100_000])
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

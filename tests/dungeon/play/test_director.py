"""Playing authored stories: what a line means, who answers it, endings, leaving the author, and reading."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.story import Choice, Passage, Story
from corpus.turns import Kind
from dungeon.authored.books import Book
from dungeon.errors import DungeonError
from dungeon.play.director import open_story
from dungeon.play.registry import COMMANDS, parse_line
from dungeon.play.session import Session
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.servers.remote import RemoteStoryteller
from dungeon.tale.authored import AT_THE_END
from tests.dungeon.scripted import ScriptedServer

STATION = Story(
    "The Station",
    "Night",
    {
        "Night": Passage(
            "Night",
            "You work the telegraph in the station. Mr. Gault, the station master, snores. Mr. Gault is old.",
            (Choice("Shake Mr. Gault awake", "Gault"), Choice('"Who set the fire, Nyberg?"', "Fire")),
        ),
        "Gault": Passage("Gault", 'He opens one eye. "What is it?"', (Choice("Continue", "Train"),)),
        "Fire": Passage("Fire", "Nyberg does not know. He runs."),
        "Train": Passage("Train", "The train stops in time."),
    },
    notes=("1 passage without a name was left out.",),
)
BOOK = Book("station", "library/station", STATION)


class Lines:
    """A front end that keeps what it was told to show."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.mode = Kind.DO
        self.shown: list[str] = []

    async def type(self, line: str) -> None:
        request = parse_line(line, self.mode, self.session.suggestions())
        await COMMANDS[request.command].handler(self, request)

    async def play_turn(self, kind: Kind, words: str, *, leaves_author: bool = False) -> None:
        node = await self.session.play_turn(kind, words, lambda _: None, leaves_author=leaves_author)
        self.shown.append(f"voice: {node.prose}")

    async def play_suggestion(self, action: str) -> None:
        await self.play_turn(Kind.DO, action)

    async def show_authored_turn(self, node_id: int) -> None:
        self.shown.append(f"author: {self.session.adventure.nodes[node_id].prose}")

    def show_offer(self, label: str) -> None:
        self.shown.append(f"offer: {label}")

    def show_message(self, text: str) -> None:
        self.shown.append(f"message: {text}")

    def show_lines(self, title: str, lines: Sequence[str]) -> None:
        self.shown.append("\n".join(lines))

    async def show_story(self) -> None:
        self.shown.append("story")

    async def show_latest(self) -> None: ...
    async def retry(self) -> None:
        await self.session.retry(lambda _: None)

    def stop_turn(self) -> None: ...
    async def edit_turn(self, node_id: int) -> None: ...
    async def suggest(self) -> None: ...
    def set_mode(self, mode: Kind) -> None: ...
    async def confirm(self, question: str, yes: str, action: Callable[[], Awaitable[None]]) -> None: ...
    def copy(self, text: str) -> None: ...
    async def choose_adventure(self) -> None: ...
    async def open_shelf(self, search: str) -> None: ...
    async def switch_voice(self, name: str) -> None: ...
    def leave(self) -> None: ...


@pytest.fixture
async def lines(server: ScriptedServer, tmp_path: Path) -> AsyncIterator[Lines]:
    storyteller = RemoteStoryteller(server.url, "scripted")
    shelf = Shelf(tmp_path / "shelf.db")
    session = Session(shelf, storyteller)
    open_story(session, BOOK)
    server.answers = ["\nThe old stove rings twice.", "\nThe old bell rings twice."]
    yield Lines(session)
    await storyteller.close()
    shelf.close()


@pytest.mark.parametrize("line", ["1", "/choose 1", "shake mr. gault awake", "I wake Mr. Gault"])
async def test_a_line_that_means_a_choice_is_answered_by_the_author(
    server: ScriptedServer, lines: Lines, line: str
) -> None:
    await lines.type(line)
    assert lines.shown == ['author: He opens one eye. "What is it?"']
    assert server.requests == [], "no voice is asked"
    (node,) = lines.session.adventure.path()
    assert node.passage == "Gault"
    assert "Gault" in node.action
    assert lines.session.suggestions() == ("Continue",)


async def test_speech_that_means_a_choice_is_answered_by_the_author(lines: Lines) -> None:
    await lines.type('"Nyberg, who set the fire?"')
    assert lines.shown == ["author: Nyberg does not know. He runs."]
    assert lines.session.adventure.path()[0].action == 'You say "Nyberg, who set the fire?"'


async def test_any_other_line_is_improvised_and_the_choices_stay(server: ScriptedServer, lines: Lines) -> None:
    await lines.type("kick the stove")
    assert lines.shown == ["voice: The old stove rings twice."]
    assert len(server.requests) == 1
    assert lines.session.suggestions() == ("Shake Mr. Gault awake", '"Who set the fire, Nyberg?"')
    await lines.type("1")
    path = lines.session.shelf.open(lines.session.adventure.id).path()
    assert [(node.passage, node.prose) for node in path] == [
        (None, "The old stove rings twice."),
        ("Gault", STATION.passages["Gault"].text),
    ]


async def test_an_improvised_turn_that_says_nothing_or_changes_the_scene_is_drawn_again(
    server: ScriptedServer, lines: Lines
) -> None:
    server.answers = ["\nThe dark.", "\nYou shake Mr. Gault awake.", "\nThe night outside is black and cold."]
    await lines.type("look through the window")
    assert lines.shown == ["voice: The night outside is black and cold."]
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("", 'author: He opens one eye. "What is it?"'),
        ("Yes!", 'author: He opens one eye. "What is it?"'),
        ("no", "voice: The old stove rings twice."),
        ("gault", "voice: The old stove rings twice."),
    ],
)
async def test_an_unsure_line_is_offered_and_never_forced(lines: Lines, answer: str, shown: str) -> None:
    await lines.type("gault")
    assert lines.shown == ["offer: Shake Mr. Gault awake"]
    assert lines.session.adventure.head is None
    await lines.type(answer)
    assert lines.shown[1:] == [shown]
    assert len(lines.session.adventure.path()) == 1


async def test_an_offer_is_gone_after_another_line(lines: Lines) -> None:
    await lines.type("gault")
    await lines.type("kick the stove")
    await lines.type("")
    assert lines.shown[-1] == "message: Pick a number from 1 to 2, or type what you do."


async def test_enter_takes_the_only_choice(lines: Lines) -> None:
    await lines.type("1")
    await lines.type("")
    assert lines.shown[-1] == "author: The train stops in time."
    assert lines.session.adventure.path()[-1].action == ""


async def test_an_ending_is_an_ending_with_ways_back(lines: Lines) -> None:
    for line in ("1", "", "dance"):
        await lines.type(line)
    assert lines.session.suggestions() == AT_THE_END
    assert "The story ends here" in lines.shown[-1]
    await lines.type("1")
    assert lines.session.adventure.head is None, "the last choice was at the opening"
    await lines.type("2")
    await lines.type("/map")
    assert lines.shown[-1] == (
        "The beginning\n  Shake Mr. Gault awake\n    Continue (an ending)\n"
        '  "Who set the fire, Nyberg?" (you are here, an ending)\n\nEndings found: 2 of 2'
    )
    await lines.type("2")
    assert lines.session.adventure.head is None


@pytest.mark.parametrize("line", ["2", "2.", "#2", "option 2", "/choose 2"])
async def test_a_number_is_a_choice_however_it_is_written(lines: Lines, line: str) -> None:
    await lines.type(line)
    assert lines.session.adventure.path()[0].passage == "Fire"


@pytest.mark.parametrize("line", ["3", "0", "99", "5."])
async def test_a_number_without_a_choice_is_not_played(lines: Lines, line: str) -> None:
    with pytest.raises(DungeonError, match=r"There is no choice \d+ here: pick a number from 1 to 2\."):
        await lines.type(line)
    assert lines.session.adventure.head is None


async def test_a_number_without_a_suggestion_is_not_played_in_free_play(lines: Lines) -> None:
    await lines.type("/leave run")
    with pytest.raises(DungeonError, match="no suggestion 3 yet"):
        await lines.type("3")


async def test_a_story_that_its_author_has_changed_goes_on_as_it_is_now(lines: Lines) -> None:
    await lines.type("1")
    passages = dict(STATION.passages)
    passages["Gault"] = replace(passages["Gault"], choices=(Choice("Run to the bridge", "Train"),))
    passages["Night"] = replace(passages["Night"], text="It is a dark night.")
    adventure = open_story(lines.session, replace(BOOK, story=replace(STATION, passages=passages)))
    assert adventure.path()[0].prose == STATION.passages["Gault"].text, "what was played stays"
    assert lines.session.suggestions() == ("Run to the bridge",)
    assert lines.session.shelf.open(adventure.id).opening == "It is a dark night."
    del passages["Gault"]
    open_story(lines.session, replace(BOOK, story=replace(STATION, passages=passages)))
    assert lines.session.adventure.head is None, "the passage is gone"


async def test_other_ways_are_no_takes(lines: Lines) -> None:
    await lines.type("1")
    await lines.type("/back")
    await lines.type("2")
    adventure = lines.session.adventure
    assert adventure.head is not None
    assert len(adventure.takes(adventure.head)) == 1


async def test_back_returns_to_the_last_choice_and_nothing_is_lost(lines: Lines) -> None:
    await lines.type("1")
    await lines.type("/back")
    assert lines.session.adventure.head is None
    lines.session.redo()
    assert lines.session.adventure.path()[0].passage == "Gault"


async def test_leaving_the_author_is_free_play_with_the_cast_and_undo_leads_back(
    server: ScriptedServer, lines: Lines
) -> None:
    await lines.type("/leave run into the night")
    adventure = lines.session.adventure
    assert (lines.shown, lines.session.suggestions()) == (["voice: The old stove rings twice."], ())
    assert adventure.lore.memory.startswith("You work the telegraph in the station.")
    assert [(card.keys, card.text) for card in adventure.lore.cards] == [
        (("Gault",), "Mr. Gault, the station master, snores. Mr. Gault is old.")
    ]
    await lines.type("Shake Mr. Gault awake")
    assert len(server.requests) == 2, "the author does not answer any more"
    await lines.type("/back")
    assert lines.session.suggestions()[0] == "Shake Mr. Gault awake"
    lines.session.redo()
    with pytest.raises(DungeonError, match="playing freely already"):
        await lines.type("/leave")


async def test_an_author_has_one_answer(lines: Lines) -> None:
    await lines.type("1")
    with pytest.raises(DungeonError, match="The author has one answer to this"):
        await lines.type("/retry")


async def test_improvised_turns_have_takes(server: ScriptedServer, lines: Lines) -> None:
    await lines.type("kick the stove")
    await lines.type("/retry")
    adventure = lines.session.adventure
    assert adventure.head is not None
    assert [take.prose for take in adventure.takes(adventure.head)] == [
        "The old stove rings twice.",
        "The old bell rings twice.",
    ]


async def test_while_reading_only_choices_are_taken(server: ScriptedServer, lines: Lines) -> None:
    lines.session.may_type = False
    await lines.type("Shake Mr. Gault awake")
    assert lines.shown == ["message: Pick a number from 1 to 2: typing is for `dungeon play`."]
    await lines.type("1")
    assert lines.shown[-1] == 'author: He opens one eye. "What is it?"'


async def test_a_story_goes_on_where_the_player_was(lines: Lines) -> None:
    await lines.type("1")
    adventure = lines.session.adventure
    assert open_story(lines.session, BOOK).id == adventure.id
    assert [node.passage for node in lines.session.adventure.path()] == ["Gault"]
    other = open_story(lines.session, Book("station", "another/station", STATION))
    assert other.id != adventure.id
    assert other.head is None


async def test_an_opening_that_was_only_read_counts_as_nothing(lines: Lines) -> None:
    shelf = lines.session.shelf
    assert (shelf.latest_id(), shelf.all_seen_passages()) == (None, {})
    await lines.type("1")
    assert shelf.latest_id() == lines.session.adventure.id
    assert shelf.seen_passages(BOOK.key) == {STATION.start, "Gault"}

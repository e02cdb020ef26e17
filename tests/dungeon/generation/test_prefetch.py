"""Prefetching: the suggestions, turns that are ready when the player picks, and when nothing is requested or used."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from itertools import groupby
from pathlib import Path

import pytest

from corpus.actions import read_input
from corpus.turns import Kind
from dungeon.errors import DungeonError
from dungeon.generation.prefetch import FIRST_WORDS
from dungeon.play.registry import parse_line
from dungeon.play.session import Session
from dungeon.scenarios.model import Scenario, scenario_from_opening
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.capabilities import Capabilities
from dungeon.storyteller.servers.remote import RemoteStoryteller
from dungeon.tale.adventure import Node, State
from dungeon.tale.lore import Lore
from dungeon.tale.suggestion import BEGINNINGS, parse_suggestion, same_action
from tests.dungeon.scripted import Answer, Fail, Hold, ScriptedServer

OPENING = "You stand before the iron door. Hessa holds the lamp."
FIRST = " ".join(["The", *(f"word{n}" for n in range(FIRST_WORDS - 1))])
ACTIONS = ["open the door.", "ask Hessa what she sees.", 'say "Is that the door?"', "light the lamp."]


class Voice(ScriptedServer):
    """Answers by the prompt: a request for an action gets the next of `actions`, and each action gets its own turn."""

    def __init__(self) -> None:
        super().__init__()
        self.actions = [f" {action}" for action in ACTIONS]
        self.endings = [" and so on, and on."]
        """What follows the beginning of a deed."""
        self.waiting: str | None = None
        """The action whose turn waits in the middle until `release`."""

    def next_answer(self) -> Answer:
        prompt = str(self.requests[-1]["prompt"])
        if prompt.endswith("> You"):
            return self.actions[(len(self.prompts_ending("> You")) - 1) % len(self.actions)]
        if prompt.rpartition("> You ")[2] in BEGINNINGS:
            self.endings.append(self.endings.pop(0))
            return self.endings[-1]
        action, _, prefix = prompt.rpartition("> You ")[2].partition("\n")
        if prefix:
            return [" and", Hold(), " so on."] if action == self.waiting else ". The rest of it."
        if action == "light the lamp.":
            return [f"\n{FIRST.split()[0]}", *(f" {word}" for word in FIRST.split()[1:]), " and", " more."]
        if action == self.waiting:
            return ["\nIt begins", " slowly", Hold(), " and goes on."]
        return f"\nSo ends {action}"

    def prompts_ending(self, end: str) -> list[str]:
        prompts = [str(request["prompt"]) for request in self.requests]
        return [prompt for prompt in prompts if prompt.endswith(end)]


@pytest.fixture
def server() -> Iterator[Voice]:
    with Voice() as running:
        yield running


@pytest.fixture
async def session(server: Voice, tmp_path: Path) -> AsyncIterator[Session]:
    storyteller = RemoteStoryteller(server.url, "scripted")
    shelf = Shelf(tmp_path / "shelf.db")
    session = Session(shelf, storyteller)
    session.begin(scenario_from_opening(OPENING, "The door"))
    yield session
    await storyteller.close()
    shelf.close()


class ProseShown:
    """A front end that notices when this prose is shown."""

    def __init__(self, prose: str) -> None:
        self.prose = prose
        self.shown = asyncio.Event()

    def __call__(self, node: Node) -> None:
        if node.prose == self.prose:
            self.shown.set()


def ignore(*_: object) -> None:
    pass


async def play(session: Session, line: str) -> Node:
    """What a front end does with a line."""
    request = parse_line(line, suggestions=session.suggestions())
    if request.command == "choose":
        return await session.play_turn(*read_input(session.suggestions()[int(request.words) - 1]), ignore)
    return await session.play_turn(Kind(request.command), request.words, ignore)


def saved_turns(session: Session) -> list[Node]:
    """The turns of the adventure, read from the disk."""
    with closing(Shelf(session.shelf.path)) as shelf:
        return Session(shelf, session.storyteller).resume().path()


# ---- suggestions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (" open the iron door.", "Open the iron door"),
        (" run!", "Run"),
        (" ask Hessa about the lamp", "Ask Hessa about the lamp"),
        (' say "Who are you?"', '"Who are you?"'),
        (" take your knife and wait.", "Take your knife and wait"),
    ],
)
def test_an_action_is_shown_as_it_would_be_typed(written: str, shown: str) -> None:
    assert parse_suggestion(written, OPENING) == shown


@pytest.mark.parametrize(
    "written",
    [
        "",
        " are tired.",
        " feel cold.",
        " see a light.",
        "'re lost.",
        " can't move.",
        " ask Aldric for help.",
        ' say "Hello',
        ' shout "Run!" and run.',
        " open the door. It creaks.",
        " open the door,",
        " walk and walk and walk and walk and walk and walk and walk.",
        " open the very old, very heavy and very thoroughly rusted iron door.",
        " [@click=app.quit]jump[/]",
        "\x1b[2J",
    ],
)
def test_a_line_that_is_not_an_action_is_not_suggested(written: str) -> None:
    assert parse_suggestion(written, OPENING) is None


def test_a_banned_phrase_is_not_suggested() -> None:
    assert parse_suggestion(" open the Iron door.", OPENING, ["iron door"]) is None
    assert parse_suggestion(" open the door.", OPENING, ["iron door"]) == "Open the door"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Open the door", "You open the iron door.", True),
        ("Go into the cave", "Go to the cave", True),
        ("Go up", "Go down", False),
        ('"Who are you?"', '"Where is he?"', False),
    ],
)
def test_actions_that_differ_in_small_words_are_the_same(one: str, other: str, same: bool) -> None:
    assert same_action(one, other) is same
    assert same_action(other, one) is same


async def test_after_a_turn_four_different_actions_are_suggested(server: Voice, session: Session) -> None:
    server.actions = [
        " open the door.",
        " open the iron door.",
        " open the wagon.",
        " wait.",
        *(f" {action}" for action in ACTIONS[1:]),
    ]
    await play(session, "wait")
    changes: list[tuple[str, ...]] = []
    await session.prefetch(lambda: changes.append(session.suggestions()))
    # Neither the same twice, nor with the same verb, nor what the player has just done.
    four = ("Open the door", "Ask Hessa what she sees", '"Is that the door?"', "Light the lamp")
    # They come one by one, after a sign that they are being written and before a sign that all are there.
    assert list(dict.fromkeys(changes)) == [four[:number] for number in range(5)]
    assert saved_turns(session) == session.adventure.path(), "suggestions are not on the disk"


async def test_at_most_half_of_the_suggestions_are_speech_and_each_names_something_of_the_scene(
    server: Voice, session: Session
) -> None:
    spoken = ("Who are you?", "Come here.", "Open the door!", "The lamp!", "Hessa, the lamp is out.")
    server.actions = [" look around.", " follow Aldric.", *(f' say "{words}"' for words in spoken)]
    server.endings = [" wait.", " lamps.", " moon.", " iron door."]
    await play(session, "wait")
    await session.prefetch(ignore)
    suggestions = session.suggestions()
    assert suggestions[:2] == ('"Open the door!"', '"The lamp!"')
    assert [action.split()[-1] for action in suggestions[2:]] == ["lamps", "door"]
    assert len({action.split()[0] for action in suggestions}) == 4


async def test_a_voice_that_finds_no_action_finishes_deeds_that_are_begun_for_it(
    server: Voice, session: Session
) -> None:
    server.actions = [" are lost."]
    server.endings = [" lamp."]
    await play(session, "wait")
    await session.prefetch(ignore)
    assert len(session.suggestions()) == 4
    assert all(action.endswith("lamp") for action in session.suggestions())


async def test_the_screen_can_tell_when_suggestions_are_being_written(server: Voice, session: Session) -> None:
    await play(session, "wait")
    states = []
    await session.prefetch(lambda: states.append(session.prefetcher.is_suggesting(session.adventure)))
    assert [state for state, _ in groupby(states)] == [False, True, False]
    assert states.count(True) == 5


async def test_the_screen_is_told_whenever_another_suggestion_could_start_at_once(
    server: Voice, session: Session
) -> None:
    await play(session, "wait")
    ready: list[int] = []
    await session.prefetch(lambda: ready.append(len(session.ready_actions())))
    assert list(dict.fromkeys(ready)) == [0, 1, 2, 3, 4]
    assert session.ready_actions() == set(session.suggestions())
    await session.play_turn(*read_input(session.suggestions()[0]), ignore)
    assert session.ready_actions() == set(), "they were for another place"


async def test_with_a_seed_each_try_has_a_seed_of_its_own(server: Voice, tmp_path: Path) -> None:
    session = Session(Shelf(tmp_path / "seeded.db"), RemoteStoryteller(server.url, "scripted"), seed=7)
    session.begin(scenario_from_opening(OPENING, "The door"))
    session.request_suggestions()
    await session.suggest()
    seeds = [request["seed"] for request in server.requests]
    assert len(set(seeds)) == len(seeds) == 4
    await session.storyteller.close()


async def test_after_going_on_and_narrating_there_are_suggestions_too(server: Voice, session: Session) -> None:
    await play(session, "")
    await play(session, "/story A bell rings far away.")
    await session.prefetch(ignore)
    assert len(session.suggestions()) == len(ACTIONS)


async def test_requests_to_a_voice_that_writes_no_actions_are_limited(server: Voice, session: Session) -> None:
    server.actions = [" are lost."]
    await play(session, "wait")
    await session.prefetch(ignore)
    assert session.suggestions() == ()
    asked = len(server.prompts_ending("> You"))
    await session.prefetch(ignore)
    assert len(server.prompts_ending("> You")) == asked, "no second request at the same place"


async def test_request_suggestions_gives_other_suggestions(server: Voice, session: Session) -> None:
    await play(session, "wait")
    await session.prefetch(ignore)
    server.actions = [" run to the door.", " hide behind Hessa.", " sing to the lamp.", " sit on the lamp."]
    session.request_suggestions()
    assert session.suggestions() == ()
    await session.suggest()
    assert set(session.suggestions()) == {"Run to the door", "Hide behind Hessa", "Sing to the lamp", "Sit on the lamp"}


async def test_after_undo_the_same_suggestions_are_shown_again(server: Voice, session: Session) -> None:
    await play(session, "wait")
    await session.prefetch(ignore)
    here = session.suggestions()
    await play(session, "1")
    assert session.suggestions() == ()
    session.undo()
    assert session.suggestions() == here
    asked = len(server.prompts_ending("> You"))
    await session.prefetch(ignore)
    assert len(server.prompts_ending("> You")) == asked


async def test_at_the_opening_the_actions_of_the_scenario_come_first(server: Voice, session: Session) -> None:
    ideas = ("Search the wagon", "Call out")
    session.begin(Scenario("door", "The door", "test", OPENING, actions=ideas))
    await session.prefetch(ignore)
    assert session.suggestions()[:2] == ideas
    asked = len(server.requests)
    assert (await play(session, "1")).prose == "So ends search the wagon."
    assert len(server.requests) == asked


# ---- prefetched turns --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["1", "3", "", "Ask Hessa what she sees"])
async def test_a_prefetched_turn_is_shown_at_once(server: Voice, session: Session, line: str) -> None:
    await play(session, "wait")
    await session.prefetch(ignore)
    asked = len(server.requests)
    node = await play(session, line)
    assert len(server.requests) == asked, "the turn was ready"
    assert node.state is State.DONE
    assert node.prose
    assert saved_turns(session) == session.adventure.path()
    record = session.shelf.generation_record(node.id)
    seeds = {request["seed"] for request in server.requests if str(request["prompt"]).endswith(f"{node.action}\n")}
    assert not node.action or record.seed in seeds
    assert record.prompt


async def test_a_turn_of_which_only_the_first_words_are_prefetched_is_continued(
    server: Voice, session: Session
) -> None:
    await play(session, "wait")
    await session.suggest()
    server.waiting = "light the lamp."
    prefetching = asyncio.create_task(session.prefetch(ignore))
    await asyncio.to_thread(server.holding.wait, 10)  # in the second phase
    prefetching.cancel()
    await asyncio.wait([prefetching])
    server.waiting = None
    server.requests.clear()
    grown: list[Node] = []
    node = await session.play_turn(Kind.DO, "light the lamp", grown.append)
    assert grown[1].prose.startswith("The word0 word1"), "the first words are shown at once"
    assert node.prose == f"{FIRST}. The rest of it."
    assert [str(request["prompt"]).rpartition("\n")[2] for request in server.requests] == [FIRST], (
        "only the cancelled second phase is requested again"
    )


async def test_a_turn_that_is_streaming_when_it_is_picked_is_not_interrupted(server: Voice, session: Session) -> None:
    await play(session, "wait")
    await session.suggest()
    server.waiting = "open the door."
    prefetching = asyncio.create_task(session.prefetch(ignore))
    await asyncio.to_thread(server.holding.wait, 10)
    on_prose = ProseShown("It begins slowly")
    playing = asyncio.create_task(session.play_turn(Kind.DO, "open the door", on_prose))
    await on_prose.shown.wait()
    server.release()
    node = await playing
    assert node.prose == "It begins slowly and goes on."
    assert len(server.prompts_ending("> You open the door.\n")) == 1
    assert not server.aborted.is_set()
    await asyncio.wait([prefetching])
    assert prefetching.cancelled()


async def test_stopping_a_turn_that_was_picked_while_streaming_saves_its_prose_so_far(
    server: Voice, session: Session
) -> None:
    await play(session, "wait")
    await session.suggest()
    server.waiting = "open the door."
    prefetching = asyncio.create_task(session.prefetch(ignore))
    await asyncio.to_thread(server.holding.wait, 10)
    on_prose = ProseShown("It begins slowly")
    playing = asyncio.create_task(session.play_turn(Kind.DO, "open the door", on_prose))
    await on_prose.shown.wait()
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    assert await asyncio.to_thread(server.aborted.wait, 10)
    node = saved_turns(session)[-1]
    assert (node.prose, node.state) == ("It begins slowly", State.STOPPED)
    await asyncio.wait([prefetching])


async def test_another_action_cancels_prefetching_at_once(server: Voice, session: Session) -> None:
    await play(session, "wait")
    await session.suggest()
    server.waiting = "open the door."
    prefetching = asyncio.create_task(session.prefetch(ignore))
    await asyncio.to_thread(server.holding.wait, 10)
    assert (await play(session, "run away")).prose == "So ends run away."
    assert await asyncio.to_thread(server.aborted.wait, 10), "the connection was closed"
    await asyncio.wait([prefetching])
    assert prefetching.cancelled()


async def test_a_prefetched_turn_is_used_once_so_a_retry_is_another_answer(server: Voice, session: Session) -> None:
    await play(session, "wait")
    await session.prefetch(ignore)
    node = await play(session, "1")
    again = await session.retry(ignore)
    assert again.parent == node.parent
    assert session.shelf.generation_record(again.id).seed != session.shelf.generation_record(node.id).seed
    assert len(server.prompts_ending("> You open the door.\n")) == 2


async def test_a_turn_prefetched_with_other_settings_or_lore_is_not_used(server: Voice, session: Session) -> None:
    await play(session, "wait")
    await session.prefetch(ignore)
    session.set_lore(Lore(memory="Hessa is a queen."))
    await play(session, "1")
    assert server.prompts_ending("> You open the door.\n")[-1].startswith("Hessa is a queen.")

    await session.prefetch(ignore)
    session.settings.set("temperature", "0.2")
    node = await play(session, "1")
    assert node.action
    assert server.requests[-1]["temperature"] == 0.2


async def test_after_a_stopped_turn_its_continuation_is_not_prefetched(server: Voice, session: Session) -> None:
    node = await play(session, "open the door")
    session.shelf.save_turn(session.adventure.set_prose(node.id, "The door opens a", State.STOPPED))
    server.requests.clear()
    await session.prefetch(ignore)
    prompts = [str(request["prompt"]) for request in server.requests if request["max_tokens"] > 1]
    assert len(prompts) > 1
    assert not [prompt for prompt in prompts if prompt.endswith("opens a\n")], "/continue finishes that turn"


# ---- deterministic prefill ---------------------------------------------------------------------------------------


async def test_with_deterministic_prefill_an_engine_reads_again_what_it_generated(
    server: Voice, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    capabilities = Capabilities(raw_text=True, counts_tokens=True, deterministic_prefill=True)
    monkeypatch.setattr(RemoteStoryteller, "capabilities", capabilities)
    await play(session, "open the door")
    server.requests.clear()
    await session.prefill()
    await play(session, "")  # its whole prompt is in the engine's cache
    evict_tale, tale, evict_turn, turn = (str(request["prompt"]) for request in server.requests)
    assert tale == turn == f"{OPENING}\n\n> You open the door.\n\nSo ends open the door.\n"
    for evict, kept in ((evict_tale, "Hessa holds"), (evict_turn, "So ends open")):
        # It differs before the last words, so that the engine reads more than one token of them again.
        assert evict.endswith(f"{kept} #")
        assert tale.startswith(evict[:-2])


async def test_without_deterministic_prefill_each_turn_is_one_request(server: Voice, session: Session) -> None:
    await play(session, "open the door")
    await session.retry(ignore)
    await play(session, "")
    assert len(server.requests) == 3


# ---- when nothing is prefetched ----------------------------------------------------------------------------------


async def test_with_a_seed_nothing_is_prefetched_unless_the_player_asks(server: Voice, tmp_path: Path) -> None:
    session = Session(Shelf(tmp_path / "seeded.db"), RemoteStoryteller(server.url, "scripted"), seed=7)
    session.begin(scenario_from_opening(OPENING, "The door"))
    await session.prefetch(ignore)
    assert server.requests == []
    session.request_suggestions()
    await session.prefetch(ignore)
    assert len(session.suggestions()) == 4
    assert len(server.requests) == len(server.prompts_ending("> You"))
    await session.storyteller.close()


async def test_with_prefetching_off_suggestions_are_made_only_when_the_player_asks(
    server: Voice, session: Session
) -> None:
    await play(session, "wait")
    session.settings.set("prefetch", "off")
    asked = len(server.requests)
    await session.prefetch(ignore)
    assert len(server.requests) == asked
    session.request_suggestions()
    await session.prefetch(ignore)
    assert len(session.suggestions()) == 4


async def test_with_zero_suggestions_only_the_continuation_is_prefetched(server: Voice, session: Session) -> None:
    session.settings.set("suggestions", "0")
    await play(session, "wait")
    await session.prefetch(ignore)
    assert session.suggestions() == ()
    assert server.prompts_ending("> You") == []
    asked = len(server.requests)
    await play(session, "")
    assert len(server.requests) == asked


async def test_on_a_remote_server_only_the_prompt_is_prefilled(server: Voice, session: Session) -> None:
    await play(session, "wait")
    session.storyteller.is_local = False
    asked = len(server.requests)
    await session.prefetch(ignore)
    assert [request["max_tokens"] for request in server.requests[asked:]] == [1], "only the prefill"


async def test_after_a_failed_prefetch_the_next_turn_works(server: Voice, session: Session) -> None:
    await play(session, "wait")
    actions = server.next_answer
    server.next_answer = lambda: Fail(500, "out of memory")  # type: ignore[method-assign]
    with pytest.raises(DungeonError):
        await session.prefetch(ignore)
    server.next_answer = actions  # type: ignore[method-assign]
    assert (await play(session, "open the door")).prose == "So ends open the door."

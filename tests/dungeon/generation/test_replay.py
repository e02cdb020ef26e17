"""Replaying an adventure: which turns agree, which differ and where, and which can't be compared."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.actions import read_input
from corpus.turns import Kind
from dungeon.errors import DungeonError
from dungeon.generation.prefetch import FIRST_WORDS
from dungeon.generation.replay import NOT_GENERATED, OTHER_VOICE, ReplayResult, run_replay
from dungeon.play.registry import parse_line
from dungeon.play.session import Session
from dungeon.scenarios.model import scenario_from_opening
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.servers.remote import RemoteStoryteller
from dungeon.tale.adventure import Node, State
from dungeon.tale.lore import Lore
from tests.dungeon.scripted import Answer, ScriptedServer

_SYLLABLES = ("ka", "lo", "mi", "ner", "tas", "vu", "shi", "ro", "den", "wyl")


class Voice(ScriptedServer):
    """Answers the same prompt and seed with the same text, and any other with another."""

    def next_answer(self) -> Answer:
        request = self.requests[-1]
        dice = random.Random(f"{request['prompt']}|{request['seed']}")
        words = ["".join(dice.choices(_SYLLABLES, k=3)) for _ in range(min(request["max_tokens"], 40))]
        if request["prompt"].endswith("> You"):
            return f" open the iron door with a {words[0]}."
        return ["\n" * (not request["prompt"].endswith(words[0])), *(f" {word}" for word in words[:-1]), " end."]


@pytest.fixture
def server() -> Iterator[Voice]:
    with Voice() as running:
        yield running


@pytest.fixture
async def session(server: Voice, tmp_path: Path) -> AsyncIterator[Session]:
    storyteller = RemoteStoryteller(server.url, "scripted")
    shelf = Shelf(tmp_path / "shelf.db")
    session = Session(shelf, storyteller)
    session.begin(scenario_from_opening("You stand before the iron door.", "The door"))
    yield session
    await storyteller.close()
    shelf.close()


def ignore(*_: object) -> None:
    pass


async def play(session: Session, *lines: str) -> None:
    for line in lines:
        request = parse_line(line, suggestions=session.suggestions())
        action = request.words
        if request.command == "choose":
            action = session.suggestions()[int(request.words) - 1]
        kind = read_input(action)[0] if request.command == "choose" else Kind(request.command)
        await session.play_turn(kind, action, ignore)


async def replay(session: Session) -> tuple[ReplayResult, list[str]]:
    lines: list[str] = []
    replayed = await run_replay(session.shelf, session.storyteller, session.adventure.id, lines.append)
    assert lines.pop() == str(replayed)
    return replayed, lines


async def test_turns_of_every_kind_agree(session: Session) -> None:
    await play(session, "open the door", '"Who is there?"', "", "/story A bell rings.", "wait")
    await session.retry(ignore)
    before = session.shelf.open(session.adventure.id).path()
    replayed, lines = await replay(session)
    assert [line.split() for line in lines] == [[str(number), "agrees"] for number in range(1, 6)]
    assert (replayed.agree, replayed.differ) == (5, 0)
    assert session.shelf.open(session.adventure.id).path() == before, "the shelf is not changed"


async def test_each_turn_is_replayed_with_the_lore_of_its_time(session: Session) -> None:
    await play(session, "open the door")
    session.set_lore(Lore(memory="Hessa is a queen.", note="Be short."))
    await play(session, "wait")
    session.set_lore(Lore(memory="Hessa is a ghost."))
    assert (await replay(session))[0].agree == 2


async def test_turns_prefetched_in_one_phase_or_two_agree(session: Session, server: Voice) -> None:
    await play(session, "wait")
    await session.prefetch(ignore)
    asked = len(server.requests)
    await play(session, "1")  # prefetched completely
    assert len(server.requests) == asked
    prefetching = asyncio.create_task(session.prefetch(ignore))
    prompt = "> You"
    while prompt.endswith("> You") or not prompt.rpartition("\n")[2]:  # until the second phase of a turn is requested
        await asyncio.sleep(0.001)
        prompt = str(server.requests[-1]["prompt"])
    await play(session, "")
    await asyncio.wait([prefetching])
    assert max(len(node.prose.split()) for node in session.adventure.path()) > FIRST_WORDS
    replayed, lines = await replay(session)
    assert replayed.agree == 3, lines


async def test_the_prose_of_a_stopped_turn_is_compared(session: Session) -> None:
    def stop(node: Node) -> None:
        if len(node.prose.split()) == 5:
            playing.cancel()

    playing = asyncio.create_task(session.play_turn(Kind.DO, "open the door", stop))
    with pytest.raises(asyncio.CancelledError):
        await playing
    (node,) = session.adventure.path()
    assert node.state is State.STOPPED
    assert node.prose
    assert (await replay(session))[0].agree == 1
    session.shelf.save_turn(replace(node, prose=node.prose + " Xyz"))
    assert (await replay(session))[0].differ == 1


async def test_a_turn_that_was_stopped_and_finished_is_not_compared(session: Session) -> None:
    await play(session, "open the door")
    node = session.adventure.path()[-1]
    broken = " ".join(node.prose.split()[:5])
    session.shelf.save_turn(session.adventure.set_prose(node.id, broken, State.STOPPED))
    await play(session, "")
    (finished,) = session.adventure.path()
    assert finished.prose.startswith(broken)
    assert len(finished.prose) > len(broken)
    assert await replay(session) == (ReplayResult(0, 0, Counter({NOT_GENERATED: 1})), [])


async def test_the_first_character_that_differs_is_reported(session: Session) -> None:
    await play(session, "open the door", "wait")
    first = session.adventure.path()[0]
    session.shelf.save_turn(replace(first, prose=first.prose[:9] + "#" + first.prose[10:]))
    replayed, lines = await replay(session)
    assert f"differs at character 10 of {len(first.prose)}" in lines[0]
    # The prompt of the second turn had the first one's old text.
    assert "another prompt" in lines[1]
    assert str(replayed) == "0 of 1 turns agree. Not compared: 1 with another prompt."


async def test_turns_of_another_voice_are_not_compared(session: Session, server: Voice) -> None:
    await play(session, "open the door")
    server.requests.clear()
    session.storyteller.name = "tuned"
    replayed, lines = await replay(session)
    assert (replayed.agree, replayed.differ) == (0, 0)
    assert "another voice: scripted" in lines[0]
    assert server.requests == []
    assert str(replayed).startswith("No turn could be compared.")


async def test_the_same_name_with_another_adapter_is_another_voice(session: Session) -> None:
    session.storyteller.fingerprint = "a" * 64
    await play(session, "open the door")
    session.storyteller.fingerprint = "b" * 64
    replayed, lines = await replay(session)
    assert replayed.skipped == {OTHER_VOICE: 1}
    assert "another voice: scripted aaaaaaaaaaaa" in lines[0]


async def test_edits_and_the_copied_turns_after_them_are_skipped(session: Session) -> None:
    await play(session, "open the door", "wait", "look")
    session.edit(session.adventure.path()[1].id, prose="Nothing happens.")
    replayed, lines = await replay(session)
    assert [line.split() for line in lines] == [["1", "agrees"]]
    assert replayed.skipped[NOT_GENERATED] == 2
    await play(session, "listen")
    assert (await replay(session))[0].agree == 2


async def test_a_turn_with_the_sampling_of_a_newer_version_is_skipped(session: Session) -> None:
    await play(session, "open the door")
    (node,) = session.adventure.path()
    record = session.shelf.generation_record(node.id)
    session.shelf.save_turn(node, replace(record, sampling='{"mood": 3}'))
    replayed, lines = await replay(session)
    assert replayed.differ == 0
    assert "can't read its sampling" in lines[0]


async def test_an_unknown_adventure_is_an_error(session: Session) -> None:
    with pytest.raises(DungeonError, match="no adventure 99"):
        await run_replay(session.shelf, session.storyteller, 99, ignore)

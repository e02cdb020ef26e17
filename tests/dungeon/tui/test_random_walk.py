"""Random keys at random moments: the app never crashes, never loses a turn, never adds one.

The storyteller is a server that streams, pauses and fails at random. Between two steps the app gets a random time,
often none, so that the keys meet turns, suggestions and prefetched turns in every state. Every second walk is through
an authored story.

DUNGEON_WALKS=20 DUNGEON_WALK_STEPS=500 makes the walks longer and more.
"""

import asyncio
import os
import random
from collections.abc import Iterator

import pytest
from textual.pilot import Pilot

from corpus.turns import Kind
from dungeon.authored.books import find_books
from dungeon.play.session import OnUpdate, Session
from dungeon.scenarios.user import find_scenario
from dungeon.tale.adventure import Node, State
from dungeon.tui.screens.edit import EditScreen
from dungeon.tui.screens.play import PlayScreen
from tests.dungeon.host import paste, press, settle, wait_until
from tests.dungeon.playing import playing, saved_adventure
from tests.dungeon.scripted import Answer, Drop, Fail, Hold, ScriptedServer

WALKS = int(os.environ.get("DUNGEON_WALKS", "2"))
STEPS = int(os.environ.get("DUNGEON_WALK_STEPS", "60"))
_ACTIONS = [" open the door.", " light the lamp.", ' say "Who is there?"', " ask Hessa what she sees.", " wait."]
_PAUSES = [0, 0, 0, 1, 2, 4, 8, 16, 32]
_SENTENCES = ["The door opens.", "A cold wind comes out.", "Hessa lifts the lamp.", "Nobody answers.", "It is dark."]


class RandomServer(ScriptedServer):
    """Random answers, some with a pause that lasts until `release`, some that fail."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.chance = chance
        self.is_reliable = True
        """Whether it answers at once and never fails."""

    def next_answer(self) -> Answer:
        chance = self.chance
        last_line = str(self.requests[-1]["prompt"]).rpartition("\n")[2]
        if last_line == "> You":
            return chance.choice(_ACTIONS)
        if last_line.startswith("> You "):  # an action that is begun for the voice
            return " lamp."
        if self.is_reliable:
            return "\nThe end."
        if chance.random() < 0.03:
            return Fail(500, "out of memory")
        number = len(self.requests)
        text = f"\n{chance.choice(_SENTENCES)} Step {number} goes on. {chance.choice(_SENTENCES)} It ends in {number}."
        pieces: list[str | Hold | Drop] = [text[start : start + 5] for start in range(0, len(text), 5)]
        if chance.random() < 0.4:
            pieces.insert(chance.randrange(len(pieces)), Hold())
        elif chance.random() < 0.05:
            pieces.insert(chance.randrange(len(pieces)), Drop())
        return pieces


@pytest.fixture
def chance(seed: int) -> random.Random:
    return random.Random(seed)


@pytest.fixture
def server(chance: random.Random) -> Iterator[RandomServer]:
    with RandomServer(chance) as running:
        yield running


class Walk:
    """What the player did, and which turns must be in the adventure because of it."""

    def __init__(
        self, pilot: Pilot[None], server: RandomServer, chance: random.Random, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.pilot = pilot
        self.server = server
        self.chance = chance
        self.requested = 0
        """How many keys and lines could have started a turn."""
        self.started = 0
        """How many turns the app has started."""
        self.ended: dict[int, Node] = {}
        """Turns that no longer streamed when they were seen."""
        self._watch(monkeypatch)

    def _watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        play_turn, retry, add_authored = Session.play_turn, Session.retry, Session.add_authored_turn

        async def watched_turn(
            session: Session, kind: Kind, words: str, on_update: OnUpdate, *, leaves_author: bool = False
        ) -> Node:
            self.started += 1
            return await play_turn(session, kind, words, on_update, leaves_author=leaves_author)

        def watched_authored_turn(session: Session, kind: Kind, words: str, action: str, passage: str) -> Node:
            self.started += 1
            return add_authored(session, kind, words, action, passage)

        async def watched_retry(session: Session, on_update: OnUpdate) -> Node:
            self.started += 1
            return await retry(session, on_update)

        monkeypatch.setattr(Session, "play_turn", watched_turn)
        monkeypatch.setattr(Session, "retry", watched_retry)
        monkeypatch.setattr(Session, "add_authored_turn", watched_authored_turn)

    async def step(self) -> None:
        """Press random keys that fit the screen, then let the app run for a random time."""
        screen = self.pilot.app.screen
        if isinstance(screen, EditScreen):
            await press(self.pilot, *self.chance.choice([("x", "ctrl+s"), ("x", "escape", "y"), ("escape",)]))
        elif isinstance(screen, PlayScreen):
            await self.chance.choice(
                [
                    self.enter_line,
                    self.enter_line,
                    self.pick_suggestion,
                    self.continue_story,
                    self.continue_story,
                    self.press_key,
                    self.press_key,
                ]
            )()
        else:
            await press(self.pilot, "escape")
        for _ in range(self.chance.choice(_PAUSES)):
            if self.chance.random() < 0.1:
                self.server.release()
            await asyncio.sleep(0.005)
        self.check()

    async def _enter(self, line: str) -> None:
        self.requested += 1
        if self.chance.random() < 0.8:
            await press(self.pilot, "ctrl+u")  # removes a line that was not accepted, as a player does
        await paste(self.pilot, line)
        await press(self.pilot, "enter")

    async def enter_line(self) -> None:
        lines = ["look", "run", "/undo", "/redo", "/left", "/name x", "/story it rains"]
        if self.session.adventure.story:
            lines += ["no", "tell somebody", "wake the man", "/back", "/leave"]
        await self._enter(self.chance.choice(lines))

    async def pick_suggestion(self) -> None:
        await self._enter(str(self.chance.randint(1, 4)))

    async def continue_story(self) -> None:
        await self._enter("")

    async def press_key(self) -> None:
        key = self.chance.choice(
            ["ctrl+z", "ctrl+z", "ctrl+y", "ctrl+r", "alt+left", "alt+right", "escape", "escape", "ctrl+e", "ctrl+b"]
        )
        self.requested += key == "ctrl+r"
        await press(self.pilot, key)

    def check(self) -> None:
        """Assert that no turn is lost and none is added."""
        adventure = self.session.adventure
        assert self.pilot.app.is_running
        assert self.started <= self.requested
        for node_id, node in self.ended.items():
            assert (adventure.nodes[node_id].action, adventure.nodes[node_id].prose) == (node.action, node.prose)
        originals = [node for node in adventure.nodes.values() if node.edit_of is None]
        assert len(originals) <= self.started, "a turn was added that the app did not start"
        self.ended |= {node.id: node for node in adventure.nodes.values() if node.state is not State.STREAMING}

    @property
    def session(self) -> Session:
        return self.pilot.app.session  # type: ignore[attr-defined]

    async def end(self) -> None:
        """Let everything finish, and assert that the disk has the adventure of the screen."""
        while not isinstance(self.pilot.app.screen, PlayScreen):
            await press(self.pilot, "escape", "y")
        screen = self.pilot.app.screen
        await press(self.pilot, "escape")

        def has_finished() -> bool:
            self.server.release()
            return not screen.busy and all(worker.is_finished for worker in self.pilot.app.workers)

        self.server.is_reliable = True
        await wait_until(self.pilot, has_finished)
        await settle(self.pilot)
        self.check()
        saved, shown = saved_adventure(), self.session.adventure
        assert saved.nodes == shown.nodes
        assert saved.head == shown.head


@pytest.mark.parametrize("seed", range(WALKS))
async def test_random_keys_lose_no_turn_and_add_none(
    server: RandomServer, chance: random.Random, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A small terminal, because most of the time goes into drawing.
    books = find_books("the-ten-forty") if seed % 2 else ()
    scenario = None if seed % 2 else find_scenario("iron-door")
    async with playing(server, scenario, books=books, size=(60, 20)) as pilot:
        walk = Walk(pilot, server, chance, monkeypatch)
        server.is_reliable = False
        for _ in range(STEPS):
            await walk.step()
        await walk.end()
        assert walk.started > STEPS / 10, "the walk has played too few turns"

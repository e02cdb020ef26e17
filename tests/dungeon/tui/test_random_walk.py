"""A player who presses anything at any moment: the app never crashes, never loses a turn, never adds one.

A state machine of random steps against the app with a scripted storyteller that streams, pauses and fails. Between two
steps the app gets only a moment, so that turns, suggestions and prefetched turns are met in every state.

DUNGEON_WALKS=20 DUNGEON_WALK_STEPS=500 makes the walks longer and more.
"""

import os
import random
from collections.abc import Iterator

import pytest

from corpus.turns import Kind
from dungeon.play.session import OnUpdate, Session
from dungeon.scenarios.user import find_scenario
from dungeon.tale.adventure import Node, State
from dungeon.tui.screens.edit import EditScreen
from dungeon.tui.screens.play import PlayScreen
from tests.dungeon.playing import Player, on_disk, playing, until
from tests.dungeon.scripted import Answer, Drop, Fail, Hold, ScriptedServer

WALKS = int(os.environ.get("DUNGEON_WALKS", "2"))
STEPS = int(os.environ.get("DUNGEON_WALK_STEPS", "150"))
_ACTIONS = [" open the door.", " light the lamp.", ' say "Who is there?"', " ask Hessa what she sees.", " wait."]
_SENTENCES = ["The door opens.", "A cold wind comes out.", "Hessa lifts the lamp.", "Nobody answers.", "It is dark."]


class Voice(ScriptedServer):
    """Answers by chance, with pauses that last until somebody releases them."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.chance = chance
        self.is_calm = True
        """Whether it answers at once and never fails."""

    def next_answer(self) -> Answer:
        chance = self.chance
        last_line = str(self.requests[-1]["prompt"]).rpartition("\n")[2]
        if last_line == "> You":
            return chance.choice(_ACTIONS)
        if last_line.startswith("> You "):  # an action that is begun for the voice
            return " lamp."
        if self.is_calm:
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
def chance(request: pytest.FixtureRequest) -> random.Random:
    return random.Random(request.param)


@pytest.fixture
def server(chance: random.Random) -> Iterator[Voice]:
    with Voice(chance) as running:
        yield running


class Walk:
    """What the player did, and what must be there because of it."""

    def __init__(self, player: Player, server: Voice, chance: random.Random, monkeypatch: pytest.MonkeyPatch) -> None:
        self.player = player
        self.server = server
        self.chance = chance
        self.turns_asked_for = 0
        """By the player, at most."""
        self.empty_lines = 0
        self.started = 0
        """Turns that the app has begun to play."""
        self.continued = 0
        """Of these, without an action."""
        self.finished: dict[int, Node] = {}
        """Turns that were complete when they were seen."""
        self._watch(monkeypatch)

    def _watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        play_turn, retry = Session.play_turn, Session.retry

        async def watched_turn(session: Session, kind: Kind, words: str, on_update: OnUpdate) -> Node:
            self.started += 1
            self.continued += kind is Kind.CONTINUE
            return await play_turn(session, kind, words, on_update)

        async def watched_retry(session: Session, on_update: OnUpdate) -> Node:
            self.started += 1
            return await retry(session, on_update)

        monkeypatch.setattr(Session, "play_turn", watched_turn)
        monkeypatch.setattr(Session, "retry", watched_retry)

    async def step(self) -> None:
        """One random thing."""
        screen = self.player.app.screen
        if isinstance(screen, EditScreen):
            await self.player.press(*self.chance.choice([("x", "ctrl+s"), ("x", "escape", "y"), ("escape",)]))
        elif isinstance(screen, PlayScreen):
            await self.chance.choice(
                [self.send_line, self.send_line, self.pick, self.go_on, self.go_on, self.press_key, self.press_key]
            )()
        else:
            await self.player.press("escape")
        for _ in range(self.chance.randrange(4)):
            if self.chance.random() < 0.3:
                self.server.release()
            await self.player.pause(0.001)
        self.check()

    async def _send(self, text: str) -> None:
        self.turns_asked_for += 1
        for letter in text:
            await self.player.press({" ": "space", "/": "slash"}.get(letter, letter))
        await self.player.press("enter")

    async def send_line(self) -> None:
        await self._send(self.chance.choice(["look", "run", "/undo", "/redo", "/left", "/name x", "/story it rains"]))

    async def pick(self) -> None:
        await self._send(str(self.chance.randint(1, 4)))

    async def go_on(self) -> None:
        self.empty_lines += 1
        await self._send("")

    async def press_key(self) -> None:
        key = self.chance.choice(
            ["ctrl+z", "ctrl+z", "ctrl+y", "ctrl+r", "alt+left", "alt+right", "escape", "escape", "ctrl+e", "ctrl+b"]
        )
        self.turns_asked_for += key == "ctrl+r"
        await self.player.press(key)

    def check(self) -> None:
        """Nothing is lost and nothing is added."""
        adventure = self.session.adventure
        assert self.player.app.is_running
        assert self.started <= self.turns_asked_for
        for node_id, node in self.finished.items():
            assert (adventure.nodes[node_id].action, adventure.nodes[node_id].prose) == (node.action, node.prose)
        originals = [node for node in adventure.nodes.values() if node.edit_of is None]
        assert len(originals) <= self.started, "a turn was added that nobody asked for"
        self.finished |= {node.id: node for node in adventure.nodes.values() if node.state is not State.STREAMING}

    @property
    def session(self) -> Session:
        return self.player.app.session  # type: ignore[attr-defined]

    async def end(self) -> None:
        """Everything comes to rest, and the disk has what the screen had."""
        while not isinstance(self.player.app.screen, PlayScreen):
            await self.player.press("escape", "y")
        screen = self.player.app.screen
        await self.player.press("escape")

        def is_resting() -> bool:
            self.server.release()
            return not screen.busy and all(worker.is_finished for worker in self.player.app.workers)

        self.server.is_calm = True
        await until(self.player, is_resting)
        await self.player.pause()
        self.check()
        saved, played = on_disk(), self.session.adventure
        assert saved.nodes == played.nodes
        assert saved.head == played.head


@pytest.mark.parametrize("chance", range(WALKS), indirect=True)
async def test_any_keys_at_any_moment(server: Voice, chance: random.Random, monkeypatch: pytest.MonkeyPatch) -> None:
    async with playing(server, find_scenario("iron-door")) as player:
        walk = Walk(player, server, chance, monkeypatch)
        server.is_calm = False
        for _ in range(STEPS):
            await walk.step()
        await walk.end()
        assert walk.started > STEPS / 10, "the walk has played turns"

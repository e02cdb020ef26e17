"""A game that tells, on a pipe of its own, what its player could have seen by now: for tests that kill it.

    python -m tests.dungeon.witness FD play --plain …          the real command `dungeon`
    python -m tests.dungeon.witness FD moves URL SEED          moves of every sort, straight on a session

One line of JSON for each thing that the player asks for, when it begins (`{"try": "retry"}`) and again when the game
has come back from it, with every turn that is new or another than it was and where the player stands. Whatever a line
tells must be on the shelf from then on, wherever the game is killed.
"""

import asyncio
import dataclasses
import functools
import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from corpus.turns import Kind
from dungeon.cli import cli
from dungeon.errors import DungeonError
from dungeon.paths import shelf_file
from dungeon.play import session as sessions
from dungeon.play.adventures import relabel
from dungeon.play.session import Session
from dungeon.scenarios.model import scenario_from_opening
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.remote import RemoteStoryteller
from dungeon.tale.adventure import Adventure, Node
from dungeon.tale.lore import Card, Lore

_WATCHED = (
    *("begin", "resume", "play_turn", "retry", "undo", "redo", "abandon_turn"),
    *("go_to", "step_take", "edit", "edit_all", "label_turn", "set_lore"),
)


class Witness:
    """Watches every session of this process."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._deep = 0
        self._known: dict[int, Node] = {}
        for name in _WATCHED:
            method = getattr(Session, name)
            watched = self._awaited(method) if asyncio.iscoroutinefunction(method) else self._called(method)
            setattr(Session, name, watched)

    def _called(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def watched(session: Session, *arguments: Any, **named: Any) -> Any:
            with self.watching(method.__name__, session):
                return method(session, *arguments, **named)

        return watched

    def _awaited(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        async def watched(session: Session, *arguments: Any, **named: Any) -> Any:
            with self.watching(method.__name__, session):
                return await method(session, *arguments, **named)

        return watched

    @contextmanager
    def watching(self, name: str, session: Session) -> Iterator[None]:
        """Tells of what is done in the block, unless it is a part of something else that is."""
        self._deep += 1
        if self._deep == 1:
            self._tell({"try": name})
        try:
            yield
        finally:
            self._deep -= 1
            if self._deep == 0 and session._adventure is not None:
                self._tell(self._seen(session.adventure))

    def _seen(self, adventure: Adventure) -> dict[str, object]:
        new = {id_: node for id_, node in adventure.nodes.items() if self._known.get(id_) is not node}
        self._known |= new
        return {
            "adventure": adventure.id,
            "head": adventure.head,
            "title": adventure.title,
            "tags": adventure.tags,
            "lore": dataclasses.asdict(adventure.lore),
            "nodes": [dataclasses.asdict(node) for node in new.values()],
        }

    def _tell(self, line: dict[str, object]) -> None:
        os.write(self._pipe, json.dumps(line).encode() + b"\n")


# ---- moves of every sort -----------------------------------------------------------------------------------------


async def moves(witness: Witness, url: str, seed: int) -> None:
    """Plays on until it is killed."""
    sessions._SAVE_SECONDS = 0.01  # nearly every piece is saved: a kill is to strike while something is written
    chance = random.Random(seed)
    shelf = Shelf(shelf_file())
    session = Session(shelf, RemoteStoryteller(url, "scripted"))
    if shelf.latest_id() is None:
        session.begin(scenario_from_opening("You stand in the ash garden. Nothing grows here."))
    else:
        session.resume()
    for number in range(1_000_000):
        try:
            await move(witness, session, chance, number)
        except DungeonError as error:
            assert "no turn to try again" in str(error) or "leave something" in str(error), error


async def move(witness: Witness, session: Session, chance: random.Random, number: int) -> None:
    """One of all that a player may do."""
    adventure = session.adventure
    nodes = list(adventure.nodes)
    if not nodes or chance.random() < 0.5:
        kind = chance.choice(list(Kind))
        turn = session.play_turn(kind, "" if kind is Kind.CONTINUE else f"look at stone {number}", _heard)
        await (_stopped(turn, chance) if chance.random() < 0.2 else turn)
        return
    node = chance.choice(nodes)
    what = chance.randrange(12)
    if what <= 2:
        await session.retry(_heard)
    elif what == 3:
        session.undo()
    elif what == 4:
        session.redo()
    elif what == 5:
        session.go_to(node)
    elif what == 6:
        session.step_take(chance.choice((-1, 1)))
    elif what == 7:
        session.edit(node, prose=f"Another hand wrote {number} here.")
    elif what == 8:
        session.edit(node, words=f"turn stone {number} over")
    elif what == 9:
        session.label_turn(node, name=f"Stone {number}", bookmarked=chance.random() < 0.5, folded=chance.random() < 0.5)
    elif what == 10:
        session.set_lore(Lore(f"Stone {number} is warm.", "Few words.", (Card(("stone",), f"There are {number}."),)))
    elif chance.random() < 0.5:
        with witness.watching("relabel", session):
            relabel(session.shelf, adventure, title=f"Garden {number}", tags=(f"ash {number}", "stone"))
    elif chance.random() < 0.3:
        session.begin(scenario_from_opening(f"You stand in ash garden {number}."))
    else:
        session.resume(chance.choice(session.shelf.list_adventures()).id)


async def _stopped(turn: Any, chance: random.Random) -> None:
    """The turn, stopped by the player at some moment."""
    task = asyncio.ensure_future(turn)
    await asyncio.wait([task], timeout=chance.uniform(0, 0.1))
    task.cancel()
    await asyncio.wait([task])


def _heard(_: Node) -> None:
    pass


if __name__ == "__main__":
    the_witness = Witness(int(sys.argv[1]))
    if sys.argv[2] == "moves":
        asyncio.run(moves(the_witness, sys.argv[3], int(sys.argv[4])))
    else:
        cli(sys.argv[2:])

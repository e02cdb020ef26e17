"""A game that reports on a pipe what its player can have seen: `tests.dungeon.killing` kills it.

    python -m tests.dungeon.reporting_game FD play --plain …      the real command `dungeon`
    python -m tests.dungeon.reporting_game FD session URL SEED    random calls of a session's methods

For each call of a session's methods it writes two lines of JSON: one when the call begins (`{"begins": "retry"}`), one
when it has ended, with the place of the player and every turn that is new or has changed. What the second line reports
must be on the shelf from then on, whenever the game is killed.
"""

import asyncio
import dataclasses
import functools
import json
import os
import random
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from corpus.turns import Kind
from dungeon.cli import cli
from dungeon.errors import DungeonError
from dungeon.paths import shelf_file
from dungeon.play.adventures import relabel
from dungeon.play.session import Session
from dungeon.scenarios.model import scenario_from_opening
from dungeon.storage import autosave
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.servers.remote import RemoteStoryteller
from dungeon.tale.adventure import Adventure, Node
from dungeon.tale.lore import Card, Lore

_REPORTED = (
    *("begin", "resume", "play_turn", "retry", "undo", "redo", "abandon_turn"),
    *("go_to", "step_take", "edit", "edit_all", "label_turn", "set_lore"),
)


class Reporter:
    """Reports the calls of every session in this process."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._depth = 0
        """How many calls are under way: a method may call another."""
        self._reported: dict[int, Node] = {}
        for name in _REPORTED:
            method = getattr(Session, name)
            reported = self._coroutine(method) if asyncio.iscoroutinefunction(method) else self._function(method)
            setattr(Session, name, reported)

    def _function(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def reported(session: Session, *arguments: Any, **named: Any) -> Any:
            with self.reporting(method.__name__, session):
                return method(session, *arguments, **named)

        return reported

    def _coroutine(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        async def reported(session: Session, *arguments: Any, **named: Any) -> Any:
            with self.reporting(method.__name__, session):
                return await method(session, *arguments, **named)

        return reported

    @contextmanager
    def reporting(self, name: str, session: Session) -> Iterator[None]:
        """Report the call in the block, unless it is part of another call."""
        self._depth += 1
        if self._depth == 1:
            self._write({"begins": name})
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0 and session._adventure is not None:
                self._write(self._changes(session.adventure))

    def _changes(self, adventure: Adventure) -> dict[str, object]:
        changed = {
            node_id: node for node_id, node in adventure.nodes.items() if self._reported.get(node_id) is not node
        }
        self._reported |= changed
        return {
            "adventure": adventure.id,
            "head": adventure.head,
            "title": adventure.title,
            "tags": adventure.tags,
            "lore": dataclasses.asdict(adventure.lore),
            "nodes": [dataclasses.asdict(node) for node in changed.values()],
        }

    def _write(self, line: dict[str, object]) -> None:
        os.write(self._pipe, json.dumps(line).encode() + b"\n")


# ---- random calls ------------------------------------------------------------------------------------------------


async def call_until_killed(reporter: Reporter, url: str, seed: int) -> None:
    """Call random methods of a session for ever."""
    assert autosave._SECONDS > 0.01
    autosave._SECONDS = 0.01  # saves nearly every piece of text, so that many kills come during a write
    chance = random.Random(seed)
    shelf = Shelf(shelf_file())
    session = Session(shelf, RemoteStoryteller(url, "scripted"))
    if shelf.latest_id() is None:
        session.begin(scenario_from_opening("You stand in the ash garden. Nothing grows here."))
    else:
        session.resume()
    for number in range(1_000_000):
        try:
            await call(reporter, session, chance, number)
        except DungeonError as error:
            assert "no turn to try again" in str(error) or "leave something" in str(error), error


async def call(reporter: Reporter, session: Session, chance: random.Random, number: int) -> None:
    """Do a random one of the things that a player can do."""
    adventure = session.adventure
    nodes = list(adventure.nodes)
    if not nodes or chance.random() < 0.5:
        kind = chance.choice(list(Kind))
        turn = session.play_turn(kind, "" if kind is Kind.CONTINUE else f"look at stone {number}", _ignore)
        await (_stop(turn, chance) if chance.random() < 0.2 else turn)
        return
    node = chance.choice(nodes)
    choice = chance.randrange(12)
    if choice <= 2:
        await session.retry(_ignore)
    elif choice == 3:
        session.undo()
    elif choice == 4:
        session.redo()
    elif choice == 5:
        session.go_to(node)
    elif choice == 6:
        session.step_take(chance.choice((-1, 1)))
    elif choice == 7:
        session.edit(node, prose=f"Another hand wrote {number} here.")
    elif choice == 8:
        session.edit(node, words=f"turn stone {number} over")
    elif choice == 9:
        session.label_turn(node, name=f"Stone {number}", bookmarked=chance.random() < 0.5, folded=chance.random() < 0.5)
    elif choice == 10:
        session.set_lore(Lore(f"Stone {number} is warm.", "Few words.", (Card(("stone",), f"There are {number}."),)))
    elif chance.random() < 0.5:
        with reporter.reporting("relabel", session):
            relabel(session.shelf, adventure, title=f"Garden {number}", tags=(f"ash {number}", "stone"))
    elif chance.random() < 0.3:
        session.begin(scenario_from_opening(f"You stand in ash garden {number}."))
    else:
        session.resume(chance.choice(session.shelf.list_adventures()).id)


async def _stop(turn: Coroutine[Any, Any, Node], chance: random.Random) -> None:
    """Start the turn and stop it at a random moment."""
    task = asyncio.ensure_future(turn)
    await asyncio.wait([task], timeout=chance.uniform(0, 0.1))
    task.cancel()
    await asyncio.wait([task])


def _ignore(_: Node) -> None:
    pass


if __name__ == "__main__":
    main_reporter = Reporter(int(sys.argv[1]))
    if sys.argv[2] == "session":
        asyncio.run(call_until_killed(main_reporter, sys.argv[3], int(sys.argv[4])))
    else:
        cli(sys.argv[2:])

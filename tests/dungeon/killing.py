"""Kills games at random moments, over one shelf that goes on growing, and looks each time whether anything is lost.

    with Teller() as teller:
        ledger = Ledger(shelf_file(), teller)
        kill_moves(ledger, random.Random(7))  # and again, and again

The game is a child process, `tests.dungeon.witness`, which tells what its player could have seen. The ledger keeps all
of that, over all the games; after each kill it holds it against the shelf. `Lost` is what was not there.
"""

import asyncio
import json
import os
import random
import re
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from corpus.turns import Kind
from dungeon.play.session import Session
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.local import LocalStoryteller
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.prose import sentence_end
from tests.dungeon.scripted import Piece, ScriptedServer
from tests.terminal import Terminal

_ROOT = Path(__file__).parents[2]
_WITNESS = [sys.executable, "-m", "tests.dungeon.witness"]
_SECONDS = 60.0
_ADJECTIVES = "amber bitter crooked dusty empty fallow gentle hollow idle jagged keen lonely mossy narrow olive".split()
_MARKS = ("name", "marked", "folded")
_NOUNS = "anvil basket candle drum engine feather gate hammer island jar kettle ladder mirror needle orchard".split()
_VERBS = "burns creaks drifts echoes fades gleams hums leans melts nods opens rests shivers turns waits".split()


class Lost(AssertionError):
    """Something that a player had seen is not on the shelf."""


class Teller(ScriptedServer):
    """Answers each request with prose of its own, a few letters at a time; a turn takes about a tenth of a second."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign] # a client was killed: that is all
        self._chance = random.Random(seed)
        self.told: dict[str, str] = {}
        """All it has told or begun to tell, by the first word, which is never the same."""

    def next_answer(self) -> Any:
        with self._lock:
            number = len(self.told) + 1
            pick = self._chance.choice
            sentences = [f"Ember{number} is far away."]
            sentences += [
                f"The {pick(_ADJECTIVES)} {pick(_NOUNS)} {pick(_VERBS)} by the {pick(_ADJECTIVES)} {pick(_NOUNS)}."
                for _ in range(self._chance.randint(1, 4))
            ]
            text = " ".join([*sentences, f"A grey bird counts ash{number}."])
            self.told[f"Ember{number}"] = text
        return self._dribbling(text)

    def _dribbling(self, text: str) -> Iterator[Piece]:
        yield "\n"
        for start in range(0, len(text), 6):
            time.sleep(0.002)
            yield text[start : start + 6]


# ---- what was seen, and whether it is there -------------------------------------------------------------------------


@dataclass
class Ledger:
    """All that the players of one shelf have seen."""

    file: Path
    teller: Teller
    nodes: dict[int, dict[str, Any]] = field(default_factory=dict)
    places: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Of each adventure, by id: head, title, tags and lore."""
    playing: int | None = None
    """The adventure that was played last."""
    pending: str = ""
    """What was being done when the game was killed; "" between two things."""
    finished: int = 0
    """How many turns players have seen finished."""
    struck: Counter[str] = field(default_factory=Counter)
    """How many kills struck in the middle of what."""

    def hear(self, line: bytes) -> None:
        """Takes down what a witness told."""
        heard = json.loads(line)
        if "try" in heard:
            self.pending = heard["try"]
            return
        self.pending = ""
        for node in heard.pop("nodes"):
            self.finished += node["id"] not in self.nodes and node["state"] == "done"
            self.nodes[node["id"]] = node
        self.playing = heard.pop("adventure")
        self.places[self.playing] = heard

    def check(self) -> None:
        """Looks at a copy of the shelf, as it lies there; the next game gets it as the dead one left it.

        Raises:
            Lost: something is not there, or is not as it was seen.
        """
        self.struck[self.pending or "nothing"] += 1
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "data"
            if not self.file.exists():
                _demand(not self.nodes and not self.places, "the shelf is gone")
                return
            shutil.copytree(self.file.parent, copy)
            with closing(sqlite3.connect(copy / self.file.name)) as db:
                (integrity,) = db.execute("PRAGMA integrity_check").fetchone()
                _demand(integrity == "ok", f"integrity: {integrity}")
                _demand(not db.execute("PRAGMA foreign_key_check").fetchall(), "a turn without the one it answers")
            shelf = Shelf(copy / self.file.name)
            try:
                self._compare(shelf)
            finally:
                shelf.close()
        self.pending = ""

    def _compare(self, shelf: Shelf) -> None:
        there: dict[int, dict[str, Any]] = {}
        places: dict[int, dict[str, Any]] = {}
        for entry in shelf.list_adventures():
            adventure = shelf.open(entry.id)
            there |= {id_: _plain(asdict(node)) for id_, node in adventure.nodes.items()}
            places[entry.id] = _place(adventure)
        new = set(there) - set(self.nodes)
        _demand(set(self.nodes) <= set(there), f"turns are gone: {sorted(set(self.nodes) - set(there))}")
        _demand(set(self.places) <= set(places), "an adventure is gone")
        for id_, node in self.nodes.items():
            self._same(node, there[id_])
        if not self.pending:
            _demand(not new, f"turns from nowhere: {sorted(new)}")
            _demand(places == self.places, f"adventures stand at {places}, not at {self.places}")
            _demand(shelf.latest_id() == self.playing, "another adventure was played last")
        elif self.pending in ("play_turn", "retry"):
            _demand(len(new) <= 1, f"turns from nowhere: {sorted(new)}")
            for id_ in new:
                self._streamed(there[id_]["prose"])
            for id_, place in self.places.items():
                _demand(places[id_]["head"] in (place["head"], *new), "the head is elsewhere")
        self.nodes, self.places, self.playing = there, places, shelf.latest_id()

    def _same(self, seen: dict[str, Any], there: dict[str, Any]) -> None:
        if self.pending in ("label_turn", "edit", "edit_all"):  # which of the turns it was at, it had not told
            seen, there = ({key: node[key] for key in node if key not in _MARKS} for node in (seen, there))
        _demand(seen == there, f"a turn was seen as {seen} and is {there}")

    def _streamed(self, prose: str) -> None:
        """What there is of an unfinished turn is what the storyteller had said by then, perhaps in two answers."""
        for part in re.split(r"\s*(?=Ember\d)", prose):
            told = self.teller.told.get(part.split(" ")[0])
            _demand(
                any(text.startswith(part) for text in ([told] if told else self.teller.told.values())), f"{prose!r}"
            )


def _place(adventure: Adventure) -> dict[str, Any]:
    """Where the player stands in it, and what it is called; as a witness tells it."""
    return _plain(
        {
            "head": adventure.head,
            "title": adventure.title,
            "tags": adventure.tags,
            "lore": asdict(adventure.lore),
        }
    )


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Lost(otherwise)


# ---- games ----------------------------------------------------------------------------------------------------------


class Pipe:
    """A witness's pipe, from the game to the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._rest = b""
        self._reader, self.writer = os.pipe()
        os.set_inheritable(self.writer, True)
        self.tried = 0
        self.done = 0
        """How many things the game has begun, and come back from."""

    def launched(self) -> None:
        """The game has the writing end now."""
        os.close(self.writer)

    def read(self, seconds: float = 0.0) -> bool:
        """Takes down what comes until then; False once the game is dead and everything is read."""
        until = time.monotonic() + seconds
        while select.select([self._reader], [], [], max(0.0, until - time.monotonic()))[0]:
            data = os.read(self._reader, 1 << 16)
            if not data:
                return False
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self._ledger.hear(line)
                self.tried += line.startswith(b'{"try"')
                self.done += not line.startswith(b'{"try"')
        return True

    def until_done(self, count: int) -> None:
        """Waits until the game has come back from so many things."""
        deadline = time.monotonic() + _SECONDS
        while self.done < count:
            assert self.read(0.01), "the game has ended by itself"
            assert time.monotonic() < deadline, f"the game has done {self.done} things of {count} in {_SECONDS} s"

    def close(self) -> None:
        """Takes down what is left of a game that is dead."""
        while self.read(_SECONDS):
            pass
        os.close(self._reader)


@contextmanager
def _killed(command: list[str], pipe: Pipe, **streams: Any) -> Iterator[None]:
    """The game runs in the block, and is killed at its end."""
    with tempfile.TemporaryFile() as errors:
        game = subprocess.Popen(command, cwd=_ROOT, pass_fds=[pipe.writer], stderr=errors, **streams)
        pipe.launched()
        try:
            yield
        except AssertionError as error:
            errors.seek(0)
            raise AssertionError(f"{error}\n{errors.read().decode()[-3000:]}") from error
        finally:
            game.kill()
            game.wait()
            pipe.close()


def kill_moves(ledger: Ledger, chance: random.Random) -> None:
    """A game that makes moves of every sort, as fast as it can."""
    pipe = Pipe(ledger)
    seed = str(chance.randrange(1 << 30))
    with _killed([*_WITNESS, str(pipe.writer), "moves", ledger.teller.url, seed], pipe):
        if chance.random() < 0.8:
            pipe.until_done(chance.randint(1, 12))
        pipe.read(chance.uniform(0, 0.3))
    ledger.check()


def kill_plain(ledger: Ledger, chance: random.Random) -> None:
    """`dungeon --plain`, all of whose lines are in its stdin from the start."""
    pipe = Pipe(ledger)
    with tempfile.TemporaryFile() as script, tempfile.TemporaryFile() as printed:
        script.write("".join(f"{_line(chance)}\n" for _ in range(40)).encode())
        script.seek(0)
        command = [*_WITNESS, str(pipe.writer), "play", "--plain", *_options(ledger)]
        with _killed(command, pipe, stdin=script, stdout=printed):
            if chance.random() < 0.9:
                pipe.until_done(chance.randint(1, 6))
            pipe.read(chance.uniform(0, 0.3))
        ledger.check()
        printed.seek(0)
        lines = printed.read().decode()
    # And what the player has really seen: a turn whose end stands there, with the line's end after it.
    kept = [node["prose"] for node in ledger.nodes.values()]
    for text in ledger.teller.told.values():
        if f"{text}\n" in lines:
            _demand(any(prose.endswith(text) for prose in kept), f"printed to its end, and not kept: {text!r}")


def kill_app(ledger: Ledger, chance: random.Random) -> None:
    """The game on a real terminal: typed at, and sometimes stopped with Esc."""
    pipe = Pipe(ledger)
    with Terminal([*_WITNESS, str(pipe.writer), "play", *_options(ledger)], cwd=_ROOT) as terminal:
        pipe.launched()
        word = _shown(ledger).encode()
        terminal.until(lambda: pipe.read() and word in terminal.seen)
        for _ in range(chance.randint(0, 3)):
            _enter(terminal, pipe, _line(chance))
            if chance.random() < 0.25:
                terminal.send("\x1b")
            tried = pipe.tried
            terminal.until(lambda tried=tried: pipe.read() and pipe.done >= tried)  # type: ignore[misc]
        _enter(terminal, pipe, _line(chance))
        moment = time.monotonic() + chance.uniform(0, 0.15)
        terminal.until(lambda: pipe.read() and time.monotonic() > moment)
        # Leaving the block kills it.
    pipe.close()
    ledger.check()


def _enter(terminal: Terminal, pipe: Pipe, line: str) -> None:
    """Types a line and sends it, again if the game was not yet ready for it."""
    terminal.send(f"\x15{line}")  # Ctrl+U: in front of it, nothing that was left
    tried = pipe.tried
    again = 0.0

    def sent() -> bool:
        nonlocal again
        pipe.read()
        if pipe.tried == tried and time.monotonic() > again:
            terminal.send("\r")
            again = time.monotonic() + 0.5
        return pipe.tried > tried

    terminal.until(sent)


def _options(ledger: Ledger) -> list[str]:
    server = ["--endpoint", ledger.teller.url, "--model", "scripted"]
    return [*server, *(["--continue"] if ledger.playing else ["--scenario", "iron-door"])]


def _line(chance: random.Random) -> str:
    """What a player might type."""
    thing = chance.choice(_NOUNS)
    return chance.choice(
        [
            *(f"look at the {thing}", f"go to the {thing}", f'"is this your {thing}?"', "", ""),
            *("/retry", "/retry", "/undo", "/redo", "/left", "/right", f"/story There was a {thing} here once."),
            *("/bookmark", f"/name The {thing}", f"/memory The {thing} is gone."),
        ]
    )


def _shown(ledger: Ledger) -> str:
    """A word that the game shows when it goes on."""
    at = ledger.places[ledger.playing]["head"] if ledger.playing else None
    while at is not None and not ledger.nodes[at]["prose"]:
        at = ledger.nodes[at]["parent"]
    return ledger.nodes[at]["prose"].split()[-1] if at is not None else "Enter"


# ---- the engine -----------------------------------------------------------------------------------------------------


async def kill_engine(session: Session, chance: random.Random) -> tuple[str, str]:
    """One turn, in which llama.cpp is killed after some of its words, or before the first.

    Returns:
        What had been shown by then, and the whole turn.

    Raises:
        Lost: the turn does not begin with what had been shown, did not go on, or was not kept.
    """
    storyteller = session.storyteller
    assert isinstance(storyteller, LocalStoryteller)
    await storyteller.start()
    engine = storyteller.pid
    assert engine
    shown, left = "", chance.randint(0, 12)
    killed: list[str] = []

    def strike() -> None:
        killed.append(shown)
        os.kill(engine, signal.SIGKILL)

    def on_update(node: Node) -> None:
        nonlocal shown, left
        shown = node.prose
        left -= 1
        if left == 0:
            strike()

    if left == 0:
        asyncio.get_running_loop().call_later(0.01, strike)
    node = await session.play_turn(Kind.DO, f"look at the {chance.choice(_NOUNS)}", on_update)
    assert killed, f"the turn was too short to be killed in: {node.prose!r}"
    whole = killed[0][: sentence_end(killed[0])]  # what is no whole sentence may be cut at the turn's end
    _demand(node.prose.startswith(whole), f"{killed[0]!r} was shown, {node.prose!r} is left")
    _demand(node.state is State.DONE and storyteller.pid not in (None, engine), "the turn did not go on")
    kept = session.shelf.open(session.adventure.id).nodes[node.id]
    _demand(kept == node, f"{node} was told, {kept} is kept")
    return killed[0], node.prose

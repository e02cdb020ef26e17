"""Kills games at random moments, one after the other on the same shelf, and checks after each that nothing is lost.

    with RandomProseServer() as server:
        ledger = Ledger(shelf_file(), server)
        kill_session(ledger, random.Random(7))  # raises Lost

The game is a child process, `tests.dungeon.reporting_game`, which reports what its player can have seen. The ledger
collects these reports over all the games and compares them with the shelf after each kill.
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
from dungeon.storyteller.local.storyteller import LocalStoryteller
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.prose import sentence_end
from tests.dungeon.scripted import Piece, ScriptedServer
from tests.terminal import Terminal

_ROOT = Path(__file__).parents[2]
_GAME = [sys.executable, "-m", "tests.dungeon.reporting_game"]
_TIMEOUT = 60.0  # seconds
_ADJECTIVES = "amber bitter crooked dusty empty fallow gentle hollow idle jagged keen lonely mossy narrow olive".split()
_LABELS = ("name", "bookmarked", "folded")
_NOUNS = "anvil basket candle drum engine feather gate hammer island jar kettle ladder mirror needle orchard".split()
_VERBS = "burns creaks drifts echoes fades gleams hums leans melts nods opens rests shivers turns waits".split()


class Lost(AssertionError):
    """Something that a player had seen is not on the shelf."""


class RandomProseServer(ScriptedServer):
    """Streams another random text for each request, a few letters at a time; a turn takes about a tenth of a second."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign] # a client was killed
        self._chance = random.Random(seed)
        self.texts: dict[str, str] = {}
        """Every text that it has started to stream, by the first word, which no two share."""

    def next_answer(self) -> Any:
        with self._lock:
            number = len(self.texts) + 1
            pick = self._chance.choice
            sentences = [f"Ember{number} is far away."]
            sentences += [
                f"The {pick(_ADJECTIVES)} {pick(_NOUNS)} {pick(_VERBS)} by the {pick(_ADJECTIVES)} {pick(_NOUNS)}."
                for _ in range(self._chance.randint(1, 4))
            ]
            text = " ".join([*sentences, f"A grey bird counts ash{number}."])
            self.texts[f"Ember{number}"] = text
        return self._pieces(text)

    def _pieces(self, text: str) -> Iterator[Piece]:
        yield "\n"
        for start in range(0, len(text), 6):
            time.sleep(0.002)
            yield text[start : start + 6]


# ---- what players have seen -----------------------------------------------------------------------------------------


@dataclass
class Ledger:
    """Everything that the players of one shelf have seen."""

    file: Path
    server: RandomProseServer
    nodes: dict[int, dict[str, Any]] = field(default_factory=dict)
    adventures: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Head, title, tags and lore of each adventure, by id."""
    latest: int | None = None
    """The adventure that was played last."""
    pending: str = ""
    """The call that was under way when the game was killed; "" if there was none."""
    finished: int = 0
    """How many turns players have seen finished."""
    kills: Counter[str] = field(default_factory=Counter)
    """How many kills there were during each kind of call."""

    def record(self, line: bytes) -> None:
        """Record a line of a game's report."""
        report = json.loads(line)
        if "begins" in report:
            self.pending = report["begins"]
            return
        self.pending = ""
        for node in report.pop("nodes"):
            self.finished += node["id"] not in self.nodes and node["state"] == "done"
            self.nodes[node["id"]] = node
        self.latest = report.pop("adventure")
        self.adventures[self.latest] = report

    def check(self) -> None:
        """Compare a copy of the shelf with what was seen; the next game gets the shelf as the killed one left it.

        Raises:
            Lost: something is missing, or differs from what was seen.
        """
        self.kills[self.pending or "nothing"] += 1
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "data"
            if not self.file.exists():
                _require(not self.nodes and not self.adventures, "the shelf is gone")
                return
            shutil.copytree(self.file.parent, copy)
            with closing(sqlite3.connect(copy / self.file.name)) as db:
                (integrity,) = db.execute("PRAGMA integrity_check").fetchone()
                _require(integrity == "ok", f"integrity: {integrity}")
                _require(not db.execute("PRAGMA foreign_key_check").fetchall(), "a turn without its parent")
            shelf = Shelf(copy / self.file.name)
            try:
                self._compare(shelf)
            finally:
                shelf.close()
        self.pending = ""

    def _compare(self, shelf: Shelf) -> None:
        saved: dict[int, dict[str, Any]] = {}
        adventures: dict[int, dict[str, Any]] = {}
        for entry in shelf.list_adventures():
            adventure = shelf.open(entry.id)
            saved |= {node_id: _as_json(asdict(node)) for node_id, node in adventure.nodes.items()}
            adventures[entry.id] = _labels_and_head(adventure)
        new = set(saved) - set(self.nodes)
        _require(set(self.nodes) <= set(saved), f"turns are gone: {sorted(set(self.nodes) - set(saved))}")
        _require(set(self.adventures) <= set(adventures), "an adventure is gone")
        for node_id, node in self.nodes.items():
            self._compare_turn(node, saved[node_id])
        if not self.pending:
            _require(not new, f"turns that no player saw: {sorted(new)}")
            _require(adventures == self.adventures, f"the adventures are {adventures}, not {self.adventures}")
            _require(shelf.latest_id() == self.latest, "another adventure was played last")
        elif self.pending in ("play_turn", "retry"):
            _require(len(new) <= 1, f"turns that no player saw: {sorted(new)}")
            for node_id in new:
                self._check_streamed(saved[node_id]["prose"])
            for adventure_id, seen in self.adventures.items():
                _require(adventures[adventure_id]["head"] in (seen["head"], *new), "the head is at another turn")
        self.nodes, self.adventures, self.latest = saved, adventures, shelf.latest_id()

    def _compare_turn(self, seen: dict[str, Any], saved: dict[str, Any]) -> None:
        if self.pending in ("label_turn", "edit", "edit_all"):  # these change labels, of a turn that was not reported
            seen, saved = ({key: node[key] for key in node if key not in _LABELS} for node in (seen, saved))
        _require(seen == saved, f"a turn was seen as {seen} and is {saved}")

    def _check_streamed(self, prose: str) -> None:
        """Check that an unfinished turn is the beginning of a streamed text, or of two."""
        for part in re.split(r"\s*(?=Ember\d)", prose):
            text = self.server.texts.get(part.split(" ")[0])
            texts = [text] if text else self.server.texts.values()
            _require(not part or any(text.startswith(part) for text in texts), f"{prose!r} was not streamed")


def _labels_and_head(adventure: Adventure) -> Any:
    """What a game reports of an adventure, besides its turns."""
    return _as_json(
        {
            "head": adventure.head,
            "title": adventure.title,
            "tags": adventure.tags,
            "lore": asdict(adventure.lore),
        }
    )


def _as_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise Lost(message)


# ---- games ----------------------------------------------------------------------------------------------------------


class Pipe:
    """A game's reports, on their way to the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._rest = b""
        self._reader, self.writer = os.pipe()
        os.set_inheritable(self.writer, True)
        self.started = 0
        self.ended = 0
        """How many calls the game has started, and ended."""

    def close_writer(self) -> None:
        """Leave the writing end to the game, once it has started."""
        os.close(self.writer)

    def read(self, seconds: float = 0.0) -> bool:
        """Record reports for a time; False once the game has ended and everything is read."""
        deadline = time.monotonic() + seconds
        while select.select([self._reader], [], [], max(0.0, deadline - time.monotonic()))[0]:
            data = os.read(self._reader, 1 << 16)
            if not data:
                return False
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self._ledger.record(line)
                begins = line.startswith(b'{"begins"')
                self.started += begins
                self.ended += not begins
        return True

    def wait_for_calls(self, count: int) -> None:
        """Wait until this many calls have ended."""
        deadline = time.monotonic() + _TIMEOUT
        while self.ended < count:
            assert self.read(0.01), "the game has ended by itself"
            assert time.monotonic() < deadline, f"{self.ended} calls of {count} have ended in {_TIMEOUT} s"

    def close(self) -> None:
        """Record what the killed game has left in the pipe."""
        while self.read(_TIMEOUT):
            pass
        os.close(self._reader)


@contextmanager
def _killed(command: list[str], pipe: Pipe, **streams: Any) -> Iterator[None]:
    """A game that runs during the block and is killed at its end."""
    with tempfile.TemporaryFile() as errors:
        game = subprocess.Popen(command, cwd=_ROOT, pass_fds=[pipe.writer], stderr=errors, **streams)
        pipe.close_writer()
        try:
            yield
        except AssertionError as error:
            errors.seek(0)
            raise AssertionError(f"{error}\n{errors.read().decode()[-3000:]}") from error
        finally:
            game.kill()
            game.wait()
            pipe.close()


def kill_session(ledger: Ledger, chance: random.Random) -> None:
    """Kill a game that calls random methods of a session as fast as it can."""
    pipe = Pipe(ledger)
    seed = str(chance.randrange(1 << 30))
    with _killed([*_GAME, str(pipe.writer), "session", ledger.server.url, seed], pipe):
        if chance.random() < 0.8:
            pipe.wait_for_calls(chance.randint(1, 12))
        pipe.read(chance.uniform(0, 0.3))
    ledger.check()


def kill_plain(ledger: Ledger, chance: random.Random) -> None:
    """Kill `dungeon --plain`, whose stdin has all lines from the start."""
    pipe = Pipe(ledger)
    with tempfile.TemporaryFile() as script, tempfile.TemporaryFile() as printed:
        script.write("".join(f"{_line(chance)}\n" for _ in range(40)).encode())
        script.seek(0)
        command = [*_GAME, str(pipe.writer), "play", "--plain", *_options(ledger)]
        with _killed(command, pipe, stdin=script, stdout=printed):
            if chance.random() < 0.9:
                pipe.wait_for_calls(chance.randint(1, 6))
            pipe.read(chance.uniform(0, 0.3))
        ledger.check()
        printed.seek(0)
        lines = printed.read().decode()
    # Also what was really printed: a turn with its last word and the line break after it.
    saved = [node["prose"] for node in ledger.nodes.values()]
    for text in ledger.server.texts.values():
        if f"{text}\n" in lines:
            _require(any(prose.endswith(text) for prose in saved), f"printed to its end, but not saved: {text!r}")


def kill_app(ledger: Ledger, chance: random.Random) -> None:
    """Kill the game on a real terminal, after some lines; some turns are stopped with Esc."""
    pipe = Pipe(ledger)
    with Terminal([*_GAME, str(pipe.writer), "play", *_options(ledger)], cwd=_ROOT) as terminal:
        pipe.close_writer()
        word = _last_word(ledger).encode()
        terminal.until(lambda: pipe.read() and word in terminal.seen)
        for _ in range(chance.randint(0, 3)):
            _enter(terminal, pipe, _line(chance))
            if chance.random() < 0.25:
                terminal.send("\x1b")
            started = pipe.started
            terminal.until(lambda started=started: pipe.read() and pipe.ended >= started)  # type: ignore[misc]
        _enter(terminal, pipe, _line(chance))
        moment = time.monotonic() + chance.uniform(0, 0.15)
        terminal.until(lambda: pipe.read() and time.monotonic() > moment)
        # Leaving the block kills it.
    pipe.close()
    ledger.check()


def _enter(terminal: Terminal, pipe: Pipe, line: str) -> None:
    """Type a line and press Enter, again and again until the game has accepted it."""
    terminal.send(f"\x15{line}")  # Ctrl+U removes what was left at the prompt
    started = pipe.started
    next_press = 0.0

    def accepted() -> bool:
        nonlocal next_press
        pipe.read()
        if pipe.started == started and time.monotonic() > next_press:
            terminal.send("\r")
            next_press = time.monotonic() + 0.5
        return pipe.started > started

    terminal.until(accepted)


def _options(ledger: Ledger) -> list[str]:
    server = ["--endpoint", ledger.server.url, "--model", "scripted"]
    return [*server, *(["--continue"] if ledger.latest else ["--scenario", "iron-door"])]


def _line(chance: random.Random) -> str:
    """A random line of a player."""
    thing = chance.choice(_NOUNS)
    return chance.choice(
        [
            *(f"look at the {thing}", f"go to the {thing}", f'"is this your {thing}?"', "", ""),
            *("/retry", "/retry", "/undo", "/redo", "/left", "/right", f"/story There was a {thing} here once."),
            *("/bookmark", f"/name The {thing}", f"/memory The {thing} is gone."),
        ]
    )


def _last_word(ledger: Ledger) -> str:
    """The last word of the story, which the game shows once it has started; of the prompt, if there is no story."""
    node_id = ledger.adventures[ledger.latest]["head"] if ledger.latest else None
    while node_id is not None and not ledger.nodes[node_id]["prose"]:
        node_id = ledger.nodes[node_id]["parent"]
    return ledger.nodes[node_id]["prose"].split()[-1] if node_id is not None else "Enter"


# ---- the engine -----------------------------------------------------------------------------------------------------


async def kill_engine(session: Session, chance: random.Random) -> tuple[str, str]:
    """Play a turn, and kill llama.cpp after some of its words or before the first.

    Returns:
        The text that was shown before the kill, and the whole turn.

    Raises:
        Lost: the turn does not begin with the text that was shown, did not continue, or was not saved.
    """
    storyteller = session.storyteller
    assert isinstance(storyteller, LocalStoryteller)
    await storyteller.start()
    engine = storyteller.pid
    assert engine
    shown, updates_left = "", chance.randint(0, 12)
    shown_at_kill: str | None = None

    def kill() -> None:
        nonlocal shown_at_kill
        shown_at_kill = shown
        os.kill(engine, signal.SIGKILL)

    def on_update(node: Node) -> None:
        nonlocal shown, updates_left
        shown = node.prose
        updates_left -= 1
        if updates_left == 0:
            kill()

    if updates_left == 0:
        asyncio.get_running_loop().call_later(0.01, kill)
    node = await session.play_turn(Kind.DO, f"look at the {chance.choice(_NOUNS)}", on_update)
    assert shown_at_kill is not None, f"the turn ended before the kill: {node.prose!r}"
    sentences = shown_at_kill[: sentence_end(shown_at_kill)]  # an unfinished sentence may be cut at the turn's end
    _require(node.prose.startswith(sentences), f"{shown_at_kill!r} was shown, {node.prose!r} is left")
    _require(node.state is State.DONE and storyteller.pid not in (None, engine), "the turn did not continue")
    saved = session.shelf.open(session.adventure.id).nodes[node.id]
    _require(saved == node, f"{node} was generated, {saved} is saved")
    return shown_at_kill, node.prose

"""The replica's state: sessions, the progress of players, and the signed tokens of pages.

By default, a page's `__VIEWSTATE` names the page, and its `SS` has the player's progress (items, earlier pages, number
of links); both are signed, the second for its session. So links of old pages can be posted in the same session, in any
order and any number of times. With `memory="session"`, only the page that the session saw last in the story counts.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tests.corpus.crawl.graphs import Special
from tests.corpus.crawl.replica_pages import Entry, Link, hidden_inputs, viewer_page

Memory = Literal["page", "session"]
TRAIL = 40
"""The number of pages that "Previous Page" remembers."""


class Refused(Exception):
    """A refused post: the session is unknown ("lost"), or a token or link is wrong."""

    def __init__(self, reason: Literal["lost", "token", "link"]) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """A step in a story. The same step always has the same answer."""

    story: int
    page: str = ""
    """The passage whose link was followed; "" for the start of the story."""
    link: int = 0
    """The link's number; 0 for the start and for the toolbar."""
    items: tuple[int, ...] = ()
    """The player's items, by index in the story's items."""
    before: str = ""
    """The page before, because some links lead back to it."""


@dataclass(frozen=True, slots=True)
class Play:
    """The progress of a player in a story. Items are indices in the story's items."""

    page: str
    items: tuple[int, ...] = ()
    trail: tuple[str, ...] = ()
    turns: int = 0


@dataclass(slots=True)
class Session:
    """The server's data for one cookie."""

    name: str
    requests: int = 0
    reset: bool = False
    """Whether the last answer was the redirect of a Reset link."""
    plays: dict[int, Play] = field(default_factory=dict)


class Sessions:
    """The sessions that the server knows. A session ends after `lifetime` requests (0: never)."""

    def __init__(self, memory: Memory, lifetime: int) -> None:
        self.memory, self.lifetime = memory, lifetime
        self._key = secrets.token_bytes(16)
        self._alive: dict[str, Session] = {}

    def use(self, name: str) -> Session | None:
        """Count a request; return the session of this cookie, or None if there is none or it has ended."""
        session = self._alive.get(name)
        if session is None:
            return None
        session.requests += 1
        if self.lifetime and session.requests > self.lifetime:
            del self._alive[name]
            return None
        return session

    def new(self) -> Session:
        session = Session(secrets.token_hex(12), requests=1)
        self._alive[session.name] = session
        return session

    def forget(self) -> None:
        """End all sessions."""
        self._alive.clear()

    def inputs(self, session: Session, entry: Entry, play: Play) -> str:
        """Return the hidden inputs of the page that shows `play`."""
        if self.memory == "session":
            session.plays[entry.number] = play
            return hidden_inputs(secrets.token_urlsafe(24), secrets.token_urlsafe(12))
        page = self._sign("page", [entry.number, play.page])
        return hidden_inputs(page, self._sign(session.name, [play.items, play.trail, play.turns]))

    def play(self, session: Session | None, entry: Entry, form: Mapping[str, str]) -> Play:
        """Return the progress of the player who posts this form. Raise Refused if the session or a token is invalid."""
        if session is None:
            raise Refused("lost")
        if self.memory == "session":
            if entry.number not in session.plays:
                raise Refused("lost")
            return session.plays[entry.number]
        number, page = self._read("page", form.get("__VIEWSTATE", ""), "token")
        items, trail, turns = self._read(session.name, form.get("SS", ""), "lost")
        if number != entry.number:
            raise Refused("token")
        return Play(page, tuple(items), tuple(trail), turns)

    def _sign(self, salt: str, data: list[object]) -> str:
        text = json.dumps(data, separators=(",", ":")).encode()
        return base64.b64encode(self._mac(salt, text) + text).decode()

    def _read(self, salt: str, token: str, reason: Literal["lost", "token"]) -> list[Any]:
        try:
            raw = base64.b64decode(token, validate=True)
        except ValueError:
            raise Refused("token") from None
        if not hmac.compare_digest(raw[:16], self._mac(salt, raw[16:])):
            raise Refused(reason)
        data: list[Any] = json.loads(raw[16:])
        return data

    def _mac(self, salt: str, text: bytes) -> bytes:
        return hashlib.blake2b(text, key=self._key, salt=salt.encode()[:16], digest_size=16).digest()


# ---- steps ---------------------------------------------------------------------------------------------------


def begin(entry: Entry) -> Play:
    """Return the progress at the start of a story."""
    return _arrive(entry, Play(entry.story.start))


def visible_links(entry: Entry, play: Play) -> list[Link]:
    """Return the links that the player sees."""
    items = entry.staged.items
    return [link for link in entry.links[play.page] if link.needs is None or items.index(link.needs) in play.items]


def follow(entry: Entry, play: Play, link: Link) -> Play:
    """Return the progress after a link to a page, or to the previous page."""
    if link.special is Special.PREVIOUS:
        if not play.trail:
            return play
        return _arrive(entry, replace(play, page=play.trail[-1], trail=play.trail[:-1], turns=play.turns + 1))
    trail = (*play.trail, play.page)[-TRAIL:]
    return _arrive(entry, replace(play, page=link.target, trail=trail, turns=play.turns + 1))


def _arrive(entry: Entry, play: Play) -> Play:
    found = {i for i, item in enumerate(entry.staged.items) if item.found == play.page}
    return replace(play, items=tuple(sorted(found | set(play.items))))


def render(entry: Entry, play: Play, hidden: str) -> str:
    """Return the page that the player sees."""
    text = entry.story.passages[play.page].text
    if entry.staged.counter:
        text = text.replace(entry.staged.counter, str(play.turns))
    items = (entry.staged.items[i].name for i in play.items)
    return viewer_page(entry, play.page, text, visible_links(entry, play), items, hidden)

"""The replica's memory: sessions, what a player has done in a story, and the signed tokens a page carries.

Ordinarily a page's `__VIEWSTATE` names the page, and its `SS` holds what was done on the way there (items, pages
before, links followed), both signed, the second with its session: a link that is posted from an old page in the
session that got it is answered from that page, in any order and any number of times. With `memory="session"` only the
page counts that the session was shown last in that story, whatever the tokens say.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tests.corpus.crawl.graphs import Way
from tests.corpus.crawl.replica_pages import Entry, Link, hidden_inputs, viewer_page

Memory = Literal["page", "session"]
TRAIL = 40
"""How many pages back "Previous Page" remembers."""


class Refused(Exception):
    """The server won't answer this post: `lost` for a session it doesn't know, else a token or link that is wrong."""

    def __init__(self, why: Literal["lost", "token", "link"]) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """What was asked of a story. To ask the same step again is to be told the same again."""

    story: int
    page: str = ""
    """The passage whose link was followed; "" for the opening of the story."""
    link: int = 0
    """The link's number; 0 for the opening and for the toolbar."""
    items: tuple[int, ...] = ()
    """What the player carried there, by its index in the story's items."""
    before: str = ""
    """The page that the player came there from, for some links lead back to it."""


@dataclass(frozen=True, slots=True)
class Play:
    """Where a player is in a story, and what was done on the way. Items by their index in the story's list."""

    page: str
    items: tuple[int, ...] = ()
    trail: tuple[str, ...] = ()
    turns: int = 0


@dataclass(slots=True)
class Session:
    """What the server knows of one cookie."""

    name: str
    requests: int = 0
    reset: bool = False
    """Whether its last answer was the redirect of a Reset link."""
    plays: dict[int, Play] = field(default_factory=dict)


class Sessions:
    """The sessions that the server remembers. `lifetime`: how many requests a session lives for (0: for ever)."""

    def __init__(self, memory: Memory, lifetime: int) -> None:
        self.memory, self.lifetime = memory, lifetime
        self._key = secrets.token_bytes(16)
        self._alive: dict[str, Session] = {}

    def use(self, name: str) -> Session | None:
        """The session of this cookie, which is one request older for it; None where there is none any more."""
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
        """Every session ends here."""
        self._alive.clear()

    def inputs(self, session: Session, entry: Entry, play: Play) -> str:
        """The hidden inputs of a page that shows `play`."""
        if self.memory == "session":
            session.plays[entry.number] = play
            return hidden_inputs(secrets.token_urlsafe(24), secrets.token_urlsafe(12))
        page = self._sign("page", [entry.number, play.page])
        return hidden_inputs(page, self._sign(session.name, [play.items, play.trail, play.turns]))

    def play(self, session: Session | None, entry: Entry, form: Mapping[str, str]) -> Play:
        """Where the player is who posts this form.

        Raises:
            Refused: the session is gone, or the tokens are not what the server gave it.
        """
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

    def _read(self, salt: str, token: str, why: Literal["lost", "token"]) -> list[Any]:
        try:
            raw = base64.b64decode(token, validate=True)
        except ValueError:
            raise Refused("token") from None
        if not hmac.compare_digest(raw[:16], self._mac(salt, raw[16:])):
            raise Refused(why)
        data: list[Any] = json.loads(raw[16:])
        return data

    def _mac(self, salt: str, text: bytes) -> bytes:
        return hashlib.blake2b(text, key=self._key, salt=salt.encode()[:16], digest_size=16).digest()


# ---- a step in a story ---------------------------------------------------------------------------------------


def begin(entry: Entry) -> Play:
    """A story opened anew."""
    return _arrive(entry, Play(entry.story.start))


def shown(entry: Entry, play: Play) -> list[Link]:
    """The links under the player's page, for who carries what the player carries."""
    items = entry.staged.items
    return [link for link in entry.links[play.page] if link.needs is None or items.index(link.needs) in play.items]


def follow(entry: Entry, play: Play, link: Link) -> Play:
    """The player after a link to a page, or to the page before."""
    if link.way is Way.PREVIOUS:
        if not play.trail:
            return play
        return _arrive(entry, replace(play, page=play.trail[-1], trail=play.trail[:-1], turns=play.turns + 1))
    trail = (*play.trail, play.page)[-TRAIL:]
    return _arrive(entry, replace(play, page=link.target, trail=trail, turns=play.turns + 1))


def _arrive(entry: Entry, play: Play) -> Play:
    found = {i for i, item in enumerate(entry.staged.items) if item.found == play.page}
    return replace(play, items=tuple(sorted(found | set(play.items))))


def render(entry: Entry, play: Play, hidden: str) -> str:
    """The page that the player sees."""
    text = entry.story.passages[play.page].text
    if entry.staged.counter:
        text = text.replace(entry.staged.counter, str(play.turns))
    items = (entry.staged.items[i].name for i in play.items)
    return viewer_page(entry, play.page, text, shown(entry, play), items, hidden)

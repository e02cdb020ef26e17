"""One story, explored link by link until its graph is known.

    graph = await Exploration(viewer, site, journal, send, bounds).run()

A page is its title and its text; a link is its number on that page. The server holds what it doesn't show: items,
variables, the pages before. What shows of that (the links, the items) makes a *state* of the page, and each link is
followed once in each state, up to `Bounds.states` states a page; links never followed before come first, in order of
discovery. Every page comes with the form and the cookies that continue from it, so going on from any page takes one
request. Only where the server refuses (a session that has expired, or a server that knows one place a session) is the
path to the page walked again from the start, once.

Links are known by what they do. One that leads out of the story (to rate, to save) is no choice; nor is one that is
answered with a redirect to the beginning, a reset. One that leads from the same page to different ones, each time to
the page before, is the way back: to tell it, a link that leads back to where the reader came from is followed once
more by a reader who came from elsewhere, where there is such a page.

Limits: state that shows nowhere is not looked for. A story whose pages never read twice the same ends at
`Bounds.pages`, explored in breadth.
"""

import re
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from types import ModuleType

from corpus.crawl.journal import Answer, Journal
from corpus.crawl.page import Leaf, Link, Refused, Strange, Viewer

Send = Callable[[str, dict[str, str] | None, dict[str, str]], Awaitable[Answer]]
"""`send(url, fields, cookies)`: one request, a POST where there are fields. Raises Failed, or Stopped."""

RESET, PREVIOUS, BROKEN = "reset", "previous", "broken"


class Failed(Exception):
    """A request that got no page; the message says why. Another run may have more luck."""


class Stopped(Exception):
    """The crawl can't or mustn't go on; the message says why."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far one story is explored."""

    pages: int = 5_000
    """Links followed, at most."""
    states: int = 8
    """States of one page in which all its links are followed."""


@dataclass(frozen=True, slots=True)
class Stand:
    """A reader on a page: the answer that showed it, and the step that led there."""

    key: str
    """Of the answer, in the journal."""
    node: str
    state: str
    before: str = ""
    """The page before; "" at the beginning."""
    sure: bool = True
    """Whether the server, too, takes it for the page before: after a step back it may not."""
    parent: "Stand | None" = field(default=None, repr=False, compare=False)
    """Where `link` was followed to come here; None for the beginning."""
    link: str = ""
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A link to be followed from a stand, and the name of its answer in the journal."""

    stand: Stand
    link: str
    key: str


@dataclass(slots=True)
class Edge:
    """A link of a page, and what came of following it."""

    label: str
    seen: list[tuple[str | None, str]] = field(default_factory=list)
    """The page before, None where that isn't sure, and the page it led to: a pair for each time it was followed."""
    role: str = ""
    """What it is instead of a choice."""

    def targets(self) -> list[str]:
        """The pages it led to, each once."""
        return list(dict.fromkeys(target for _, target in self.seen))

    def back(self) -> set[str] | None:
        """The pages that readers had come from and went back to by it; None where one went elsewhere."""
        known = {(before, target) for before, target in self.seen if before is not None}
        return None if any(before != target for before, target in known) else {target for _, target in known}


@dataclass(slots=True)
class Node:
    """A page of the story."""

    page: Viewer
    edges: dict[str, Edge] = field(default_factory=dict)
    """By the number of the link, in the order of the page; the union of all its states."""
    states: list[str] = field(default_factory=list)
    arrivals: dict[str, Stand] = field(default_factory=dict)
    """The first reader who came from each page."""

    def merge(self, links: tuple[Link, ...]) -> list[str]:
        """Takes in what a state shows; a new link gets its place after the one before it. Returns the new ones."""
        order, at, new = list(self.edges.items()), 0, []
        for link in links:
            if link.id in self.edges:
                at = 1 + next(i for i, (name, _) in enumerate(order) if name == link.id)
            else:
                order.insert(at, (link.id, Edge(link.label)))
                at += 1
                new.append(link.id)
        self.edges = dict(order)
        return new


@dataclass(slots=True)
class Graph:
    """What is known of a story."""

    nodes: dict[str, Node] = field(default_factory=dict)
    """In the order of discovery; the first is the beginning."""
    failures: dict[str, int] = field(default_factory=dict)
    """Why links were not followed that another run may follow, and how many."""
    bounded: bool = False
    """Whether the bound ended the exploration."""
    replays: int = 0
    """How often a path was walked again."""

    def unfollowed(self) -> int:
        """How many links are known whose end isn't."""
        return sum(not edge.seen and not edge.role for node in self.nodes.values() for edge in node.edges.values())


class Exploration:
    """See the module. `viewer` is the address at which the story begins, `site` the module that reads its pages."""

    def __init__(self, viewer: str, site: ModuleType, journal: Journal, send: Send, bounds: Bounds) -> None:
        self.graph = Graph()
        self._viewer, self._site, self._journal, self._send, self._bounds = viewer, site, journal, send, bounds
        self._stands: dict[str, Stand] = {}
        self._fresh: deque[Step] = deque()
        self._again: deque[Step] = deque()
        self._doubted: set[str] = set()
        self._at: Stand | None = None  # where the server last saw us, in this run
        self._one_place = False  # whether the server knows no other place than that

    async def run(self) -> Graph:
        """The whole graph, as far as the bounds let. Raises Failed where the story can't be opened, and Stopped."""
        key = f"GET {self._viewer}"
        answer = self._journal.get(key)
        if answer is None:
            answer = await self._send(self._viewer, None, {})
            if not isinstance(answer.page, Viewer):
                raise Failed(f"no page of a story, but {_what(answer)}")
            self._journal.put(key, answer)
        assert isinstance(answer.page, Viewer)
        self._arrive(answer.page, Stand(key, answer.page.key, answer.page.state))
        followed = 0
        while (step := self._next()) is not None:
            if followed == self._bounds.pages:
                self.graph.bounded = True
                break
            followed += 1
            try:
                await self._follow(step)
            except Failed as failure:
                self.graph.failures[str(failure)] = self.graph.failures.get(str(failure), 0) + 1
        for node in self.graph.nodes.values():
            for edge in node.edges.values():
                if len(edge.back() or ()) > 1:
                    edge.role = PREVIOUS
        return self.graph

    @property
    def waiting(self) -> int:
        """Links that are known and not followed yet."""
        return len(self._fresh) + len(self._again)

    # ---- which link next -------------------------------------------------------------------------------------

    def _next(self) -> Step | None:
        if self._one_place and self._at:  # as few paths walked again as may be
            here = next((step for step in self._fresh if step.stand.state == self._at.state), None)
            if here:
                self._fresh.remove(here)
                return replace(here, stand=self._at)
        if self._fresh:
            return self._fresh.popleft()
        while self._again:
            step = self._again.popleft()
            if not self.graph.nodes[step.stand.node].edges[step.link].role:
                return step
        return self._doubt()

    def _doubt(self) -> Step | None:
        """A link that may be the way back, and a reader who came from elsewhere to follow it."""
        for node in self.graph.nodes.values():
            if len(node.arrivals) < 2:
                continue
            for link, edge in node.edges.items():
                back = edge.back()
                if edge.role or not edge.seen or back is None or len(back) > 1:
                    continue
                if not all(target in node.arrivals for target in edge.targets()):
                    continue
                for before, stand in node.arrivals.items():
                    key = f"{self._key(stand, link)} after {before}"
                    if before not in back and link in stand.links and key not in self._doubted:
                        self._doubted.add(key)
                        return Step(stand, link, key)
        return None

    def _key(self, stand: Stand, link: str) -> str:
        return f"POST {self._viewer} {stand.state} {link}"

    # ---- following it ----------------------------------------------------------------------------------------

    async def _follow(self, step: Step) -> None:
        stand, link = step.stand, step.link
        edge = self.graph.nodes[stand.node].edges[link]
        answer = self._journal.get(step.key)
        live = answer is None
        if answer is None:
            answer = await self._post(stand, link)
            self._journal.put(step.key, answer)
        page = answer.page
        arrived: Stand | None = stand  # a page to rate or to save leaves the reader where he was
        if not isinstance(page, Viewer):
            edge.role = BROKEN if isinstance(page, Refused | Strange) else _what(answer)
        elif answer.redirected and page.key == next(iter(self.graph.nodes)):
            edge.role = RESET
            arrived = None
        else:
            sure = stand.sure or page.key == stand.before
            edge.seen.append((stand.before if sure else None, page.key))
            onward = edge.back() is None  # not the way back
            arrived = self._arrive(page, Stand(step.key, page.key, page.state, stand.node, onward, stand, link))
        if live:
            self._at = arrived

    def _arrive(self, page: Viewer, stand: Stand) -> Stand:
        """Enters what a page shows in the graph, and its links in the queues."""
        stand = replace(stand, links=tuple(link.id for link in page.links))
        node = self.graph.nodes.setdefault(stand.node, Node(page))
        new = node.merge(page.links)
        earlier = node.arrivals.get(stand.before)
        if stand.before and (earlier is None or (stand.sure and not earlier.sure)):
            node.arrivals[stand.before] = stand
        if stand.state not in self._stands:
            self._stands[stand.state] = stand
            node.states.append(stand.state)
            self._fresh.extend(Step(stand, link, self._key(stand, link)) for link in new)
            if len(node.states) <= self._bounds.states:
                old = (link for link in stand.links if link not in new)
                self._again.extend(Step(stand, link, self._key(stand, link)) for link in old)
        return stand

    async def _post(self, stand: Stand, link: str) -> Answer:
        """The answer to a link; where the server has forgotten the reader, the reader comes from the start again."""
        if not self._one_place or self._at == stand:
            answer = await self._one_post(stand, link)
            refusal = _refusal(answer, self._recall(stand).cookies)
            if refusal is None:
                return answer
            # A link that a page showed is unknown only to a server that takes us to be on another page.
            self._one_place = self._one_place or (not refusal.lost and self._at is not None and self._at != stand)
        await self._replay(stand)
        return await self._one_post(stand, link)

    async def _one_post(self, stand: Stand, link: str) -> Answer:
        source = self._recall(stand)
        assert isinstance(source.page, Viewer)
        shown = next(shown for shown in source.page.links if shown.id == link)
        return await self._send(source.page.form.url, self._site.post(source.page.form, shown), source.cookies)

    async def _replay(self, stand: Stand) -> None:
        """Walks from the start to `stand` in a new session; the journal's answers on that way are replaced."""
        self.graph.replays += 1
        path = [stand]
        while (parent := path[-1].parent) is not None:
            path.append(parent)
        self._at = None
        for step in reversed(path):
            if step.parent is None:
                answer = await self._send(self._viewer, None, {})
            else:
                answer = await self._one_post(step.parent, step.link)
            if not isinstance(answer.page, Viewer) or answer.page.state != step.state:
                raise Failed("the story took another turn when its path was walked again")
            self._journal.put(step.key, answer)
        self._at = stand

    def _recall(self, stand: Stand) -> Answer:
        answer = self._journal.get(stand.key)
        assert answer is not None, "a page is in the journal before anybody stands on it"
        return answer


def _refusal(answer: Answer, sent: dict[str, str]) -> Refused | None:
    """How the server says that it doesn't know us: in words, or by giving us a new session."""
    if isinstance(answer.page, Refused):
        return answer.page
    for name, value in sent.items():
        if re.search("sess", name, re.IGNORECASE) and answer.cookies.get(name) != value:
            return Refused("a new session", lost=True)
    return None


def _what(answer: Answer) -> str:
    page = answer.page
    if isinstance(page, Leaf):
        return page.what
    return page.reason if isinstance(page, Refused | Strange) else type(page).__name__.lower()

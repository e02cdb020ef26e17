"""Explore one story link by link until its graph is known.

    graph = await Exploration(viewer, site, journal, send, limits).run()

A page is identified by its title and text, a link by its number on that page. The server has hidden state: items,
variables, earlier pages. The visible part of it (links, items) makes a *state* of the page. Each link is followed once
in each state, up to `StoryLimits.states` states per page; links that were never followed come first, in order of
discovery. Every page comes with the form and the cookies that continue from it, so continuing from any page takes one
request. Only if the server refuses (the session has expired, or the server tracks a single position per session) is the
path to the page replayed from the start, once.

Links are classified by their effect. A link that leads out of the story (to rate, to save) is not a choice; neither is
a link whose answer redirects to the beginning, a reset. A link that leads back to the page before, for readers from
different pages, is a "previous page" link: to recognise it, a link that leads back to where the reader came from is
followed once more by a reader from another page, if there is one.

Limits: hidden state that shows nowhere is not found. A story whose pages never read the same twice ends at
`StoryLimits.pages`, explored breadth-first.
"""

import re
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from types import ModuleType

from corpus.crawl.journal import Answer, Journal
from corpus.crawl.page import ExitPage, Link, Refused, UnknownPage, Viewer

Send = Callable[[str, dict[str, str] | None, dict[str, str]], Awaitable[Answer]]
"""`send(url, fields, cookies)` makes one request: a POST if there are fields, else a GET. Raises Failed or Stopped."""

RESET, PREVIOUS, BROKEN = "reset", "previous", "broken"


class Failed(Exception):
    """A request got no page; the message says why. Another run may succeed."""


class Stopped(Exception):
    """The crawl can't or must not continue; the message says why."""


@dataclass(frozen=True, slots=True)
class StoryLimits:
    """Limits for exploring one story."""

    pages: int = 5_000
    """Links to follow, at most."""
    states: int = 8
    """States of one page in which all its links are followed, at most."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A reader on a page: the answer that showed the page, and the step that led there."""

    key: str
    """The answer's key in the journal."""
    node: str
    state: str
    before: str = ""
    """The page before; "" at the beginning."""
    sure: bool = True
    """Whether the server, too, takes it for the page before: after a step back it may not."""
    parent: "Visit | None" = field(default=None, repr=False, compare=False)
    """The visit on which `link` was followed; None at the beginning."""
    link: str = ""
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A link to follow from a visited page, and the journal key of its answer."""

    visit: Visit
    link: str
    key: str


@dataclass(slots=True)
class Edge:
    """A link of a page, and where it led."""

    label: str
    followed: list[tuple[str | None, str]] = field(default_factory=list)
    """For each time it was followed: the page before (None if not sure), and the page that it led to."""
    role: str = ""
    """What the link is, if it isn't a choice."""

    def targets(self) -> list[str]:
        """Return the pages that it led to, without repetition."""
        return list(dict.fromkeys(target for _, target in self.followed))

    def returns_to(self) -> set[str] | None:
        """Return the pages to which readers went back by it; None if a reader went to another page."""
        known = {(before, target) for before, target in self.followed if before is not None}
        return None if any(before != target for before, target in known) else {target for _, target in known}


@dataclass(slots=True)
class Node:
    """A page of the story."""

    page: Viewer
    edges: dict[str, Edge] = field(default_factory=dict)
    """By the number of the link, in the order of the page, for all its states."""
    states: set[str] = field(default_factory=set)
    arrivals: dict[str, Visit] = field(default_factory=dict)
    """The first visit from each page before."""

    def merge(self, links: tuple[Link, ...]) -> list[str]:
        """Add the links of a state, a new link after the one before it. Return the ids of the new links."""
        order, index, new = list(self.edges.items()), 0, []
        for link in links:
            if link.id in self.edges:
                index = 1 + next(i for i, (link_id, _) in enumerate(order) if link_id == link.id)
            else:
                order.insert(index, (link.id, Edge(link.label)))
                index += 1
                new.append(link.id)
        self.edges = dict(order)
        return new


@dataclass(slots=True)
class Graph:
    """What is known of a story."""

    nodes: dict[str, Node] = field(default_factory=dict)
    """In the order of discovery; the first is the beginning."""
    failures: dict[str, int] = field(default_factory=dict)
    """How many links could not be followed, by reason; another run may follow them."""
    limit_reached: bool = False
    """Whether the page limit ended the exploration."""
    replays: int = 0
    """How often a path was replayed."""

    def unfollowed(self) -> int:
        """Return the number of links whose target is unknown."""
        return sum(not edge.followed and not edge.role for node in self.nodes.values() for edge in node.edges.values())


class Exploration:
    """Explores a story; see the module. `viewer` is the story's address, `site` the module that reads its pages."""

    def __init__(self, viewer: str, site: ModuleType, journal: Journal, send: Send, limits: StoryLimits) -> None:
        self.graph = Graph()
        self._viewer, self._site, self._journal, self._send, self._limits = viewer, site, journal, send, limits
        self._new_links: deque[Step] = deque()
        self._other_states: deque[Step] = deque()
        self._rechecked: set[str] = set()
        self._position: Visit | None = None  # where the server last saw this run
        self._single_position = False  # whether the server answers from that position only

    async def run(self) -> Graph:
        """Return the whole graph, within the limits.

        Raise Failed if the story can't be opened or its first page has neither text nor picture, and Stopped.
        """
        key = f"GET {self._viewer}"
        answer = self._journal.get(key)
        if answer is None:
            answer = await self._send(self._viewer, None, {})
            if not isinstance(answer.page, Viewer):
                raise Failed(f"not a page of a story, but {_describe(answer)}")
            self._journal.put(key, answer)
        assert isinstance(answer.page, Viewer)
        if not answer.page.text and not answer.page.picture:  # a cover has a picture
            raise Failed("no text is found on the first page; the site may have changed its pages")
        self._enter(answer.page, Visit(key, answer.page.key, answer.page.state))
        followed = 0
        while (step := self._next()) is not None:
            if followed == self._limits.pages:
                self.graph.limit_reached = True
                break
            followed += 1
            try:
                await self._follow(step)
            except Failed as failure:
                self.graph.failures[str(failure)] = self.graph.failures.get(str(failure), 0) + 1
        for node in self.graph.nodes.values():
            for edge in node.edges.values():
                if len(edge.returns_to() or ()) > 1:
                    edge.role = PREVIOUS
        return self.graph

    @property
    def waiting(self) -> int:
        """The number of known links that are not followed yet."""
        return len(self._new_links) + len(self._other_states)

    def _next(self) -> Step | None:
        if self._single_position and self._position:  # saves replays
            here = next((step for step in self._new_links if step.visit.state == self._position.state), None)
            if here:
                self._new_links.remove(here)
                return replace(here, visit=self._position)
        if self._new_links:
            return self._new_links.popleft()
        while self._other_states:
            step = self._other_states.popleft()
            if not self.graph.nodes[step.visit.node].edges[step.link].role:
                return step
        return self._recheck()

    def _recheck(self) -> Step | None:
        """Return a link that may be a "previous page" link, to be followed by a reader from another page."""
        for node in self.graph.nodes.values():
            if len(node.arrivals) < 2:
                continue
            for link, edge in node.edges.items():
                returns_to = edge.returns_to()
                if edge.role or not edge.followed or returns_to is None or len(returns_to) > 1:
                    continue
                if not all(target in node.arrivals for target in edge.targets()):
                    continue
                for before, visit in node.arrivals.items():
                    key = f"{self._key(visit, link)} after {before}"
                    if before not in returns_to and link in visit.links and key not in self._rechecked:
                        self._rechecked.add(key)
                        return Step(visit, link, key)
        return None

    def _key(self, visit: Visit, link: str) -> str:
        return f"POST {self._viewer} {visit.state} {link}"

    async def _follow(self, step: Step) -> None:
        visit, link = step.visit, step.link
        edge = self.graph.nodes[visit.node].edges[link]
        answer = self._journal.get(step.key)
        is_new = answer is None
        if answer is None:
            answer = await self._post(visit, link)
            self._journal.put(step.key, answer)
        page = answer.page
        position: Visit | None = visit  # after a page to rate or to save, the reader is where he was
        if not isinstance(page, Viewer):
            edge.role = BROKEN if isinstance(page, Refused | UnknownPage) else _describe(answer)
        elif answer.redirected and page.key == next(iter(self.graph.nodes)):
            edge.role = RESET
            position = None
        else:
            sure = visit.sure or page.key == visit.before
            edge.followed.append((visit.before if sure else None, page.key))
            went_on = edge.returns_to() is None  # not a "previous page" link
            position = self._enter(page, Visit(step.key, page.key, page.state, visit.node, went_on, visit, link))
        if is_new:
            self._position = position

    def _enter(self, page: Viewer, visit: Visit) -> Visit:
        """Add a page to the graph and its links to the queues."""
        visit = replace(visit, links=tuple(link.id for link in page.links))
        node = self.graph.nodes.setdefault(visit.node, Node(page))
        new = node.merge(page.links)
        earlier = node.arrivals.get(visit.before)
        if visit.before and (earlier is None or (visit.sure and not earlier.sure)):
            node.arrivals[visit.before] = visit
        if visit.state not in node.states:
            node.states.add(visit.state)
            self._new_links.extend(Step(visit, link, self._key(visit, link)) for link in new)
            if len(node.states) <= self._limits.states:
                known = (link for link in visit.links if link not in new)
                self._other_states.extend(Step(visit, link, self._key(visit, link)) for link in known)
        return visit

    async def _post(self, visit: Visit, link: str) -> Answer:
        """Return the answer to a link; if the server has lost the reader, replay the path from the start first."""
        if not self._single_position or self._position == visit:
            answer = await self._post_once(visit, link)
            refusal = _refusal(answer, self._answer_of(visit).cookies)
            if refusal is None:
                return answer
            # Only a server that takes the reader to be on another page doesn't know a link that the page showed.
            elsewhere = self._position is not None and self._position != visit
            self._single_position = self._single_position or (not refusal.session_lost and elsewhere)
        await self._replay(visit)
        return await self._post_once(visit, link)

    async def _post_once(self, visit: Visit, link: str) -> Answer:
        source = self._answer_of(visit)
        assert isinstance(source.page, Viewer)
        shown = next(shown for shown in source.page.links if shown.id == link)
        return await self._send(source.page.form.url, self._site.post(source.page.form, shown), source.cookies)

    async def _replay(self, visit: Visit) -> None:
        """Repeat the path from the start to `visit` in a new session; its answers replace those in the journal."""
        self.graph.replays += 1
        path = [visit]
        while (parent := path[-1].parent) is not None:
            path.append(parent)
        self._position = None
        for step in reversed(path):
            if step.parent is None:
                answer = await self._send(self._viewer, None, {})
            else:
                answer = await self._post_once(step.parent, step.link)
            if not isinstance(answer.page, Viewer) or answer.page.state != step.state:
                raise Failed("the story changed when its path was replayed")
            self._journal.put(step.key, answer)
        self._position = visit

    def _answer_of(self, visit: Visit) -> Answer:
        answer = self._journal.get(visit.key)
        assert answer is not None, "the journal has the answer of every visit"
        return answer


def _refusal(answer: Answer, sent: dict[str, str]) -> Refused | None:
    """Return a refusal if the server doesn't know the session: it says so, or starts a new session."""
    if isinstance(answer.page, Refused):
        return answer.page
    for name, value in sent.items():
        if re.search("sess", name, re.IGNORECASE) and answer.cookies.get(name) != value:
            return Refused("a new session", session_lost=True)
    return None


def _describe(answer: Answer) -> str:
    page = answer.page
    if isinstance(page, ExitPage):
        return page.name
    return page.reason if isinstance(page, Refused | UnknownPage) else type(page).__name__.lower()

"""A copy of the site on this machine, to test the crawler with.

    with Replica([story, random_story(7)], robots=ROBOTS["crawl-delay"], faults=[Fault(status(500), nth={3})]) as site:
        crawl(site.list_url)              # or .index_url, .story_url(story), .viewer_url(story)
    assert site.repeated() == {}          # no story was opened twice, no link followed twice from the same state
    assert min(site.gaps()) >= 1.0        # seconds between the arrivals of successive requests

It answers like the site (for its HTML see `replica_pages`): a link is a POST of the page's hidden inputs, in a session
with a cookie (`replica_play`). A GET of the viewer starts the story again. Links to the end are answered with the rate
page, Save with the save page, Reset with a redirect to the viewer; "Back" in the toolbar does the same as "Previous
Page". A link that the posted page didn't show is answered with "Link Resultset not loaded", a forged token with the
server's error page, an unknown session with the abort page.

All requests are recorded (`site.requests`), and those answered with a complete page are counted (`site.served`) before
the answer is sent, even if the client dies. Faults (`replica_faults`) can be added and removed while it runs
(`site.faults`). It listens only on loopback (`replica_wire`) and makes no connections.
"""

import threading
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

from corpus.story import Story
from tests.corpus.crawl import replica_pages as pages
from tests.corpus.crawl.graphs import Special, Staged, stage
from tests.corpus.crawl.replica_faults import HTML, MOVED_ROBOTS, ROBOTS, Fault, Response, redirect, wandering
from tests.corpus.crawl.replica_pages import Entry, Link
from tests.corpus.crawl.replica_play import (
    Memory,
    Play,
    Refused,
    Session,
    Sessions,
    Step,
    begin,
    follow,
    render,
    visible_links,
)
from tests.corpus.crawl.replica_wire import COOKIE, Request, Server

__all__ = ["Replica", "Request", "Step"]

TOOLBAR = {"Back": Special.PREVIOUS, "Reset": Special.RESET, "Save": Special.SAVE}
"""The actions of the links above a page."""


class Replica:
    """The site. `memory` and `lifetime` are explained in `replica_play`."""

    def __init__(
        self,
        stories: Iterable[Story | Staged],
        *,
        robots: Response = ROBOTS["allow"],
        faults: Iterable[Fault] = (),
        memory: Memory = "page",
        lifetime: int = 0,
        host: str = "127.0.0.1",
    ) -> None:
        self.entries = pages.entries(story if isinstance(story, Staged) else stage(story) for story in stories)
        self.robots = robots
        self.faults = list(faults)
        self.sessions = Sessions(memory, lifetime)
        self.requests: list[Request] = []
        self.served: Counter[Step] = Counter()
        self.most_at_once = 0
        """The maximum number of requests that were answered at the same time."""
        self._lock = threading.Lock()
        self._at_once = 0
        self._matched: Counter[Fault] = Counter()
        self._stories = {entry.number: entry for entry in self.entries}
        self._slugs = {entry.slug: entry for entry in self.entries}
        self._server = Server((host, 0), self.answer, self._answered)
        self.url = f"http://{host}:{self._server.server_address[1]}"

    def __enter__(self) -> "Replica":
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="replica", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.closing.set()
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()

    # ---- addresses -------------------------------------------------------------------------------------------

    @property
    def index_url(self) -> str:
        """The address of the index of categories."""
        return f"{self.url}/Stories/"

    @property
    def list_url(self) -> str:
        """The address of a list of all stories."""
        return f"{self.url}/Stories/top.aspx"

    def category_url(self, story: Story | Staged) -> str:
        """Return the address of the list of the story's category."""
        return f"{self.url}/Stories/{self.entry(story).category}.aspx"

    def story_url(self, story: Story | Staged) -> str:
        """Return the address of the story's page, which has the button that opens the viewer."""
        return f"{self.url}/story/{self.entry(story).slug}"

    def viewer_url(self, story: Story | Staged) -> str:
        """Return the address of the story's first page."""
        return self.url + self.entry(story).viewer

    def entry(self, story: Story | Staged) -> Entry:
        """Return the story's entry on the site."""
        return next(entry for entry in self.entries if story is entry.story or story is entry.staged)

    # ---- requests --------------------------------------------------------------------------------------------

    def repeated(self) -> dict[Step, int]:
        """Return the steps with more than one complete answer, and the number of answers."""
        return {step: count for step, count in self.served.items() if count > 1}

    def followed(self) -> Counter[tuple[int, str, int]]:
        """Return how often each link (story, page, number) was followed, with any items and from any page."""
        counts: Counter[tuple[int, str, int]] = Counter()
        for step, count in self.served.items():
            counts[step.story, step.page, step.link] += count
        return counts

    def gaps(self) -> list[float]:
        """Return the seconds between the arrivals of successive requests."""
        times = sorted(request.time for request in self.requests)
        return [after - before for before, after in pairwise(times)]

    def paths(self) -> list[str]:
        """Return the requested paths with their queries, in order."""
        return [request.path for request in self.requests]

    # ---- answers ---------------------------------------------------------------------------------------------

    def answer(self, request: Request, body: bytes) -> Response:
        """Return the answer to a request; it is recorded before it is sent."""
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self.requests.append(request)
            changes = []
            for fault in self._matching_faults(request):
                request.fault = True
                if isinstance(fault.answer, Response):
                    return self._record(request, fault.answer)
                changes.append(fault.answer)
            response = self._correct_answer(request, body)
            for change in changes:
                response = change(response)
            return self._record(request, response)

    def _answered(self) -> None:
        """Called when an answer has been sent, or sending it failed."""
        with self._lock:
            self._at_once -= 1

    def _matching_faults(self, request: Request) -> list[Fault]:
        matching = [
            fault for fault in self.faults if request.path.startswith(fault.on) and fault.method in ("", request.method)
        ]
        self._matched.update(matching)
        return [fault for fault in matching if fault.nth is None or self._matched[fault] in fault.nth]

    def _record(self, request: Request, response: Response) -> Response:
        request.status = response.status
        if request.step and response.complete:
            self.served[request.step] += 1
        return response

    def _correct_answer(self, request: Request, body: bytes) -> Response:
        url = urlsplit(request.path)
        path = url.path.lower()  # like the site, which ignores case
        if f"{path}/".startswith("/story/viewer/"):
            return self._viewer(request, path, url.query, body)
        if path == "/robots.txt":
            return self.robots
        if path == MOVED_ROBOTS:
            return ROBOTS["disallow viewer"]
        if path.startswith("/wander/"):
            return wandering(Response())
        if path in ("/stories/", "/stories/default.aspx"):
            return _html(pages.index_page(self.entries))
        if path == "/stories/top.aspx":
            return _html(pages.list_page("Top stories", self.entries, numbered=False))
        if path.startswith("/stories/"):
            rows = [entry for entry in self.entries if path == f"/stories/{entry.category.lower()}.aspx"]
            if rows:
                return _html(pages.list_page(rows[0].category.replace("_", " "), rows, numbered=True))
        entry = self._slugs.get(path.removeprefix("/story/").removesuffix(".aspx"))
        return (
            _html(pages.story_page(entry)) if entry else _html(pages.error_page("The resource cannot be found."), 404)
        )

    def _viewer(self, request: Request, path: str, query: str, body: bytes) -> Response:
        if path in ("/story/viewer/", "/story/viewer"):  # the address of the Play button
            return redirect(f"/story/viewer/default.aspx?StoryId={query.rpartition('=')[2]}")
        number = {name.lower(): values[-1] for name, values in parse_qs(query).items()}.get("storyid", "")
        entry = self._stories.get(int(number)) if number.isdecimal() else None
        if entry is None:
            return _html(pages.error_page("Story Resultset not loaded"), 500)
        if path.endswith("/rate.aspx"):
            return _html(pages.rate_page(entry))
        if path != "/story/viewer/default.aspx":
            return _html(pages.error_page("The resource cannot be found."), 404)
        session = self.sessions.use(request.cookie)
        if request.method != "POST":
            if session is None or not session.reset:  # the redirect after a Reset link is part of that step
                request.step = Step(entry.number)
            return self._page(request, entry, begin(entry), session)
        form = {
            name: values[-1]
            for name, values in parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True).items()
        }
        try:
            return self._post(request, entry, form, session)
        except Refused as refused:
            if refused.reason == "lost":
                return _html(pages.lost_page(entry))
            if refused.reason == "link":
                return _html(pages.no_link_page())
            return _html(pages.error_page("Validation of viewstate MAC failed."), 500)

    def _post(self, request: Request, entry: Entry, form: dict[str, str], session: Session | None) -> Response:
        action, value = form.get("pbAction", ""), form.get("pbValue", "")
        play = self.sessions.play(session, entry, form)
        links = {str(link.number): link for link in visible_links(entry, play)}
        if action == "FollowLink":
            if value not in links:
                raise Refused("link")
            link = links[value]
        else:
            if action == "UseItem":  # items have no use: the same page again
                return self._page(request, entry, play, session)
            if action not in TOOLBAR:
                raise Refused("link")
            link = Link(0, action, special=TOOLBAR[action])
        request.step = Step(entry.number, play.page, link.number, play.items, "".join(play.trail[-1:]))
        if link.special is Special.END:
            request.shows = "rate"
            return _html(pages.rate_page(entry))
        if link.special is Special.SAVE:
            request.shows = "save"
            return _html(pages.save_page(entry))
        if link.special is Special.RESET:
            request.shows = "reset"
            assert session is not None
            session.reset = True
            return redirect(entry.viewer)
        return self._page(request, entry, follow(entry, play, link), session)

    def _page(self, request: Request, entry: Entry, play: Play, session: Session | None) -> Response:
        cookie = {}
        if session is None:
            session = self.sessions.new()
            cookie = {"Set-Cookie": f"{COOKIE}={session.name}; path=/; HttpOnly"}
        session.reset = False
        request.shows = play.page
        page = render(entry, play, self.sessions.inputs(session, entry, play))
        return Response(200, page.encode(), {"Content-Type": HTML, **cookie})


def _html(page: str, status: int = 200) -> Response:
    return Response(status, page.encode())

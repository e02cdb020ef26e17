"""Politeness: robots.txt, delays, Retry-After, allowed hosts, and required options."""

import re
import time
from pathlib import Path

import pytest

from corpus.crawl.addresses import Hosts, address_refusal
from corpus.story import Choice, Passage, Story
from tests.corpus.crawl.replica import Replica
from tests.corpus.crawl.replica_faults import ROBOTS, Fault, redirect, slow, status, too_many, too_many_until, wandering
from tests.corpus.crawl.run_crawl import CONTACT, crawl, stories

TALE = Story(
    "Tale", "A", {"A": Passage("A", "One.", (Choice("On", "B"), Choice("Off", "B"))), "B": Passage("B", "Two.")}
)
OPEN = ("allow", "disallow others", "crawl-delay", "empty", "garbage", "html", "404", "410")
NO_VIEWER = ("disallow viewer", "disallow viewer by wildcard", "bom", "carriage returns", "redirect")
_UNAVAILABLE = ("timeout", "401", "403", "429", "500", "503")
CLOSED = ("disallow all", "disallow dungeon", "huge", "endless", "redirect loop", "redirect private", *_UNAVAILABLE)


def test_each_robots_txt_is_tested() -> None:
    assert sorted((*OPEN, *NO_VIEWER, *CLOSED)) == sorted(ROBOTS)


@pytest.mark.parametrize("variant", sorted(ROBOTS))
def test_robots_txt_is_obeyed(tmp_path: Path, variant: str) -> None:
    with Replica([TALE], robots=ROBOTS[variant]) as site:
        options = ["--timeout", "0.3"] if variant == "timeout" else []
        pages = 1 if variant == "crawl-delay" else 4
        done = crawl(site.list_url, out=tmp_path / "crawl", options=[*options, "--max-pages", str(pages)])
        paths = [path for path in site.paths() if "robots.txt" not in path]
        if variant in OPEN:
            assert paths[2:] == [f"/story/viewer/default.aspx?StoryId={site.entry(TALE).number}"] * len(paths[2:])
            assert len(paths) >= pages
        elif variant in NO_VIEWER:
            assert paths == ["/Stories/top.aspx", f"/story/{site.entry(TALE).slug}"]
            assert (done.code, "robots.txt forbids it" in done.err) == (2, True)
        else:
            assert paths == []
            assert (done.code, "robots.txt" in done.err) == (2, True)
        assert site.paths()[0] == "/robots.txt"
        if variant == "crawl-delay":
            assert "robots.txt asks for 2 seconds between requests." in done.err
            assert min(site.gaps()) >= 2.0


def test_request_rate(tmp_path: Path) -> None:
    with Replica([TALE], faults=[Fault(slow(0.1, 3), on="/Stories/")]) as site:
        done = crawl(site.list_url, out=tmp_path / "crawl", options=["--max-pages", "3"], delay=None)
        assert done.code == 1
        assert len(site.requests) == 4
        assert min(site.gaps()) >= 1.0
        assert max(site.gaps()) < 3.0
        assert site.most_at_once == 1
        assert all(f"contact: {CONTACT}" in request.agent for request in site.requests)
        assert all(request.agent.startswith("dungeon/") for request in site.requests)


@pytest.mark.parametrize("answer", [too_many(1), too_many(1, 503), too_many(1.5)])
def test_retry_after(tmp_path: Path, answer: object) -> None:
    with Replica([TALE], faults=[Fault(answer, on="/story/viewer", nth={2})]) as site:  # type: ignore[arg-type]
        assert crawl(site.viewer_url(TALE), out=tmp_path / "crawl").code == 0
        refused = next(i for i, request in enumerate(site.requests) if request.status in (429, 503))
        assert site.gaps()[refused] >= 1.0


def test_retry_after_as_a_date(tmp_path: Path) -> None:
    with Replica([TALE]) as site:
        site.faults.append(Fault(too_many_until(2), on="/story/viewer", nth={1}))
        moment = int(time.time() + 2)
        offset = time.time() - time.monotonic()
        assert crawl(site.viewer_url(TALE), out=tmp_path / "crawl").code == 0
        statuses = [request.status for request in site.requests]
        after = site.requests[statuses.index(429) + 1]
        assert after.time + offset >= moment


def test_long_retry_after_stops_the_crawl(tmp_path: Path) -> None:
    with Replica([TALE], faults=[Fault(too_many(86_400), on="/story/viewer", nth={2})]) as site:
        done = crawl(site.viewer_url(TALE), out=tmp_path / "crawl")
        assert done.code == 2
        assert re.search(r"the site asks for a pause until \d{4}-\d\d-\d\d \d\d:\d\d", done.err)
        paths = len(site.requests)
        again = crawl(site.viewer_url(TALE), out=tmp_path / "crawl")
        assert again.code == 2
        assert "asks for a pause until" in again.err
        assert len(site.requests) == paths


def test_crawl_stops_if_the_site_is_down(tmp_path: Path) -> None:
    tales = [Story(f"Tale {n}", "A", {"A": Passage("A", f"{n}.")}) for n in range(40)]
    with Replica(tales, faults=[Fault(status(502), on="/story/")]) as site:
        done = crawl(site.list_url, out=tmp_path / "crawl")
        assert done.code == 2
        assert "requests in a row failed, the last because the site answers 502" in done.err
        assert len(site.requests) < 30


# ---- allowed hosts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_to_other_hosts_are_refused(tmp_path: Path, code: int) -> None:
    with Replica([TALE]) as other, Replica([TALE]) as site:
        name = other.url.replace("127.0.0.1", "localhost")
        for target in (other.url, name, "http://10.0.0.1/", "http://[::1]/", "file:///etc/hosts", "ftp://127.0.0.1/"):
            site.faults[:] = [Fault(redirect(target, code), on="/story/")]
            done = crawl(site.list_url, out=tmp_path / f"crawl {target.replace('/', '')}")
            assert done.code == 2
            assert "another host than was asked for" in done.err or f"it redirects to {target}" in done.err
            if code != 302:
                break
        assert other.requests == []


@pytest.mark.parametrize("loop", [redirect("/Stories/top.aspx"), wandering])
def test_redirect_loop_ends(tmp_path: Path, loop: object) -> None:
    with Replica([TALE], faults=[Fault(loop, on="/Stories/")]) as site:  # type: ignore[arg-type]
        done = crawl(site.list_url, out=tmp_path / "crawl")
        assert done.code == 2
        assert "it redirects too often" in done.err
        assert len(site.requests) <= 7


def test_host_name_with_a_private_address_is_refused(tmp_path: Path) -> None:
    with Replica([TALE]) as site:
        url = site.list_url.replace("127.0.0.1", "stories.example.org")
        names = {"stories.example.org": "127.0.0.1"}
        done = crawl(url, out=tmp_path / "crawl", delay=None, names=names)
        assert done.code == 2
        assert "stories.example.org is the private address 127.0.0.1" in done.err
        assert site.requests == []


def test_private_address_may_be_named(tmp_path: Path) -> None:
    with Replica([TALE]) as site:
        url = site.list_url.replace("127.0.0.1", "localhost")
        assert crawl(url, out=tmp_path / "crawl", names={"localhost": "127.0.0.1"}).code == 0
        assert len(stories(tmp_path / "crawl")) == 1


@pytest.mark.parametrize(
    ("host", "address", "refused"),
    [
        ("example.org", "93.184.216.34", False),
        ("example.org", "10.1.2.3", True),
        ("example.org", "169.254.169.254", True),
        ("example.org", "0.0.0.0", True),  # noqa: S104 (an address to be refused)
        ("example.org", "100.64.0.1", True),
        ("example.org", "::1", True),
        ("example.org", "::ffff:10.0.0.1", True),
        ("localhost", "127.0.0.1", False),
        ("127.0.0.1", "127.0.0.1", False),
        ("10.0.0.7", "10.0.0.7", False),
    ],
)
def test_private_addresses(host: str, address: str, refused: bool) -> None:
    assert bool(address_refusal(host, address)) is refused


def test_scheme_may_change_but_not_the_port() -> None:
    hosts = Hosts(["http://example.org/Stories/"])
    assert hosts.refusal("https://example.org/story/day-2") == ""
    assert hosts.refusal("https://EXAMPLE.org./") == ""
    for url in ("http://example.org:8080/", "http://www.example.org/", "http://example.org@evil.test/", "https:///x"):
        assert hosts.refusal(url) != ""


# ---- options -------------------------------------------------------------------------------------------------


def refusal(tmp_path: Path, *urls: str, contact: str = CONTACT, delay: float = 1) -> str:
    """Return the message of a crawl that must not start."""
    done = crawl(*urls, out=tmp_path / "crawl", options=["--contact", contact], delay=delay)
    assert done.code == 2
    assert not (tmp_path / "crawl").exists()
    return done.err


@pytest.mark.parametrize("contact", ["", "me", "ada@", "a b@example.org", "ada@example.org\r\nX: y", "ada@exämple.org"])
def test_contact_is_required(tmp_path: Path, contact: str) -> None:
    assert "--contact must be an e-mail address" in refusal(tmp_path, "https://example.org/", contact=contact)


def test_short_delay_only_for_private_addresses(tmp_path: Path) -> None:
    message = refusal(tmp_path, "https://example.org/", "http://127.0.0.1/", delay=0.99)
    assert "--delay must be at least 1" in message
    assert "--delay" in refusal(tmp_path, "https://example.org/", delay=-1)
    assert "--delay" in refusal(tmp_path, "https://example.org/", delay=float("nan"))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/", "example.org", "http://", "http://a:b/"])
def test_only_web_addresses_are_accepted(tmp_path: Path, url: str) -> None:
    assert f"{url} can't be crawled" in refusal(tmp_path, url)


def test_proxy_of_the_environment_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Replica([TALE]) as proxy, Replica([TALE]) as site:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert crawl(site.viewer_url(TALE), out=tmp_path / "crawl").code == 0
        assert proxy.requests == []

"""The replica's faults and its robots.txt."""

import http.client
import re
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import pytest

from corpus.story import Passage, Story
from tests.corpus.crawl.browser import Browser
from tests.corpus.crawl.graphs import Staged
from tests.corpus.crawl.replica import Replica
from tests.corpus.crawl.replica_faults import (
    MOVED_ROBOTS,
    ROBOTS,
    Fault,
    charset,
    cut,
    endless,
    gzip_bomb,
    redirect,
    silence,
    slow,
    status,
    too_many,
    too_many_until,
    truncated,
)

# ---- faults --------------------------------------------------------------------------------------------------


def test_place_and_number_of_a_fault(site: Replica, cellar: Staged) -> None:
    browser = Browser()
    site.faults.append(Fault(status(500), on="/story/viewer/", nth={2}))
    site.faults.append(Fault(status(503), on="/Stories/", nth=range(1, 3)))
    codes = [browser.get(url).status for url in [site.viewer_url(cellar)] * 3 + [site.index_url] * 3]
    assert codes == [200, 500, 200, 503, 503, 200]
    assert list(site.served.values()) == [2]
    site.faults[:] = [Fault(status(500), method="POST")]
    page = browser.get(site.viewer_url(cellar))
    assert browser.follow(page, "3").status == 500


def test_too_many_requests_has_retry_after(site: Replica) -> None:
    browser = Browser()
    site.faults += [Fault(too_many(3), nth={1}), Fault(too_many_until(60, 503), nth={2})]
    first, second = browser.get(site.url), browser.get(site.url)
    assert (first.status, first.headers["Retry-After"], second.status) == (429, "3", 503)
    wait = parsedate_to_datetime(second.headers["Retry-After"]) - datetime.now(UTC)
    assert timedelta(seconds=30) < wait <= timedelta(seconds=60)


def test_truncated_page_with_and_without_a_content_length(site: Replica, cellar: Staged) -> None:
    browser = Browser()
    complete = browser.get(site.list_url).body
    site.faults += [Fault(truncated, nth={1}), Fault(cut, nth={2})]
    with pytest.raises(http.client.IncompleteRead):
        browser.get(site.list_url)
    assert complete.startswith(browser.get(site.list_url).body)
    site.faults[:] = [Fault(truncated)]
    with pytest.raises(http.client.IncompleteRead):
        browser.get(site.viewer_url(cellar))
    assert site.served == {}


def test_slow_page_is_complete_in_the_end(site: Replica) -> None:
    browser = Browser()
    complete = browser.get(site.list_url).body
    site.faults.append(Fault(slow(0.02, pieces=5)))
    start = time.monotonic()
    assert browser.get(site.list_url).body == complete
    assert time.monotonic() - start >= 0.1


def test_no_answer_times_out(site: Replica) -> None:
    site.faults.append(Fault(silence))
    with pytest.raises(TimeoutError):
        Browser(timeout=0.1).get(site.list_url)


def test_endless_page(site: Replica) -> None:
    site.faults.append(Fault(endless()))
    with socket.create_connection(("127.0.0.1", urlsplit(site.url).port or 0), timeout=10) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        received = 0
        while received < 20_000_000:
            received += len(line.recv(1 << 20))


def test_gzip_bomb_is_small_on_the_wire(site: Replica) -> None:
    site.faults.append(Fault(gzip_bomb(10)))
    answer = Browser().get(site.list_url)
    assert int(answer.headers["Content-Length"]) < 100_000
    assert len(answer.body) == 10_000_000


@pytest.mark.parametrize(
    ("written", "header", "meta"),
    [("utf-8", "latin-1", ""), ("cp1252", "utf-8", ""), ("cp1252", "", "windows-1252"), ("utf-16", "", "")],
)
def test_wrong_charsets(written: str, header: str, meta: str) -> None:
    story = Story("Café", "x", {"x": Passage("x", "“naïve” 雨")})
    with Replica([story], faults=[Fault(charset(written, header, meta))]) as site:
        answer = Browser().get(site.viewer_url(story))
    text = answer.body.decode(written)
    assert "“naïve” " in text
    assert ("雨" in text) is (written != "cp1252")
    assert answer.headers.get_param("charset") == (header or None)
    assert re.findall(r'<meta charset="(.*?)"', text) == ([meta] if meta else [])


@pytest.mark.parametrize("to", ["http://10.0.0.1/", "https://elsewhere.invalid/x", "file:///etc/hosts", "/Stories/"])
def test_redirects_lead_anywhere(site: Replica, to: str) -> None:
    site.faults.append(Fault(redirect(to, 301)))
    answer = Browser(follow_redirects=False).get(site.list_url)
    assert (answer.status, answer.headers["Location"]) == (301, to)


def test_redirect_loop_through_new_addresses(site: Replica) -> None:
    browser = Browser(follow_redirects=False)
    url, seen = f"{site.url}/wander/", set[str]()
    for _ in range(30):
        seen.add(url)
        url = urljoin(url, browser.get(url).headers["Location"])
    assert len(seen) == 30


def test_two_replicas_on_two_loopback_addresses(cellar: Staged) -> None:
    with Replica([cellar]) as one, Replica([cellar], host="127.0.0.2") as other:
        one.faults.append(Fault(redirect(other.list_url)))
        assert Browser().get(one.list_url).url == other.list_url
        assert (one.paths(), other.paths()) == (["/Stories/top.aspx"], ["/Stories/top.aspx"])


# ---- robots.txt ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(set(ROBOTS) - {"timeout", "endless", "redirect private"}))
def test_every_robots_txt_is_served(cellar: Staged, name: str) -> None:
    with Replica([cellar], robots=ROBOTS[name]) as site:
        answer = Browser(follow_redirects=False).get(f"{site.url}/robots.txt")
    assert answer.status == ROBOTS[name].status
    assert answer.body == ROBOTS[name].body
    assert name not in ("401", "403", "404", "410", "429", "500", "503") or answer.status == int(name)


def test_moved_robots_txt_forbids_the_viewer(cellar: Staged) -> None:
    with Replica([cellar], robots=ROBOTS["redirect"]) as site:
        answer = Browser().get(f"{site.url}/robots.txt")
    assert answer.url == site.url + MOVED_ROBOTS
    assert "Disallow: /story/viewer/" in answer.text


def test_robots_txt_without_an_answer(cellar: Staged) -> None:
    with Replica([cellar], robots=ROBOTS["timeout"]) as site, pytest.raises(TimeoutError):
        Browser(timeout=0.1).get(f"{site.url}/robots.txt")

"""Crawls of the replica: complete graphs, interrupted and repeated runs, faults, and messages."""

import os
import re
import signal
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.readers.twee import read_twee
from corpus.story import Choice, Passage, Story
from tests.corpus.crawl.graphs import Extra, Item, Special, Staged, difference, random_story, stage
from tests.corpus.crawl.replica import Replica
from tests.corpus.crawl.replica_faults import Fault, charset, cut, endless, gzip_bomb, slow, status, truncated
from tests.corpus.crawl.run_crawl import crawl, start_crawl, stories

GRAPHS = int(os.environ.get("DUNGEON_TEST_GRAPHS", "24"))
"""Number of random stories to crawl. From 72 on, the whole library is crawled, too; otherwise a few of its stories."""
LIBRARY = sorted((Path(__file__).parents[3] / "corpus" / "library").glob("*.twee"))[:: 24 if GRAPHS < 72 else 1]


def story(*passages: tuple[str, str, dict[str, str]], title: str = "Tale") -> Story:
    """Return a story of passages: name, text, and the target of each label."""
    found = {
        name: Passage(name, text, tuple(Choice(label, target) for label, target in links.items()))
        for name, text, links in passages
    }
    return Story(title, passages[0][0], found, author="Ada")


TALE = story(
    ("Gate", "A gate.", {"Open it": "Hall", "Climb": "Hall", "Wait": "Gate"}),
    ("Hall", "A hall – naïve “walls”.", {"Back": "Gate", "Down": "Well"}),
    ("Well", "Dark.\n\nWet.", {}),
)


def test_every_graph_is_crawled_completely(tmp_path: Path) -> None:
    library = [stage(read_twee(path.read_text(encoding="utf-8"), path.name)) for path in LIBRARY]
    staged = [*library, *(random_story(seed) for seed in range(GRAPHS))]
    with Replica(staged) as site:
        done = crawl(site.list_url, out=tmp_path / "crawl")
        assert done.code == 0, done.err
        crawled = stories(tmp_path / "crawl")
        assert len(crawled) == len(staged)
        for each in staged:
            entry = site.entry(each)
            actual = crawled[entry.number]
            # The site doesn't show passages that no choice leads to.
            reached = each.story.reachable()
            expected = replace(
                each.story, passages={name: p for name, p in each.story.passages.items() if name in reached}
            )
            assert difference(expected, actual) == "", f"{each.story.title} ({entry.number})"
            assert actual.title == " ".join(each.story.title.split())
            assert actual.author == " ".join(each.story.author.split())
            assert actual.rights == "unknown"
            assert actual.provenance is not None
            assert actual.provenance.url == actual.source == site.viewer_url(each)
            assert actual.provenance.maturity == entry.ratings.maturity
            assert actual.provenance.length == entry.ratings.length
            assert actual.provenance.difficulty == entry.ratings.difficulty
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", actual.provenance.fetched)
            assert re.fullmatch("[0-9a-f]{64}", actual.provenance.sha256)
            assert actual.notes == ()
        # A link is followed twice only to recognise links back, or with other items: a few of hundreds.
        assert sum(count - 1 for count in site.repeated().values()) <= len(site.requests) / 50
        assert site.most_at_once == 1


@pytest.mark.parametrize("address", ["index", "category", "story", "viewer", "play button", "both"])
def test_any_address_of_the_site(tmp_path: Path, address: str) -> None:
    with Replica([TALE]) as site:
        urls = {
            "index": [site.index_url],
            "category": [site.category_url(TALE)],
            "story": [site.story_url(TALE)],
            "viewer": [site.viewer_url(TALE)],
            "play button": [site.viewer_url(TALE).replace("default.aspx?StoryId=", "?")],
            "both": [site.viewer_url(TALE), site.list_url, site.story_url(TALE)],
        }[address]
        done = crawl(*urls, out=tmp_path / "crawl")
        assert done.code == 0, done.err
        (crawled,) = stories(tmp_path / "crawl").values()
        assert difference(TALE, crawled) == ""
        assert (crawled.title, crawled.author) == ("Tale", "Ada")
        assert crawled.provenance is not None
        assert crawled.provenance.maturity == site.entry(TALE).ratings.maturity
        assert site.repeated() == {}


def test_links_that_are_not_choices(tmp_path: Path) -> None:
    tale = story(
        ("Gate", "A gate.", {"East": "Hall", "West": "Yard"}),
        ("Hall", "A hall.", {"Save Game": "Well", "Back": "Gate"}),
        ("Yard", "A yard.", {"Down": "Well"}),
        ("Well", "Dark.", {"End Game and Leave Comments": "End", "Reset": "Gate"}),
        ("End", "Over.", {}),
    )
    extras = (
        Extra("Well", Special.PREVIOUS, "Press on"),
        Extra("Well", Special.SAVE, "Write it down"),
        Extra("End", Special.END, "Open the door"),
        Extra("End", Special.RESET, "Sleep"),
        Extra("End", Special.SAVE, ""),
    )
    staged = Staged(tale, extras=extras)
    with Replica([staged]) as site:
        assert crawl(site.viewer_url(staged), out=tmp_path / "crawl").code == 0
    (crawled,) = stories(tmp_path / "crawl").values()
    assert difference(tale, crawled) == ""
    (end,) = crawled.endings()
    assert end.text == "Over."


def test_link_that_needs_an_item_is_found_on_another_path(tmp_path: Path) -> None:
    tale = story(
        ("Gate", "A gate.", {"Hall": "Hall", "Yard": "Yard"}),
        ("Hall", "A hall.", {"Gate": "Gate", "Unlock": "Vault"}),
        ("Yard", "A key lies here.", {"Hall": "Hall"}),
        ("Vault", "Gold.", {}),
    )
    staged = Staged(tale, items=(Item("key", found="Yard", page="Hall", choice=1),))
    with Replica([staged]) as site:
        assert crawl(site.viewer_url(staged), out=tmp_path / "crawl").code == 0
        assert site.repeated() == {}
    (crawled,) = stories(tmp_path / "crawl").values()
    assert difference(tale, crawled) == ""


@pytest.mark.parametrize("server", [{"memory": "session"}, {"lifetime": 12}])
def test_paths_are_replayed_on_a_server_that_loses_sessions(tmp_path: Path, server: dict[str, object]) -> None:
    staged = [random_story(seed) for seed in (4, 8, 20)]
    with Replica(staged, **server) as site:  # type: ignore[arg-type]
        done = crawl(site.list_url, out=tmp_path / "crawl")
        assert done.code == 0, done.err
        crawled = stories(tmp_path / "crawl")
        for each in staged:
            assert difference(each.story, crawled[site.entry(each).number]) == ""
    replayed = re.search(r"paths replayed +(\d+)", done.out)
    assert replayed
    assert int(replayed[1]) > 0


def test_endless_story_is_limited_breadth_first(tmp_path: Path) -> None:
    tale = story(
        ("Gate", "Turn %TURNS.", {"East": "Hall", "West": "Yard"}),
        ("Hall", "A hall at turn %TURNS.", {"Back": "Gate"}),
        ("Yard", "A yard at turn %TURNS.", {"Back": "Gate"}),
    )
    staged = Staged(tale, counter="%TURNS")
    with Replica([staged]) as site:
        done = crawl(site.viewer_url(staged), out=tmp_path / "crawl", options=["--story-pages", "30"])
        assert done.code == 1
        assert "more than 30 in one story" in done.err
        assert 30 <= len(site.requests) <= 35
        (crawled,) = stories(tmp_path / "crawl").values()
        assert {"A hall at turn 1.", "A yard at turn 1.", "A yard at turn 7.", "Turn 0."} <= {
            passage.text for passage in crawled.passages.values()
        }
        assert crawled.dangling() == []
        assert "were not followed" in crawled.notes[0]


# ---- interrupted and repeated runs ---------------------------------------------------------------------------


def test_run_continues_after_a_limit(tmp_path: Path) -> None:
    staged = [random_story(seed) for seed in (3, 5, 7)]
    out = tmp_path / "crawl"
    with Replica(staged) as site:
        for _ in range(3):
            before = len([path for path in site.paths() if path != "/robots.txt"])
            done = crawl(site.list_url, out=out, options=["--max-pages", "4"])
            assert done.code == 1
            assert "the limit of 4 pages is reached. Run the same command again" in done.err
            # The redirect of a reset is a second request for one page.
            assert 4 <= len([path for path in site.paths() if path != "/robots.txt"]) - before <= 6
        done = crawl(site.list_url, out=out, options=["--max-stories", "1"])
        assert done.code == 1
        assert len(stories(out)) >= 1
        assert crawl(site.list_url, out=out).code == 0
        assert site.repeated() == {}
        for each in staged:
            assert difference(each.story, stories(out)[site.entry(each).number]) == ""
        count = len(site.requests)
        again = crawl(site.list_url, out=out)
        assert again.code == 0
        assert "pages fetched               0" in again.out
        assert site.paths()[count:] == []


def test_journal_of_an_earlier_version_is_used(tmp_path: Path) -> None:
    """Answers and facts are saved under the same names, so that old crawls can be continued."""
    out = tmp_path / "crawl"
    with Replica([TALE]) as site:
        assert crawl(site.viewer_url(TALE), out=out).code == 0
        with closing(sqlite3.connect(out / "crawl.sqlite3")) as db:
            keys = [key for (key,) in db.execute("SELECT key FROM answer ORDER BY id")]
            facts = dict(db.execute("SELECT name, value FROM fact WHERE name != 'opened'"))
        viewer = site.viewer_url(TALE)
        assert keys[0] == f"GET {viewer}"
        assert f"GET {site.story_url(TALE)}" in keys
        assert any(re.fullmatch(rf"POST {re.escape(viewer)} [0-9a-f]{{16}} \d+", key) for key in keys)
        assert facts == {f"done {viewer}": "yes"}


def test_interrupted_crawl_continues(tmp_path: Path) -> None:
    out = tmp_path / "crawl"
    with Replica([TALE], faults=[Fault(slow(30), method="POST", nth={3})]) as site:
        process = start_crawl(site.list_url, out=out)
        while len(site.requests) < 7:
            process.join(0.001)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGINT)
        process.join(20)
        assert process.exitcode == 130
        assert out.with_suffix(".err").read_text() == "Interrupted. Run the same command again to continue.\n"
        assert crawl(site.list_url, out=out).code == 0
        assert sum(site.repeated().values()) in (0, 2)  # the interrupted request
    assert difference(TALE, stories(out)[site.entry(TALE).number]) == ""


def test_failed_links_are_retried_in_the_next_run(tmp_path: Path) -> None:
    out = tmp_path / "crawl"
    with Replica([TALE], faults=[Fault(status(500), method="POST", nth=range(2, 6))]) as site:
        done = crawl(site.viewer_url(TALE), out=out)
        assert done.code == 1
        assert "the site answers 500" in done.err
        (crawled,) = stories(out).values()
        assert difference(TALE, crawled) != ""
        assert crawled.dangling() == []
        assert "Choices that were not followed are left out: 1 (the site answers 500)." in crawled.notes
        site.faults.clear()
        assert crawl(site.viewer_url(TALE), out=out).code == 0
        assert site.repeated() == {}
    (crawled,) = stories(out).values()
    assert difference(TALE, crawled) == ""
    assert crawled.notes == ()


@pytest.mark.parametrize(
    "answer",
    [
        status(500),
        status(503),
        truncated,
        cut,
        charset("utf-8", header="iso-8859-1"),
        charset("cp1252", header="utf-8", meta="utf-8"),
        charset("cp1252", meta="windows-1252"),
        charset("utf-16", header="utf-16"),
    ],
)
def test_faulty_answers(tmp_path: Path, answer: object) -> None:
    broken = answer in (truncated, cut) or not callable(answer)
    fault = Fault(answer, on="/story", nth=range(1, 10**6, 3) if broken else None)  # type: ignore[arg-type]
    with Replica([TALE], faults=[fault]) as site:
        done = crawl(site.list_url, out=tmp_path / "crawl")
        assert done.code == 0, done.err
    (crawled,) = stories(tmp_path / "crawl").values()
    assert difference(TALE, crawled) == ""


@pytest.mark.parametrize("bomb", [gzip_bomb(), endless()])
def test_endless_and_compressed_bombs(tmp_path: Path, bomb: object) -> None:
    other = story(("Door", "A door.", {}), title="Other")
    with Replica([TALE, other]) as site:
        site.faults.append(Fault(bomb, on=f"/story/{site.entry(TALE).slug}"))  # type: ignore[arg-type]
        done = crawl(site.list_url, out=tmp_path / "crawl")
        assert done.code == 0
        assert f"Skipped: {site.story_url(TALE)}: the page is too large" in done.err
        assert list(stories(tmp_path / "crawl")) == [site.entry(other).number]


# ---- messages ------------------------------------------------------------------------------------------------


def test_error_for_no_connection(tmp_path: Path) -> None:
    with Replica([TALE]) as site:
        url = site.list_url
    done = crawl(url, out=tmp_path / "crawl")
    assert done.code == 2
    assert done.out == ""
    assert "Error: No story was found" in done.err
    assert "robots.txt can't be read (" in done.err
    assert "Traceback" not in done.err


def test_address_without_stories(tmp_path: Path) -> None:
    with Replica([TALE]) as site:
        done = crawl(f"{site.url}/nowhere", out=tmp_path / "crawl")
    assert done.code == 2
    assert f"{site.url}/nowhere: the site answers 404" in done.err


def test_empty_first_page_is_an_error(tmp_path: Path) -> None:
    empty = story(("Gate", "", {"On": "Hall"}), ("Hall", "A hall.", {}))
    with Replica([empty]) as site:
        done = crawl(site.viewer_url(empty), out=tmp_path / "crawl")
        assert done.code == 2
        assert "no text is found on the first page" in done.err
        assert len(site.followed()) == 1
    assert stories(tmp_path / "crawl") == {}


def test_folder_with_other_files_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "crawl"
    out.mkdir()
    (out / "novel.txt").write_text("mine")
    done = crawl("http://127.0.0.1:1/", out=out)
    assert done.code == 2
    assert f"{out} already exists and is not a crawl. Name another place with --out." in done.err
    assert [path.name for path in out.iterdir()] == ["novel.txt"]


def test_two_crawls_do_not_share_a_folder(tmp_path: Path) -> None:
    with Replica([TALE]) as site:
        first = start_crawl(site.list_url, out=tmp_path / "crawl", delay=1)
        while not site.requests:
            first.join(0.01)
        second = crawl(site.list_url, out=tmp_path / "crawl")
        first.kill()
        first.join()
    assert second.code == 2
    assert "is in use by another crawl" in second.err


def test_error_for_an_invalid_journal(tmp_path: Path) -> None:
    (tmp_path / "crawl").mkdir()
    (tmp_path / "crawl" / "crawl.sqlite3").write_text("not a database, and longer than an empty file")
    done = crawl("http://127.0.0.1:1/", out=tmp_path / "crawl")
    assert done.code == 2
    assert "is damaged" in done.err
    assert "Traceback" not in done.err

"""A crawl that is killed goes on as if nothing had been, and asks nothing again whose answer it has."""

import os
import random
from pathlib import Path

from corpus.story import Story
from tests.corpus.crawl.graphs import random_story
from tests.corpus.crawl.replica import Replica
from tests.corpus.crawl.run_crawl import crawl, started, stories

KILLS = int(os.environ.get("DUNGEON_TEST_KILLS", "12"))
SEEDS = (2, 3, 5, 11, 13, 27)


def test_kills_at_random_points_lose_nothing(tmp_path: Path) -> None:
    staged = [random_story(seed) for seed in SEEDS]
    with Replica(staged) as site:
        assert crawl(site.list_url, out=tmp_path / "whole").code == 0
        assert site.twice() == {}, "choose stories without a way back to doubt"
        whole = _asked(site)
        expected = _without_times(stories(tmp_path / "whole"))

    rng = random.Random(1)
    with Replica(staged) as site:
        out = tmp_path / "killed"
        last_before_kill = []
        points = sorted(rng.sample(range(1, len(whole)), KILLS))
        for point in points:
            process = started(site.list_url, out=out)
            while process.is_alive() and len(_asked(site)) < point:
                process.join(rng.random() / 1000)
            process.join(rng.random() / 100)  # while a request is on its way, or between two
            process.kill()
            process.join()
            last_before_kill.append(len(_asked(site)) - 1)
        assert crawl(site.list_url, out=out).code == 0
        asked = _asked(site)
        assert _without_times(stories(out)) == expected
        assert set(whole) == set(asked)
        # What is asked again was on its way when the crawl was killed: one request a kill, at most.
        repeated = len(asked) - len(whole)
        assert repeated <= KILLS
        for i, what in enumerate(asked):
            if what in asked[:i]:
                assert {j for j in range(i) if asked[j] == what} <= set(last_before_kill), f"{what} was answered before"
    print(f"\n{KILLS} kills in {len(whole)} requests; asked again, for the kill came before the answer: {repeated}")


def _asked(site: Replica) -> list[tuple[str, object]]:
    """What was asked for, in order, without robots.txt and what a redirect led to."""
    asked = [request for request in site.requests if request.path != "/robots.txt"]
    return [(each.path, each.step) for each in asked if each.step or "/viewer/" not in each.path]


def _without_times(found: dict[int, Story]) -> dict[int, object]:
    made: dict[int, object] = {}
    for number, story in found.items():
        assert story.provenance is not None
        made[number] = (story.title, story.start, dict(story.passages), story.notes, story.provenance.sha256)
    return made

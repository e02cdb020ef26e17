"""A killed crawl continues without losing anything, and repeats no answered request."""

import os
import random
from pathlib import Path

from corpus.story import Story
from tests.corpus.crawl.graphs import random_story
from tests.corpus.crawl.replica import Replica
from tests.corpus.crawl.run_crawl import crawl, start_crawl, stories

KILLS = int(os.environ.get("DUNGEON_TEST_KILLS", "8"))
SEEDS = (2, 3, 5, 11, 13, 27)


def test_kills_at_random_points_lose_nothing(tmp_path: Path) -> None:
    staged = [random_story(seed) for seed in SEEDS]
    with Replica(staged) as site:
        assert crawl(site.list_url, out=tmp_path / "complete").code == 0
        assert site.repeated() == {}, "choose stories without ambiguous links back"
        expected_requests = _requests(site)
        expected = _without_times(stories(tmp_path / "complete"))

    rng = random.Random(1)
    with Replica(staged) as site:
        out = tmp_path / "killed"
        last_before_kill = []
        points = sorted(rng.sample(range(1, len(expected_requests)), KILLS))
        for point in points:
            process = start_crawl(site.list_url, out=out)
            while process.is_alive() and len(_requests(site)) < point:
                process.join(rng.random() / 1000)
            process.join(rng.random() / 100)  # during a request, or between two
            process.kill()
            process.join()
            last_before_kill.append(len(_requests(site)) - 1)
        assert crawl(site.list_url, out=out).code == 0
        requests = _requests(site)
        assert _without_times(stories(out)) == expected
        assert set(expected_requests) == set(requests)
        # Only requests that were interrupted by a kill are repeated: at most one per kill.
        repeated = len(requests) - len(expected_requests)
        assert repeated <= KILLS
        for i, request in enumerate(requests):
            if request in requests[:i]:
                assert {j for j in range(i) if requests[j] == request} <= set(last_before_kill), (
                    f"{request} was answered before"
                )
    print(f"\n{KILLS} kills in {len(expected_requests)} requests, of which {repeated} were interrupted and repeated")


def _requests(site: Replica) -> list[tuple[str, object]]:
    """Return the requests in order, without robots.txt and the targets of redirects."""
    requests = [request for request in site.requests if request.path != "/robots.txt"]
    return [(each.path, each.step) for each in requests if each.step or "/viewer/" not in each.path]


def _without_times(found: dict[int, Story]) -> dict[int, object]:
    comparable: dict[int, object] = {}
    for number, story in found.items():
        assert story.provenance is not None
        comparable[number] = (story.title, story.start, dict(story.passages), story.notes, story.provenance.sha256)
    return comparable

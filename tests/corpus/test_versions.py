"""Copies and versions: found by their text or their id, and never in different splits."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus import duplicates
from corpus.build import build, build_stories
from corpus.duplicates import Clusters, Hashes, Overlap, overlaps, sketch
from corpus.leaks import leaked, paragraphs
from corpus.pipeline import Settings, work_id
from corpus.report import Report
from corpus.story import Choice, Passage, Provenance, Story
from tests.corpus.test_build import build_corpus, ring, tale

SEEDS = range(10)


def words(chance: random.Random, count: int) -> list[str]:
    return [f"w{chance.randrange(10**5)}" for _ in range(count)]


def compared(sketches: Sequence[Hashes]) -> list[Overlap]:
    return list(overlaps([len(each) for each in sketches], sketches.__getitem__))


def tree(seed: int, passages: int, skip: int = 0) -> list[str]:
    """Return the texts of a story's passages, each with two paragraphs; the same seed gives the same texts."""
    chance = random.Random(seed)
    texts = ["\n\n".join(" ".join(words(chance, 30)) + "." for _ in range(2)) for _ in range(skip + passages)]
    return texts[skip:]


def chain(title: str, texts: Sequence[str], **fields: Any) -> Story:
    """Return a story with these passages one after the other."""
    passages = {
        f"{n}": Passage(f"{n}", text, (Choice(f"Walk to {n + 1}", f"{n + 1}"),) if n < len(texts) - 1 else ())
        for n, text in enumerate(texts)
    }
    return Story(title, "0", passages, **fields)


def versions() -> list[Story]:
    """Return 20 stories, 10 of them with one or two versions: shorter, longer, revised, or with two in one."""
    stories = []
    for n in range(20):
        texts = tree(n, 12 + n // 2)
        stories.append(chain(f"Story {n}", texts))
        kind = n % 10
        if kind == 0:  # an earlier version, a small part
            stories.append(chain(f"Beginning of {n}", texts[:4]))
        elif kind == 1:  # a later version, of which the first is a small part
            stories.append(chain(f"All of {n}", texts + tree(1000 + n, 60)))
        elif kind == 2:  # two parts of the whole, which have nothing in common
            stories += [chain(f"First of {n}", texts[:5]), chain(f"Last of {n}", texts[-5:])]
        elif kind == 3:  # most passages are new
            stories.append(chain(f"Revision of {n}", [*tree(2000 + n, 30), *texts[:4], *tree(3000 + n, 10)]))
        elif kind == 4:  # with another story in one file
            stories.append(chain(f"Two of {n}", tree(n + 1, 12)[:9] + texts))
    return stories


def splits_of(report: Report) -> dict[str, str]:
    return {line.title: line.split for line in report.contents}


# ---- leaks ---------------------------------------------------------------------------------------------------


def test_versions_do_not_leak_at_any_seed(tmp_path: Path) -> None:
    stories = versions()
    apart = 0.0
    for seed in SEEDS:
        _, report = build_corpus(stories, tmp_path, seed=seed)
        assert (report.stories, report.warnings) == (len(stories), ())
        assert report.leaked < 0.002
        assert min(report.examples.values()) > 0
        if seed < 3:
            _, without = build_corpus(stories, tmp_path, seed=seed, near_duplicates=False)
            apart = max(apart, without.leaked)
    assert apart > 0.02  # without groups, the stories would leak


def test_light_changes_everywhere_are_a_version(tmp_path: Path) -> None:
    stories = [chain(f"Story {n}", tree(n, 20)) for n in range(12)]
    changed = [" ".join("new" if n % 25 == 7 else word for n, word in enumerate(text.split())) for text in tree(3, 20)]
    stories.append(chain("Remake", changed + tree(99, 60)))
    for seed in SEEDS:
        splits = splits_of(build_corpus(stories, tmp_path, seed=seed)[1])
        assert splits["Remake"] == splits["Story 3"]


def test_stories_with_the_same_id_stay_together(tmp_path: Path) -> None:
    url = "http://chooseyourstory.com/story/viewer/default.aspx?StoryId=77"
    crawled = Provenance(url.replace("http:", "https:"), "2026-01-01T00:00Z", "")
    stories = [ring(f"Tale-{n}-") for n in range(12)]
    stories += [ring("Scraped", work=url), ring("Crawled", provenance=crawled)]
    stories += [ring("Old", work="8F4B-11aa"), ring("New", work="8f4b-11AA"), ring("Newer", work="8F4B-11AA")]
    blank = [ring(f"Blank {n}", work="00000000-0000-0000-0000-000000000000") for n in range(3)]
    for seed in SEEDS:
        _, report = build_corpus(stories + blank, tmp_path, seed=seed)
        splits = splits_of(report)
        assert splits["Scraped"] == splits["Crawled"]
        assert splits["Old"] == splits["New"] == splits["Newer"]
        assert sorted(map(len, report.near_duplicates)) == [2, 3]


def test_readers_state_the_id(tmp_path: Path) -> None:
    folder = tmp_path / "stories"
    folder.mkdir()
    for n in range(4):
        (folder / f"{n}.twee").write_text(f":: Start\nTale {n}.\n[[Go->B]]\n:: B\nIt is {n} here.\n")
    (folder / "game.twee").write_text(
        ':: StoryData\n{"ifid": "A1-b2"}\n:: Start\nA bell.\n[[Ring->B]]\n:: B\nIt rang.\n'
    )
    (folder / "game.html").write_text(
        '<tw-storydata name="Game" startnode="1" ifid="a1-B2"><tw-passagedata pid="1" name="A">A dog barks.'
        "</tw-passagedata></tw-storydata>"
    )
    for n in (1, 2):
        (folder / f"tree{n}.json").write_text(
            f'{{"tree_id": "http://x.test/story/viewer/default.aspx?StoryId=5", "first_story_block": "Text {n} of it.",'
            '"action_results": []}'
        )
    report = build([folder], tmp_path / "corpus", Settings())
    groups = [{story.rpartition("-")[0] for story in group} for group in report.near_duplicates]
    assert groups == [{"game"}, {"tree1", "tree2"}]
    assert len(report.near_duplicates[0]) == 2


@pytest.mark.parametrize(
    ("stated", "same"),
    [
        ("http://www.chooseyourstory.com/story/viewer/default.aspx?StoryId=77", "StoryId 77"),
        ("https://chooseyourstory.com/story/viewer/?77", "StoryId 77"),
        ("https://chooseyourstory.com/story/viewer?x=1&storyid=77", "StoryId 77"),
        ("a1b2-c3", "A1B2-C3"),
        ("0000-0000", ""),
        ("", ""),
    ],
)
def test_ids_are_normalised(stated: str, same: str) -> None:
    assert work_id(ring("A", work=stated)) == same


def test_boilerplate_of_many_stories_does_not_join_them(tmp_path: Path) -> None:
    licence = " ".join(words(random.Random(0), 80)) + "."
    stories = [chain(f"Story {n}", [*tree(n, 30), licence]) for n in range(20)]
    _, report = build_corpus(stories, tmp_path)
    assert report.near_duplicates == ()
    assert "of the validation text is also in train" in report.warnings[0]


def test_leak_is_measured_in_characters_of_paragraphs() -> None:
    long, longer, short = "x" * 60, "y" * 180, "You win."
    held_out, trained = f"{long}\n\n{longer}\n\n{short}", f"{short}\n\n{long}\n\nz{longer}"
    assert leaked([paragraphs([held_out])], [paragraphs([trained])]) == 60 / 240
    assert leaked([paragraphs([held_out])], []) == 0
    assert leaked([], [paragraphs([trained])]) == 0


def test_leak_is_reported_with_a_warning(tmp_path: Path) -> None:
    shared = "This very paragraph stands in all of the stories, word for word."
    stories = []
    for n in range(4):
        story = ring(f"Tale {n}", passages=40)
        opening = Passage("0", f"{shared}\n\nRoom 0 of {story.title}.", story.passages["0"].choices)
        stories.append(Story(story.title, "0", {**story.passages, "0": opening}))
    rows, report = build_corpus(stories, tmp_path)
    assert report.leaked == 1  # only this paragraph is long enough to count
    assert "100.0% of the validation text is also in train" in report.warnings[0]
    assert any(shared in row["target"] for row in rows["train"])


def test_similar_stories_are_split_by_example(tmp_path: Path) -> None:
    _, report = build_corpus([tale(1), tale(1, changed=80), tale(1, changed=100), tale(1, changed=120)], tmp_path)
    assert "too similar to be separated" in report.warnings[0]


def test_different_stories_of_a_few_words_are_kept(tmp_path: Path) -> None:
    stories = [Story(f"{n}", "A", {"A": Passage("A", f"It is {n}.")}) for n in range(9)]
    report = build_stories(stories, tmp_path / "corpus", Settings())
    assert (report.stories, report.near_duplicates) == (9, ())


# ---- sketches ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1000, 4000])
@pytest.mark.parametrize("share", [0.95, 0.8, 0.5, 0.3])
def test_estimates_are_near_the_truth(count: int, share: float) -> None:
    chance = random.Random(count + int(100 * share))
    similarities, contained = [], []
    for _ in range(12):
        whole = words(chance, count)
        part = whole[: int(share * count)]
        same = part + words(chance, count - len(part))
        [found] = compared([sketch(" ".join(whole)), sketch("  \n".join(same))])
        similarities.append(found.similarity - share / (2 - share))
        # In a story ten times as long, whose sketch has another limit.
        [found] = compared([sketch(" ".join(same)), sketch(" ".join([*words(chance, 9 * count), *whole]))])
        contained.append(found.contained - share)
    assert abs(sum(similarities) / 12) < 0.035
    assert abs(sum(contained) / 12) < 0.035


def test_similar_texts_are_found_among_many(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(0)
    texts = [words(chance, 200) for _ in range(300)]
    texts += [[*text[:170], *words(chance, 30)] for text in texts[:20]]
    sketches = [sketch(" ".join(text)) for text in texts]
    found = compared(sketches)
    assert [(each.a, each.b) for each in found] == [(n, 300 + n) for n in range(20)]
    monkeypatch.setattr(duplicates, "_AT_ONCE", 5000)  # in several passes
    assert compared(sketches) == found


def test_many_versions_are_connected() -> None:
    chance = random.Random(0)
    common = words(chance, 1000)
    sketches = [sketch(" ".join([*words(chance, 300), *common])) for _ in range(200)]
    clusters = Clusters(200)
    for found in compared(sketches):
        clusters.join(found.a, found.b)
    assert {clusters.find(n) for n in range(200)} == {0}


def test_text_of_few_words_has_a_sketch() -> None:
    assert len(sketch("")) == 0
    assert len(sketch("One.")) == 1
    assert not np.array_equal(sketch("It is 7."), sketch("It is 8."))
    assert np.array_equal(sketch("It\nis  7."), sketch(" It is 7. "))
    long = "a" * 40
    assert not np.array_equal(sketch(f"{long}b"), sketch(long))


def test_clusters_are_transitive() -> None:
    clusters = Clusters(6)
    for pair in ((1, 2), (4, 5), (5, 2)):
        clusters.join(*pair)
    assert [clusters.find(n) for n in range(6)] == [0, 1, 1, 3, 1, 1]

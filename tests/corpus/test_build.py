"""From stories to a corpus: no leaks, no duplicates, and rejects are counted."""

import json
import random
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus import pipeline, sources
from corpus.build import build, build_stories
from corpus.errors import CorpusError
from corpus.pipeline import Settings, count_words
from corpus.report import Report
from corpus.sources import workers_for
from corpus.splits import SPLITS, split, split_examples
from corpus.story import CONTEXT_ONLY, UNFINISHED, Choice, Passage, Provenance, Story
from corpus.turns import clean_prose

Rows = list[dict[str, Any]]


def ring(name: str, passages: int = 4, **fields: Any) -> Story:
    """Return a story with passages in a ring, each also with a choice to an ending; texts have the story's name."""
    rooms = {}
    for n in range(passages):
        choices = (Choice("Walk on", f"{(n + 1) % passages}"), Choice("Rest", f"end {n}"))
        rooms[f"{n}"] = Passage(f"{n}", f"Room {n} of {name}.", choices)
        rooms[f"end {n}"] = Passage(f"end {n}", f"End {n} of {name}.")
    return Story(name, "0", rooms, **({"source": f"{name}.twee", "rights": "Apache-2.0"} | fields))


def tale(seed: int, words: int = 400, changed: int = 0, title: str = "") -> Story:
    """Return a story of random words, the first `changed` replaced, with a choice of two endings."""
    chance = random.Random(seed)
    text = [f"w{chance.randrange(10**6)}" for _ in range(words)]
    text[:changed] = [f"other{seed}.{n}" for n in range(changed)]
    choices = (Choice("Go", "B"), Choice("Run", "C"))
    return Story(
        title or f"Tale {seed}",
        "A",
        {
            "A": Passage("A", " ".join(text), choices),
            "B": Passage("B", f"You went {seed} {changed}."),
            "C": Passage("C", f"You ran {seed} {changed}."),
        },
    )


def novel(seed: int, passages: int = 6) -> Story:
    """Return an author's story: a chain of passages with long paragraphs, and an ending."""
    chance = random.Random(seed)
    texts = ["You see " + " ".join(f"w{chance.randrange(10**6)}" for _ in range(40)) + "." for _ in range(passages)]
    rooms = {
        f"{n}": Passage(f"{n}", text, (Choice("Walk on", f"{n + 1}"),) if n < passages - 1 else ())
        for n, text in enumerate(texts)
    }
    return Story(f"Novel {seed}", "0", rooms, source=f"novel-{seed}.twee")


def play_of(story: Story, *own: str) -> Story:
    """Return a playthrough of a chain to its end, with a turn of the player's own after each of the first passages."""
    rooms: dict[str, Passage] = {}
    texts = [passage.text for passage in story.passages.values()]
    for n, text in enumerate(texts):
        choices = [Choice("Walk on", f"{n + 1}")] if n < len(texts) - 1 else []
        if n < len(own):
            choices.append(Choice("Look around", f"own {n}"))
            rooms[f"own {n}"] = Passage(f"own {n}", own[n], (), frozenset({UNFINISHED}))
        rooms[f"{n}"] = Passage(f"{n}", text, tuple(choices), frozenset({CONTEXT_ONLY}))
    return Story(story.title, "0", rooms, source=f"shelf-{story.title}-{len(own)}.db")


def build_corpus(stories: list[Story], folder: Path, **settings: Any) -> tuple[dict[str, Rows], Report]:
    """Build a corpus; return the rows of each split, and the report."""
    report = build_stories(stories, folder / "corpus", Settings(**settings))
    return rows_of(folder / "corpus"), report


def rows_of(corpus: Path) -> dict[str, Rows]:
    files = {name: sorted((corpus / "data").glob(f"{name}-*.parquet")) for name in SPLITS}
    return {name: [row for file in files[name] for row in pq.read_table(file).to_pylist()] for name in SPLITS}


def rejected(folder: Path) -> list[tuple[str, str, str, str]]:
    lines = (folder / "rejects.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return [(line["reason"], line["story"], line["passage"], line["text"]) for line in found]


# ---- the corpus ----------------------------------------------------------------------------------------------


def test_columns_and_figures(tmp_path: Path) -> None:
    stories = [ring(f"Tale {n}") for n in range(4)]
    rows, report = build_corpus(stories, tmp_path)
    assert all(list(row) == ["story", "context", "target", "ends"] for row in chain(*rows.values()))
    assert (report.stories, report.passages, report.choices) == (4, 32, 32)
    assert report.words == sum(story.words() for story in stories)
    assert report.examples == {name: len(rows[name]) for name in SPLITS}
    assert report.target_characters == {name: sum(len(row["target"]) for row in rows[name]) for name in SPLITS}
    assert report.rights == {"Apache-2.0": 4}
    assert sorted(chain.from_iterable(report.titles.values())) == [story.title for story in stories]
    assert sorted(line.source for line in report.contents) == [story.source for story in stories]
    assert all(line.title in report.titles[line.split] for line in report.contents)
    assert (report.drops, report.warnings, report.leaked) == ({}, (), 0)
    assert sum(report.passage_words) == report.passages
    assert sum(report.example_characters) == sum(report.examples.values())


@pytest.mark.parametrize(("count", "held_out"), [(3, 1), (10, 1), (25, 2), (40, 4)])
def test_a_tenth_of_the_stories_is_in_validation_and_test(count: int, held_out: int, tmp_path: Path) -> None:
    rows, report = build_corpus([ring(f"Tale-{n}-") for n in range(count)], tmp_path, seed=1)
    assert [len(report.titles[name]) for name in SPLITS] == [count - 2 * held_out, held_out, held_out]
    for name in SPLITS:
        text = "".join(row["context"] + row["target"] for row in rows[name])
        assert {title for title in chain.from_iterable(report.titles.values()) if title in text} == set(
            report.titles[name]
        )


def test_same_seed_gives_the_same_corpus_in_any_order(tmp_path: Path) -> None:
    stories = [ring(f"Tale {n}") for n in range(8)] + [tale(9), tale(9, changed=60), tale(9, changed=8)]
    contents = []
    for n, order in enumerate((stories, stories[::-1])):
        build_stories(order, tmp_path / str(n), Settings(seed=3))
        contents.append({file.name: file.read_bytes() for file in (tmp_path / str(n)).rglob("*") if file.is_file()})
    assert contents[0] == contents[1]
    held_out = {tuple(build_corpus(stories, tmp_path, seed=seed)[1].titles["test"]) for seed in range(10)}
    assert len(held_out) > 1


def test_number_of_processes_does_not_change_the_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "stories"
    folder.mkdir()
    for n in range(12):
        (folder / f"{n}.twee").write_text(
            f":: Start\nTale {n} begins.\n[[Go->B]]\n[[Run->C]]\n:: B\nTale {n} went.\n:: C\nTale {n} ran.\n:: D\n{n}\n"
        )
    monkeypatch.setattr(sources, "BATCH", 100)
    contents = []
    for workers in (1, 2):
        corpus, rejects = tmp_path / f"{workers}", tmp_path / f"{workers}.jsonl"
        read: list[int] = []
        build([folder], corpus, Settings(rejects=rejects), workers, read.append)
        assert read == sorted(read)
        assert (len(read) > 3, read[-1]) == (True, 12)
        files = {file.relative_to(corpus): file.read_bytes() for file in corpus.rglob("*") if file.is_file()}
        contents.append((files, rejects.read_bytes()))
    assert contents[0] == contents[1]
    assert contents[0][1].count(b"unreachable passage") == 12


def test_one_process_builds_little_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 7)
    (tmp_path / "folder").mkdir()
    for name in ("a.twee", "folder/b.twee"):
        (tmp_path / name).write_bytes(b"x" * 600)
    assert workers_for([tmp_path]) == 1
    monkeypatch.setattr(sources, "_LARGE", 1000)
    assert workers_for([tmp_path]) == 7
    assert workers_for([tmp_path / "a.twee"]) == 1


def test_context_length(tmp_path: Path) -> None:
    rows, report = build_corpus([ring(f"Tale {n}", passages=40) for n in range(4)], tmp_path, context=300)
    longest = max(len(row["context"]) for row in chain(*rows.values()))
    assert 250 < longest <= 300
    assert report.context == 300


@given(st.lists(st.text(st.sampled_from(list("ab .\n\té—\x1f🐉")), max_size=20), min_size=1, max_size=5))
def test_word_count_equals_split(texts: list[str]) -> None:
    prose = [clean_prose(text) for text in texts]
    assert count_words(prose) == [len(text.split()) for text in prose]


# ---- rejects -------------------------------------------------------------------------------------------------


def test_first_of_several_duplicates_is_kept(tmp_path: Path) -> None:
    texts = [passage.text for passage in ring("Tale 0").passages.values()]
    leaves = {f"{n}": Passage(f"{n}", text) for n, text in enumerate(texts)}
    start = Passage("0", texts[0] + "\r\n", tuple(Choice("Go", name) for name in leaves if name != "0"))
    copy = Story("Copy", "0", {**leaves, "0": start})
    _, report = build_corpus(
        [*(ring(f"Tale {n}") for n in range(3)), copy], tmp_path, rejects=tmp_path / "rejects.jsonl"
    )
    assert report.stories == 3
    assert report.drops == {"duplicate story": 1}
    [(reason, story, passage, text)] = rejected(tmp_path)
    assert (reason, story, passage) == ("duplicate story", "Copy", "")
    assert "End 3 of Tale 0." in text


def test_longest_of_several_near_duplicates_is_kept(tmp_path: Path) -> None:
    stories = [*(ring(f"Tale {n}") for n in range(3)), tale(5, changed=9), tale(5, words=404, title="Longer")]
    _, report = build_corpus(stories, tmp_path, rejects=tmp_path / "rejects.jsonl")
    assert report.drops == {"near-duplicate story": 1}
    assert report.near_duplicates == ()
    assert [line.title for line in report.contents if line.words > 300] == ["Longer"]
    assert [line[:3] for line in rejected(tmp_path)] == [("near-duplicate story", "Tale 5", "")]


@pytest.mark.parametrize("seed", range(5))
def test_similar_stories_stay_in_one_split(seed: int, tmp_path: Path) -> None:
    stories = [tale(n) for n in range(9)] + [tale(n, changed=80, title=f"Remake {n}") for n in range(9)]
    _, report = build_corpus(stories, tmp_path, seed=seed)
    assert report.stories == 18
    assert len(report.near_duplicates) == 9
    split_of = {line.title: line.split for line in report.contents}
    assert all(split_of[f"Tale {n}"] == split_of[f"Remake {n}"] for n in range(9))


def test_near_duplicates_are_kept_by_default(tmp_path: Path) -> None:
    stories = [*(ring(f"Tale {n}") for n in range(3)), tale(5), tale(5, changed=9)]
    assert build_corpus(stories, tmp_path, near_duplicates=False)[1].stories == 5


def test_filters_by_rights_author_and_rating(tmp_path: Path) -> None:
    def rated(name: str, maturity: int | None, **fields: Any) -> Story:
        return ring(
            name, provenance=Provenance("https://example.org/", "2026-01-01T00:00Z", "", maturity=maturity), **fields
        )

    stories = [
        *(rated(f"Tale {n}", 2, author="Ada") for n in range(3)),
        rated("Grim", 7, author="Ada"),
        rated("Unrated", None, author="Ada"),
        ring("Own", author="Ada"),
        rated("Bobs", 2, author="Bob"),
        rated("Closed", 2, author="Ada", rights="All rights reserved"),
    ]
    _, report = build_corpus(
        stories,
        tmp_path,
        rights=("Apache-2.0", "MIT"),
        authors=("Ada",),
        maturity_at_most=5,
        rejects=tmp_path / "rejects.jsonl",
    )
    assert sorted(line.title for line in report.contents) == ["Tale 0", "Tale 1", "Tale 2"]
    assert report.drops == {
        "story under other rights": 1,
        "story by another author": 1,
        "story rated too mature": 1,
        "story without a maturity rating": 2,
    }
    assert {line[1] for line in rejected(tmp_path)} == {"Grim", "Unrated", "Own", "Bobs", "Closed"}
    assert build_corpus(stories, tmp_path)[1].stories == len(stories)


def test_rejects_are_counted_and_written(tmp_path: Path) -> None:
    untidy = ring("Untidy")
    passages = {
        **untidy.passages,
        "end 0": Passage("end 0", "Hm.", (Choice("Go", "Nowhere"), Choice("Run", "0"), Choice("run", "0"))),
        "Attic": Passage("Attic", "Attic of Untidy."),
    }
    stories = [
        ring("A"),
        ring("B"),
        ring("B"),
        Story("Untidy", "0", passages),
        Story("E", "E", {"E": Passage("E", " ")}),
    ]
    _, report = build_corpus(stories, tmp_path, rejects=tmp_path / "rejects.jsonl")
    lines = rejected(tmp_path)
    assert report.drops == {reason: [line[0] for line in lines].count(reason) for reason in report.drops}
    assert sum(report.drops.values()) == len(lines)
    assert set(report.drops) == {
        "unreachable passage",
        "dangling choice",
        "repeated choice",
        "duplicate story",
        "story without text",
    }
    assert ("unreachable passage", "Untidy", "Attic", "Attic of Untidy.") in lines


def test_story_with_too_many_examples_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passages = {
        "A": Passage("A", "A.", tuple(Choice(f"Go {n}", "B") for n in range(99))),
        "B": Passage("B", "B" * 1000),
    }
    stories = [*(ring(f"Tale {n}") for n in range(3)), Story("Mill", "A", passages)]
    monkeypatch.setattr(pipeline, "_LONGEST_COLUMN", 99 * 1000)
    assert build_corpus(stories, tmp_path, context=300)[1].drops == {}
    monkeypatch.setattr(pipeline, "_LONGEST_COLUMN", 99 * 1000 - 1)
    assert build_corpus(stories, tmp_path, context=300)[1].drops == {"story too large when unfolded": 1}
    assert build_corpus(stories, tmp_path, context=2000)[1].drops == {"story too large when unfolded": 1}


def test_notes_of_readers_are_in_the_report(tmp_path: Path) -> None:
    stories = [ring("A"), ring("B"), ring("C", source="c.twee", notes=("Something is odd.",))]
    assert build_corpus(stories, tmp_path)[1].notes == ("c.twee: Something is odd.",)


def test_error_without_stories(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no story with text"):
        build_corpus([], tmp_path)
    with pytest.raises(CorpusError, match=r"or filter less. Left out: story under other rights: 1\."):
        build_corpus([ring("A")], tmp_path, rights=("MIT",))
    assert not (tmp_path / "corpus").exists()


# ---- play of authors' stories --------------------------------------------------------------------------------


def test_author_is_not_learned_twice(tmp_path: Path) -> None:
    novels = [novel(n) for n in range(5)]
    plays = [play_of(novels[0], "A cat sits here.", "The wind turns."), play_of(novels[1], "Somebody coughs.")]
    rows, report = build_corpus([*plays, *novels], tmp_path)
    assert (report.stories, report.drops, report.warnings) == (7, {}, ())
    learned = "\n".join(row["target"] for row in chain(*rows.values()))
    for story in novels:
        for passage in story.passages.values():
            assert learned.count(passage.text) == 1
    for own in ("A cat sits here.", "The wind turns.", "Somebody coughs."):
        assert learned.count(f"> You look around.\n\n{own}") == 1
    assert report.passages == 5 * 6 + 3
    assert report.choices == 5 * 5 + 3
    assert report.words == sum(story.words() for story in novels) + 4 + 3 + 2


@pytest.mark.parametrize("near_duplicates", [True, False])
def test_play_is_in_the_split_of_its_story(near_duplicates: bool, tmp_path: Path) -> None:
    novels = [novel(n) for n in range(8)]
    plays = [play_of(story, f"Cat {n} is here.", f"It is {n}.") for n, story in enumerate(novels)]
    again = play_of(novels[3], "Another cat.")
    changed = novels[5].passages["0"]
    novels[5] = Story("Second edition", "0", {**novels[5].passages, "0": Passage("0", "New.", changed.choices)})
    for seed in range(4):
        _, report = build_corpus([*novels, *plays, again], tmp_path, seed=seed, near_duplicates=near_duplicates)
        assert (report.stories, report.drops, report.leaked) == (17, {}, 0)
        splits: dict[str, set[str]] = {}
        for line in report.contents:
            splits.setdefault(line.title.replace("Second edition", "Novel 5"), set()).add(line.split)
        assert len(splits) == 8
        assert all(len(names) == 1 for names in splits.values())
        assert len(report.near_duplicates) == 8


def test_play_without_own_turns_is_left_out(tmp_path: Path) -> None:
    novels = [novel(n) for n in range(3)]
    _, report = build_corpus([play_of(novels[0]), *novels], tmp_path, rejects=tmp_path / "rejects.jsonl")
    assert report.drops == {"story with an author's passages only": 1}
    assert [line.source for line in report.contents] == [story.source for story in novels]
    assert [line[:2] for line in rejected(tmp_path)] == [("story with an author's passages only", "Novel 0")]
    with pytest.raises(CorpusError, match="Left out: story with an author's passages only: 1"):
        build_corpus([play_of(novels[0])], tmp_path)


def test_play_of_one_story_alone_is_split_by_example(tmp_path: Path) -> None:
    rows, report = build_corpus([play_of(novel(0), *(f"Cat {n}." for n in range(5)))], tmp_path)
    assert sum(map(len, rows.values())) == 5
    assert all(row["context"] and row["target"].startswith("\n\n> You") for row in chain(*rows.values()))
    assert report.leaked == 0


# ---- splits --------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 30), min_size=3, max_size=60), st.integers(0, 99))
def test_each_cluster_is_in_one_split(sizes: list[int], seed: int) -> None:
    clusters = [[f"{n}-{k}" for k in range(size)] for n, size in enumerate(sizes)]
    place = split(clusters, seed)
    assert set(place.values()) == set(SPLITS)
    assert all(len({place[story] for story in cluster}) == 1 for cluster in clusters)
    assert place == split([cluster[::-1] for cluster in clusters[::-1]], seed)
    held_out = max(1, round(sum(sizes) / 10))
    if all(size == 1 for size in sizes):
        assert [list(place.values()).count(name) for name in ("validation", "test")] == [held_out, held_out]


def test_largest_cluster_is_in_train() -> None:
    clusters = [[f"big-{n}" for n in range(20)], ["a"], ["b"]]
    assert all(split(clusters, seed)["big-7"] == "train" for seed in range(20))


def test_added_story_moves_few_others() -> None:
    before = split([[f"{n}"] for n in range(100)], seed=0)
    after = split([[f"{n}"] for n in range(101)], seed=0)
    assert sum(after[story] != place for story, place in before.items()) <= 2


@given(st.lists(st.booleans(), min_size=3, max_size=60), st.integers(0, 99))
def test_openings_are_in_train(openings: list[bool], seed: int) -> None:
    is_opening = {str(n): opening for n, opening in enumerate(openings)}
    place = split_examples(is_opening, seed)
    assert set(place) == set(is_opening)
    assert set(place.values()) == set(SPLITS)
    held_out = [is_opening[name] for name, part in place.items() if part != "train"]
    assert not any(held_out) or openings.count(False) < len(held_out)


def test_single_story_is_split_by_example_with_a_warning(tmp_path: Path) -> None:
    rows, report = build_corpus([ring("Tale", passages=9)], tmp_path)
    assert all(rows.values())
    assert all(row["context"] for name in ("validation", "test") for row in rows[name])
    three = build_stories([ring(f"Tale{n}", passages=9) for n in ("", " 1", " 2")], tmp_path / "three", Settings())
    assert sum(report.examples.values()) * 3 == sum(three.examples.values())
    assert "Held-out results will look too good" in report.warnings[0]
    assert report.titles == {name: ["Tale"] for name in SPLITS}
    assert report.contents[0].split == "train, validation, test"


def test_error_for_too_few_examples(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"needs at least 3 examples.*there is 1\. Add a story, or add choices"):
        build_corpus([Story("A", "A", {"A": Passage("A", "A.")})], tmp_path)

"""A blind reading hides who wrote what, refuses scores that don't fit, and counts what readers preferred."""

from pathlib import Path

import msgspec
import pytest

from tests.benchmarks.blind.answers import Answer
from tests.benchmarks.blind.prompts import HALVES, blind_prompts
from tests.benchmarks.blind.reading import Score, Scored, load_reading, load_scores, make_reading
from tests.benchmarks.blind.table import preferences, print_table, scores_by_teller, wilson

TELLERS = ["secret-one plain", "secret-two plain"]
GOOD, BAD = Score(3, 2, "none"), Score(0, 0, "nonsense")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A reading of 12 prompts in which the first teller always writes "Good." and the other "Bad."."""
    prompts = list(blind_prompts("build"))[:12]
    answers = [
        Answer(teller, prompt.name, 0, text, 1)
        for prompt in prompts
        for teller, text in zip(TELLERS, ("Good.", "Bad."), strict=True)
    ]
    make_reading(tmp_path / "reading", prompts, answers, TELLERS, seed=1)
    return tmp_path / "reading"


def judge(folder: Path, reader: str) -> None:
    """Prefer "Good." everywhere."""
    lines = []
    for number, prompt in enumerate(load_reading(folder), 1):
        best = sorted(prompt.answers, key=lambda letter: prompt.answers[letter] != "Good.")
        scored = Scored(number, dict(zip(best, (GOOD, BAD), strict=True)), best)
        lines.append(msgspec.json.encode(scored).decode())
    (folder / f"scores-{reader}.jsonl").write_text("\n".join(lines))


def test_readers_see_no_name_and_no_fixed_order(folder: Path) -> None:
    page = (folder / "reading.md").read_text()
    reading = load_reading(folder)
    assert "secret" not in page
    assert len({prompt.tellers["A"] for prompt in reading}) == 2, "the order of the answers changes"
    assert all(f"## Prompt {number}\n" in page for number in range(1, 13))


def test_the_key_tells_who_wrote_what(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judge(folder, "anna")
    judge(folder, "ben")
    reading = load_reading(folder)
    scores = load_scores(folder, reading)
    assert preferences(reading, scores["anna"]) == {(TELLERS[0], TELLERS[1]): 12}
    assert scores_by_teller(reading, scores["ben"]) == {TELLERS[0]: [GOOD] * 12, TELLERS[1]: [BAD] * 12}
    print_table(reading, scores, ["opening", "later", "history"])
    printed = capsys.readouterr().out
    assert "secret-one plain before secret-two plain: 12 of 12, 100%" in printed
    assert "anna and ben agree on sense in 24 of 24" in printed


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"prompt": 99, "answers": {}, "order": []}', "no prompt 99"),
        ('{"prompt": 1, "answers": {}, "order": []}', "has the answers A, B"),
        ('{"prompt": 1, "answers": {"A": {"sense": 4, "prose": 0, "fault": "none"}}, "order": ["A"]}', "<= 3"),
        ("not JSON", "malformed"),
    ],
)
def test_scores_that_do_not_fit_are_refused_with_their_place(folder: Path, line: str, problem: str) -> None:
    (folder / "scores-anna.jsonl").write_text(line)
    with pytest.raises(ValueError, match=problem) as error:
        load_scores(folder, load_reading(folder))
    assert "scores-anna.jsonl, line 1" in str(error.value)


def test_the_halves_share_no_prompt_and_have_all_kinds() -> None:
    names = [{prompt.name for prompt in blind_prompts(half)} for half in HALVES]
    assert [len(half) for half in names] == [72, 72]
    assert names[0].isdisjoint(names[1])
    for half in HALVES:
        assert {prompt.kind for prompt in blind_prompts(half)} == {"opening", "later", "history"}
        assert all(bool(prompt.fact) == (prompt.kind == "history") for prompt in blind_prompts(half))


def test_the_interval_of_a_share() -> None:
    # Brown, Cai and DasGupta, Interval Estimation for a Binomial Proportion, 2001: Wilson's interval.
    low, high = wilson(15, 30)
    assert (round(low, 3), round(high, 3)) == (0.332, 0.668)
    assert wilson(0, 0) == (0.0, 1.0)

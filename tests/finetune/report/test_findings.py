"""The sentences of a report claim what the figures show, and no more."""

from dataclasses import replace

from finetune.report.findings import findings
from tests.finetune.report.studies import BASE, SCRATCH, TUNED, run, study


def test_the_headline_is_the_least_text_that_beats_random_weights_on_all_of_it() -> None:
    headline, *others = findings(study(BASE, *TUNED, *SCRATCH))
    assert headline == (
        "LoRA on 10% of the text (1 story, 1,000 words) reaches 1.100 bits per byte in 2.0 minutes (untuned: 1.200); "
        "the same model from random weights, on all of the text (10 stories, 10,000 words), "
        "reaches 2.000 after 2.0 minutes."
    )
    said = " ".join(others)
    assert "Best of the tuned: LoRA on all of the text" in said and "16.7% below the untuned base's 1.200" in said
    assert "it has 50% with 10% of it" in said
    assert "6 trainings of this page took 12.0 minutes: $0.06 at $0.30 an hour" in said
    assert "still learning" not in said


def test_where_random_weights_win_it_says_so() -> None:
    headline = findings(study(BASE, *TUNED, run("scratch", 100, 0.9)))[0]
    assert headline.startswith("Transfer bought nothing here")
    assert "reaches 0.900" in headline and "LoRA, 1.000 bits per byte" in headline


def test_tuning_that_does_harm_is_no_gain() -> None:
    worse = run("lora", 100, 1.3)
    headline, *others = findings(study(BASE, worse, run("scratch", 100, 2.0)))
    assert headline.startswith("Untuned, the base is at 1.200 bits per byte, and no tuning improved on it")
    assert "8.3% above the untuned base's" in others[0] and len(others) == 2


def test_a_budget_that_ended_too_early_is_reported() -> None:
    cut = run("scratch", 100, 2.0, best_step=20)
    assert any("still learning when its 20 steps were over" in said for said in findings(study(BASE, *TUNED, cut)))


def test_a_budget_that_does_not_reach_all_of_the_text_is_reported() -> None:
    short = [replace(r, passes=0.05 if r.share == 100 else 0.5) for r in (*TUNED, *SCRATCH)]
    headline, *others = findings(study(BASE, *short))
    assert "10% of the text (1 story, 1,000 words, of which it saw 50%)" in headline
    assert "all of the text (10 stories, 10,000 words, of which it saw 5.0%)" in headline
    assert any("go over 5.0% of the whole text" in said for said in others)


def test_without_random_weights_nothing_is_said_of_them() -> None:
    said = findings(study(BASE, *TUNED))
    assert said[0].startswith("Best of the tuned: LoRA") and "random" not in " ".join(said)
    assert findings(study(BASE)) == []

"""The sentences of a report agree with its figures."""

from dataclasses import replace

from finetune.report.findings import findings
from tests.finetune.report.studies import BASE, SCRATCH, TUNED, run, study


def test_the_headline_is_the_smallest_share_that_beats_random_weights_on_all_text() -> None:
    headline, *others = findings(study(BASE, *TUNED, *SCRATCH))
    assert headline == (
        "LoRA on 10% of the text (1 story, 1,000 words) reaches 1.100 bits per byte in 2.0 minutes (untuned: 1.200); "
        "the same model from random weights, on all of the text (10 stories, 10,000 words), "
        "reaches 2.000 after 2.0 minutes."
    )
    text = " ".join(others)
    assert "Best of the tuned: LoRA on all of the text" in text and "16.7% below the untuned base's 1.200" in text
    assert "it has 50% with 10% of it" in text
    assert "6 trainings of this page took 12.0 minutes: $0.06 at $0.30 an hour" in text
    assert "still learning" not in text


def test_the_headline_if_random_weights_are_better() -> None:
    headline = findings(study(BASE, *TUNED, run("scratch", 100, 0.9)))[0]
    assert headline.startswith("Transfer bought nothing here")
    assert "reaches 0.900" in headline and "LoRA, 1.000 bits per byte" in headline


def test_the_headline_if_tuning_is_worse_than_the_base() -> None:
    worse = run("lora", 100, 1.3)
    headline, *others = findings(study(BASE, worse, run("scratch", 100, 2.0)))
    assert headline.startswith("Untuned, the base is at 1.200 bits per byte, and no tuning improved on it")
    assert "8.3% above the untuned base's" in others[0] and len(others) == 2


def test_a_budget_that_ended_too_early_is_reported() -> None:
    cut = run("scratch", 100, 2.0, best_step=20)
    assert any(
        "still learning when its 20 steps were over" in sentence for sentence in findings(study(BASE, *TUNED, cut))
    )


def test_a_budget_that_does_not_reach_all_of_the_text_is_reported() -> None:
    short = [replace(r, passes=0.05 if r.share == 100 else 0.5) for r in (*TUNED, *SCRATCH)]
    headline, *others = findings(study(BASE, *short))
    assert "10% of the text (1 story, 1,000 words, of which it saw 50%)" in headline
    assert "all of the text (10 stories, 10,000 words, of which it saw 5.0%)" in headline
    assert any("go over 5.0% of the whole text" in sentence for sentence in others)


def test_without_random_weights_no_sentence_mentions_them() -> None:
    sentences = findings(study(BASE, *TUNED))
    assert sentences[0].startswith("Best of the tuned: LoRA") and "random" not in " ".join(sentences)
    assert findings(study(BASE)) == []

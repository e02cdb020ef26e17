"""The page of a report: what its sentences claim, and that it needs and runs nothing else."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from finetune.errors import FinetuneError
from finetune.report.charts import draw_charts
from finetune.report.findings import findings
from finetune.report.job import parse_methods, parse_shares
from finetune.report.page import write_page
from finetune.report.study import Evaluation, Run, Study
from finetune.report.units import dollars, duration, parameter_count, percent

EVIL = "<script>alert('& you?')</script> $x_1$"


def run(method: str, share: float, bits: float, **other: object) -> Run:
    values = {
        "method": method,
        "stories": 0 if method == "base" else round(share / 10),
        "share": share,
        "words": int(share * 100),
        "learning_rate": 1e-3,
        "trained": 1000,
        "steps": 0 if method == "base" else 20,
        "budget": 0 if method == "base" else 20,
        "passes": 2.0,
        "best_step": 0 if method == "base" else 16,
        "bits_per_byte": bits,
        "nats_per_token": 3 * bits,
        "seconds": 0.0 if method == "base" else 120.0,
        "tokens_per_second": 500.0,
        "memory": 2**30,
    }
    return Run(**{**values, **other})  # type: ignore[arg-type]


def study(*runs: Run, **other: object) -> Study:
    values = {
        "base": "tiny",
        "parameters": 135_000_000,
        "device": "CPU",
        "precision": "fp32",
        "stories": 10,
        "words": 10_000,
        "split": "test",
        "held_out_tokens": 500,
        "held_out_bytes": 2000,
        "recipe_name": "laptop",
        "recipe": {"patience": 3},
        "price": 0.3,
        "prompts": (),
        "runs": runs,
    }
    return Study(**{**values, **other})  # type: ignore[arg-type]


BASE = run("base", 0, 1.2)
TUNED = (run("lora", 10, 1.1), run("lora", 100, 1.0), run("full", 10, 1.15), run("full", 100, 1.05))
SCRATCH = (run("scratch", 10, 2.5), run("scratch", 100, 2.0))


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


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Path]:
    made = study(
        replace(BASE, samples=(EVIL,)),
        *TUNED,
        *(replace(r, curve=(Evaluation(1, 4.0, 2.6), Evaluation(2, 8.0, 2.1)), samples=("You go.",)) for r in SCRATCH),
        base=EVIL,
        prompts=(EVIL,),
        recipe_name=EVIL,
    )
    folder = tmp_path_factory.mktemp("report")
    write_page(made, folder / "index.html", draw_charts(made, folder / "pictures"))
    return made, folder


class _Read(HTMLParser):
    """All tags with their attributes, and the text of all table cells, row by row."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def test_the_page_loads_and_runs_nothing(page: tuple[Study, Path]) -> None:
    text = (page[1] / "index.html").read_text(encoding="utf-8")
    read = _Read(text)
    tags = {tag for tag, _ in read.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "image", "base", "form"}
    for tag, attributes in read.tags:
        assert "src" not in attributes and not any(name.startswith("on") for name in attributes)
        link = attributes.get("href") or attributes.get("xlink:href")
        assert not link or link.startswith("#") or (tag == "a" and link.startswith("https://"))
    assert not re.search(r"url\((?!#)|@import", text)
    policy = next(attributes for tag, attributes in read.tags if attributes.get("http-equiv"))
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"
    ids = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_what_models_and_users_wrote_is_text(page: tuple[Study, Path]) -> None:
    text = (page[1] / "index.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert text.count("&lt;script&gt;alert(&#x27;&amp; you?&#x27;)&lt;/script&gt; $x_1$") >= 4


def test_each_picture_has_its_figures_in_a_table_beside_it(page: tuple[Study, Path]) -> None:
    folder = page[1]
    text = (folder / "index.html").read_text(encoding="utf-8")
    read = _Read(text)
    assert ["Untuned base", "1.200", "1.200"] in read.rows
    assert ["LoRA", "1.100", "1.000"] in read.rows
    assert ["Random weights", "2.500", "2.000"] in read.rows
    assert ["LoRA", "1.00 GiB", "1k"] in read.rows
    assert any(row[0].startswith("OpenGPT-2") and row[4] == "$50,000" for row in read.rows)
    assert any(row[0].startswith("AI Dungeon") and row[3:5] == ["not published"] * 2 for row in read.rows)
    labels = [attributes["aria-label"] for tag, attributes in read.tags if tag == "svg"]
    assert len(labels) == 4 and all(labels)
    for name in ("share", "minutes", "memory", "money"):
        assert (folder / "pictures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_study_draws_the_same_pictures(page: tuple[Study, Path], tmp_path: Path) -> None:
    made, folder = page
    text = (folder / "index.html").read_text(encoding="utf-8")
    for svg in draw_charts(made, tmp_path).values():
        assert svg.removeprefix("<svg ") in text


@pytest.mark.filterwarnings("error")
def test_a_single_share_draws_without_complaint(tmp_path: Path) -> None:
    assert "100%" in draw_charts(study(BASE, *TUNED[1::2]), tmp_path)["share"]


def test_figures_in_words() -> None:
    assert [percent(share) for share in (0.87, 12.34, 100)] == ["0.9%", "12%", "100%"]
    assert [duration(seconds) for seconds in (3.21, 40, 400, 9000)] == ["3.2 s", "40 s", "6.7 minutes", "2.5 hours"]
    assert [dollars(amount) for amount in (0, 1e-9, 0.0456, 1.5, 20, 1234.5)] == [
        "$0",
        "under $0.00001",
        "$0.046",
        "$1.50",
        "$20",
        "$1,234",
    ]
    assert [parameter_count(count) for count in (12, 4_880_000, 134_515_008)] == ["12", "4.88M", "135M"]


def test_shares_and_methods_are_read() -> None:
    assert parse_shares("1, 3%,100") == (1, 3, 100)
    assert parse_methods("lora, scratch") == ("lora", "scratch")
    for wrong in ("101", "0", "-1", "many", "1,,2", "nan"):
        with pytest.raises(FinetuneError, match="is not a percentage"):
            parse_shares(wrong)
    with pytest.raises(FinetuneError, match="Did you mean last-layers"):
        parse_methods("last-layer")

"""The page of a report loads no other file and runs no script; each chart has its figures in a table."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from finetune.report.charts import draw_charts
from finetune.report.page import write_page
from finetune.report.study import Evaluation, Study
from tests.finetune.report.studies import BASE, SCRATCH, TUNED, study

EVIL = "<script>alert('& you?')</script> $x_1$"


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


class _ParsedPage(HTMLParser):
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


def test_the_page_loads_no_file_and_runs_no_script(page: tuple[Study, Path]) -> None:
    text = (page[1] / "index.html").read_text(encoding="utf-8")
    read = _ParsedPage(text)
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


def test_text_of_models_and_users_is_escaped(page: tuple[Study, Path]) -> None:
    text = (page[1] / "index.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert text.count("&lt;script&gt;alert(&#x27;&amp; you?&#x27;)&lt;/script&gt; $x_1$") >= 4


def test_each_chart_has_its_figures_in_a_table(page: tuple[Study, Path]) -> None:
    folder = page[1]
    text = (folder / "index.html").read_text(encoding="utf-8")
    read = _ParsedPage(text)
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


def test_the_same_study_gives_the_same_charts(page: tuple[Study, Path], tmp_path: Path) -> None:
    made, folder = page
    text = (folder / "index.html").read_text(encoding="utf-8")
    for svg in draw_charts(made, tmp_path).values():
        assert svg.removeprefix("<svg ") in text


@pytest.mark.filterwarnings("error")
def test_a_study_of_a_single_share_is_drawn_without_warnings(tmp_path: Path) -> None:
    assert "100%" in draw_charts(study(BASE, *TUNED[1::2]), tmp_path)["share"]

"""The dataset card: complete, correct, and safe with any titles."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from corpus.build import build_stories
from corpus.dataset_card import card
from corpus.histogram import EXAMPLE_CHARACTERS, PASSAGE_WORDS, Measure, bars, count, svg
from corpus.pipeline import Settings
from corpus.report import Report
from corpus.story import Choice, Passage, Story


def story(title: str, rights: str = "Apache-2.0", author: str = "Ada", source: str = "") -> Story:
    return Story(
        title,
        "A",
        {
            "A": Passage("A", f"You wake in {title}.", (Choice("Go", "B"), Choice("Wait", "Nowhere"))),
            "B": Passage("B", f"You went away from {title}."),
        },
        rights=rights,
        author=author,
        source=source,
    )


def report_of(stories: list[Story], folder: Path) -> Report:
    return build_stories(stories, folder / "corpus", Settings())


def head(text: str) -> dict[str, object]:
    found = yaml.safe_load(text.split("---\n")[1])
    assert isinstance(found, dict)
    return found


def test_content_of_the_card(tmp_path: Path) -> None:
    stories = [story(f"Tale {n}", source=f"/home/ada/{n}.twee") for n in range(4)]
    stories.append(story("Web", rights="unknown", author="Bob", source="https://example.org/story"))
    report = report_of(stories, tmp_path)
    text = (tmp_path / "corpus" / "README.md").read_text(encoding="utf-8")
    assert text == card(report)
    assert "5 stories with 10 passages, 5 choices and 53 words" in text
    for column in ("story", "context", "target", "ends"):
        assert re.search(rf"\| {column} \| (string|bool) \| \w", text)
    assert "| Tale 3 | Ada | Apache\\-2.0 | a file | 11 |" in text
    assert r"| Web | Bob | unknown | https\://example.org/story | 9 |" in text
    assert "/home/ada" not in text
    assert "| dangling choice | 5 |" in text
    assert "| Apache\\-2.0 | 4 |" in text
    assert "![Words of a passage](passages.svg)" in text
    for name in ("passages.svg", "examples.svg"):
        ET.parse(tmp_path / "corpus" / name)  # noqa: S314 - our own file


def test_head_for_the_hub(tmp_path: Path) -> None:
    report = report_of([story(f"Tale {n}") for n in range(4)], tmp_path)
    found = head(card(report))
    assert found["license"] == "apache-2.0"
    assert found["configs"] == [
        {
            "config_name": "default",
            "data_files": [
                {"split": name, "path": f"data/{name}-*.parquet"} for name in ("train", "validation", "test")
            ],
        }
    ]
    info = found["dataset_info"]
    assert isinstance(info, dict)
    assert {part["name"]: part["num_examples"] for part in info["splits"]} == report.examples
    files = (tmp_path / "corpus" / "data").iterdir()
    assert info["download_size"] == sum(file.stat().st_size for file in files)


@pytest.mark.parametrize(
    ("rights", "expected"),
    [
        (["MIT"] * 3, {"license": "mit"}),
        (["unknown"] * 3, {"license": "unknown"}),
        (["Ask me: first"] * 3, {"license": "other", "license_name": "Ask me: first"}),
        (["MIT", "MIT", "CC0-1.0"], {}),
    ],
)
def test_common_licence_is_in_the_head(rights: list[str], expected: dict[str, str], tmp_path: Path) -> None:
    report = report_of([story(f"Tale {n}", rights=each) for n, each in enumerate(rights)], tmp_path)
    assert {key: value for key, value in head(card(report)).items() if key.startswith("license")} == expected


def test_titles_are_escaped(tmp_path: Path) -> None:
    nasty = "| <img src=x> [a](http://b) *x* `y` # z\n---\n\x1b[31m ![i](j) {{k}}"
    report = report_of([story(nasty, rights=nasty, author=nasty), story("B"), story("C")], tmp_path)
    text = card(report)
    line = next(line for line in text.splitlines() if "img src" in line and line.count(" | ") == 4)
    assert not re.search(r"(?<!\\)[<>\[\]*`#{}]", line)
    assert len(re.findall(r"(?<!\\)\|", line)) == 6
    assert "\x1b" not in text
    assert head(text)["task_categories"] == ["text-generation"]


def test_long_list_of_stories_is_shortened(tmp_path: Path) -> None:
    text = card(report_of([story(f"Tale {n}") for n in range(203)], tmp_path))
    assert "And 3 more; `report.json` lists them all." in text
    assert text.count("| a file |") == 200


def test_table_is_aligned(tmp_path: Path) -> None:
    table = report_of([story(f"Tale {n}") for n in range(4)], tmp_path).table()
    assert len({len(line) for line in table.splitlines()}) == 1
    assert re.search(r"^rights: Apache-2.0 +4$", table, re.MULTILINE)
    assert re.search(r"^validation text also in train +0.00%$", table, re.MULTILINE)


# ---- histograms ----------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 10**5)), st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_each_length_is_counted_in_one_range(lengths: list[int], gaps: list[int]) -> None:
    bounds = tuple(sum(gaps[: n + 1]) for n in range(len(gaps)))
    counts = count(lengths, Measure("", bounds))
    edges = [0, *bounds, 10**9]
    assert counts == [sum(a <= length < b for length in lengths) for a, b in pairwise(edges)]


def test_bars_are_proportional_and_visible() -> None:
    lines = bars([0, 1, 1000, 500, 0, 0, 0, 0], PASSAGE_WORDS).splitlines()
    assert lines[0] == "Words of a passage"
    assert [line.count("█") for line in lines[1:5]] == [0, 1, 40, 20]
    assert lines[1].split() == ["below", "25", "0"]
    assert lines[3].split()[:4] == ["50", "to", "99", "1,000"]
    assert lines[8].split()[:3] == ["1,600", "and", "more"]


def test_picture_is_valid_and_has_numbers() -> None:
    picture = ET.fromstring(svg([0, 0, 7, 1234, 0, 0, 0, 0], EXAMPLE_CHARACTERS))  # noqa: S314 - our own text
    texts = ["".join(element.itertext()) for element in picture]
    assert {"Characters of an example", "1,000 to 1,999", "1,234", "7"} <= set(texts)
    widths = [float(bar.attrib["width"]) for bar in picture if bar.tag.endswith("rect")]
    assert widths[3] == max(widths) > widths[2] > 0
    assert ET.fromstring(svg([0] * 8, EXAMPLE_CHARACTERS)) is not None  # noqa: S314 - our own text

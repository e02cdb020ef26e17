"""The README's pictures: what is drawn, when it is shown, and that a picture needs nothing else."""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from textual.geometry import Size

from dungeon.storyteller.servers.remote import RemoteStoryteller
from tests.dungeon.drawn import Run
from tests.dungeon.scripted import SuggestingServer
from tests.make_pictures import FOLDER, PICTURES, Studio
from tests.pictures import CELL_HEIGHT, LAST_SECONDS, MARGIN, Moment, moving, still, without_waiting

SVG = "{http://www.w3.org/2000/svg}"
SIZE = Size(20, 3)
MOST_BYTES = 1 << 20


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A studio with a scripted voice that suggests and answers at once."""
    with SuggestingServer() as server:
        yield Studio(
            lambda: RemoteStoryteller(server.url, "scripted"), tmp_path, sample_seconds=0.005, letter_seconds=0.01
        )


def line(text: str, color: str = "#ffffff", *marks: str) -> tuple[Run, ...]:
    return (Run(0, 0, text, color, "#000000", frozenset(marks)),)


def screen(*texts: str) -> tuple[tuple[Run, ...], ...]:
    return tuple(line(text) for text in (*texts, "", "", "")[:3])


def parse(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - a picture of ours


def texts(element: ElementTree.Element) -> str:
    return " ".join(text.text or "" for text in element.iter(f"{SVG}text"))


def shown_at(svg: str, seconds: float) -> list[str]:
    """The lines that a picture shows after so many seconds, from top to bottom."""
    root = parse(svg)
    style = "".join(element.text or "" for element in root.iter(f"{SVG}style"))
    groups = {group.get("id"): texts(group) for group in root.iter(f"{SVG}g")}
    lines = {}
    for use in root.iter(f"{SVG}use"):
        if name := use.get("class"):
            frames = re.search(rf"@keyframes {name}\{{((?:[\d.]+%\{{\w+:\w+\}})+)\}}", style)
            length = re.search(rf"animation:{name} ([\d.]+)s step-end infinite", style)
            assert frames and length
            share = seconds / float(length[1]) * 100
            steps = re.findall(r"([\d.]+)%\{visibility:(\w+)\}", frames[1])
            if [state for begin, state in steps if float(begin) <= share][-1] == "hidden":
                continue
        row = (int(use.get("y", "")) - MARGIN) // CELL_HEIGHT
        assert row not in lines, "two lines in one place"
        lines[row] = groups[use.get("href", "").removeprefix("#")]
    return [lines[row] for row in sorted(lines)]


def check_stands_alone(svg: str) -> None:
    """No script, no font, no file and no address but the name of SVG itself."""
    assert svg.replace("http://www.w3.org/2000/svg", "").count("://") == 0
    assert not re.search(r"<script|@font-face|@import|url\(|<image|<foreignObject|\son\w+=|[^\x20-\x7e]href", svg)
    assert len(svg.encode()) < MOST_BYTES


def test_a_still_has_the_letters_colours_and_marks() -> None:
    svg = still([line('  <bold> & "red" ', "#ff0000", "bold", "underline")], Size(20, 1), "#000000", "A <title>")
    root = parse(svg)
    (text,) = root.iter(f"{SVG}text")
    assert text.text == '<bold> & "red"'
    assert (text.get("fill"), text.get("font-weight"), text.get("text-decoration")) == ("#ff0000", "bold", "underline")
    assert (text.get("x"), text.get("textLength")) == ("19.2", "134.4")
    assert root.findtext(f"{SVG}title") == "A <title>"
    check_stands_alone(svg)


def test_a_background_of_its_own_is_drawn_and_wide_letters_have_two_cells() -> None:
    runs = (Run(0, 0, "語", "#ffffff", "#222222", frozenset()), Run(2, 0, " x", "#ffffff", "#000000", frozenset()))
    root = parse(still([runs], Size(20, 1), "#000000", ""))
    assert [(rect.get("width"), rect.get("fill")) for rect in root.iter(f"{SVG}rect")][1:] == [("19.2", "#222222")]
    assert [text.get("x") for text in root.iter(f"{SVG}text")] == ["0.0", "28.8"]


def test_a_moving_picture_shows_each_line_when_it_was_there_and_ends_with_the_end() -> None:
    moments = [
        Moment(10.0, screen("title", "one")),
        Moment(11.0, screen("title", "one two")),
        Moment(12.5, screen("title", "one", "three")),
        Moment(14.0, screen("title", "", "four")),
    ]
    svg = moving(moments, SIZE, "#000000", "")
    assert shown_at(svg, 0.0) == shown_at(svg, 0.9) == ["title", "one"]
    assert shown_at(svg, 1.1) == ["title", "one two"]
    assert shown_at(svg, 2.6) == ["title", "one", "three"]
    assert shown_at(svg, 4.1) == shown_at(svg, 4.0 + LAST_SECONDS - 0.1) == ["title", "four"]
    unmoved = [use for use in parse(svg).iter(f"{SVG}use") if use.get("visibility") != "hidden"]
    assert len(unmoved) == 2, "without animations it shows its end"
    assert "prefers-reduced-motion" in svg
    assert svg.count("<text") == 5, "a line that comes again is drawn once"
    check_stands_alone(svg)


def test_a_line_that_stands_elsewhere_later_is_drawn_once() -> None:
    svg = moving([Moment(0, screen("a", "b")), Moment(1, screen("b"))], SIZE, "#000000", "")
    assert (shown_at(svg, 0.5), shown_at(svg, 1.5)) == (["a", "b"], ["b"])
    assert svg.count("<text") == 2


def test_pauses_are_shortened_and_moments_without_change_left_out() -> None:
    moments = [Moment(5, screen("a")), Moment(6, screen("a")), Moment(100, screen("b")), Moment(100.5, screen("c"))]
    shortened = without_waiting(moments, 2.0)
    assert [(moment.seconds, moment.lines) for moment in shortened] == [
        (0, screen("a")),
        (2.0, screen("b")),
        (2.5, screen("c")),
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("start", ["Dungeon", "Write your own"]),
        ("turn", ["> You put the copper key into the fourth keyhole.", "So ends ", "1."]),
        ("tree", ["6 turns, 3 branches", "behind the door", "2/3"]),
    ],
)
async def test_a_still_is_made_from_the_running_game(studio: Studio, name: str, words: list[str]) -> None:
    await PICTURES[name](studio)
    svg = studio.made[0].read_text(encoding="utf-8")
    shown = texts(parse(svg))
    assert [word for word in words if word not in shown] == []
    check_stands_alone(svg)


async def test_the_recording_shows_two_turns_as_they_were_played(studio: Studio) -> None:
    await PICTURES["session"](studio)
    svg = studio.made[0].read_text(encoding="utf-8")
    check_stands_alone(svg)
    length = max(float(seconds) for seconds in re.findall(r"([\d.]+)s step-end", svg))
    seen = ["\n".join(shown_at(svg, length * step / 60)) for step in range(60)]
    order = ['2. "Who is there?"', "> You open the iron door.", "ask hessa", "> You ask hessa who is awake."]
    first = [next(number for number, screen in enumerate(seen) if words in screen) for words in order]
    assert first == sorted(first) and len(set(first)) == len(first)
    assert order[1] in seen[-1] and order[3] in seen[-1]


@pytest.mark.parametrize("name", PICTURES)
def test_the_pictures_that_are_here_stand_alone(name: str) -> None:
    check_stands_alone((FOLDER / f"{name}.svg").read_text(encoding="utf-8"))

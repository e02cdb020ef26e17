"""Reading files and folders: formats are recognised by content, and files of one story are read together."""

import json
import re
import sys
import tracemalloc
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.cli import main
from corpus.readers import FORMATS, read
from corpus.readers.source import Source
from corpus.readers.twee import read_twee
from corpus.story import Skipped, StoryError
from corpus.writers import write_twine

HERE = Path(__file__).parent
TWEE = ":: StoryTitle\nThe Gate\n\n:: Start\nA gate.\n\n[[Open it->Hall]]\n\n:: Hall\nA hall.\n"
PROSE = "The rain fell on the mill. Nobody came out.\n\nThen a light went on in the loft.\n"


def titles(path: Path) -> list[str]:
    return [story.title for story in read(path)]


CONTENTS = {
    "Twee 3": TWEE,
    "Twine HTML": write_twine(read_twee(TWEE, "")),
    "Ink, compiled": (HERE / "ink" / "ferry.ink.json").read_text(encoding="utf-8"),
    "ChoiceScript": "A gate.\n*choice\n  #Open it\n    A hall.\n    *finish\n  #Wait\n    Nothing.\n    *finish\n",
    "AI Dungeon adventures": json.dumps({"title": "Gate", "memory": "", "actions": [{"text": "A gate."}]}),
    "Scraped tree": json.dumps({"tree_id": "x", "context": "", "first_story_block": "A gate.", "action_results": []}),
    "SillyTavern chat": '{"user_name":"Ada","character_name":"Bo"}\n{"name":"Bo","is_user":false,"mes":"A gate."}\n',
    "Web page": f"<!DOCTYPE html><html><body><p>{PROSE}</p></body></html>",
}


@pytest.mark.parametrize("name", list(CONTENTS))
def test_files_are_recognised_by_content(name: str, tmp_path: Path) -> None:
    path = tmp_path / "story.dat"
    path.write_text(CONTENTS[name], encoding="utf-8")
    recognised = [story_format.name for story_format in FORMATS if story_format.looks_like(Source.of(path))]
    assert recognised == [name]
    assert len(list(read(path))) == 1


@pytest.mark.parametrize("name", ["tale.txt", "tale.md", "TALE.TXT"])
def test_prose_is_recognised_by_suffix(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(PROSE)
    [story] = read(path)
    assert " ".join(" ".join(p.text.split()) for p in story.passages.values()) == " ".join(PROSE.split())
    path.rename(tmp_path / "tale.dat")
    with pytest.raises(StoryError, match="is in no known format"):
        list(read(tmp_path / "tale.dat"))


def test_folder_with_all_formats(tmp_path: Path) -> None:
    for number, (name, content) in enumerate(CONTENTS.items()):
        (tmp_path / f"{number} {name.split()[0]}.dat").write_text(content, encoding="utf-8")
    (tmp_path / "tale.txt").write_text(PROSE)
    for about in ("README.md", "LICENSE", "changelog.txt"):
        (tmp_path / about).write_text(PROSE)
    (tmp_path / "headings.md").write_text("# Only\n\n## Headings\n")
    (tmp_path / "data.json").write_text('{"a": [1, 2]}')
    others: list[Skipped] = []
    assert len(list(read(tmp_path, others))) == len(CONTENTS) + 1
    assert [Path(each.source).name for each in others] == ["data.json", "headings.md"]


def test_choicescript_game_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "startup.txt").write_text(
        "*title The Gate\n*scene_list\n  startup\n  hall\nA gate.\n"
        "*choice\n  #Open it\n    *goto_scene hall\n  #Wait\n    *finish\n"
    )
    (tmp_path / "hall.txt").write_text(
        "A hall.\n*choice\n  #Sit\n    You sit.\n    *ending\n  #Go\n    *goto_scene startup\n"
    )
    [folder] = read(tmp_path)
    [startup] = read(tmp_path / "startup.txt")
    assert folder.passages == startup.passages
    assert folder.title == "The Gate"
    assert {"A gate.", "A hall.", "You sit."} <= {passage.text for passage in folder.passages.values()}
    [scene] = read(tmp_path / "hall.txt")
    assert "A gate." not in {passage.text for passage in scene.passages.values()}


def test_twee_stories_in_one_or_several_files(tmp_path: Path) -> None:
    for folder in ("one", "one/rooms", "two"):
        (tmp_path / folder).mkdir()
    (tmp_path / "one" / "story.twee").write_text(":: StoryTitle\nThe Gate\n\n:: Start\nA gate.\n\n[[Open it->Hall]]\n")
    (tmp_path / "one" / "data.twee").write_text(':: StoryData\n{"ifid": "X", "rights": "CC0-1.0"}\n')
    (tmp_path / "one" / "rooms" / "hall.twee").write_text(":: Hall\nA hall.\n")
    for name in ("ash", "elm"):
        (tmp_path / "two" / f"{name}.twee").write_text(f":: StoryTitle\n{name}\n\n:: Start\nThe {name}.\n")
    (tmp_path / "two" / "untitled.twee").write_text(":: Start\nAnother.\n")
    stories = {story.title: story for story in read(tmp_path)}
    assert sorted(stories) == ["The Gate", "ash", "elm", "untitled"]
    assert stories["The Gate"].rights == "CC0-1.0"
    assert list(stories["The Gate"].passages) == ["Start", "Hall"]
    assert not stories["The Gate"].dangling()


def test_formats_command() -> None:
    listed = CliRunner().invoke(main, ["formats"]).stdout
    names, _, about = listed.partition("\n\n")
    assert [re.split(r"  +", line)[0] for line in names.splitlines()] == [story_format.name for story_format in FORMATS]
    headings = [paragraph.partition(": ")[0] for paragraph in about.split("\n\n")]
    assert ", ".join(headings) == ", ".join(story_format.name for story_format in FORMATS), "a format says nothing"
    assert about.startswith("Twee 3, Twine HTML: Stories in Harlowe, SugarCube, Chapbook or Snowman")
    assert "no scans without recognised text" in " ".join(about.split())
    assert max(map(len, about.splitlines())) <= 80
    for ending in (
        ".twee",
        ".html",
        ".ink",
        ".docx",
        ".odt",
        ".epub",
        ".md",
        ".txt",
        ".story",
        ".rtf",
        ".pdf",
        ".scrivx",
    ):
        assert ending in listed


@settings(max_examples=200)
@given(
    st.binary(max_size=400),
    st.sampled_from([story_format.suffixes[0] for story_format in FORMATS if story_format.suffixes] + [".json", ""]),
)
def test_any_bytes_under_any_name_give_stories_or_an_error(content: bytes, suffix: str) -> None:
    source = Source(f"story{suffix}", content)
    for story_format in FORMATS:
        if story_format.looks_like(source) or suffix in story_format.suffixes:
            try:
                assert all(story.start in story.passages for story in story_format.read(source))
            except StoryError as error:
                assert str(error)


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize(
    "begin", ["{", "[", '{"a":', "[[", "<", "<a>", ":: ", "*choice\n  #", "# ", "> ", "PK\x03\x04"]
)
@pytest.mark.parametrize("suffix", [".txt", ".md", ".html", ".json", ".story"])
def test_five_megabytes_of_repeated_text_are_read_quickly(begin: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"story{suffix}"
    path.write_text(begin * (5_000_000 // len(begin)), encoding="latin-1")
    tracemalloc.start()
    try:
        passages = sum(len(story.passages) for story in read(path))
    except StoryError as error:
        assert str(path) in str(error)
    else:
        assert passages
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 500 * 2**20


def test_importing_the_readers_loads_no_parser() -> None:
    import subprocess

    heavy = "lxml docx markdown_it bs4 ftfy numpy pyarrow datasets scrapy charset_normalizer".split()
    code = f"import sys, corpus.readers; print([name for name in {heavy!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"

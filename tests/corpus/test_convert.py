"""`dungeon corpus convert`: stories as Twee and Twine files, without overwriting anything."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from corpus.cli import main
from corpus.readers import read

TALE = ':: StoryTitle\n{}\n\n:: Start\nA "gate".\n\n[[Open it->Hall]]\n\n:: Hall\nA hall.\n'


def convert(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["convert", *map(str, arguments)], catch_exceptions=False)


@pytest.mark.parametrize(("form", "name"), [("twee", "the-gate.twee"), ("twine", "the-gate.html")])
def test_converted_story_is_the_same(form: str, name: str, tmp_path: Path) -> None:
    source = tmp_path / "tale.twee"
    source.write_text(TALE.format("The Gate!"))
    result = convert(source, "--out", tmp_path / "new" / "out", "--to", form)
    assert result.exit_code == 0
    [path] = (tmp_path / "new" / "out").iterdir()
    assert path.name == name
    assert result.stdout == f"{path}\n"
    [before], [after] = read(source), read(path)
    assert after.passages == before.passages
    assert (after.title, after.start) == (before.title, before.start)


def test_titles_are_safe_and_unique_file_names(tmp_path: Path) -> None:
    folder = tmp_path / "stories"
    folder.mkdir()
    for n, title in enumerate(("../../Gate", "Gate", "/gate", "…", "雨の夜", "x" * 300)):
        (folder / f"{n}.twee").write_text(TALE.format(title), encoding="utf-8")
    assert convert(folder, "--out", tmp_path / "out").exit_code == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"gate.twee", "gate-2.twee", "gate-3.twee", "story.twee", "雨の夜.twee", "x" * 60 + ".twee"}


def test_existing_files_are_not_overwritten(tmp_path: Path) -> None:
    folder, out = tmp_path / "stories", tmp_path / "out"
    folder.mkdir()
    out.mkdir()
    for title in ("Ash", "Elm"):
        (folder / f"{title}.twee").write_text(TALE.format(title))
    (out / "elm.twee").write_text("mine")
    result = convert(folder, "--out", out)
    assert result.exit_code == 2
    assert "elm.twee already exists" in result.stderr
    assert [(path.name, path.read_text()) for path in out.iterdir()] == [("elm.twee", "mine")]


def test_errors_of_reading_and_writing(tmp_path: Path) -> None:
    (tmp_path / "tale.twee").write_text("nothing\n")
    result = convert(tmp_path / "tale.twee", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "there are no passages" in result.stderr
    (tmp_path / "tale.twee").write_text(TALE.format("Ash"))
    (tmp_path / "out").write_text("a file")
    result = convert(tmp_path / "tale.twee", "--out", tmp_path / "out" / "in")
    assert result.exit_code == 2
    assert "can't be written" in result.stderr


def test_notes_of_readers_are_printed(tmp_path: Path) -> None:
    (tmp_path / "tale.twee").write_text(TALE.format("Ash") + "[[On->Nowhere]]\n")
    result = convert(tmp_path / "tale.twee", "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert "Nowhere" in result.stderr


def test_bad_file_does_not_stop_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "stories"
    folder.mkdir()
    (folder / "a.twee").write_bytes(b":: Start\nCaf\xe9.")
    (folder / "b.twee").write_text(TALE.format("Gate"))
    result = convert(folder, "--out", tmp_path / "strict", "--strict")
    assert result.exit_code == 2
    assert "a.twee:2: this is not UTF-8 text" in result.stderr
    assert not (tmp_path / "strict").exists()
    result = convert(folder, "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert f"Skipped: {folder / 'a.twee'}:2: this is not UTF-8 text" in result.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["gate.twee"]

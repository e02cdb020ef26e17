"""The commands `dungeon corpus build` and `stats`, and the corpus on disk."""

import json
import re
import shlex
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from itertools import chain
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from corpus import extras
from corpus.cli import main
from corpus.extras import install_line


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Return a folder of four stories."""
    folder = tmp_path / "stories"
    folder.mkdir()
    for name in ("ash", "birch", "cedar", "dogwood"):
        (folder / f"{name}.twee").write_text(
            f":: StoryTitle\n{name}\n\n:: Start\nA {name}.\n\n[[Climb it->Top]]\n[[Wait->Start]]\n\n"
            f":: Top\nThe top of the {name}.\n"
        )
    return folder


def build(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["build", *map(str, arguments)], catch_exceptions=False)


def neighbours(out: Path) -> list[str]:
    return sorted(entry.name for entry in out.parent.iterdir())


def test_built_corpus_can_be_loaded(sources: Path, tmp_path: Path) -> None:
    (sources / "notes.md").write_text("# Notes")
    out = tmp_path / "new" / "corpus"
    result = build(sources, "--out", out, "--seed", 7)
    assert result.exit_code == 0
    table = dict(line.rsplit(maxsplit=1) for line in result.stdout.splitlines())
    assert (table["stories"], table["left out: file without a story"]) == ("4", "1")
    assert str(out) in result.stderr
    files = {path.name.partition("-")[0]: pq.read_table(path) for path in (out / "data").iterdir()}
    assert files["train"].column_names == ["story", "context", "target", "ends"]
    report = json.loads((out / "report.json").read_text())
    assert report["seed"] == 7
    assert report["rights"] == {"unknown": 4}
    assert sorted(chain.from_iterable(report["titles"].values())) == ["ash", "birch", "cedar", "dogwood"]
    assert str(sources / "ash.twee") in {line["source"] for line in report["contents"]}
    assert report["examples"] == {name: table.num_rows for name, table in files.items()}
    assert "| ash |" in (out / "README.md").read_text()
    assert neighbours(out) == ["corpus"]


def test_module_runs_under_the_name_of_the_game(sources: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "corpus", "build", str(sources), "--out", str(tmp_path / "corpus")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("stories")
    assert "%" not in done.stderr  # no progress bars
    help_text = subprocess.run([*command[:4], "--help"], capture_output=True, text=True, check=True)
    assert help_text.stdout.startswith("Usage: dungeon corpus build")
    assert "Twee 3" in help_text.stdout


def test_earlier_corpus_is_replaced(sources: Path, tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    build(sources, "--out", out)
    (sources / "elm.twee").write_text(":: Start\nAn elm.")
    assert build(sources, "--out", out).exit_code == 0
    assert json.loads((out / "report.json").read_text())["stories"] == 5
    assert neighbours(out) == ["corpus", "stories"]


def test_other_files_at_the_place_are_kept(sources: Path, tmp_path: Path) -> None:
    file, folder, corpus = tmp_path / "file", tmp_path / "folder", tmp_path / "corpus"
    file.write_text("mine")
    folder.mkdir()
    (folder / "report.json").write_text("mine")
    build(sources, "--out", corpus)
    (corpus / "novel.txt").write_text("mine")
    for out, message in ((file, "not a corpus"), (folder, "not a corpus"), (corpus, "novel.txt")):
        result = build(sources, "--out", out)
        assert result.exit_code == 2
        assert message in result.stderr
        assert "another place with --out" in result.stderr
    assert file.read_text() == (folder / "report.json").read_text() == (corpus / "novel.txt").read_text() == "mine"


def test_full_disk_keeps_the_earlier_corpus(sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "corpus"
    build(sources, "--out", out)
    before = (out / "report.json").read_text()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    result = build(sources, "--out", out, "--seed", 9)
    assert result.exit_code == 2
    assert f"{out} can't be written: No space left on device." in result.stderr
    assert (out / "report.json").read_text() == before
    assert neighbours(out) == ["corpus", "stories"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.md", "# Notes", "There is no prose in"),
        ("a.bin", "\0", "is in no known format"),
        ("a.twee", "", "is empty"),
        ("a.twee", ":: Start\nHi.\n:: Start\nHi.", "a.twee:3: there is already a passage 'Start'"),
        ("a.twee", ":: Start\nHi.", "needs at least 3 examples"),
        ("a.twee", ":: Start\n[[A]]\n:: A\n", "no story with text"),
        ("missing/a.twee", None, "can't be read: No such file"),
    ],
)
def test_error_messages_for_bad_input(tmp_path: Path, name: str, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    result = build(tmp_path / name, "--out", tmp_path / "corpus")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert message in result.stderr
    assert not (tmp_path / "corpus").exists()


@pytest.fixture
def with_bad_files(sources: Path) -> Path:
    """Return the folder with files that can't be read, for different reasons, and one without a story."""
    (sources / "latin.twee").write_bytes(b":: Start\nCaf\xe9.\n")
    (sources / "broken.twee").write_text(":: Start\nHi.\n:: Start\nHi.")
    (sources / "damaged.json").write_text('{"tree_id": "x", "first_story_block": "Hi.", "action_results": [')
    (sources / "book.docx").write_bytes(b"PK\x03\x04 and no more")
    (sources / "game").mkdir()
    (sources / "game" / "startup.txt").write_text("*title Game\n*scene_list\n  startup\n  two\nHello.\n*finish\n")
    (sources / "game" / "two.txt").write_bytes(b"Caf\xe9.\n*ending\n")
    (sources / "game" / "zebra.twee").write_text(
        ":: StoryTitle\nzebra\n:: Start\nA zebra.\n[[Pet it->B]]\n:: B\nIt bit.\n"
    )
    (sources / "photo.jpg").write_bytes(b"\xff\xd8\xff\x00")
    return sources


def test_bad_files_are_skipped_counted_and_named(with_bad_files: Path, tmp_path: Path) -> None:
    bad = ("book.docx", "broken.twee", "damaged.json", "startup.txt", "latin.twee")
    out, rejects = tmp_path / "corpus", tmp_path / "rejects.jsonl"
    result = build(with_bad_files, "--out", out, "--rejects", rejects)
    assert result.exit_code == 0
    table = dict(line.rsplit(maxsplit=1) for line in result.stdout.splitlines())
    assert (table["stories"], table["left out: file that can't be read"]) == ("5", "5")
    assert table["left out: file without a story"] == "1"
    lines = [line for line in result.stderr.splitlines() if line.startswith("Skipped: ")]
    assert len(lines) == len(bad)
    names = ("book.docx", "broken.twee", "damaged.json", "two.txt:1", "latin.twee:2")  # a game is read as a whole
    assert all(name in line for name, line in zip(names, lines, strict=True))
    assert "broken.twee:3: there is already a passage 'Start'" in result.stderr
    report = json.loads((out / "report.json").read_text())
    named = {Path(each["source"]).name: each["reason"] for each in report["skipped"] if not each["without_story"]}
    assert tuple(named) == bad
    assert "latin.twee:2: this is not UTF-8 text" in named["latin.twee"]
    assert [Path(each["source"]).name for each in report["skipped"] if each["without_story"]] == ["photo.jpg"]
    reasons = [json.loads(line)["reason"] for line in rejects.read_text().splitlines()]
    assert reasons.count("file that can't be read") == 5
    assert not any(name in (out / "README.md").read_text() for name in bad)  # paths are private


def test_strict_stops_at_a_bad_file(with_bad_files: Path, tmp_path: Path) -> None:
    result = build(with_bad_files, "--out", tmp_path / "corpus", "--strict")
    assert result.exit_code == 2
    assert "book.docx" in result.stderr
    assert result.stdout == ""
    assert not (tmp_path / "corpus").exists()


def test_strict_builds_without_a_bad_file(sources: Path, tmp_path: Path) -> None:
    (sources / "photo.jpg").write_bytes(b"\xff\xd8\xff\x00")
    result = build(sources, "--out", tmp_path / "corpus", "--strict")
    assert result.exit_code == 0
    assert "left out: file without a story" in result.stdout


def test_many_bad_files_are_named_in_the_report(sources: Path, tmp_path: Path) -> None:
    for n in range(30):
        (sources / f"{n}.twee").write_bytes(b"\xe9")
    result = build(sources, "--out", tmp_path / "corpus")
    assert result.exit_code == 0
    assert result.stderr.count("Skipped: ") == 21
    assert "Skipped: 10 more files; report.json names them." in result.stderr
    assert len(json.loads((tmp_path / "corpus" / "report.json").read_text())["skipped"]) == 30


def test_fault_of_a_reader_skips_its_file(sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("x")

    (sources / "tree.json").write_text('{"tree_id": "x", "first_story_block": "Hi.", "action_results": []}')
    monkeypatch.setattr("corpus.readers.scraped._story", fail)
    result = build(sources, "--out", tmp_path / "corpus")
    assert result.exit_code == 0
    assert "tree.json can't be read, by a fault of this program (KeyError: 'x')." in result.stderr


def test_sources_without_any_story(sources: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "latin.twee").write_bytes(b":: Start\nCaf\xe9.\n")
    result = build(bad, "--out", tmp_path / "corpus")
    assert result.exit_code == 2
    assert "There is no story in the folder" in result.stderr
    assert "latin.twee:2: this is not UTF-8 text" in result.stderr
    result = build(sources, bad, "--out", tmp_path / "corpus")
    assert result.exit_code == 0
    assert f"Skipped: There is no story in the folder {bad}" in result.stderr
    result = build(sources, tmp_path / "typo", "--out", tmp_path / "second")
    assert result.exit_code == 2
    assert "typo can't be read: No such file or directory" in result.stderr
    assert not (tmp_path / "second").exists()


def test_folder_without_stories(tmp_path: Path) -> None:
    result = build(tmp_path, "--out", tmp_path / "corpus")
    assert result.exit_code == 2
    assert "There is no story in the folder" in result.stderr


def test_warning_for_a_single_story(sources: Path, tmp_path: Path) -> None:
    story = sources / "ash.twee"
    story.write_text(story.read_text() + "\n[[Fall->Nowhere]]\n[[Jump->End]]\n[[Sit->End]]\n\n:: End\nNight.\n")
    result = build(story, "--out", tmp_path / "corpus")
    assert result.exit_code == 0
    assert "Warning: 1 of 3 stories" in result.stderr
    assert "Note: " in result.stderr
    assert "'Nowhere' (in 'Top')" in result.stderr


def test_no_terminal_control_characters_from_files(sources: Path, tmp_path: Path) -> None:
    (sources / "evil.twee").write_text(
        ':: StoryData\n{"rights": "\\u001b[2Jmine"}\n:: Start\nHi. [[x->\x1b]0;owned\x07]]'
    )
    result = CliRunner().invoke(main, ["build", str(sources), "--out", str(tmp_path / "corpus")], color=True)
    assert "owned" in result.stderr
    assert "[2Jmine" in result.stdout
    assert "\x1b" not in result.output
    (sources / "evil.twee").write_text(":: \x1b_owned\x07\nHi.\n:: \x1b_owned\x07\nHi.")
    result = CliRunner().invoke(main, ["build", str(sources), "--out", str(tmp_path / "corpus")], color=True)
    assert "owned" in result.stderr
    assert "\x1b" not in result.output


def test_error_for_a_missing_package_has_the_install_command(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ftfy", None)
    for module in ("corpus.build", "corpus.pipeline", "corpus.graph", "corpus.clean"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    result = build(sources, "--out", tmp_path / "corpus")
    assert result.exit_code == 2
    assert f"ftfy is not installed. Install it with: {install_line('corpus')}" in result.stderr


def test_help_imports_no_heavy_package() -> None:
    code = "import sys, corpus.cli, corpus.commands.build as b, corpus.commands.stats as s; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not {"pyarrow", "numpy", "datasets", "ftfy"} & set(loaded)


def test_building_needs_neither_torch_nor_datasets(sources: Path, tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from corpus.build import build
from corpus.pipeline import Settings
if __name__ == "__main__":
    build([Path({str(sources)!r})], Path({str(tmp_path / "corpus")!r}), Settings())
    print(*sys.modules)
"""
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "pyarrow" in loaded
    assert not {"torch", "transformers", "datasets", "pandas"} & set(loaded)


def test_options_filter_and_limit_the_corpus(sources: Path, tmp_path: Path) -> None:
    (sources / "elm.twee").write_text(
        ':: StoryAuthor\nEve\n:: StoryData\n{"rights": "MIT"}\n'
        ":: Start\nAn elm.\n[[Climb->Top]]\n[[Wait->Top]]\n[[Run->Top]]\n:: Top\nUp."
    )
    out, rejects = tmp_path / "corpus", tmp_path / "rejects.jsonl"
    options = ("--rights", "unknown", "--context", 256, "--rejects", rejects, "--no-near-duplicates", "--workers", 2)
    result = build(sources, "--out", out, *options)
    assert result.exit_code == 0
    assert re.search(r"^left out: story under other rights +1$", result.stdout, re.MULTILINE)
    assert json.loads(rejects.read_text())["story"] == "elm"
    assert json.loads((out / "report.json").read_text())["context"] == 256
    result = build(sources, "--out", out, "--author", "Eve")
    assert "Warning: 1 of 3 stories" in result.stderr
    result = build(sources, "--out", out, "--maturity-at-most", 4)
    assert result.exit_code == 2
    assert "or filter less. Left out: story without a maturity rating: 5." in result.stderr
    assert build(sources, "--out", out, "--context", 10).exit_code == 2


def test_stats(sources: Path, tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    table = build(sources, "--out", out).stdout
    result = CliRunner().invoke(main, ["stats", str(out)])
    assert result.exit_code == 0
    assert result.stdout.startswith(table)
    assert "Words of a passage" in result.stdout
    assert re.search(r"below 25 +8  █+\n", result.stdout)
    assert re.search(r"^  \w+ +\d+ words  dogwood$", result.stdout, re.MULTILINE)
    missing = CliRunner().invoke(main, ["stats", str(sources)])
    assert missing.exit_code == 2
    assert "is not a corpus: it has no report.json" in missing.stderr


@pytest.mark.parametrize(
    ("record", "arguments"),
    [
        (
            '{"url": "file:///home/ada/my%20tales", "dir_info": {"editable": true}}',
            ["-e", "/home/ada/my tales[corpus]"],
        ),
        ('{"url": "file:///srv/dungeon", "dir_info": {}}', ["/srv/dungeon[corpus]"]),
        ('{"url": "https://example.org/d.git", "vcs_info": {"vcs": "git", "commit_id": "1"}}', ["dungeon[corpus]"]),
        (None, ["dungeon[corpus]"]),
    ],
)
def test_install_command_extends_the_installation(
    record: str | None, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Installed:
        def read_text(self, name: str) -> str | None:
            return record if name == "direct_url.json" else None

    monkeypatch.setattr(extras, "distribution", lambda _name: Installed())
    assert shlex.split(install_line("corpus")) == [sys.executable, "-m", "pip", "install", *arguments]


def test_install_command_of_a_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(extras, "distribution", missing)
    assert install_line("finetune").endswith("-m pip install 'dungeon[finetune]'")

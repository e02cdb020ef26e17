"""Rich Text, PDF and Scrivener projects: the prose of a novel comes out as it went in."""

import uuid
from pathlib import Path

import pytest

from corpus.readers import read as read_path
from corpus.readers.pdf import MAX_PAGES
from corpus.story import NoStoryError, StoryError
from tests.corpus.readers.documents import is_chain, novel, pdf, read, rtf, words

TALE = novel(chapters=3)


def test_rich_text() -> None:
    story = read(rtf(TALE), "mill.rtf")
    assert (story.title, story.author) == ("The Mill Road", "Anna Holt")
    assert is_chain(story)
    assert words(story) == TALE.words()
    assert len({name.partition(" – ")[0] for name in story.passages}) == 3


def test_signs_links_notes_and_pictures_in_rich_text() -> None:
    story = read(
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Times;}}\pard \ldblquote Come in,\rdblquote  she said in the caf\'e9"
        rb"\u8212?again.{\footnote A note.}\par The {\field{\*\fldinst{HYPERLINK "
        rb'"http://mill.example"}}{\fldrslt{old mill}}} stood still.{\pict\wmetafile8 ' + b"0a" * 400 + rb"}\par}",
        "mill.rtf",
    )
    (passage,) = story.passages.values()
    assert passage.text == "“Come in,” she said in the café—again.\n\nThe old mill stood still."


def test_damaged_rich_text_is_an_error_or_a_story() -> None:
    whole = rtf(TALE)
    for cut in range(0, len(whole), len(whole) // 7):
        try:
            assert read(whole[:cut] + b"\\u99999999999 \\ansicpgx" + whole[cut + 3 :], "mill.rtf").passages
        except StoryError as error:
            assert "mill.rtf" in str(error)


@pytest.mark.parametrize("indented", [True, False])
def test_pdf_with_page_numbers_and_running_heads(indented: bool) -> None:
    story = read(pdf(TALE, indented), "mill.pdf")
    assert (story.title, story.author) == ("The Mill Road", "Anna Holt")
    assert is_chain(story)
    assert words(story) == TALE.words()
    paragraphs = {text for passage in story.passages.values() for text in passage.text.split("\n\n")}
    written = {text for chapter in TALE.chapters for scene in chapter.scenes for text in scene}
    assert paragraphs == {" ".join(text.split()) for text in written}
    assert any("page numbers" in note for note in story.notes)


def test_pdf_that_is_no_story() -> None:
    with pytest.raises(NoStoryError, match="OCR"):
        read(pdf(novel(chapters=0), indented=True), "scan.pdf")
    with pytest.raises(StoryError, match=r"mill\.pdf can't be read"):
        read(b"%PDF-1.4\n" + b"1 0 obj <</Type /Catalog>>" * 9, "mill.pdf")
    assert MAX_PAGES == 3000


def _item(kind: str, title: str, compiled: bool, children: str = "", name: str = "") -> str:
    include = "<IncludeInCompile>Yes</IncludeInCompile>" if compiled else ""
    inner = f"<Children>{children}</Children>" if children else ""
    return (
        f'<BinderItem UUID="{name}" Type="{kind}"><Title>{title}</Title><MetaData>{include}</MetaData>{inner}'
        "</BinderItem>"
    )


def test_scrivener_project_in_the_order_of_the_binder(tmp_path: Path) -> None:
    project = tmp_path / "The Mill.scriv"
    texts = {}
    for title, text in [
        ("first", "The mill stood still."),
        ("second", "It burned."),
        ("cut", "It flew."),
        ("last", "Ash."),
    ]:
        texts[title] = str(uuid.uuid5(uuid.NAMESPACE_DNS, title)).upper()
        folder = project / "Files" / "Data" / texts[title]
        folder.mkdir(parents=True)
        (folder / "content.rtf").write_bytes(rf"{{\rtf1\ansi\pard {text} Nobody spoke of it.\par}}".encode())
        (folder / "notes.rtf").write_bytes(rb"{\rtf1 Note to self: more mill.}")
    scenes = [_item("Text", f"scene {name}", name != "cut", name=texts[name]) for name in ("first", "second", "cut")]
    draft = _item("Folder", "Chapter One", True, "".join(scenes)) + _item("Text", "Epilogue", True, name=texts["last"])
    binder = _item("DraftFolder", "Draft", False, draft) + _item("ResearchFolder", "Research", True)
    (project / "The Mill.scrivx").write_text(
        f'<?xml version="1.0"?><ScrivenerProject><Binder>{binder}</Binder></ScrivenerProject>', encoding="utf-8"
    )
    (project / "Files" / "search.indexes").write_text("mill", encoding="utf-8")
    (story,) = read_path(project)
    assert story.title == "The Mill"
    assert {name: passage.text for name, passage in story.passages.items()} == {
        "Chapter One": "The mill stood still. Nobody spoke of it.\n\nIt burned. Nobody spoke of it.",
        "Epilogue": "Ash. Nobody spoke of it.",
    }
    assert story.notes == ("Left out: 1 text that is not to be compiled.",)
    (again,) = read_path(project / "The Mill.scrivx")
    assert again.passages == story.passages


def test_binder_that_names_a_file_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "secret.rtf").write_bytes(rb"{\rtf1 A secret that is no story.}")
    binder = _item("DraftFolder", "Draft", True, _item("Text", "x", True, name="../../../secret"))
    file = tmp_path / "novel.scrivx"
    file.write_text(f"<ScrivenerProject><Binder>{binder}</Binder></ScrivenerProject>", encoding="utf-8")
    with pytest.raises(NoStoryError):
        list(read_path(file))

"""Prose of any format as a chain of passages: no prose is lost, and the rest is left out and counted."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.readers.document import SCENE_BREAK, Block
from corpus.readers.document_cleanup import clean_document
from corpus.readers.encoding import decode_text
from corpus.readers.passage_splitter import split_into_passages
from corpus.readers.prose import FORMATS
from corpus.readers.source import Source
from corpus.story import NoStoryError, Story, StoryError
from tests.corpus.readers import documents
from tests.corpus.readers.documents import is_chain, novel, read, words

TALE = novel(chapters=4)
LONG = "He put the lamp on the table and looked at the wall for a time, and nobody in the house spoke of it again."


def text(*blocks: str) -> Story:
    return read("\n\n".join(blocks).encode(), "tale.txt")


def texts(story: Story) -> list[str]:
    return "\n\n".join(passage.text for passage in story.passages.values()).split("\n\n")


# ---- a novel in text files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("indented", [False, True])
@pytest.mark.parametrize("pages", [False, True])
def test_novel_with_hard_wrapped_lines(indented: bool, pages: bool) -> None:
    story = read(documents.hard_wrapped(TALE, indented, pages).encode(), "mill.txt")
    assert (story.title, story.author, story.rights) == ("THE MILL ROAD", "Anna Holt", "unknown")
    assert is_chain(story)
    assert words(story) == [*TALE.words(), "THE", "END"]
    assert {name.partition(" – ")[0] for name in story.passages} == {
        f"CHAPTER {n}: {chapter.title}" for n, chapter in enumerate(TALE.chapters, 1)
    }
    (note,) = story.notes
    assert "1 contents page" in note
    assert ("page numbers" in note, "running heads" in note) == (pages, pages)


def test_page_numbers_running_heads_and_footnotes_are_counted() -> None:
    written = documents.hard_wrapped(TALE, pages=True, notes=True)
    story = read(written.encode(), "mill.txt")
    assert words(story) == [*TALE.words(), "THE", "END"]
    pages = written.count("\f")
    assert story.notes == (
        f"Left out: {pages} page numbers, 4 footnote marks, 4 footnotes, {pages} running heads, 1 contents page.",
    )


@pytest.mark.parametrize("blank_lines", [True, False])
def test_novel_with_one_line_per_paragraph(blank_lines: bool) -> None:
    story = read(documents.unwrapped(TALE, blank_lines).encode(), "mill.txt")
    assert (story.title, story.author) == ("The Mill Road", "Anna Holt")
    assert is_chain(story)
    assert words(story) == TALE.words()
    assert next(iter(story.passages)) == "Chapter One: The Lamp"
    assert story.notes == ()


@pytest.mark.parametrize("ends", ["\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_line_ends_and_encodings_of_unicode(ends: str, encoding: str) -> None:
    written = documents.hard_wrapped(TALE).replace("\n", ends)
    assert words(read(written.encode(encoding), "mill.txt")) == [*TALE.words(), "THE", "END"]


def test_windows_1252_is_read_and_noted() -> None:
    story = read(documents.hard_wrapped(TALE).encode("cp1252"), "mill.txt")
    assert words(story) == [*TALE.words(), "THE", "END"]
    assert story.notes[0].startswith("mill.txt is not UTF-8; it was read as Windows-1252.")


def test_novel_in_markdown() -> None:
    story = read(documents.markdown(TALE).encode(), "mill.md")
    assert (story.title, story.author, story.rights) == ("The Mill Road", "Anna Holt", "CC BY 4.0")
    assert is_chain(story)
    assert words(story) == TALE.words()
    assert next(iter(story.passages)) == "The Lamp"


# ---- passages ------------------------------------------------------------------------------------------------


def test_passages_have_a_few_hundred_words_and_end_with_paragraphs() -> None:
    tale = novel(chapters=3, scenes=3, paragraphs=20)
    passages = read(documents.unwrapped(tale).encode(), "mill.txt").passages.values()
    sizes = [len(passage.text.split()) for passage in passages]
    assert max(sizes) < 400
    assert sum(size >= 150 for size in sizes) > 0.8 * len(sizes)
    assert [text for passage in passages for text in passage.text.split("\n\n")] == tale.paragraphs()


def test_chapters_and_scenes_begin_passages() -> None:
    blocks = [Block("One", 1), Block(LONG), Block("", SCENE_BREAK), Block(LONG), *[Block(LONG)] * 2]
    blocks += [Block("", SCENE_BREAK), Block(LONG), Block(LONG), Block(LONG), Block("Two", 1), Block("Short.")]
    found = split_into_passages(blocks)
    assert [(name, passage.text.count(LONG)) for name, passage in found.items()] == [
        ("One", 4),
        ("One – 2", 3),
        ("Two", 0),
    ]


def test_short_rest_of_a_chapter_joins_the_passage_before() -> None:
    blocks = [Block(LONG)] * 12 + [Block("It was late.")]
    assert [passage.text.endswith("It was late.") for passage in split_into_passages(blocks).values()] == [True]


def test_long_paragraph_is_split_between_sentences() -> None:
    paragraph = " ".join(f"{LONG} “Yes, {n},” he said." for n in range(200))
    passages = list(split_into_passages([Block(paragraph)]).values())
    assert len(passages) > 10
    assert " ".join(passage.text for passage in passages).split() == paragraph.split()
    assert all(passage.text.endswith(("again.", "said.")) for passage in passages)


def test_names_are_unique() -> None:
    blocks = [block for title in ("Ada", "Ito", "Ada", "Ada (2)") for block in (Block(title, 1), Block(LONG))]
    assert list(split_into_passages(blocks)) == ["Ada", "Ito", "Ada (2)", "Ada (2) (2)"]
    assert list(split_into_passages([Block(LONG), Block("x" * 500, 1), Block(LONG)])) == ["1", "x" * 80]


@given(
    st.lists(
        st.tuples(st.sampled_from([0, 0, 0, -1, 1]), st.integers(1, 700), st.sampled_from(["a. B", "it", "x\ny", "A"])),
        max_size=12,
    )
)
@settings(max_examples=60)
def test_passages_lose_no_word(drawn: list[tuple[int, int, str]]) -> None:
    blocks = [Block("" if level < 0 else " ".join([word] * count), level) for level, count, word in drawn]
    found = split_into_passages(blocks)
    expected = " ".join(block.text for block in blocks if block.level == 0).split()
    assert " ".join(passage.text for passage in found.values()).split() == expected
    assert all(choice.target in found for passage in found.values() for choice in passage.choices)


# ---- title, author, rights -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("front", "title", "author", "rights"),
    [
        ("The Mill Road\nby Anna Holt", "The Mill Road", "Anna Holt", "unknown"),
        ("THE MILL ROAD\n\nA Novel\n\nby\n\nAnna Holt", "THE MILL ROAD", "Anna Holt", "unknown"),
        ("The Mill Road\n\n© 2020 Anna Holt", "The Mill Road", "", "© 2020 Anna Holt"),
        ("The Mill Road\n\nCopyright 2020 by Anna Holt", "The Mill Road", "", "Copyright 2020 by Anna Holt"),
        ("Title: The Mill Road\nAuthor: Anna Holt\nLicense: CC0", "The Mill Road", "Anna Holt", "CC0"),
        ("The Mill Road", "The Mill Road", "", "unknown"),
        ("", "tale", "", "unknown"),
    ],
)
def test_title_page(front: str, title: str, author: str, rights: str) -> None:
    story = text(*([front] if front else []), "Chapter 1", LONG)
    assert (story.title, story.author, story.rights) == (title, author, rights)
    assert texts(story) == [LONG]


def test_dialogue_at_the_start_is_not_a_title_page() -> None:
    lines = ("“Who is there?”", "By the door stood Ada.", "“Me.”")
    assert texts(text(*lines, LONG)) == [*lines, LONG]


def test_licence_of_a_free_e_book_is_removed() -> None:
    story = text(
        "The Project Gutenberg eBook of The Mill Road",
        "This e-book may be given to anyone, and this sentence is longer than a hundred characters are, which is why.",
        "Title: The Mill Road",
        "Author: Anna Holt",
        "*** START OF THE PROJECT GUTENBERG EBOOK THE MILL ROAD ***",
        "The Mill Road",
        "by Anna Holt",
        "CHAPTER I.\nThe Lamp",
        LONG,
        "*** END OF THE PROJECT GUTENBERG EBOOK THE MILL ROAD ***",
        "And so on, for pages.",
    )
    assert (story.title, story.author, list(story.passages)) == ("The Mill Road", "Anna Holt", ["CHAPTER I: The Lamp"])
    assert "Project Gutenberg" in story.rights
    assert texts(story) == [LONG]
    assert story.notes == ("Left out: 7 licence paragraphs.",)


def test_no_control_characters_in_title_and_names() -> None:
    story = text("The \x1b[31mMill\x07\nby A\x1b]0;x\x07da", "Chapter 1: \x9b2JThe \x1bcLamp", LONG)
    assert (story.title, story.author) == ("The [31mMill", "A]0;xda")
    assert list(story.passages) == ["Chapter 1: 2JThe cLamp"]


# ---- boilerplate and headings --------------------------------------------------------------------------------


def cleaned(*blocks: str) -> list[str]:
    """Return the cleaned paragraphs, headings in angle brackets and scene breaks as stars."""
    found, _ = clean_document([Block(block) for block in blocks])
    return [f"<{block.text}>" if block.level > 0 else block.text or "***" for block in found]


@pytest.mark.parametrize(
    "heading",
    [
        "Chapter 1",
        "CHAPTER XIV.",
        "Chapter Twenty-One: The Lamp",
        "Chapter the Last",
        "Part II – Winter",
        "PROLOGUE",
        "Epilogue: Home",
        "IV",
        "IV. The Lamp",
        "12. The Lamp of the Ferryman",
        "THE COLD MORNING",
    ],
)
def test_headings(heading: str) -> None:
    assert cleaned(LONG, heading, LONG) == [LONG, f"<{heading}>", LONG]


@pytest.mark.parametrize(
    "line",
    [
        "Part of me wanted to stay",
        "Book the room.",
        "Act now.",
        "I did",
        "HELP!",
        "“CHAPTER ONE”",
        "He ran.",
        "Introduction was unnecessary between them",
        "Scene after scene.",
        "Ada",
    ],
)
def test_lines_that_are_not_headings(line: str) -> None:
    assert cleaned(LONG, line, LONG) == [LONG, line, LONG]


def test_quoted_sign_is_not_a_heading() -> None:
    assert cleaned("The sign said:", "KEEP OUT", LONG) == ["The sign said:", "KEEP OUT", LONG]


def test_last_words_are_not_a_heading() -> None:
    assert cleaned(LONG, "THE END") == [LONG, "THE END"]


def test_no_guessed_headings_in_a_document_with_marked_ones() -> None:
    blocks = [Block(str(n), 1) if n % 2 else Block(f"THE SIGN {n}") for n in range(6)]
    assert [block.level for block in clean_document(blocks)[0]] == [block.level for block in blocks]


@pytest.mark.parametrize("stars", ["***", "* * *", "#", "~~~", "⁂", "• • •", "—" * 30, "x x x"])
def test_breaks_between_scenes(stars: str) -> None:
    assert cleaned(LONG, stars, LONG) == [LONG, "***", LONG]


def test_lines_of_only_a_number_can_be_chapters() -> None:
    assert cleaned("1", LONG, "2", LONG) == ["<1>", LONG, "<2>", LONG]
    assert cleaned("1", f"{LONG} He put the lamp", "2", f"on the table. {LONG}") == [
        f"{LONG} He put the lamp on the table. {LONG}"
    ]


def test_word_hyphenated_at_a_page_end_is_joined() -> None:
    assert cleaned(f"{LONG} He looked at the lan-", "12", "tern.") == [f"{LONG} He looked at the lantern."]
    assert cleaned(f"The half-open door. {LONG} A half-", "12", "open one.")[0].endswith("A half-open one.")


def test_dates_of_a_diary_are_not_running_heads() -> None:
    days = [part for n in range(1, 6) for part in (f"Day {n}", LONG)]
    assert [line for line in cleaned(*days) if line != LONG] == [f"Day {n}" for n in range(1, 6)]


def test_refrain_is_not_a_running_head() -> None:
    song = [part for _ in range(4) for part in (LONG, "O the river")]
    assert cleaned(*song).count("O the river") == 4


@pytest.mark.parametrize("head", ["{0}   THE MILL ROAD", "The Mill Road | {0}", "THE MILL ROAD"])
def test_running_heads_with_page_numbers(head: str) -> None:
    pages = [part for n in range(1, 6) for part in (f"{LONG} He saw {n}", head.format(n), f"geese. {LONG}")]
    assert cleaned(*pages) == [f"{LONG} He saw {n} geese. {LONG}" for n in range(1, 6)]


def test_repeated_chapter_names_are_not_running_heads() -> None:
    blocks = [part for n in range(1, 7) for part in (str(n), ("Ada", "Ito")[n % 2], LONG)]
    assert cleaned(*blocks).count(LONG) == 6
    assert sum("Ada" in line for line in cleaned(*blocks)) == 3


@pytest.mark.parametrize(
    ("written", "prose"),
    [
        ("He lit it.[1] It burned.¹²", "He lit it. It burned."),
        ("He lit it[^1], and[*] it burned.", "He lit it, and it burned."),
        ("He lit [Illustration: a lamp] it.", "He lit  it."),
        ("He lit [Pg 12] it.", "He lit it."),
        ("He ask[s] for _bread_ and some_file_name.", "He ask[s] for bread and some_file_name."),
        ("[1990] was a cold year.", "[1990] was a cold year."),
    ],
)
def test_marks_within_paragraphs(written: str, prose: str) -> None:
    assert cleaned(written) == [prose]


@pytest.mark.parametrize("note", ["[1] A mill.", "[Footnote 3: A mill.]", "¹ A mill.", "[^a]: A mill.", "[*] A mill."])
def test_footnotes(note: str) -> None:
    found, left_out = clean_document([Block(LONG), Block(note), Block(LONG)])
    assert [block.text for block in found] == [LONG, LONG]
    assert left_out == {"footnote": 1}


def test_paragraphs_are_never_left_out() -> None:
    paragraphs = [f"{LONG} It was {n}." for n in range(50)] + ["“Yes.”", "He ran.", "No."]
    assert cleaned(*paragraphs) == paragraphs


# ---- errors, encodings, formats ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html"])
@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_error_for_a_file_without_a_sentence(name: str, data: bytes) -> None:
    with pytest.raises(NoStoryError, match=re.escape(name)):
        read(data, name)


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        ("Старая мельница была закрыта.".encode("koi8-r") * 9, "a.txt", "a.txt:1: this is not UTF-8"),
        ("Stary młyn był zamknięty, więc".encode("cp1250") * 9, "a.txt", "a.txt:1: this is not UTF-8"),
        ("“Who’s there?” she asked.".encode("mac_roman") * 9, "a.txt", "a.txt:1: this is not UTF-8"),
        ("A café in the rain. ".encode("cp437") * 9, "a.md", "a.md:1: this is not UTF-8"),
        ("古い水車小屋は閉まっていた。".encode("shift_jis") * 9, "a.txt", "a.txt:1: this is not UTF-8"),
        ("No mark.".encode("utf-16-le"), "a.txt", "zero bytes"),
        (b"MZ\x90\0\3\0\0\0" * 9, "a.txt", "zero bytes"),
    ],
)
def test_uncertain_encoding_is_refused(data: bytes, name: str, message: str) -> None:
    with pytest.raises(StoryError, match=re.escape(message)) as error:
        read(data, name)
    assert "UTF-8" in str(error.value)


@pytest.mark.parametrize(
    "written",
    [
        "“Who’s there?” she asked — nobody answered. The café was shut…",
        "Le moulin était fermé, et personne n’était là. « Où es-tu ? »",
        "Die Mühle war zu. „Wer ist da?“ fragte sie. Größe, Straße.",
        "It cost £5. Two years ago.",
        "—¿Quién está ahí? —preguntó ella, y nadie le respondió desde la puerta del molino.",
    ],
)
def test_windows_1252_of_western_europe(written: str) -> None:
    found, note = decode_text(Source("a.txt", (written * 3).encode("cp1252")))
    assert found == written * 3
    assert note


def test_formats_are_recognised_by_content() -> None:
    tale = novel(chapters=1)
    page = documents.page(documents.chapter_html(tale.chapters[0]))
    files = {
        "EPUB": documents.epub(tale),
        "Word": documents.docx(tale),
        "OpenDocument": documents.odt(tale),
        "Web": page.encode(),
    }
    for name, data in files.items():
        names = [each.name for each in FORMATS if each.looks_like(Source("unknown", data))]
        assert len(names) == 1
        assert names[0].startswith(name)
    assert not [each for each in FORMATS if each.looks_like(Source("a.txt", b"Once there was a mill."))]

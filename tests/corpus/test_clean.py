"""Cleaning removes and counts boilerplate, and keeps every sentence."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from corpus.clean import clean
from corpus.readers import read
from corpus.turns import clean_prose

LIBRARY = sorted((Path(__file__).parents[2] / "corpus" / "library").glob("*.twee"))

NAVIGATION = [
    "Click here to continue", "CLICK HERE TO CONTINUE.", "Click to continue...", "[Return]", "[ Continue ]",
    "(Next)", "<< Back", "Next >>", "-> Continue", "Back to start", "Return to the main menu",
    "End Game and Leave Comments", "Restart the story", "[Play again?]", "Main Menu", "Continue", "Next page",
    "Tap the button to go on", "| Home |", "Start over", "Table of Contents",
]  # fmt: skip
NOTES = [
    "A/N: Sorry this took so long!", "Author's note: the next part is longer.", "(Author: I know, I know.)",
    "[A/N - more soon]", "AUTHOR'S NOTE: read the warnings", "Author's Notes:", "Please rate and comment!",
    "Thanks for playing!", "Thank you for reading my story.", "Don't forget to leave a comment", "Rate this story!",
    "Thanks so much for playing! Please rate and leave feedback.", "Comments and feedback are always welcome!",
    "Note from the author: part two is coming.", "Please leave a review below, it helps a lot.",
]  # fmt: skip
PAGES = ["Page 12", "page 3 of 10", "- 14 -", "— 7 —", "[Page 2]", "pg. 5", "p. 44"]
SEPARATORS = [
    "***", "* * *", "-----", "~~~", "=======", "___", "~*~*~*~", "-oOo-", "~ o0o ~", "• • •", "###", "⁂",
]  # fmt: skip
PROSE = [
    # like navigation
    "Click here, he said, and the trap sprang.", "Return to me.", "Back to the start of it all.", "Return", "Back",
    "Continue, she says.", '"Continue."', '"Next!" calls the clerk.', "Next came the rain.",
    "You press the button.", "Tap, tap, tap.", "You go back to the beginning of the corridor.",
    "Start over there, by the wall.", "Home.", "Exit left.", "End the game, Mr. Voss.", "[The door is locked.]",
    "(Back then, you were young.)", "-> north", "More.", "Save the queen!",
    # like author's notes
    "The author's note lies on the desk.", "Author and critic, he was feared.",
    '"Thanks for playing," says the croupier.', "Thanks for playing the fool, she says.",
    "Please rate the wines from one to ten, says the butler.", "An: the old word for one.",
    "You find an author's note: a single page, burnt.", "Rate of climb: two feet a second.", "Comment allez-vous?",
    "(An author: that is what you are.)", "Review the plans, leave, and burn them.",
    "Feedback howls from the loudspeaker.",
    # like page marks and separators
    "Page 12 is missing.", "Page after page, nothing.", "7", "- 14 degrees -", "...", "…", "!!!", "?", "--", "—",
    "* A star", "--- is what the sign says", "S***!", "You earn 3 * 4 = 12 coins.", "**Stop**", "*", "#1", "-5",
    # like markup
    "I <3 you", "a < b and b > c", "<grin>", "<Bob> hello", "Q&A", "AT&T; Ltd", "R&D costs & more", "&c.",
    "x &y; z", "{{x}} [bold]y[/bold]",
    # like mojibake
    "naïve café, Ångström, São Paulo, NÃO", "Crème brûlée — 5 €", "Привет, мир", "שלום", "日本語の本",
    "« Bonjour », dit-il…", "1 × 2 ÷ 3 ± ½ °C",
    # spaces
    "  indented verse\n    and more", "one\ntwo",
]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        *((line, "navigation line") for line in NAVIGATION),
        *((line, "author's note") for line in NOTES),
        *((line, "page mark") for line in PAGES),
        *((line, "separator") for line in SEPARATORS),
    ],
)
def test_boilerplate_is_removed_and_counted(line: str, reason: str) -> None:
    cleaned = clean(f"You wake.\n\n{line}\n\nIt is dark.")
    assert cleaned.text == "You wake.\n\nIt is dark."
    assert cleaned.drops == {reason: 1}
    assert clean(line).text == ""


@pytest.mark.parametrize("text", PROSE)
def test_prose_that_looks_like_boilerplate_stays(text: str) -> None:
    for passage in (text, f"You wake.\n\n{text}\n\nIt is dark."):
        cleaned = clean(passage)
        assert cleaned.text == passage.strip("\n")
        assert not cleaned.drops


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("“It’s ‘fine’,” she says„", "\"It's 'fine',\" she says\""),
        ("donâ€™t say â€œnoâ€\x9d", 'don\'t say "no"'),
        ("cafÃ© crÃ¨me", "café crème"),
        ("soft\xadhyphen, zero\u200bwidth, \ufeffmark, hard\xa0space", "softhyphen, zerowidth, mark, hard space"),
        ("Two  spaces.\tAnd a tab.  ", "Two spaces. And a tab."),
        ("fish &amp; chips&nbsp;&ndash; &quot;good&quot; &#39;n&#x27; cheap", "fish & chips – \"good\" 'n' cheap"),
        ("&amp;amp;lt; is &amp;lt;", "< is <"),
        ("One\r\n\r\n\r\n\r\nTwo", "One\n\nTwo"),
        ("👩‍🚀 می‌خواهم", "👩‍🚀 می‌خواهم"),
    ],
)
def test_characters_are_repaired_and_nothing_is_lost(raw: str, text: str) -> None:
    cleaned = clean(raw)
    assert (cleaned.text, dict(cleaned.drops)) == (text, {})


def test_html_remains_are_removed_and_breaks_stay() -> None:
    raw = "<p>You <b class='x'>wake</b>.<br/>It is <i>dark</i>.</p><!-- a > b --><P>A bell.</P><script>a < b</script>"
    cleaned = clean(raw)
    assert cleaned.text == "You wake.\nIt is dark.\n\nA bell."
    assert cleaned.drops == {"HTML tag": 11}


def test_note_inside_a_paragraph_is_removed() -> None:
    cleaned = clean("You wake (A/N: finally!) in the dark. [Author: hi]\n\nA bell.")
    assert (cleaned.text, cleaned.drops) == ("You wake in the dark.\n\nA bell.", {"author's note": 2})


def test_title_above_the_prose_is_removed() -> None:
    assert clean("THE SALT STAIR!\n\nYou climb.", title="The Salt Stair").text == "You climb."
    assert clean("***\nThe Salt Stair\nYou climb.", title="The Salt Stair").drops == {
        "separator": 1,
        "repeated title": 1,
    }
    for text in ("The salt stair is wet.\n\nYou climb.", "The Salt Stair", "You climb.\n\nThe Salt Stair"):
        assert clean(text, title="The Salt Stair").text == text
    assert clean("...\n\nYou climb.", title="???").text == "...\n\nYou climb."


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.stem)
def test_library_stories_are_not_changed(path: Path) -> None:
    [story] = read(path)
    for passage in story.passages.values():
        cleaned = clean(passage.text, story.title)
        assert cleaned.text == clean_prose(passage.text)
        assert not cleaned.drops


pieces = st.lists(
    st.one_of(
        st.sampled_from(
            [*NAVIGATION, *NOTES, *PAGES, *SEPARATORS, *PROSE, "Title", "<p>", "</p>", "<br>", "<", ">", "&"]
        ),
        st.sampled_from(
            ["&amp;", "&lt;", "&gt;", "&#60;", "&nbsp;", "&Acirc;", "Ã", "©", "â€™", "\xa0", "\u200b", "\n", " "]
        ),
        st.text(max_size=12),
    ),
    max_size=14,
)


@given(pieces, st.sampled_from(["", " ", "\n", "\n\n"]), st.sampled_from(["", "Title"]))
@example(["<<b>b>"], "", "")
@example(["&amp;lt;b&amp;gt;"], "", "")
@example(["Title", "Title", "Title", "x"], "\n", "Title")
@example(["(A/N: a (A/N: b))"], "", "")
@example(["\xa0", "â€™", "Ã"], "", "")
def test_cleaning_is_idempotent(parts: list[str], between: str, title: str) -> None:
    once = clean(between.join(parts), title)
    again = clean(once.text, title)
    assert again.text == once.text
    assert not Counter(again.drops)
    assert clean_prose(once.text) == once.text


@pytest.mark.parametrize("piece", ["<b ", "<!--", "<script>", "&amp;", "(A/N: ", "   \t", "[", "- ", "Ã¢", "\n\n>"])
def test_any_text_is_cleaned_quickly(piece: str) -> None:
    assert len(clean(piece * 30_000).text) <= len(piece) * 30_000  # takes minutes if quadratic

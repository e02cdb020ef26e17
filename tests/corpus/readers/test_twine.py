"""Twine: macros and links of each story format, published pages, archives, and Twine 1."""

from html import escape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.readers import twee, twine
from corpus.readers.source import Source
from corpus.readers.twee import read_twee
from corpus.readers.twine import read_twine
from corpus.story import Story, StoryError

HARLOWE = r"""
:: Setup [startup]
(set: $name to "Mara")(set: $gold to 3)

:: Start
(set: $seen to true)You are $name, keeper of the ''north'' gate. You have (print: $gold) coins.
(if: $gold > 2)[The miller greets you.](else-if: $gold is 1)[The miller nods.](else:)[The miller looks away.]

{You see a [lamp]<lamp| and a (text-style: "bold")[rope].}
<!-- a note of the author -->
(link: "Take the lamp")[You take the lamp. (set: $lamp to true)]
(either: "Rain falls.", "Snow falls.")
(display: "Weather")
|hidden)[There is a door.] (show: ?hidden)

(link-goto: "Walk to the mill", "Mill")
[[Ask $name's friend->Friend]]
[[Friend<-Wave]]
(link: "Run")[(go-to: "Mill")]

:: Weather
Wind blows.

:: Mill
The mill turns.(live: 2s)[ It creaks.(stop:)]
(go-to: "Friend")

:: Friend
(unless: $gold > 5)["Where have you been?" she asks.]
[[Home->Start]] or [[Mill]]
"""

SUGARCUBE = r"""
:: StoryInit
<<set $name to "Mara">><<set $gold = 3>>

:: Start [nobr]
<<nobr>>You are $name, keeper of the ''north'' gate. You have <<print $gold>> coins.<</nobr>>
<<if $gold gt 2>>The miller greets you.<<elseif $gold is 1>>The miller nods.<<else>>The miller looks away.<</if>>

<<silently>><<set $x to 3>>nobody reads this<</silently>>
/* a comment */ <!-- another -->
<<script>>alert("no")<</script>>
@@color:red;Danger!@@ //Look// up.
<<include "Weather">>
<<linkreplace "Look">>You look around.<</linkreplace>>

<<link "Walk to the mill" "Mill">><<set $walked to true>><</link>>
<<link [[Wave|Friend]]>><</link>>
<<button "Run">><<goto "Mill">><</button>>
[[Ask $name|Friend][$asked to true]]
[[Hide->Cellar][$hidden to 1]]
[[Friend<-Whistle]]

:: Weather
Wind blows.

:: Mill
The mill turns.<<timed 2s>> It creaks.<</timed>>
<<goto "Friend">>

:: Cellar
Dark.

:: Friend
"Where have you been?" she asks. <a data-passage="Start">Home</a>

:: Program [script]
var lamp = "[[not a link]]";
"""

CHAPBOOK = r"""
:: Start
name: 'Mara'
gold (random): 3
--
You are {name}, keeper of the *north* gate. You have {gold} coins.

[if gold > 2]
The miller greets you.

[else]
The miller looks away.

[continue]
{embed passage: 'Weather'}
{reveal link: 'You look up', text: 'and see the moon.'}

[note to myself]
Write this better.

[JavaScript]
write("no");

[cont]
> [[Walk to the mill->Mill]]
> [[Ask {name}'s friend|Friend]]
{link to: 'Cellar', label: 'Hide'}
{link to: 'https://example.org', label: 'My page'}
{restart link, label: 'Again'}

:: Weather
Wind blows.

:: Mill
The mill turns.

:: Friend
Hello.

:: Cellar
Dark.
"""

SNOWMAN = r"""
:: Start
<% s.name = "Mara"; %>You are <%= s.name %>, keeper of the **north** gate.

<% if (s.gold > 2) { %>The miller greets you.<% } else { %> The miller looks away.<% } %>

<%= window.story.render("Weather") %>

[[Walk to the mill->Mill]]
<a href="javascript:void(0)" data-passage="Friend">Ask</a>

:: Weather
Wind blows.

:: Mill
The _mill_ turns.

:: Friend
Hello.
"""


def read_body(story_format: str, body: str) -> Story:
    head = f':: StoryTitle\nThe Gate\n\n:: StoryData\n{{"ifid": "X", "format": "{story_format}"}}\n'
    return read_twee(head + body, "gate.twee")


def choices(story: Story, name: str) -> list[tuple[str, str]]:
    return [(choice.label, choice.target) for choice in story.passages[name].choices]


def paragraph(story: Story, name: str) -> str:
    return " ".join(story.passages[name].text.split())


def test_harlowe() -> None:
    story = read_body("Harlowe", HARLOWE)
    assert paragraph(story, "Start") == (
        "You are Mara, keeper of the north gate. You have 3 coins. The miller greets you. You see a lamp and a rope. "
        "Rain falls. Wind blows. There is a door."
    )
    assert paragraph(story, "Start 2").endswith("Snow falls. Wind blows. There is a door.")
    assert choices(story, "Start") == [
        ("Take the lamp", "Start: Take the lamp"),
        ("Walk to the mill", "Friend"),
        ("Ask Mara's friend", "Friend"),
        ("Wave", "Friend"),
        ("Run", "Friend"),
    ]
    assert story.passages["Start: Take the lamp"].text.strip() == "You take the lamp."
    assert choices(story, "Start: Take the lamp") == choices(story, "Start")[1:]
    assert story.passages["Friend"].text == '"Where have you been?" she asks.'
    assert choices(story, "Friend") == [("Home", "Start"), ("Mill", "Friend"), ("Home", "Start 2")]
    assert story.passages.keys() == {"Start", "Start 2", "Start: Take the lamp", "Friend"}
    assert "Harlowe macros are read, not executed, in 3 passages, first in 'Start'" in story.notes[0]
    # The mill's text, which a (go-to:) replaces at once, and what the miller does with other sums of money.
    assert story.left_out == len("The miller nods. The miller looks away. The mill turns. It creaks.".split())


def test_sugarcube() -> None:
    story = read_body("SugarCube", SUGARCUBE)
    assert paragraph(story, "Start") == (
        "You are Mara, keeper of the north gate. You have 3 coins. The miller greets you. Danger! Look up. Wind blows."
    )
    assert choices(story, "Start") == [
        ("Look", "Start: Look"),
        ("Walk to the mill", "Friend"),
        ("Wave", "Friend"),
        ("Run", "Friend"),
        ("Ask Mara", "Friend"),
        ("Hide", "Cellar"),
        ("Whistle", "Friend"),
    ]
    assert story.passages["Start: Look"].text == "You look around."
    assert choices(story, "Start: Look") == choices(story, "Start")[1:]
    assert story.passages["Friend"].text == '"Where have you been?" she asks.'
    assert choices(story, "Friend") == [("Home", "Start")]
    assert story.passages.keys() == {"Start", "Start: Look", "Cellar", "Friend"}


def test_chapbook() -> None:
    story = read_body("Chapbook", CHAPBOOK)
    assert paragraph(story, "Start") == (
        "You are Mara, keeper of the north gate. You have 3 coins. The miller greets you. Wind blows. My page"
    )
    assert choices(story, "Start") == [
        ("You look up", "Start: You look up"),
        ("Walk to the mill", "Mill"),
        ("Ask Mara's friend", "Friend"),
        ("Hide", "Cellar"),
    ]
    assert story.passages["Start: You look up"].text == "and see the moon."


def test_snowman() -> None:
    story = read_body("Snowman", SNOWMAN)
    assert paragraph(story, "Start") == "You are Mara, keeper of the north gate. The miller looks away. Wind blows."
    assert choices(story, "Start") == [("Walk to the mill", "Mill"), ("Ask", "Friend")]
    assert story.passages["Mill"].text == "The mill turns."


@pytest.mark.parametrize(
    ("body", "name"), [(HARLOWE, "Harlowe"), (SUGARCUBE, "SugarCube"), (CHAPBOOK, "Chapbook"), (SNOWMAN, "Snowman")]
)
def test_story_format_is_recognised_by_macros(body: str, name: str) -> None:
    named, unnamed = read_body(name, body), read_body("", body)
    assert unnamed.passages == named.passages
    assert name in unnamed.notes[0]


@pytest.mark.parametrize("story_format", ["Harlowe", "SugarCube", "Chapbook", "Snowman", "", "Mine"])
@pytest.mark.parametrize(
    ("written", "label", "target"),
    [
        ("[[Hall]]", "Hall", "Hall"),
        ("[[Go in->Hall]]", "Go in", "Hall"),
        ("[[Hall<-Go in]]", "Go in", "Hall"),
        ("[[Go in|Hall]]", "Go in", "Hall"),
        ("[[a -> b->Hall]]", "a -> b", "Hall"),
        ("[[Hall<-a <- b]]", "a <- b", "Hall"),
        ("[[a | b|Hall]]", "a | b", "Hall"),
        ("[[ Go in -> Hall ]]", "Go in", "Hall"),
        ("[[<b>Go</b> in->Hall]]", "Go in", "Hall"),
        ("[[“Who’s there?”->Hall]]", "“Who’s there?”", "Hall"),
    ],
)
def test_links_in_every_story_format(story_format: str, written: str, label: str, target: str) -> None:
    story = read_body(story_format, f"\n:: Start\nA door.\n\n{written}\n\n:: Hall\nA hall.\n")
    assert choices(story, "Start") == [(label, target)]
    assert story.passages["Start"].text == "A door."


def test_link_within_a_sentence_keeps_its_label() -> None:
    story = read_body("Harlowe", "\n:: Start\nThere is a [[door->Hall]] here.\n\n:: Hall\nA hall.\n")
    assert story.passages["Start"].text == "There is a door here."


def test_passages_that_include_each_other() -> None:
    rings = "".join(f'\n:: P{n}\n{n}. <<include "P{(n + 1) % 3}">> <<include "P{n}">>\n' for n in range(3))
    story = read_body("SugarCube", f'\n:: Start\nGo.\n<<include "P0">>\n{rings}')
    assert story.passages["Start"].text.startswith("Go.\n0. 1.")
    assert "left out" in " ".join(story.notes)


# ---- pages ---------------------------------------------------------------------------------------------------


def page(stories: str, story_format: str = "") -> str:
    """Return a page as Twine publishes it: the format's program, then the stories."""
    head = f"<!DOCTYPE html>\n<html><head><title>x</title><script>{story_format}</script></head>"
    return f"{head}<body>{stories}</body></html>"


def storydata(name: str, passages: list[tuple[str, str, str]], start: int = 1, more: str = "") -> str:
    inner = "".join(
        f'<tw-passagedata pid="{pid}" name="{escape(title)}" tags="{tags}" position="1,2" size="100,100">{escape(text)}'
        "</tw-passagedata>"
        for pid, (title, tags, text) in enumerate(passages, 1)
    )
    return (
        f'<tw-storydata name="{escape(name)}" startnode="{start}" creator="Twine" ifid="X" {more} hidden>'
        '<style role="stylesheet" type="text/twine-css">.a{}</style>'
        '<script role="script" type="text/twine-javascript">let x = "<tw-passagedata>";</script>'
        f'<tw-tag name="a" color="red"></tw-tag>{inner}</tw-storydata>'
    )


HALLS = [("Hall & <Stair>", "dark cold", 'A "hall".\n\n[[Up->The end]]'), ("The end", "", "The <b>end</b>.")]


def test_published_page() -> None:
    [story] = read_twine(page(storydata("Halls & <more>", HALLS, more='author="Ada" rights="CC0-1.0"')), "halls.html")
    assert (story.title, story.author, story.rights) == ("Halls & <more>", "Ada", "CC0-1.0")
    assert story.start == "Hall & <Stair>"
    assert story.passages["Hall & <Stair>"].text == 'A "hall".'
    assert story.passages["Hall & <Stair>"].tags == {"dark", "cold"}
    assert choices(story, story.start) == [("Up", "The end")]
    assert story.passages["The end"].text == "The end."


def test_archive_of_several_stories() -> None:
    two = storydata("One", HALLS) + "\n" + storydata("Two", [("Start", "", "Two.")])
    assert [story.title for story in read_twine(two, "archive.html")] == ["One", "Two"]


def test_page_with_megabytes_of_program_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "game.html"
    path.write_text(page(storydata("Halls", HALLS), "var a = 1;\n" * 200_000))
    source = Source.of(path)
    assert twine.FORMAT.looks_like(source)
    [story] = twine.FORMAT.read(source)
    assert len(story.passages) == 2


def test_script_that_mentions_passages_is_not_a_passage() -> None:
    format_program = 'document.querySelector("tw-storydata"); html = "<tw-storydata>"; `<tw-passagedata pid="9">`'
    [story] = read_twine(page(storydata("Halls", HALLS), format_program), "halls.html")
    assert list(story.passages) == ["Hall & <Stair>", "The end"]


def test_start_passage_is_not_the_first() -> None:
    [story] = read_twine(storydata("Halls", HALLS, start=2), "halls.html")
    assert story.start == "The end"
    [story] = read_twine(storydata("Halls", [("Start", "", "Hi."), *HALLS], start=9), "halls.html")
    assert story.start == "Start"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (storydata("Halls", HALLS, start=7), "is passage number 7, which does not exist"),
        (storydata("Halls", []), "the story 'Halls' has no passage with text"),
        (page("<tw-storydata></tw-storydata>"), "there is no Twine story in this page"),
        ('<div id="storeArea"><div tiddler="A">x</div></div>', "has no passage 'Start', where Twine 1 starts"),
        ('<div id="storeArea"></div>', "has no passage with text"),
    ],
)
def test_error_for_a_page_without_a_complete_story(text: str, message: str) -> None:
    with pytest.raises(StoryError, match=message) as caught:
        list(read_twine(text, "halls.html"))
    assert str(caught.value).startswith("halls.html: ")


def test_twine_1() -> None:
    tiddlers = "".join(
        f'<div tiddler="{name}" tags="{tags}" created="201001011200" modifier="twee">{escape(text)}</div>'
        for name, tags, text in (
            ("StoryTitle", "", "Old Halls"),
            ("StoryAuthor", "", "Ada"),
            ("Start", "", r"A hall.\n\nIt is dark. <<if $lamp>>You see.<<endif>>\nC:\sd\n[[Go up|Attic]]"),
            ("Attic", "", r'Dust.\n<<choice "Start" "Go down">>'),
            ("Looks", "stylesheet", "body {}"),
        )
    )
    [story] = read_twine(page(f'<div id="storeArea" hidden>{tiddlers}</div>'), "old.html")
    assert (story.title, story.author, story.start) == ("Old Halls", "Ada", "Start")
    assert paragraph(story, "Start") == "A hall. It is dark. C:\\d"
    assert choices(story, "Start") == [("Go up", "Attic")]
    assert paragraph(story, "Start 2") == "A hall. It is dark. You see. C:\\d"
    assert choices(story, "Attic") == [("Go down", "Start"), ("Go down", "Start 2")]


def test_twee_1(tmp_path: Path) -> None:
    path = tmp_path / "old.tw"
    path.write_text(
        ":: StoryTitle\nOld\n\n::Start\nHello. <<display 'Rain'>>\n[[Go|End]]\n\n::Rain\nRain.\n\n::End [a b]\nOver.\n"
    )
    source = Source.of(path)
    assert twee.FORMAT.looks_like(source)
    [story] = twee.FORMAT.read(source)
    assert (story.title, story.start) == ("Old", "Start")
    assert paragraph(story, "Start") == "Hello. Rain."
    assert choices(story, "Start") == [("Go", "End")]


# ---- hostile input -------------------------------------------------------------------------------------------

_PIECES = st.sampled_from(
    "[[ ]] -> <- | ][ << >> <<if <<else>> <</if>> <<link <<goto \" ' (if: (link: (go-to: ( ) [ ] { } {{{ }}} $ _ a "
    "Start Mill \n \\ /* */ <!-- --> <% %> <%= <b> </b> <script> </script> &lt; &#0; \x00 \x1b[31m @@ // '' ==== -- "
    "{embed {reveal |x> <x| ` ``` [if [cont] > :: = : , 🐉 א".split(" ")
)
_BODIES = st.lists(_PIECES | st.text(max_size=4), max_size=40).map("".join)


@pytest.mark.parametrize("story_format", ["Harlowe", "SugarCube", "Chapbook", "Snowman", ""])
@given(body=_BODIES)
def test_any_body_gives_a_passage(story_format: str, body: str) -> None:
    body = body.replace("\n::", "\n")
    [story] = read_twine(
        f'<tw-storydata name="x" startnode="1" format="{story_format}">'
        f'<tw-passagedata pid="1" name="Start">{escape(body)}</tw-passagedata>'
        '<tw-passagedata pid="2" name="Mill">Mill.</tw-passagedata></tw-storydata>',
        "x",
    )
    assert "\x00" not in story.passages["Start"].text
    assert all("\x00" not in choice.label + choice.target for choice in story.passages["Start"].choices)


@given(
    st.binary(max_size=300),
    st.sampled_from([b"<tw-storydata name=x startnode=1>", b'<div id="storeArea">', b":: Start\n"]),
)
def test_any_bytes_give_stories_or_an_error(content: bytes, begin: bytes) -> None:
    source = Source("x", begin + content)
    for story_format in (twine.FORMAT, twee.FORMAT):
        if story_format.looks_like(source):
            try:
                assert all(story.start in story.passages for story in story_format.read(source))
            except StoryError as error:
                assert str(error)


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("story_format", ["Harlowe", "SugarCube", "Chapbook", "Snowman", ""])
@pytest.mark.parametrize(
    "piece",
    (
        "[[ [[a-> <<link¤'a'>> <<if¤ <<\" (if:¤( (link:¤'a')[ [ { {reveal¤link:¤' <% <b¤ <script> /* <!-- {{{ ' '' *a¤ "
        "_a¤ |x>[ ` @@.a [if¤a]¶ [[a]] ] <<goto¤'a'>> \\ &# $a"
    ).split(" "),
)
def test_repeated_markup_is_read_quickly(story_format: str, piece: str) -> None:
    piece = piece.replace("¤", " ").replace("¶", "\n")
    story = read_body(story_format, "\n:: Start\nA door. " + piece * (100_000 // len(piece)))
    assert story.start == "Start"

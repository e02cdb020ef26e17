"""Twine's conditions, variables and clicks: what a reading shows, in every story format alike."""

import pytest

from corpus.examples import edge_cover
from corpus.graph import make_graph
from corpus.reachability import reachability_warning
from corpus.readers.twee import read_twee
from corpus.readers.twine_expressions import Const, Op, Var, evaluate, parse
from corpus.readers.twine_forms import without_untold
from corpus.readers.twine_reading import UNTOLD
from corpus.story import BEGINNING, Story

FORMATS = ("SugarCube", "Harlowe", "Chapbook", "Snowman")


def read_story(story_format: str, body: str) -> Story:
    head = f':: StoryData\n{{"ifid": "X", "format": "{story_format}"}}\n\n' if story_format else ""
    return read_twee(head + body, "tale.twee")


def shown(story: Story) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Return the text and the choices of each passage."""
    return {
        name: (" ".join(passage.text.split()), [(choice.label, choice.target) for choice in passage.choices])
        for name, passage in story.passages.items()
    }


# The same story in four formats: a condition on what the player took, and a value.
SAME = {
    "SugarCube": """
:: Start
<<set $name to "Ada">><<set $lamp to false>><<set $gold to 3>>You are $name. You have <<print $gold + 2>> coins.
[[Take the lamp->Shed]]
[[Go in->Cave]]

:: Shed
<<set $lamp to true>>It is heavy.
[[Go in->Cave]]

:: Cave
<<if $lamp>>You see a door.<<else>>You see nothing.<</if>>
<<if not $lamp>>It is dark.<</if>>
<<if $lamp>>[[Open it->End]]<</if>>
[[Turn back->Start]]

:: End
<<include "Wind">>

:: Wind
Wind blows.
""",
    "Harlowe": """
:: Start
(set: $name to "Ada")(set: $lamp to false)(set: $gold to 3)You are $name. You have (print: $gold + 2) coins.
[[Take the lamp->Shed]]
[[Go in->Cave]]

:: Shed
(set: $lamp to true)It is heavy.
[[Go in->Cave]]

:: Cave
(if: $lamp)[You see a door.](else:)[You see nothing.]
(unless: $lamp)[It is dark.]
(if: $lamp is true)[[[Open it->End]]]
[[Turn back->Start]]

:: End
(display: "Wind")

:: Wind
Wind blows.
""",
    "Chapbook": """
:: Start
name: 'Ada'
lamp: false
gold: 3
all: gold + 2
--
You are {name}. You have {all} coins.

[[Take the lamp->Shed]]
[[Go in->Cave]]

:: Shed
lamp: true
--
It is heavy.

[[Go in->Cave]]

:: Cave
[if lamp]
You see a door.

[else]
You see nothing.

[unless lamp]
It is dark.

[if lamp === true]
[[Open it->End]]

[cont]
[[Turn back->Start]]

:: End
{embed passage: 'Wind'}

:: Wind
Wind blows.
""",
    "Snowman": """
:: Start
<% s.name = "Ada"; s.lamp = false; s.gold = 3; %>You are <%= s.name %>. You have <%= s.gold + 2 %> coins.
[[Take the lamp->Shed]]
[[Go in->Cave]]

:: Shed
<% s.lamp = true; %>It is heavy.
[[Go in->Cave]]

:: Cave
<% if (s.lamp) { %>You see a door.<% } else { %>You see nothing.<% } %>
<% if (!s.lamp) { %>It is dark.<% } %>
<% if (s.lamp === true) { %>[[Open it->End]]<% } %>
[[Turn back->Start]]

:: End
<%= window.story.render("Wind") %>

:: Wind
Wind blows.
""",
}


@pytest.mark.parametrize("stated", [True, False])
@pytest.mark.parametrize("story_format", FORMATS)
def test_the_same_story_in_every_format(story_format: str, stated: bool) -> None:
    story = read_story(story_format if stated else "", SAME[story_format])
    assert shown(story) == {
        "Start": ("You are Ada. You have 5 coins.", [("Take the lamp", "Shed"), ("Go in", "Cave")]),
        "Shed": ("It is heavy.", [("Go in", "Cave 2")]),
        "Cave": ("You see nothing. It is dark.", [("Turn back", "Start")]),
        "Cave 2": ("You see a door.", [("Open it", "End"), ("Turn back", "Start")]),
        "End": ("Wind blows.", []),
    }
    assert story.left_out == 0


# Both branches, only one of which may be in a reading.
EITHER_OR = {
    "SugarCube": "<<if $alive>>You are alive.<<else>>You are dead.<</if>> <<if !$alive>>They bury you.<</if>>",
    "Harlowe": "(if: $alive)[You are alive.](else:)[You are dead.] (if: not $alive)[They bury you.]",
    "Chapbook": "[if alive]\nYou are alive.\n\n[else]\nYou are dead.\n\n[unless alive]\nThey bury you.\n",
    "Snowman": "<% if (s.alive) { %>You are alive.<% } else { %>You are dead.<% } %>"
    " <% if (!s.alive) { %>They bury you.<% } %>",
}


@pytest.mark.parametrize("story_format", FORMATS)
def test_one_branch_in_each_reading(story_format: str) -> None:
    body = f":: Start\nGo.\n[[On->Hill]]\n\n:: Hill\n{EITHER_OR[story_format]}\n"
    passages = shown(read_story(story_format, body))
    assert [text for name, (text, _) in passages.items() if name != "Start"] == [
        "You are dead. They bury you.",
        "You are alive.",
    ]
    assert passages["Start"][1] == [("On", "Hill"), ("On", "Hill 2")]


UNKNOWN_VALUE = {
    "SugarCube": "You meet $stranger. It rains.",
    "Harlowe": "You meet $stranger. It rains.",
    "Chapbook": "You meet {stranger}. It rains.",
    "Snowman": "You meet <%= s.stranger %>. It rains.",
}


@pytest.mark.parametrize("story_format", FORMATS)
def test_a_sentence_with_an_unknown_value_is_left_out(story_format: str) -> None:
    story = read_story(story_format, f":: Start\n{UNKNOWN_VALUE[story_format]}\n")
    assert story.passages["Start"].text == "It rains."


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("One. Two ?. Three!", "One. Three!"),
        ('"Hello, ?," she says. "Sit."', '"Sit."'),
        ('She says: "Hello. I am ?. Sit." You sit.', 'She says: "Hello. Sit." You sit.'),
        ('"I am ?. Sit." You sit.', ""),
        ('"One."\n"I am ?."\n"Three."', '"One."\n"Three."'),
        ("One.\n\nTwo ?.\n\nThree.", "One.\n\nThree."),
        ("You owe Mrs. Hale 3.5 ?. She waits.", "She waits."),
        ("?", ""),
    ],
)
def test_what_is_left_without_an_unknown_value(text: str, kept: str) -> None:
    assert without_untold(text.replace("?", UNTOLD)) == kept


# ---- SugarCube ---------------------------------------------------------------------------------------------------


def test_click_that_replaces_reveals_its_own_links() -> None:
    story = read_story(
        "SugarCube",
        """:: Start
A crate stands here.

<<linkreplace "Open it">>\\
A lamp lies inside.
<<linkappend "Take the lamp.">>\\
It is heavy. [[Go->Hill]]
<</linkappend>>
<</linkreplace>>
[[Leave->Hill]]

:: Hill
A hill.
""",
    )
    assert shown(story) == {
        "Start": ("A crate stands here.", [("Open it", "Start: Open it"), ("Leave", "Hill")]),
        "Start: Open it": ("A lamp lies inside.", [("Take the lamp.", "Start: Open it: Take the lamp.")]),
        "Start: Open it: Take the lamp.": ("It is heavy.", [("Go", "Hill")]),
        "Hill": ("A hill.", []),
    }


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('You see <<linkreplace "a sail">>a black sail,<</linkreplace>> far out.', "You see a black sail, far out."),
        ('You see a <<linkappend "sail">>, black and torn<</linkappend>>.', "You see a sail, black and torn."),
        ('It creaks. <<timed 2s>>Then it stops.<</timed>>', "It creaks. Then it stops."),
        ('A <<cycle "$hat">><<option "red">><<option "blue">><</cycle>> hat.', "A red hat."),
        ("<<silently>>Nobody reads this.<</silently>>You wait.", "You wait."),
        ('<<link "Buy it">><<set $gold -= 2>><</link>>\nYou wait.', "You wait."),
    ],
)  # fmt: skip
def test_macros_in_a_sentence(written: str, text: str) -> None:
    assert read_story("SugarCube", f":: Start\n{written}\n").passages["Start"].text == text


@pytest.mark.parametrize(
    "written",
    [
        '<<link "Go" "Hill">><</link>>',
        '<<link "Go">><<goto "Hill">><</link>>',
        '<<link "Go">><<run Engine.play("Hill")>><</link>>',
        '<<link "Go">><<set $way to "Hill">><<goto $way>><</link>>',
        '<<button [[Go|Hill]]>><</button>>',
        '<<link "Go">><<if $x>><<goto "Hill">><<else>><<goto "Hill">><</if>><</link>>',
        '<<link `"G" + "o"` "Hill">><</link>>',
        "[[Go|$place]]",
        '<<link "Go" `["Hill", "Nowhere"].random()`>><</link>>',
        '<<link "Go">><<set $way to $lamp ? "Hill" : "Hill">><<goto $way>><</link>>',
        '<<link "Go">><<goto either("Hill")>><</link>>',
        '<<travel "Go" "Hill">>',
        "<<walk>>",
        '<<nobr>><<link "Go" "Hill">><</link>><</nobr>>',
        '<<actions "Hill">>',
    ],
)  # fmt: skip
def test_everything_that_leads_to_a_passage(written: str) -> None:
    widgets = ':: W [widget]\n<<widget "walk">>[[Go->Hill]]<</widget>>\n\n:: StoryInit\n<<set $place to "Hill">>\n\n'
    story = read_story("SugarCube", f"{widgets}:: Start\nYou wait.\n\n{written}\n\n:: Hill\nA hill.\n")
    assert shown(story)["Start"] == ("You wait.", [("Hill" if "actions" in written else "Go", "Hill")])


def test_a_jump_is_followed_at_once() -> None:
    story = read_story(
        "SugarCube",
        """:: Start
<<if $dead>><<goto "Grave">><</if>>You wait.
[[Fight->Fight]]

:: Fight
<<set $dead to true>><<goto "Start">>

:: Grave
You lie still. <<return "Back">>
""",
    )
    assert shown(story) == {
        "Start": ("You wait.", [("Fight", "Grave")]),
        "Grave": ("You lie still.", [("Back", "Start")]),
    }


def test_cases_of_a_switch_and_text_of_chance_are_each_in_a_reading() -> None:
    body = """:: Start
<<switch $trust>><<case 0>>Nobody nods.<<case 1 2>>Tom nods.<<default>>All nod.<</switch>>
It is <<print either("cold", "warm")>>.
[[Help->Start][$trust += 1]]
"""
    texts = " ".join(
        text for text, _ in shown(read_story("SugarCube", ":: StoryInit\n<<set $trust to 0>>\n\n" + body)).values()
    )
    assert texts == "Nobody nods. It is cold. Tom nods. It is warm. All nod. It is cold."


def test_many_conditions_give_few_readings() -> None:
    conditions = " ".join(f"<<if $a{n}>>Yes {n}.<<else>>No {n}.<</if>>" for n in range(30))
    story = read_story("SugarCube", f":: Start\nGo.\n[[On->Hill]]\n\n:: Hill\n{conditions}\n")
    assert len(story.passages) == 3
    assert all(
        f"{word} {n}." in " ".join(p.text for p in story.passages.values()) for word in ("Yes", "No") for n in range(30)
    )


def test_properties_of_an_object_have_values() -> None:
    body = (
        ':: StoryInit\n<<set $you = {job: "smith", coins: 4}>>\n\n:: Start\nYou are a $you.job with $you.coins coins.\n'
    )
    assert read_story("SugarCube", body).passages["Start"].text == "You are a smith with 4 coins."


def test_what_a_click_sets_holds_afterwards() -> None:
    body = """:: Start
<<set $key to false>>You wait.
[[Look->Room]]
[[Go on->Door]]

:: Room
<<if $key is false>><<linkreplace "Take the key">><<set $key to true>>You have it.<</linkreplace>><</if>>
[[Go on->Door]]

:: Door
<<if $key is true>>It opens.<<else>>It is locked.<</if>>
[[Back->Room]]
"""
    passages = shown(read_story("SugarCube", body))
    assert passages["Room"][1] == [("Take the key", "Room: Take the key"), ("Go on", "Door")]
    assert passages["Room: Take the key"] == ("You have it.", [("Go on", "Door 2")])
    assert [passages["Door"][0], passages["Door 2"][0]] == ["It is locked.", "It opens."]


@pytest.mark.parametrize(
    "written",
    [
        "<<return>>",
        '<<back "Back">>',
        '<<link "Back">><<return>><</link>>',
        "[[Back|previous()]]",
        '<<link "Back" $return>><</link>>',
    ],
)
def test_links_to_where_the_player_came_from(written: str) -> None:
    story = read_story("SugarCube", f":: Start\nHi.\n[[Bag]]\n\n:: Bag\nA bag.\n{written}\n")
    (choice,) = story.passages["Bag"].choices
    assert (choice.label.replace("Return", "Back"), choice.target) == ("Back", "Start")


def test_what_only_a_script_leads_to_begins_on_its_own() -> None:
    storm = "The wind turns and the sea comes over the wall of the harbour. " * 3
    body = f"""
:: Start
<<set $x to 1>>You wait at the quay.
<<link "Wait">><<run setup.randomEvent()>><</link>>

:: Calm
The sea lies still again. You go home.

:: Storm
{storm}
[[Hold on->Calm]]

:: Menu
Save. Load.
"""
    story = read_story("SugarCube", body)
    assert {name for name, passage in story.passages.items() if BEGINNING in passage.tags} == {"Storm"}
    assert "can't be reached by choices from the start. Scripts may lead there" in reachability_warning(story)
    graph = make_graph(story)
    assert [reject.passage for reject in graph.rejects if reject.reason == "unreachable passage"] == ["Menu"]
    examples = [(example.context, example.target) for example in edge_cover(graph, 4000)]
    assert examples == [
        ("", "You wait at the quay."),
        ("", f"{storm.strip()}\n\n> You hold on.\n\nThe sea lies still again. You go home."),
    ]


# ---- Harlowe -----------------------------------------------------------------------------------------------------


def test_links_in_hooks_and_hooks_that_are_clicked() -> None:
    story = read_story(
        "Harlowe",
        """:: Start
|cat>[A cat] sits there.
(after: 2s)[(transition: "dissolve")[[[Pass by->Hill]]]]
(click: ?cat)[It runs off.]
(link-reveal: "Wait.")[ A car passes.]

:: Hill
A hill.(link: "Look down")[(go-to: "Start")]
(link-undo: "Back")
""",
    )
    assert shown(story) == {
        "Start": (
            "A cat sits there.",
            [("A cat", "Start: A cat"), ("Wait.", "Start: Wait."), ("Pass by", "Hill")],
        ),
        "Start: A cat": ("It runs off.", [("Wait.", "Start: Wait.")]),
        "Start: Wait.": ("A car passes.", [("Pass by", "Hill")]),
        "Hill": ("A hill.", [("Look down", "Start"), ("Back", "Start")]),
    }


def test_a_link_in_a_hook_without_a_macro() -> None:
    story = read_story("Harlowe", ':: Start\n(set: $a to 1)Hi.\n[[["Go home."->Home]]]\n\n:: Home\nHome.\n')
    assert shown(story)["Start"] == ("Hi.", [('"Go home."', "Home")])


# ---- Snowman -----------------------------------------------------------------------------------------------------


def test_blocks_that_end_in_other_templates() -> None:
    body = """:: Start
<%
    var hour = story.history.length % 24;
    if (hour <= 8) {%>
        It is morning.
    <%}
    if (hour > 8 && s.f(1) != 2) {%>
        It is night.
    <%} else { %>
        The clock ticks.
    <% } %>
[[Wait->Start]]
"""
    texts = [text for text, _ in shown(read_story("Snowman", body)).values()]
    assert sorted(texts) == ["It is morning. The clock ticks.", "It is night.", "The clock ticks."]


# ---- expressions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "values", "value"),
    [
        ("$a gt 2 and not $b", {"a": 3, "b": False}, True),
        ("$a is not 2", {"a": 2}, False),
        ("$a isnot 2 or $b eq 'x'", {"a": 2, "b": "x"}, True),
        ("!s.a && (s.b >= 3)", {"a": None, "b": 3}, True),
        ("State.variables.a === `x`", {"a": "x"}, True),
        ("$a contains 'el'", {"a": "hello"}, True),
        ("'el' is in $a", {"a": "hello"}, True),
        ("2 + 3 * $a - 1", {"a": 2}, 7),
        ("$you's name is 'Ada'", {"you.name": "Ada"}, True),
        ("ndef $a", {"a": None}, True),
        ("$a / 0", {"a": 1}, None),
        ("$a.length > 2", {"a": 1}, None),
    ],
)
def test_expressions(written: str, values: dict[str, bool | int | str | None], value: object) -> None:
    found = evaluate(parse(written), values)
    assert found == value if value is not None else not isinstance(found, bool | int | str)


def test_what_is_no_simple_expression_is_one_unknown() -> None:
    for written in ("$a ? 1 : 2", "((", "", "f(x).y", "[1, 2]", "not", "a" * 3000, "(" * 500):
        assert isinstance(parse(written), Var)
    assert parse("(either: 'a', 'b')") == Op("either", (Const("a"), Const("b")))

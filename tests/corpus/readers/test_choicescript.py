"""ChoiceScript: the texts and choices of games, jumps and branches, and broken games."""

from pathlib import Path

import pytest

from corpus.examples import edge_cover
from corpus.graph import make_graph
from corpus.readers.choicescript import FORMAT, STARTUP, read_project
from corpus.readers.projects import groups
from corpus.readers.source import Source
from corpus.story import Story, StoryError
from tests.corpus.readers.choicescript_game import GAME, SCENES, choices, first, reached_labels, read, texts

# ---- a complete game -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def game() -> Story:
    return read_project(GAME)


def test_title_and_author_of_a_game(game: Story) -> None:
    assert (game.title, game.author, game.rights) == ("The Lamp at Skerry Point", "The Dungeon developers", "unknown")
    assert (game.source, game.start) == (STARTUP, "startup:1")
    assert game.notes == ()
    assert not game.dangling()
    assert game.reachable() == set(game.passages)


def test_every_option_is_a_choice(game: Story) -> None:
    options = [
        line.rpartition("#")[2].strip()
        for name, scene in GAME
        if name != "choicescript_stats.txt"
        for line in scene.split("\n")
        if "#" in line
    ]
    assert len(options) == 44
    assert set(options) <= reached_labels(game)


def test_every_line_is_shown_once(game: Story) -> None:
    shown = "\n".join(texts(game))
    for name, scene in GAME:
        if name == "choicescript_stats.txt":
            continue
        for line in scene[scene.find("The telegram") if name == STARTUP else 0 :].split("\n"):
            if line.strip() and line.strip()[0] not in "*#" and "{" not in line and "[" not in line:
                # A line in a sentence with branches is in each form of the sentence.
                assert 1 <= shown.count(line.strip()) <= 3, line
    assert shown.count("The keeper sits behind the glass") == 1
    assert "record of you" not in shown
    assert "Find out what the lamp is for" not in shown


def test_training_examples_of_a_game(game: Story) -> None:
    graph = make_graph(game)
    assert {reject.reason for reject in graph.rejects} <= {"empty passage", "repeated choice"}
    trained = "".join(row.context + row.target for row in edge_cover(graph, 4000))
    assert "> You fill the lamp.\n\nThe oil goes in, and there is some left for tomorrow.\n\nThe light" in trained
    assert "> You sit down next to him.\n\nYou sit in the dark, the two of you." in trained
    assert "You sit in the dark, the two of you.\n\nBy morning there are ships" in trained


def test_files_of_a_game_are_one_story(tmp_path: Path) -> None:
    for name, scene in GAME:
        (tmp_path / name).write_text(scene.replace("\n", "\r\n"), encoding="utf-8", newline="")
    [group] = groups(sorted(tmp_path.iterdir()))
    story = read_project([(str(path), Source.of(path).text) for path in group])
    assert story.source == str(tmp_path / STARTUP)
    assert texts(story) == texts(read_project(GAME))


# ---- text ----------------------------------------------------------------------------------------------------


def test_blank_lines_separate_paragraphs() -> None:
    story = read(
        "One\nline.\n\n\n  Two\n*line_break\nlines.\n*line_break\n*line_break\nThree[n/]lines.[n/]\nEnd.\n*ending"
    )
    assert first(story) == "One line.\n\nTwo\nlines.\n\nThree\nlines.\nEnd."


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("[b]Bold[/b] and [i]slanted[/i].", "Bold and slanted."),
        ("${name} and ${NAME} and ${ name }", "ada and ada and ada"),
        ("$!{name} and $!!{name}", "Ada and ADA"),
        ("${oil} cans, ${lit}, ${nothing}.", "3 cans, true, nothing."),
        ("${later} and ${mixed}", "soon and mixed"),
        ('${("Mr. "&name)} has ${(oil+1)} and ${round(oil)}', "ada has 3 and 3"),
        ('${"so"} ${7}', "so 7"),
        ("@{lit on|off}", "on"),
        ("@{lit it is on|it is not}!", "it is on!"),
        ("@{(oil > 2) @{lit bright|dark} lamps|nothing}", "bright lamps"),
        ("@!{lit on|off} @!!{lit on|off}", "On ON"),
        ("@{(oil) ${name}|b} @{oil (a) b|c}", "ada (a) b"),
        ("@{(oil)a|b} @{oil|b}.", "a ."),
        ("@{oil |b}.", "."),
        ("@{lit} and ${name", "and ${name"),
        ("${} {name} $ @ {", "{name} $ @ {"),
        ("[image] *not a command", "[image] *not a command"),
        ("* no command", "* no command"),
    ],
)
def test_variables_multireplaces_and_markup(line: str, shown: str) -> None:
    head = '*create name "ada"\n*create oil 3\n*create lit true\n*create mixed "a${b}"\n*create empty ""\n'
    assert first(read(f'{head}*set name "bob"\n*set oil +1\n*temp later\n*set later "soon"\n{line}')) == shown


def test_commands_without_output() -> None:
    story = read(
        "*comment The author's.\n*temp x 1\n*rand x 1 6\n*set x %+ 10\n*image a.png\n*sound a.mp3\n*achieve a\n"
        "*check_achievements\n*stat_chart\n  text x X\n*link https://example.org Here\n*achievement a visible 5 A\n"
        "  before\n  after\n*save_checkpoint\nIt is late.\n*print x\n*input_number x 1 9\nIt is later."
    )
    assert first(story) == "It is late. 1\n\nIt is later."
    assert story.notes == ()


def test_scripts_and_unknown_commands_are_left_out() -> None:
    story = read("One.\n*script alert(1)\n*frobnicate x\n*frobnicate\nTwo.")
    assert first(story) == "One. Two."
    assert story.notes == ("Unknown commands are left out: *frobnicate (2), *script (1).",)


def test_no_control_characters_in_names_and_notes() -> None:
    story = read_project([("a\x1b[31m.txt", "Hi.\n*title \x1b[31mT\n*author A\x07\n*goto \x1b[32mx\n")])
    assert (story.title, story.author) == ("[31mT", "A")
    assert "\x1b" not in "".join((*story.passages, *story.notes, *(c.target for _, c in story.edges())))


# ---- choices -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("indent", ["  ", "    ", "\t", " \t"])
def test_nested_choices(indent: str) -> None:
    text = """Where?
*choice
>#In.
>>Inside.

>>*choice
>>>#Sit.
>>>>You sit.
>>>>*ending
>>>#Out.
>>>>*goto out
>#Out.
>>*label out
>>Outside.
>>*ending
"""
    story = read(text.replace(">", indent))
    assert choices(story) == [("In.", "Inside."), ("Out.", "Outside.")]
    inside = story.passages[story.start].choices[0].target
    assert choices(story, inside) == [("Sit.", "You sit."), ("Out.", "Outside.")]


@pytest.mark.parametrize(
    ("option", "label"),
    [
        ("#Go", "Go"),
        ("#  Go on  ", "Go on"),
        ("*hide_reuse #Go", "Go"),
        ("*disable_reuse #Go", "Go"),
        ("*allow_reuse#Go", "Go"),
        ("*if (x) #Go", "Go"),
        ("*if x #Go", "Go"),
        ('*if (x = "#1") #Go #1', "Go #1"),
        ('*if ((x#1) = "a") #Go', "Go"),
        ("*if x#1 = y #Go", "Go"),
        ("*selectable_if ((x > 1) and (y)) #Go", "Go"),
        ("*hide_reuse *if (x) #Go", "Go"),
        ("*if (x) *hide_reuse *selectable_if (y) #Go", "Go"),
        ("#Go [i]on[/i], ${x}", "Go on, x"),
        ("#", "Continue"),
    ],
)
def test_option_syntax(option: str, label: str) -> None:
    story = read(f"Hm.\n*choice\n  {option}\n    Gone.\n    *ending\n  #Stay\n    Here.\n    *ending")
    assert choices(story) == [(label, "Gone."), ("Stay", "Here.")]


def test_options_under_conditions_are_all_offered() -> None:
    story = read(
        "Hm.\n*choice\n  *if (a)\n    #A\n      You a.\n      *ending\n    *if (b)\n"
        "      #B\n        You b.\n        *ending\n"
        "  *elsif (c)\n    #C\n      You c.\n      *ending\n  *else\n    #D\n"
        "      You d.\n      *ending\n  #E\n    *ending"
    )
    assert choices(story) == [("A", "You a."), ("B", "You b."), ("C", "You c."), ("D", "You d."), ("E", "")]


def test_text_after_a_fake_choice_follows_each_option() -> None:
    story = read(
        "Red or blue?\n*fake_choice\n  #Red\n    Like roses.\n  #Blue\n    *set x 1\n  #Neither\nWell chosen.\n*ending"
    )
    assert choices(story) == [("Red", "Like roses."), ("Blue", "Well chosen."), ("Neither", "Well chosen.")]
    red = story.passages[story.start].choices[0].target
    assert choices(story, red) == [("Continue", "Well chosen.")]
    assert len(story.passages) == 3


def test_sentence_that_continues_after_a_choice() -> None:
    story = read("Pick.\n*fake_choice\n  #Red\n    Red is\n  #Blue\n    Blue is\na fine colour.\n\nYes.\n*ending")
    assert choices(story)[0] == ("Red", "Red is a fine colour.\n\nYes.")


def test_option_groups_are_menus() -> None:
    story = read(
        "Who?\n*choice pet deed\n  #Cat\n    #Pet\n      It bites.\n      *ending\n"
        "    #Feed\n      It eats.\n      *ending\n"
        "  #Dog\n    #Pet\n      It wags.\n      *ending\n    #Feed\n      It begs.\n      *ending\n"
    )
    assert choices(story) == [("Cat", ""), ("Dog", "")]
    cat, dog = (choice.target for choice in story.passages[story.start].choices)
    assert choices(story, cat) == [("Pet", "It bites."), ("Feed", "It eats.")]
    assert choices(story, dog) == [("Pet", "It wags."), ("Feed", "It begs.")]


def test_repeatable_choice_leads_back() -> None:
    story = read(
        "*label hub\nA room.\n*choice\n  *hide_reuse #Look.\n    Dust.\n    *goto hub\n"
        "  #Wait.\n    *goto hub\n  #Go.\n    *ending"
    )
    assert choices(story) == [("Look.", "Dust."), ("Wait.", "A room."), ("Go.", "")]


# ---- branches ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", ["elseif", "elsif"])
def test_each_branch_is_shown_once(other: str) -> None:
    story = read(f"Rain.\n\n*if a\n  You sing.\n*{other} b\n  You hum.\n*else\n  You walk.\n\nThe road ends.\n*ending")
    assert choices(story) == [("Continue", "You sing."), ("Continue", "You hum."), ("Continue", "You walk.")]
    assert sorted(texts(story)) == ["Rain.", "The road ends.", "You hum.", "You sing.", "You walk."]
    for choice in story.passages[story.start].choices:
        assert choices(story, choice.target) == [("Continue", "The road ends.")]


def test_missing_branch() -> None:
    story = read("Rain.\n\n*if a\n  You sing.\n\n*choice\n  #Go.\n    Gone.\n    *ending")
    assert choices(story) == [("Continue", "You sing."), ("Go.", "Gone.")]
    assert choices(story, story.passages[story.start].choices[0].target) == [("Go.", "Gone.")]


def test_branches_within_a_sentence_are_forms_of_the_paragraph() -> None:
    story = read(
        "Before.\n\nYou are\n*if (tall)\n  tall\n*else\n  short\nand\n*if (wet)\n"
        "  wet.\n*else\n  dry.\n\nAfter.\n*ending"
    )
    assert {text for _, text in choices(story)} == {
        "You are tall and wet.",
        "You are tall and dry.",
        "You are short and wet.",
    }
    assert texts(story).count("After.") == texts(story).count("Before.") == 1


def test_branches_without_output() -> None:
    story = read(
        "One.\n\n*if a\n  *set b 1\n  *if c\n    *set d 2\n*else\n  *comment no\n\nTwo.\n*gosub sum\nThree.\n*ending\n"
        "*label sum\n*if (a)\n  *set b 2\n  *return\n*set b 3\n*return"
    )
    assert first(story) == "One.\n\nTwo. Three."
    assert len(story.passages) == 1


def test_branches_that_jump() -> None:
    story = read(
        "*if a\n  *goto left\n*if b\n  *goto right\nStraight.\n*ending\n*label left\n"
        "Left.\n*ending\n*label right\nRight.\n*ending"
    )
    assert story.start == "start"
    assert choices(story) == [("Continue", "Left."), ("Continue", "Right."), ("Continue", "Straight.")]


def test_branch_that_ends_in_a_bug_is_left_out() -> None:
    story = read("Hm.\n\n*if a\n  Yes.\n*else\n  *bug This can't be.\n*ending")
    assert texts(story) == ["Hm.\n\nYes."]


def test_too_many_branches_within_a_sentence() -> None:
    branches = "".join(f"*elseif (x = {n})\n  {n}\n" for n in range(200))
    story = read(f"It is\n*if x\n  no\n{branches}o'clock.")
    assert 20 < len(story.passages) < 100
    assert story.notes[0] == "Incomplete: some paragraphs have too many forms."


# ---- jumps ---------------------------------------------------------------------------------------------------


def test_subroutines_return_to_their_caller() -> None:
    story = read(
        "*gosub song quietly\nYou go in.\n*gosub_scene b song\nYou go out.\n*ending\n*label song\nLa la.\n*return",
        "Wrong.\n*label song\nBoom.\n*choice\n  #Clap.\n    *return\n  #Leave.\n    You leave.\n    *return\n",
    )
    assert first(story) == "La la. You go in. Boom."
    assert choices(story) == [("Clap.", "You go out."), ("Leave.", "You leave.")]
    assert story.notes == ("Nothing leads to these lines, and they are left out: b:1.",)


def test_labels_and_scenes_by_value() -> None:
    story = read(
        '*create where "near"\n*set where "far"\n*create next "b"\nHm.\n*choice\n  #Go.\n    *goto {where}\n  #Fly.\n'
        '    *goto_scene {next} top\n  #Fall.\n    *goto {"far"}\n  #Get lost.\n    *goto {(where&"x")}\n'
        "*label near\nNear.\n*ending\n*label far\nFar.\n*ending",
        "No.\n*label TOP\nTop.\n*ending",
    )
    assert choices(story)[:4] == [("Go.", "Near."), ("Go.", "Far."), ("Fly.", "Top."), ("Fall.", "Far.")]


def test_order_of_scenes() -> None:
    story = read(
        "*scene_list\n  startup\n  $ b\n  c\nOne.\n*choice\n  #End.\n    *finish\n"
        "  #Jump.\n    *goto_scene c\n  #Label.\n"
        "    *goto_scene B inner\n  #Dice.\n    *goto_random_scene\n      b\n      c\n",
        "Two.\n*finish [i]Next[/i] day\n*label inner\nInner.",
        "Three.\n*finish",
    )
    assert choices(story) == [
        ("End.", "Two."),
        ("Jump.", "Three."),
        ("Label.", "Inner."),
        ("Dice.", "Two."),
        ("Dice.", "Three."),
    ]
    by_text = {passage.text: passage.name for passage in story.passages.values()}
    assert choices(story, by_text["Two."]) == [("Next day", "Three.")]
    assert choices(story, by_text["Inner."]) == [("Continue", "Three.")]
    assert choices(story, by_text["Three."]) == []


def test_random_scene_without_scenes_is_skipped() -> None:
    assert first(read("One.\n*goto_random_scene\nTwo.\n*ending")) == "One. Two."


def test_two_scenes_with_the_same_name() -> None:
    story = read_project([(STARTUP, "Hi.\n*goto_scene cave"), ("Cave.txt", "Dark."), ("cave.txt", "Light.")])
    assert texts(story)[-1].endswith("Dark.")
    assert story.notes == ("cave.txt is left out, because there is another scene with that name.",)


def test_page_breaks_are_choices() -> None:
    story = read("One.\n*page_break\nTwo.\n*page_break Turn [b]on[/b]\n*page_break\nThree.\n*ending")
    assert choices(story) == [("Continue", "Two.")]
    assert choices(story, story.passages[story.start].choices[0].target) == [("Turn on", "Three.")]


def test_jumps_to_missing_labels_are_noted() -> None:
    story = read(
        "Hm.\n*choice\n  #A\n    *goto lost\n  #B\n    You b.\n    *goto_scene gone\n  #C\n"
        "    *goto_scene startup lost\n  #D\n    *gosub none\n    D.\n    *return"
    )
    assert [choice.target for _, choice in story.dangling()] == [
        "label lost in startup",
        "label lost in startup",
        "scene gone",
    ]
    assert choices(story)[3] == ("D", "D.")
    assert story.notes[0].startswith("Not followed: *gosub none in line 11 of startup and 1 more.")
    assert "'label lost in startup' (in 'startup:1')" in story.notes[1]
    assert not any(node.ends for node in make_graph(story).nodes.values() if node.text == "You b.")


def test_single_scene() -> None:
    [story] = FORMAT.read(Source("tales/cave.txt", SCENES["island.txt"].encode()))
    assert story.title == "cave"
    assert {choice.target for _, choice in story.dangling()} == {"scene tower", "scene island"}
    assert "'scene tower'" in story.notes[-1]


def test_unreachable_lines_are_noted() -> None:
    story = read("One.\n*ending\nTwo.\n*choice\n  #Three.\n    *ending", "Notes of mine.")
    assert story.notes == (
        "Nothing leads to these scenes, and they are left out: b.",
        "Nothing leads to these lines, and they are left out: startup:3, startup:5.",
    )


@pytest.mark.parametrize(
    "text", ["", "\n\n", "*finish", "*comment x", "*label a\n*goto a", "*if a\n  *ending\n*return"]
)
def test_error_for_a_game_without_text(text: str) -> None:
    with pytest.raises(StoryError, match=r"startup\.txt: this ChoiceScript shows no text"):
        read(text)


# ---- recognition ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *SCENES.values(),
        "*choice\n  #Go\n    *finish",
        "Hello.\n\n*choice\n\n\t*hide_reuse *if (a) #Go",
        "*title A\n*author B\nHello.",
        "A long text.\n*label here\nAnd on.\n*goto here",
        '*create name "Ada"\n*create oil 3\n',
        "Hm.\n*if (a)\n  Yes.\n*finish",
    ],
)
def test_scene_is_recognised_by_its_commands(text: str) -> None:
    assert FORMAT.looks_like(Source("a.txt", text.encode()))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Once upon a time there was a *choice*.\n",
        "*if only he had known*, she thought.\n*finish* was the word.\n\n*set* the table.\n",
        "* choice one\n* choice two\n  #hash\n",
        "*Author's note: the end.\n*Title page by me.\n***\n",
        ":: Start\n*choice\n  #Go\n*finish\n*finish\n",
        "A draft.\n:: Start\n*finish\n*page_break\n",
        "# ChoiceScript\n\nA scene:\n\n    *choice\n      #Go\n        *finish\n",
        "A scene:\n```\n*page_break\n*finish\n```\n",
        "<html>\n*page_break\n*finish\n",
        "VAR x = 1\n* [Go] -> there\n*[Stay]\n- -> END\n",
        "Only one\n*finish\n",
        "#hashtag\n#another\n",
    ],
)
def test_other_texts_are_not_recognised(text: str) -> None:
    assert not FORMAT.looks_like(Source("a.txt", text.encode()))


def test_files_of_this_project_are_not_recognised() -> None:
    root = Path(__file__).parents[3]
    files = [*root.glob("*.md"), *(root / "corpus" / "library").iterdir(), *(root / "corpus").glob("*.py")]
    assert len(files) > 30
    assert [file for file in files if FORMAT.looks_like(Source.of(file))] == []

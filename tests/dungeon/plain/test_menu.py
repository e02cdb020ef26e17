"""The menu of `dungeon --plain` and `dungeon read --plain`: few lines at the start, and all that may be typed there."""

from pathlib import Path

import pytest

from dungeon.authored.books import library
from dungeon.paths import scenarios_folder
from dungeon.scenarios.library import builtin_scenarios
from tests.dungeon.plain.processes import dungeon, play
from tests.dungeon.playing import saved_adventure
from tests.dungeon.scripted import ScriptedServer

OWN = 'title = "The Lamp Road"\nopening = "You light the lamps."\n'


@pytest.fixture
def own_scenario(home: Path) -> None:
    scenarios_folder().mkdir(parents=True)
    (scenarios_folder() / "lamp-road.toml").write_text(OWN)


# ---- the start ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["--plain"], ["play", "--plain"], ["read", "--plain"]])
def test_the_start_is_at_most_ten_lines_in_a_new_home(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # the voice is not fetched
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    started = dungeon(*arguments)
    assert (started.returncode, started.stdout) == (0, "")
    lines = started.stderr.splitlines()
    assert 3 <= len(lines) <= 10
    assert all(len(line) <= 80 for line in lines), "a terminal does not break them"
    for word in ("Dungeon", "/stories", "title", "/help", "/quit"):
        assert word in started.stderr
    assert ("/scenarios" in started.stderr) == (arguments[0] != "read")
    assert "continues" not in started.stderr


def test_the_start_offers_to_continue_the_last_adventure(server: ScriptedServer) -> None:
    server.answers = ["\nThe door opens."]
    play(server, "open it\n", "--scenario", "iron-door")
    started = play(server, "\n/print\n")
    assert len(started.stderr.splitlines()) <= 10
    assert "An empty line continues The Iron Door (1 turn, today " in started.stderr
    assert "> You open it.\n\nThe door opens." in started.stdout
    assert "continues" not in dungeon("read", "--plain").stderr, "it is no story of an author's"


def test_reading_continues_the_last_story_that_was_read(server: ScriptedServer) -> None:
    dungeon("read", "--plain", lines="ten-forty\n1\n/quit\n")
    play(server, "", "--scenario", "iron-door")
    started = dungeon("read", "--plain", lines="\n/quit\n")
    assert "An empty line continues The Ten-Forty (1 turn, today " in started.stderr
    assert "You go on where you were." in started.stderr
    assert "> You try the telegraph once more." in started.stdout


def test_there_is_nothing_to_continue_at_first(server: ScriptedServer) -> None:
    assert "There is nothing to continue yet. Type a title" in play(server, "\n").stderr


# ---- by title ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("iron", "The Iron Door"),
        ("IRON DOOR", "The Iron Door"),
        ("iron-door", "The Iron Door"),
        ("ten-forty", "The Ten-Forty"),
        ("The Ten-Forty", "The Ten-Forty"),
        ("lamp ro", "The Lamp Road"),
        ("no such person at this address", "No Such Person at This Address"),
    ],
)
@pytest.mark.usefixtures("own_scenario")
def test_a_story_or_a_scenario_begins_by_words_of_its_title(server: ScriptedServer, line: str, title: str) -> None:
    assert play(server, f"{line}\n").stdout.startswith(f"{title}\n\nYou ")


def test_what_several_titles_have_lists_them_with_numbers(server: ScriptedServer) -> None:
    result = play(server, "ten\n3\n")
    assert "3 titles have that. Type a number, or more of the title." in result.stderr
    assert result.stdout.startswith(
        "1. Ten Yards of Rope (scenario, survival and exploration)\n2. Ten Thousand Gnomes (story, post-apocalypse)\n"
        "3. The Ten-Forty (story, western)\nThe Ten-Forty\n\n"
    )
    assert len(play(server, "the\n").stdout.splitlines()) == 5, "a listener keeps few in mind"


def test_a_misspelt_title_is_asked_about(server: ScriptedServer) -> None:
    result = play(server, "irn dor\n1\n")
    assert "Did you mean The Iron Door? 1 takes it." in result.stderr
    assert "The Iron Door\n\nYou are a road guard" in result.stdout


def test_a_line_of_more_than_four_words_is_an_opening_of_ones_own(server: ScriptedServer) -> None:
    server.answers = ["\nThe sea is calm."]
    play(server, "You are a cook on a small grey ship.\nlook out\n")
    assert server.requests[0]["prompt"] == "You are a cook on a small grey ship.\n\n> You look out.\n"
    assert saved_adventure().opening == "You are a cook on a small grey ship."


def test_an_opening_that_is_nearly_a_title_is_asked_about_once(server: ScriptedServer) -> None:
    line = "no such person at that address\n"
    result = play(server, line + line)
    assert "Did you mean No Such Person at This Address? 1 takes it. The same line again is" in result.stderr
    assert saved_adventure().opening == line.strip()


def test_what_no_title_has_is_reported(server: ScriptedServer) -> None:
    result = play(server, "xylophone\n")
    assert (result.returncode, result.stdout) == (0, "")
    assert "No title has “xylophone”. /stories and /scenarios list what there is." in result.stderr
    assert "An opening of your own" not in dungeon("read", "--plain", lines="xylophone\n").stderr


# ---- lists and commands ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("own_scenario")
def test_stories_and_scenarios_are_listed_by_genre_on_request(server: ScriptedServer) -> None:
    result = play(server, "/stories\n/scenarios\n1\n")
    stories, scenarios = len(library()), len(builtin_scenarios())
    first = library()[0]
    assert result.stdout.startswith(f"{first.genre.capitalize()}\n  1. {first.title}\n")
    assert f"  {stories}. {library()[-1].title}\nYours\n  1. The Lamp Road\n" in result.stdout
    assert f"  {scenarios + 1}. " in result.stdout
    assert result.stdout.endswith("The Lamp Road\n\nYou light the lamps.\n"), "a number is one of the last list"


def test_a_genre_lists_what_is_in_it(server: ScriptedServer) -> None:
    of_western = [book.title for book in library() if book.genre == "western"]
    listed = play(server, "/stories western\n").stdout.splitlines()
    assert listed == ["Western", *(f"  {number}. {title}" for number, title in enumerate(of_western, 1))]
    assert f"{of_western[0]} (story, western)" in play(server, "western\n").stdout
    assert "Neither a genre nor a title has “xylophone”." in play(server, "/stories xylophone\n").stderr


def test_a_list_says_which_endings_were_found_and_a_number_needs_a_list() -> None:
    result = dungeon("read", "--plain", lines="0\n1\n/stories\n0\n1\n1\n/new\n/stories\n/quit\n")
    assert result.returncode == 0
    assert result.stderr.count("A number is one of a list, and none was printed yet") == 2
    assert f"The last list goes from 1 to {len(library())}." in result.stderr
    first = library()[0]
    assert first.story.passages[first.story.start].text in result.stdout
    assert f"  1. {first.title} (endings found: 0 of " in result.stdout, "the second time something was seen"


def test_the_shelf_is_listed_at_the_menu(server: ScriptedServer) -> None:
    server.answers = ["\nIt is dark."]
    assert "No adventure was played yet." in play(server, "/shelf\n").stderr
    play(server, "look\n", "--scenario", "iron-door")
    play(server, "look\n", "--scenario", "glass-heron")
    result = play(server, "/shelf\n/shelf iron\n/shelf xylophone\n1\n")
    assert result.stdout.startswith("1. The Glass Heron (1 turn, today ")
    assert "No adventure has these words." in result.stderr
    assert "The Iron Door\n\nYou are a road guard" in result.stdout
    assert "> You look.\n\nIt is dark." in result.stdout, "the number is one of the last list that was printed"


def test_the_menu_has_help_settings_and_a_way_out(server: ScriptedServer) -> None:
    result = play(server, "/help\n/help undo\nhelp\n/settings\n/set all pace 40\n/undo\n/storys\nquit\niron\n")
    assert result.returncode == 0
    for text in ("/stories [WORDS]", "/scenarios [WORDS]", "/quit", "/undo  ", "temperature = ", "pace = 40"):
        assert text in result.stdout
    assert "/undo has to wait. Choose an adventure first." in result.stderr
    assert "There is no command /storys. Did you mean /stories?" in result.stderr
    assert "The Iron Door" not in result.stdout, "the player has left"


def test_a_list_of_the_menu_can_be_asked_for_in_an_adventure(server: ScriptedServer) -> None:
    result = play(server, "/stories western\n\n/undo\n", "--scenario", "iron-door")
    assert "Western\n  1. " in result.stdout
    assert "An empty line continues" not in result.stderr, "the player knows already what they want"
    assert result.stdout.count("You are a road guard") == 2, "an empty line goes back"
    assert "There is nothing to undo." in result.stderr


def test_whoever_leaves_an_adventure_can_go_back_to_it_though_nothing_was_played(server: ScriptedServer) -> None:
    result = play(server, "/new\n\n/new\nten-forty\n", "--scenario", "iron-door")
    assert "An empty line continues The Iron Door (0 turns)." in result.stderr
    assert result.stdout.count("You are a road guard") == 2
    assert "The Ten-Forty\n\nYou are Minnie" in result.stdout


# ---- placeholders ------------------------------------------------------------------------------------------------


def test_a_scenario_asks_for_its_placeholders_before_it_begins(server: ScriptedServer) -> None:
    server.answers = ["\nVermilla opens her jaws."]
    result = play(server, "Bo\nlook in\n", "--scenario", "dragons-tooth")
    assert (result.returncode, result.stderr) == (0, "")
    assert "What is your name? (an empty line: Brindle)\n" in result.stdout
    assert "You are Bo, who pulls teeth" in result.stdout
    assert "You are Brindle, who pulls teeth" in play(server, "\n/quit\n", "--scenario", "dragons-tooth").stdout


def test_a_question_in_a_typed_opening_is_asked_until_it_is_answered(server: ScriptedServer) -> None:
    result = play(server, "You are ${Who are you?} of ${town}, and late.\n\n \nBo\n\n/quit\n")
    assert result.returncode == 0
    assert result.stdout.count("Who are you?\n") == 3
    assert result.stderr.count("The story needs an answer to this.") == 2
    assert "You are Bo of town, and late." in result.stdout


def test_a_question_lets_commands_through(server: ScriptedServer) -> None:
    result = play(server, "/help\n/help undo\n/undo\nBo\n", "--scenario", "dragons-tooth")
    assert result.stdout.count("What is your name?") == 4
    assert "/back leaves the question, /quit the game" in result.stderr
    assert "/undo has to wait. Answer the question first; /back leaves it." in result.stderr
    assert "You are Bo, who pulls teeth" in result.stdout


def test_a_question_can_be_left_for_the_menu_and_for_good(server: ScriptedServer) -> None:
    result = play(server, "/back\niron\n", "--scenario", "dragons-tooth")
    assert "/stories GENRE lists" in result.stderr
    assert "The Iron Door\n\nYou are a road guard" in result.stdout
    assert "pulls teeth" not in result.stdout
    left = play(server, "/quit\nBo\n", "--scenario", "dragons-tooth")
    assert (left.returncode, "pulls teeth" in left.stdout) == (0, False)

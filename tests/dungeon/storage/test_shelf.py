"""The shelf: every turn that was saved is on the disk, whole, even if the game is killed."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.turns import Kind
from dungeon.errors import DungeonError
from dungeon.scenarios.model import Scenario, scenario_from_opening
from dungeon.storage.database import _MIGRATIONS
from dungeon.storage.record import GenerationRecord
from dungeon.storage.shelf import Shelf
from dungeon.tale.adventure import Adventure, State
from dungeon.tale.lore import Lore

RECORD = GenerationRecord("smollm2", "{}", 7)
OPENING = scenario_from_opening("You stand before the iron door.", "The door")
HOSTILE = (
    "[bold]x[/] [@click=app.quit]y \x1b[31mred\x1b[0m 🐉👩‍🚀 שלום مرحبا \u202e '; DROP TABLE turn; -- \\n\r\n%s {x}"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "shelf.db"


@pytest.fixture
def shelf(file: Path) -> Iterator[Shelf]:
    shelf = Shelf(file)
    yield shelf
    shelf.close()


def play(shelf: Shelf, adventure: Adventure, prose: str) -> None:
    """One finished turn."""
    node = shelf.add_turn(adventure, Kind.DO, "wait", "You wait.", RECORD)
    shelf.save_turn(adventure.set_prose(node.id, prose, State.DONE))


def reopened(file: Path) -> Adventure:
    """The adventure that was played last, as the next game reads it."""
    shelf = Shelf(file)
    try:
        last = shelf.latest_id()
        assert last is not None
        return shelf.open(last)
    finally:
        shelf.close()


def assert_same(left: Adventure, right: Adventure) -> None:
    assert vars(left) == vars(right)


# ---- saved adventures ------------------------------------------------------------------------------------------


def test_a_new_shelf_is_empty(shelf: Shelf) -> None:
    assert (shelf.latest_id(), shelf.list_adventures()) == (None, [])


def test_a_saved_adventure_is_read_back_with_all_branches(shelf: Shelf, file: Path) -> None:
    adventure = shelf.add_adventure(Scenario("The door", "You stand.", name="iron-door"), "smollm2")
    play(shelf, adventure, "One.")
    play(shelf, adventure, "Two.")
    adventure.undo()
    shelf.save_head(adventure)
    play(shelf, adventure, "Two again.")
    adventure.undo()
    shelf.save_head(adventure)
    again = reopened(file)
    assert_same(again, adventure)
    assert [node.prose for node in again.path()] == ["One."]
    entered = again.redo()
    assert entered is not None
    assert entered.prose == "Two again."


@settings(max_examples=20)  # each move waits for the disk
@given(st.lists(st.sampled_from(["turn", "undo", "redo", "retry"]), max_size=12))
def test_any_sequence_of_moves_is_read_back(tmp_path_factory: pytest.TempPathFactory, moves: list[str]) -> None:
    file = tmp_path_factory.mktemp("shelf") / "shelf.db"
    shelf = Shelf(file)
    adventure = shelf.add_adventure(OPENING, "smollm2")
    for number, move in enumerate(moves):
        if move == "redo":
            adventure.redo()
        elif move in ("undo", "retry"):
            adventure.undo()
        shelf.save_head(adventure)
        if move in ("turn", "retry"):
            play(shelf, adventure, f"Prose {number}.")
    shelf.close()
    assert_same(reopened(file), adventure)


@pytest.mark.parametrize(
    "text",
    [HOSTILE, "x" * 100_000, "🐉" * 100_000, "", "\n\n  \n", "\x00 and on"],
    ids=["hostile", "long", "long emoji", "none", "blank", "a zero"],
)
def test_text_survives_byte_for_byte(shelf: Shelf, file: Path, text: str) -> None:
    adventure = shelf.add_adventure(Scenario(text, text, name=text), text)
    node = shelf.add_turn(adventure, Kind.STORY, text, text, GenerationRecord(text, text, 1))
    shelf.save_turn(adventure.set_prose(node.id, text, State.STREAMING))
    again = reopened(file)
    assert_same(again, adventure)
    assert again.nodes[node.id].prose.encode() == text.encode()


def test_the_generation_record_of_each_turn_is_saved(shelf: Shelf, file: Path) -> None:
    adventure = shelf.add_adventure(OPENING, "first")
    shelf.add_turn(
        adventure, Kind.DO, "wait", "You wait.", GenerationRecord("second", '{"temperature":1.0}', 2**31 - 1)
    )
    row = sqlite3.connect(file).execute("SELECT voice, sampling, seed FROM turn").fetchone()
    assert row == ("second", '{"temperature":1.0}', 2**31 - 1)
    assert reopened(file).voice == "second"


def test_the_list_has_the_last_played_first(shelf: Shelf) -> None:
    first = shelf.add_adventure(scenario_from_opening("One.", "First"), "v")
    second = shelf.add_adventure(scenario_from_opening("Two.", "Second"), "v")
    play(shelf, first, "So.")
    assert [(listed.id, listed.title, listed.turns) for listed in shelf.list_adventures()] == [
        (first.id, "First", 1),
        (second.id, "Second", 0),
    ]
    assert shelf.latest_id() == first.id


def test_an_unknown_adventure_is_an_error_with_the_path(shelf: Shelf, file: Path) -> None:
    with pytest.raises(DungeonError, match="no adventure 99") as caught:
        shelf.open(99)
    assert str(file) in str(caught.value)


# ---- killed ----------------------------------------------------------------------------------------------------

_WRITER = """
import sys
from pathlib import Path
from corpus.turns import Kind
from dungeon.scenarios.model import scenario_from_opening
from dungeon.storage.record import GenerationRecord
from dungeon.storage.shelf import Shelf
from dungeon.tale.adventure import State

shelf = Shelf(Path(sys.argv[1]))
adventure = shelf.add_adventure(scenario_from_opening("You stand before the iron door.", "The door"), "v")
record = GenerationRecord("v", "{}", 1)
done = shelf.add_turn(adventure, Kind.DO, "knock", "You knock.", record)
shelf.save_turn(adventure.set_prose(done.id, "Nobody answers.", State.DONE))
partial = shelf.add_turn(adventure, Kind.DO, "wait", "You wait.", record)
prose = ""
for number in range(1_000_000):
    prose += f"Step {number}. "
    shelf.save_turn(adventure.set_prose(partial.id, prose, State.STREAMING))
    print(number, flush=True)
"""


def test_a_game_killed_in_mid_stream_loses_no_saved_prose(file: Path) -> None:
    game = subprocess.Popen([sys.executable, "-c", _WRITER, str(file)], stdout=subprocess.PIPE, text=True)
    assert game.stdout is not None
    printed = [game.stdout.readline() for _ in range(30)]
    os.kill(game.pid, signal.SIGKILL)
    printed += game.stdout.readlines()
    game.wait()
    saved = int(printed[-1] if printed[-1].endswith("\n") else printed[-2])

    again = reopened(file)
    knock, wait = again.path()
    assert (knock.prose, knock.state) == ("Nobody answers.", State.DONE)
    assert (wait.action, wait.state) == ("You wait.", State.STREAMING)
    assert wait.prose.startswith("".join(f"Step {number}. " for number in range(saved + 1)))


def test_a_save_returns_after_the_disk_has_it(shelf: Shelf) -> None:
    (mode,) = shelf._db.execute("PRAGMA journal_mode").fetchone()
    (synchronous,) = shelf._db.execute("PRAGMA synchronous").fetchone()
    assert (mode, synchronous) == ("wal", 2), "2 is FULL: a test can't cut the power"


# ---- several games on one shelf --------------------------------------------------------------------------------


def test_two_games_share_a_shelf(shelf: Shelf, file: Path) -> None:
    other = Shelf(file)
    mine, theirs = shelf.add_adventure(OPENING, "v"), other.add_adventure(OPENING, "v")
    for number in range(5):
        play(shelf, mine, f"Mine {number}.")
        play(other, theirs, f"Theirs {number}.")
    assert mine.id != theirs.id
    assert_same(shelf.open(theirs.id), theirs)
    assert_same(other.open(mine.id), mine)
    other.close()


def test_games_started_at_the_same_moment_make_one_shelf(file: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from dungeon.storage.shelf import Shelf; "
        "print('ready', flush=True); sys.stdin.readline(); Shelf(Path(sys.argv[1]))"
    )
    games = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(5)
    ]
    for game in games:
        assert game.stdout is not None
        assert game.stdout.readline() == "ready\n"
    for game in games:
        assert game.stdin is not None
        game.stdin.write("\n")
        game.stdin.flush()
    assert [(game.communicate()[1], game.returncode) for game in games] == [("", 0)] * 5


# ---- adventures that nobody has played ----------------------------------------------------------------------------

SCENARIO = Scenario("The Gate", "You stand at the gate.", memory="It is shut.", name="the-gate")
TITLES = {"the-gate": "The Gate"}


def test_an_adventure_comes_to_the_shelf_with_its_first_turn(shelf: Shelf, file: Path) -> None:
    play(shelf, shelf.add_adventure(OPENING, "v"), "Dust.")
    adventure = shelf.new_adventure(SCENARIO, "v")
    assert [listed.title for listed in shelf.list_adventures()] == ["The door"]
    assert reopened(file).title == "The door", "the next game goes on with what was played"
    node = shelf.add_turn(adventure, Kind.DO, "wait", "You wait.", RECORD)
    assert shelf.lore(shelf.generation_record(node.id).lore or 0) == SCENARIO.lore
    shelf.save_turn(adventure.set_prose(node.id, "Rust.", State.DONE))
    assert_same(reopened(file), adventure)


def test_an_adventure_comes_to_the_shelf_with_the_first_change(shelf: Shelf) -> None:
    renamed, tagged, told = (shelf.new_adventure(SCENARIO, "v") for _ in range(3))
    renamed.title = "Mine"
    tagged.tags = ("wood",)
    told.lore = Lore("It is open.")
    shelf.save_adventure_labels(renamed)
    shelf.save_adventure_labels(tagged)
    shelf.save_lore(told)
    assert [listed.id for listed in shelf.list_adventures()] == [told.id, tagged.id, renamed.id]
    for adventure in (renamed, tagged, told):
        assert_same(shelf.open(adventure.id), adventure)
    shelf.delete_unplayed(TITLES)
    assert shelf.count_adventures() == 3, "what the player has changed stays"


def test_moving_at_the_opening_is_no_play(shelf: Shelf) -> None:
    adventure = shelf.new_adventure(SCENARIO, "v")
    shelf.save_head(adventure)
    assert shelf.latest_id() is None


def test_two_games_open_adventures_and_play_them_later(shelf: Shelf, file: Path) -> None:
    other = Shelf(file)
    mine, theirs = shelf.new_adventure(SCENARIO, "v"), other.new_adventure(SCENARIO, "v")
    play(other, theirs, "Theirs.")
    play(shelf, mine, "Mine.")
    assert_same(shelf.open(theirs.id), theirs)
    assert_same(other.open(mine.id), mine)
    other.close()


def test_adventures_that_earlier_versions_left_unplayed_are_deleted(shelf: Shelf) -> None:
    """They wrote an adventure when it was opened."""
    unplayed, renamed, tagged, told, played = (shelf.add_adventure(SCENARIO, "v") for _ in range(5))
    written = shelf.add_adventure(OPENING, "v")
    renamed.title = "Mine"
    shelf.save_adventure_labels(renamed)
    tagged.tags = ("wood",)
    shelf.save_adventure_labels(tagged)
    told.lore = Lore("It is open.")
    shelf.save_lore(told)
    play(shelf, played, "Rust.")
    shelf.delete_unplayed(TITLES)
    assert [listed.id for listed in shelf.list_adventures()] == [played.id, written.id, told.id, tagged.id, renamed.id]
    assert shelf.new_adventure(SCENARIO, "v").id > written.id
    shelf.delete_unplayed({})
    assert shelf.count_adventures() == 5
    with pytest.raises(DungeonError, match="There is no adventure"):
        shelf.open(unplayed.id)


def test_an_unplayed_adventure_that_another_game_deletes_can_still_be_played(shelf: Shelf, file: Path) -> None:
    shelf.add_adventure(SCENARIO, "v")
    adventure = reopened(file)
    other = Shelf(file)
    other.delete_unplayed(TITLES)
    assert other.latest_id() is None
    play(shelf, adventure, "Rust.")
    assert_same(other.open(adventure.id), adventure)
    other.close()


# ---- damaged shelves are errors, and are not changed ---------------------------------------------------------------


def damaged(file: Path, harm: Callable[[bytes], bytes]) -> bytes:
    """The bytes of a shelf with an adventure, damaged by `harm`."""
    shelf = Shelf(file)
    adventure = shelf.add_adventure(OPENING, "v")
    for _ in range(50):
        play(shelf, adventure, "Something happens. " * 50)
    shelf.close()
    file.write_bytes(harm(file.read_bytes()))
    return file.read_bytes()


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: b"not a database at all " * 400,
        lambda data: b"\0" * 16 + data[16:],
        lambda data: data[: len(data) // 2],
        lambda data: data[:8192] + b"\xff" * (len(data) - 8192),
    ],
    ids=["another file", "broken header", "half of it", "broken pages"],
)
def test_a_damaged_shelf_is_an_error_with_its_path_and_is_not_changed(
    file: Path, harm: Callable[[bytes], bytes]
) -> None:
    before = damaged(file, harm)
    with pytest.raises(DungeonError) as caught:
        reopened(file)
    assert str(file) in str(caught.value)
    assert "copy it somewhere safe" in str(caught.value)
    assert file.read_bytes() == before


def test_an_invalid_row_is_an_error_with_the_path(shelf: Shelf, file: Path) -> None:
    adventure = shelf.add_adventure(OPENING, "v")
    play(shelf, adventure, "One.")
    with sqlite3.connect(file) as db:
        db.execute("UPDATE turn SET kind = 'dance'")
    with pytest.raises(DungeonError, match="dance") as caught:
        shelf.open(adventure.id)
    assert str(file) in str(caught.value)


def test_a_shelf_of_a_newer_version_is_refused_and_not_changed(file: Path) -> None:
    Shelf(file).close()
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = file.read_bytes()
    with pytest.raises(DungeonError, match=r"newer dungeon.*99.*Update"):
        Shelf(file)
    assert file.read_bytes() == before


def test_a_folder_that_can_not_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DungeonError, match="can't be opened"):
        Shelf(tmp_path / "file" / "shelf.db")


def test_a_failed_write_is_an_error_and_saved_turns_stay(shelf: Shelf, file: Path) -> None:
    adventure = shelf.add_adventure(OPENING, "v")
    play(shelf, adventure, "One.")
    with sqlite3.connect(file) as db:  # as a full disk would: no more pages
        (pages,) = db.execute("PRAGMA page_count").fetchone()
    shelf._db.execute(f"PRAGMA max_page_count = {pages}")
    node = adventure.path()[-1]
    with pytest.raises(DungeonError, match=r"can't be written.*full"):
        shelf.save_turn(adventure.set_prose(node.id, "Long. " * 10_000, State.DONE))
    with pytest.raises(DungeonError, match=r"can't be written.*full"):
        shelf.add_turn(adventure, Kind.STORY, "Long. " * 10_000, "", RECORD)
    assert [node.prose for node in reopened(file).path()] == ["One."]


# ---- the list ----------------------------------------------------------------------------------------------------


def named(shelf: Shelf, search: str) -> list[str]:
    return [listed.title for listed in shelf.list_adventures(search)]


def test_the_list_counts_turns_words_and_branches(shelf: Shelf) -> None:
    adventure = shelf.add_adventure(OPENING, "v")
    play(shelf, adventure, "One two three.\n\nFour five.")
    play(shelf, adventure, "Six.")
    adventure.undo()
    shelf.save_head(adventure)
    node = shelf.add_turn(adventure, Kind.STORY, "It rains again.", "", RECORD)
    shelf.save_turn(adventure.set_prose(node.id, "Seven", State.STREAMING))
    shelf.save_turn(adventure.set_prose(node.id, "Seven eight.", State.DONE))
    (listed,) = shelf.list_adventures()
    assert (listed.turns, listed.words, listed.branches) == (3, 5 + 1 + 3 + 2, 2)
    shelf.add_adventure(OPENING, "v")
    assert [(listed.turns, listed.words, listed.branches) for listed in shelf.list_adventures()] == [
        (0, 0, 1),
        (3, 11, 2),
    ]


def test_the_list_tells_what_the_player_did_last(shelf: Shelf) -> None:
    adventure = shelf.add_adventure(OPENING, "v")
    assert shelf.list_adventures()[0].last_action == ""
    for kind, words, action, last in (
        (Kind.SAY, "Who is there?", 'You say "Who is there?"', 'You say "Who is there?"'),
        (Kind.STORY, "It rains.", "", "It rains."),
        (Kind.CONTINUE, "", "", ""),
    ):
        shelf.add_turn(adventure, kind, words, action, RECORD)
        assert shelf.list_adventures()[0].last_action == last
    adventure.move(adventure.path()[0].id)
    shelf.save_head(adventure)
    assert shelf.list_adventures()[0].last_action == 'You say "Who is there?"', "where the player is"


def test_an_edit_counts_as_a_turn_with_its_words(shelf: Shelf) -> None:
    adventure = shelf.add_adventure(OPENING, "v")
    play(shelf, adventure, "One.")
    play(shelf, adventure, "Two.")
    first, second = adventure.path()
    shelf.add_edit(adventure, [replace(first, prose="One and more."), second])
    (listed,) = shelf.list_adventures()
    assert (listed.turns, listed.words, listed.branches) == (4, 1 + 1 + 3 + 1, 2)


def test_search_finds_adventures_with_all_words_anywhere(shelf: Shelf) -> None:
    lamp = shelf.add_adventure(scenario_from_opening("You walk at dusk.", "The Lamp Road"), "v")
    play(shelf, lamp, "A heron lands.")
    door = shelf.add_adventure(scenario_from_opening("You stand before it.", "The Door"), "v")
    play(shelf, door, "A heron flies off.")
    door.tags = ("grim", "100%_true")
    shelf.save_adventure_labels(door)
    assert named(shelf, "") == named(shelf, "  heron ") == ["The Door", "The Lamp Road"]
    assert named(shelf, "lamp") == named(shelf, "LAMP dusk heron") == ["The Lamp Road"]
    assert named(shelf, "grim") == named(shelf, "0%_t") == named(shelf, "flies wait") == ["The Door"]
    assert named(shelf, "heron lands flies") == named(shelf, "%%") == named(shelf, "h_ron") == []
    assert named(shelf, "'; DROP TABLE turn; --") == []


def test_the_list_can_be_limited_and_counted(shelf: Shelf) -> None:
    for number in range(5):
        play(shelf, shelf.add_adventure(scenario_from_opening("You wait.", f"Number {number}"), "v"), "One two.")
    assert [(listed.title, listed.words) for listed in shelf.list_adventures(limit=2)] == [
        ("Number 4", 2),
        ("Number 3", 2),
    ]
    assert shelf.count_adventures() == 5


def test_the_last_passage_of_an_adventure_is_read_without_opening_it(shelf: Shelf) -> None:
    adventure = shelf.add_adventure(OPENING, "v")
    assert shelf.last_passage(adventure.id) == OPENING.opening
    play(shelf, adventure, "One.")
    assert shelf.last_passage(adventure.id) == "One."
    shelf.add_turn(adventure, Kind.STORY, "It rains.", "", RECORD)
    assert shelf.last_passage(adventure.id) == "It rains."
    assert shelf.last_passage(99) == ""


def test_the_labels_of_an_adventure_are_saved(shelf: Shelf, file: Path) -> None:
    adventure = shelf.add_adventure(OPENING, "v")
    adventure.title, adventure.tags, adventure.overrides = HOSTILE, ("a", 'b "c"', HOSTILE), '{"length":40}'
    shelf.save_adventure_labels(adventure)
    assert_same(reopened(file), adventure)
    assert shelf.list_adventures()[0].tags == adventure.tags


def test_a_purged_adventure_is_erased_from_the_disk_and_no_other(shelf: Shelf, file: Path) -> None:
    kept, purged = (
        shelf.add_adventure(scenario_from_opening("Stay.", "Kept"), "v"),
        shelf.add_adventure(scenario_from_opening("Zqopening.", "Zqtitle"), "v"),
    )
    for adventure, prose in ((kept, "Left."), (purged, "Zqprose."), (purged, "Zqprose again."), (kept, "Left too.")):
        play(shelf, adventure, prose)
    shelf.add_edit(purged, [replace(purged.path()[0], prose="Zqedit"), *purged.path()[1:]])
    shelf.purge(purged.id)
    assert named(shelf, "") == ["Kept"]
    assert [node.prose for node in reopened(file).path()] == ["Left.", "Left too."]
    assert not [path for path in file.parent.iterdir() if b"Zq" in path.read_bytes()]
    with pytest.raises(DungeonError, match="no adventure"):
        shelf.open(purged.id)


# ---- older shelves -----------------------------------------------------------------------------------------------


def old_shelf(file: Path, version: int) -> None:
    """A shelf as that version made it: two adventures, the first with an undone turn and played last."""
    file.parent.mkdir(parents=True)
    db = sqlite3.connect(file)
    for statement in (statement for statements in _MIGRATIONS[:version] for statement in statements):
        db.execute(statement)
    for number, played in ((1, "2025-03-01T10:00:00+00:00"), (2, "2025-02-01T10:00:00+00:00")):
        db.execute(
            "INSERT INTO adventure (id, title, scenario, opening, voice, made, played) VALUES (?, ?, '', ?, 'v', ?, ?)",
            (number, f"Number {number}", "You stand.", played, played),
        )
    turns = (
        (1, 1, None, "do", "wait", "You wait.", "One two.\n\nThree.", "done"),
        (2, 1, 1, "story", "It rains.", "", "Four", "streaming"),
        (3, 1, 1, "continue", "", "", "", "stopped"),
    )
    db.executemany(
        "INSERT INTO turn (id, adventure, parent, kind, input, action, prose, state, voice, sampling, seed, made) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'v', '{}', 7, '2025')",
        turns,
    )
    db.execute("UPDATE adventure SET head = 2 WHERE id = 1")
    if version == 2:
        db.execute("""UPDATE adventure SET lore = '{"memory":"You are brave."}', ideas = '["Knock"]' WHERE id = 1""")
    db.execute(f"PRAGMA user_version = {version}")
    db.commit()
    db.close()


@pytest.mark.parametrize("version", [1, 2])
def test_a_shelf_of_an_older_version_is_read_completely(file: Path, version: int) -> None:
    old_shelf(file, version)
    shelf = Shelf(file)
    assert [(listed.id, listed.turns, listed.words, listed.branches) for listed in shelf.list_adventures()] == [
        (1, 3, 3 + 3, 2),
        (2, 0, 0, 1),
    ]
    adventure = shelf.open(1)
    assert [(node.input, node.prose, node.state) for node in adventure.path()] == [
        ("wait", "One two.\n\nThree.", State.DONE),
        ("It rains.", "Four", State.STREAMING),
    ]
    assert len(adventure.nodes) == 3
    assert adventure.lore.memory == ("You are brave." if version == 2 else "")
    assert adventure.ideas == (("Knock",) if version == 2 else ())
    play(shelf, adventure, "And on.")
    assert shelf.generation_record(1) == GenerationRecord("v", "{}", 7)
    shelf.close()
    assert reopened(file).path()[-1].prose == "And on."


def test_games_started_at_the_same_moment_migrate_an_older_shelf_once(file: Path) -> None:
    old_shelf(file, 1)
    with ThreadPoolExecutor(4) as games:
        listings = list(games.map(lambda _: Shelf(file).list_adventures(), range(4)))
    assert listings == [listings[0]] * 4
    assert len(listings[0]) == 2

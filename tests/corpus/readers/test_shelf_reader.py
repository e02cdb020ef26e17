"""The game's shelf: branches, unfinished turns, authored stories, shelves in use, and other databases."""

import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.examples import edge_cover
from corpus.graph import make_graph
from corpus.readers.shelf import FORMATS
from corpus.readers.source import Source
from corpus.readers.twee import read_twee
from corpus.story import CONTEXT_ONLY, UNFINISHED, Choice, Passage, Story, StoryError
from corpus.turns import Kind
from corpus.writers import write_twee
from dungeon.scenarios.model import Scenario
from dungeon.storage.database import connect
from dungeon.storage.record import GenerationRecord
from dungeon.storage.shelf import Shelf
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.lore import Card

[FORMAT] = FORMATS

BELL = Scenario(
    "The Bell",
    "You stand under the bell tower.",
    memory="Ada rings the bells.",
    note="Slow.",
    cards=(Card(("bell",), "It is cracked."), Card(("bat",), "They sleep here.")),
)


def play(
    shelf: Shelf, adventure: Adventure, kind: Kind, words: str, action: str, prose: str, state: State = State.DONE
) -> Node:
    node = shelf.add_turn(adventure, kind, words, action, GenerationRecord("voice", "{}", 1))
    node = adventure.set_prose(node.id, prose, state)
    shelf.save_turn(node)
    return node


def played(shelf: Shelf) -> Adventure:
    """Return an adventure with two branches, narration, two interrupted turns, and two that were abandoned."""
    adventure = shelf.add_adventure(BELL, "voice")
    first = play(shelf, adventure, Kind.DO, "climb", "You climb.", "A bat flutters past you.")
    play(shelf, adventure, Kind.DO, "duck", "You duck.", "It turns to you.")
    adventure.move(first.parent)
    play(shelf, adventure, Kind.DO, "climb", "You climb.", "The steps are", State.STOPPED)
    play(shelf, adventure, Kind.SAY, "who is there?", 'You say "Who is there?"', "Nobody answers.")
    adventure.undo()
    play(shelf, adventure, Kind.STORY, "The bell rings by itself.", "", "You hold your ears.")
    play(shelf, adventure, Kind.CONTINUE, "", "", "It is late.")
    play(shelf, adventure, Kind.DO, "sleep", "You sleep.", "You dream of", State.STREAMING)
    return adventure


def read(path: Path) -> list[Story]:
    source = Source.of(path)
    assert FORMAT.looks_like(source)
    return list(FORMAT.read(source))


def turns(story: Story) -> list[tuple[str, str, str]]:
    return [(passage.text, choice.label, story.passages[choice.target].text) for passage, choice in story.edges()]


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


TURNS = [
    ("You stand under the bell tower.", "You climb.", "A bat flutters past you."),
    ("You stand under the bell tower.", "You climb.", "The steps are"),
    ("The steps are", "Continue", "The bell rings by itself.\n\nYou hold your ears."),
    ("The bell rings by itself.\n\nYou hold your ears.", "Continue", "It is late."),
]


def test_adventure_with_branches(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf.db")
    played(shelf)
    shelf.close()
    [story] = read(tmp_path / "shelf.db")
    assert (story.title, story.source, story.rights) == ("The Bell", str(tmp_path / "shelf.db"), "unknown")
    assert turns(story) == TURNS
    actions = [action for node in make_graph(story).nodes.values() for action, _ in node.edges]
    assert actions == ["You climb.", "You climb.", "", ""]
    assert story.notes == ("Left out: 2 abandoned turns, 1 unfinished turn, 1 memory, 1 author's note, 2 cards.",)
    broken_off = {passage.text for passage in story.passages.values() if UNFINISHED in passage.tags}
    assert broken_off == {"A bat flutters past you.", "It is late."}


def test_edited_turns_replace_the_original_and_copies_are_merged(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf.db")
    adventure = shelf.add_adventure(Scenario("The Bell", "You stand under the bell tower."), "voice")
    first = play(shelf, adventure, Kind.DO, "climb", "You climb.", "A bat flutters past you.")
    play(shelf, adventure, Kind.DO, "look", "You look.", "It is dark.")
    play(shelf, adventure, Kind.DO, "ring", "You ring.", "It tolls.")
    adventure.move(first.id)
    other = play(shelf, adventure, Kind.DO, "wait", "You wait.", "The bat comes back.")
    play(shelf, adventure, Kind.DO, "wait", "You wait.", "Nothing happens.")
    path = adventure.path(other.id - 1)
    adventure.move(path[-1].id)
    shelf.add_edit(adventure, [replace(path[0], prose="An owl looks at you."), *path[1:]])
    shelf.close()
    [story] = read(tmp_path / "shelf.db")
    assert turns(story) == [
        ("You stand under the bell tower.", "You climb.", "A bat flutters past you."),  # has a branch
        ("You stand under the bell tower.", "You climb.", "An owl looks at you."),
        ("A bat flutters past you.", other.action, other.prose),
        ("An owl looks at you.", "You look.", "It is dark."),
        ("It is dark.", "You ring.", "It tolls."),
    ]
    assert "2 replaced turns" in story.notes[0]


def test_each_adventure_is_a_story(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf.db")
    played(shelf)
    shelf.add_adventure(Scenario("New", "It is morning."), "voice")
    shelf.add_adventure(Scenario("Empty", ""), "voice")
    shelf.close()
    assert [(story.title, len(story.passages)) for story in read(tmp_path / "shelf.db")] == [
        ("The Bell", 5),
        ("New", 1),
    ]


def test_closed_shelf_is_not_changed(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf.db")
    played(shelf)
    shelf.close()
    before = files(tmp_path)
    tmp_path.chmod(0o500)
    try:
        assert turns(read(tmp_path / "shelf.db")[0]) == TURNS
    finally:
        tmp_path.chmod(0o700)
    assert files(tmp_path) == before


def test_open_shelf_is_read_while_the_game_writes(tmp_path: Path) -> None:
    path = tmp_path / "shelf.db"
    shelf = Shelf(path)
    adventure = played(shelf)
    before = files(tmp_path)
    assert "shelf.db-wal" in before
    stories = FORMAT.read(Source.of(path))
    story = next(stories)
    assert turns(story) == TURNS
    # Between two stories of the reader, the game writes and moves its log into the database.
    play(shelf, adventure, Kind.DO, "wake", "You wake.", "The sun is up.")
    checkpoint = sqlite3.connect(path)
    assert checkpoint.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    checkpoint.close()
    assert list(stories) == []
    assert set(files(tmp_path)) == set(before)
    assert len(read(path)[0].passages) == len(story.passages) + 2
    shelf.close()
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_reader_and_game_do_not_block_each_other(tmp_path: Path) -> None:
    path = tmp_path / "shelf.db"
    shelf = Shelf(path)
    played(shelf)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE turn SET prose = 'half written'")
    assert turns(read(path)[0]) == TURNS
    writer.execute("COMMIT")
    writer.close()
    shelf.close()


def test_shelf_of_a_killed_game(tmp_path: Path) -> None:
    path = tmp_path / "shelf.db"
    shelf = Shelf(path)
    played(shelf)
    shelf.close()
    game = (
        "import os, pathlib; from dungeon.storage.shelf import Shelf; from dungeon.scenarios.model import Scenario\n"
        f"shelf = Shelf(pathlib.Path({str(path)!r}))\n"
        "shelf.add_adventure(Scenario('Last', 'Words.'), 'voice'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", game], check=False)
    before = files(tmp_path)
    assert before["shelf.db-wal"]
    assert [story.title for story in read(path)] == ["The Bell", "Last"]
    after = files(tmp_path)
    assert (after["shelf.db"], after["shelf.db-wal"]) == (before["shelf.db"], before["shelf.db-wal"])


def test_shelf_in_memory(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf.db")
    played(shelf)
    shelf.close()
    [story] = FORMAT.read(Source("gone/shelf.db", (tmp_path / "shelf.db").read_bytes()))
    assert turns(story) == TURNS


def test_shelf_of_the_first_version(tmp_path: Path) -> None:
    path = tmp_path / "shelf.db"
    shelf = Shelf(path)
    played(shelf)
    shelf.close()
    db = sqlite3.connect(path)
    db.executescript(
        "ALTER TABLE adventure DROP COLUMN lore; ALTER TABLE adventure DROP COLUMN ideas; PRAGMA user_version=1"
    )
    db.close()
    [story] = read(path)
    assert turns(story) == TURNS
    assert story.notes == ("Left out: 2 abandoned turns, 1 unfinished turn.",)


# ---- abandoned turns -----------------------------------------------------------------------------------------


def take(shelf: Shelf, adventure: Adventure, prose: str, action: str = "You climb.") -> Node:
    node = play(shelf, adventure, Kind.DO, "climb", action, prose)
    shelf.save_head(adventure)
    return node


def learned(path: Path) -> list[str]:
    [story] = read(path)
    return [prose for _, _, prose in turns(story)]


def test_of_several_takes_the_one_that_was_gone_on_from_is_learned(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf.db")
    adventure = shelf.add_adventure(BELL, "voice")
    for prose in ("Bad.", "Good.", "Worse."):
        adventure.move(None)
        take(shelf, adventure, prose)
    adventure.move(2)
    take(shelf, adventure, "You are at the top.")
    shelf.close()
    assert learned(tmp_path / "shelf.db") == ["Good.", "You are at the top."]


def test_of_several_takes_at_the_end_the_one_where_the_player_is_is_learned(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf.db")
    adventure = shelf.add_adventure(BELL, "voice")
    for prose in ("Bad.", "Good.", "Worse."):
        adventure.move(None)
        take(shelf, adventure, prose)
    adventure.move(2)
    shelf.save_head(adventure)
    shelf.close()
    assert learned(tmp_path / "shelf.db") == ["Good."]


def test_a_turn_that_was_undone_is_not_learned(tmp_path: Path) -> None:
    """Whether the player then did something else, or left."""
    shelf = Shelf(tmp_path / "shelf.db")
    adventure = shelf.add_adventure(BELL, "voice")
    take(shelf, adventure, "You fall.")
    adventure.undo()
    take(shelf, adventure, "You rest.", "You sit.")
    take(shelf, adventure, "You fall again.")
    adventure.undo()
    shelf.save_head(adventure)
    shelf.close()
    assert learned(tmp_path / "shelf.db") == ["You rest."]


def test_an_edit_that_was_undone_is_not_learned(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf.db")
    adventure = shelf.add_adventure(BELL, "voice")
    first = take(shelf, adventure, "An owl looks at you.")
    shelf.add_edit(adventure, [replace(first, prose="An owl hoots.")])
    adventure.move(first.id)
    shelf.save_head(adventure)
    shelf.close()
    assert learned(tmp_path / "shelf.db") == ["An owl looks at you."]


# ---- authored stories ----------------------------------------------------------------------------------------

MILL = Story(
    "The Mill",
    "Gate",
    {
        "Gate": Passage("Gate", "You stand at the gate of the “old” mill.", (Choice("Go in", "Hall"),)),
        "Hall": Passage("Hall", "Flour lies everywhere.\n\nA ladder leads up.", (Choice("Climb", "Loft"),)),
        "Loft": Passage("Loft", "The miller is asleep. The end."),
    },
)
MILL_JSON = msgspec.json.encode(MILL).decode()
GATE, HALL, LOFT = (passage.text for passage in MILL.passages.values())

Row = tuple[int | None, str, str, str, str, str | None]
IN: Row = (None, "do", "1", "You go in.", HALL, "Hall")


def authored(path: Path, *turns: Row, story: object = MILL_JSON, head: int | None = None) -> Path:
    """Return a shelf with one adventure; a turn is its parent (counted from 1), kind, input, action, prose, passage.

    The player is at turn `head`, else at the last one.
    """
    connect(path).close()
    db = sqlite3.connect(path)
    db.execute("INSERT INTO story VALUES (7, 'library/mill', 'abc', ?)", (story,))
    db.execute(
        "INSERT INTO adventure (id, title, scenario, opening, made, played, story) "
        "VALUES (1, 'Mill', '', ?, '', '', 7)",
        (GATE,),
    )
    db.executemany(
        "INSERT INTO turn (adventure, parent, kind, input, action, prose, passage, state, voice, sampling, seed, made) "
        "VALUES (1, ?, ?, ?, ?, ?, ?, 'done', '', '{}', 0, '')",
        turns,
    )
    db.execute("UPDATE adventure SET head = ?", (head or len(turns),))
    db.commit()
    db.close()
    return path


def context_only(story: Story) -> list[str]:
    return [passage.text for passage in story.passages.values() if CONTEXT_ONLY in passage.tags]


def rows(story: Story) -> list[tuple[str, str]]:
    return [(example.context, example.target) for example in edge_cover(make_graph(story), 4000)]


def test_author_is_context_and_what_was_improvised_is_learned(tmp_path: Path) -> None:
    path = authored(
        tmp_path / "shelf.db",
        IN,
        (1, "say", "hello", 'You say "Hello."', "Only a cat answers.", None),
        (2, "do", "1", "You climb.", LOFT, "Loft"),
        (1, "do", "pet the cat", "You pet the cat.", "It purrs.", None),
        (3, "do", "wake him", "You wake him.", "He smiles.", None),
        (1, "do", "kick the cat", "You kick the cat.", "It sings.", None),
        (4, "do", "1", "You climb.", LOFT, "Loft"),
        head=5,
    )
    [story] = read(path)
    assert context_only(story) == [GATE, HALL, LOFT, LOFT]
    assert story.notes == ("Left out: 1 abandoned turn.",)  # the author's, where the player is not, is none
    clean_gate = GATE.replace("“", '"').replace("”", '"')
    scene = f"{clean_gate}\n\n> You go in.\n\n{HALL}"
    assert sorted(rows(story)) == [
        (scene, "\n\n> You pet the cat.\n\nIt purrs."),
        (scene, '\n\n> You say "Hello."\n\nOnly a cat answers.'),
        (
            f'{scene}\n\n> You say "Hello."\n\nOnly a cat answers.\n\n> You climb.\n\n{LOFT}',
            "\n\n> You wake him.\n\nHe smiles.",
        ),
    ]
    assert rows(read_twee(write_twee(story), "mill.twee")) == rows(story)


def test_rewritten_passage_is_learned_and_a_copy_of_a_passage_is_not(tmp_path: Path) -> None:
    path = authored(
        tmp_path / "shelf.db",
        (None, "do", "1", "You go in.", "Flour is all you see.", "Hall"),
        (None, "do", "go", "You go.", HALL.replace("\n\n", "\r\n\r\n ") + "\n", "Hall"),
        (None, "do", "fly", "You fly.", LOFT, None),  # whoever wrote it, its author's story teaches it
        (None, "do", "2", "You turn.", "Words that no passage has.", "Cellar"),
        head=1,
    )
    [story] = read(path)
    assert [target for _, target in rows(story)] == ["\n\n> You go in.\n\nFlour is all you see."]
    assert len(context_only(story)) == 4


def test_narration_of_the_player_before_a_passage_is_learned(tmp_path: Path) -> None:
    path = authored(tmp_path / "shelf.db", (None, "story", "The wind turns.", "", HALL, "Hall"))
    [story] = read(path)
    assert [target for _, target in rows(story)] == ["\n\nThe wind turns."]
    assert context_only(story) == [GATE, HALL]


def test_long_passage_is_context_in_all_its_parts(tmp_path: Path) -> None:
    text = "\n\n".join(f"Step {n} " + "of many steps " * 20 + "is here." for n in range(60))
    story = replace(MILL, passages={**MILL.passages, "Hall": Passage("Hall", text)})
    path = authored(
        tmp_path / "shelf.db",
        (None, "do", "1", "You go in.", text, "Hall"),
        (1, "do", "sit", "You sit.", "You rest.", None),
        story=msgspec.json.encode(story).decode(),
    )
    [story] = read(path)
    assert len(context_only(story)) > 4
    [(context, target)] = rows(story)
    assert (context[-8:], target) == ("is here.", "\n\n> You sit.\n\nYou rest.")


def test_adventure_with_nothing_improvised_has_no_rows(tmp_path: Path) -> None:
    [story] = read(authored(tmp_path / "shelf.db", IN, (1, "do", "1", "You climb.", LOFT, "Loft")))
    assert turns(story) == [(GATE, "You go in.", HALL), (HALL, "You climb.", LOFT)]
    assert rows(story) == []


@pytest.mark.parametrize(
    "damaged",
    [
        "",
        "null",
        b"\xff",
        '{"title": "", "start": "", "passages": 5}',
        MILL_JSON[:-9],
        MILL_JSON.replace('"text":', '"text":5,"t":', 1),
        '{"x": ' + "[" * 200_000,
        MILL_JSON[:-1] + ',"x":[' + "{}," * 500_000 + "{}]}",
    ],
    ids=range(8),
)
def test_damaged_story_leaves_the_names_of_passages(tmp_path: Path, damaged: object) -> None:
    rewritten: Row = (None, "do", "1", "You look.", "Flour is all you see.", "Hall")
    own: Row = (1, "do", "sit", "You sit.", "You rest.", None)
    [story] = read(authored(tmp_path / "shelf.db", IN, own, rewritten, story=damaged, head=2))
    assert context_only(story) == [GATE, HALL, "Flour is all you see."]
    assert [target for _, target in rows(story)] == ["\n\n> You sit.\n\nYou rest."]


def test_missing_story_leaves_the_names_of_passages(tmp_path: Path) -> None:
    path = authored(tmp_path / "shelf.db", IN, (1, "do", "sit", "You sit.", "You rest.", None))
    database(path, "DELETE FROM story")
    [story] = read(path)
    assert context_only(story) == [GATE, HALL]


@pytest.mark.parametrize("version", [1, 2, 3])
def test_older_versions_have_no_authors(tmp_path: Path, version: int) -> None:
    rows = """
        INSERT INTO adventure (id, title, opening, head) VALUES (1, 'The Bell', 'A door.', 1);
        INSERT INTO turn (id, adventure, kind, action, prose, state) VALUES (1, 1, 'do', 'You go.', 'A hall.', 'done');
    """
    later = "CREATE TABLE lore (id INTEGER PRIMARY KEY, adventure, lore); ALTER TABLE turn ADD COLUMN edit_of;"
    path = database(tmp_path / "a.db", TABLES, later * (version == 3), rows, f"PRAGMA user_version={version}")
    [story] = read(path)
    assert turns(story) == [("A door.", "You go.", "A hall.")]
    assert context_only(story) == []


# ---- malformed and hostile input -----------------------------------------------------------------------------

TABLES = """
CREATE TABLE adventure (id INTEGER PRIMARY KEY, title, scenario, opening, voice, head, made, played, lore, ideas);
CREATE TABLE turn (
    id INTEGER PRIMARY KEY, adventure, parent, kind, input, action, prose, state, voice, sampling, seed, made
);
PRAGMA user_version=2;
"""


def database(path: Path, *scripts: str) -> Path:
    db = sqlite3.connect(path)
    for script in scripts:
        db.executescript(script)
    db.close()
    return path


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("", "has no story text yet"),
        ("PRAGMA user_version=5", r"made by a newer dungeon \(version 5\). Update this program"),
        ("PRAGMA user_version=0", "is not a shelf of dungeon"),
        ("ALTER TABLE turn RENAME TO turns", "is not a shelf of dungeon"),
        ("ALTER TABLE turn DROP COLUMN prose", "can't be read: no such column: prose"),
        (
            "DROP TABLE turn; CREATE VIEW turn AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) "
            "SELECT i AS id, 1 AS adventure, NULL AS parent, '' AS kind FROM n",
            "is not a shelf of dungeon",
        ),
        (
            "DROP TABLE turn; CREATE TABLE turn (id, adventure, parent, kind, input, action, state, "
            "prose AS (printf('%.*c', 15000000, 'x'))); INSERT INTO turn (id) VALUES (1), (2), (3), (4), (5), (6)",
            "holds more than 64 MiB",
        ),
    ],
    ids=range(7),
)
def test_error_for_another_database(tmp_path: Path, script: str, message: str) -> None:
    path = database(tmp_path / "a.db", TABLES, script)
    with pytest.raises(StoryError, match=message) as error:
        list(FORMAT.read(Source.of(path)))
    assert str(path) in str(error.value)


def test_invalid_rows_are_left_out(tmp_path: Path) -> None:
    rows = """
        INSERT INTO adventure (id, title, opening, lore, head)
            VALUES (1, 'Odd\x1b[31m', 'A door.', '[]', 4), (2, 5, x'ff', NULL, 'x');
        INSERT INTO turn (id, adventure, parent, kind, input, action, prose, state) VALUES
            (1, 1, 7, 'do', '', 'You go.', 'Lost.', 'done'),
            (2, 1, 2, 'do', '', 'You turn.', 'Round.', 'done'),
            (3, 1, NULL, 'dance', NULL, 'You dance.', 'Music.', 'done'),
            (4, 1, 3, 'do', 1, x'00', 'Silence.', 'done'),
            (5, 1, 'x', NULL, NULL, NULL, NULL, NULL);
    """
    [story] = read(database(tmp_path / "a.db", TABLES, rows))
    assert story.title == "Odd[31m"
    assert turns(story) == [("A door.", "You dance.", "Music."), ("Music.", "Continue", "Silence.")]
    assert story.notes == ("Left out: 3 stray turns.",)


def test_hostile_lore_is_only_counted(tmp_path: Path) -> None:
    rows = "INSERT INTO adventure (id, title, opening) VALUES (1, 'Deep', 'A door.');"
    path = database(tmp_path / "a.db", TABLES, rows)
    db = sqlite3.connect(path)
    db.execute("UPDATE adventure SET lore = ?", ('{"cards": ' + "[" * 200_000,))
    db.commit()
    db.close()
    [story] = read(path)
    assert story.notes == ()


def test_other_databases_are_not_recognised(tmp_path: Path) -> None:
    path = database(tmp_path / "a.db", "CREATE TABLE adventure (id); CREATE TABLE page (id)")
    assert not FORMAT.looks_like(Source.of(path))
    assert not FORMAT.looks_like(Source("a", b"CREATE TABLE adventure (CREATE TABLE turn ("))


@pytest.fixture(scope="module")
def shelf_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("shelf") / "shelf.db"
    shelf = Shelf(path)
    played(shelf)
    shelf.close()
    return path.read_bytes()


@given(st.data())
def test_damaged_shelf(shelf_bytes: bytes, data: st.DataObject) -> None:
    damaged = bytearray(shelf_bytes)
    for place in data.draw(st.lists(st.integers(16, len(damaged) - 1), max_size=8)):
        damaged[place] = data.draw(st.integers(0, 255))
    check(bytes(damaged[: data.draw(st.integers(100, len(damaged)))]))


@given(st.binary(max_size=200))
def test_any_bytes_after_a_valid_beginning(rest: bytes) -> None:
    check(b"SQLite format 3\x00" + rest)


def check(content: bytes) -> None:
    try:
        stories = list(FORMAT.read(Source("a.db", content)))
    except StoryError:
        return
    for story in stories:
        assert not story.dangling()
        assert story.reachable() == story.passages.keys()

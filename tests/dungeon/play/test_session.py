"""Playing through a session, against a scripted storyteller: turns, takes, edits and the tree."""

import asyncio
import threading
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from corpus.turns import Kind
from dungeon.errors import DungeonError
from dungeon.play.editing import Change
from dungeon.play.session import Session
from dungeon.scenarios.model import scenario_from_opening
from dungeon.scenarios.user import find_scenario
from dungeon.storage.record import GenerationRecord
from dungeon.storage.shelf import Shelf
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.servers.remote import RemoteStoryteller
from dungeon.tale.adventure import Node, State
from tests.dungeon.host import add_turn, reopened
from tests.dungeon.scripted import Drop, Fail, Hold, ScriptedServer


@pytest.fixture
async def session(server: ScriptedServer, tmp_path: Path) -> AsyncIterator[Session]:
    storyteller = RemoteStoryteller(server.url, "scripted")
    shelf = Shelf(tmp_path / "shelf.db")
    session = Session(shelf, storyteller)
    session.begin(scenario_from_opening("You stand before the iron door.", "The door"))
    yield session
    await storyteller.close()
    shelf.close()


def ignore(_: Node) -> None:
    pass


async def test_a_turn_is_requested_in_the_turn_format_reported_while_it_streams_and_saved(
    server: ScriptedServer, session: Session
) -> None:
    server.answers = ["\nThe door opens. A cold wind comes out.\n\n"]
    versions: list[Node] = []
    node = await session.play_turn(Kind.DO, "open the door", versions.append)
    grown = [version.prose for version in versions]

    assert server.requests[0]["prompt"] == "You stand before the iron door.\n\n> You open the door.\n"
    assert server.requests[0]["stop"] == ["\n>"]
    assert node.prose == "The door opens. A cold wind comes out."
    assert len(grown) > 1
    assert all(later.startswith(earlier) for earlier, later in pairwise(grown))
    assert reopened(session).adventure.path() == [node]


async def test_each_prompt_extends_the_one_before(server: ScriptedServer, session: Session) -> None:
    server.answers = ["\nThe door opens.", "\nNobody answers.", "\nThe lamp goes out.", "\nYou wait."]
    await session.play_turn(Kind.DO, "open the door", ignore)
    await session.play_turn(Kind.SAY, "who is there?", ignore)
    await session.play_turn(Kind.STORY, "A bell rings far below.", ignore)
    await session.play_turn(Kind.CONTINUE, "", ignore)
    prompts = [str(request["prompt"]) for request in server.requests]
    assert prompts[3] == (
        "You stand before the iron door.\n\n> You open the door.\n\nThe door opens.\n\n"
        '> You say "Who is there?"\n\nNobody answers.\n\nA bell rings far below.\n\nThe lamp goes out.\n'
    )
    for earlier, later in pairwise(prompts):
        assert later.startswith(earlier.rstrip("\n"))


async def test_a_turn_that_ran_out_of_tokens_is_cut_at_its_last_sentence(
    server: ScriptedServer, session: Session
) -> None:
    server.answers = ["\nThe door opens. Behind it a stair goes down into the"]
    node = await session.play_turn(Kind.DO, "open the door", ignore)
    assert node.prose == "The door opens."
    assert reopened(session).adventure.path()[-1].prose == "The door opens."


async def test_past_its_length_a_turn_continues_to_the_end_of_the_sentence(
    server: ScriptedServer, session: Session
) -> None:
    words = [f"word{n} " for n in range(session.storyteller.sampling.length + 5)]
    server.answers = [["\nThe ", *words, "end", ".", " Another", " sentence", " starts."]]
    node = await session.play_turn(Kind.DO, "listen", ignore)
    assert node.prose.endswith("end.")
    assert "Another" not in node.prose
    assert server.requests[0]["max_tokens"] == session.storyteller.sampling.length + 20


async def test_the_players_next_action_in_the_answer_is_not_shown(server: ScriptedServer, session: Session) -> None:
    server.answers = ["\nThe door opens.\n\n> You go in.\n\nIt is dark."]
    assert (await session.play_turn(Kind.DO, "open the door", ignore)).prose == "The door opens."


async def test_an_empty_answer_is_requested_again_twice_with_other_seeds(
    server: ScriptedServer, session: Session
) -> None:
    server.answers = ["", "\n\n", "\nAt last."]
    assert (await session.play_turn(Kind.DO, "wait", ignore)).prose == "At last."
    assert len({request["seed"] for request in server.requests}) == 3

    server.answers = [""]
    server.requests.clear()
    node = await session.play_turn(Kind.DO, "wait", ignore)
    assert (node.prose, node.state) == ("", State.DONE)
    assert len(server.requests) == 3


async def test_an_answer_that_begins_with_an_action_is_cancelled_at_once(
    server: ScriptedServer, session: Session
) -> None:
    server.answers = [[">", " You run", Hold(), " on for a hundred tokens."], "\nThe door opens."]
    node = await session.play_turn(Kind.DO, "open the door", ignore)  # reading it to its end would wait for ever
    assert node.prose == "The door opens."
    assert session.stats.first_text is not None
    assert await asyncio.to_thread(server.aborted.wait, 10)


async def play_and_stop_at(session: Session, end: str) -> None:
    """Play a turn and stop it when its text ends with `end`."""
    reached = asyncio.Event()

    def on_update(node: Node) -> None:
        if node.prose.endswith(end):
            reached.set()

    playing = asyncio.create_task(session.play_turn(Kind.DO, "open the door", on_update))
    await reached.wait()
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing


async def test_stopping_saves_the_text_and_cancels_the_request(server: ScriptedServer, session: Session) -> None:
    server.answers = [["\nThe door", " opens a", Hold(), " crack and then some more"]]
    await play_and_stop_at(session, "a")
    (node,) = reopened(session).adventure.path()
    assert (node.prose, node.state) == ("The door opens a", State.STOPPED)
    server.release()
    assert await asyncio.to_thread(server.aborted.wait, 10)

    # The next turn goes on from there.
    server.answers = ["\nYou look in."]
    await session.play_turn(Kind.DO, "look", ignore)
    assert str(server.requests[-1]["prompt"]).endswith("The door opens a\n\n> You look.\n")


async def test_a_dropped_connection_loses_no_text(server: ScriptedServer, session: Session) -> None:
    server.answers = [["\nThe door opens.", Drop()]]
    with pytest.raises(DungeonError, match="broke off"):
        await session.play_turn(Kind.DO, "open the door", ignore)
    (node,) = reopened(session).adventure.path()
    assert (node.action, node.prose, node.state) == ("You open the door.", "The door opens.", State.STOPPED)


async def test_retry_adds_a_take_and_undo_and_redo_move_along_the_path(
    server: ScriptedServer, session: Session
) -> None:
    server.answers = ["\nOne.", "\nTwo.", "\nThree."]
    first = await session.play_turn(Kind.DO, "open the door", ignore)
    second = await session.play_turn(Kind.SAY, "hello", ignore)
    third = await session.retry(ignore)
    assert (third.parent, third.action) == (first.id, second.action)
    assert [node.prose for node in session.adventure.path()] == ["One.", "Three."]
    assert server.requests[1]["seed"] != server.requests[2]["seed"]

    assert session.undo() == third
    assert session.undo() == first
    assert session.undo() is None
    assert session.redo() == first
    assert session.redo() == third
    assert session.redo() is None
    again = reopened(session).adventure
    assert again.path() == session.adventure.path()
    assert set(again.nodes) == {first.id, second.id, third.id}


async def test_retry_at_the_opening_is_an_error(session: Session) -> None:
    with pytest.raises(DungeonError, match="no turn"):
        await session.retry(ignore)


async def test_the_same_seed_sends_the_same_requests(server: ScriptedServer, tmp_path: Path) -> None:
    asked = []
    for run in range(2):
        server.requests.clear()
        server.answers = ["\nOne.", "\nTwo."]
        storyteller = RemoteStoryteller(server.url, "scripted")
        session = Session(Shelf(tmp_path / f"{run}.db"), storyteller, seed=7)
        session.begin(find_scenario("iron-door"))
        await session.play_turn(Kind.DO, "wait", ignore)
        await session.retry(ignore)
        await storyteller.close()
        asked.append(list(server.requests))
    assert asked[0] == asked[1]
    assert asked[0][0]["seed"] != asked[0][1]["seed"]


async def test_a_prompt_that_the_server_refuses_as_too_long_is_shortened(
    server: ScriptedServer, session: Session
) -> None:
    too_long = Fail(400, {"error": {"code": 400, "message": "request exceeds the available context size"}})
    server.answers = ["\nSo it goes on."]
    for _ in range(4):
        await session.play_turn(Kind.STORY, "😀" * 400, ignore)
    server.answers = [too_long, "\nDone."]
    node = await session.play_turn(Kind.DO, "wait", ignore)
    assert node.prose == "Done."
    refused, taken = (str(request["prompt"]) for request in server.requests[-2:])
    assert len(taken) < len(refused)
    assert taken.startswith("You stand before the iron door.")
    assert session.adventure.path()[0].input == "😀" * 400


async def test_hostile_text_is_saved_as_text(server: ScriptedServer, session: Session) -> None:
    words = "[bold]x[/] [@click=app.quit]y \x1b[31mred שלום 🐉"
    server.answers = ["\n[red]The dragon[/] \x1b[2J says שלום 🐉 [/x]."]
    node = await session.play_turn(Kind.DO, words, ignore)
    assert node.action == "You [bold]x[/] [@click=app.quit]y [31mred שלום 🐉."
    assert node.prose == "[red]The dragon[/] [2J says שלום 🐉 [/x]."
    assert reopened(session).adventure.path() == [node]


async def test_prefill_sends_the_story_and_changes_nothing(server: ScriptedServer, session: Session) -> None:
    server.answers = ["\nThe door opens.", "x"]
    await session.play_turn(Kind.DO, "open the door", ignore)
    before = dict(session.adventure.nodes)
    await session.prefill()
    assert server.requests[-1]["max_tokens"] == 1
    assert (
        server.requests[-1]["prompt"] == "You stand before the iron door.\n\n> You open the door.\n\nThe door opens.\n"
    )
    assert session.adventure.nodes == before


async def test_resume_on_an_empty_shelf_is_an_error(server: ScriptedServer, tmp_path: Path) -> None:
    storyteller = RemoteStoryteller(server.url, "scripted")
    with pytest.raises(DungeonError, match="no adventure to continue"):
        Session(Shelf(tmp_path / "empty.db"), storyteller).resume()
    await storyteller.close()


async def test_an_adventure_that_is_only_opened_is_not_what_the_next_game_goes_on_with(
    server: ScriptedServer, session: Session
) -> None:
    server.answers = ["\nOne.", "\nTwo."]
    await session.play_turn(Kind.DO, "wait", ignore)
    played = session.adventure.title
    session.begin(find_scenario("iron-door"))
    session.undo()
    assert reopened(session).adventure.title == played
    await session.play_turn(Kind.DO, "open the door", ignore)
    assert story(reopened(session)) == ["Two."]
    assert reopened(session).adventure.lore == find_scenario("iron-door").lore


async def test_an_opening_that_the_player_wrote_is_kept_before_the_first_turn(session: Session) -> None:
    session.begin(scenario_from_opening("You are a cook on a small grey ship."))
    assert reopened(session).adventure.opening == "You are a cook on a small grey ship."


# ---- the tree ------------------------------------------------------------------------------------------------


def story(session: Session) -> list[str]:
    return [node.prose for node in session.adventure.path()]


async def three_turns(server: ScriptedServer, session: Session) -> list[int]:
    server.answers = ["\nOne.", "\nTwo.", "\nThree."]
    return [(await session.play_turn(Kind.DO, f"try {word}", ignore)).id for word in ("one", "two", "three")]


async def test_the_player_continues_from_any_turn(server: ScriptedServer, session: Session) -> None:
    first, _, third = await three_turns(server, session)
    session.go_to(first)
    assert story(reopened(session)) == ["One."]
    server.answers = ["\nOther."]
    await session.play_turn(Kind.DO, "turn back", ignore)
    assert str(server.requests[-1]["prompt"]).endswith("One.\n\n> You turn back.\n")
    session.go_to(third)
    assert story(reopened(session)) == ["One.", "Two.", "Three."]
    session.go_to(None)
    assert story(reopened(session)) == []


async def test_step_take_moves_through_the_takes_to_either_end(server: ScriptedServer, session: Session) -> None:
    assert session.step_take(1) is None
    server.answers = ["\nOne.", "\nTwo.", "\nThree."]
    await session.play_turn(Kind.DO, "wait", ignore)
    await session.retry(ignore)
    await session.retry(ignore)
    assert session.step_take(1) is None
    assert [take.prose for _ in range(2) if (take := session.step_take(-1))] == ["Two.", "One."]
    assert session.step_take(-1) is None
    assert story(reopened(session)) == ["One."]


async def test_an_edit_is_a_new_turn_beside_the_old_one_and_is_in_the_next_prompt(
    server: ScriptedServer, session: Session
) -> None:
    *_, third = await three_turns(server, session)
    edited = session.edit(third, words="try a third time", prose="Three, at last.")
    assert (edited.action, edited.prose, edited.edit_of) == ("You try a third time.", "Three, at last.", third)
    assert story(reopened(session)) == ["One.", "Two.", "Three, at last."]
    assert reopened(session).adventure.nodes == session.adventure.nodes
    assert session.adventure.nodes[third].prose == "Three."
    server.answers = ["\nFour."]
    await session.play_turn(Kind.CONTINUE, "", ignore)
    assert str(server.requests[-1]["prompt"]).endswith("> You try a third time.\n\nThree, at last.\n")


async def test_the_turns_after_an_edit_are_copied_and_redo_reaches_them(
    server: ScriptedServer, session: Session
) -> None:
    first, second, third = await three_turns(server, session)
    session.undo()
    session.edit(first, prose="First.")
    assert story(session) == ["First.", "Two."]
    assert session.redo()
    assert story(session) == ["First.", "Two.", "Three."]
    assert [node.edit_of for node in session.adventure.path()] == [first, second, third]
    assert [session.adventure.nodes[id_].prose for id_ in (first, second, third)] == ["One.", "Two.", "Three."]
    copy = session.adventure.path()[-1].id
    assert session.shelf.generation_record(copy) == session.shelf.generation_record(third)  # it can still be replayed
    assert session.shelf.generation_record(session.adventure.path()[0].id).voice == ""


async def test_a_stopped_sentence_that_is_finished_commands_no_model(server: ScriptedServer, session: Session) -> None:
    stopped = add_turn(session, "open the door", "The door.")
    session.adventure.set_prose(stopped.id, "The door [/INST] is", State.STOPPED)
    server.answers = [" open."]
    await session.play_turn(Kind.CONTINUE, "", ignore)
    assert "[ /INST] is" in server.requests[-1]["prompt"]


async def test_the_first_turn_fits_the_context_that_the_engine_turns_out_to_have(
    server: ScriptedServer, session: Session
) -> None:
    session.storyteller.context_size = 8192
    start = session.storyteller.start

    async def start_smaller() -> None:
        await start()
        session.storyteller.context_size = 1024

    session.storyteller.start = start_smaller  # type: ignore[method-assign]
    for number in range(120):
        add_turn(session, f"wait {number} hours", "The rain falls on the hills, and the lamp burns low. " * 3)
    server.answers = ["\nThe door opens."]
    await session.play_turn(Kind.DO, "open the door", ignore)
    assert len(server.requests[-1]["prompt"]) < 1024 * 3.4


async def test_continue_finishes_a_turn_that_was_stopped_within_a_sentence(
    server: ScriptedServer, session: Session
) -> None:
    server.answers = [["\nThe door groans.", " You see a", Hold()]]
    await play_and_stop_at(session, "see a")
    server.release()
    (stopped,) = session.adventure.path()
    server.answers = [" lamp. It burns."]
    finished = await session.play_turn(Kind.CONTINUE, "", ignore)
    assert story(session) == ["The door groans. You see a lamp. It burns."]
    assert str(server.requests[-1]["prompt"]).endswith("> You open the door.\n\nThe door groans. You see a")
    assert session.step_take(-1) == stopped  # nothing is lost
    session.step_take(1)
    assert reopened(session).adventure.nodes[finished.id].state is State.DONE
    server.answers = ["\nAnd on."]
    await session.play_turn(Kind.CONTINUE, "", ignore)
    assert story(session) == ["The door groans. You see a lamp. It burns.", "And on."]


async def test_undo_reverts_the_latest_edits_before_it_goes_back_a_turn(
    server: ScriptedServer, session: Session
) -> None:
    _, second, third = await three_turns(server, session)
    session.edit(third, prose="Third.")
    session.edit(session.adventure.path()[1].id, prose="Second.")
    seen = []
    while session.undo():
        seen.append(story(session))
    assert seen == [["One.", "Two.", "Third."], ["One.", "Two.", "Three."], ["One.", "Two."], ["One."], []]
    while session.redo():
        seen.append(story(session))
    assert seen[-2:] == [["One.", "Two.", "Third."], ["One.", "Second.", "Third."]]
    session.undo()
    session.undo()
    session.undo()
    server.answers = ["\nAnother."]
    await session.play_turn(Kind.DO, "turn back", ignore)
    assert session.redo() is None
    session.undo()
    session.redo()
    assert story(session) == ["One.", "Two.", "Another."]
    assert session.adventure.path()[1].id == second


async def test_edits_of_several_turns_make_one_new_branch(server: ScriptedServer, session: Session) -> None:
    first, second, third = await three_turns(server, session)
    changes = [(second, "try two", "Second."), (third, "try three", "Third."), (first, "try one", "One.")]
    session.edit_all(Change(*change) for change in changes)
    assert story(reopened(session)) == ["One.", "Second.", "Third."]
    assert len(session.adventure.nodes) == 5
    assert session.shelf.generation_record(session.adventure.path()[-1].id).voice == ""


async def test_an_edit_on_another_branch_leaves_the_head_where_it_is(server: ScriptedServer, session: Session) -> None:
    first, second, _ = await three_turns(server, session)
    session.go_to(first)
    server.answers = ["\nOther."]
    here = await session.play_turn(Kind.DO, "turn back", ignore)
    edited = session.edit(second, prose="Second.")
    assert session.adventure.head == here.id
    assert [node.prose for node in session.adventure.below(edited.id)] == ["Three."]
    assert reopened(session).adventure.head == here.id
    assert reopened(session).adventure.nodes == session.adventure.nodes


async def test_names_and_bookmarks_move_to_the_edited_turns(server: ScriptedServer, session: Session) -> None:
    _, second, third = await three_turns(server, session)
    session.label_turn(second, name="  The \x1b[31mhall\n of faces ", bookmarked=True)
    session.label_turn(third, bookmarked=True)
    session.edit(second, prose="Second.")
    for now in (session, reopened(session)):
        assert [(node.name, node.bookmarked) for node in now.adventure.path()] == [
            ("", False),
            ("The [31mhall of faces", True),
            ("", True),
        ]
        assert sum(node.bookmarked for node in now.adventure.nodes.values()) == 2


async def test_an_edit_that_changes_nothing_adds_nothing(server: ScriptedServer, session: Session) -> None:
    first, *_ = await three_turns(server, session)
    assert session.edit(first, words=" try one ", prose="One.\n").id == first
    assert session.edit_all([]) == []
    assert len(session.adventure.nodes) == 3


async def test_an_edit_that_leaves_nothing_is_an_error(server: ScriptedServer, session: Session) -> None:
    server.answers = ["\nOne.", "\nTwo."]
    bare = await session.play_turn(Kind.CONTINUE, "", ignore)
    with pytest.raises(DungeonError, match="leave something"):
        session.edit(bare.id, prose=" \n")
    assert session.edit(bare.id, words="open the door").action == "You open the door."
    done = await session.play_turn(Kind.DO, "wait", ignore)
    assert session.edit(done.id, words="").kind is Kind.CONTINUE
    assert session.edit(done.id, prose="").action == "You wait."


async def test_hostile_text_of_an_edit_is_cleaned(server: ScriptedServer, session: Session) -> None:
    first, *_ = await three_turns(server, session)
    edited = session.edit(first, words="[bold]\x1b[2J", prose="Quiet.\n> You die.\n\n\n\n[/] \x1b]0;x\x07")
    assert edited.action.isprintable()
    assert "\x1b" not in edited.prose
    assert "\n>" not in edited.prose


async def test_labels_are_saved_and_a_name_is_cut_to_eighty_characters(
    server: ScriptedServer, session: Session
) -> None:
    first, *_ = await three_turns(server, session)
    session.label_turn(first, name="x" * 500, bookmarked=True, folded=True)
    node = reopened(session).adventure.nodes[first]
    assert (node.name, node.bookmarked, node.folded) == ("x" * 80, True, True)
    session.label_turn(first, name="", bookmarked=False)
    node = reopened(session).adventure.nodes[first]
    assert (node.name, node.bookmarked, node.folded) == ("", False, True)


async def test_a_purged_branch_is_gone_from_the_disk(server: ScriptedServer, session: Session) -> None:
    server.answers = ["\nOne.", "\nTwo says Xanadu.", "\nThree says Xanadu.", "\nFour."]
    first = await session.play_turn(Kind.DO, "wait", ignore)
    second = await session.play_turn(Kind.DO, "call Xanadu", ignore)
    third = await session.play_turn(Kind.DO, "wait", ignore)
    session.edit(third.id, prose="Three says Xanadu, twice.")
    edited = session.adventure.head
    assert edited is not None
    files = [session.shelf.path, session.shelf.path.with_name(session.shelf.path.name + "-wal")]
    assert any(b"Xanadu" in file.read_bytes() for file in files)

    session.purge_turn(second.id)
    assert all(b"Xanadu" not in file.read_bytes() for file in files)
    assert session.adventure.nodes == {first.id: first}
    assert session.adventure.head == first.id
    assert reopened(session).adventure.nodes == {first.id: first}
    fourth = await session.play_turn(Kind.DO, "wait", ignore)
    assert fourth.id > edited  # the id of a deleted turn is not used again


async def test_a_purge_on_another_branch_leaves_the_head_where_it_is(server: ScriptedServer, session: Session) -> None:
    first, second, _ = await three_turns(server, session)
    session.go_to(first)
    server.answers = ["\nOther."]
    here = await session.play_turn(Kind.DO, "turn back", ignore)
    session.purge_turn(second)
    assert session.adventure.head == here.id
    assert set(session.adventure.nodes) == {first, here.id}


async def test_another_storyteller_takes_over_and_the_turns_know_theirs(
    server: ScriptedServer, session: Session
) -> None:
    server.answers = ["\nThe door opens.", "\nIt is dark inside."]
    first = await session.play_turn(Kind.DO, "open the door", ignore)
    session.prefetcher.request_suggestions(session.adventure)
    other = RemoteStoryteller(server.url, "other")
    other.context_size, other.sampling = 8000, Sampling(temperature=0.9, length=30)
    budget = session.budget

    before = session.switch_storyteller(other)
    assert before.name == "scripted"
    assert session.budget > budget
    assert session.sampling == other.sampling
    assert not session.prefetcher.are_requested(session.adventure)
    second = await session.play_turn(Kind.DO, "go in", ignore)
    await before.close()

    assert [request["model"] for request in server.requests] == ["scripted", "other"]
    assert server.requests[1]["temperature"] == 0.9
    voices = [session.shelf.generation_record(node.id).voice for node in (first, second)]
    assert voices == ["scripted", "other"]
    await other.close()


async def test_a_turn_cancelled_while_it_is_written_is_saved_whole(
    server: ScriptedServer, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers = ["\nThe door opens. It is dark."]
    save_turn, disk = session.shelf.save_turn, threading.Event()

    def save_slowly(node: Node, record: GenerationRecord | None = None) -> None:
        if node.state is State.STREAMING:
            assert disk.wait(20)
        save_turn(node, record)

    monkeypatch.setattr(session.shelf, "save_turn", save_slowly)
    turn = asyncio.create_task(session.play_turn(Kind.DO, "open the door", ignore))
    while not any(node.state is State.DONE for node in session.adventure.nodes.values()):
        await asyncio.sleep(0)
    turn.cancel()
    threading.Timer(0.05, disk.set).start()
    with pytest.raises(asyncio.CancelledError):
        await turn
    assert reopened(session).adventure.path() == session.adventure.path()

"""Getting and removing voices: from the Hub, an address, a path; by the name that is then known."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dungeon.errors import DungeonError
from dungeon.paths import voices_folder, weights_folder
from dungeon.storyteller.catalogue import CATALOGUE, SMOLLM2
from dungeon.storyteller.download.weights import is_here
from dungeon.storyteller.hardware.measurements import Speed, keep_speed, load_measurements
from dungeon.storyteller.sampling import Sampling
from dungeon.storyteller.voices.added import AddedVoice, add_voice, added_voices, name_for
from dungeon.storyteller.voices.find import find_voice
from dungeon.storyteller.voices.getting import find_wish, get_voice, remove_voice
from tests.dungeon.file_server import COMMIT, FILE, FileServer, serving
from tests.dungeon.gguf_files import gguf_bytes, instruct_gguf

CONTENT = instruct_gguf() + bytes(1000)
REPO = "somebody/tiny-GGUF"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    with serving(CONTENT) as server:
        large = {"oid": hashlib.sha256(CONTENT).hexdigest(), "size": len(CONTENT)}
        server.tree = [
            {"type": "file", "path": "README.md", "size": 5},
            {"type": "file", "path": FILE, "size": len(CONTENT), "lfs": large},
            {"type": "file", "path": "../evil.gguf", "size": 5},
        ]
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        for name in ("HF_TOKEN", "HF_HUB_OFFLINE"):
            monkeypatch.delenv(name, raising=False)
        yield server


def refusal(text: str) -> str:
    with pytest.raises(DungeonError) as caught:
        get_voice(find_wish(text))
    return str(caught.value)


# ---- getting -----------------------------------------------------------------------------------------------------


def test_a_voice_of_the_hub_is_known_by_its_files_name(hub: FileServer) -> None:
    wish = find_wish(f"hf:{REPO}")
    assert (wish.name, wish.size, wish.license) == ("tiny-Q4_K_M", len(CONTENT), "apache-2.0")
    assert wish.license_url == f"{hub.url}/{REPO}"
    assert get_voice(wish) == "tiny-Q4_K_M"
    voice = find_voice("tiny-Q4_K_M")
    assert voice.name == "tiny-Q4_K_M"
    assert isinstance(voice.weights, Path) and voice.weights.read_bytes() == CONTENT
    assert find_voice(f"hf:{REPO}") == voice
    assert f"/{REPO}/resolve/{COMMIT}/{FILE}" in [asked.path for asked in hub.gets]


def test_a_voice_with_a_chat_template_is_driven_in_its_frame(hub: FileServer) -> None:
    voice = find_voice(get_voice(find_wish(f"hf:{REPO}:Q4_K_M")))
    assert (voice.prompt_format, voice.context) == ("frame", 4096)
    assert voice.sampling.dry_multiplier == 0.0


def test_a_voice_without_one_is_plain_text(tmp_path: Path) -> None:
    file = tmp_path / "base.gguf"
    file.write_bytes(gguf_bytes(general__architecture="llama"))
    voice = find_voice(get_voice(find_wish(str(file))))
    assert (voice.prompt_format, voice.context, voice.sampling) == ("tale", 2048, Sampling())


def test_a_long_list_of_files_is_read_to_its_end(hub: FileServer) -> None:
    hub.second_page = [{"type": "file", "path": "sub/tiny-Q2_K.gguf", "size": 5}]
    assert find_wish(f"hf:{REPO}:Q2_K").file == "sub/tiny-Q2_K.gguf"


def test_getting_it_again_fetches_nothing(hub: FileServer) -> None:
    get_voice(find_wish(f"hf:{REPO}"))
    hub.asked.clear()
    get_voice(find_wish(f"hf:{REPO}"))
    assert hub.gets == []


def test_a_voice_at_an_address(hub: FileServer) -> None:
    assert get_voice(find_wish(f"{hub.url}/files/Sea%20Storm.gguf?token=x")) == "Sea-Storm"
    assert find_voice("Sea-Storm").prompt_format == "frame"


def test_a_file_of_the_players_own_stays_where_it_is(tmp_path: Path) -> None:
    file = tmp_path / "Storm at sea.gguf"
    file.write_bytes(CONTENT)
    assert get_voice(find_wish(str(file))) == "Storm-at-sea"
    assert find_voice("Storm-at-sea").weights == file
    assert remove_voice("Storm-at-sea") == 0
    assert file.exists()
    assert added_voices() == {}


def test_a_folder_that_was_tuned_is_known_by_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    base = {"name": "smollm2", "file": None, "sha256": SMOLLM2.sha256}
    entry = {"format": 1, "name": "x", "base": base, "prompt_format": "frame"}
    (folder / "voice.json").write_text(json.dumps(entry))
    get_voice(find_wish(str(folder)))
    assert find_voice("mine").weights is SMOLLM2
    assert find_voice("mine").prompt_format == "frame"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("embr", "Did you mean ember?"),
        ("nope", "There is no voice 'nope' to get. It can be a voice's name, hf:OWNER/REPO"),
        ("", "is not a voice"),
        ("x\0y", "There is no voice"),
        ("hf:nobody", "write hf:OWNER/REPO"),
        ("https://example.org/voice.zip", "should end in .gguf"),
        ("pyproject.toml", "is not a voice"),
        (f"hf:{REPO}:Q2_K", "has no 'Q2_K'. It has: Q4_K_M"),
    ],
)
def test_what_can_not_be_got_is_explained(hub: FileServer, text: str, problem: str) -> None:
    assert problem in refusal(text)


def test_a_gated_repository_is_explained_before_anything_is_fetched(hub: FileServer) -> None:
    hub.api_status, hub.api_headers = 401, {"X-Error-Code": "GatedRepo"}
    assert "accept its terms, and set HF_TOKEN" in refusal(f"hf:{REPO}")


def test_a_hub_that_answers_something_else_is_an_error(hub: FileServer) -> None:
    hub.tree = []
    assert "holds no GGUF file" in refusal(f"hf:{REPO}")


def test_two_voices_do_not_take_each_others_name(hub: FileServer, tmp_path: Path) -> None:
    get_voice(find_wish(f"hf:{REPO}"))
    file = tmp_path / FILE
    file.write_bytes(CONTENT)
    assert f"the one from hf:{REPO}, is called 'tiny-Q4_K_M'. Remove it" in refusal(str(file))
    (tmp_path / "ember.gguf").write_bytes(CONTENT)
    assert "one of the game's, is called 'ember'" in refusal(str(tmp_path / "ember.gguf"))


@pytest.mark.parametrize(
    ("file", "name"),
    [("A b.gguf", "A-b"), ("../x", "x"), ("[bold].gguf", "bold"), ("…", "voice"), ("x" * 300, "x" * 100)],
)
def test_a_name_is_letters_digits_dots_and_hyphens(file: str, name: str) -> None:
    assert name_for(file) == name


# ---- removing ----------------------------------------------------------------------------------------------------


def test_removing_deletes_what_was_fetched_and_what_is_known_of_it(hub: FileServer) -> None:
    name = get_voice(find_wish(f"hf:{REPO}"))
    keep_speed(name, Speed(1.0, 0.5, 20.0))
    assert remove_voice(name) >= len(CONTENT)
    assert [path for path in weights_folder().rglob("*") if path.is_file()] == []
    assert list(voices_folder().iterdir()) == []
    assert load_measurements().voices == {}


def test_removing_takes_an_unfinished_download_along() -> None:
    weights_folder().mkdir(parents=True)
    part = weights_folder() / f"{SMOLLM2.file}.part"
    part.write_bytes(b"GGUF")
    assert remove_voice("smollm2") == 4
    assert not part.exists()


@pytest.mark.parametrize(("name", "problem"), [("lantrn", "Did you mean lantern?"), ("ember", "is not here")])
def test_what_is_not_here_can_not_be_removed(name: str, problem: str) -> None:
    with pytest.raises(DungeonError, match=problem):
        remove_voice(name)


# ---- files of the list -------------------------------------------------------------------------------------------


def test_a_damaged_entry_is_left_out() -> None:
    add_voice(AddedVoice("good", "/x.gguf", "/x.gguf"))
    (voices_folder() / "bad.json").write_text("{")
    (voices_folder() / "other.json").write_text('{"name": "../x", "file": "/x", "source": ""}')
    assert list(added_voices()) == ["good"]


def test_a_voice_whose_file_is_gone_is_an_error_that_says_so(tmp_path: Path) -> None:
    add_voice(AddedVoice("gone", str(tmp_path / "gone.gguf"), "x"))
    with pytest.raises(DungeonError, match="is not there any more"):
        find_voice("gone")


def test_a_voice_that_is_added_never_stands_for_one_of_the_catalogue() -> None:
    weights = CATALOGUE["wayfarer-12b"].weights
    with serving(instruct_gguf()) as server:
        name = get_voice(find_wish(f"{server.url}/{weights.file}?token=secret"))
        assert not is_here(weights)
        assert find_voice(name).prompt_format == "frame"
        assert "secret" not in added_voices()[name].source
    remove_voice(name)
    assert added_voices() == {}


def test_what_an_unfinished_fetch_has_left_can_be_removed() -> None:
    part = weights_folder() / "added" / "storm.gguf.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(1000))
    assert remove_voice("storm") == 1000
    assert not part.exists()

"""Fetching over HTTP from a server that misbehaves: the file is complete and verified, or an error says what to do."""

import hashlib
import json
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from dungeon.errors import DungeonError
from dungeon.paths import weights_folder
from dungeon.storyteller.catalogue import CatalogueWeights, HubSource
from dungeon.storyteller.download import http as download_http
from dungeon.storyteller.download.weights import DownloadCancelled, ensure_weights, fetch_url, part_bytes, weights_path
from dungeon.storyteller.hardware.measurements import load_measurements
from tests.dungeon.file_server import (
    COMMIT,
    FILE,
    Answer,
    FileServer,
    cut,
    hang,
    ranged,
    sends,
    serving,
    status,
    whole,
    wrong_range,
)

CONTENT = b"GGUF" + bytes(range(256)) * 4096
REPO = "somebody/tiny-GGUF"
TINY = CatalogueWeights(
    name="tiny",
    file="tiny.gguf",
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    license="CC0-1.0",
    license_url="https://example.org/licence",
    sources=(HubSource(REPO, FILE),),
)
UNKNOWN = CatalogueWeights(
    "tiny", "tiny.gguf", 1_000_000, "", "CC0-1.0", "https://example.org/licence", (HubSource(REPO, FILE),)
)
"""The same, where only the Hub states hash and size."""
HALF = 500_000


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds for which the download would have waited before further tries."""
    seconds: list[float] = []

    async def pause(wait: float) -> None:
        seconds.append(wait)

    monkeypatch.setattr(download_http, "pause", pause)
    return seconds


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    with serving(CONTENT) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        for name in ("HF_TOKEN", "HF_HUB_OFFLINE"):
            monkeypatch.delenv(name, raising=False)
        yield server


@pytest.fixture
def cdn() -> Iterator[FileServer]:
    with serving(CONTENT) as server:
        yield server


def refusal(weights: CatalogueWeights = TINY) -> str:
    with pytest.raises(DungeonError) as caught:
        ensure_weights(weights)
    assert not weights_path(weights).exists()
    return str(caught.value)


def half_fetched(hub: FileServer, weights: CatalogueWeights = TINY) -> None:
    """An earlier run has fetched half of the file and then failed."""
    hub.plan = [cut(HALF), *[status(503)] * 4]
    assert "503" in refusal(weights)
    assert part_bytes(weights) == HALF
    hub.asked.clear()


def files() -> list[str]:
    return sorted(path.name for path in weights_folder().iterdir())


# ---- what works --------------------------------------------------------------------------------------------------


def test_the_file_comes_from_the_commit_that_the_hub_names(hub: FileServer) -> None:
    path = ensure_weights(TINY)
    assert path.read_bytes() == CONTENT
    assert [asked.path for asked in hub.gets] == [f"/{REPO}/resolve/{COMMIT}/{FILE}"]
    assert files() == ["tiny.gguf", "tiny.gguf.json"]


def test_a_file_that_is_here_is_neither_fetched_nor_read_again(hub: FileServer) -> None:
    path = ensure_weights(TINY)
    hub.asked.clear()
    path.chmod(0)  # whoever reads it now fails, unless it is root's test
    assert ensure_weights(TINY) == path
    assert hub.asked == []


def test_a_file_whose_date_has_changed_is_verified_again(hub: FileServer) -> None:
    path = ensure_weights(TINY)
    path.write_bytes(CONTENT[:-1] + b"\0")
    assert ensure_weights(TINY).read_bytes() == CONTENT
    assert len(hub.gets) == 2


def test_hash_and_size_of_the_hub_hold_where_the_catalogue_has_none(hub: FileServer) -> None:
    assert ensure_weights(UNKNOWN).read_bytes() == CONTENT
    record = json.loads((weights_folder() / "tiny.gguf.json").read_text())
    assert record["sha256"] == TINY.sha256
    assert record["source"] == f"hf:{REPO}@{COMMIT}:{FILE}"


def test_progress_reaches_the_size(hub: FileServer) -> None:
    reported: list[tuple[int, int]] = []
    ensure_weights(TINY, lambda done, total: reported.append((done, total)))
    assert reported[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in reported] == sorted(done for done, _ in reported)


def test_the_speed_of_the_network_is_kept(hub: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dungeon.storyteller.download.one_file._LEAST_MEASURED", 1000)
    ensure_weights(TINY)
    assert load_measurements().network > 0


# ---- resuming ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", [TINY, UNKNOWN], ids=["known hash", "the Hub's hash"])
def test_a_later_run_goes_on_where_an_earlier_one_stopped(hub: FileServer, weights: CatalogueWeights) -> None:
    half_fetched(hub, weights)
    first: list[int] = []
    assert ensure_weights(weights, lambda done, _: first.append(done)).read_bytes() == CONTENT
    assert [asked.headers["Range"] for asked in hub.gets] == [f"bytes={HALF}-"]
    assert first[0] == HALF


def test_a_connection_that_breaks_off_is_taken_up_again(hub: FileServer, waited: list[float]) -> None:
    hub.plan = [cut(300_000), cut(200_000), cut(100_000)]
    assert ensure_weights(TINY).read_bytes() == CONTENT
    assert [asked.headers["Range"] for asked in hub.gets] == [
        None,
        "bytes=300000-",
        "bytes=500000-",
        "bytes=600000-",
    ]
    assert waited == [1.0, 1.0, 1.0], "each time some more has arrived"


def test_a_server_from_which_nothing_comes_is_given_up(hub: FileServer, waited: list[float]) -> None:
    hub.plan = [cut(0)] * 5
    assert "Hugging Face Hub" in refusal()
    assert waited == [1.0, 2.0, 4.0, 8.0]


def test_a_server_that_falls_silent_is_asked_again(hub: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_http, "_TIMEOUT", httpx2.Timeout(0.2))
    hub.plan = [hang(HALF)]
    assert ensure_weights(TINY).read_bytes() == CONTENT
    assert hub.gets[1].headers["Range"] == f"bytes={HALF}-"


@pytest.mark.parametrize("answer", [whole, wrong_range, status(416)], ids=["200", "another place", "416"])
def test_an_answer_that_is_no_continuation_begins_again(hub: FileServer, answer: Answer) -> None:
    half_fetched(hub)
    hub.plan = [answer]
    assert ensure_weights(TINY).read_bytes() == CONTENT


def test_a_part_of_another_version_is_thrown_away(hub: FileServer) -> None:
    half_fetched(hub, UNKNOWN)
    hub.content = b"GGUF" + bytes(len(CONTENT))
    assert ensure_weights(UNKNOWN).read_bytes() == hub.content
    assert hub.gets[0].headers["Range"] is None


@pytest.mark.parametrize("about", [b"", b"{", b'{"source": "x"}'])
def test_a_part_of_which_nothing_is_known_is_thrown_away(hub: FileServer, about: bytes) -> None:
    half_fetched(hub)
    (weights_folder() / "tiny.gguf.part.json").write_bytes(about)
    assert ensure_weights(TINY).read_bytes() == CONTENT
    assert hub.gets[0].headers["Range"] is None


def test_a_part_with_a_damaged_byte_is_noticed_at_the_end_and_fetched_again(hub: FileServer) -> None:
    half_fetched(hub)
    part = weights_folder() / "tiny.gguf.part"
    part.write_bytes(b"\0" + part.read_bytes()[1:])
    assert "sha256" in refusal()
    assert part_bytes(TINY) == 0
    assert ensure_weights(TINY).read_bytes() == CONTENT


def test_a_part_that_is_complete_needs_no_more_than_the_check(hub: FileServer) -> None:
    half_fetched(hub)
    (weights_folder() / "tiny.gguf.part").write_bytes(CONTENT)
    assert ensure_weights(TINY).read_bytes() == CONTENT
    assert hub.gets == []


def test_a_killed_game_leaves_a_part_that_the_next_one_continues(hub: FileServer) -> None:
    hub.plan = [hang(HALF)]
    code = (
        "from dungeon.storyteller.download.weights import ensure_weights\n"
        "from tests.dungeon.storyteller.test_download_http import TINY\n"
        "ensure_weights(TINY, lambda done, _: print(done, flush=True))"
    )
    game = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert game.stdout is not None
    while int(game.stdout.readline()) < HALF:
        pass
    game.send_signal(signal.SIGKILL)
    game.wait()
    assert part_bytes(TINY) == HALF
    assert ensure_weights(TINY).read_bytes() == CONTENT
    assert hub.gets[-1].headers["Range"] == f"bytes={HALF}-"
    assert files() == ["tiny.gguf", "tiny.gguf.json"]


def test_cancelling_stops_at_once_and_keeps_the_part(hub: FileServer) -> None:
    hub.plan = [hang(HALF)]
    cancel = threading.Event()
    began = time.monotonic()
    with pytest.raises(DownloadCancelled):
        ensure_weights(TINY, lambda done, _: cancel.set() if done == HALF else None, cancel)
    assert time.monotonic() - began < 10, "not the half minute after which a silent server is given up"
    assert part_bytes(TINY) == HALF


def test_two_games_fetch_a_file_once(hub: FileServer) -> None:
    with ThreadPoolExecutor(2) as both:
        paths = list(both.map(lambda _: ensure_weights(TINY), range(2)))
    assert [path.read_bytes() for path in paths] == [CONTENT, CONTENT]
    assert len(hub.gets) == 1


def test_who_waits_for_another_game_sees_its_progress_and_can_leave(hub: FileServer) -> None:
    hub.plan = [hang(HALF)]
    first, second = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as other:
        started = threading.Event()
        fetching = other.submit(ensure_weights, TINY, lambda done, _: started.set() if done == HALF else None, first)
        assert started.wait(20)
        with pytest.raises(DownloadCancelled):
            ensure_weights(TINY, lambda done, _: second.set() if done == HALF else None, second)
        first.set()
        with pytest.raises(DownloadCancelled):
            fetching.result()


# ---- the disk ----------------------------------------------------------------------------------------------------


def test_no_room_is_said_before_anything_is_fetched(hub: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(free=HALF)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    message = refusal()
    assert "needs 2 MB more" in message and "Make room" in message and "DUNGEON_HOME" in message
    assert hub.gets == []


def test_a_disk_that_is_full_in_the_middle_keeps_what_it_has(hub: FileServer) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (HALF, before[1]))
    try:
        message = refusal()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "the next attempt goes on there" in message
    assert part_bytes(TINY) == HALF
    assert ensure_weights(TINY).read_bytes() == CONTENT
    assert hub.gets[-1].headers["Range"] == f"bytes={HALF}-"


# ---- another file than expected --------------------------------------------------------------------------------


def test_a_hash_of_the_hub_that_is_not_the_catalogues_is_refused(hub: FileServer) -> None:
    hub.content = CONTENT[:-1] + b"\0"
    message = refusal()
    assert f"not {TINY.sha256[:16]}… as expected" in message
    assert hub.gets == []


def test_a_size_of_the_hub_that_is_not_the_catalogues_is_refused(hub: FileServer) -> None:
    hub.head = lambda handler: handler.answer(200, {"X-Linked-Size": "5"})
    assert "has 5 bytes, not 1,048,580 as expected" in refusal()


def test_a_file_for_which_nobody_states_a_hash_is_refused(hub: FileServer) -> None:
    hub.is_hub = False
    assert "states no hash" in refusal(UNKNOWN)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (CONTENT[:-1] + b"\0", "sha256"),
        (CONTENT + b"more", "bytes, not"),
        (b"<html>", "bytes, not"),
    ],
    ids=["one byte wrong", "too long", "a page"],
)
def test_what_arrives_is_verified(hub: FileServer, body: bytes, reason: str) -> None:
    hub.plan = [sends(body)]
    assert reason in refusal()
    assert ensure_weights(TINY).read_bytes() == CONTENT


# ---- refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (
            status(401, X_Error_Code="GatedRepo"),
            f"is gated. Open HUB/{REPO} in a browser, accept its terms, and set HF_TOKEN",
        ),
        (status(403), f"is gated. Open HUB/{REPO} in a browser, accept its terms, and set HF_TOKEN"),
        (status(401), f"there is no open repository {REPO}. Look at HUB/{REPO}; if it is private, set HF_TOKEN"),
        (status(404, X_Error_Code="EntryNotFound"), f"{REPO} has no such file. `dungeon voices get hf:{REPO}`"),
        (status(404), f"there is no repository {REPO}"),
        (status(410), "the server answers 410 Gone"),
        (status(429, Retry_After="7200"), "it asks to wait 120 minutes. Try again then."),
    ],
)
def test_a_refusal_says_what_to_do(hub: FileServer, answer: Answer, advice: str, waited: list[float]) -> None:
    hub.head = answer
    message = refusal()
    assert advice.replace("HUB", hub.url) in message
    assert "dungeon play --endpoint URL --model NAME" in message
    assert waited == []


def test_a_token_that_is_not_accepted_is_named(hub: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    hub.head = status(401)
    message = refusal()
    assert "does not accept HF_TOKEN" in message
    assert "hf_wrong" not in message


def test_a_token_with_a_line_break_is_an_error_and_not_a_crash(
    hub: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_a\nhf_b")
    assert "HF_TOKEN holds characters that no HTTP header may" in refusal()


def test_a_busy_hub_is_waited_for_as_long_as_it_asks(hub: FileServer, waited: list[float]) -> None:
    hub.plan = [status(429, Retry_After="17"), status(503), cut(HALF)]
    assert ensure_weights(TINY).read_bytes() == CONTENT
    assert waited == [17.0, 2.0, 1.0]


def test_a_date_to_wait_for_is_understood(hub: FileServer, waited: list[float]) -> None:
    hub.plan = [status(429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT")]
    assert ensure_weights(TINY).read_bytes() == CONTENT
    assert waited == [0.0], "that date is past"


# ---- where requests go -------------------------------------------------------------------------------------------


def test_the_token_goes_to_the_hub_and_to_no_other_host(
    hub: FileServer, cdn: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub.elsewhere = cdn.url
    cdn.plan = [cut(HALF)]
    assert ensure_weights(TINY).read_bytes() == CONTENT
    assert {asked.headers["Authorization"] for asked in hub.asked} == {"Bearer hf_secret"}
    assert [asked.headers["Authorization"] for asked in cdn.asked] == [None, None]
    assert cdn.gets[1].headers["Range"] == f"bytes={HALF}-", "the range goes there, too"
    assert "hf_secret" not in (weights_folder() / "tiny.gguf.json").read_text()


def test_an_address_that_has_run_out_is_asked_for_again(hub: FileServer, cdn: FileServer) -> None:
    hub.elsewhere = cdn.url
    cdn.plan = [cut(HALF), status(403)]
    assert ensure_weights(TINY).read_bytes() == CONTENT
    assert len([asked for asked in hub.asked if asked.method == "GET"]) == 3


def test_redirects_without_end_are_given_up(hub: FileServer) -> None:
    hub.elsewhere = hub.url
    assert "more than 10 redirects" in refusal()


def test_a_redirect_to_something_else_than_the_web_is_refused(hub: FileServer) -> None:
    hub.plan = [status(302, Location="file:///etc/passwd")]
    assert "is not an address" in refusal()


def test_the_proxy_of_the_environment_is_used(hub: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    monkeypatch.setenv("HTTP_PROXY", hub.url)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.delenv("no_proxy", raising=False)
    assert ensure_weights(TINY).read_bytes() == CONTENT
    assert hub.gets[0].path.startswith("http://hub.invalid/")


@pytest.mark.parametrize("proxy", ["nonsense://x", "http://[", "socks5://127.0.0.1:1"])
def test_a_proxy_that_is_not_valid_is_an_error_and_not_a_crash(
    hub: FileServer, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.delenv("no_proxy", raising=False)
    assert "Hugging Face Hub: " in refusal()


def test_a_hub_that_is_switched_off_is_not_asked(hub: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "switched off by HF_HUB_OFFLINE" in refusal()
    assert hub.asked == []


def test_without_a_network_the_error_comes_at_once(monkeypatch: pytest.MonkeyPatch, waited: list[float]) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    assert "Connect to the network and start again" in refusal()
    assert waited == []


# ---- any other address -------------------------------------------------------------------------------------------


class Url(NamedTuple):
    server: FileServer
    path: Path

    def fetch(self) -> bytes:
        return fetch_url(f"{self.server.url}/tiny.gguf?key=secret", self.path).read_bytes()

    def refusal(self) -> str:
        with pytest.raises(DungeonError) as caught:
            self.fetch()
        assert "secret" not in str(caught.value)
        return str(caught.value)


@pytest.fixture
def url(cdn: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Url:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    cdn.is_hub = False
    return Url(cdn, tmp_path / "weights" / "tiny.gguf")


def test_a_file_at_any_address_is_fetched_without_the_hubs_token(url: Url) -> None:
    assert url.fetch() == CONTENT
    assert all(asked.headers["Authorization"] is None for asked in url.server.asked)


def test_a_file_at_any_address_is_continued_while_its_tag_is_the_same(url: Url) -> None:
    url.server.plan = [cut(HALF), *[status(503)] * 4]
    url.refusal()
    url.server.asked.clear()
    assert url.fetch() == CONTENT
    (get,) = url.server.gets
    assert (get.headers["Range"], get.headers["If-Range"]) == (f"bytes={HALF}-", '"one"')


def test_a_changed_file_is_fetched_from_the_beginning(url: Url) -> None:
    url.server.plan = [cut(HALF), *[status(503)] * 4]
    url.refusal()
    url.server.content, url.server.etag = b"GGUF" + bytes(len(CONTENT)), '"two"'
    assert url.fetch() == url.server.content


def test_a_file_that_changes_in_the_middle_is_fetched_from_the_beginning(url: Url) -> None:
    other = b"GGUF" + bytes(len(CONTENT))

    def change(handler: object) -> None:
        cut(HALF)(handler)  # type: ignore[arg-type]
        url.server.content, url.server.etag = other, '"two"'

    url.server.plan = [change]
    assert url.fetch() == other


def test_a_server_that_ignores_if_range_does_not_mix_two_files(url: Url) -> None:
    other = b"GGUF" + bytes(len(CONTENT))

    def change(handler: object) -> None:
        cut(HALF)(handler)  # type: ignore[arg-type]
        url.server.content, url.server.etag = other, '"two"'

    def careless(handler: object) -> None:
        del handler.headers["If-Range"]  # type: ignore[attr-defined]
        ranged(handler)  # type: ignore[arg-type]

    url.server.plan = [change, careless]
    assert url.fetch() == other


def test_a_server_that_does_not_answer_head_still_delivers(url: Url) -> None:
    url.server.head = status(405)
    assert url.fetch() == CONTENT


def test_a_page_in_place_of_a_model_is_refused(url: Url) -> None:
    url.server.content = b"<html>Please log in</html>"
    assert "not a GGUF file" in url.refusal()
    assert list(url.path.parent.iterdir()) == []

"""A voice is pushed to the Hub on request, with its card and weights and no other file; never with unknown rights.

The Hub is one on this machine that answers as much of the real one's protocol as an upload needs.
"""

import base64
import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from finetune.export.hub import is_licence
from tests.finetune.conftest import Run, Voices

TOKENS = {"Bearer writer": 200, "Bearer reader": 403}


@dataclass
class Hub:
    """The requests that it got."""

    address: str = ""
    created: list[dict[str, Any]] = field(default_factory=list)
    stored: dict[str, bytes] = field(default_factory=dict)
    """Large files by their hash."""
    committed: dict[str, bytes] = field(default_factory=dict)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    found = Hub()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status = TOKENS.get(self.headers.get("Authorization", ""), 401)
            self.answer(status, self.reply(self.path, body) if status == 200 else {"error": "no right to write"})

        def do_PUT(self) -> None:
            found.stored[self.path.rpartition("/")[2]] = self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(200, {})

        def reply(self, path: str, body: bytes) -> dict[str, Any]:
            if path.endswith("/commit/main"):
                for line in map(json.loads, body.splitlines()):
                    value = line["value"]
                    if line["key"] == "file":
                        found.committed[value["path"]] = base64.b64decode(value["content"])
                    elif line["key"] == "lfsFile":
                        found.committed[value["path"]] = found.stored[value["oid"]]
                return {"commitOid": "0" * 40, "commitUrl": f"{found.address}/me/voice/commit/{'0' * 40}"}
            content = json.loads(body)
            if path == "/api/repos/create":
                found.created.append(content)
                return {"url": f"{found.address}/me/voice"}
            if path == "/api/models/me/voice/preupload/main":
                modes = {one["path"]: "lfs" if "safetensors" in one["path"] else "regular" for one in content["files"]}
                return {
                    "files": [{"path": name, "uploadMode": mode, "shouldIgnore": False} for name, mode in modes.items()]
                }
            if path == "/me/voice.git/info/lfs/objects/batch":
                actions = lambda one: {"upload": {"href": f"{found.address}/store/{one['oid']}"}}  # noqa: E731
                return {"transfer": "basic", "objects": [one | {"actions": actions(one)} for one in content["objects"]]}
            assert path == "/api/validate-yaml", path
            return {"errors": [], "warnings": []}

        def answer(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found.address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", found.address)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_TOKEN", "writer")
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def voice(tmp_path: Path, voices: Voices) -> Path:
    """A voice that may be passed on."""
    return with_rights(shutil.copytree(voices["gpt2"][0], tmp_path / "voice"), {"CC-BY-4.0": 9, "CC0-1.0": 1})


def with_rights(voice: Path, rights: dict[str, int]) -> Path:
    training = json.loads((voice / "training.json").read_text())
    training["corpus"] |= {"rights": rights, "titles_by_rights": {name: [f"Tale of {name}"] for name in rights}}
    (voice / "training.json").write_text(json.dumps(training))
    return voice


def test_the_export_and_its_card_are_pushed(hub: Hub, tmp_path: Path, voice: Path, run: Run) -> None:
    out = tmp_path / "out"
    result = run("export", voice, "--to", "adapter", "--out", out, "--push", "me/voice")
    assert result.exit_code == 0, (result.output, result.exception)
    assert f"{hub.address}/me/voice" in result.stderr
    (created,) = hub.created
    assert created["name"] == "voice" and created["organization"] == "me"
    assert created.get("private") is True or created.get("visibility") == "private"
    # No training.json, which has paths of this machine; no prompts, which are text of the corpus.
    assert set(hub.committed) == {"README.md", "adapter_config.json", "adapter_model.safetensors"}
    assert hub.committed["adapter_model.safetensors"] == (voice / "adapter_model.safetensors").read_bytes()
    card = hub.committed["README.md"].decode()
    assert card.startswith("---\n") and "## Export" in card and "KL divergence" in card


def test_a_voice_with_stories_of_unknown_rights_is_not_pushed(hub: Hub, tmp_path: Path, voice: Path, run: Run) -> None:
    out = tmp_path / "out"
    for rights in ({"CC0-1.0": 9, "unknown": 1}, {"© 1999 Somebody. All rights reserved.": 1}, {"": 1}, {}):
        refused = run("export", with_rights(voice, rights), "--to", "adapter", "--out", out, "--push", "me/voice")
        assert refused.exit_code == 2 and "Not pushed" in refused.stderr
        assert all(f"Tale of {name}" in refused.stderr for name in rights if name != "CC0-1.0")
        assert "Tale of CC0" not in refused.stderr
    training = json.loads((voice / "training.json").read_text())
    training["base"]["license"] = "unknown"
    (voice / "training.json").write_text(json.dumps(training))
    with_rights(voice, {"CC0-1.0": 1})
    refused = run("export", voice, "--to", "merged", "--out", out, "--push", "me/voice")
    assert refused.exit_code == 2 and "holds the base's weights" in refused.stderr
    assert not out.exists() and not hub.created and not hub.committed


def test_a_push_without_a_token_or_the_right_to_write_is_an_error(
    hub: Hub, tmp_path: Path, voice: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    arguments = ("export", voice, "--to", "adapter", "--out", out)
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    none = run(*arguments, "--push", "me/voice")
    assert none.exit_code == 2 and "hf auth login" in none.stderr and not out.exists()
    monkeypatch.setenv("HF_TOKEN", "reader")
    nameless = run(*arguments, "--push", "a/b/c")
    assert nameless.exit_code == 2 and "OWNER/NAME" in nameless.stderr
    forbidden = run(*arguments, "--push", "me/voice")
    assert forbidden.exit_code == 2 and "was not pushed to me/voice" in forbidden.stderr
    assert (out / "adapter_model.safetensors").is_file()  # the export itself is whole
    assert not hub.committed


def test_is_licence() -> None:
    for rights in ("CC-BY-4.0", "cc0-1.0", "Creative Commons Attribution", "Public domain in the USA.", "MIT"):
        assert is_licence(rights)
    for rights in ("unknown", "", "Copyright 2001 by A. Smith", "ask me", "All rights reserved; parts CC-BY"):
        assert not is_licence(rights)

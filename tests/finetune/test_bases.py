"""Where a base comes from, and what is said when it doesn't."""

import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import torch
from click.testing import Result

from finetune.errors import FinetuneError
from finetune.models.base import open_base

Run = Callable[..., Result]
Command = Callable[..., list[str]]


@pytest.fixture
def hub(bases: dict[str, Path]) -> Iterator[str]:
    """A Hub on this machine that has one repository, someone/tiny."""
    folder = bases["llama"]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, body: bool) -> None:
            path = unquote(urlsplit(self.path).path)
            name = path.rpartition("/")[2]
            found = path.startswith("/someone/tiny/resolve/") and (folder / name).is_file()
            content = (folder / name).read_bytes() if found else b"{}"
            self.send_response(200 if found else 404)
            if not found:
                known = path.startswith(("/someone/tiny/", "/api/models/someone/tiny"))
                self.send_header("X-Error-Code", "EntryNotFound" if known else "RepoNotFound")
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("ETag", f'"{name}"')
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if body:
                self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _environment(endpoint: str, home: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))}
    return kept | {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}


def test_a_base_from_the_hub(hub: str, tmp_path: Path) -> None:
    code = "from finetune.models.base import open_base; b = open_base('someone/tiny'); print(b.name, b.license, b.repo)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=_environment(hub, tmp_path), capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["someone/tiny", "mit", "someone/tiny"], done.stderr


def test_no_such_repository(hub: str, tmp_path: Path, corpus: Path, command: Command) -> None:
    arguments = command("--corpus", corpus, "--base", "nobody/nothing", "--out", tmp_path / "voice")
    _refused(arguments, _environment(hub, tmp_path), "nobody/nothing")


def test_no_hub_at_all(tmp_path: Path, corpus: Path, command: Command) -> None:
    arguments = command("--corpus", corpus, "--base", "openai-community/gpt2", "--out", tmp_path / "voice")
    _refused(arguments, _environment("http://127.0.0.1:9", tmp_path), "openai-community/gpt2")


def _refused(arguments: list[str], environment: dict[str, str], name: str) -> None:
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done.stderr
    assert name in done.stderr and "--base smollm2 needs no Hub" in done.stderr and "--base PATH" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_pickled_weights_are_refused(tmp_path: Path, bases: dict[str, Path]) -> None:
    folder = shutil.copytree(bases["gpt2"], tmp_path / "pickled")
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(FinetuneError, match="safetensors"):
        open_base(str(folder))


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FinetuneError, match="There is no model folder"):
        open_base(str(tmp_path / "nowhere"))


def test_code_of_a_model_is_not_run(tmp_path: Path, bases: dict[str, Path]) -> None:
    folder = shutil.copytree(bases["gpt2"], tmp_path / "coded")
    (folder / "config.json").write_text(
        '{"model_type": "strange", "auto_map": {"AutoConfig": "code.C", "AutoModelForCausalLM": "code.M"}}'
    )
    (folder / "code.py").write_text("raise SystemExit('I ran')")
    with pytest.raises(FinetuneError, match="can't be opened"):
        open_base(str(folder))

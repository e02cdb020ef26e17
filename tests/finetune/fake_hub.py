"""A Hub on this machine with one repository: enough of its protocol for a model, `load_dataset`, or a single file."""

import http.server
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

_COMMIT = "0" * 40


@contextmanager
def model_hub(name: str, files: Mapping[str, bytes]) -> Iterator[str]:
    """Serve the files of a model; give the Hub's address."""
    answers = {f"/{name}/resolve/{of}/{path}": data for of in ("main", _COMMIT) for path, data in files.items()}
    with _serve(name, answers) as endpoint:
        yield endpoint


@contextmanager
def data_set_hub(name: str, files: Mapping[str, bytes]) -> Iterator[str]:
    """Serve the files of a data set; give the Hub's address."""
    listed = [{"type": "file", "path": path, "size": len(data), "oid": _COMMIT} for path, data in files.items()]
    info = {"id": name, "sha": _COMMIT, "siblings": [{"rfilename": path} for path in files]}
    answers = {
        **dict.fromkeys(
            (f"/api/datasets/{name}", f"/api/datasets/{name}/revision/{_COMMIT}"), json.dumps(info).encode()
        ),
        f"/api/datasets/{name}/tree/{_COMMIT}": json.dumps(listed).encode(),
        **{f"/datasets/{name}/resolve/{of}/{path}": data for of in ("main", _COMMIT) for path, data in files.items()},
    }
    with _serve(name, answers) as endpoint:
        yield endpoint


@contextmanager
def _serve(name: str, answers: Mapping[str, bytes]) -> Iterator[str]:
    """Answer with the contents at these paths, and otherwise as the Hub does for a missing file or repository."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, body: bool) -> None:
            path = unquote(urlsplit(self.path).path)
            content = answers.get(path, b"{}")
            self.send_response(200 if path in answers else 404)
            if path not in answers:
                self.send_header("X-Error-Code", "EntryNotFound" if f"/{name}" in path else "RepoNotFound")
            self.send_header("X-Repo-Commit", _COMMIT)
            self.send_header("ETag", f'"{path.rpartition("/")[2]}"')
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if body:
                self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()

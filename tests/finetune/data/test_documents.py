"""Data files and data sets whose rows are texts or chats, as corpora. The Hub here is a server on this machine."""

import csv
import gzip
import json
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpus.turns import Turn, parse
from finetune.data.corpus import Corpus, read_corpus
from finetune.data.corpus_check import check_corpus
from finetune.errors import FinetuneError
from tests.finetune.conftest import QUICK, Run, prose, set_options
from tests.finetune.fake_hub import data_set_hub

Row = dict[str, Any]


def _texts(count: int = 30) -> list[Row]:
    return [{"text": text, "id": n} for n, text in enumerate(prose()[:count])]


def _write(path: Path, rows: list[Row]) -> Path:
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if path.suffix == ".jsonl":
        path.write_text(lines, encoding="utf-8")
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(lines.encode()))
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows), encoding="utf-8")
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return path


def _targets(corpus: Corpus, split: str) -> list[str]:
    return list(corpus.splits[split]["target"])


@pytest.mark.parametrize("name", ["it.jsonl", "it.jsonl.gz", "it.json", "it.csv", "it.parquet"])
def test_texts_are_learned_whole_and_some_are_held_out(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [*_texts(), {"text": " \n", "id": 30}, {"text": prose()[0], "id": 31}]
    path = _write(tmp_path / name, rows)
    monkeypatch.setattr(socket, "socket", None)  # no network
    check_corpus(path)
    corpus = read_corpus(path)
    assert {split: len(part) for split, part in corpus.splits.items()} == {"train": 24, "validation": 3, "test": 3}
    assert sorted(text for split in corpus.splits for text in _targets(corpus, split)) == sorted(prose()[:30])
    for row in corpus.splits["train"]:
        assert (row["context"], row["ends"]) == ("", True)
    assert corpus.report["rights"] == {"unknown": 30}
    assert "left out: 1 empty, 1 repeated" in corpus.note


def test_the_same_documents_are_held_out_in_any_order(tmp_path: Path) -> None:
    one = read_corpus(_write(tmp_path / "it.jsonl", _texts()))
    other = read_corpus(_write(tmp_path / "it.parquet", _texts()[::-1]))
    assert sorted(_targets(one, "test")) == sorted(_targets(other, "test"))
    again = read_corpus(_write(tmp_path / "again.jsonl", _texts()))
    assert again.fingerprint == one.fingerprint != other.fingerprint


def test_paragraphs_that_are_held_out_and_learned_are_measured(tmp_path: Path) -> None:
    common = prose()[100]
    rows = [{"text": f"{text}\n\n{common}"} for text in prose()[:30]]
    corpus = read_corpus(_write(tmp_path / "it.jsonl", rows))
    assert corpus.leaked is not None and 0.05 < corpus.leaked < 0.95
    assert "of the validation text is also in train" in corpus.leak_warning
    assert read_corpus(_write(tmp_path / "clean.jsonl", _texts())).leaked == 0.0


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "it.jsonl"
    path.write_text(_write(path, _texts()).read_text(), "utf-8-sig")
    assert sum(len(part) for part in read_corpus(path).splits.values()) == 30


def test_control_characters_are_dropped_and_actions_stay(tmp_path: Path) -> None:
    text = "A hall.\r\n\r\n> You go \x1b[31mon.\r\n\r\n<|endoftext|> is on the wall."
    corpus = read_corpus(_write(tmp_path / "it.jsonl", [{"text": text}, *_texts()]))
    wanted = "A hall.\n\n> You go [31mon.\n\n<|endoftext|> is on the wall."
    assert wanted in [target for split in corpus.splits for target in _targets(corpus, split)]


_CHAT = [
    {"role": "system", "content": "You tell a story\nin a cave."},
    {"role": "user", "content": "light the lamp"},
    {"role": "assistant", "content": "The walls shine.\n> You see gold."},
    {"role": "user", "content": '"Who is there?"'},
    {"role": "assistant", "content": "Nobody answers."},
]


def _in_words_of_share_gpt(chat: list[Row]) -> list[Row]:
    names = {"user": "human", "assistant": "gpt", "system": "system"}
    return [{"from": names[message["role"]], "value": message["content"]} for message in chat]


def _whole(corpus: Corpus, story: int = 0) -> tuple[str, str]:
    """The context and all targets of the chat whose answers hold `Answer {story}.`"""
    for part in corpus.splits.values():
        for row in part:
            if f"Answer {story}." in row["target"]:
                return row["context"], row["target"]
    raise AssertionError(story)


@pytest.mark.parametrize("column", ["messages", "conversations"])
def test_a_chat_becomes_turns(column: str, tmp_path: Path) -> None:
    """The user acts, the assistant answers, the system opens the context; each stands where a turn has it."""
    chats = [[*_CHAT, {"role": "assistant", "content": f"Answer {n}."}] for n in range(12)]
    rows = [{column: chat if column == "messages" else _in_words_of_share_gpt(chat)} for chat in chats]
    corpus = read_corpus(_write(tmp_path / "chats.jsonl", rows))
    context, target = _whole(corpus)
    assert context == "You tell a story\nin a cave."
    assert target.startswith("\n\n> You light the lamp.\n\n")
    assert parse(target) == [
        Turn("You light the lamp.", "The walls shine.\nYou see gold."),  # what the assistant writes is no action
        Turn('You say "Who is there?"', "Nobody answers.\n\nAnswer 0."),
    ]
    assert not any(row["ends"] for part in corpus.splits.values() for row in part)
    assert [len(set(part["story"])) for part in corpus.splits.values()] == [10, 1, 1]


def test_what_a_user_writes_at_length_is_context(tmp_path: Path) -> None:
    """It is no action, and only what the assistant writes is learned."""
    chats = [
        [
            {"role": "user", "content": "Write a story.\nIt has a dog."},
            {"role": "assistant", "content": f"Answer {n}."},
            {"role": "user", "content": "Thanks!"},
        ]
        for n in range(12)
    ]
    corpus = read_corpus(_write(tmp_path / "chats.jsonl", [{"messages": chat} for chat in chats]))
    assert _whole(corpus, 3) == ("Write a story.\nIt has a dog.", "\n\nAnswer 3.")


def test_a_chat_that_opens_with_the_user_keeps_the_first_action(tmp_path: Path) -> None:
    chats = [
        [{"role": "user", "content": "wake up"}, {"role": "assistant", "content": f"Answer {n}."}] for n in range(12)
    ]
    corpus = read_corpus(_write(tmp_path / "chats.jsonl", [{"messages": chat} for chat in chats]))
    assert _whole(corpus, 5) == ("", "> You wake up.\n\nAnswer 5.")


def test_a_long_chat_is_learned_once_and_never_split_between_train_and_test(tmp_path: Path) -> None:
    answers = [[f"[{number}.{n}] {text}" for n, text in enumerate(prose()[:40])] for number in range(12)]
    rows = [
        {
            "messages": [
                message
                for answer in chat
                for message in ({"role": "user", "content": "go on"}, {"role": "assistant", "content": answer})
            ]
        }
        for chat in answers
    ]
    corpus = read_corpus(_write(tmp_path / "chats.jsonl", rows))
    learned = "\n\n".join(target for split in corpus.splits for target in _targets(corpus, split))
    for chat in answers:
        assert all(learned.count(answer) == 1 for answer in chat)
    stories = [set(part["story"]) for part in corpus.splits.values()]
    assert sum(map(len, stories)) == len(set.union(*stories)) == 12
    assert max(len(row["context"]) for row in corpus.splits["train"]) > 1000


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("it.jsonl", '{"text": "One."}\n\n{"text": "Two."\n', "it.jsonl, line 3 is not valid JSON"),
        ("it.jsonl", '{"text": "One."}\n["Two."]\n', "it.jsonl, line 2 is not a JSON object"),
        ("it.jsonl", b'{"text": "One."}\n{"text": "\xff"}\n', "it.jsonl, line 2 is not UTF-8"),
        ("it.jsonl", '{"story": "One.", "id": 1}\n', "line 1 has no column text or messages; its columns: id, story"),
        ("it.jsonl", '{"texts": "One."}\n', "Did you mean texts? Rename the one that holds the text"),
        ("it.jsonl", '{"text": 5}\n', "line 1: its text is no text but int"),
        ("it.jsonl", '{"text": "One."}\n', "holds 1 different document with text"),
        ("it.jsonl", '{"text": "One."}\n' * 5, "holds 1 different document with text"),
        ("it.jsonl", '{"text": ""}\n{"text": null}\n', "holds no different documents with text"),
        ("it.jsonl", "", "holds no different documents with text"),
        ("it.jsonl", '{"messages": "One."}\n', "line 1: its messages is not a list of messages"),
        ("it.jsonl", '{"messages": [{"role": "me", "content": "x"}]}\n', "line 1, message 1: its role is 'me'"),
        ("it.jsonl", '{"messages": [{"role": "user", "content": 1}]}\n', "line 1, message 1: its content is no text"),
        ("it.json", '{"text": "One."}', "is not a list of objects"),
        ("it.json", "[1]", "row 1 is not a JSON object"),
        ("it.csv", "text\n\xff".encode("latin-1"), "it.csv is not UTF-8"),
        ("it.parquet", "text", "is not a Parquet file that can be read"),
        ("it.jsonl.gz", "text", "can't be read"),
        ("it.jsonl.gz", gzip.compress(b'{"text": "One."}\n', mtime=0)[:-12], "is cut off"),
    ],
)
def test_a_file_without_documents_is_an_error(name: str, content: str | bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    for look in (read_corpus,) if name.endswith(".parquet") else (check_corpus, read_corpus):
        with pytest.raises(FinetuneError) as caught:
            look(path)
        assert message in caught.value.message and str(path) in caught.value.message


def test_bad_files_are_refused_before_anything_heavy_is_imported(
    tmp_path: Path, command: Callable[..., list[str]]
) -> None:
    path = tmp_path / "it.jsonl"
    path.write_text('{"story": "One."}\n')
    python, *rest = command("--corpus", path, "--out", tmp_path / "voice")
    result = _process([python, "-X", "importtime", *rest])
    assert result.returncode == 2 and "has no column text or messages" in result.stderr, result.stderr[-500:]
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "click" in imported and not {"torch", "transformers", "datasets", "pyarrow"} & imported
    assert not (tmp_path / "voice.partial").exists()


@pytest.mark.usefixtures("no_conversion")
def test_a_voice_is_tuned_on_a_file(run: Run, bases: dict[str, Path], tmp_path: Path) -> None:
    """What was learned, from whom, and that nobody stated its rights is said while it learns and on its card."""
    path = _write(tmp_path / "it.jsonl", _texts())
    result = run("--corpus", path, "--base", bases["gpt2"], "--out", tmp_path / "voice", *QUICK)
    assert result.exit_code == 0, result.output
    assert "it.jsonl has 30 documents: 24 for train, 3 for validation, 3 for test" in result.stderr
    training = json.loads((tmp_path / "voice" / "training.json").read_text())
    assert training["corpus"]["fingerprint"] == read_corpus(path).fingerprint
    card = (tmp_path / "voice" / "README.md").read_text()
    assert "| unknown | 30 |" in card and "it.jsonl" in card and str(tmp_path) not in card
    assert training["figures"]["leaked"] == 0.0


def test_voices_are_compared_on_chats(run: Run, bases: dict[str, Path], tmp_path: Path) -> None:
    chats = [[{"role": "user", "content": "wake up"}, {"role": "assistant", "content": text}] for text in prose()[:12]]
    path = _write(tmp_path / "chats.jsonl", [{"messages": chat} for chat in chats])
    options = ("--turns", "1", "--tokens", "4")
    result = run("evaluate", bases["gpt2"], "--corpus", path, "--json", tmp_path / "it.json", *options)
    assert result.exit_code == 0, result.output
    assert "> You wake up." in result.stdout


def test_a_report_is_made_on_texts(run: Run, bases: dict[str, Path], tmp_path: Path) -> None:
    path = _write(tmp_path / "it.jsonl", _texts())
    options = ("--methods", "lora", "--shares", "100", "--tokens", "0", *set_options("max_steps=1", "length=32"))
    result = run("report", "--corpus", path, "--base", bases["gpt2"], "--out", tmp_path / "report", *options)
    assert result.exit_code == 0 and (tmp_path / "report" / "index.html").is_file(), result.output
    assert "it.jsonl has 30 documents" in result.stderr


def test_texts_without_actions_have_nothing_to_compare_voices_on(
    run: Run, bases: dict[str, Path], tmp_path: Path
) -> None:
    path = _write(tmp_path / "it.jsonl", _texts())
    result = run("evaluate", bases["gpt2"], "--corpus", path)
    assert result.exit_code == 2 and "has no player's action with an answer" in result.stderr, result.output


_README = b"---\nlicense: mit\n---\n"


def _lines(rows: list[Row]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def test_a_data_set_is_fetched_once_and_its_splits_are_kept(tmp_path: Path, command: Callable[..., list[str]]) -> None:
    files = {
        "README.md": _README,
        "train.jsonl": _lines(_texts()),
        "test.jsonl": _lines([{"text": "The end.", "id": 0}]),
    }
    with data_set_hub("someone/tiny", files) as address:
        read = _read_elsewhere(command, tmp_path, address)
        assert read.returncode == 0, read.stderr
    assert json.loads(read.stdout) == {"train": [row["text"] for row in _texts()], "validation": ["The end."]}
    again = _read_elsewhere(command, tmp_path, address, HF_HUB_OFFLINE="1")
    assert again.stdout == read.stdout, again.stderr


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"train.jsonl": _lines([{"story": "x"}])}, "someone/tiny, train row 1 has no column text or messages"),
        ({"test.jsonl": _lines([{"text": "x"}])}, "it has no split train; its splits: test"),
        ({"README.md": _README}, "doesn't contain any data files"),
        ({"train.jsonl": b"{"}, "'someone/tiny', which is not a local folder or file"),
    ],
)
def test_a_data_set_without_documents_is_an_error(
    files: dict[str, bytes], message: str, tmp_path: Path, command: Callable[..., list[str]]
) -> None:
    with data_set_hub("someone/tiny", files) as address:
        read = _read_elsewhere(command, tmp_path, address)
    assert read.returncode == 1 and "FinetuneError: " in read.stderr and message in read.stderr, read.stderr


def _read_elsewhere(
    command: Callable[..., list[str]], home: Path, address: str, **more: str
) -> subprocess.CompletedProcess[str]:
    """Read someone/tiny in a process of its own, because the libraries read their settings as they are imported."""
    script = (
        "import json; from pathlib import Path; from finetune.data.corpus_check import check_corpus; "
        "from finetune.data.corpus import read_corpus; here = Path('someone/tiny'); check_corpus(here); "
        "print(json.dumps({name: part['target'][:] for name, part in read_corpus(here).splits.items()}))"
    )
    return _process([command()[0], "-c", script], HF_HOME=str(home / "hub"), HF_ENDPOINT=address, **more)


def test_a_hub_without_the_data_set_or_out_of_reach_is_an_error(
    tmp_path: Path, command: Callable[..., list[str]]
) -> None:
    with data_set_hub("someone/tiny", {"README.md": _README}) as address:
        message = _refused(tmp_path, command, HF_ENDPOINT=address)
        assert "the Hub has no data set of that name, or it is private." in message
    message = _refused(tmp_path, command, HF_ENDPOINT="http://127.0.0.1:9")
    assert "the Hub can't be reached" in message and "Is this machine online?" in message
    assert "HF_HUB_OFFLINE is set, and the data set was never fetched." in _refused(
        tmp_path, command, HF_ENDPOINT=address, HF_HUB_OFFLINE="1"
    )


def _refused(tmp_path: Path, command: Callable[..., list[str]], **environment: str) -> str:
    corpus = "nobody/nothing"
    result = _process(
        command("--corpus", corpus, "--out", tmp_path / "voice"), HF_HOME=str(tmp_path / "hub"), **environment
    )
    assert result.returncode == 2 and f"'{corpus}', which is not a local folder or file" in result.stderr, result.stderr
    return result.stderr


def _process(arguments: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, **environment}
    )

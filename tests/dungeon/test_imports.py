"""What the game imports: no package that only training and crawling need; and no I/O in the pure modules."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import dungeon

HEAVY = {"torch", "transformers", "datasets", "scrapy", "peft", "accelerate", "numpy", "finetune", "corpus.build"}
IO_MODULES = {"sqlite3", "httpx2", "textual", "xllamacpp", "asyncio", "socket", "subprocess"}


def loaded_by(*modules: str) -> set[str]:
    """The modules loaded in a fresh interpreter after these imports."""
    code = f"import {', '.join(modules)}, sys; print(*sys.modules)"
    environment = {"PYTHONPATH": "."}  # without coverage, which imports more
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return set(run.stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        "dungeon.cli",
        "dungeon.plain.game",
        "dungeon.play.session",
        "dungeon.tui.app",
        "dungeon.storyteller.local.storyteller",
        "dungeon.storyteller.servers.completions",
        "dungeon.storyteller.servers.remote",
        "dungeon.storyteller.download.weights",
        "dungeon.storyteller.local.engine",
    ],
)
def test_the_game_imports_no_heavy_package(module: str) -> None:
    loaded = loaded_by(module)
    assert module in loaded
    assert not loaded & HEAVY


def test_plain_mode_does_not_import_textual() -> None:
    assert not loaded_by("dungeon.plain.game") & {"textual", "rich"}


def test_the_contract_forbids_textual_in_every_package_but_tui() -> None:
    settings = tomllib.loads(Path("pyproject.toml").read_text())
    (contract,) = (
        contract
        for contract in settings["tool"]["importlinter"]["contracts"]
        if contract["name"] == "only dungeon.tui imports textual"
    )
    folders = {path.parent.name for path in Path(dungeon.__file__).parent.glob("*/__init__.py")}
    assert {f"dungeon.{name}" for name in folders - {"tui"}} <= set(contract["source_modules"])


def test_only_the_engine_process_imports_llama_cpp() -> None:
    assert "xllamacpp" not in loaded_by(
        "dungeon.tui.app", "dungeon.plain.game", "dungeon.storyteller.local.storyteller"
    )


def test_the_tale_imports_no_io_module() -> None:
    loaded = loaded_by("dungeon.tale.adventure", "dungeon.tale.prose", "dungeon.tale.context")
    assert not loaded & IO_MODULES

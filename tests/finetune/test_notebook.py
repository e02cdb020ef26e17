"""The notebook for Colab runs from its first cell to its last, here on a tiny model, and holds no outputs."""

import shutil
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import finetune

NOTEBOOK = Path(finetune.__file__).with_name("colab.ipynb")
LIBRARY = Path(__file__).parents[2] / "corpus" / "library"


def test_the_notebook_has_no_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code and all(not cell.outputs and cell.execution_count is None for cell in code)


def test_the_notebook_tunes_a_voice_on_stories(
    tmp_path: Path, bases: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    stories = tmp_path / "tales"
    stories.mkdir()
    for path in sorted(LIBRARY.glob("*.twee"), key=lambda path: path.stat().st_size)[:3]:
        shutil.copy(path, stories)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    at = next(n for n, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", ()))
    changes = ["max_steps=2", "length=64", "held_out_rows=2", "precision=fp32", "samples=0", "evaluate_every=2"]
    mine = f"STORIES, BASE, RECIPE, CHANGES = {str(stories)!r}, {str(bases['gpt2'])!r}, 'quick', {changes!r}"
    notebook.cells.insert(at + 1, nbformat.v4.new_code_cell(mine))
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()

    printed = {
        cell.id: "".join(output["text"] for output in cell.outputs if output.get("name") == "stdout")
        for cell in notebook.cells
        if cell.cell_type == "code"
    }
    assert "The corpus is in" in printed["corpus-code"]
    assert "nats per token" in printed["tune-code"] and "step 2/2" in printed["tune-code"]
    assert (
        printed["sample-code"].startswith("The lamp room is dark") and "> You light the lamp." in printed["sample-code"]
    )
    assert "my-voice" in printed["evaluate-code"]
    with zipfile.ZipFile(tmp_path / "my-voice.zip") as archive:
        assert archive.testzip() is None
        assert {"my-voice/voice.json", "my-voice/adapter_model.safetensors"} <= set(archive.namelist())

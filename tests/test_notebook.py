"""docs/lecture.ipynb runs from top to bottom, and prints what is saved with it."""

import copy
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from test_readme import without_numbers

NOTEBOOK = nbformat.read(Path(__file__).parent.parent / "docs" / "lecture.ipynb", as_version=4)


def shown(notebook):
    """What each cell printed, but for the numbers, and of what kind everything else is."""
    cells = [cell.get("outputs", []) for cell in notebook.cells]
    return [
        (
            without_numbers("".join(o.text for o in outputs if o.get("name") == "stdout")),
            [sorted(o.data) for o in outputs if "data" in o],
        )
        for outputs in cells
    ]


@pytest.mark.sweep
def test_it_runs_and_shows_what_is_saved():
    ran = NotebookClient(copy.deepcopy(NOTEBOOK), timeout=300, kernel_name="python3").execute()
    assert shown(ran) == shown(NOTEBOOK)


def test_every_cell_was_run_in_order():
    cells = [cell for cell in NOTEBOOK.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert sum(bool(text) for text, _ in shown(NOTEBOOK)) > len(cells) / 2

"""The scripts of docs/clusters.md print what stands below them."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_clusters import LIMIT, environment, mpiexec

from gradcompare.cli.main import main

PAGE = (Path(__file__).parent.parent / "docs" / "clusters.md").read_text(encoding="utf-8")
SCRIPTS = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)
PACKAGES = ("distributed", "mpi4py")


def test_every_script_has_an_output():
    assert len(SCRIPTS) == PAGE.count("```python\n") == 4


@pytest.mark.sweep
@pytest.mark.parametrize("number", range(len(SCRIPTS)))
def test_a_script_prints_what_stands_below_it(number, tmp_path):
    code, printed = SCRIPTS[number]
    for package in PACKAGES:
        if package in code and importlib.util.find_spec(package) is None:
            pytest.skip(f"no {package}")
    (tmp_path / "script.py").write_text(code, encoding="utf-8")
    command = mpiexec() if "mpi4py" in code else [sys.executable]
    ran = subprocess.run(
        [*command, "script.py"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert ran.stdout.strip() == printed.strip(), ran.stderr


def test_the_options_shown_are_there():
    shown = set(re.findall(r"gradcompare run.*?(--[a-z-]+)", PAGE))
    shown |= set(re.findall(r"(?<=\s)--(?:scheduler|json|resume)\b", PAGE))
    output = CliRunner().invoke(main, ["run", "--help"]).output
    assert shown
    assert all(option in output for option in shown)

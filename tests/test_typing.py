"""What strict type checkers say to a user of the library: all that is right, all that is wrong."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from sweeps import sweep

import gradcompare

HERE = Path(__file__).parent / "typing"
ROOT = Path(gradcompare.__file__).parent.parent
GOOD, BAD = HERE / "good.py", HERE / "bad.py"

CHECKERS = ("pyright", "mypy")


@pytest.fixture(scope="module", params=sweep(CHECKERS, ["pyright"]))
def checked(request, tmp_path_factory):
    """A checker, and the errors that it finds in each file, by their lines."""
    checker, folder = request.param, tmp_path_factory.mktemp(request.param)
    for file in (GOOD, BAD):
        shutil.copy(file, folder)
    outcome = subprocess.run(
        [sys.executable, "-m", checker, *options(checker, folder)],
        env=environment(),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    said = outcome.stdout + outcome.stderr
    assert outcome.returncode == 1, said  # the bad file has errors
    assert re.search(r"\b\d+ errors\b", outcome.stdout), said  # and the checker has ended
    found = {file.name: {} for file in (GOOD, BAD)}
    for name, line, text in re.findall(r"(\w+\.py):(\d+)\S* (?:- )?error: (.*)", outcome.stdout):
        found[name][int(line)] = text
    return checker, found


def environment() -> dict[str, str]:
    """The environment, less what colours text; mypy finds by itself what is installed."""
    plain = {name: value for name, value in os.environ.items() if "COLOR" not in name}
    installed = str(ROOT) in sysconfig.get_paths().values()
    return plain if installed else {**plain, "MYPYPATH": str(ROOT)}


def options(checker: str, folder: Path) -> list[str]:
    """Strict, with the library as it is here and not as it may be installed."""
    if checker == "mypy":
        strict = ["--strict", "--follow-imports=silent", f"--cache-dir={folder}"]
        return [*strict, f"--python-executable={sys.executable}", GOOD.name, BAD.name]
    settings = {"extraPaths": [str(ROOT)], "typeCheckingMode": "strict"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    return ["--pythonpath", sys.executable, "--project", str(folder)]


def expected(checker: str) -> set[int]:
    """The lines of the bad file that say that they are errors to this checker."""
    lines = enumerate(BAD.read_text(encoding="utf-8").splitlines(), 1)
    marked = {number: re.search(r"# error(?:: (\w+))?$", line) for number, line in lines}
    return {n for n, mark in marked.items() if mark and mark[1] in (None, checker)}


def test_what_is_right_is_no_error(checked):
    _, found = checked
    assert found[GOOD.name] == {}


def test_what_is_wrong_is_an_error(checked):
    checker, found = checked
    assert set(found[BAD.name]) == expected(checker), found[BAD.name]


def test_the_package_says_that_it_is_typed():
    assert (Path(gradcompare.__file__).parent / "py.typed").is_file()

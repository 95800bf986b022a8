"""Python started anew: what is imported, which devices are asked for, what a pipe sees."""

import os
import subprocess
import sys

import pytest

NO_DEVICE = {"JAX_PLATFORMS": "nonexistent"}


def python(*arguments, **environment):
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


LOADED = """
import sys
try:
    {line}
except SystemExit:
    pass
print([name for name in ("jax", "numpy", "gradcompare._engine.run") if name in sys.modules])
"""

HELP = "from gradcompare.cli import main; main(['{}'])"


def test_module_is_the_command():
    outcome = python("-m", "gradcompare", "--help")
    assert outcome.returncode == 0
    assert outcome.stdout.startswith("Usage: gradcompare ")
    for command in ("list", "run", "show"):
        assert f"\n  {command} " in outcome.stdout


def test_help_and_version_import_no_jax():
    for option in ("--help", "--version"):
        outcome = python("-c", LOADED.format(line=HELP.format(option)))
        assert outcome.stdout.splitlines()[-1] == "[]", outcome.stdout
    outcome = python("-c", LOADED.format(line="import gradcompare"))
    assert outcome.stdout.splitlines()[-1] == "[]"


def test_jax_would_be_seen():
    outcome = python("-c", LOADED.format(line="from gradcompare import check"))
    assert outcome.stdout.splitlines()[-1] == "['jax', 'numpy', 'gradcompare._engine.run']"


def test_list_needs_no_device():
    outcome = python("-W", "error", "-m", "gradcompare", "list", **NO_DEVICE)
    assert outcome.returncode == 0, outcome.stderr
    assert "rosenbrock" in outcome.stdout
    assert outcome.stderr == ""


def test_run_without_a_device_says_so_in_one_line():
    outcome = python("-m", "gradcompare", "run", "ridge", **NO_DEVICE)
    assert outcome.returncode == 2, outcome.stderr
    assert outcome.stderr.startswith("gradcompare: ")
    assert "Traceback" not in outcome.stderr


def test_run_in_a_pipe():
    """Nothing but the table, and warnings are errors on the way."""
    arguments = ("run", "lecture-polynomial", "--no-timing")
    outcome = python("-W", "error", "-m", "gradcompare", *arguments)
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stderr == ""
    assert "1 AGREE" in outcome.stdout


def test_progress_on_a_terminal():
    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))  # in no columns there is no bar
    command = [sys.executable, "-m", "gradcompare", "run", "lecture-polynomial", "--no-timing"]
    outcome = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, text=True)
    os.set_blocking(ours, False)
    shown = os.read(ours, 10_000)
    os.close(theirs)
    os.close(ours)
    assert outcome.returncode == 0
    assert b"lecture-polynomial" in shown
    assert "1 AGREE" in outcome.stdout

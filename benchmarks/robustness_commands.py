"""Command lines that cannot be meant: formulas, shapes, numbers, options."""

import contextlib
import itertools
import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from robustness_lines import AT, CHECK, CONTROLS, FORMULAS, OTHERS, RUN, SHAPES
from robustness_options import REFUSE
from robustness_trials import Trial

MODEL = """
import jax.numpy as jnp
import numpy as np

NUMBER = 3.0
POINT = np.array([0.7, 1.9, 1.2])
INTEGERS = np.array([1, 2, 3])

def loss(x):
    return jnp.sum(x**3)

def gradient(x):
    return 3 * x**2

def wrong(x):
    return 2 * x**2

def with_data(x, y):
    return jnp.sum(x * y)

def no_arguments():
    return 1.0

def point_fails():
    raise ValueError("no point")

def point_exits():
    raise SystemExit(0)
"""
"""A file of a user."""

WRITTEN = ("--json", "--html", "--junit", "--sarif", "--csv", "--out", "--pages")
"""Options that name what is written."""

CODES = {0: "agree", 1: "accuse", 2: "refuse"}
"""The answers by the exit code of a command."""


@dataclass(frozen=True)
class Command:
    """A command line.

    Attributes:
        line: The arguments, in the syntax of a shell.
        wanted: The right answers.
        says: A pattern that the message holds.
        files: The contents of the files in the folder, by name.
        words: Further arguments, as they are.
    """

    line: str
    wanted: tuple[str, ...] = REFUSE
    says: str = ""
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    words: tuple[str, ...] = ()

    @property
    def arguments(self) -> list[str]:
        return [*shlex.split(self.line), *self.words]

    @property
    def all_files(self) -> dict[str, str | bytes]:
        return {"model.py": MODEL, **self.files}

    @staticmethod
    def listed(folder: Path) -> set[str]:
        """Returns all that is in a folder."""
        return {str(path.relative_to(folder)) for path in folder.rglob("*")}

    def trial(self) -> Trial:
        """Returns the trial of this command in a new folder."""
        return self.trial_as(" ".join([self.line, *self.words])[:100])

    def trial_as(self, name: str) -> Trial:
        """Returns the trial under another name than the command line."""
        call = partial(answer_of_command, self)
        return Trial(f"gradcompare {name!a}", call, self.wanted, self.says)


def answer_of_command(command: Command) -> tuple[str, str]:
    """Runs a command in this process, which is one of its own."""
    from gradcompare.cli.main import main

    folder = Path.cwd()
    write_files(command.all_files, folder)
    before = command.listed(folder)
    sys.argv = ["gradcompare", *command.arguments]
    with _own_streams():
        try:
            main.main(command.arguments, prog_name="gradcompare")
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        except BaseException as error:
            return "raw", f"{type(error).__name__}: {error}"
    return answer_of_code(command, code, folder.parent, before)


def answer_of_code(
    command: Command, code: int, streams: Path, before: set[str]
) -> tuple[str, str]:
    """Returns the answer that an exit code and the streams are."""
    said, printed = ((streams / name).read_text(errors="replace") for name in ("err", "out"))
    more = {Path(name).parts[0] for name in command.listed(streams / "work") - before}
    arguments = command.arguments
    allowed = {
        after.partition("/")[0]
        for option, after in itertools.pairwise(arguments)
        if option in WRITTEN and after
    }
    if "Traceback" in said:
        return "raw", said[-600:]
    if more - allowed - {"new.py"}:
        return "raw", f"it wrote {sorted(more - allowed)} beside the file"
    answer = CODES.get(code, "raw")
    if answer == "accuse" and "ERROR (GC502)" in printed + said:
        answer = "error"
    return answer, (said or printed) if answer in ("refuse", "raw") else printed or said


def write_files(files: Mapping[str, str | bytes], folder: Path) -> None:
    """Writes files into a folder."""
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)


@contextlib.contextmanager
def _own_streams() -> Iterator[None]:
    """Standard output and standard error as Python opens them for a command."""
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (os.fdopen(os.dup(n), "w", encoding="utf-8") for n in (1, 2))
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.close()
        sys.stdout, sys.stderr = streams


def command_trials() -> Iterator[Trial]:
    """Yields the trials of command lines."""
    for formula in FORMULAS:
        value = ("--value", formula, "--shape", "x=3")
        yield Command("check", words=value).trial()
        gradient = ("--value", "sum(x**2)", "--gradient", formula, "--shape", "x=3")
        yield Command("check", words=gradient).trial()
    for shape in SHAPES:
        yield Command(
            "check --value 'sum(x**3)' --gradient '3*x**2'", words=("--shape", shape)
        ).trial()
    for at in AT:
        yield Command("check model.py:loss :gradient", words=("--at", at)).trial()
        yield Command("check --value 'sum(x**3)'", words=("--at", at)).trial()
    for options in CHECK:
        yield Command(f"check model.py:loss :gradient --at model.py:POINT {options}").trial()
    for options in RUN:
        yield Command(f"run --no-timing {options}").trial()
    for line in OTHERS:
        yield Command(line).trial()
    for line, wanted in CONTROLS:
        yield Command(line, wanted).trial()

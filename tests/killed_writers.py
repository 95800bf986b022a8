"""A script that kills itself, or fills the disk, at each step of writing a file, in children.

`python killed_writers.py RESULT.json FOLDER` prints a line of JSON for each child: the kind of the
file, the fault, the step, the exit code, whether the file is the old one, the new one or another,
what it left beside it, and what it printed on standard error. It runs in a process of its own,
since a process with JAX at work must not fork.
"""

import errno
import itertools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import click

from gradcompare import Bench, Comparison
from gradcompare._api.bench.record import Journal, Record
from gradcompare.cli.main import main
from gradcompare.cli.output.files import JSON, write_then_print

STEPS = ("write", "fsync", "replace")
KILLED = 9
PIECE = 2000
"""Most bytes of a write, so that a file takes several; the first pieces are smaller."""


class Fault:
    """Counts the steps of writing in this process, and ends it or fails before one of them."""

    def __init__(self, step: int, kind: str):
        self.left, self.kind = step, kind
        for name in STEPS:
            setattr(os, name, self.counted(name, getattr(os, name)))

    def counted(self, name: str, call: Callable) -> Callable:
        def stepped(*args):
            if name == "write":
                if args[0] <= 2:  # what is printed
                    return call(*args)
                half = max(len(args[1]) // 2, PIECE)
                args = (args[0], args[1][:half])
            self.left -= 1
            if self.left == 0:
                if self.kind == "killed":
                    os._exit(KILLED)
                raise OSError(errno.ENOSPC, "No space left on device")
            return call(*args)

        return stepped


TEXTS = ("method", "dtype", "device", "reason", "machine", "version")
FIELDS = dict.fromkeys(Record.__annotations__, 1) | dict.fromkeys(TEXTS, "cpu")
RECORD: Record = Record(**FIELDS | {"objective": "o" * 5000, "status": "ok"})


@main.command("json")
@click.option("--json", "path", type=JSON)
@click.option("--of", type=click.Path(path_type=Path))
def json_command(path: Path, of: Path) -> None:
    """Writes a result as `run` and `check` do."""
    result = Comparison.from_json(of.read_bytes())
    write_then_print(result, lambda: click.echo("printed"))


def kinds(result: str, file: Path) -> dict[str, Callable[[], None]]:
    """What writes each kind of file to one and the same place."""

    def command(*arguments: str) -> Callable[[], None]:
        return lambda: main([*arguments])

    return {
        "json": command("json", "--json", str(file), "--of", result),
        **{
            name: command("show", result, f"--{name}", str(file))
            for name in ("html", "junit", "sarif")
        },
        "csv": lambda: Bench((RECORD,)).to_csv(file),
        "init": command("init", str(file), "--force"),
        "lines": lambda: Journal(file).append(RECORD),
    }


def written_by(write: Callable[[], None], step: int, fault: str, errors: Path) -> int:
    """Writes in a child with a fault at a step; returns the exit code."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        Fault(step, fault)
        write()
        code = 0
    except SystemExit as end:
        code = end.code
    except BaseException as error:
        os.write(2, str(error).encode())
        code = 2
    finally:
        os._exit(code)


def outcomes(result: str, folder: Path):
    file, errors = folder / "inside" / "file.py", folder / "errors"
    file.parent.mkdir()
    for kind, write in kinds(result, file).items():
        old = json.dumps(RECORD) + "\n" if kind == "lines" else "an older good file\n"
        file.write_text(old)
        written_by(write, -1, "none", errors)
        new = file.read_text()
        for fault in ("killed", "full"):
            for step in itertools.count(1):
                file.write_text(old)
                code = written_by(write, step, fault, errors)
                text = file.read_text()
                state = {old: "old", new: "new"}.get(text, text[:9000])
                beside = [p.name for p in file.parent.iterdir() if p != file]
                for name in beside:
                    (file.parent / name).unlink()
                said = errors.read_text()
                where = {"kind": kind, "fault": fault, "step": step, "code": code}
                yield where | {"state": state, "beside": beside, "said": said}
                if code not in (KILLED, 2):
                    break


if __name__ == "__main__":
    for outcome in outcomes(sys.argv[1], Path(sys.argv[2])):
        print(json.dumps(outcome), flush=True)
